"""What an app may do: read from its enterprise app; what cannot be told is never taken for harmless."""

from typing import Any

import pytest

from alerts.errors import GraphError
from alerts.model import Application, ApplicationType
from alerts.ports import Completeness
from graph.applications import GraphApplications
from graph.privileges import GraphPrivileges
from graph.reader import INTERACTIVE, GraphReader
from sandbox.cases import DIRECTORY_ROLES, GRAPH_RIGHTS
from tests.graph.scripted import Answer, Bench, error, page
from tests.graph.test_practice import reader as reader

PRINCIPAL, RESOURCE = "/servicePrincipals(appId='app-1')", "/servicePrincipals/graph"
ASSIGNMENTS, ROLES = "/servicePrincipals/sp-1/appRoleAssignments", "/roleManagement/directory/roleAssignments"
APP = Application(object_id="o-1", app_id="app-1", display_name="Pay", type=ApplicationType.APP_REGISTRATION)


def scripted(bench: Bench, *rights: str, roles: Any = (), **others: Answer) -> None:
    given = [{"appRoleId": right, "resourceId": "graph", "resourceDisplayName": "Graph"} for right in rights]
    resource = {"appRoles": [{"id": right, "value": right} for right in rights if right != "unnamed"]}
    bench.graph.script = {
        PRINCIPAL: [others.get("principal", Answer(body={"id": "sp-1"}))],
        RESOURCE: [others.get("resource", Answer(body=resource))],
        ASSIGNMENTS: [page(*given)],
        ROLES: [others.get("roles", page(*({"roleDefinition": {"displayName": role}} for role in roles)))],
    }


async def ask(bench: Bench) -> tuple[str, ...] | None:
    return await GraphPrivileges(bench.reader(INTERACTIVE)).privileges(APP)


async def test_rights_and_roles_are_named_and_what_reaches_only_chosen_things_is_left_out(bench: Bench) -> None:
    scripted(bench, "Mail.Read", "Sites.Selected", "Application.ReadWrite.OwnedBy", roles=("Global Administrator",))

    assert await ask(bench) == ("Global Administrator", "Mail.Read")


async def test_an_app_without_an_enterprise_app_holds_nothing(bench: Bench) -> None:
    scripted(bench, principal=error(404, "Request_ResourceNotFound"))

    assert await ask(bench) == ()


async def test_a_right_whose_name_cannot_be_told_counts(bench: Bench) -> None:
    scripted(bench, "unnamed", resource=error(404, "Request_ResourceNotFound"))

    assert await ask(bench) == ("Graph (unnamed)",)


async def test_without_the_right_to_read_roles_nobody_can_tell(bench: Bench) -> None:
    scripted(bench, roles=())
    bench.graph.script[ROLES] = [error(403, "Authorization_RequestDenied")]

    assert await ask(bench) is None


async def test_an_outage_is_an_error_and_no_answer(bench: Bench) -> None:
    scripted(bench)
    bench.graph.script[ASSIGNMENTS] = [error(503, "ServiceUnavailable")]

    with pytest.raises(GraphError):
        await ask(bench)


async def test_the_practice_tenant_tells_privileged_apps_from_others(reader: GraphReader) -> None:
    found: dict[str, tuple[str, ...] | None] = {}
    names = {*GRAPH_RIGHTS, *DIRECTORY_ROLES, "A Hundred Owners"}
    async for each in GraphApplications(reader).applications(Completeness()):
        for app in each.apps:
            if app.display_name in names:
                found[app.display_name] = await GraphPrivileges(reader).privileges(app)

    assert found == {
        "One of Four Due Apps 1": ("Mail.ReadWrite",),
        "One of Four Due Apps 2": ("Global Administrator",),
        "Several Owners": (),
        "A Hundred Owners": (),
    }
