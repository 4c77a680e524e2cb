"""Graph twin, beta: the report on when each credential signed in last.

Source: learn.microsoft.com/graph reportroot-list-appcredentialsigninactivities (beta).
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec

from sandbox.graph_core import Answer, Call, Ordered, Route, page
from sandbox.graph_throttle import Throttle
from sandbox.odata import Resource, parse
from sandbox.state import TwinState
from sandbox.tenant import TwinApp, TwinCredential

READ_REPORTS = frozenset({"AuditLog.Read.All", "Directory.Read.All"})

EQ = frozenset({"eq"})
ACTIVITY = Resource(
    name="appCredentialSignInActivity",
    properties=frozenset({"id", "keyId", "appId"}),
    filters={"keyId": EQ, "appId": EQ},
    orders=frozenset(),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Activity:
    """One credential that has been used."""

    app: TwinApp
    credential: TwinCredential
    at: datetime

    def to_json(self) -> dict[str, Any]:
        origin = "application" if self.app.is_registration else "servicePrincipal"
        key_id = self.credential.key_id
        return {
            "id": base64.b64encode(f"{key_id}|{origin}".encode()).decode(),
            "keyId": key_id,
            "keyType": "secret" if self.credential.is_secret else "certificate",
            "keyUsage": (self.credential.usage or "Sign").lower(),
            "appId": self.app.app_id,
            "appObjectId": self.app.object_id,
            "servicePrincipalObjectId": "" if self.app.is_registration else self.app.object_id,
            "resourceId": "",
            "credentialOrigin": origin,
            "expirationDate": _text(self.credential.end),
            "signInActivity": {"lastSignInDateTime": _text(self.at), "lastSignInRequestId": key_id},
        }

    def value(self, name: str) -> Any:
        """What a filter compares."""
        return self.to_json()[name]


class Activities:
    """All activities of a day, made once for all its pages."""

    def __init__(self) -> None:
        self._made_for: object = None
        self._all: Ordered[Activity] = Ordered.of([])

    def of(self, state: TwinState) -> Ordered[Activity]:
        today = state.now().date()
        if self._made_for != (state.revision, today):
            self._all = Ordered.of(list(_activities(state, datetime.combine(today, time(), UTC))))
            self._made_for = (state.revision, today)
        return self._all


def _activities(state: TwinState, midnight: datetime) -> Iterator[Activity]:
    for app in state.tenant.apps.values():
        if app.deleted_at is None:
            for credential in app.credentials:
                at = last_use(credential, midnight)
                if at is not None:
                    yield Activity(app=app, credential=credential, at=at)


def last_use(credential: TwinCredential, midnight: datetime) -> datetime | None:
    """When it signed in last before this midnight, None never: the same for the same key id.

    Of ten, five are used daily, two weekly, one was used in its first months only, two never. Of those that have
    expired only one in ten was used at all, until the end.
    """
    chance = int.from_bytes(hashlib.sha256(credential.key_id.encode()).digest()[:8])
    kind, chance = chance % 10, chance // 10
    minutes = timedelta(minutes=chance % 1440)
    start = credential.start or midnight - timedelta(days=365)
    if credential.end is not None and credential.end <= midnight:
        at = credential.end - minutes if kind == 0 else None
    elif kind < 5:
        at = midnight - minutes
    elif kind < 7:
        at = midnight - minutes - timedelta(days=(midnight.toordinal() + chance) % 7)
    elif kind == 7:
        at = start + timedelta(days=chance % 90)
    else:
        at = None
    if at is not None:
        at = at.replace(microsecond=0)
    return at if at is not None and start <= at <= midnight else None


def _text(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None


async def activities(state: TwinState, call: Call) -> Answer:
    """GET /reports/appCredentialSignInActivities."""
    state.part(Throttle).check_report()
    query = parse(call.query, ACTIVITY, eventual=call.eventual)
    return page(
        state,
        call,
        query,
        "reports/appCredentialSignInActivities",
        state.part(Activities).of(state),
        value=Activity.value,
        render=lambda activity: msgspec.json.encode(activity.to_json()),
    )


#: Below /beta.
ROUTES = [
    Route(method="GET", path="/reports/appCredentialSignInActivities", handle=activities, permissions=(READ_REPORTS,))
]
