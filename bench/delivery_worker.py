"""One delivery worker as the product wires it, on a practice tenant: queues the load, sends all of it, reports as JSON.

Started by bench/delivery.py with the practice tenant's settings in its environment: aiohttp reads SSL_CERT_FILE when it
is imported.
"""

import asyncio
import gc
import json
import resource
import sys
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

from alerts.model import Person
from bench.delivery_load import queue
from config import enter_practice, from_environment
from sandbox.launch import start_or_attach
from service.logs import set_up_logs
from service.product import open_product
from settings.model import Settings

ROLES = frozenset({"worker"})


class Lag:
    """How late the event loop is, looked at every 10 ms."""

    STEP = 0.01

    def __init__(self) -> None:
        self.late: list[float] = []

    async def watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(self.STEP)
            self.late.append((time.perf_counter() - before - self.STEP) * 1000)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.late)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _settings() -> tuple[Settings, Any]:
    settings = from_environment(roles=ROLES)
    practice = start_or_attach(settings.service.state_dir, settings.practice.apps, settings.practice.seed)
    settings = enter_practice(settings, practice.settings, roles=ROLES)
    # Cards alone: what one mailbox may be asked for has nothing to do with SEND_PACE.
    return replace(settings, mail=None), practice


async def measure(alerts: int, people: int, pace: int) -> dict[str, Any]:
    settings, practice = _settings()
    settings = replace(settings, bot=replace(settings.bot, send_pace=pace))
    set_up_logs("WARNING", readable=True)
    truth = practice.call("GET", "/control/truth", seconds=120)
    owners = [
        Person(id=person_id, display_name=each["display_name"], account_enabled=True)
        for person_id, each in truth["people"].items()
        if each["has_teams_app"] and each["active"]
    ][:people]
    if len(owners) < people:
        raise SystemExit(f"the tenant has only {len(owners)} people with the app")
    async with open_product(settings, practice, ROLES) as product:
        queued = await queue(product.store, product.core.engine, alerts, owners, product.clock())
        practice.call("POST", "/control/limits", {"enabled": True, "overall": max(30, pace), "forget": True})
        mark = practice.call("GET", f"/control/requests?since={10**9}")["mark"]
        gc.collect()
        lag = Lag()
        watching = asyncio.create_task(lag.watch())
        cpu, began = time.process_time(), time.perf_counter()
        stop = asyncio.Event()
        worker = product.deliverer
        if worker is None:
            raise SystemExit("this process has no delivery worker")
        work = asyncio.create_task(worker.run(stop, poll_seconds=0.5))
        while await _waiting(product.store):
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(work), 0.2)
        took, spent = time.perf_counter() - began, time.process_time() - cpu
        watching.cancel()
        stop.set()
        await work
    limits = practice.call("POST", "/control/limits", {})
    seen = practice.call("GET", f"/control/requests?since={mark}", seconds=120)["requests"]
    return {
        "alerts": alerts,
        "queued": queued,
        "people": len(owners),
        "seconds": took,
        "cpu": spent,
        "calls": limits["calls"],
        "refused": limits["refused"],
        "early": limits["early"],
        "tokens": sum(
            each["service"] == "entra" and each["path"].partition("?")[0].endswith("/token") for each in seen
        ),
        "lag_p99": lag.percentile(0.99),
        "lag_max": max(lag.late),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


async def _waiting(store: Any) -> int:
    async with store.reading() as tx:
        return int(await tx.deliveries_waiting())


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(*(int(word) for word in sys.argv[1:4])))))
