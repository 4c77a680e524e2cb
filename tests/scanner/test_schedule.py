"""When scans run: once a local day, on the real store, with a clock and a sleep of the test's own."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.model import RunStatus, ScanRun
from scanner import schedule as schedule_module
from scanner.lease import LEASE
from scanner.schedule import Schedule
from store.store import SqlStore, open_store

BERLIN, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")


class Replica:
    """One replica: a schedule, and a scan that writes its row and can be held up."""

    def __init__(self, store: SqlStore, now: datetime, *, zone: ZoneInfo = BERLIN, name: str = "one") -> None:
        self.store, self.now, self.name = store, now, name
        self.scans: list[datetime] = []
        self.status = RunStatus.SUCCEEDED
        self.held = asyncio.Event()
        self.held.set()
        #: Set once a scan has begun, and once the lease was asked for and answered.
        self.began, self.asked = asyncio.Event(), asyncio.Event()
        self.slept: list[float] = []
        self.naps: asyncio.Queue[asyncio.Event] = asyncio.Queue()
        self.schedule = Schedule(
            scan=self.scan,
            store=store,
            clock=lambda: self.now,
            at=time(6, 0),
            zone=zone,
            holder=name,
            sleep=self.sleep,
        )
        self._acquire = self.schedule._acquire
        self.schedule._acquire = self.acquire  # type: ignore[method-assign]

    async def acquire(self) -> bool:
        got = await self._acquire()
        self.asked.set()
        return got

    async def scan(self) -> ScanRun:
        started = self.now
        self.began.set()
        await self.held.wait()
        self.scans.append(started)
        run = ScanRun(
            run_id=f"{self.name}-{len(self.scans)}", status=self.status, started_at=started, finished_at=started
        )
        async with self.store.transaction() as tx:
            await tx.save_run(run)
        return run

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        over = asyncio.Event()
        await self.naps.put(over)
        await over.wait()

    async def wake(self, now: datetime | None = None) -> None:
        """Move the clock, end the schedule's sleep, and wait until it sleeps again."""
        nap = await self.naps.get()
        self.now = now or self.now
        nap.set()
        await self.asleep()

    async def asleep(self) -> None:
        nap = await self.naps.get()
        await self.naps.put(nap)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    opened = await open_store(f"sqlite:///{tmp_path / 'steward.db'}")
    yield opened
    await opened.close()


def berlin(*when: int) -> datetime:
    return datetime(*when, tzinfo=BERLIN).astimezone(UTC)  # type: ignore[arg-type, misc]


async def start(replica: Replica) -> "asyncio.Task[None]":
    loop = asyncio.create_task(replica.schedule.run())
    await replica.asleep()
    return loop


async def stop(loop: "asyncio.Task[None]") -> None:
    loop.cancel()
    await asyncio.gather(loop, return_exceptions=True)


# ---------------------------------------------------------------- which moments


@pytest.mark.parametrize(
    ("now", "due", "following"),
    [
        (berlin(2031, 5, 1, 5, 59), berlin(2031, 4, 30, 6), berlin(2031, 5, 1, 6)),
        (berlin(2031, 5, 1, 6, 0), berlin(2031, 5, 1, 6), berlin(2031, 5, 2, 6)),
        (berlin(2031, 5, 1, 23, 59), berlin(2031, 5, 1, 6), berlin(2031, 5, 2, 6)),
        (berlin(2032, 2, 29, 7), berlin(2032, 2, 29, 6), berlin(2032, 3, 1, 6)),
    ],
)
def test_the_daily_moment_is_a_local_time(now: datetime, due: datetime, following: datetime) -> None:
    schedule = Schedule(
        scan=None,  # type: ignore[arg-type]
        store=None,  # type: ignore[arg-type]
        clock=lambda: now,
        at=time(6),
        zone=BERLIN,
        holder="x",
    )

    assert (schedule.due_on_or_before(now), schedule.next_due(now)) == (due, following)


@pytest.mark.parametrize(
    ("zone", "at", "first_day"),
    [
        (BERLIN, time(2, 30), datetime(2031, 3, 28, tzinfo=UTC)),  # 02:30 does not exist on the 30th
        (BERLIN, time(2, 30), datetime(2031, 10, 24, tzinfo=UTC)),  # 02:30 comes twice on the 26th
        (LORD_HOWE, time(2, 15), datetime(2031, 4, 4, tzinfo=UTC)),  # half an hour comes twice
        (LORD_HOWE, time(2, 15), datetime(2031, 10, 3, tzinfo=UTC)),  # half an hour is missing
    ],
)
def test_a_change_of_the_clock_gives_one_moment_a_day(zone: ZoneInfo, at: time, first_day: datetime) -> None:
    schedule = Schedule(
        scan=None,  # type: ignore[arg-type]
        store=None,  # type: ignore[arg-type]
        clock=lambda: first_day,
        at=at,
        zone=zone,
        holder="x",
    )
    moments, now = [], first_day
    for _ in range(6):
        now = schedule.next_due(now)
        moments.append(now)

    assert len({moment.astimezone(zone).date() for moment in moments}) == 6
    assert all(timedelta(hours=22) < b - a < timedelta(hours=26) for a, b in itertools.pairwise(moments))
    assert all(schedule.due_on_or_before(moment) == moment for moment in moments)


# ---------------------------------------------------------------- the loop


async def test_a_first_start_scans_at_once_and_then_daily(store: SqlStore) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 15))
    loop = await start(replica)
    await replica.wake(berlin(2031, 5, 1, 23))
    await replica.wake(berlin(2031, 5, 2, 5, 59))
    assert len(replica.scans) == 1
    await replica.wake(berlin(2031, 5, 2, 6, 0))
    await replica.wake(berlin(2031, 5, 2, 6, 1))
    await stop(loop)

    assert replica.scans == [berlin(2031, 5, 1, 15), berlin(2031, 5, 2, 6)]


async def test_sleep_ends_at_the_next_scan_at_the_latest(store: SqlStore) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 5, 58))
    loop = await start(replica)
    await stop(loop)

    assert replica.slept == [120.0]


async def test_a_long_sleep_is_cut_so_that_a_corrected_clock_is_noticed(store: SqlStore) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 15))
    loop = await start(replica)
    await stop(loop)

    assert replica.slept == [schedule_module.LONGEST_SLEEP]


@pytest.mark.parametrize(
    ("last", "now", "scans"),
    [
        (berlin(2031, 5, 1, 6), berlin(2031, 5, 1, 15), 0),
        (berlin(2031, 5, 1, 2), berlin(2031, 5, 1, 15), 1),  # the daily one at 6 was missed
        (berlin(2031, 4, 30, 6), berlin(2031, 5, 1, 3), 1),  # none ran today
        (berlin(2031, 5, 1, 1), berlin(2031, 5, 1, 3), 0),
        (berlin(2031, 4, 20, 6), berlin(2031, 5, 1, 15), 1),  # one scan makes up for ten days
    ],
)
async def test_a_start_catches_up(store: SqlStore, last: datetime, now: datetime, scans: int) -> None:
    async with store.transaction() as tx:
        await tx.save_run(ScanRun(run_id="old", status=RunStatus.SUCCEEDED, started_at=last, finished_at=last))
    replica = Replica(store, now)
    loop = await start(replica)
    await stop(loop)

    assert len(replica.scans) == scans


async def test_a_scan_that_read_nothing_is_tried_again_a_quarter_of_an_hour_later(store: SqlStore) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 6))
    replica.status = RunStatus.FAILED
    loop = await start(replica)
    await replica.wake(berlin(2031, 5, 1, 6, 14))
    assert len(replica.scans) == 1
    replica.status = RunStatus.SUCCEEDED
    await replica.wake(berlin(2031, 5, 1, 6, 15))
    await replica.wake(berlin(2031, 5, 1, 6, 45))
    await stop(loop)

    assert len(replica.scans) == 2


async def test_a_day_that_the_practice_clock_leaps_over_is_one_scan(store: SqlStore) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 15))
    loop = await start(replica)
    await replica.wake(berlin(2031, 5, 2, 15))
    await replica.wake(berlin(2031, 5, 9, 15))
    await stop(loop)

    assert len(replica.scans) == 3


async def test_an_error_in_a_scan_does_not_end_the_schedule(store: SqlStore, caplog: pytest.LogCaptureFixture) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 15))
    working = replica.schedule.scan

    async def broken() -> ScanRun:
        raise RuntimeError("a bug")

    replica.schedule.scan = broken
    loop = await start(replica)
    replica.schedule.scan = working
    await replica.wake()
    await stop(loop)

    assert len(replica.scans) == 1
    assert "a bug" in caplog.text


# ---------------------------------------------------------------- joining


async def test_a_second_caller_joins_the_running_scan(store: SqlStore) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 15))
    replica.held.clear()
    callers = [asyncio.create_task(replica.schedule.scan_now()) for _ in range(3)]
    await asyncio.sleep(0.05)
    assert replica.schedule.running
    replica.held.set()

    assert {run.run_id for run in await asyncio.gather(*callers)} == {"one-1"}
    assert len(replica.scans) == 1
    assert not replica.schedule.running


async def test_a_caller_who_goes_away_does_not_end_the_scan(store: SqlStore) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 15))
    replica.held.clear()
    first = asyncio.create_task(replica.schedule.scan_now())
    await asyncio.sleep(0.05)
    second = asyncio.create_task(replica.schedule.scan_now())
    await asyncio.sleep(0)
    first.cancel()
    replica.held.set()

    assert (await second).run_id == "one-1"
    assert len(replica.scans) == 1


async def test_two_replicas_scan_once_and_the_second_gets_the_firsts_report(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_module, "LOOK_AGAIN", 0.01)
    now = berlin(2031, 5, 1, 15)
    one, two = Replica(store, now, name="one"), Replica(store, now, name="two")
    one.held.clear()
    first = asyncio.create_task(one.schedule.scan_now())
    await one.began.wait()
    second = asyncio.create_task(two.schedule.scan_now())
    await two.asked.wait()
    one.held.set()

    assert (await first).run_id == (await second).run_id == "one-1"
    assert (len(one.scans), len(two.scans)) == (1, 0)


async def test_replicas_started_together_scan_once(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule_module, "LOOK_AGAIN", 0.01)
    replicas = [Replica(store, berlin(2031, 5, 1, 15), name=name) for name in ("one", "two", "three")]
    loops = await asyncio.gather(*(start(replica) for replica in replicas))
    for loop in loops:
        await stop(loop)

    assert sum(len(replica.scans) for replica in replicas) == 1


async def test_a_command_scans_even_when_todays_scan_is_done(store: SqlStore) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 15))

    await replica.schedule.scan_now()
    await replica.schedule.scan_now()

    assert len(replica.scans) == 2


async def test_the_lease_is_given_back_also_by_a_scan_that_failed(store: SqlStore) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 15))

    async def broken() -> ScanRun:
        raise RuntimeError("a bug")

    replica.schedule.scan = broken
    with pytest.raises(RuntimeError):
        await replica.schedule.scan_now()

    async with store.transaction() as tx:
        assert await tx.acquire_lease(LEASE, "another", datetime.now(UTC), 10)


async def test_stopping_ends_a_scan_under_way_and_frees_the_lease(store: SqlStore) -> None:
    replica = Replica(store, berlin(2031, 5, 1, 15))
    replica.held.clear()
    caller = asyncio.create_task(replica.schedule.scan_now())
    await asyncio.sleep(0.05)

    await replica.schedule.stop()

    with pytest.raises(asyncio.CancelledError):
        await caller
    async with store.transaction() as tx:
        assert await tx.acquire_lease(LEASE, "another", datetime.now(UTC), 10)
        assert await tx.runs(1) == []
