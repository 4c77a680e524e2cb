"""The twins of Azure Monitor's Logs Ingestion API and of the Log Analytics query API, over one workspace.

Sources: MicrosoftDocs/azure-monitor-docs, logs/logs-ingestion-api-overview.md, logs/api/response-format.md,
logs/log-standard-columns.md and logs/includes/azure-monitor-limits-custom-logs.md.
"""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from aiohttp import web

from archive.kusto import BadQuery
from archive.tables import TABLES, ColumnType, TableSchema
from sandbox.archive_reader import ArchiveReader
from sandbox.refused import Refused
from sandbox.state import TwinState
from sandbox.tokens import LOG_ANALYTICS, MONITOR
from sandbox.traffic import middlewares
from sandbox.workspace import Workspace, wire_value

log = logging.getLogger(__name__)

STATE = web.AppKey("state", TwinState)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Bytes of one call, compressed and uncompressed.
LIMIT = 1_048_576
#: Characters after which a value is cut off without a word.
FIELD_LIMIT = 65_536
API_VERSION = "2023-01-01"
PUBLISHER = "Monitoring Metrics Publisher"
READERS = frozenset({"Log Analytics Reader", "Log Analytics Data Reader"})
#: Queries of one client in that many seconds, by the real clock.
QUERIES, QUERY_SECONDS = 200, 30.0
STREAMS: Mapping[str, TableSchema] = {table.stream: table for table in TABLES.values()}


class Logs:
    """What both twins share; a part of the practice tenant's state."""

    def __init__(self) -> None:
        self.workspace: Workspace | None = None
        self.lock = asyncio.Lock()
        #: The next so many queries get only a part of their answer.
        self.partial_answers = 0
        #: When the last queries came.
        self.asked: deque[float] = deque(maxlen=QUERIES)
        #: How many of the two apps are up.
        self.users = 0


async def _open(app: web.Application) -> None:
    """Open the workspace, with two years of history at the first start."""
    state = app[STATE]
    logs = state.part(Logs)
    async with logs.lock:
        logs.users += 1
        if logs.workspace is not None:
            return
        workspace = Workspace(state.folder / "workspace", state.now)
        began = time.monotonic()
        rows = await asyncio.get_running_loop().run_in_executor(workspace.pool, workspace.seed, state.tenant)
        if rows:
            log.info("practice: %d records of history made in %.1f s", rows, time.monotonic() - began)
        logs.workspace = workspace
        state.part(ArchiveReader).query = _reader(workspace)


async def _close(app: web.Application) -> None:
    state = app[STATE]
    logs = state.part(Logs)
    logs.users -= 1
    if logs.users == 0 and logs.workspace is not None:
        workspace, logs.workspace = logs.workspace, None
        state.part(ArchiveReader).query = None
        await asyncio.to_thread(workspace.close)


def _reader(workspace: Workspace) -> Callable[[str], Awaitable[list[dict[str, Any]]]]:
    """The query that the practice page asks; raises ValueError for a bad one."""

    async def ask(kql: str) -> list[dict[str, Any]]:
        _, table = await asyncio.get_running_loop().run_in_executor(workspace.pool, workspace.ask, kql)
        return table.dicts()

    return ask


def _app(state: TwinState, service: str) -> web.Application:
    # The twin itself says 413, so that it says so in the service's own words.
    app = web.Application(
        middlewares=[_whole, *middlewares(state.traffic, service), _refusals], client_max_size=64 * LIMIT
    )
    app[STATE] = state
    app.on_startup.append(_open)
    app.on_cleanup.append(_close)
    return app


@web.middleware
async def _whole(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Take the whole request before anything answers: a client that still writes may never see an early answer."""
    await request.read()
    return await handler(request)


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Errors in Azure Monitor's JSON."""
    try:
        return await handler(request)
    except Refused as error:
        body: dict[str, object] = {"code": error.code, "message": error.message}
        if error.inner:
            body |= {"correlationId": str(uuid4()), "innererror": error.inner}
        return web.json_response({"error": body}, status=error.status, headers=error.headers)


def _workspace(request: web.Request) -> Workspace:
    workspace = request.app[STATE].part(Logs).workspace
    if workspace is None:
        raise Refused(503, "ServiceUnavailable", "The workspace is not there yet.", headers={"Retry-After": "1"})
    return workspace


# ---------------------------------------------------------------- ingestion


def make_ingestion_app(state: TwinState) -> web.Application:
    """The data collection endpoint."""
    app = _app(state, "ingestion")
    app.router.add_post("/dataCollectionRules/{rule}/streams/{stream}", ingest)
    return app


async def ingest(request: web.Request) -> web.Response:
    """POST a JSON array of rows, gzip or not; 204."""
    state = request.app[STATE]
    claims = state.claims(request, MONITOR)
    rule, stream = request.match_info["rule"], request.match_info["stream"]
    if rule != state.identities.rule_id:
        raise Refused(404, "NotFound", f"Data collection rule with immutable Id '{rule}' not found.")
    client = state.client(claims.client_id)
    if client is None or PUBLISHER not in client.azure_roles:
        raise Refused(
            403,
            "OperationFailed",
            "The authentication token provided does not have access to ingest data "
            f"for the data collection rule with immutable Id '{rule}'.",
        )
    if request.query.get("api-version") != API_VERSION:
        raise Refused(400, "InvalidApiVersion", f"The api-version must be {API_VERSION}.")
    if stream not in STREAMS:
        raise Refused(
            404, "InvalidStream", f"Stream '{stream}' was not configured or does not exist in the data collection rule."
        )
    table = STREAMS[stream]
    body = await request.read()  # aiohttp has unpacked it already
    for size in (request.content_length or 0, len(body)):
        if size > LIMIT:
            raise Refused(
                413,
                "ContentLengthLimitExceeded",
                f"Maximum allowed content length: {LIMIT} bytes (1 MB). Provided content length: {size} bytes.",
            )
    workspace = _workspace(request)
    rows = _rows(table, body, state.now())
    await asyncio.get_running_loop().run_in_executor(workspace.pool, workspace.add, table, rows)
    return web.Response(status=204)


def _rows(table: TableSchema, body: bytes, now: datetime) -> list[dict[str, Any]]:
    """The rows as the workspace keeps them. Raises Refused 400."""
    try:
        given = json.loads(body, parse_constant=_no_constant)
    except ValueError as error:
        raise Refused(400, "InvalidContent", f"The content is not valid JSON: {error}") from error
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise Refused(400, "InvalidContent", "The content must be a JSON array of objects.")
    return [_row(table, each, now) for each in given]


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _row(table: TableSchema, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """One row: columns that the stream does not declare are dropped, missing ones are empty."""
    row = {name: _value(name, kind, given.get(name)) for name, kind in table.types().items()}
    generated = row["TimeGenerated"]
    if generated is None or not now - timedelta(days=2) <= generated <= now + timedelta(days=1):
        row["TimeGenerated"] = now
    return row


def _value(name: str, kind: ColumnType, value: Any) -> Any:
    if value is None:
        return "" if kind == "string" else None
    good = {
        "string": isinstance(value, str),
        "int": isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**31,
        "real": isinstance(value, (int, float)) and not isinstance(value, bool),
        "datetime": isinstance(value, str),
        "dynamic": True,
    }[kind]
    if not good:
        raise Refused(400, "InvalidRecord", f"Column '{name}' is a {kind}, the record has a {type(value).__name__}.")
    if kind == "string":
        return value[:FIELD_LIMIT]
    if kind == "datetime":
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise Refused(400, "InvalidRecord", f"Column '{name}' is a datetime: {value!r} is none.") from error
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return value


# ---------------------------------------------------------------- query


def make_query_app(state: TwinState) -> web.Application:
    """The query endpoint."""
    app = _app(state, "query")
    app.router.add_post("/v1/workspaces/{workspace}/query", query)
    return app


async def query(request: web.Request) -> web.Response:
    """POST {"query"}: the answer as one table; KQL is run as it is, with the practice tenant's now()."""
    state = request.app[STATE]
    claims = state.claims(request, LOG_ANALYTICS)
    client = state.client(claims.client_id)
    if request.match_info["workspace"] != state.identities.workspace_id:
        raise Refused(404, "WorkspaceNotFoundError", "The requested workspace was not found.")
    if client is None or not READERS & client.azure_roles:
        raise Refused(
            403,
            "InsufficientAccessError",
            "The provided credentials have insufficient access to perform the requested operation",
        )
    logs = state.part(Logs)
    _throttle(logs)
    try:
        body = await request.json()
        kql = str(body["query"])
    except (ValueError, KeyError, TypeError) as error:
        raise _bad_argument("QueryValidationError", "The body must be a JSON object with a query.") from error
    if body.get("timespan"):
        raise _bad_argument("NotInThePracticeTenant", "The practice tenant takes no timespan: say it in the query.")
    workspace = _workspace(request)
    try:
        columns, table = await asyncio.get_running_loop().run_in_executor(workspace.pool, workspace.ask, kql)
    except BadQuery as error:
        raise _bad_argument(error.code, str(error)) from error
    rows = [[wire_value(kind, value) for (_, kind), value in zip(columns, row, strict=True)] for row in table.rows]
    answer: dict[str, Any] = {}
    if logs.partial_answers > 0:
        logs.partial_answers -= 1
        rows = rows[: len(rows) // 2]
        answer["error"] = {
            "code": "PartialError",
            "message": "There were some errors when processing your query.",
            "details": [
                {
                    "code": "EngineError",
                    "message": "Something went wrong processing your query on the server.",
                    "innererror": {
                        "code": "-2133196797",
                        "message": "Query result set has exceeded the internal limits.",
                        "severity": 2,
                        "severityName": "Error",
                    },
                }
            ],
        }
    answer["tables"] = [
        {
            "name": "PrimaryResult",
            "columns": [{"name": name, "type": kind} for name, kind in columns],
            "rows": rows,
        }
    ]
    return web.json_response(answer)


def _bad_argument(code: str, message: str) -> Refused:
    return Refused(
        400, "BadArgumentError", "The request had some invalid properties", inner={"code": code, "message": message}
    )


def _throttle(logs: Logs) -> None:
    """At most 200 queries in 30 seconds; then 429."""
    now = time.monotonic()
    if len(logs.asked) == QUERIES and now - logs.asked[0] < QUERY_SECONDS:
        wait = int(QUERY_SECONDS - (now - logs.asked[0])) + 1
        raise Refused(429, "ThrottledError", "Rate limit is exceeded.", headers={"Retry-After": str(wait)})
    logs.asked.append(now)
