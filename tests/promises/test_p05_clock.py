"""P5: clock trouble neither repeats nor skips: the same people hear of the same stages as under a straight clock."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.clockwatch import ClockWatch
from alerts.model import RunStatus, ScanRun
from scanner.schedule import Schedule
from tests.alerts.world import DAY, World, sqlite_url
from tests.promises.clocked import tenant

ROOT = Path(__file__).resolve().parents[2]
#: A change of the clock lies in their middle.
DAYS = 14

Told = set[tuple[str, int, str, str]]


async def never() -> ScanRun:
    raise AssertionError("the schedule is asked for moments only")


def moments(zone: ZoneInfo, first: datetime, days: int, world: World) -> list[datetime]:
    """When the schedule scans, by its own reckoning."""
    schedule = Schedule(scan=never, store=world.store, clock=world.clock, at=time(2, 15), zone=zone, holder="one")
    found = [schedule.next_due(first)]
    while len(found) < days:
        found.append(schedule.next_due(found[-1]))
    return found


async def told_by(folder: Path, first: datetime, at: Sequence[datetime]) -> Told:
    """(credential, stage, person, kind) of everything that these scans told; each was told once."""
    folder.mkdir()
    async with World(sqlite_url(folder)) as world:
        world.now = first
        tenant(world)
        for moment in at:
            world.now = moment
            await world.day(0)
    return await told_in(folder)


async def told_in(folder: Path) -> Told:
    """The same of what a database holds."""
    async with World(sqlite_url(folder)) as world, world.store.reading() as tx:
        alerts = {alert.id: alert for alert in await tx.alerts_unclosed()}
        notices = await tx.notices(list(alerts))
    told = [(alerts[n.alert_id].credential.key_id, n.stage, n.recipient_id, str(n.kind)) for n in notices]
    assert len(told) == len(set(told))
    return set(told)


@pytest.mark.parametrize(
    ("zone", "month", "day"),
    [
        ("Europe/Berlin", 3, 21),
        ("Europe/Berlin", 10, 24),
        ("Australia/Lord_Howe", 3, 28),
        ("Australia/Lord_Howe", 9, 26),
    ],
)
async def test_both_changes_of_the_clock_change_nothing_that_is_told(
    tmp_path: Path, zone: str, month: int, day: int
) -> None:
    first = datetime(2027, month, day, tzinfo=UTC)
    async with World(sqlite_url(tmp_path)) as world:
        daily = moments(ZoneInfo(zone), first, DAYS, world)
    straight = [daily[0] + number * DAY for number in range(DAYS)]
    assert daily != straight

    assert await told_by(tmp_path / "b", first, straight) == await told_by(tmp_path / "a", first, daily)


async def test_a_leap_day_is_a_day(tmp_path: Path) -> None:
    first = datetime(2028, 2, 20, 6, tzinfo=UTC)
    plain = datetime(2027, 2, 20, 6, tzinfo=UTC)
    days = [day * DAY for day in range(DAYS)]
    leap = await told_by(tmp_path / "a", first, [first + each for each in days])

    assert await told_by(tmp_path / "b", plain, [plain + each for each in days]) == leap


async def test_a_clock_that_goes_back_two_hours_repeats_nothing(tmp_path: Path) -> None:
    first = datetime(2027, 6, 1, 6, tzinfo=UTC)
    straight = [first + day * DAY for day in range(DAYS)]
    back = [moment for each in straight for moment in (each, each - timedelta(hours=2), each)]

    assert await told_by(tmp_path / "b", first, straight) == await told_by(tmp_path / "a", first, back)


async def test_midnight_in_mid_scan_counts_days_from_the_scans_start(tmp_path: Path) -> None:
    first = datetime(2027, 6, 1, 23, 59, 59, tzinfo=UTC)
    straight = [first + day * DAY for day in range(DAYS)]
    late = [each + timedelta(seconds=1) for each in straight]

    assert await told_by(tmp_path / "b", first, straight) == await told_by(tmp_path / "a", first, late)


async def test_a_jump_of_forty_days_stops_scans_and_messages_until_the_clock_is_right(world: World) -> None:
    off = timedelta()
    watch = ClockWatch(wall=lambda: world.now + off, monotonic=world.now.timestamp)
    world.worker.stopped = watch.trouble
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.scan()
    off = 40 * DAY
    await world.worker.drain()
    schedule = Schedule(
        scan=never,
        store=world.store,
        clock=lambda: world.now + off,
        at=time(6),
        zone=ZoneInfo("UTC"),
        holder="one",
        stopped=watch.trouble,
    )
    last = ScanRun(run_id="r", status=RunStatus.SUCCEEDED, started_at=world.now, finished_at=world.now)
    assert schedule.missed(world.now + off, last)
    assert "+40.0 days" in schedule.stopped()
    assert {} == world.told()
    off = timedelta()
    await world.worker.drain()

    assert "" == schedule.stopped()
    assert {"ana": 1} == world.told()


#: Where Linux distributions keep the library that lies to a process about the time.
LIARS = [*Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), *Path("/usr/lib").glob("faketime/libfaketime.so.1")]


class OwnClock:
    """A whole process whose machine's clock says what the test wants."""

    def __init__(self, folder: Path, moment: datetime) -> None:
        folder.mkdir()
        self._offset = folder / "offset"
        self.set(moment)
        environment = {
            **os.environ,
            "LD_PRELOAD": str(LIARS[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.promises.clocked", sqlite_url(folder)],
            cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def set(self, moment: datetime) -> None:
        self._offset.write_text(f"{(moment - datetime.now(UTC)).total_seconds():+.3f}")

    def asks(self, what: str, moment: datetime) -> str:
        """Have it look at its clock, or scan; what it says against its clock, '' nothing."""
        self.set(moment)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        now, _, trouble = self._process.stdout.readline().strip().partition(" ")
        assert abs(datetime.fromisoformat(now) - moment) < timedelta(minutes=1)
        return trouble

    def scans(self, moments: Sequence[datetime]) -> None:
        """A clock that goes: it is looked at in between, too."""
        before = moments[0]
        for moment in moments:
            assert not self.asks("look", before + (moment - before) / 2)
            assert not self.asks("scan", moment)
            before = moment

    def end(self) -> None:
        self._process.communicate(timeout=60)


@pytest.mark.skipif(not LIARS, reason="libfaketime is not installed")
@pytest.mark.parametrize("first", [datetime(2027, 3, 24, tzinfo=UTC), datetime(2028, 2, 25, tzinfo=UTC)], ids=str)
async def test_p5_a_whole_process_on_a_troubled_clock_tells_what_one_on_a_straight_clock_tells(
    tmp_path: Path, first: datetime
) -> None:
    async with World(sqlite_url(tmp_path)) as world:
        daily = moments(ZoneInfo("Europe/Berlin"), first, 8, world)
    process = OwnClock(tmp_path / "own", daily[0])
    try:
        process.scans(daily[:4])
        back = daily[3] - timedelta(hours=2)
        process.scans([back, daily[3]])
        ahead = process.asks("scan", daily[3] + 40 * DAY)
        process.scans(daily[3:])
    finally:
        process.end()

    assert "+40.0 days" in ahead
    straight = [daily[0] + number * DAY for number in range(8)]
    assert await told_in(tmp_path / "own") == await told_by(tmp_path / "straight", daily[0], straight)
