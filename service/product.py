"""One process of Steward: opens what its roles need, and closes it again."""

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.clockwatch import ClockWatch
from alerts.delivery import Deliverer
from alerts.errors import StewardError
from alerts.pump import EventPump
from alerts.retention import Retention
from service.archive_side import open_archive
from service.clock import MovableClock
from service.core import Core, GraphSide, Triggers, build_core
from settings.model import Settings
from store.store import SqlStore, open_store

log = logging.getLogger(__name__)

#: Seconds between two looks at approved owners that are not written yet.
OWNER_SECONDS = 10.0
#: Seconds between two looks at nominations whose time may be over.
DEADLINE_SECONDS = 60.0
#: Seconds between two looks at what somebody says to have renewed.
LATER_SECONDS = 10.0
#: Seconds between two looks at whether a pause is over.
PAUSE_SECONDS = 30.0
#: Seconds between two looks at the practice tenant's clock.
CLOCK_SECONDS = 2.0
#: Seconds between two looks for what the working state need not keep.
RETENTION_SECONDS = 6 * 3600.0
#: Seconds between two moves of events to the archive.
PUMP_SECONDS = 5.0


def _part(name: str) -> Any:
    """Load one side's wiring; a bot process must not even import what it has no right to use."""
    return importlib.import_module(name)


@dataclass(kw_only=True)
class Product:
    """Everything that runs in this process; sides that its roles do not need are None."""

    settings: Settings
    #: sandbox.launch.Practice, None in production.
    practice: Any
    roles: frozenset[str]
    clock: MovableClock
    store: SqlStore
    archive: Any
    core: Core
    graph: GraphSide
    #: service.graph_side.GraphRooms.
    rooms: Any = None
    #: service.teams_side.TeamsSide.
    teams: Any = None
    #: service.scan_side.ScanSide.
    scans: Any = None
    deliverer: Deliverer | None = None
    #: Whether this process may trust its clock.
    clock_watch: ClockWatch = field(default_factory=ClockWatch)
    #: service.watchman.Watchman; None in a process that neither sends nor scans.
    watchman: Any = None
    triggers: Triggers = field(default_factory=Triggers)
    #: Practice tenant: somebody has stopped the worker of this process.
    worker_stopped: bool = False
    _halt: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep_time(self) -> None:
        """In the practice tenant: read how far its time has been moved."""
        if self.practice is not None:
            said = await asyncio.to_thread(self.practice.call, "GET", "/control/clock")
            ahead = datetime.fromisoformat(said["now"]) - datetime.now(UTC)
            self.clock.move_to(timedelta(seconds=round(ahead.total_seconds())))

    async def follow_time(self, stop: asyncio.Event) -> None:
        """In the practice tenant: notice that another process has moved its time."""
        while not stop.is_set():
            try:
                await self.keep_time()
            except OSError as error:
                log.warning("the practice tenant does not answer: %s", error)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), CLOCK_SECONDS)

    def teams_wiring(self) -> Any:
        """The module that wires the web server; only where this process is the bot."""
        return _part("service.teams_side")

    def practice_wiring(self) -> Any:
        """The practice tenant's routes; only in practice mode."""
        return _part("sandbox.practice")

    async def pump(self) -> int:
        """Move the store's events to the archive."""
        return await EventPump(store=self.store, archive=self.archive).run_once()

    async def settle(self) -> int:
        """Send and write all that is due now, until nothing more follows from it; messages handled."""
        handled = 0
        await self.core.releaser.tick()
        for _ in range(20):
            count = await self.core.owner_changes.run_pending()
            count += await self.core.deadlines.run_once()
            count += await self.core.later_looks.run_once()
            count += await self.core.who.run_once()
            if self.deliverer is not None and not self.worker_stopped:
                count += await self.deliverer.drain()
            handled += count
            if not count:
                break
        await self.pump()
        return handled

    async def work(self, stop: asyncio.Event) -> None:
        """The worker role: deliver, write owners, keep time limits, move events; until `stop`."""
        pump = EventPump(store=self.store, archive=self.archive)
        loops = [
            _every(PUMP_SECONDS, pump.run_once, stop, "moving events"),
            _every(PAUSE_SECONDS, self.core.releaser.tick, stop, "ending a pause"),
            _every(OWNER_SECONDS, self.core.owner_changes.run_pending, stop, "writing owners"),
            _every(DEADLINE_SECONDS, self.core.deadlines.run_once, stop, "time limits of nominations"),
            _every(LATER_SECONDS, self.core.later_looks.run_once, stop, "looking again for what was renewed"),
            _every(LATER_SECONDS, self.core.who.run_once, stop, "asking who renewed it"),
        ]
        retention = Retention(store=self.store, clock=self.clock)
        loops.append(_every(RETENTION_SECONDS, retention.run_once, stop, "forgetting what is old"))
        if self.deliverer is not None:
            loops.append(self._keep_worker(self.deliverer, stop))
        await asyncio.gather(*loops)

    async def _keep_worker(self, deliverer: Deliverer, stop: asyncio.Event) -> None:
        """The worker's loop; in the practice tenant it may be stopped and started."""
        while not stop.is_set():
            halt = asyncio.Event()
            self._halt = halt
            if not self.worker_stopped:
                ending = asyncio.create_task(_either(stop, halt))
                try:
                    await deliverer.run(halt)
                finally:
                    ending.cancel()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)

    def stop_worker(self) -> None:
        """Practice tenant: this process sends nothing more until it is started again."""
        self.worker_stopped = True
        self._halt.set()

    def start_worker(self) -> None:
        """Practice tenant: go on sending."""
        self.worker_stopped = False


async def _either(stop: asyncio.Event, halt: asyncio.Event) -> None:
    """Ends the worker with the process."""
    await stop.wait()
    halt.set()


async def _every(seconds: float, work: Callable[[], Any], stop: asyncio.Event, what: str) -> None:
    while not stop.is_set():
        try:
            await work()
        except StewardError:
            log.exception("%s failed; tried again in %s s", what, seconds)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)


@asynccontextmanager
async def open_product(settings: Settings, practice: Any, roles: frozenset[str]) -> AsyncIterator[Product]:
    """Open what these roles need; everything is closed at the end, whatever happened."""
    clock = MovableClock()
    clock_watch = ClockWatch(clock=clock)
    clock.when_moved = clock_watch.moved
    store = await open_store(settings.service.database_url.reveal())
    rooms = teams = archive = watchman = None
    try:
        archive, history = await open_archive(settings, clock)
        graph = GraphSide()
        ca_file = settings.service.ca_file
        if roles & {"worker", "scanner"}:
            words = _part("service.words").words_of(settings)
            rooms = _part("service.graph_side").GraphRooms(settings, words, ca_file, store, clock_watch.heard)
            graph = rooms.side()
        triggers = Triggers()
        core = build_core(settings, store, archive, history, graph, clock, triggers)
        product = Product(
            settings=settings,
            practice=practice,
            roles=roles,
            clock=clock,
            store=store,
            archive=archive,
            core=core,
            graph=graph,
            rooms=rooms,
            triggers=triggers,
            clock_watch=clock_watch,
        )
        if "scanner" in roles:
            product.scans = _part("service.scan_side").ScanSide(product, history)
        if roles & {"bot", "worker"} and settings.bot.app_id:
            installer = rooms.installer() if rooms is not None else None
            teams = _part("service.teams_side").build_teams(settings, core, installer, ca_file, clock_watch.heard)
            product.teams = teams
        if "worker" in roles:
            product.deliverer = core.deliverer(teams.channel if teams else None, graph.mail)
            product.deliverer.stopped = clock_watch.trouble
            triggers.wake = product.deliverer.wake
        if roles & {"worker", "scanner"}:
            product.watchman = watchman = _part("service.watchman").build_watchman(product)
        await product.keep_time()
        # What is imported and wired by now stays: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        yield product
    finally:
        gc.unfreeze()
        if watchman is not None:
            await watchman.close()
        if teams is not None:
            await teams.close()
        if rooms is not None:
            await rooms.close()
        if archive is not None:
            await archive.close()
        await store.close()


__all__ = ["Product", "open_product"]
