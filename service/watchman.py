"""The watchman of one process: its clock, the auditor (one replica at a time), the alarms, the heartbeat."""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import aiohttp

from alerts.alarms import Alarms
from alerts.auditor import EVERY, OVERDUE, WORKER_SEEN, Auditor
from alerts.errors import StewardError
from alerts.problems import AuditReport, stored_report
from alerts.restore import RestoreWatch
from archive.history import ArchiveHistory
from service.asking import Asker
from service.heartbeat import Heartbeat
from service.product import Product

log = logging.getLogger(__name__)

#: Seconds between two looks at the clock, at the workers of this process, and at whether the audit is due.
TICK = 15.0
#: Name of the lease of the audit, and the seconds for which it is somebody's.
LEASE, LEASE_SECONDS = "audit", 90.0
#: The report of the auditor is missed when it is older.
SILENT = EVERY + timedelta(minutes=5)
#: Seconds between two questions to others for the time, while the clock is not trusted.
ASK_SECONDS = 60.0


class Watchman:
    """Looks every `TICK` seconds; audits every 15 minutes, after each scan, and when the clock's trust changes."""

    def __init__(
        self,
        product: Product,
        auditor: Auditor,
        alarms: Alarms,
        heartbeat: Heartbeat,
        asker: Asker,
        restore: RestoreWatch,
        *,
        ask: Sequence[str],
    ) -> None:
        self._product, self._auditor, self._alarms = product, auditor, alarms
        self._heartbeat, self._asker, self._ask = heartbeat, asker, ask
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._trouble = ""
        self._restore = restore
        self._asked = float("-inf")
        self._held = ""

    async def begin(self) -> None:
        """Before anything is sent: is this database as new as the archive? Raises StewardError."""
        self._held = await self._restore.begin()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop`."""
        if self._product.practice is None:
            # A clock that is wrong from the start is noticed before the first message.
            await self._ask_others()
        while not stop.is_set():
            try:
                await self._tick()
            except Exception:  # the outermost loop of the watchman: nobody else would notice that it is gone
                log.exception("the watchman stumbled; it looks again in %s s", TICK)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), TICK)
        await self._give_back()

    async def close(self) -> None:
        await self._asker.close()

    async def _tick(self) -> None:
        if self._held:
            await self._compare()
        changed = await self._watch_clock()
        await self._note_worker()
        if await self._audit_is_due(changed):
            await self.audit()

    async def audit(self) -> AuditReport:
        """Look now, tell the admins, and say outside that all is well, if it is."""
        report = await self._auditor.once()
        for problem in report.problems:
            log.error("problem %s since %s: %s", problem.kind, problem.since.isoformat(), dict(problem.params))
        try:
            await self._alarms.tell(report)
        finally:
            if report.well:
                await self._heartbeat.beat()
        return report

    # ------------------------------------------------------------ a restored database

    async def _compare(self) -> None:
        """The admins hear of the hold if anything was forgotten, or if it lasts; it ends with the comparison."""
        if not await self._acquire():
            return
        if self._restore.forgot:
            await self.audit()
        if await self._restore.finish() is None:
            await self.audit()
            return
        self._held = ""
        if self._restore.forgot:
            await self.audit()

    # ------------------------------------------------------------ the clock

    async def _watch_clock(self) -> bool:
        """Whether the trust in the clock has changed; while there is none, others are asked for the time."""
        watch = self._product.clock_watch
        if watch.trouble() and time.monotonic() - self._asked >= ASK_SECONDS:
            await self._ask_others()
        trouble = watch.trouble()
        changed = bool(trouble) != bool(self._trouble)
        if changed and trouble:
            log.error("sending stops, the clock is not trusted: %s", trouble)
        elif changed:
            log.warning("sending goes on: the clock is trusted again")
        self._trouble = trouble
        return changed

    async def _ask_others(self) -> None:
        """Any answer will do: its Date header is all that is wanted."""
        self._asked = time.monotonic()
        for url in self._ask:
            try:
                await self._asker.get(url)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                log.info("the time could not be asked: %s", type(error).__name__)

    # ------------------------------------------------------------ workers

    async def _note_worker(self) -> None:
        """Write down that the worker of this process lives, if it does."""
        deliverer = self._product.deliverer
        if deliverer is None or deliverer.silent_for() > 4 * TICK:
            return
        async with self._product.store.transaction() as tx:
            await tx.set_value(WORKER_SEEN, self._product.clock().isoformat())

    # ------------------------------------------------------------ whose turn it is

    async def _audit_is_due(self, at_once: bool) -> bool:
        async with self._product.store.reading() as tx:
            runs = await tx.runs(1)
            report = await stored_report(tx)
        newest = runs[0].run_id if runs else ""
        age = abs(self._product.clock() - report.at) if report is not None else SILENT
        # A process that cannot tell anybody only steps in where those that can are silent.
        due = age >= (EVERY if self._product.deliverer is not None else SILENT)
        if self._product.deliverer is not None:
            due = due or at_once or (report is not None and report.run_id != newest)
        return due and await self._acquire()

    async def _acquire(self) -> bool:
        async with self._product.store.transaction() as tx:
            return await tx.acquire_lease(LEASE, self._holder, datetime.now(UTC), LEASE_SECONDS)

    async def _give_back(self) -> None:
        try:
            async with self._product.store.transaction() as tx:
                await tx.release_lease(LEASE, self._holder)
        except StewardError as error:
            log.info("the audit's lease runs out by itself: %s", error)


def build_watchman(product: Product) -> Watchman:
    """The watchman of this process, on its rooms."""
    settings, core = product.settings, product.core
    asker = Asker(settings.service.ca_file, product.clock_watch.heard)
    auditor = Auditor(
        store=product.store,
        policy=core.policy,
        clock=product.clock,
        archive=product.archive,
        mail=settings.mail is not None,
        gatekeeper=core.engine.gatekeeper,
        clock_trouble=product.clock_watch.trouble,
        settled=lambda: product.clock.unmoved_for() >= OVERDUE.total_seconds(),
    )
    alarms = Alarms(
        store=product.store,
        clock=product.clock,
        roles=core.roles,
        teams=product.teams.channel if product.teams is not None else None,
        mail=product.graph.mail,
        time_zone=settings.service.time_zone.key,
        next_scan=product.triggers.next_due,
    )
    url = settings.service.heartbeat_url
    return Watchman(
        product,
        auditor,
        alarms,
        Heartbeat(url.reveal() if url else "", asker),
        asker,
        RestoreWatch(
            store=product.store,
            clock=product.clock,
            here=ArchiveHistory(product.archive.here),
            remote=ArchiveHistory(product.archive) if product.archive.remote else None,
            alive=WORKER_SEEN,
        ),
        ask=(settings.bot.openid_metadata_url, settings.graph.endpoint),
    )
