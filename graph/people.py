"""Reads people in bulk: 300 to a request with their managers, and tells users, service principals and leavers apart."""

import asyncio
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from alerts.errors import GraphError
from alerts.model import Person, PersonKind
from alerts.ports import GraphUsage
from graph.reader import GraphReader, Part, query
from graph.wire import Reference, Unreadable, decode_item, decode_page, fault
from graph.wire import text as text_of

#: Values that one `in` filter takes by default (Graph: known issues, 2026-02).
IDS_PER_FILTER = 15
USER_FIELDS = "id,accountEnabled,displayName,mail,userPrincipalName,userType,department,preferredLanguage"
PRINCIPAL_FIELDS = "id,displayName,accountEnabled"
PAGE_SIZE = "999"

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


class _User(msgspec.Struct, rename="camel"):
    """Fields are loose: an owner with one odd property must not look like one who is gone."""

    id: str
    account_enabled: Any = None
    display_name: Any = None
    mail: Any = None
    user_principal_name: Any = None
    user_type: Any = None
    department: Any = None
    preferred_language: Any = None
    manager: Any = None

    def person(self, *, deleted: bool = False) -> Person:
        manager = self.manager if isinstance(self.manager, dict) else {}
        return Person(
            id=self.id,
            display_name=text_of(self.display_name),
            user_principal_name=text_of(self.user_principal_name),
            mail=text_of(self.mail),
            account_enabled=self.account_enabled is True and not deleted,
            kind=PersonKind.USER,
            user_type=text_of(self.user_type) or "Member",
            department=text_of(self.department),
            preferred_language=text_of(self.preferred_language),
            manager_id=text_of(manager.get("id")),
            deleted=deleted,
        )


class _Principal(msgspec.Struct, rename="camel"):
    id: str
    display_name: Any = None
    account_enabled: Any = None

    def person(self) -> Person:
        return Person(
            id=self.id,
            display_name=text_of(self.display_name),
            account_enabled=self.account_enabled is not False,
            kind=PersonKind.SERVICE_PRINCIPAL,
        )


_USER = msgspec.json.Decoder(_User)
_PRINCIPAL = msgspec.json.Decoder(_Principal)
_REFERENCE = msgspec.json.Decoder(Reference)


class GraphPeople:
    """The People port over Graph."""

    def __init__(self, reader: GraphReader) -> None:
        self._reader = reader
        #: Whether Graph refused a $select inside $expand=manager, which is documented only beside $levels.
        self._whole_managers = False

    @property
    def usage(self) -> GraphUsage:
        return self._reader.usage

    async def people(self, ids: Iterable[str], *, managers: bool = False) -> dict[str, Person]:
        """id as asked -> Person; see the port.

        One round of $batch for users with their managers' ids, one for managers that are not among them, and
        only where ids are no users one for service principals and one listing of deleted users.
        """
        asked = {person_id.lower(): person_id for person_id in ids if _GUID.fullmatch(person_id)}
        found = await self._users(asked)
        missing = [person_id for person_id in asked if person_id not in found]
        elsewhere = self._elsewhere(missing) if missing else _nobody()
        chiefs = {person.manager_id.lower() for person in found.values() if managers} - found.keys() - {""}
        others, chief_people = await asyncio.gather(elsewhere, self._users(chiefs))
        found = {**chief_people, **others, **found}
        return {asked.get(key, person.id): person for key, person in found.items()}

    async def group_members(self, group_id: str) -> list[str]:
        """Object ids of the users in a group, nested ones too; see the port."""
        if not _GUID.fullmatch(group_id):
            raise GraphError(f"{group_id!r} is not the object id of a group", status=400)
        path = query(f"/groups/{group_id}/transitiveMembers", select="id", top=PAGE_SIZE)
        ids: dict[str, None] = {}
        async for page in self._reader.pages(lambda: self._reader.get(path), cost=3):
            for raw in page.value:
                member = _decoded(raw, _REFERENCE)
                if member is not None and member.id and member.type == "#microsoft.graph.user":
                    ids[member.id] = None
        return list(ids)

    async def find(self, text: str, limit: int = 5) -> list[Person]:
        """Enabled people by object id, UPN, mail, or start of their display name; see the port."""
        wanted = text.strip()
        if not wanted:
            return []
        if _GUID.fullmatch(wanted):
            found = list((await self.people([wanted])).values())
        else:
            literal = wanted.replace("'", "''")
            if "@" in wanted:
                condition = f"userPrincipalName eq '{literal}' or mail eq '{literal}'"
            else:
                condition = f"startswith(displayName,'{literal}')"
            # A few more than asked for, since disabled accounts are left out afterwards.
            path = query("/users", select=USER_FIELDS, filter=condition, top=str(max(20, 2 * limit)))
            page = await self._reader.call(self._reader.get(path), decode_page, cost=1)
            users = [_decoded(raw, _USER) for raw in page.value]
            found = [user.person() for user in users if user is not None]
        return [person for person in found if person.counts][:limit]

    async def _users(self, ids: Collection[str]) -> dict[str, Person]:
        """Lower-case id -> user with the manager's id; ids that are no users are absent."""
        expand = "manager" if self._whole_managers else "manager($select=id)"
        try:
            items = await self._items(_parts("/users", ids, select=USER_FIELDS, expand=expand, cost=2))
        except GraphError as error:
            if error.status != 400 or self._whole_managers:
                raise
            self._whole_managers = True
            return await self._users(ids)
        found: dict[str, Person] = {}
        for raw in items:
            user = _decoded(raw, _USER)
            if user is not None:
                found[user.id.lower()] = user.person()
        return found

    async def _elsewhere(self, ids: Sequence[str]) -> dict[str, Person]:
        """Lower-case id -> service principal or soft-deleted user; ids that are nowhere are absent."""
        principals, deleted = await asyncio.gather(self._principals(ids), self._deleted(frozenset(ids)))
        return {**deleted, **principals}

    async def _principals(self, ids: Sequence[str]) -> dict[str, Person]:
        found: dict[str, Person] = {}
        for raw in await self._items(_parts("/servicePrincipals", ids, select=PRINCIPAL_FIELDS, cost=1)):
            principal = _decoded(raw, _PRINCIPAL)
            if principal is not None:
                found[principal.id.lower()] = principal.person()
        return found

    async def _deleted(self, ids: frozenset[str]) -> dict[str, Person]:
        """Soft-deleted users stay 30 days; the whole list is one request for most tenants."""
        # Quirk: the SDK's builder writes this cast as graph.user; both spellings are Graph's.
        path = query("/directory/deletedItems/microsoft.graph.user", select=USER_FIELDS, top=PAGE_SIZE)
        found: dict[str, Person] = {}
        async for page in self._reader.pages(lambda: self._reader.get(path), cost=1):
            for raw in page.value:
                user = _decoded(raw, _USER)
                if user is not None and user.id.lower() in ids:
                    found[user.id.lower()] = user.person(deleted=True)
        return found

    async def _items(self, parts: Sequence[Part]) -> list[msgspec.Raw]:
        """All items of all parts. Raises GraphError when one part is refused: half the people is no answer."""
        items: list[msgspec.Raw] = []
        for answer in await self._reader.batch(parts):
            if answer.status != 200:
                raise fault(answer.status, answer.body)
            try:
                items += decode_page(answer.body).value
            except msgspec.DecodeError as error:
                raise GraphError(f"Graph's answer about people is not whole: {error}") from error
            await asyncio.sleep(0)
        return items


def _parts(path: str, ids: Iterable[str], *, cost: int, **options: str) -> list[Part]:
    ordered = sorted(ids)
    chunks = [ordered[start : start + IDS_PER_FILTER] for start in range(0, len(ordered), IDS_PER_FILTER)]
    return [
        Part(path=query(path, filter="id in ('" + "','".join(chunk) + "')", **options), cost=cost) for chunk in chunks
    ]


def _decoded(raw: msgspec.Raw, decoder: "msgspec.json.Decoder[Any]") -> Any:
    """The item, None when it cannot be read: that person is then unknown, like one who is gone."""
    try:
        return decode_item(raw, decoder)
    except Unreadable:
        return None


async def _nobody() -> dict[str, Person]:
    return {}
