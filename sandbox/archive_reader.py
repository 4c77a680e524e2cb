"""Reads the archive for the practice page, through the same query service that Steward asks.

Only fixed queries; what a person types is matched against their rows.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sandbox.state import TwinState

Json = dict[str, Any]
Query = Callable[[str], Awaitable[list[Json]]]

EVENTS = """// steward: practice events
CredentialEvents_CL
| where TimeGenerated > ago(35d)
| summarize arg_max(TimeGenerated, *) by EventId
| order by TimeGenerated desc
| take 500
"""

RECORDS = """// steward: practice records
let LatestRun = toscalar(
    CredentialScanRuns_CL
    | where TimeGenerated > ago(35d) and Status in ("succeeded", "partial")
    | top 1 by StartedAt desc
    | project RunId);
ClientSecretMonitoring_CL
| where TimeGenerated > ago(35d) and RunId == LatestRun
| summarize arg_max(TimeGenerated, *) by ApplicationObjectId, CredentialKeyId
| where isnotnull(SecretExpiresDays)
| order by SecretExpiresDays asc
| take 2000
"""

OWNER = """// steward: practice owner
ClientSecretMonitoring_CL
| where TimeGenerated > ago(35d) and ApplicationObjectId == "{object_id}"
| top 1 by TimeGenerated desc
| project OwnerId
"""


class Unreadable(Exception):
    """The archive could not be read."""


class ArchiveReader:
    """The query that the logs twin offers; a part of the state, None until that twin serves."""

    query: Query | None = None


async def ask(state: TwinState, kql: str) -> list[Json]:
    """The rows of a query as JSON values. Raises Unreadable."""
    query = state.part(ArchiveReader).query
    if query is None:
        raise Unreadable("The archive is not there yet.")
    try:
        rows = await query(kql)
    except (ValueError, RuntimeError, OSError) as error:
        raise Unreadable(f"The archive could not be read: {error}") from error
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


async def events(state: TwinState) -> list[Json]:
    """The newest events, newest first. Raises Unreadable."""
    return await ask(state, EVENTS)


async def records(state: TwinState) -> list[Json]:
    """The records of the newest scan, most urgent first, those long expired last. Raises Unreadable."""
    return sorted(await ask(state, RECORDS), key=lambda row: (row["SecretExpiresDays"] < -7, row["SecretExpiresDays"]))


async def owner_of(state: TwinState, object_id: str) -> str:
    """OwnerId in the newest daily record of an app, '' when there is none or it cannot be read."""
    try:
        rows = await ask(state, OWNER.format(object_id=UUID(object_id)))
    except Unreadable:
        return ""
    return str(rows[0].get("OwnerId") or "") if rows else ""


def matching(rows: Sequence[Json], search: str) -> list[Json]:
    """Rows in whose values the text stands, in any case."""
    wanted = search.strip().lower()
    return [row for row in rows if not wanted or any(wanted in str(value).lower() for value in row.values())]


def since(rows: Sequence[Json], at: datetime) -> list[Json]:
    """Rows whose TimeGenerated is not before `at`."""
    return [row for row in rows if _time(row) >= at]


def _time(row: Json) -> datetime:
    moment = datetime.fromisoformat(str(row["TimeGenerated"]))
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _plain(value: Any) -> Any:
    """A value as JSON: times as text with their zone, dynamic columns decoded."""
    if isinstance(value, datetime):
        return (value if value.tzinfo is not None else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, str) and value[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
