"""What a scan costs: requests, seconds, memory and stalls of `app.py scan --json`, beside the bare floor.

The practice tenant runs in a process of its own. Three more, one after the other, each fresh:
the scan as anybody would start it; Steward's reader alone (apps, owners, managers, nothing decided); and the floor:
the same pages by a bare aiohttp client and msgspec, nothing made of them.

Run: make bench-scan, or python bench/scan.py [--apps 12000] [--scans 2]
"""

import argparse
import asyncio
import json
import os
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402 - after the path is set
import msgspec  # noqa: E402

from alerts.ports import Completeness  # noqa: E402
from graph.applications import APPLICATION_FIELDS, ENTERPRISE_FIELDS, GraphApplications  # noqa: E402
from graph.client import GraphClient, Identity  # noqa: E402
from graph.people import IDS_PER_FILTER, USER_FIELDS, GraphPeople  # noqa: E402
from graph.reader import GraphReader  # noqa: E402
from sandbox.launch import Practice, start_or_attach  # noqa: E402
from scanner.stall import StallMonitor  # noqa: E402

MB = 1024.0
#: The promises of the first version, printed beside what was measured.
MOST_REQUESTS, MOST_MEMORY_MB, MOST_STALL_MS = 150, 300, 100


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure a scan of the practice tenant.")
    parser.add_argument("--apps", type=int, default=int(os.environ.get("PRACTICE_APPS", "12000")))
    parser.add_argument("--scans", type=int, default=2, help="scans, one after the other (default 2)")
    parser.add_argument("--part", choices=("reader", "floor"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        spent = asyncio.run(_reader() if options.part == "reader" else _floor())
        print(json.dumps(spent))
        return 0
    with tempfile.TemporaryDirectory(prefix="steward-bench-") as folder:
        practice = start_or_attach(Path(folder), options.apps, 1)
        try:
            return _compare(practice, Path(folder), options.apps, options.scans)
        finally:
            practice.stop()


def _compare(practice: Practice, folder: Path, apps: int, scans: int) -> int:
    environment = {**os.environ, "STATE_DIR": str(folder), "PRACTICE_APPS": str(apps), "PRACTICE_SEED": "1"}
    report: dict[str, Any] = {}
    kept = True
    for number in range(1, scans + 1):
        report, memory = _scan(environment)
        kept = _print_scan(number, report, memory) and kept
    settings = {**environment, **practice.settings, "BENCH_CA_FILE": practice.ca_file}
    reader, floor = _part("reader", settings), _part("floor", settings)
    phases = report["phase_seconds"]
    reading = max(phases["applications"], phases["enterprise_applications"]) + phases["people"]
    print("\nReading alone           requests    CPU s   wall s   peak MB   stall ms")
    print(f"  the scan's phases     {report['requests']:8}        -   {reading:6.2f}         -          -")
    print(_line("Steward's reader", reader) + f" {1000 * reader['stall']:10.0f}")
    print(_line("bare floor", floor))
    print(
        f"  reader / floor: {reader['cpu'] / floor['cpu']:.2f} in CPU, {reader['wall'] / floor['wall']:.2f} in wall time; "
        f"{reader['bytes'] / 1e6:.1f} MB of JSON"
    )
    return 0 if kept else 1


def _line(name: str, spent: dict[str, Any]) -> str:
    return f"  {name:<20} {spent['requests']:9} {spent['cpu']:8.2f} {spent['wall']:8.2f} {spent['peak_mb']:9.0f}"


def _scan(environment: dict[str, str]) -> tuple[dict[str, Any], float]:
    """The scan's JSON and the peak memory of its process in MB."""
    command = [sys.executable, str(ROOT / "app.py"), "scan", "--json"]
    peak = 0.0
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            peak = max(peak, _peak_mb(process.pid))
            time.sleep(0.05)
        text = process.stdout.read() if process.stdout else ""
    if not text.strip():
        raise SystemExit(f"the scan said nothing and ended with {process.returncode}")
    report: dict[str, Any] = json.loads(text)
    return report, peak


def _peak_mb(pid: int) -> float:
    """High-water mark of a process' resident memory, 0 where the system does not say."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / MB
    except OSError:
        pass
    return 0.0


def _print_scan(number: int, report: dict[str, Any], memory: float) -> bool:
    phases = {name: seconds for name, seconds in report["phase_seconds"].items() if name != "longest_stall"}
    stall = 1000 * report["phase_seconds"]["longest_stall"]
    print(f"Scan {number}: {report['status']}, {report['applications']} app registrations, "
          f"{report['enterprise_applications']} enterprise apps, {report['credentials']} credentials, "
          f"{report['due']} due, {report['notices_queued']} notices queued")  # fmt: skip
    print(f"  {report['requests']} requests to Graph (at most {MOST_REQUESTS}), {report['throttled']} throttled, "
          f"{report['resource_units']} resource units")  # fmt: skip
    print(f"  {report['seconds']:.1f} s: " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in phases.items()))
    print(f"  peak memory {memory:.0f} MB (at most {MOST_MEMORY_MB}), "
          f"longest event loop stall {stall:.0f} ms (at most {MOST_STALL_MS})")  # fmt: skip
    for error in report["errors"]:
        print(f"  error: {error}")
    return report["requests"] <= MOST_REQUESTS and memory < MOST_MEMORY_MB and stall <= MOST_STALL_MS


def _part(name: str, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__)), "--part", name]
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    spent: dict[str, Any] = json.loads(done.stdout)
    return spent


# ---------------------------------------------------------------- Steward's reader


async def _reader() -> dict[str, Any]:
    """Apps, enterprise apps, owners and managers by the product's own reader, kept in memory."""
    env = os.environ
    client = GraphClient(
        Identity(
            tenant_id=env["AZURE_TENANT_ID"],
            client_id=env["AZURE_CLIENT_ID"],
            client_secret=env["AZURE_CLIENT_SECRET"],
            authority_host=env["AZURE_AUTHORITY_HOST"],
            endpoint=env["GRAPH_ENDPOINT"],
            ca_file=env["BENCH_CA_FILE"],
        )
    )
    reader = GraphReader(client)
    registry, completeness = GraphApplications(reader), Completeness()
    async with StallMonitor() as monitor:
        wall, cpu = time.perf_counter(), time.process_time()
        listed = await asyncio.gather(
            _kept(registry.applications(completeness)), _kept(registry.enterprise_applications(completeness))
        )
        owners = {owner.id for apps in listed for app in apps for owner in app.owners}
        await GraphPeople(reader).people(owners, managers=True)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    await client.close()
    if completeness.missing:
        raise SystemExit("; ".join(completeness.missing))
    usage = reader.usage
    return {
        "requests": usage.requests, "cpu": cpu, "wall": wall, "bytes": usage.bytes, "stall": monitor.longest,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB,
    }  # fmt: skip


async def _kept(pages: Any) -> list[Any]:
    return [app async for page in pages for app in page.apps if app.credentials]


# ---------------------------------------------------------------- the floor


class _Reference(msgspec.Struct):
    id: str


class _App(msgspec.Struct):
    id: str
    owners: list[_Reference] = []


class _Page(msgspec.Struct):
    value: list[_App]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


class _Floor:
    """Fetches the pages that the reader fetches; decodes ids and nothing else."""

    def __init__(self, session: aiohttp.ClientSession, base: str, headers: dict[str, str]) -> None:
        self.session, self.base, self.headers = session, base, headers
        self.requests = self.bytes = 0
        self.owners: set[str] = set()

    async def listing(self, path: str, **headers: str) -> None:
        decoder = msgspec.json.Decoder(_Page)
        url: str | None = self.base + path
        while url:
            async with self.session.get(url, headers={**self.headers, **headers}) as answer:
                body = await answer.read()
            self.requests += 1
            self.bytes += len(body)
            page = decoder.decode(body)
            self.owners.update(owner.id for app in page.value for owner in app.owners)
            url = page.next_link

    async def people(self, ids: list[str]) -> set[str]:
        """One round of $batch; the ids of managers."""
        urls = []
        for start in range(0, len(ids), IDS_PER_FILTER):
            chosen = ",".join(f"'{one}'" for one in ids[start : start + IDS_PER_FILTER])
            urls.append(
                f"/users?$select={USER_FIELDS}&$expand=manager($select=id)&$filter=" + quote(f"id in ({chosen})")
            )
        chunks = [urls[start : start + 20] for start in range(0, len(urls), 20)]
        gate = asyncio.Semaphore(4)

        async def post(chunk: list[str]) -> set[str]:
            parts = [{"id": str(number), "method": "GET", "url": url} for number, url in enumerate(chunk)]
            async with (
                gate,
                self.session.post(self.base + "/$batch", json={"requests": parts}, headers=self.headers) as answer,
            ):
                body = await answer.read()
            self.requests += 1
            self.bytes += len(body)
            users = [user for part in msgspec.json.decode(body)["responses"] for user in part["body"]["value"]]
            return {user["manager"]["id"] for user in users if user.get("manager")}

        found: set[str] = set()
        for managers in await asyncio.gather(*(post(chunk) for chunk in chunks)):
            found |= managers
        return found


async def _floor() -> dict[str, Any]:
    env = os.environ
    context = ssl.create_default_context(cafile=env["BENCH_CA_FILE"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        form = {
            "grant_type": "client_credentials", "client_id": env["AZURE_CLIENT_ID"],
            "client_secret": env["AZURE_CLIENT_SECRET"], "scope": "https://graph.microsoft.com/.default",
        }  # fmt: skip
        url = f"{env['AZURE_AUTHORITY_HOST'].rstrip('/')}/{env['AZURE_TENANT_ID']}/oauth2/v2.0/token"
        async with session.post(url, data=form) as answer:
            token = (await answer.json())["access_token"]
        floor = _Floor(session, env["GRAPH_ENDPOINT"] + "/v1.0", {"Authorization": f"Bearer {token}"})
        wall, cpu = time.perf_counter(), time.process_time()
        expand = "&$expand=owners($select=id)&$top=999"
        kind = "&$filter=servicePrincipalType%20"
        await asyncio.gather(
            floor.listing(f"/applications?$select={APPLICATION_FIELDS}{expand}"),
            floor.listing(f"/servicePrincipals?$select={ENTERPRISE_FIELDS}{kind}eq%20'Application'{expand}"),
        )
        await floor.listing(
            f"/servicePrincipals?$select={ENTERPRISE_FIELDS}{kind}ne%20'Application'%20and%20"
            "servicePrincipalType%20ne%20'ManagedIdentity'&$count=true&$top=999",
            ConsistencyLevel="eventual",
        )
        owners = sorted(floor.owners)
        managers = await floor.people(owners)
        await floor.people(sorted(managers - set(owners)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "requests": floor.requests, "cpu": cpu, "wall": wall, "bytes": floor.bytes,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
