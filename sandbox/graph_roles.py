"""Graph twin: what apps may do: their application permissions in Microsoft Graph, and their directory roles.

Source: learn.microsoft.com/graph serviceprincipal-list-approleassignments, rbacapplication-list-roleassignments.
"""

from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID, uuid5

from sandbox.graph_applications import find
from sandbox.graph_core import READ_APPS, Answer, Call, Route, context, ok
from sandbox.odata import bad
from sandbox.state import TwinState
from sandbox.tenant import TwinApp

#: Microsoft Graph's own enterprise app in this tenant; its app id is the same in every tenant.
GRAPH_PRINCIPAL = "9d3e0c2a-5b1f-4c67-8a40-1f0a6d2b7c11"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
_SPACE = UUID(GRAPH_PRINCIPAL)

READ_ROLES = frozenset(
    {"RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All", "Directory.ReadWrite.All"}
)
_FILTER = "principalId eq '"


def role_id(value: str) -> str:
    """The id of a permission or role of this name; the same everywhere."""
    return str(uuid5(_SPACE, value))


def _options(call: Call) -> list[str]:
    return unquote_plus(call.query).split("&")


def _rights(state: TwinState) -> list[str]:
    return sorted({right for app in state.tenant.apps.values() for right in app.graph_rights})


async def resource(state: TwinState, call: Call) -> Answer:  # noqa: ARG001 - all answers are made alike
    """GET /servicePrincipals/{Microsoft Graph}: its app roles, as far as somebody holds them."""
    roles = [
        {"id": role_id(value), "value": value, "displayName": value, "allowedMemberTypes": ["Application"]}
        for value in _rights(state)
    ]
    head = {"@odata.context": context(state, "servicePrincipals(id,appRoles)/$entity")}
    return ok(
        head | {"id": GRAPH_PRINCIPAL, "appId": GRAPH_APP_ID, "displayName": "Microsoft Graph", "appRoles": roles}
    )


async def assignments(state: TwinState, call: Call) -> Answer:
    """GET /servicePrincipals/{id}/appRoleAssignments."""
    app = find(state, call)
    what = f"appRoleAssignments/servicePrincipals('{app.object_id}')"
    return ok(
        {"@odata.context": context(state, what), "value": [_assignment(app, right) for right in app.graph_rights]}
    )


def _assignment(app: TwinApp, right: str) -> dict[str, Any]:
    return {
        "id": role_id(f"{app.object_id} {right}"),
        "appRoleId": role_id(right),
        "principalId": app.object_id,
        "principalType": "ServicePrincipal",
        "principalDisplayName": app.display_name,
        "resourceId": GRAPH_PRINCIPAL,
        "resourceDisplayName": "Microsoft Graph",
    }


async def directory_roles(state: TwinState, call: Call) -> Answer:
    """GET /roleManagement/directory/roleAssignments?$filter=principalId eq '...'&$expand=roleDefinition."""
    wanted = dict(part.partition("=")[::2] for part in _options(call))
    condition = wanted.get("$filter", "")
    if not condition.startswith(_FILTER) or not condition.endswith("'"):
        raise bad("A filter on principalId, roleDefinitionId or directoryScopeId is needed.", "BadRequest")
    app = state.tenant.apps.get(condition.removeprefix(_FILTER).rstrip("'").lower())
    value = (
        [_directory_role(app, role, "roleDefinition" in wanted.get("$expand", "")) for role in app.directory_roles]
        if app
        else []
    )
    return ok({"@odata.context": context(state, "roleManagement/directory/roleAssignments"), "value": value})


def _directory_role(app: TwinApp, role: str, expanded: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": role_id(f"{app.object_id} {role}"),
        "principalId": app.object_id,
        "directoryScopeId": "/",
        "roleDefinitionId": role_id(role),
    }
    return row | ({"roleDefinition": {"id": role_id(role), "displayName": role}} if expanded else {})


ROUTES = [
    Route(method="GET", path=f"/servicePrincipals/{GRAPH_PRINCIPAL}", handle=resource, permissions=(READ_APPS,)),
    Route(
        method="GET", path="/servicePrincipals/{id}/appRoleAssignments", handle=assignments, permissions=(READ_APPS,)
    ),
    Route(
        method="GET",
        path="/roleManagement/directory/roleAssignments",
        handle=directory_roles,
        permissions=(READ_ROLES,),
    ),
]
