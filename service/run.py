"""`app.py serve`: runs the roles of this process until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Any

from aiohttp import web

from alerts.errors import SettingsError
from service.logs import set_up_logs
from service.practice_side import House
from service.product import Product, open_product
from service.readiness import Readiness
from settings.model import Settings

log = logging.getLogger(__name__)

#: Seconds that running work may take once the process is told to stop, and then to give up what it holds. With what
#: closing takes they stay under ten, after which Kubernetes' and systemd's patience may end.
DRAIN_SECONDS, CANCEL_SECONDS = 6.5, 1.0


async def serve(settings: Settings, practice: Any, roles: frozenset[str], state_dir_id: str) -> int:
    """Serve until SIGINT or SIGTERM; returns the exit code.

    Raises:
        SettingsError: another host works on this database with another state directory, or the port is taken.
    """
    set_up_logs(settings.service.log_level, readable=practice is not None)
    for warning in settings.warnings:
        log.warning("%s", warning)
    stop = asyncio.Event()
    _on_signals(stop.set)
    async with open_product(settings, practice, roles) as product:
        await _check_shared_folder(product, state_dir_id)
        runner = await _listen(product) if "bot" in roles else None
        if product.watchman is not None:
            await product.watchman.begin()
        tasks = _start(product, stop)
        try:
            await _until(stop, tasks)
        finally:
            stop.set()
            ending = [*tasks, *([asyncio.create_task(runner.cleanup())] if runner is not None else [])]
            _, late = await asyncio.wait(ending, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=CANCEL_SECONDS)
    return 0


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:
            # Windows has no such handlers in its loop.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))


async def _until(stop: asyncio.Event, tasks: list[asyncio.Task[Any]]) -> None:
    """Wait for the signal; a task that ends before it has failed, and takes the process with it."""
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done - {waiting}:
        await task


def _start(product: Product, stop: asyncio.Event) -> list[asyncio.Task[Any]]:
    tasks = []
    if product.deliverer is not None:
        tasks.append(asyncio.create_task(product.work(stop), name="worker"))
    if product.scans is not None:
        tasks.append(asyncio.create_task(product.scans.run(stop), name="scanner"))
    if product.watchman is not None:
        tasks.append(asyncio.create_task(product.watchman.run(stop), name="watchman"))
    if product.practice is not None:
        tasks.append(asyncio.create_task(product.follow_time(stop), name="practice clock"))
    if product.teams is not None:
        tasks.append(asyncio.create_task(_keep_keys(product, stop), name="signing keys"))
    return tasks


async def _check_shared_folder(product: Product, state_dir_id: str) -> None:
    """With the embedded archive alone, all hosts on one database must see one folder: else history is torn."""
    if product.settings.logs is not None:
        return
    async with product.store.transaction() as tx:
        known = await tx.value("stateDir")
        if known is None:
            await tx.set_value("stateDir", state_dir_id)
    if known not in (None, state_dir_id):
        raise SettingsError(
            ["STATE_DIR is not the folder that the other hosts on this database use: share it, or set LOGS_*"]
        )


async def _keep_keys(product: Product, stop: asyncio.Event) -> None:
    await product.teams.keys.prefetch()
    await stop.wait()


async def _listen(product: Product) -> web.AppRunner:
    """Serve the HTTP surface and print the address line."""
    teams_side = product.teams_wiring()
    service = product.settings.service
    readiness = Readiness(product)
    app = teams_side.build_web(
        product.settings,
        product.core,
        product.teams,
        readiness,
        _practice_routes(product),
        readiness.show_metrics,
    )
    runner: web.AppRunner = teams_side.make_runner(app)
    await runner.setup()
    site = web.TCPSite(runner, service.host, service.port)
    try:
        await site.start()
    except OSError as error:
        await runner.cleanup()
        raise SettingsError([f"PORT={service.port} on {service.host} cannot be used: {error.strerror}"]) from error
    port = runner.addresses[0][1]
    if product.practice is not None:
        url = f"http://127.0.0.1:{port}/api/messages"
        await asyncio.to_thread(product.practice.call, "POST", "/control/bot", {"messages_url": url})
    print(f"Steward: http://127.0.0.1:{port}/", flush=True)  # noqa: T201 - the line that tells a person where to look
    return runner


def _practice_routes(product: Product) -> Callable[[web.Application], None] | None:
    if product.practice is None:
        return None

    async def next_day() -> dict[str, object]:
        """The clock has moved: the daily scan, then every message that follows from it."""
        await product.keep_time()
        if product.scans is None:
            # The scanner and the workers are other processes: they follow the clock by themselves.
            return {"run": None, "messages": 0}
        run = await product.scans.scan()
        handled = await product.settle()
        return {
            "run": {
                "run_id": run.run_id,
                "status": run.status,
                "credentials": run.credentials,
                "due": run.due,
                "notices_queued": run.notices_queued,
            },
            "messages": handled,
        }

    async def look() -> dict[str, object]:
        """What has changed in Graph, asked now and not after DELTA_MINUTES; then every message that follows from it."""
        if product.scans is None:
            return {"found": None, "messages": 0}
        await product.keep_time()
        found = await product.scans.watch.look_now()
        return {"found": dict(found), "messages": await product.settle()}

    add_routes = product.practice_wiring().add_routes
    return lambda app: add_routes(app, product.practice, next_day, look, House(product))
