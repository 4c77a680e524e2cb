"""Whether this machine's clock can be trusted: it must agree with the process's monotonic clock and with others' clocks.

A jump is a wall clock that differs by more than a day from one of them. How long ago the last scan was says nothing:
a machine that was switched off for a month has a right clock.
"""

import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

log = logging.getLogger(__name__)

#: More than this is a jump. Changes of summer time, leap seconds and drift are far less.
JUMP = timedelta(days=1)
#: What was heard longer ago is no witness any more (seconds of the monotonic clock).
WITNESS_SECONDS = 3600.0
#: So many services must agree against the wall clock, or for it: one alone may be wrong itself.
WITNESSES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class _Witness:
    """What one service's clock said, and when by our monotonic clock: so it can be asked again later."""

    said: datetime
    heard: float


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class ClockWatch:
    """One process's watch on its clock. Cheap: it may be asked before every claim.

    `heard` takes the Date header of any answer; `trouble` says what is wrong, '' when nothing is.
    """

    #: The clock of all decisions and of the services; the practice tenant moves it on purpose.
    clock: Callable[[], datetime] = _now
    #: The machine's own wall clock, which nobody moves on purpose.
    wall: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    _witnesses: dict[str, _Witness] = field(default_factory=dict, init=False)
    _began: tuple[datetime, float] = field(init=False)

    def __post_init__(self) -> None:
        self._began = (self.wall(), self.monotonic())

    def heard(self, service: str, date: str) -> None:
        """The Date header of an answer by `service` (its host); what is no date is no witness."""
        try:
            said = parsedate_to_datetime(date)
        except (TypeError, ValueError):
            return
        if said.tzinfo is None:
            said = said.replace(tzinfo=UTC)
        self._witnesses[service] = _Witness(said=said, heard=self.monotonic())

    def moved(self) -> None:
        """The clock was moved on purpose: what was heard before no longer compares."""
        self._witnesses.clear()

    def trouble(self) -> str:
        """Why the clock is not trusted, in a few words; '' when it is."""
        drift, ahead = self._drift(), self._ahead()
        against = {service: by for service, by in ahead.items() if abs(by) > JUMP}
        agreeing = ahead.keys() - against.keys()
        if len(agreeing) >= WITNESSES and self._later(agreeing, against):
            if abs(drift) > JUMP or against:
                # It was wrong before, or the machine slept: the clocks asked last say that it is right now.
                log.warning("the clock is trusted again: %s agree with it", " and ".join(sorted(agreeing)))
                self._began = (self.wall(), self.monotonic())
                for service in against:
                    del self._witnesses[service]
            return ""
        if len(against) >= WITNESSES:
            return f"{' and '.join(sorted(against))} differ from it by {_days(min(against.values(), key=abs))}"
        return f"it moved by {_days(drift)} while this process ran" if abs(drift) > JUMP else ""

    def _drift(self) -> timedelta:
        """How far the wall clock has left the monotonic one since the last look at which they agreed."""
        wall, monotonic = self._began
        drift = (self.wall() - wall) - timedelta(seconds=self.monotonic() - monotonic)
        if abs(drift) <= JUMP:
            # Small corrections add up over months: only what comes between two looks is a jump.
            self._began = (self.wall(), self.monotonic())
        return drift

    def _ahead(self) -> dict[str, timedelta]:
        """How far each service's clock is ahead of ours now; what was heard long ago is left out."""
        now, clock = self.monotonic(), self.clock()
        return {
            service: each.said + timedelta(seconds=now - each.heard) - clock
            for service, each in self._witnesses.items()
            if now - each.heard <= WITNESS_SECONDS
        }

    def _later(self, agreeing: Collection[str], against: Collection[str]) -> bool:
        """Whether those who agree were heard after all those who do not."""
        latest = max((self._witnesses[service].heard for service in against), default=float("-inf"))
        return min(self._witnesses[service].heard for service in agreeing) >= latest


def _days(difference: timedelta) -> str:
    return f"{difference / timedelta(days=1):+.1f} days"
