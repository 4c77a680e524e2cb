"""P5: clock trouble neither repeats nor skips: the same people hear of the same stages as under a straight clock."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.clockwatch import ClockWatch
from alerts.model import RunStatus, ScanRun
from scanner.schedule import Schedule
from tests.alerts.world import DAY, World, sqlite_url

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
        for number in range(5):
            secret = world.secret(8.5 + 6 * number + number / 24, f"key-{number}")
            world.app(f"app-{number}", ("ana", "eli"), secret)
        for moment in at:
            world.now = moment
            await world.day(0)
        async with world.store.reading() as tx:
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
