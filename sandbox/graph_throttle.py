"""Graph's limits: 150 requests a minute that select keyCredentials, and resource units in ten seconds.

By the real clock, for the SDKs wait by it. Sources: learn.microsoft.com/graph application-list,
serviceprincipal-list, throttling-limits (identity and access).
"""

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from sandbox.odata import Query
from sandbox.refused import Refused

KEY_CREDENTIALS_PER_MINUTE = 150
#: Requests for identity and access reports (sign-ins, audit) of one app and tenant.
REPORTS_IN_TEN_SECONDS = 5
#: Users of a tenant from which on it may use so many units in ten seconds.
UNITS_BY_SIZE = ((500, 8000), (50, 5000), (0, 3500))


def cost_of(base: int, *, select: bool, expand: bool, small: bool) -> int:
    """Resource units of a GET: $select and $top below 20 save one each, $expand adds one, never below one."""
    return max(1, base - select + expand - small)


#: Name of the count over all collections.
TOGETHER = "together"


class _Minute:
    """Requests of the last 60 seconds."""

    def __init__(self) -> None:
        self.times: deque[float] = deque()
        #: Most that there ever were in any 60 seconds.
        self.most = 0

    def within(self, now: float) -> int:
        """How many there are now."""
        while self.times and self.times[0] <= now - 60:
            self.times.popleft()
        return len(self.times)

    def add(self, now: float) -> None:
        self.times.append(now)
        self.most = max(self.most, self.within(now))


class Throttle:
    """Counts what was asked for, and refuses what is too much."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        #: Off: nothing is ever refused.
        self.on = True
        self.key_credentials_per_minute = KEY_CREDENTIALS_PER_MINUTE
        #: Whether the limit on keyCredentials is one for all collections; which it is, is not documented.
        self.shared = False
        #: Requests refused because of keyCredentials, and because of resource units.
        self.breaches = self.unit_breaches = 0
        self._clock = clock
        #: Collection, or TOGETHER -> requests for keyCredentials, refused ones included, and those let through.
        self._asked: dict[str, _Minute] = {}
        self._passed: dict[str, _Minute] = {}
        self._units: deque[tuple[float, int]] = deque()
        self._reports: deque[float] = deque()
        self._used = 0

    def check(self, collection: str, query: Query | None, cost: int, users: int) -> None:
        """Count one request. Raises Refused 429 with Retry-After when it is too much."""
        now = self._clock()
        dear = query is not None and query.select is not None and "keyCredentials" in query.select
        if dear:
            for name in (collection, TOGETHER):
                self._asked.setdefault(name, _Minute()).add(now)
        if not self.on:
            return
        self._check_units(now, cost, next(limit for size, limit in UNITS_BY_SIZE if users >= size))
        if dear:
            self._check_dear(now, TOGETHER if self.shared else collection)
            for name in (collection, TOGETHER):
                self._passed.setdefault(name, _Minute()).add(now)

    def check_report(self) -> None:
        """Count one request of the identity and access reports. Raises Refused 429."""
        now = self._clock()
        while self._reports and self._reports[0] <= now - 10:
            self._reports.popleft()
        if self.on and len(self._reports) >= REPORTS_IN_TEN_SECONDS:
            raise _too_many(self._reports[0] + 10 - now, "ReportLimitExceeded")
        self._reports.append(now)

    def report(self) -> dict[str, Any]:
        """What was refused, and the most requests for keyCredentials in any 60 seconds."""
        return {
            "on": self.on,
            "shared": self.shared,
            "limit": self.key_credentials_per_minute,
            "breaches": self.breaches,
            "unit_breaches": self.unit_breaches,
            "most_in_a_minute": {name: minute.most for name, minute in self._asked.items()},
        }

    def forget(self) -> None:
        """As if nothing had been asked for yet."""
        self.breaches = self.unit_breaches = self._used = 0
        self._asked.clear()
        self._passed.clear()
        self._units.clear()
        self._reports.clear()

    def _check_units(self, now: float, cost: int, limit: int) -> None:
        while self._units and self._units[0][0] <= now - 10:
            self._used -= self._units.popleft()[1]
        # Usage keeps counting while throttled.
        self._units.append((now, cost))
        self._used += cost
        if self._used > limit:
            self.unit_breaches += 1
            raise _too_many(self._units[0][0] + 10 - now, "ResourceUnitLimitExceeded")

    def _check_dear(self, now: float, name: str) -> None:
        minute = self._passed.setdefault(name, _Minute())
        if minute.within(now) >= self.key_credentials_per_minute:
            self.breaches += 1
            raise _too_many(minute.times[0] + 60 - now, "KeyCredentialsLimitExceeded")


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
