"""Who administers Steward and who is told when nobody else can be: resolved from ids and groups."""

import logging
from dataclasses import dataclass, field

from alerts.errors import GraphError
from alerts.model import Person, Role
from alerts.ports import People, Store, Transaction

log = logging.getLogger(__name__)

#: Name of the stored value that holds the object ids of the pilot group's members.
PILOT = "role.pilot"

#: Names of the stored values that hold the object ids of admins and of support.
ROLES = ("role.admins", "role.support")

#: Name of the stored value that says whether nobody at all is there for what cannot be delivered.
NOBODY = "role.nobody"


@dataclass(kw_only=True)
class Roles:
    """Admins, support and fallback recipients; read from Graph once a scan, kept in the store between.

    A process without Graph rights (the internet-facing bot alone) reads what the last scan stored. An id
    that Graph does not confirm as an enabled person has no role: this fails closed.
    """

    store: Store
    admin_users: tuple[str, ...] = ()
    admin_group: str = ""
    support_users: tuple[str, ...] = ()
    support_group: str = ""
    fallback_recipients: tuple[str, ...] = ()
    #: Under `SENDING=pilot` its members are told; whoever they are, so their accounts are not looked at.
    pilot_group: str = ""
    people: People | None = None
    _problems: list[str] = field(default_factory=list)

    async def refresh(self) -> list[str]:
        """Read groups and accounts anew; returns problems as sentences (empty when all is well)."""
        if self.people is None:
            return []
        self._problems = []
        admins = await self._resolve("admins", self.admin_users, self.admin_group)
        await self._resolve("support", self.support_users, self.support_group)
        fallback = await self._resolve("fallback", self.fallback_recipients, "")
        if not admins and not fallback:
            self._problems.append(
                "none of ADMIN_USERS, ADMIN_GROUP_ID and FALLBACK_RECIPIENTS is an enabled person: "
                "nobody would be told of what cannot be delivered"
            )
        await self.refresh_pilot()
        async with self.store.transaction() as tx:
            await tx.set_value(NOBODY, "" if admins or fallback else "yes")
        return self._problems

    async def refresh_pilot(self) -> bool:
        """Read who is in the pilot group; False when it cannot be read now, and the last known ones stay in force."""
        if self.people is None or not self.pilot_group:
            return not self.pilot_group
        try:
            members = await self.people.group_members(self.pilot_group)
        except GraphError as error:
            self._problems.append(f"could not read who the pilot are: {error}")
            return False
        async with self.store.transaction() as tx:
            await tx.set_value(PILOT, ",".join(sorted(set(members))))
        return True

    async def _resolve(self, name: str, ids: tuple[str, ...], group: str) -> list[Person]:
        people = self.people
        if people is None:
            return await self._stored(name)
        try:
            wanted = list(ids) + (await people.group_members(group) if group else [])
            found = await people.people(wanted) if wanted else {}
        except GraphError as error:
            # The last known ones stay in force: an outage must not lock the admins out.
            self._problems.append(f"could not read who the {name} are: {error}")
            return await self._stored(name)
        good = [person for person in found.values() if person.counts and person.id in wanted]
        async with self.store.transaction() as tx:
            await tx.save_people(good)
            await tx.set_value(f"role.{name}", ",".join(sorted(person.id for person in good)))
        return good

    async def _stored(self, name: str) -> list[Person]:
        async with self.store.reading() as tx:
            return await self._stored_in(tx, name)

    @staticmethod
    async def _stored_in(tx: Transaction, name: str) -> list[Person]:
        ids = ((await tx.value(f"role.{name}")) or "").split(",")
        people = await tx.people([i for i in ids if i])
        return sorted((person for person in people.values() if person.counts), key=lambda person: person.id)

    async def admins(self) -> list[Person]:
        """Enabled admins, by object id."""
        return await self._stored("admins")

    async def fallback(self) -> list[Person]:
        """Who is told when nobody can be reached: the fallback recipients, else the admins."""
        return await self._stored("fallback") or await self._stored("admins")

    async def role_of(self, person_id: str) -> Role:
        """What this person may ask; MEMBER for anybody not known to be more."""
        async with self.store.reading() as tx:
            return await self.role_in(tx, person_id)

    async def role_in(self, tx: Transaction, person_id: str) -> Role:
        """The same, by what a transaction sees; asked anew each time, so that who has lost a role has lost it."""
        stored = await tx.values(ROLES)
        for name, role in zip(ROLES, (Role.ADMIN, Role.SUPPORT), strict=True):
            if person_id and person_id in stored.get(name, "").split(","):
                person = (await tx.people([person_id])).get(person_id)
                if person is not None and person.counts:
                    return role
        return Role.MEMBER
