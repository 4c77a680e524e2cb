"""A tenant of several pages behind the practice Graph, scanned under faults and held against an undisturbed scan."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from alerts.model import Application, Decision, Person, ScannedTenant, ScanRun
from archive.embedded import EmbeddedArchive
from archive.history import ArchiveHistory
from graph.applications import GraphApplications
from graph.client import GraphClient
from graph.gate import Gate
from graph.people import GraphPeople
from graph.reader import GraphReader
from sandbox.graph_throttle import Throttle
from sandbox.tenant import TwinApp
from sandbox.traffic import Fault
from scanner.scan import Scanner
from store.store import SqlStore, open_store
from tests.graph.scripted import FakeTime
from tests.sandbox.twins import Twins
from tests.support.identities import scanner_of

START = datetime(2031, 5, 1, 6, tzinfo=UTC)


@dataclass
class Keeper:
    """In the engine's place: keeps what it was given, saves the people as the engine does, and decides nothing."""

    store: SqlStore
    tenants: list[ScannedTenant] = field(default_factory=list)

    async def decide(self, scan: ScannedTenant) -> Decision:
        # The scanner's own stand on the disk while it runs.
        self.tenants.append(replace(scan, applications=list(scan.applications)))
        async with self.store.transaction() as tx:
            await tx.save_people(scan.people.values())
        return Decision(records=())


@dataclass
class Estate:
    """The tenant, and scans of it; waits cost no time."""

    twins: Twins
    client: GraphClient
    store: SqlStore
    archive: EmbeddedArchive
    keeper: Keeper

    async def scan(self) -> ScanRun:
        reader = GraphReader(self.client)
        scanner = Scanner(
            registry=GraphApplications(reader),
            people=GraphPeople(reader),
            history=ArchiveHistory(self.archive),
            archive=self.archive,
            store=self.store,
            engine=self.keeper,
            clock=lambda: START,
            tenant_id="tenant",
            history_days=730,
        )
        return await scanner.scan()

    def order(self, **fault: object) -> Fault:
        return self.twins.state.traffic.order(Fault(**{"path": "/v1.0/", **fault}))  # type: ignore[arg-type]

    @property
    def apps(self) -> dict[str, Application]:
        """Object id -> app, as the last scan read it."""
        return {app.object_id: app for app in self.keeper.tenants[-1].applications}

    @property
    def people(self) -> dict[str, Person]:
        return dict(self.keeper.tenants[-1].people)

    def true_apps(self) -> list[TwinApp]:
        """What a scan must find: everything alive with a credential, but managed identities."""
        tenant = self.twins.state.tenant
        living = [*tenant.registrations(), *tenant.enterprise_apps()]
        return [app for app in living if app.credentials and app.service_principal_type != "ManagedIdentity"]


def facts(apps: Iterable[Application]) -> dict[str, tuple[str, frozenset[str]]]:
    """What makes an app removed or ownerless if it is wrong: its name and the ids of its owners."""
    return {app.object_id: (app.display_name, frozenset(owner.id for owner in app.owners)) for app in apps}


@asynccontextmanager
async def estate_of(twins: Twins, folder: Path) -> AsyncIterator[Estate]:
    """A fresh store and client; the tenant undisturbed, without limits, as long as nothing is ordered."""
    twins.state.traffic.clear()
    twins.state.tokens.uses_allowed = 0
    # Waits cost no time here, so that a minute's limit would never end.
    twins.state.part(Throttle).on = False
    time = FakeTime()
    client = GraphClient(scanner_of(twins), gate=Gate(sleep=time.sleep, monotonic=time.monotonic))
    store = await open_store(f"sqlite:///{folder / 'steward.db'}")
    archive = EmbeddedArchive(folder / "archive", lambda: START)
    try:
        yield Estate(twins, client, store, archive, Keeper(store))
    finally:
        twins.state.traffic.clear()
        twins.state.tokens.uses_allowed = 0
        await archive.close()
        await store.close()
        await client.close()
