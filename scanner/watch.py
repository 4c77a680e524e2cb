"""Between the daily scans: asks Graph what has changed, so that a card turns green soon after a renewal."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from alerts.changes import ChangeFeed, ChangeJudge
from alerts.errors import StewardError
from alerts.model import ApplicationType
from alerts.ports import Store
from scanner.lease import Lease
from scanner.metrics import DELTA_CREDENTIALS, DELTA_POLLS

log = logging.getLogger(__name__)

#: Store value: when Graph was last asked, real time.
ASKED_AT = "delta.askedAt"
#: Begins the store value with the link to the next changes of one type of app.
LINK = "delta.link."
#: Seconds until the next try while a scan has the lease, or none has run yet.
LOOK_AGAIN = 20.0
#: Longest sleep in seconds, so that a suspended machine or a corrected clock is noticed.
LONGEST_SLEEP = 300.0


@dataclass(kw_only=True)
class Watch:
    """Looks at what has changed every so many minutes, in one of all replicas, and never while a scan runs.

    1. app registrations, then enterprise apps: the changes since the kept link, one request where there are none;
    2. changed apps that have an unclosed alert and are not sure from that are read; after an expired link all of
       those that have an unclosed alert;
    3. the core closes and calms what this proves;
    4. the new link is kept, last of all: what fails before it is asked for again, and a replay is harmless.
    """

    feed: ChangeFeed
    judge: ChangeJudge
    store: Store
    minutes: int
    #: This replica's watch, unique among all holders of the scan's lease.
    holder: str
    #: Called when cards have to change.
    changed: Callable[[], None]
    #: Sleeps so many seconds of real time: Graph's changes do not follow the practice tenant's clock.
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def run(self) -> None:
        """Look whenever it is due, until cancelled; no failure ends the loop."""
        while True:
            seconds = LOOK_AGAIN
            try:
                seconds = await self._seconds_left()
                if not seconds:
                    seconds = 1.0 if await self._look_if_due() else LOOK_AGAIN
            except Exception:  # the outermost loop of the watch: the daily scan will find what it does not
                log.exception("looking for changes failed; it is tried again later")
            await self.sleep(min(seconds, LONGEST_SLEEP))

    async def look_now(self) -> Counter[str]:
        """Look once no scan runs; how many alerted credentials by removed, endDateMoved, superseded."""
        async with self._one_at_a_time:
            lease = Lease(store=self.store, holder=self.holder)
            while not await lease.take():
                await self.sleep(1.0)
            async with lease.kept():
                return await self._look()

    async def _look_if_due(self) -> bool:
        """False when a scan runs; another replica may have looked meanwhile."""
        async with self._one_at_a_time:
            lease = Lease(store=self.store, holder=self.holder)
            if not await lease.take():
                return False
            async with lease.kept():
                if not await self._seconds_left():
                    await self._look()
            return True

    async def _seconds_left(self) -> float:
        """Until it is due, 0 when it is; before the first scan there is nothing to look for."""
        async with self.store.reading() as tx:
            asked_at, runs = await tx.value(ASKED_AT), await tx.runs(1)
        if not runs:
            return LOOK_AGAIN
        if asked_at is None:
            return 0.0
        interval = timedelta(minutes=self.minutes)
        left = datetime.fromisoformat(asked_at) + interval - datetime.now(UTC)
        # More than the interval: the clock was set back.
        return left.total_seconds() if timedelta() < left <= interval else 0.0

    async def _look(self) -> Counter[str]:
        async with self.store.transaction() as tx:
            await tx.set_value(ASKED_AT, datetime.now(UTC).isoformat())
        done: Counter[str] = Counter()
        for kind, alert_ids in (await self.judge.watched()).items():
            try:
                done += await self._look_at(kind, alert_ids)
            except StewardError as error:
                DELTA_POLLS.labels(kind.value, "failed").inc()
                log.warning("changes of %s could not be followed up: %s", kind, error)
        if done:
            self.changed()
        return done

    async def _look_at(self, kind: ApplicationType, alert_ids: Mapping[str, Sequence[str]]) -> Counter[str]:
        async with self.store.reading() as tx:
            link = await tx.value(LINK + kind.value) or ""
        changes = await self.feed.changes(kind, link, alert_ids.keys())
        apps = dict(changes.apps)
        to_read = alert_ids.keys() if changes.started_anew else changes.unsure
        if to_read:
            apps |= await self.feed.credentials(kind, to_read)
        done = await self.judge.judge(apps, alert_ids)
        async with self.store.transaction() as tx:
            await tx.set_value(LINK + kind.value, changes.link)
        outcome = "startedAnew" if changes.started_anew else "changed" if apps else "unchanged"
        DELTA_POLLS.labels(kind.value, outcome).inc()
        for finding, number in done.items():
            DELTA_CREDENTIALS.labels(finding).inc(number)
        return done
