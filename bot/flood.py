"""Keeps one person, or a loop with another bot, from flooding Steward."""

import time
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum

#: Messages that one person may send in a minute.
PER_MINUTE = 120
#: People, and activity ids, that are remembered.
REMEMBERED = 5000


class Verdict(Enum):
    PASS = "pass"  # noqa: S105 - not a password
    #: The first one too many: say so once.
    WARN = "warn"
    DROP = "drop"


class Budget:
    """A token bucket per person."""

    def __init__(self, *, per_minute: int = PER_MINUTE, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._most = float(per_minute)
        self._monotonic = monotonic
        #: person -> (tokens left, when that was, warned already).
        self._buckets: OrderedDict[str, tuple[float, float, bool]] = OrderedDict()

    def ask(self, person_id: str) -> Verdict:
        """Whether this person's message is handled now."""
        now = self._monotonic()
        left, at, warned = self._buckets.pop(person_id, (self._most, now, False))
        left = min(self._most, left + (now - at) * self._rate)
        verdict = Verdict.PASS if left >= 1 else (Verdict.DROP if warned else Verdict.WARN)
        self._buckets[person_id] = (left - 1 if verdict is Verdict.PASS else left, now, verdict is not Verdict.PASS)
        while len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return verdict


class Seen:
    """Teams repeats a message that was not acknowledged in time: the same activity id is handled once."""

    def __init__(self) -> None:
        self._ids: OrderedDict[tuple[str, str], None] = OrderedDict()

    def before(self, conversation_id: str, activity_id: str) -> bool:
        """Whether this one was seen; remembers it. Without an id every one is new."""
        key = (conversation_id, activity_id)
        if activity_id and key in self._ids:
            return True
        self._ids[key] = None
        while len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)
        return False
