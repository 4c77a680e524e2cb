"""How long the store takes to save and read a tenant's snapshot, and how long it holds up the event loop.

Run: python -m bench.store [--apps 12000] [--per-app 2.75] [--postgres] [--sqlite]
"""

import argparse
import asyncio
import contextlib
import gc
import random
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alerts.model import (
    Alert,
    Application,
    ApplicationType,
    Credential,
    CredentialRecord,
    CredentialType,
    EscalationPath,
    Person,
    PreviousOwner,
)
from store.store import SqlStore, open_store
from tests.support.postgres import running_postgres

DAY_ONE = datetime(2026, 11, 1, 6, tzinfo=UTC)


def made_id(chance: random.Random) -> str:
    text = f"{chance.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def person(chance: random.Random, manager_id: str = "") -> Person:
    name = f"Person {chance.randrange(10**6)}"
    address = name.replace(" ", ".").lower() + "@contoso.example"
    return Person(
        id=made_id(chance),
        display_name=name,
        user_principal_name=address,
        mail=address,
        account_enabled=True,
        department="Finance",
        preferred_language="en-GB",
        manager_id=manager_id,
    )


def tenant(apps: int, per_app: float) -> Iterator[CredentialRecord]:
    """Records as a scan makes them: two owners of three quarters of the apps, the rest ownerless."""
    chance = random.Random(1)
    managers = [person(chance) for _ in range(200)]
    people = [person(chance, chance.choice(managers).id) for _ in range(3000)]
    left = per_app * apps
    for number in range(apps):
        count = min(round(left / (apps - number)), int(left)) + chance.choice((-1, 0, 1)) if number < apps - 1 else 3
        count = max(1, count)
        left -= count
        owners = tuple(chance.sample(people, 2)) if chance.random() < 0.75 else ()
        credentials = tuple(
            Credential(
                key_id=made_id(chance),
                type=CredentialType.CLIENT_SECRET,
                display_name=f"secret {n}",
                start=DAY_ONE - timedelta(days=200),
                end=DAY_ONE + timedelta(days=chance.randrange(-300, 700)),
            )
            for n in range(count)
        )
        app = Application(
            object_id=made_id(chance),
            app_id=made_id(chance),
            display_name=f"Application number {number}",
            type=ApplicationType.APP_REGISTRATION,
            created=DAY_ONE,
            sign_in_audience="AzureADMyOrg",
            reply_hosts=("app.contoso.example",),
            credentials=credentials,
            owners=owners,
        )
        gone = () if owners else (PreviousOwner(person=people[0], manager=managers[0], seen=DAY_ONE),)
        for credential in credentials:
            yield CredentialRecord(
                run_id="run-1",
                scan_date=DAY_ONE,
                tenant_id="tenant",
                application=app,
                credential=credential,
                days_left=(credential.end - DAY_ONE).days if credential.end else None,
                owners=owners,
                owner=owners[0] if owners else None,
                owner_manager=managers[0] if owners else None,
                previous_owners=gone,
                path=EscalationPath.CURRENT_OWNERS if owners else EscalationPath.PREVIOUS_OWNER,
            )


class Stalls:
    """Longest time between two turns of the event loop while it runs (milliseconds)."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, (time.perf_counter() - before) * 1000 - 1)


class Collector:
    """Longest pause of Python's garbage collector, which grows with the whole heap (milliseconds)."""

    def __init__(self) -> None:
        self.longest = self._began = 0.0

    def __call__(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self.longest = max(self.longest, (time.perf_counter() - self._began) * 1000)


@contextlib.asynccontextmanager
async def measured(name: str) -> AsyncIterator[None]:
    gc.collect()
    stalls, collector = Stalls(), Collector()
    gc.callbacks.append(collector)
    watcher = asyncio.create_task(stalls.watch())
    await asyncio.sleep(0.01)
    stalls.longest = 0
    started = time.perf_counter()
    try:
        yield
    finally:
        took = time.perf_counter() - started
        watcher.cancel()
        gc.callbacks.remove(collector)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {name:<36} {took:7.2f} s   longest stall {stalls.longest:5.0f} ms "
        f"(garbage collector alone {collector.longest:4.0f})   peak {peak:5.0f} MB",
        flush=True,
    )


async def bench(url: str, records: list[CredentialRecord]) -> None:
    store: SqlStore = await open_store(url)
    async with measured("first save"), store.transaction() as tx:
        await tx.save_snapshot(records)
    day_two = DAY_ONE + timedelta(days=1)
    later = [
        replace(r, run_id="run-2", scan_date=day_two, days_left=None if r.days_left is None else r.days_left - 1)
        for r in records
    ]
    async with measured("next day, nothing changed"), store.transaction() as tx:
        await tx.save_snapshot(later)
    changed = [
        replace(r, application=replace(r.application, notes="changed"), run_id="run-3") if n % 100 == 0 else r
        for n, r in enumerate(later)
    ]
    async with measured("one record in a hundred changed"), store.transaction() as tx:
        await tx.save_snapshot(changed)
    async with measured("dropping what nothing uses"), store.transaction() as tx:
        await tx._forget_contents()  # noqa: SLF001
    async with measured("snapshot_keys"), store.reading() as tx:
        keys = await tx.snapshot_keys()
    print(f"    {len(keys)} keys")
    async with measured("snapshot_due") as _, store.reading() as tx:
        due = await tx.snapshot_due(day_two + timedelta(days=30))
    print(f"    {len(due)} due")
    async with measured("find_apps"), store.reading() as tx:
        await tx.find_apps("number 77", 10)
    async with measured("snapshot_of_owner"), store.reading() as tx:
        await tx.snapshot_of_owner(due[0].owners[0].id if due[0].owners else "x")
    alerts = [
        Alert(
            id=f"{n:032x}",
            tenant_id="tenant",
            application=r.application,
            credential=r.credential,
            opened_at=day_two,
            changed_at=day_two,
            stage=30,
        )
        for n, r in enumerate(due)
    ]
    async with measured(f"save {len(alerts)} new alerts"), store.transaction() as tx:
        await tx.save_alerts(alerts)
    changed_alerts = [replace(alert, version=2, stage=14) for alert in alerts]
    async with measured("change them all"), store.transaction() as tx:
        await tx.save_alerts(changed_alerts)
    async with measured("alerts_unclosed"), store.reading() as tx:
        await tx.alerts_unclosed()
    people = list({p.id: p for r in records for p in r.owners}.values())
    async with measured(f"save {len(people)} people"), store.transaction() as tx:
        await tx.save_people(people)
    seen = {
        r.application.object_id: (PreviousOwner(person=r.owner, manager=r.owner_manager, seen=day_two),)
        for r in records
        if r.owner
    }
    async with measured(f"save owners_seen of {len(seen)} apps"), store.transaction() as tx:
        await tx.save_owners_seen(seen)
    async with measured("read owners_seen"), store.reading() as tx:
        await tx.owners_seen()
    async with measured("200 commits of one small value"):
        for number in range(200):
            async with store.transaction() as tx:
                await tx.set_value("n", str(number))
    await store.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--apps", type=int, default=12_000)
    options.add_argument("--per-app", type=float, default=2.75)
    options.add_argument("--sqlite", action="store_true")
    options.add_argument("--postgres", action="store_true")
    chosen = options.parse_args()
    both = not (chosen.sqlite or chosen.postgres)
    records = list(tenant(chosen.apps, chosen.per_app))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(records)} records of {chosen.apps} apps; {peak:.0f} MB before the store")
    if both or chosen.sqlite:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bench.db"
            print("SQLite, synchronous=FULL")
            asyncio.run(bench(f"sqlite:///{path}", records))
            print(f"  file {path.stat().st_size / 1e6:.0f} MB")
    if both or chosen.postgres:
        with running_postgres(durable=True) as server:
            print("PostgreSQL, fsync on")
            asyncio.run(bench(server.new_database(), records))


if __name__ == "__main__":
    main()
