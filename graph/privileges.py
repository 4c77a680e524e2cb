"""What an app may do by itself: its application permissions and directory roles, read when somebody is to own it.

Whoever owns an app can add a credential to it and act with all that it may. From Graph: list appRoleAssignments
(Application.Read.All), list unifiedRoleAssignments (RoleManagement.Read.Directory is the least right).
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import msgspec

from alerts.errors import GraphError
from alerts.model import Application, ApplicationType
from graph.reader import GraphReader, query
from graph.wire import Unreadable, decode_item, text

log = logging.getLogger(__name__)

#: Application permissions that reach only what was chosen for the app: *.Selected, or what it owns itself.
HARMLESS_ENDINGS = (".Selected", ".OwnedBy", ".OwnedByApp")


class _Assignment(msgspec.Struct, rename="camel"):
    app_role_id: Any = None
    resource_id: Any = None
    resource_display_name: Any = None


class _Role(msgspec.Struct):
    id: Any = None
    value: Any = None


class _Resource(msgspec.Struct, rename="camel"):
    app_roles: list[_Role] = []


class _Definition(msgspec.Struct, rename="camel"):
    display_name: Any = None


class _DirectoryRole(msgspec.Struct, rename="camel"):
    role_definition_id: Any = None
    role_definition: _Definition | None = None


class _Id(msgspec.Struct):
    id: Any = None


_ID = msgspec.json.Decoder(_Id)
_ASSIGNMENT = msgspec.json.Decoder(_Assignment)
_RESOURCE = msgspec.json.Decoder(_Resource)
_DIRECTORY_ROLE = msgspec.json.Decoder(_DirectoryRole)


class GraphPrivileges:
    """The Privileges port over Graph."""

    def __init__(self, reader: GraphReader) -> None:
        self._reader = reader
        #: Resource's object id -> its app roles by id; an API's permissions hardly change.
        self._resources: dict[str, dict[str, str]] = {}

    async def privileges(self, application: Application) -> tuple[str, ...] | None:
        """Names of far-reaching rights, () for none, None where roles may not be read. Raises GraphError.

        A permission counts unless it reaches only what was chosen for the app: reading everybody's mail is as far
        as writing it. A permission whose name cannot be told counts, too.
        """
        principal = await self._principal(application)
        if principal is None:
            return ()
        try:
            rights, roles = await asyncio.gather(self._rights(principal), self._directory_roles(principal))
        except GraphError as error:
            if error.status in (401, 403):
                log.info("the rights of %s may not be read: %s", application.object_id, error)
                return None
            raise
        return tuple(sorted({*rights, *roles}))

    async def _principal(self, application: Application) -> str | None:
        """Object id of its enterprise app, None where it has none: then it has no rights in this tenant."""
        if application.type is ApplicationType.ENTERPRISE_APP:
            return application.object_id
        path = f"/servicePrincipals(appId='{quote(application.app_id, safe='')}')"
        try:
            found = await self._reader.call(self._reader.get(query(path, select="id")), _ID.decode)
        except GraphError as error:
            if error.status == 404:
                return None
            raise
        return text(found.id) or None

    async def _rights(self, principal: str) -> set[str]:
        path = query(f"/servicePrincipals/{quote(principal, safe='')}/appRoleAssignments", top="999")
        assignments = await self._listed(path, _ASSIGNMENT)
        await self._learn({text(each.resource_id) for each in assignments})
        names = set()
        for each in assignments:
            role, resource = text(each.app_role_id), text(each.resource_id)
            name = self._resources.get(resource, {}).get(role, "")
            if not name.endswith(HARMLESS_ENDINGS):
                names.add(name or f"{text(each.resource_display_name) or resource} ({role})")
        return names

    async def _learn(self, resources: Iterable[str]) -> None:
        for resource in resources:
            if resource and resource not in self._resources:
                path = query(f"/servicePrincipals/{quote(resource, safe='')}", select="id,appRoles")
                try:
                    found = await self._reader.call(self._reader.get(path), _RESOURCE.decode)
                except GraphError as error:
                    if error.status != 404:
                        raise
                    continue
                self._resources[resource] = {text(role.id): text(role.value) for role in found.app_roles}

    async def _directory_roles(self, principal: str) -> set[str]:
        path = query(
            "/roleManagement/directory/roleAssignments",
            filter=f"principalId eq '{principal}'",
            expand="roleDefinition",
        )
        roles = await self._listed(path, _DIRECTORY_ROLE)
        return {
            (text(each.role_definition.display_name) if each.role_definition else "") or text(each.role_definition_id)
            for each in roles
        }

    async def _listed(self, path: str, decoder: "msgspec.json.Decoder[Any]") -> list[Any]:
        found = []
        async for page in self._reader.pages(lambda: self._reader.get(path), cost=1):
            for raw in page.value:
                try:
                    found.append(decode_item(raw, decoder))
                except Unreadable as error:
                    # What cannot be read may be anything: nobody can tell.
                    raise GraphError(f"a right cannot be read: {error}") from error
        return found
