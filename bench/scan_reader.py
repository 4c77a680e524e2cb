"""Steward's reader alone: apps, enterprise apps, owners and managers by the product's own reader, kept in memory.

Run by bench/scan.py in a process of its own, its task as JSON on stdin; prints one JSON object.
"""

import asyncio
import gc
import json
import os
import resource
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alerts.ports import Completeness  # noqa: E402 - after the path is set
from graph.applications import GraphApplications  # noqa: E402
from graph.client import GraphClient, Identity  # noqa: E402
from graph.gate import Gate  # noqa: E402
from graph.people import GraphPeople  # noqa: E402
from graph.reader import GraphReader  # noqa: E402
from scanner.memory import undisturbed  # noqa: E402
from scanner.stall import StallMonitor  # noqa: E402

MB = 1024.0


class Unpaced(Gate):
    """Lets every request for keyCredentials pass at once: what is measured is CPU, not the wait for the minute."""

    async def wait_for_turn(self, *_: Any, **__: Any) -> None:
        return


async def reader(task: dict[str, Any]) -> dict[str, Any]:
    """What reading took.

    `task`: cuts, creation dates in ISO form; paced, whether it keeps to 150 requests a minute; until_applications,
    whether enterprise apps are given up once the app registrations are there.
    """
    env = os.environ
    identity = Identity(
        tenant_id=env["AZURE_TENANT_ID"],
        client_id=env["AZURE_CLIENT_ID"],
        client_secret=env["AZURE_CLIENT_SECRET"],
        authority_host=env["AZURE_AUTHORITY_HOST"],
        endpoint=env["GRAPH_ENDPOINT"],
        ca_file=env["BENCH_CA_FILE"],
    )
    client = GraphClient(identity, gate=Gate() if task["paced"] else Unpaced())
    asked = GraphReader(client)
    registry, completeness = GraphApplications(asked), Completeness()
    cuts = [datetime.fromisoformat(text) for text in task["cuts"]]
    created: list[datetime] = []
    owners: set[str] = set()
    kept: list[Any] = []

    async def keep(pages: Any) -> None:
        async for page in pages:
            created.extend(page.created)
            kept.extend(page.apps)
            owners.update(owner.id for app in page.apps for owner in app.owners)

    gc.collect()
    with undisturbed():
        async with StallMonitor() as monitor:
            wall, cpu = time.perf_counter(), time.process_time()
            registrations = asyncio.create_task(keep(registry.applications(completeness, cuts)))
            enterprise = asyncio.create_task(keep(registry.enterprise_applications(completeness)))
            await registrations
            applications = time.perf_counter() - wall
            if task["until_applications"]:
                enterprise.cancel()
            await asyncio.gather(enterprise, return_exceptions=task["until_applications"])
            began = time.perf_counter()
            people = await GraphPeople(asked).people(owners, managers=True)
            seconds = {"applications": applications, "people": time.perf_counter() - began}
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    await client.close()
    if completeness.missing:
        raise SystemExit("; ".join(completeness.missing))
    usage = asked.usage
    return {
        "requests": usage.requests, "throttled": usage.throttled, "cpu": cpu, "wall": wall, "bytes": usage.bytes,
        "stall": monitor.longest, "busy": monitor.longest_busy, "seconds": seconds, "apps": len(kept), "people": len(people),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB,
        "cuts": [moment.isoformat() for moment in registry.cuts(created)],
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(asyncio.run(reader(json.load(sys.stdin)))))
