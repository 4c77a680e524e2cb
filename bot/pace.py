"""How fast the Bot Connector may be called: overall, after a throttle, and within one conversation."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from alerts.errors import StewardError

#: (calls, seconds) that one conversation may get. Source: learn.microsoft.com/microsoftteams/platform/bots/
#: how-to/rate-limit.
CONVERSATION_WINDOWS = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
#: Conversations remembered; older idle ones are forgotten.
MAX_CONVERSATIONS = 10_000

Monotonic = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


class Pace:
    """Lets calls pass at an even pace, without bursts.

    Args:
        per_second: calls a second; `SEND_PACE`.
    """

    def __init__(
        self, per_second: float, *, monotonic: Monotonic = time.monotonic, sleep: Sleep = asyncio.sleep
    ) -> None:
        if per_second <= 0:
            raise ValueError("per_second must be positive")
        self._gap = 1.0 / per_second
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = float("-inf")

    async def turn(self) -> None:
        """Return when it is this call's turn."""
        now = self._monotonic()
        mine = max(now, self._next)
        self._next = mine + self._gap
        if mine > now:
            await self._sleep(mine - now)


class Gate:
    """Shut for everybody while the service has asked us to wait."""

    def __init__(self, *, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until = float("-inf")

    def shut(self, seconds: float) -> None:
        """Stay shut for at least so many seconds from now."""
        self._until = max(self._until, self._monotonic() + seconds)

    def wait(self) -> float:
        """Seconds until it opens, 0.0 when it is open."""
        return max(0.0, self._until - self._monotonic())


class TooBusy(StewardError):
    """A conversation has had all the calls that it may get for now.

    Attributes:
        seconds: until the next one is allowed.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"conversation is full for {seconds:.0f} s")
        self.seconds = seconds


@dataclass(slots=True)
class _Lane:
    calls: deque[float] = field(default_factory=deque)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Spacing:
    """Keeps each conversation within its windows, one call at a time (two at once are answered 412)."""

    def __init__(self, *, monotonic: Monotonic = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._lanes: OrderedDict[str, _Lane] = OrderedDict()

    @asynccontextmanager
    async def slot(self, key: str, patience: float) -> AsyncIterator[None]:
        """Hold the conversation's turn while the call is made.

        Raises TooBusy when its windows stay full for longer than `patience` seconds.
        """
        lane = self._lanes.setdefault(key, _Lane())
        self._lanes.move_to_end(key)
        lane.users += 1
        try:
            async with lane.lock:
                await self._sleep_until_free(lane, patience)
                lane.calls.append(self._monotonic())
                yield
        finally:
            lane.users -= 1
            self._forget_idle()

    async def _sleep_until_free(self, lane: _Lane, patience: float) -> None:
        while (wait := self._wait(lane)) > 0:
            if wait > patience:
                raise TooBusy(wait)
            await self._sleep(wait)

    def _wait(self, lane: _Lane) -> float:
        now = self._monotonic()
        longest = max(seconds for _, seconds in CONVERSATION_WINDOWS)
        while lane.calls and lane.calls[0] <= now - longest:
            lane.calls.popleft()
        wait = 0.0
        for limit, seconds in CONVERSATION_WINDOWS:
            if len(lane.calls) >= limit:
                wait = max(wait, lane.calls[-limit] + seconds - now)
        return wait

    def _forget_idle(self) -> None:
        while len(self._lanes) > MAX_CONVERSATIONS:
            key, lane = next(iter(self._lanes.items()))
            if lane.users:
                return
            del self._lanes[key]
