"""Who has changed an app's credentials, from Entra's audit log (Graph: list directoryAudits, AuditLog.Read.All)."""

import logging
from datetime import UTC, datetime
from typing import Any

import msgspec

from graph.reader import GraphReader, query
from graph.wire import Unreadable, decode_item, text

log = logging.getLogger(__name__)

#: Words of the activities that concern credentials (Entra: audit activities, category ApplicationManagement).
ABOUT_CREDENTIALS = ("credential", "certificates and secrets", "update application", "update service principal")
#: Entries of one answer: more changes of one app in a day than this are not looked through.
MOST_ENTRIES = "50"


class _Who(msgspec.Struct, rename="camel"):
    display_name: Any = None
    user_principal_name: Any = None


class _InitiatedBy(msgspec.Struct):
    user: _Who | None = None
    app: _Who | None = None


class _Entry(msgspec.Struct, rename="camel"):
    activity_display_name: Any = None
    activity_date_time: Any = None
    initiated_by: _InitiatedBy | None = None


_ENTRY = msgspec.json.Decoder(_Entry)


class GraphAuditLog:
    """The ChangeLog port over Graph."""

    def __init__(self, reader: GraphReader) -> None:
        self._reader = reader

    async def who_changed(self, object_id: str, since: datetime, until: datetime) -> str:
        """Whoever changed the app's credentials last; see the port. Entries that cannot be read are left out."""
        condition = (
            f"targetResources/any(t:t/id eq '{object_id}') and activityDateTime ge {_time(since)}"
            f" and activityDateTime le {_time(until)}"
        )
        path = query("/auditLogs/directoryAudits", filter=condition, top=MOST_ENTRIES)
        found: list[tuple[str, str]] = []
        async for page in self._reader.pages(lambda: self._reader.get(path), cost=1):
            for raw in page.value:
                try:
                    entry = decode_item(raw, _ENTRY)
                except Unreadable:
                    continue
                if any(word in text(entry.activity_display_name).lower() for word in ABOUT_CREDENTIALS):
                    found.append((text(entry.activity_date_time), _name(entry.initiated_by)))
            break
        return max(((at, name) for at, name in found if name), default=("", ""))[1]


def _name(by: _InitiatedBy | None) -> str:
    who = by.user or by.app if by is not None else None
    return (text(who.display_name) or text(who.user_principal_name)) if who is not None else ""


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
