"""Reads people in bulk: 300 to a request with their managers, and tells users, service principals and leavers apart."""

import re
from collections.abc import Iterable

import msgspec

from alerts.errors import GraphError
from alerts.model import Person
from alerts.ports import GraphUsage, PeopleChanges
from graph.people_changes import UserChanges
from graph.people_search import PAGE_SIZE, USER, USER_FIELDS, PeopleSearch, readable
from graph.reader import GraphReader, query
from graph.wire import Reference, decode_page

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


_REFERENCE = msgspec.json.Decoder(Reference)


class GraphPeople:
    """The People port over Graph."""

    def __init__(self, reader: GraphReader) -> None:
        self._reader = reader
        self._changes = UserChanges(reader, USER_FIELDS)
        #: Whether Graph refused a $select inside $expand=manager, which is documented only beside $levels.
        self._whole_managers = False

    @property
    def usage(self) -> GraphUsage:
        return self._reader.usage

    async def people(self, ids: Iterable[str], *, managers: bool = False) -> dict[str, Person]:
        """id as asked -> Person; see the port."""
        asked = {person_id.lower(): person_id for person_id in ids if _GUID.fullmatch(person_id)}
        search = PeopleSearch(self._reader, asked, managers=managers, whole_managers=self._whole_managers)
        found = await search.run()
        self._whole_managers = search.whole_managers
        return {asked.get(key, person.id): person for key, person in found.items()}

    async def changes_from_now(self) -> str:
        """See the port."""
        return await self._changes.from_now()

    async def changes_since(self, mark: str, requests: int) -> PeopleChanges | None:
        """See the port."""
        return await self._changes.since(mark, requests)

    async def group_members(self, group_id: str) -> list[str]:
        """Object ids of the users in a group, nested ones too; see the port."""
        if not _GUID.fullmatch(group_id):
            raise GraphError(f"{group_id!r} is not the object id of a group", status=400)
        path = query(f"/groups/{group_id}/transitiveMembers", select="id", top=PAGE_SIZE)
        ids: dict[str, None] = {}
        async for page in self._reader.pages(lambda: self._reader.get(path), cost=3):
            for raw in page.value:
                member = readable(raw, _REFERENCE)
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
            users = [readable(raw, USER) for raw in page.value]
            found = [user.person({}) for user in users if user is not None]
        return [person for person in found if person.counts][:limit]
