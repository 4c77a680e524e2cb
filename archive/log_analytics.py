"""Log Analytics by Microsoft's own SDKs: the Logs Ingestion API to write, the Logs Query API to ask.

Both clients are the synchronous ones in a few threads of their own: the asynchronous query client turns
answers into Python values on the event loop (100,000 rows stalled it for 12 seconds), the asynchronous
ingestion client compresses there.
"""

import asyncio
import io
import json
import logging
import random
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.monitor.ingestion import LogsIngestionClient
from azure.monitor.query import LogsQueryClient, LogsQueryPartialResult, LogsQueryResult, LogsTable

from alerts.errors import ArchiveError
from alerts.ports import Table
from archive.identity import LogsIdentity
from archive.kql import load, text_with

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Answers after which the same call may succeed. After a timeout or a lost connection the rows may have
#: arrived: repeating can double them, which every query copes with; not repeating could lose them.
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
ATTEMPTS = 5
#: Seconds before the second attempt, doubled each time.
FIRST_PAUSE = 1.0
#: A service that asks for a longer wait than this many seconds is left for the next upload.
LONGEST_PAUSE = 120.0

#: Hosts whose own name is the audience of their tokens; a private endpoint speaks for the global one.
QUERY_AUDIENCES = frozenset(
    {
        "api.loganalytics.io",
        "api.loganalytics.azure.com",
        "api.loganalytics.us",
        "api.loganalytics.azure.cn",
    }
)
#: End of the ingestion host -> token scope.
INGESTION_SCOPES = {
    ".azure.us": "https://monitor.azure.us/.default",
    ".azure.cn": "https://monitor.azure.cn/.default",
}


class Rejected(ArchiveError):
    """Log Analytics refused this very chunk; others may well pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Workspace:
    """Where the archive is in Azure.

    Attributes:
        ingestion_endpoint: https URL of the data collection endpoint, or the rule's own.
        rule_id: immutable id of the data collection rule.
        workspace_id: the workspace's GUID.
        query_endpoint: https URL without /v1.
    """

    ingestion_endpoint: str
    rule_id: str
    workspace_id: str
    query_endpoint: str = "https://api.loganalytics.io"

    @property
    def query_audience(self) -> str:
        host = urlsplit(self.query_endpoint).hostname or ""
        return f"https://{host}" if host in QUERY_AUDIENCES else "https://api.loganalytics.io"

    @property
    def ingestion_scope(self) -> str:
        host = urlsplit(self.ingestion_endpoint).hostname or ""
        found = (scope for end, scope in INGESTION_SCOPES.items() if host.endswith(end))
        return next(found, "https://monitor.azure.com/.default")


class LogAnalytics:
    """One workspace.

    Args:
        workspace: where it is.
        identity: who writes and asks; needs Monitoring Metrics Publisher on the rule and Log Analytics Data
            Reader on the workspace.
        parallel: chunks under way at once.
        query_seconds: how long the service may take for one query (at most 600).
        pause: waits between attempts; tests replace it.
    """

    def __init__(
        self,
        workspace: Workspace,
        identity: LogsIdentity,
        *,
        parallel: int = 1,
        query_seconds: int = 180,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._workspace = workspace
        self._identity = identity
        self._query_seconds = query_seconds
        self._pause = pause
        self.parallel = parallel
        self._sending = asyncio.Semaphore(parallel)
        self._pool = ThreadPoolExecutor(parallel + 2, thread_name_prefix="log-analytics")
        self._clients = _Clients(workspace, identity)
        #: Replaced ones, which another thread may still be using.
        self._old: list[_Clients] = []

    async def send(self, stream: str, body: bytes) -> None:
        """Send one gzip-compressed JSON array of rows; returns when it is acknowledged.

        Raises Rejected when the service refuses these rows, ArchiveError when it cannot be reached.
        """
        async with self._sending:
            await self._patiently(f"upload to {stream}", lambda: self._upload(stream, body))

    def _upload(self, stream: str, body: bytes) -> None:
        self._clients.ingestion.upload(
            self._workspace.rule_id, stream, io.BytesIO(body), content_type="application/json"
        )

    async def query(self, name: str, **values: object) -> Table:
        """Answer `queries/<name>.kql`. Raises ArchiveError, on a partial answer too."""
        text = text_with(load(name), values)
        result = await self._patiently(name, lambda: self._ask(text))
        if isinstance(result, LogsQueryPartialResult):
            error = result.partial_error
            raise ArchiveError(f"{name}: only a part of the answer: {error.message if error else 'no reason given'}")
        if not result.tables:
            raise ArchiveError(f"{name}: an answer without a table")
        return await asyncio.get_running_loop().run_in_executor(self._pool, _table, result.tables[0])

    def _ask(self, text: str) -> LogsQueryResult | LogsQueryPartialResult:
        return self._clients.query.query_workspace(
            self._workspace.workspace_id,
            text,
            timespan=None,
            server_timeout=self._query_seconds,
            read_timeout=self._query_seconds + 30,
        )

    async def _patiently(self, what: str, call: Callable[[], T]) -> T:
        """Run a blocking call of an SDK with our own retries; its own know neither 408, 502 nor lost connections."""
        loop = asyncio.get_running_loop()
        renewed = False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await loop.run_in_executor(self._pool, call)
            except ClientAuthenticationError as error:
                # A token can expire on its way: once with a fresh one.
                if renewed:
                    raise ArchiveError(f"{what}: {_said(error)}") from error
                renewed = True
                self._old.append(self._clients)
                self._clients = _Clients(self._workspace, self._identity)
            except HttpResponseError as error:
                status = error.status_code or 0
                wait = _retry_after(error)
                if status not in AGAIN or attempt == ATTEMPTS or (wait or 0) > LONGEST_PAUSE:
                    kind = Rejected if status in (400, 413) else ArchiveError
                    raise kind(f"{what}: {_said(error)}") from error
                await self._wait(what, attempt, wait, f"HTTP {status}")
            except (AzureError, json.JSONDecodeError) as error:
                if attempt == ATTEMPTS:
                    raise ArchiveError(f"{what}: no usable answer: {error}") from error
                await self._wait(what, attempt, None, type(error).__name__)
        raise ArchiveError(f"{what}: gave up")

    async def _wait(self, what: str, attempt: int, asked: float | None, why: str) -> None:
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads retries, guards nothing
        seconds = asked if asked is not None else FIRST_PAUSE * 2 ** (attempt - 1) * jitter
        log.info("log analytics: %s: %s, attempt %d of %d, again in %.1f s", what, why, attempt, ATTEMPTS, seconds)
        await self._pause(seconds)

    async def close(self) -> None:
        """Wait for calls under way, then close the connections."""
        await asyncio.get_running_loop().run_in_executor(None, self._pool.shutdown)
        for clients in (*self._old, self._clients):
            clients.close()


class _Clients:
    """Both SDK clients with one fresh credential; the SDK's own retries are off."""

    def __init__(self, workspace: Workspace, identity: LogsIdentity) -> None:
        self._credential: Any = identity.credential()
        common: dict[str, Any] = {"retry_total": 0, "connection_timeout": 10, "read_timeout": 60}
        if identity.ca_file:
            common["connection_verify"] = identity.ca_file
        self.ingestion = LogsIngestionClient(
            workspace.ingestion_endpoint,
            self._credential,
            credential_scopes=[workspace.ingestion_scope],
            **common,
        )
        self.query = LogsQueryClient(
            self._credential,
            endpoint=workspace.query_endpoint.rstrip("/"),
            audience=workspace.query_audience,
            **common,
        )

    def close(self) -> None:
        self.ingestion.close()
        self.query.close()
        self._credential.close()


def _retry_after(error: HttpResponseError) -> float | None:
    response: Any = error.response
    header = response.headers.get("Retry-After", "") if response is not None else ""
    try:
        return max(0.0, float(header))
    except ValueError:
        return None


def _said(error: AzureError) -> str:
    """What the service said, in one line of bounded length."""
    status = getattr(error, "status_code", None)
    text = " ".join(str(error.message).split())[:500]
    return f"HTTP {status}: {text}" if status else text


def _table(table: LogsTable) -> Table:
    kinds = list(table.columns_types)
    rows = tuple(tuple(_native(kind, value) for kind, value in zip(kinds, row, strict=True)) for row in table.rows)
    return Table(columns=tuple(table.columns), rows=rows)


def _native(kind: str, value: Any) -> object:
    """A value of the SDK as the archive's callers know it: times aware UTC, dynamics decoded."""
    if value is None or (kind in ("guid", "timespan") and value == "None"):
        return None
    if kind == "datetime":
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if kind == "dynamic" and isinstance(value, str):
        try:
            return json.loads(value) if value else None
        except ValueError:
            return value
    return value
