"""The Bot Connector's documented rates: per conversation and overall, by sliding windows.

Source: learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

#: (calls, seconds) for sending to or creating one conversation.
CONVERSATION = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
#: (calls, seconds) for one bot in one tenant, all calls together.
OVERALL = ((50, 1.0),)


@dataclass(kw_only=True)
class RateLimits:
    """Counts calls and says how long a caller who is too fast has to wait."""

    enabled: bool = True
    #: Seconds that only go forward; real time, since callers wait in real time.
    clock: Callable[[], float] = time.monotonic
    #: Calls a second for the bot in one tenant, all calls together; older copies of the documentation say 30.
    overall: int = OVERALL[0][0]
    #: How many calls there were, how many of them were refused, and how many came although the bot had been told
    #: to wait.
    calls: int = 0
    refused: int = 0
    early: int = 0
    _until: float = 0.0
    _calls: dict[str, deque[float]] = field(default_factory=dict)

    def take(self, conversation_id: str = "") -> int:
        """Count one call; 0 when it may pass, else the whole seconds of Retry-After.

        Without a conversation it counts among the bot's calls altogether, else among those to that
        conversation. A refused call is not counted.
        """
        if not self.enabled:
            return 0
        now = self.clock()
        windows = CONVERSATION if conversation_id else ((self.overall, 1.0),)
        if not conversation_id:
            self.calls += 1
            self.early += now < self._until
        wait = self._wait(conversation_id, windows, now)
        if wait > 0:
            self.refused += 1
            self._until = max(self._until, now + math.ceil(wait))
            return math.ceil(wait)
        self._calls[conversation_id].append(now)
        return 0

    def report(self) -> dict[str, object]:
        """What was counted so far."""
        return {
            "enabled": self.enabled,
            "overall": self.overall,
            "calls": self.calls,
            "refused": self.refused,
            "early": self.early,
        }

    def _wait(self, key: str, windows: Sequence[tuple[int, float]], now: float) -> float:
        """Seconds until one more call fits into every window, 0.0 when it fits now."""
        calls = self._calls.setdefault(key, deque())
        longest = windows[-1][1]
        while calls and calls[0] <= now - longest:
            calls.popleft()
        wait = 0.0
        for allowed, seconds in windows:
            if len(calls) >= allowed and (oldest := calls[-allowed]) > now - seconds:
                wait = max(wait, oldest + seconds - now)
        return wait
