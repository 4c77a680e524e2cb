"""Graph's limits: 150 requests a minute that select keyCredentials, and resource units in ten seconds.

By the real clock, for the SDKs wait by it. Sources: learn.microsoft.com/graph application-list,
serviceprincipal-list, throttling-limits (identity and access).
"""

import math
import time
from collections import deque
from collections.abc import Callable

from sandbox.odata import Query
from sandbox.refused import Refused

KEY_CREDENTIALS_PER_MINUTE = 150
#: Users of a tenant from which on it may use so many units in ten seconds.
UNITS_BY_SIZE = ((500, 8000), (50, 5000), (0, 3500))


def cost_of(base: int, *, select: bool, expand: bool, small: bool) -> int:
    """Resource units of a GET: $select and $top below 20 save one each, $expand adds one, never below one."""
    return max(1, base - select + expand - small)


class Throttle:
    """Counts what was asked for, and refuses what is too much."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        #: Off: nothing is ever refused.
        self.on = True
        self.key_credentials_per_minute = KEY_CREDENTIALS_PER_MINUTE
        self._clock = clock
        self._dear: dict[str, deque[float]] = {}
        self._units: deque[tuple[float, int]] = deque()
        self._used = 0

    def check(self, collection: str, query: Query | None, cost: int, users: int) -> None:
        """Count one request. Raises Refused 429 with Retry-After when it is too much."""
        if not self.on:
            return
        now = self._clock()
        self._check_units(now, cost, next(limit for size, limit in UNITS_BY_SIZE if users >= size))
        if query is not None and query.select is not None and "keyCredentials" in query.select:
            self._check_dear(now, collection)

    def _check_units(self, now: float, cost: int, limit: int) -> None:
        while self._units and self._units[0][0] <= now - 10:
            self._used -= self._units.popleft()[1]
        # Usage keeps counting while throttled.
        self._units.append((now, cost))
        self._used += cost
        if self._used > limit:
            raise _too_many(self._units[0][0] + 10 - now, "ResourceUnitLimitExceeded")

    def _check_dear(self, now: float, collection: str) -> None:
        times = self._dear.setdefault(collection, deque())
        while times and times[0] <= now - 60:
            times.popleft()
        if len(times) >= self.key_credentials_per_minute:
            raise _too_many(times[0] + 60 - now, "KeyCredentialsLimitExceeded")
        times.append(now)


def _too_many(wait: float, why: str) -> Refused:
    return Refused(
        429,
        "TooManyRequests",
        "Too many requests, please try again later.",
        headers={
            "Retry-After": str(max(1, math.ceil(wait))),
            "x-ms-throttle-scope": "Tenant_Application/ReadWrite",
            "x-ms-throttle-information": why,
        },
    )
