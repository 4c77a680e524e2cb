"""The archive's tests run against both adapters: the embedded one, and the SDKs against the twins over TLS."""

import asyncio
import gc
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

from archive.embedded import EmbeddedArchive
from archive.identity import LogsIdentity
from archive.log_analytics import LogAnalytics, Workspace
from archive.spool import SpooledArchive
from sandbox import entra, logs
from sandbox.logs import Logs
from sandbox.server import start
from sandbox.state import TwinState
from sandbox.tls import make_tls
from tests.archive.build import Clock

# How long an example takes says nothing on a shared machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@dataclass
class Azure:
    """The twins of Entra and Azure Monitor, served over TLS."""

    state: TwinState
    identity: LogsIdentity
    workspace: Workspace
    clock: Clock
    #: Seconds that Log Analytics' client wanted to wait between attempts; it does not really wait.
    pauses: list[float]

    def client(self, **more) -> LogAnalytics:
        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)

        return LogAnalytics(self.workspace, self.identity, pause=pause, **more)

    def rows(self, kql: str) -> list[dict]:
        """What the workspace really holds."""
        workspace = self.state.part(Logs).workspace
        assert workspace is not None
        return workspace.ask(kql)[1].dicts()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def azure(tmp_path: Path, clock: Clock) -> AsyncIterator[Azure]:
    state = TwinState.open(tmp_path / "twins", apps=100, seed=1, real_now=clock)
    # The past is not what these tests are about.
    workspace = state.folder / "workspace"
    workspace.mkdir()
    (workspace / "seeded").touch()
    tls = make_tls(state.folder)
    services = {
        "entra": entra.make_app,
        "ingestion": logs.make_ingestion_app,
        "query": logs.make_query_app,
        "graph": entra.make_app,
    }
    runners = await start(state, services, tls)
    scanner = state.identities.by_name["scanner"]
    yield Azure(
        state=state,
        clock=clock,
        pauses=[],
        identity=LogsIdentity(
            tenant_id=state.tenant.tenant_id,
            client_id=scanner.client_id,
            client_secret=scanner.secret,
            authority_host=state.urls["entra"],
            ca_file=str(state.ca_file),
        ),
        workspace=Workspace(
            ingestion_endpoint=state.urls["ingestion"],
            rule_id=state.identities.rule_id,
            workspace_id=state.identities.workspace_id,
            query_endpoint=state.urls["query"],
        ),
    )
    # urllib3 closes the connections of a closed session when it is collected, which an exception can put off;
    # the servers must see the end of them, or asyncio waits for a TLS farewell that never comes.
    gc.collect()
    await asyncio.sleep(0.05)
    for runner in reversed(runners):
        await runner.cleanup()


@pytest.fixture
async def embedded(tmp_path: Path, clock: Clock) -> AsyncIterator[EmbeddedArchive]:
    archive = EmbeddedArchive(tmp_path / "archive", clock, version="1.0")
    yield archive
    await archive.close()


@pytest.fixture
async def spooled(tmp_path: Path, clock: Clock, azure: Azure) -> AsyncIterator[SpooledArchive]:
    """Embedded, with the Log Analytics twin behind it."""
    archive = SpooledArchive(EmbeddedArchive(tmp_path / "spool", clock, version="1.0", spooling=True), azure.client())
    yield archive
    await archive.close()
