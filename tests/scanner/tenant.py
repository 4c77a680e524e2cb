"""A small tenant behind the scripted Graph, with the real store, archive and engine: move the clock, scan, look."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.engine import Engine
from alerts.errors import ArchiveError
from alerts.model import CredentialRecord, Decision, Policy, PreviousOwner, ScannedTenant, ScanRun
from alerts.roles import Roles
from archive.embedded import EmbeddedArchive
from archive.history import ArchiveHistory
from graph.applications import GraphApplications
from graph.last_use import GraphLastUse
from graph.people import GraphPeople
from scanner.scan import Scanner
from store.store import SqlStore, open_store
from tests.graph.scripted import Answer, Bench, error, graph_bench, page

START = datetime(2031, 5, 1, 6, tzinfo=UTC)


def oid(name: str) -> str:
    """An object id that a person can read back: the name in hex."""
    return f"00000000-0000-0000-0000-{name.encode().hex():0>12}"[:36]


@dataclass
class SeenByEngine:
    """The real engine, keeping what it was given."""

    engine: Engine
    tenants: list[ScannedTenant] = field(default_factory=list)

    async def decide(self, scan: ScannedTenant) -> Decision:
        # The scanner's own stand on the disk while it runs.
        self.tenants.append(replace(scan, applications=list(scan.applications)))
        return await self.engine.decide(scan)

    @property
    def last(self) -> ScannedTenant:
        return self.tenants[-1]


class CountedHistory(ArchiveHistory):
    """The real history, counting its questions; may be told that the service is away."""

    def __init__(self, archive: EmbeddedArchive) -> None:
        super().__init__(archive)
        self.asked: list[Sequence[str]] = []
        self.failure: ArchiveError | None = None

    async def previous_owners(self, object_ids: Sequence[str], days: int) -> dict[str, tuple[PreviousOwner, ...]]:
        self.asked.append(object_ids)
        if self.failure:
            raise self.failure
        return await super().previous_owners(object_ids, days)


class WatchedArchive(EmbeddedArchive):
    """The real embedded archive, noting the order of what is done; Log Analytics behind it may refuse."""

    failure: ArchiveError | None = None
    disk_full = False

    def __init__(self, folder: Path, tenant: "Tenant") -> None:
        super().__init__(folder, tenant.clock)
        self.steps: list[str] = []

    async def append_records(self, run: ScanRun, records: Any) -> None:
        self.steps.append("records")
        if self.disk_full:
            raise ArchiveError("no space left")
        await super().append_records(run, records)

    async def upload(self) -> int:
        self.steps.append("upload")
        if self.failure:
            raise self.failure
        return 0

    async def append_run(self, run: ScanRun) -> None:
        self.steps.append("run row")
        await super().append_run(run)


@dataclass(kw_only=True)
class Tenant:
    """What Graph shows, and Steward beside it."""

    bench: Bench
    store: SqlStore
    now: datetime = START
    apps: dict[str, dict[str, Any]] = field(default_factory=dict)
    enterprise: dict[str, dict[str, Any]] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: Name of an app registration -> names of its federated credentials.
    federated: dict[str, list[str]] = field(default_factory=dict)
    last_use: bool = False
    #: Begin of a path -> answers before the tenant's own.
    faults: dict[str, list[Answer]] = field(default_factory=dict)
    #: The users as they were when each link to their changes was given out.
    _links: list[dict[str, dict[str, Any]]] = field(default_factory=list)
    archive: WatchedArchive = field(init=False)
    history: CountedHistory = field(init=False)
    engine: SeenByEngine = field(init=False)

    def clock(self) -> datetime:
        return self.now

    # ------------------------------------------------------------ what Graph shows

    def person(self, name: str, manager: str = "", **more: Any) -> None:
        self.users[oid(name)] = {
            "id": oid(name),
            "displayName": name.title(),
            "userPrincipalName": f"{name}@example.com",
            "mail": f"{name}@example.com",
            "accountEnabled": True,
            "manager": {"id": oid(manager)} if manager else None,
            **more,
        }

    def app(self, name: str, *owners: str, days: float | None = 20.5, **more: Any) -> None:
        """An app registration with one secret that ends in so many days."""
        self.apps[name] = self._app(name, owners, days, more)

    def enterprise_app(self, name: str, *owners: str, days: float | None = None, **more: Any) -> None:
        self.enterprise[name] = self._app(name, owners, days, more)

    def _app(self, name: str, owners: Sequence[str], days: float | None, more: dict[str, Any]) -> dict[str, Any]:
        secret = {
            "keyId": oid(name + "key"),
            "displayName": "ci",
            "startDateTime": (START - timedelta(days=300)).isoformat(),
            "endDateTime": (self.now + timedelta(days=days or 0)).isoformat(),
        }
        return {
            "id": oid(name),
            "appId": f"app-{name}",
            "displayName": name.title(),
            "passwordCredentials": [] if days is None else [secret],
            "keyCredentials": [],
            "owners": [{"@odata.type": "#microsoft.graph.user", "id": oid(owner)} for owner in owners],
            **more,
        }

    def answer(self, path: str) -> Answer:
        for begin, answers in self.faults.items():
            if path.startswith(begin) and answers:
                return answers.pop(0) if len(answers) > 1 else answers[0]
        if path.startswith("/applications?$filter=federatedIdentityCredentials"):
            return page(*({"id": oid(name)} for name in self.federated))
        if "/federatedIdentityCredentials?" in path:
            return page(
                *({"name": each} for name, names in self.federated.items() if oid(name) in path for each in names)
            )
        if path.startswith(("/applications?", "/servicePrincipals?$select")):
            known = self.apps if path.startswith("/applications?") else self.enterprise
            rare = "servicePrincipalType ne" in path
            return page(*() if rare else known.values())
        if path.startswith("/users/delta?"):
            return self._changed_users(path)
        if path.startswith("/users?"):
            asked = re.findall(r"'([0-9a-f-]{36})'", path)
            return page(*(self.users[id_] for id_ in asked if id_ in self.users))
        if path.startswith(("/servicePrincipals?$filter=id in", "/directory/deletedItems")):
            return page()
        return error(404, "Request_ResourceNotFound", path)

    def _changed_users(self, path: str) -> Answer:
        """Users that are not as they were when the link was given out; nobody from now on."""
        found = re.search(r"deltatoken=(\d+)", path)
        before = self._links[int(found.group(1))] if found else self.users
        changed = [id_ for id_ in before.keys() | self.users.keys() if before.get(id_) != self.users.get(id_)]
        items = [self.users.get(id_, {"id": id_, "@removed": {"reason": "deleted"}}) for id_ in changed]
        self._links.append(deepcopy(self.users))
        link = self.bench.graph.link(f"/users/delta?$deltatoken={len(self._links) - 1}")
        return Answer(body={"value": items, "@odata.deltaLink": link})

    # ------------------------------------------------------------ what Steward does

    def scanner(self) -> Scanner:
        policy = Policy()
        reader = self.bench.reader()
        return Scanner(
            registry=GraphApplications(reader),
            people=GraphPeople(reader),
            last_use=GraphLastUse(self.bench.reader()) if self.last_use else None,
            history=self.history,
            archive=self.archive,
            store=self.store,
            engine=self.engine,
            clock=self.clock,
            tenant_id="tenant",
            history_days=policy.history_days,
            refresh_roles=self.engine.engine.roles.refresh,
            scratch_folder=self.archive.folder,
        )

    async def scan(self) -> ScanRun:
        return await self.scanner().scan()

    async def next_day(self, days: int = 1) -> ScanRun:
        self.now += timedelta(days=days)
        return await self.scan()

    async def snapshot(self) -> dict[str, CredentialRecord]:
        """App name -> its record as last stored."""
        async with self.store.reading() as tx:
            records = await tx.snapshot_due(self.now + timedelta(days=5000))
        return {record.application.display_name.lower(): record for record in records}

    async def open_alerts(self) -> set[str]:
        async with self.store.reading() as tx:
            return {alert.application.display_name.lower() for alert in await tx.alerts_unclosed()}


@asynccontextmanager
async def small_tenant(folder: Path) -> AsyncIterator[Tenant]:
    """ana owns, ben left, mia is his manager, ada is admin."""
    async with graph_bench(folder) as bench:
        store = await open_store(f"sqlite:///{folder / 'steward.db'}")
        tenant = Tenant(bench=bench, store=store)
        tenant.archive = WatchedArchive(folder / "archive", tenant)
        tenant.history = CountedHistory(tenant.archive)
        roles = Roles(store=store, admin_users=(oid("ada"),), people=GraphPeople(bench.reader()))
        tenant.engine = SeenByEngine(Engine(store=store, policy=Policy(), roles=roles))
        bench.graph.answer = tenant.answer  # type: ignore[method-assign]
        for name, manager in (("ana", "mia"), ("ben", "mia"), ("mia", ""), ("eli", "mia"), ("ada", "")):
            tenant.person(name, manager)
        try:
            yield tenant
        finally:
            await tenant.archive.close()
            await store.close()
