"""Graph twin: the organisation's app catalogue, and Steward's Teams app with people (proactive installation)."""

import re
from typing import Any
from urllib.parse import parse_qsl

from sandbox.chats import conversation_id
from sandbox.graph_core import Answer, Call, Route, context, not_found, ok
from sandbox.graph_people import find
from sandbox.refused import Refused
from sandbox.state import TwinState
from sandbox.tenant import TwinUser

READ_CATALOG = frozenset({"AppCatalog.Read.All", "AppCatalog.ReadWrite.All"})
INSTALL = frozenset({"TeamsAppInstallation.ReadWriteSelfForUser.All", "TeamsAppInstallation.ReadWriteForUser.All"})
#: A client with only this permission manages its own Teams app and no other.
SELF = "TeamsAppInstallation.ReadWriteForUser.All"


def _catalog_app(state: TwinState) -> dict[str, Any]:
    identities = state.identities
    return {
        "id": identities.catalog_app_id,
        "externalId": identities.manifest_id,
        "displayName": "Steward",
        "distributionMethod": "organization",
    }


async def catalog(state: TwinState, call: Call) -> Answer:
    """GET /appCatalogs/teamsApps, by externalId or distributionMethod if a filter says so."""
    condition = dict(parse_qsl(call.query)).get("$filter", "")
    app = _catalog_app(state)
    for name, wanted in re.findall(r"(\w+) eq '([^']*)'", condition):
        if name not in app:
            raise Refused(
                400, "BadRequest", f"Could not find a property named '{name}' on type 'microsoft.graph.teamsApp'."
            )
        if str(app[name]).lower() != wanted.lower():
            return ok({"@odata.context": context(state, "appCatalogs/teamsApps"), "value": []})
    return ok({"@odata.context": context(state, "appCatalogs/teamsApps"), "value": [app]})


def _installation_id(state: TwinState, user: TwinUser) -> str:
    return f"{user.id}##{state.identities.catalog_app_id}"


def _check_self(state: TwinState, call: Call) -> None:
    """Raises Refused 403 when the client may manage only its own app and this is not it."""
    if SELF not in call.claims.roles and call.claims.client_id != state.identities.by_name["install"].client_id:
        raise Refused(
            403,
            "Forbidden",
            f"AAD App Id {call.claims.client_id} is not allowed to manage the Teams App {state.identities.catalog_app_id}.",
        )


async def installed(state: TwinState, call: Call) -> Answer:
    """GET the person's installed apps: Steward's or none."""
    _check_self(state, call)
    user = find(state, call)
    options = dict(parse_qsl(call.query))
    value: list[dict[str, Any]] = []
    wanted = re.search(r"teamsApp/(id|externalId) eq '([^']*)'", options.get("$filter", ""))
    app = _catalog_app(state)
    if user.has_teams_app and (wanted is None or app[wanted.group(1)] == wanted.group(2).lower()):
        value.append({"id": _installation_id(state, user)})
        if "teamsApp" in options.get("$expand", ""):
            value[0]["teamsApp"] = app
    return ok({"@odata.context": context(state, f"users('{user.id}')/teamwork/installedApps"), "value": value})


async def install(state: TwinState, call: Call) -> Answer:
    """POST an installation: 201, 409 when it is there, 403 when a policy forbids it, 404 for another app."""
    _check_self(state, call)
    user = find(state, call)
    bound = str(call.json().get("teamsApp@odata.bind", ""))
    app_id = bound.rpartition("/")[2].lower()
    if "/appCatalogs/teamsApps/" not in bound:
        raise Refused(400, "BadRequest", "Bad request payload: teamsApp@odata.bind is missing or malformed.")
    if app_id != state.identities.catalog_app_id:
        raise Refused(404, "NotFound", f"App with id '{app_id}' was not found in the app catalog.")
    if user.teams_app_blocked:
        raise Refused(
            403,
            "Forbidden",
            "App is blocked by app permission policy.",
            inner={"code": "AccessDenied", "message": "App is blocked by app permission policy."},
        )
    if user.has_teams_app:
        raise Refused(409, "Conflict", "The specified app is already installed for the user.")
    state.change("appAdded", person=user.id)
    for tell in state.on_install:
        tell(user.id)
    return Answer(
        status=201,
        headers={"Location": f"/users/{user.id}/teamwork/installedApps/{_installation_id(state, user)}"},
    )


async def chat(state: TwinState, call: Call) -> Answer:
    """GET the chat between the person and the installed app's bot."""
    _check_self(state, call)
    user = find(state, call)
    if not user.has_teams_app or call.ids["installation"].lower() != _installation_id(state, user).lower():
        raise not_found(call.ids["installation"])
    return ok(
        {
            "@odata.context": context(state, "chats/$entity"),
            "id": conversation_id(state, user.id),
            "chatType": "oneOnOne",
        }
    )


ROUTES = [
    Route(method="GET", path="/appCatalogs/teamsApps", handle=catalog, permissions=(READ_CATALOG,)),
    Route(method="GET", path="/users/{id}/teamwork/installedApps", handle=installed, permissions=(INSTALL,)),
    Route(method="POST", path="/users/{id}/teamwork/installedApps", handle=install, permissions=(INSTALL,)),
    Route(
        method="GET", path="/users/{id}/teamwork/installedApps/{installation}/chat", handle=chat, permissions=(INSTALL,)
    ),
]
