"""The production SDK's client for one identity: credential, hosts, TLS and proxies set right, its own retries off."""

import asyncio
import contextlib
import importlib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import httpx
from azure.core.credentials import AccessToken
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity.aio import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_http.middleware import ParametersNameDecodingHandler
from kiota_http.middleware.middleware import BaseMiddleware
from kiota_http.middleware.options import ResponseHandlerOption
from kiota_http.middleware.user_agent_handler import UserAgentHandler
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.graph_request_adapter import options as sdk_options
from msgraph_core import GraphClientFactory
from msgraph_core.middleware import GraphTelemetryHandler
from msgraph_core.middleware.options import GraphTelemetryHandlerOption

from alerts.errors import GraphError
from graph.gate import Gate
from graph.transport import LARGEST_BODY, AiohttpTransport, BodyTooLarge

# Loaded by the libraries with the first request, which would hold up the event loop for a tenth of a second.
for _lazy in (
    "azure.core.pipeline.transport._aiohttp",
    "azure.core.rest._aiohttp",
    "azure.core.rest._requests_basic",
    "encodings.utf_8_sig",
    "msal_extensions",
):
    with contextlib.suppress(ImportError):  # their own affair where such a module stands
        importlib.import_module(_lazy)

#: GraphError.code when nothing was written to the wire: the request certainly did not run.
NOT_SENT = "notSent"
#: GraphError.code when the request was written and no whole answer came: it may have run.
NO_ANSWER = "noAnswer"
#: GraphError.code when Entra refused a token.
TOKEN_REFUSED = "tokenRefused"  # noqa: S105 - an error code

#: GraphError.code when an answer was larger than any that Steward asks for; no retry helps.
TOO_LARGE = "tooLarge"
#: The SDK's own, which carries its version.
_TELEMETRY = sdk_options[GraphTelemetryHandlerOption.get_key()]
#: Seconds that a whole answer may take, however steadily it drips.
LONGEST_ANSWER = 300.0

#: Graph's hosts in the national clouds (Graph: deployments); each has its own token scope.
CLOUD_HOSTS = frozenset(
    {"graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"}
)
#: Authorities that Entra's instance discovery knows; any other would be asked about at login.microsoftonline.com.
PUBLIC_AUTHORITIES = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """Who asks Graph, and where; plain values from the settings.

    Exactly one kind of credential is used: secret, certificate, federated token file, else managed identity.

    Attributes:
        endpoint: https URL without path, such as https://graph.microsoft.com.
        authority_host: https URL or host of the token service.
        ca_file: PEM file that TLS connections are checked against, '' for the system's.
    """

    tenant_id: str
    client_id: str = ""
    client_secret: str = ""
    certificate_path: str = ""
    certificate_password: str = ""
    federated_token_file: str = ""
    authority_host: str = "https://login.microsoftonline.com"
    endpoint: str = "https://graph.microsoft.com"
    ca_file: str = ""

    def __post_init__(self) -> None:
        if urlsplit(self.endpoint).scheme != "https" or not urlsplit(self.endpoint).hostname:
            raise ValueError(f"The Graph endpoint must be an https URL, got {self.endpoint!r}")

    @property
    def base_url(self) -> str:
        return self.endpoint.rstrip("/") + "/v1.0"

    @property
    def scope(self) -> str:
        """Each national cloud has its own audience; a private endpoint speaks for the global one."""
        host = urlsplit(self.endpoint).hostname or ""
        return f"https://{host if host in CLOUD_HOSTS else 'graph.microsoft.com'}/.default"

    def credential(self) -> AsyncTokenCredential:
        """A fresh credential with an empty token cache."""
        authority = self.authority_host if "://" in self.authority_host else "https://" + self.authority_host
        # Quirk: an unknown authority is looked up at login.microsoftonline.com unless discovery is off.
        common = {"disable_instance_discovery": urlsplit(authority).hostname not in PUBLIC_AUTHORITIES}
        # aiohttp reads SSL_CERT_FILE only when it is imported; a named file works whenever it is set.
        tls = {"connection_verify": self.ca_file} if self.ca_file else {}
        if self.client_secret:
            return ClientSecretCredential(
                self.tenant_id, self.client_id, self.client_secret, authority=authority, **common, **tls
            )
        if self.certificate_path:
            return CertificateCredential(
                self.tenant_id,
                self.client_id,
                self.certificate_path,
                password=self.certificate_password or None,
                authority=authority,
                **common,
                **tls,
            )
        if self.federated_token_file:
            return WorkloadIdentityCredential(
                tenant_id=self.tenant_id,
                client_id=self.client_id,
                token_file_path=self.federated_token_file,
                authority=authority,
                **common,
                **tls,
            )
        return ManagedIdentityCredential(client_id=self.client_id or None)


class RenewableCredential:
    """A credential whose cached token can be forgotten, as azure-identity offers no way to.

    azure-identity also keeps a token until it really expires when a renewal was tried less than 30 s ago; a
    fresh credential asks again at once.
    """

    def __init__(self, make: Callable[[], AsyncTokenCredential]) -> None:
        self._make = make
        self._credential = make()
        self._old: list[AsyncTokenCredential] = []
        #: Counted up with every renewal.
        self.generation = 0
        # azure-identity asks for as many tokens as there are requests waiting for the first.
        self._one_at_a_time = asyncio.Lock()

    async def get_token(
        self,
        *scopes: str,
        claims: str | None = None,
        tenant_id: str | None = None,
        enable_cae: bool = False,
        **kwargs: object,
    ) -> AccessToken:
        async with self._one_at_a_time:
            while self._old:
                await self._old.pop().close()
            return await self._credential.get_token(
                *scopes, claims=claims, tenant_id=tenant_id, enable_cae=enable_cae, **kwargs
            )

    def renew(self, generation: int) -> None:
        """Forget the cached token unless somebody has since: ten parallel 401 cost one new token, not ten."""
        if generation != self.generation:
            return
        self.generation += 1
        self._old.append(self._credential)
        self._credential = self._make()

    async def close(self) -> None:
        for credential in (*self._old, self._credential):
            await credential.close()
        self._old.clear()


class _NamesDecoded(ParametersNameDecodingHandler):
    """The SDK's handler for %24select and the like; URLs without such a name pass by, which it would parse twice."""

    async def send(self, request: httpx.Request, transport: httpx.AsyncBaseTransport) -> httpx.Response:
        way = super().send if b"%24" in request.url.query else partial(BaseMiddleware.send, self)
        response: httpx.Response = await way(request, transport)
        return response


class _Straight(httpx.AsyncClient):
    """Sends once and as it is told.

    Cookies, redirects and sign-ins of httpx's own have no part in asking Graph, and take a tenth of a millisecond.
    """

    async def send(self, request: httpx.Request, **_options: Any) -> httpx.Response:
        return await self._transport_for_url(request.url).handle_async_request(request)


class GraphClient:
    """msgraph-sdk's client and adapter for one identity; `send` is one HTTP request and its raw answer.

    Many readers may share it: connections, token and the gate at which they wait are common to them.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        gate: Gate | None = None,
        timeout: float = 90.0,
        largest_body: int = LARGEST_BODY,
        heard: Callable[[str, str], None] | None = None,
    ) -> None:
        """Imports and TLS contexts are paid for here, not inside a running event loop.

        Args:
            identity: who asks, and where.
            gate: shared by all clients of one tenant and identity; a new one when None.
            timeout: seconds without a piece of an answer.
            largest_body: bytes of one answer, after decompression; a larger one is an error.
            heard: told the host and the Date header of each answer.
        """
        self.identity = identity
        self.gate = gate or Gate()
        #: Held by whoever decodes a large answer.
        self.decoding = asyncio.Lock()
        self._credential = RenewableCredential(identity.credential)
        host = urlsplit(identity.endpoint).hostname or ""
        provider = AzureIdentityAuthenticationProvider(
            self._credential,
            scopes=[identity.scope],
            # Quirk: compared without the port, and an empty list would hand the token to every host.
            allowed_hosts=[host],
            # A claims challenge would be answered inside the SDK by a request that nobody counts.
            is_cae_enabled=False,
        )
        verify = httpx.create_ssl_context(
            ssl.create_default_context(cafile=identity.ca_file) if identity.ca_file else True
        )
        self._transport = AiohttpTransport(
            host, verify, timeout=timeout, longest=LONGEST_ANSWER, largest_body=largest_body, heard=heard
        )
        http = _Straight(transport=self._transport)
        # Of the SDK's default middleware only what its URLs need and what names it to Graph. Its retries count
        # nothing, ignore decimal Retry-After and repeat POSTs: sendMail ran three times. Graph's API does not
        # redirect, and a token must not follow one that does.
        middleware = [_NamesDecoded(), UserAgentHandler(), GraphTelemetryHandler(_TELEMETRY)]
        self.adapter = GraphRequestAdapter(
            provider, client=GraphClientFactory.create_with_custom_middleware(middleware, client=http)
        )
        self.adapter.base_url = identity.base_url
        # Also registers the parsers, without which the adapter alone raises on the first answer.
        self.sdk = GraphServiceClient(request_adapter=self.adapter)
        self._native = ResponseHandlerOption(NativeResponseHandler())

    async def send(self, request: RequestInformation) -> httpx.Response:
        """Send one request once and return whatever was answered, errors included.

        Raises:
            GraphError: no whole answer came; `code` says whether anything was written.
        """
        # The provider keeps a token that already stands in the request, also one that was refused.
        request.headers.remove("Authorization")
        request.add_request_options([self._native])
        try:
            response: httpx.Response = await self.adapter.send_primitive_async(request, "bytes", {})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise GraphError(f"Graph cannot be reached: {_words(error)}", code=NOT_SENT) from error
        except BodyTooLarge as error:
            raise GraphError(f"Graph's answer is too large: {error}", code=TOO_LARGE) from error
        except httpx.HTTPError as error:
            raise GraphError(f"Graph gave no whole answer: {_words(error)}", code=NO_ANSWER) from error
        except ClientAuthenticationError as error:
            raise GraphError(
                f"Entra refused a token for client {self.identity.client_id}: {_words(error)}",
                status=401,
                code=TOKEN_REFUSED,
            ) from error
        except (ServiceRequestError, ServiceResponseError) as error:
            raise GraphError(f"The token service cannot be reached: {_words(error)}", code=NOT_SENT) from error
        except AzureError as error:
            raise GraphError(f"No token for Graph: {_words(error)}", code=NOT_SENT) from error
        return response

    @property
    def token_generation(self) -> int:
        """Which token a request sent now will carry; goes back to `renew_token` if that is refused."""
        return self._credential.generation

    def renew_token(self, generation: int) -> None:
        """Forget the cached token of that generation, after an answer 401."""
        self._credential.renew(generation)

    def same_host(self, url: str) -> bool:
        """Whether a link that Graph sent stays at this endpoint: scheme, host and port."""
        theirs, ours = urlsplit(url), urlsplit(self.identity.endpoint)
        try:
            return (theirs.scheme, theirs.hostname, theirs.port or 443) == ("https", ours.hostname, ours.port or 443)
        except ValueError:
            return False

    async def close(self) -> None:
        # msgraph-core's wrapping transport would swallow the client's close: the sockets beneath stay open.
        await self._transport.aclose()
        await self._credential.close()


def _words(error: BaseException) -> str:
    """The first line of an error, or its name: TLS and socket errors often say nothing."""
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__
