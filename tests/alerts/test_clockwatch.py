"""A clock that cannot be trusted stops sending; time that merely passed does not."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from alerts.clockwatch import ClockWatch

START = datetime(2026, 12, 3, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Machine:
    """A wall clock and a monotonic one, and the true time that everybody else knows."""

    true: datetime = START
    #: How far the wall clock is off.
    off: timedelta = timedelta()
    ran: float = 1000.0
    #: By how much the practice tenant's button has moved the clock of decisions.
    moved: timedelta = timedelta()
    watch: ClockWatch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = ClockWatch(
            clock=lambda: self.true + self.off + self.moved,
            wall=lambda: self.true + self.off,
            monotonic=lambda: self.ran,
        )

    def passes(self, by: timedelta, *, asleep: bool = False) -> None:
        self.true += by
        self.ran += 0.0 if asleep else by.total_seconds()

    def hear(self, *services: str, wrong_by: timedelta = timedelta()) -> None:
        for service in services:
            self.watch.heard(service, format_datetime(self.true + wrong_by, usegmt=True))


@pytest.mark.parametrize("jump", [timedelta(days=40), timedelta(days=-2), timedelta(hours=25)])
def test_a_jump_of_more_than_a_day_while_it_runs_is_trouble_and_ends_with_the_jump(jump: timedelta) -> None:
    machine = Machine()
    machine.off = jump
    assert "while this process ran" in machine.watch.trouble()
    machine.off = timedelta()

    assert "" == machine.watch.trouble()


@pytest.mark.parametrize("jump", [timedelta(hours=-2), timedelta(hours=1), timedelta(hours=23), timedelta(minutes=-30)])
def test_a_correction_of_hours_is_none(jump: timedelta) -> None:
    machine = Machine()
    machine.off = jump

    assert "" == machine.watch.trouble()


def test_a_year_that_passes_is_none() -> None:
    machine = Machine()
    for _ in range(365):
        machine.passes(24 * HOUR)
        assert "" == machine.watch.trouble()


def test_two_services_that_say_otherwise_are_trouble_from_the_first_moment() -> None:
    machine = Machine(off=timedelta(days=40))
    machine.hear("graph", "teams")

    assert "graph and teams" in machine.watch.trouble()


def test_one_service_alone_may_be_wrong_itself() -> None:
    machine = Machine()
    machine.hear("graph", wrong_by=timedelta(days=-40))

    assert "" == machine.watch.trouble()


def test_what_was_heard_long_ago_is_no_witness() -> None:
    machine = Machine()
    machine.hear("graph", "teams", wrong_by=timedelta(days=40))
    assert machine.watch.trouble()
    machine.passes(2 * HOUR)

    assert "" == machine.watch.trouble()


def test_a_clock_that_is_put_right_is_trusted_once_two_services_agree() -> None:
    machine = Machine(off=timedelta(days=-400))
    assert "" == machine.watch.trouble()
    machine.off = timedelta()
    assert machine.watch.trouble()
    machine.hear("graph")
    assert machine.watch.trouble()
    machine.hear("teams")

    assert "" == machine.watch.trouble()
    assert "" == machine.watch.trouble()


def test_a_machine_that_slept_for_days_is_trusted_once_two_services_agree() -> None:
    machine = Machine()
    machine.hear("graph", "teams")
    machine.passes(72 * HOUR, asleep=True)
    assert machine.watch.trouble()
    machine.hear("entra", "keys")

    assert "" == machine.watch.trouble()


def test_what_is_no_date_is_no_witness() -> None:
    machine = Machine(off=timedelta(days=40))
    machine.watch.heard("graph", "yesterday")
    machine.watch.heard("teams", "")

    assert "" == machine.watch.trouble()


def test_a_clock_that_is_moved_on_purpose_has_not_jumped() -> None:
    machine = Machine()
    machine.hear("graph", "teams")
    machine.moved = timedelta(days=40)
    machine.watch.moved()
    assert "" == machine.watch.trouble()
    machine.hear("graph", "teams", wrong_by=machine.moved)

    assert "" == machine.watch.trouble()
