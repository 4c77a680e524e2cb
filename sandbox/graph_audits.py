"""Graph twin: Entra's audit log, as far as it tells who changed an app's credentials.

Source: learn.microsoft.com/graph directoryaudit-list; entries show up here at once, in Entra after some minutes.
"""

import re
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from sandbox.graph_core import Answer, Call, Route, context, ok
from sandbox.graph_roles import role_id
from sandbox.graph_throttle import Throttle
from sandbox.odata import bad
from sandbox.state import TwinState
from sandbox.tenant import TwinApp

READ_AUDITS = frozenset({"AuditLog.Read.All"})
_FILTER = re.compile(
    r"targetResources/any\(t:t/id eq '(?P<id>[^']+)'\)"
    r" and activityDateTime ge (?P<since>\S+) and activityDateTime le (?P<until>\S+)"
)


async def audits(state: TwinState, call: Call) -> Answer:
    """GET /auditLogs/directoryAudits with a filter on one target and a span of time, newest first."""
    state.part(Throttle).check_report()
    options = dict(part.partition("=")[::2] for part in unquote_plus(call.query).split("&"))
    found = _FILTER.fullmatch(options.get("$filter", ""))
    if found is None:
        raise bad("Invalid filter clause.", "BadRequest")
    since, until = (datetime.fromisoformat(found[name]) for name in ("since", "until"))
    app = state.tenant.apps.get(found["id"].lower())
    entries = [each for each in (app.audits if app else []) if since <= each[0] <= until]
    value = [_entry(state, app, *each) for each in reversed(entries)] if app else []
    return ok({"@odata.context": context(state, "auditLogs/directoryAudits"), "value": value})


def _entry(state: TwinState, app: TwinApp, at: datetime, activity: str, by: str) -> dict[str, Any]:
    user = state.tenant.users.get(by)
    who: dict[str, Any] = {"user": None, "app": {"displayName": "Microsoft Entra admin center"}}
    if user is not None:
        who = {"user": {"id": user.id, "displayName": user.display_name, "userPrincipalName": user.upn}, "app": None}
    return {
        "id": role_id(f"{app.object_id} {at} {activity}"),
        "category": "ApplicationManagement",
        "result": "success",
        "activityDisplayName": activity,
        "activityDateTime": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "loggedByService": "Core Directory",
        "initiatedBy": who,
        "targetResources": [{"id": app.object_id, "displayName": app.display_name, "type": "Application"}],
    }


ROUTES = [
    Route(method="GET", path="/auditLogs/directoryAudits", handle=audits, permissions=(READ_AUDITS,)),
]
