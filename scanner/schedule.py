"""When scans run: daily at one local time, one replica at a time, missed ones caught up, overlapping ones joined."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.model import RunStatus, ScanRun
from alerts.ports import Clock, Store
from scanner.lease import FencedStore, Lease

log = logging.getLogger(__name__)

#: Longest sleep in seconds, so that a suspended machine or a corrected clock is noticed.
LONGEST_SLEEP = 300.0
#: Seconds between two looks at another replica's scan.
LOOK_AGAIN = 2.0
#: After a scan that could not read anything.
TRY_AGAIN = timedelta(minutes=15)


@dataclass(kw_only=True)
class Schedule:
    """Decides when to scan; `run` is the loop, `scan_now` what a command or a button calls.

    Every replica runs one; the store's lease lets only one of them scan. A day is one local date in `zone`: a
    clock that leaps over SCAN_AT, as in spring, or meets it twice, as in autumn, still gives one scan.
    """

    scan: Callable[[], Awaitable[ScanRun]]
    store: Store
    clock: Clock
    at: time
    zone: ZoneInfo
    #: This replica, unique among all.
    holder: str
    #: Sleeps so many seconds of real time; the practice tenant's ends early when its clock moves.
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    #: Why no scan may begin by itself now (the clock is not trusted), '' it may.
    stopped: Callable[[], str] = lambda: ""
    _running: "asyncio.Task[ScanRun] | None" = field(default=None, init=False)
    _lease: Lease = field(init=False)

    def __post_init__(self) -> None:
        self._lease = Lease(store=self.store, holder=self.holder)

    # ------------------------------------------------------------ pure: when

    def due_on_or_before(self, now: datetime) -> datetime:
        """The latest moment up to `now` at which a daily scan was due, UTC."""
        local = now.astimezone(self.zone).date()
        today = self._moment(local.toordinal())
        return today if today <= now else self._moment(local.toordinal() - 1)

    def next_due(self, now: datetime) -> datetime:
        """The first moment after `now` at which a daily scan is due, UTC."""
        local = now.astimezone(self.zone).date()
        today = self._moment(local.toordinal())
        return today if today > now else self._moment(local.toordinal() + 1)

    def missed(self, now: datetime, last: ScanRun | None, *, on_start: bool = False) -> bool:
        """Whether a scan must run now: the last daily one did not, or at a start none ran today.

        A scan that could not read anything is tried again after a while; until then it counts.
        """
        if last is None:
            return True
        if last.status is RunStatus.FAILED:
            return now - last.finished_at >= TRY_AGAIN
        since = self.due_on_or_before(now)
        if on_start:
            since = max(since, self._midnight(now))
        return last.started_at < since

    def _moment(self, day: int) -> datetime:
        return datetime.combine(datetime.fromordinal(day), self.at, self.zone).astimezone(UTC)

    def _midnight(self, now: datetime) -> datetime:
        local = now.astimezone(self.zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)

    # ------------------------------------------------------------ the loop

    async def run(self) -> None:
        """Scan whenever it is due, until cancelled; a failing store or service never ends the loop."""
        on_start = True
        while True:
            try:
                if not self.stopped():
                    if self.missed(self.clock(), await self._last(), on_start=on_start):
                        await self.scan_now(only_if_missed=True)
                    on_start = False
            except Exception:  # the outermost loop of the schedule: a day without a scan is worse than any error
                log.exception("the scan failed; it is tried again later")
            await self.sleep(self._until_next(self.clock()))

    def _until_next(self, now: datetime) -> float:
        return min(LONGEST_SLEEP, max(1.0, (self.next_due(now) - now).total_seconds()))

    async def _last(self) -> ScanRun | None:
        async with self.store.reading() as tx:
            runs = await tx.runs(1)
        return runs[0] if runs else None

    @property
    def running(self) -> bool:
        """Whether this replica scans now."""
        return self._running is not None and not self._running.done()

    async def scan_now(self, *, only_if_missed: bool = False) -> ScanRun:
        """Scan, or join the scan that is running, here or in another replica; returns its report.

        Cancelling the caller does not cancel the scan, which others may be waiting for.
        """
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._leased(only_if_missed), name="scan")
        return await asyncio.shield(self._running)

    def fenced(self) -> FencedStore:
        """The store for a scan under this schedule's lease."""
        return self._lease.fenced()

    async def stop(self) -> None:
        """Cancel a scan under way; its run leaves no row, and the next start catches up."""
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _leased(self, only_if_missed: bool) -> ScanRun:
        before = await self._last()
        while not await self._acquire():
            await asyncio.sleep(LOOK_AGAIN)
            now = await self._last()
            # The other replica's scan began before we were asked or meanwhile: its report answers us.
            if now is not None and (before is None or now.run_id != before.run_id):
                return now
        async with self._lease.kept():
            latest = await self._last()
            if only_if_missed and latest is not None and (before is None or latest.run_id != before.run_id):
                # Another replica finished it between our look and our lease.
                return latest
            return await self.scan()

    async def _acquire(self) -> bool:
        return await self._lease.take()
