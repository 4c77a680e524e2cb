"""The twins of Entra and Graph in a thread of the test process, so that a test can reach their state."""

import asyncio
import ssl
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from azure.identity.aio import ClientSecretCredential
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph_core import GraphClientFactory

from sandbox import entra, graph
from sandbox.server import start
from sandbox.state import TwinState
from sandbox.tls import make_tls
from sandbox.tokens import GRAPH


@dataclass
class Twins:
    """Running twins, their state, and clients that talk to them over TLS."""

    state: TwinState
    trusted: ssl.SSLContext
    _tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, str]:
        return self.state.settings

    @property
    def ca_file(self) -> str:
        return str(self.state.ca_file)

    def token(self, who: str = "scanner", audience: str = GRAPH) -> str:
        """A token straight from the signing key, kept for the next caller."""
        if (who, audience) not in self._tokens:
            client = self.state.identities.by_name[who]
            self._tokens[who, audience] = self.state.tokens.access_token(client, audience)
        return self._tokens[who, audience]

    def request(
        self, method: str, path: str, *, who: str = "scanner", token: str | None = None, **more
    ) -> httpx.Response:
        """One request to Graph below /v1.0; token '' sends none."""
        authorization = {} if token == "" else {"Authorization": f"Bearer {token or self.token(who)}"}
        headers = {**authorization, **more.pop("headers", {})}
        with httpx.Client(verify=self.trusted, trust_env=False) as client:
            return client.request(method, f"{self.state.urls['graph']}/v1.0{path}", headers=headers, **more)

    def get(self, path: str, *, who: str = "scanner", **more) -> httpx.Response:
        return self.request("GET", path, who=who, **more)

    def post(self, path: str, body: object, *, who: str = "scanner", **more) -> httpx.Response:
        return self.request("POST", path, who=who, json=body, **more)

    def eventual(self, path: str) -> httpx.Response:
        return self.get(path, headers={"ConsistencyLevel": "eventual"})

    def credential(self, who: str = "scanner") -> ClientSecretCredential:
        """azure-identity's own credential for one of Steward's identities."""
        client = self.state.identities.by_name[who]
        return ClientSecretCredential(
            self.state.tenant.tenant_id,
            client.client_id,
            client.secret,
            authority=self.state.urls["entra"],
            disable_instance_discovery=True,
            connection_verify=self.ca_file,
        )

    @asynccontextmanager
    async def sdk(self, who: str = "scanner") -> AsyncIterator[GraphServiceClient]:
        """The real msgraph-sdk with azure-identity."""
        async with self.credential(who) as credential, httpx.AsyncClient(verify=self.trusted, trust_env=False) as http:
            provider = AzureIdentityAuthenticationProvider(
                credential, scopes=[f"{GRAPH}/.default"], allowed_hosts=["127.0.0.1"]
            )
            client = GraphClientFactory.create_with_default_middleware(client=http)
            adapter = GraphRequestAdapter(provider, client)
            adapter.base_url = self.state.urls["graph"] + "/v1.0"
            yield GraphServiceClient(request_adapter=adapter)
            # msgraph-core wraps the transport and swallows its close.
            await getattr(http._transport, "transport").aclose()  # noqa: B009


@contextmanager
def running(
    state_dir: Path, apps: int = 300, seed: int = 1, *, enterprise: int | None = None, owners: int | None = None
) -> Iterator[Twins]:
    """Serve until the block ends."""
    state = TwinState.open(state_dir, apps, seed, enterprise=enterprise, owners=owners)
    tls = make_tls(state.folder)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    services = {"entra": entra.make_app, "graph": graph.make_app}
    runners = asyncio.run_coroutine_threadsafe(start(state, services, tls), loop).result(30)
    try:
        yield Twins(state, ssl.create_default_context(cafile=tls.ca_file))
    finally:
        for runner in runners:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
