"""What a scan costs, beside what it promises: requests, seconds, CPU, memory, stalls and throttling.

For each tenant, in processes of their own, one after the other: the first scan, which opens all alerts at once; in the
small tenant a scan as anybody starts it; second scans, which know what the first one learnt; Steward's reader alone, also
while Graph counts both collections together; the bare floor, which sends the same requests and decodes ids only; and a
sample of the plain way, one request for each app and owner.

Whole scans of the large tenant leave out Graph's report on last use, which is optional: at the pace that Graph allows it
takes eleven minutes there, and nothing else would be measured meanwhile.

Run: make bench-scan, or python bench/scan.py [--small | --large] [--latency SECONDS ...]
Ends with 1 if a promise is broken.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sandbox.launch import Practice, start_or_attach  # noqa: E402 - after the path is set

Numbers = dict[str, Any]

#: Apps of the plain way's sample.
SAMPLE = 300


@dataclass(frozen=True, kw_only=True)
class Population:
    apps: int
    enterprise: int
    owners: int
    #: Seconds for each answer in the second scans that are made unless others are asked for.
    latencies: tuple[float, ...]
    #: Whether whole scans read the report on last use.
    last_use: bool
    #: Times that the reader and the floor run; the least CPU counts.
    repetitions: int


SMALL = Population(apps=12_000, enterprise=20_000, owners=4_000, latencies=(0, 0.05, 1), last_use=True, repetitions=7)
# Whole scans of a large tenant with slow answers take minutes: there the reader alone shows what they cost.
LARGE = Population(apps=100_000, enterprise=150_000, owners=30_000, latencies=(0,), last_use=False, repetitions=3)


@dataclass(kw_only=True)
class Promises:
    """What is promised, beside what was measured."""

    lines: list[str] = field(default_factory=list)
    missed: int = 0

    def hold(self, what: str, figure: float, limit: float, unit: str = "", *, below: bool = False) -> None:
        """`below`: the figure must stay under the limit, else it may reach it."""
        kept = figure < limit if below else figure <= limit
        self.missed += not kept
        bound = "under" if below else "at most"
        self.lines.append(
            f"  {'pass' if kept else 'MISS'} {what}: {_number(figure)}{unit}, {bound} {_number(limit)}{unit}"
        )


def _number(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2f}"


# ---------------------------------------------------------------- one tenant


class Tenant:
    """A running practice tenant of one size, and what is measured on it."""

    def __init__(self, population: Population, folder: Path) -> None:
        self.population = population
        began = time.perf_counter()
        self.practice: Practice = start_or_attach(
            folder, population.apps, 1, enterprise=population.enterprise, owners=population.owners
        )
        self.environment = {
            **os.environ, "STATE_DIR": str(folder), "PRACTICE_APPS": str(population.apps), "PRACTICE_SEED": "1",
        }  # fmt: skip
        print(f"\n=== {population.apps:,} app registrations, {population.enterprise:,} enterprise apps, "
              f"about {population.owners:,} owners; made in {time.perf_counter() - began:.0f} s")  # fmt: skip

    def control(self, method: str, path: str, body: object = None) -> Any:
        return self.practice.call(method, "/control/" + path, body, seconds=120)

    def prepare(self, *, latency: float = 0, limits: bool = True, shared: bool = False) -> int:
        """Set latency, forget what was asked so far, as a minute of quiet would; the place in the log of requests.

        `shared`: whether Graph counts requests for keyCredentials of both collections together.
        """
        self.control("POST", "latency", {"service": "graph", "seconds": latency})
        self.control("POST", "throttle", {"on": limits, "shared": shared, "forget": True})
        return int(self.control("GET", f"requests?since={10**9}")["mark"])

    def seen(self, mark: int) -> list[Numbers]:
        """What Graph answered since."""
        return [
            each for each in self.control("GET", f"requests?since={mark}")["requests"] if each["service"] == "graph"
        ]

    # ------------------------------------------------------------ scans

    def command(self) -> Numbers:
        """`app.py scan --json`, as anybody starts it."""
        mark = self.prepare()
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, str(ROOT / "app.py"), "scan", "--json"], cwd=ROOT, env=self.environment,
            stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if not done.stdout.strip():
            raise SystemExit(f"the scan said nothing and ended with {done.returncode}")
        report = {**json.loads(done.stdout), "process_seconds": time.perf_counter() - began}
        return self._with_traffic(report, mark)

    def scan(self, latency: float = 0, *, last_use: bool = False) -> Numbers:
        """A scan in an otherwise idle process; with the report on last use it takes a minute more in the small tenant."""
        mark = self.prepare(latency=latency)
        task = {"last_use": last_use}
        return self._with_traffic(self._part("scan_whole.py", task, self.environment), mark)

    def _with_traffic(self, report: Numbers, mark: int) -> Numbers:
        kinds = Counter(_kind(each["method"], each["path"]) for each in self.seen(mark) if not each["part_of"])
        limits = self.control("GET", "throttle")
        if report["status"] != "succeeded":
            print(f"  the scan {report['status']}: " + "; ".join(report["errors"]))
        return {**report, "kinds": dict(kinds), "limits": limits}

    # ------------------------------------------------------------ parts of it

    def reader(self, cuts: list[str], *, latency: float = 0) -> tuple[Numbers, list[Numbers]]:
        """Steward's reader alone, and what it sent; with latency in Graph's limits, until apps and people are read."""
        paced = latency > 0
        mark = self.prepare(latency=latency, limits=paced)
        task = {"cuts": cuts, "paced": paced, "until_applications": paced}
        return self._part("scan_reader.py", task, self._client()), self.seen(mark)

    def counted_together(self, cuts: list[str]) -> Numbers:
        """The reader while Graph counts both collections together; what it took, and what Graph's limits saw."""
        self.prepare(shared=True)
        task = {"cuts": cuts, "paced": True, "until_applications": False}
        spent = self._part("scan_reader.py", task, self._client())
        return {**spent, "limits": self.control("GET", "throttle")}

    def floor(self, sent: list[Numbers]) -> Numbers:
        """The same requests by the bare floor."""
        chains = [
            each["path"]
            for each in sent
            if each["method"] == "GET" and not each["part_of"] and "skiptoken=" not in each["path"]
        ]
        batches: dict[int, list[str]] = {}
        for each in sent:
            if each["part_of"]:
                batches.setdefault(each["part_of"], []).append(each["path"].removeprefix("/v1.0"))
        self.prepare(limits=False)
        return self._part("scan_floor.py", {"chains": chains, "batches": list(batches.values())}, self._client())

    def plain(self) -> Numbers:
        self.prepare(limits=False)
        return self._part("scan_floor.py", {"sample": SAMPLE}, self._client())

    def _client(self) -> dict[str, str]:
        return {**self.environment, **self.practice.settings, "BENCH_CA_FILE": self.practice.ca_file}

    def _part(self, file: str, task: Numbers, environment: dict[str, str]) -> Numbers:
        done = subprocess.run(
            [sys.executable, str(ROOT / "bench" / file)], cwd=ROOT, env=environment, input=json.dumps(task),
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        spent: Numbers = json.loads(done.stdout.splitlines()[-1])
        return spent


def _kind(method: str, path: str) -> str:
    if method == "POST":
        return "batches"
    for mark, kind in (("/$count", "counts"), ("/delta", "changes"), ("/reports/", "last use")):
        if mark in path:
            return kind
    if "keyCredentials" in path:
        return "application pages" if path.startswith("/v1.0/applications") else "enterprise pages"
    return "others"


# ---------------------------------------------------------------- measuring and printing


def _measure(tenant: Tenant, latencies: tuple[float, ...], promises: Promises) -> Numbers:
    """Everything about one tenant; what the comparison of two tenants needs."""
    population = tenant.population
    first = tenant.scan(last_use=population.last_use)
    _print_scan("first scan", first)
    scans = [first]
    if population.last_use:
        scans.append(tenant.command())
        _print_scan("app.py scan --json, as anybody starts it", scans[-1])
    seconds = [(latency, tenant.scan(latency)) for latency in latencies]
    for latency, scan in seconds:
        _print_scan(f"second scan, {1000 * latency:.0f} ms an answer", scan)
    scans += [scan for _, scan in seconds]
    cuts = tenant.reader([])[0]["cuts"]
    sent = tenant.reader(cuts)[1]
    # In turns, so that what else the machine does meets both.
    pairs = [(tenant.reader(cuts)[0], tenant.floor(sent)) for _ in range(population.repetitions)]
    reader, floor = (min(spent, key=lambda each: float(each["cpu"])) for spent in zip(*pairs, strict=True))
    together = tenant.counted_together(cuts)
    slow = next((scan["phase_seconds"] for latency, scan in seconds if latency == 1), None)
    alone = tenant.reader(cuts, latency=1)[0]
    _print_parts(tenant, reader, floor, alone)
    _print_rest(seconds[0][1], reader)
    size = f"{population.apps:,} apps"
    _promise_scans(promises, population, size, scans)
    _promise_limits(promises, size, scans, together)
    if population is SMALL:
        promises.hold(f"{size}, CPU of the reader / of the floor", reader["cpu"] / floor["cpu"], 3)
    waits = slow if slow is not None else alone["seconds"]
    how = "second scan" if slow is not None else "reader alone, people read anew"
    limit = 8 if population is SMALL else 35
    spent = waits.get("applications", 0) + waits.get("people", 0)
    promises.hold(f"{size}, 1 s an answer, applications and people ({how})", spent, limit, " s", below=True)
    last = seconds[0][1]
    kinds = {"first scan": first, "further one": scans[1]}
    if population.last_use:
        kinds["further one without last use"] = last
    print("  1,000 apps cost: " + "; ".join(
        f"{name} {1000 * scan['requests'] / population.apps:.1f} requests and "
        f"{1000 * scan['resource_units'] / population.apps:.1f} resource units" for name, scan in kinds.items()
    ))  # fmt: skip
    return {"requests": last["requests"] - last["kinds"].get("last use", 0), "cpu": reader["cpu"]}


def _promise_scans(promises: Promises, population: Population, size: str, scans: list[Numbers]) -> None:
    small = population is SMALL
    if small:
        pages = max(scan["kinds"].get("application pages", 0) for scan in scans)
        promises.hold(f"{size}, requests for pages of app registrations", pages, 15)
        promises.hold(f"{size}, HTTP requests to Graph", max(scan["requests"] for scan in scans), 150)
        stall = max(1000 * scan["phase_seconds"].get("longest_stall", 0) for scan in scans)
        promises.hold(f"{size}, longest stall of the event loop", stall, 50, " ms", below=True)
        busy = max(1000 * scan["busy"] for scan in scans if "busy" in scan)
        promises.hold(f"{size}, longest time that the event loop was busy without a break", busy, 50, " ms", below=True)
    growth = max(scan["peak_mb"] - scan["idle_mb"] for scan in scans if "peak_mb" in scan)
    promises.hold(
        f"{size}, memory over the idle process, first scan included", growth, 120 if small else 250, " MB", below=True
    )


def _promise_limits(promises: Promises, size: str, scans: list[Numbers], together: Numbers) -> None:
    what = f"{size}, requests refused for keyCredentials"
    promises.hold(f"{what}, a limit for each collection", sum(scan["limits"]["breaches"] for scan in scans), 0)
    promises.hold(f"{what}, one limit for both together (reader alone)", together["limits"]["breaches"], 0)
    asked = [*scans, together]
    most = max(scan["limits"]["most_in_a_minute"].get("together", 0) for scan in asked)
    promises.hold(f"{size}, most requests for keyCredentials in a minute, both collections together", most, 150)


def _print_scan(name: str, scan: Numbers) -> None:
    phases = {phase: spent for phase, spent in scan["phase_seconds"].items() if phase != "longest_stall"}
    kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(scan["kinds"].items()))
    most = scan["limits"]["most_in_a_minute"]
    print(f"\n{name}: {scan['status']}, {scan['applications']:,} app registrations, "
          f"{scan['enterprise_applications']:,} enterprise apps, {scan['credentials']:,} credentials")  # fmt: skip
    print(f"  {scan['requests']} requests, {scan['resource_units']} resource units ({kinds}); {scan['throttled']} throttled, "
          f"{scan['limits']['breaches']} for keyCredentials, of which there were {most.get('applications', 0)} + "
          f"{most.get('servicePrincipals', 0)} and together {most.get('together', 0)} in the fullest minute")  # fmt: skip
    print(f"  {scan['seconds']:.1f} s: " + ", ".join(f"{phase} {spent:.2f}" for phase, spent in phases.items())
          + f"; longest stall {1000 * scan['phase_seconds'].get('longest_stall', 0):.0f} ms")  # fmt: skip
    if "process_seconds" in scan:
        print(f"  {scan['process_seconds']:.1f} s with start and end of the process")
    if "idle_mb" in scan:
        print(f"  memory: {scan['idle_mb']:.0f} MB idle, {scan['peak_mb']:.0f} MB at the peak, "
              f"growth {scan['peak_mb'] - scan['idle_mb']:.0f} MB ({scan['imported']} modules came late); busy without a break "
              f"for {1000 * scan['busy']:.0f} ms at most; "
              f"CPU {scan['cpu_start']:.1f} s to start, {scan['cpu']:.1f} s to scan")  # fmt: skip


def _print_parts(tenant: Tenant, reader: Numbers, floor: Numbers, alone: Numbers) -> None:
    """The reader beside the floor and the plain way, which is reckoned up from a sample."""
    sample, apps, people = tenant.plain(), tenant.population.apps, reader["people"]
    requests = math.ceil(apps / 100) + apps + people
    cpu, wall = (requests * sample[name] / sample["requests"] for name in ("cpu", "wall"))
    print("\nreading alone              requests    CPU s   wall s   peak MB")
    for name, spent in (("Steward's reader", reader), ("bare floor", floor)):
        print(f"  {name:<24} {spent['requests']:8} {spent['cpu']:8.2f} {spent['wall']:8.2f} {spent['peak_mb']:9.0f}")
    print(f"  {'plain way, reckoned':<24} {requests:8} {cpu:8.0f} {wall:8.0f}         -   "
          f"(from {sample['requests']} requests for {SAMPLE} apps; {wall + requests * 0.05:,.0f} s at 50 ms, "
          f"{(wall + requests) / 3600:.1f} h at 1 s; it reads no enterprise apps)")  # fmt: skip
    print(f"  reader / floor: {reader['cpu'] / floor['cpu']:.2f} in CPU, {reader['wall'] / floor['wall']:.2f} in wall time, "
          f"{reader['bytes'] / 1e6:.1f} and {floor['bytes'] / 1e6:.1f} MB; longest stall {1000 * reader['stall']:.0f} ms, "
          f"{1000 * reader['busy']:.0f} ms of it busy")  # fmt: skip
    print(f"  plain / reader: {requests / reader['requests']:.0f} in requests, {cpu / reader['cpu']:.0f} in CPU, "
          f"{wall / reader['wall']:.0f} in wall time")  # fmt: skip
    print(f"  1 s an answer: applications {alone['seconds']['applications']:.1f} s, "
          f"people {alone['seconds']['people']:.1f} s (read anew), {alone['throttled']} throttled")  # fmt: skip


def _print_rest(scan: Numbers, reader: Numbers) -> None:
    print(f"  CPU of a second scan: {scan['cpu_start']:.1f} s imports and opening, {reader['cpu']:.1f} s reading (alone, people "
          f"anew), {max(0.0, scan['cpu'] - reader['cpu']):.1f} s archive, decisions and store")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure scans of practice tenants beside what is promised.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--small", action="store_true", help="only the tenant of 12,000 app registrations")
    size.add_argument("--large", action="store_true", help="only the tenant of 100,000")
    parser.add_argument(
        "--latency",
        type=float,
        nargs="+",
        metavar="SECONDS",
        help="of each answer in the second scans, such as 0 0.05 1",
    )
    options = parser.parse_args()
    chosen = [SMALL] if options.small else [LARGE] if options.large else [SMALL, LARGE]
    promises, measured, began = Promises(), {}, time.perf_counter()
    for population in chosen:
        with tempfile.TemporaryDirectory(prefix="steward-bench-") as folder:
            tenant = Tenant(population, Path(folder))
            try:
                measured[population.apps] = _measure(tenant, tuple(options.latency or population.latencies), promises)
            finally:
                tenant.practice.stop()
    if len(measured) == 2:
        small, large = measured[SMALL.apps], measured[LARGE.apps]
        for name, unit in (("requests", "requests but for last use"), ("cpu", "CPU of the reader")):
            promises.hold(f"100,000 apps / 12,000 apps, {unit}", large[name] / small[name], 9.5)
    print(f"\nPromises, measured in {time.perf_counter() - began:.0f} s")
    print("\n".join(promises.lines))
    return 1 if promises.missed else 0


if __name__ == "__main__":
    sys.exit(main())
