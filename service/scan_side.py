"""The scanner and its schedule, wired to one process's rooms."""

import asyncio
import logging
import os
import secrets
import socket
from dataclasses import replace
from datetime import datetime

from alerts.changes import ChangeJudge
from alerts.model import ScanRun
from alerts.ports import OwnerHistory
from scanner.scan import Progress, Scanner, no_progress
from scanner.schedule import Schedule
from scanner.watch import Watch
from service.product import Product

log = logging.getLogger(__name__)


class ScanSide:
    """Scans of this process: on schedule, by command, and on the practice tenant's next day; looks between them."""

    def __init__(self, product: Product, history: OwnerHistory) -> None:
        self._product, self._history = product, history
        self._progress: Progress = no_progress
        self._background: set[asyncio.Task[object]] = set()
        service = product.settings.service
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.schedule = Schedule(
            scan=self._scan,
            store=product.store,
            clock=product.clock,
            at=service.scan_at,
            zone=service.time_zone,
            sleep=product.clock.sleep,
            holder=holder,
            stopped=product.clock_watch.trouble,
        )
        minutes = product.settings.graph.delta_minutes
        self._watches = minutes > 0
        self.watch = Watch(
            feed=product.rooms.changes(),
            judge=ChangeJudge(store=product.store, clock=product.clock, policy=product.core.policy),
            store=product.store,
            minutes=minutes,
            holder=f"{holder}:watch",
            changed=product.triggers.fire,
        )
        #: Seconds for which the event loop stood still at most during the last scan, and those of them that it was busy.
        self.longest_stall = self.longest_busy = 0.0
        #: True once the schedule's loop has ended by an error.
        self.failed = False
        product.triggers.start_scan = self.start
        product.triggers.next_scan = self.next_due

    async def scan(self, progress: Progress = no_progress) -> ScanRun:
        """Scan now, or join the scan that runs; its report."""
        self._progress = progress
        return await self.schedule.scan_now()

    async def start(self) -> bool:
        """Start a scan in the background; False when one runs already."""
        if self.schedule.running:
            return False
        task = asyncio.create_task(self.schedule.scan_now(), name="scan by command")
        self._background.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: "asyncio.Task[object]") -> None:
        self._background.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("the scan failed", exc_info=task.exception())

    def next_due(self) -> datetime:
        """When the next daily scan is due."""
        return self.schedule.next_due(self._product.clock())

    async def run(self, stop: asyncio.Event) -> None:
        """The schedule's loop, and the looks between scans beside it, until `stop`."""
        loop = asyncio.create_task(self.schedule.run(), name="schedule")
        beside = [asyncio.create_task(self.watch.run(), name="watch")] if self._watches else []
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([loop, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for task in beside:
            task.cancel()
        # It gives the lease back before the store is closed.
        await asyncio.gather(*beside, return_exceptions=True)
        if loop.done() and not loop.cancelled():
            self.failed = True
            await loop
        await self.schedule.stop()
        loop.cancel()

    async def _scan(self) -> ScanRun:
        product = self._product
        # Whoever has lost the lease, stopped for too long, must not overwrite what another replica has read since.
        store = self.schedule.fenced()
        scanner = Scanner(
            registry=product.rooms.scan_registry(),
            people=product.rooms.scan_people(),
            last_use=product.rooms.last_use(),
            history=self._history,
            archive=product.archive,
            store=store,
            engine=replace(product.core.engine, store=store),
            clock=product.clock,
            tenant_id=product.settings.graph.identity.tenant_id if product.settings.graph.identity else "",
            history_days=product.settings.policy.history_days,
            refresh_roles=product.core.refresh,
            scratch_folder=product.settings.service.state_dir,
        )
        run = await scanner.scan(self._progress)
        self.longest_stall, self.longest_busy = scanner.longest_stall, scanner.longest_busy
        product.triggers.fire()
        return run
