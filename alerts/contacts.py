"""Contacts that the operator names for apps (CONTACTS_FILE): asked where nobody who owns or owned an app can be."""

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from alerts.errors import GraphError
from alerts.model import MAIL_ONLY, Person
from alerts.ports import People, Store

log = logging.getLogger(__name__)

#: Store value: app id in lower case -> ids of its contacts, as JSON.
CONTACTS = "contacts"

#: (app id, person or address) of each row.
Rows = Sequence[tuple[str, str]]


def by_mail_alone(address: str) -> Person:
    """Somebody outside the directory: told by e-mail, answers nothing in Teams."""
    return Person(id=f"{MAIL_ONLY}{address.lower()}", display_name=address, mail=address, account_enabled=True)


@dataclass(kw_only=True)
class Contacts:
    """Read anew with every scan; kept in the store between, for processes without Graph rights."""

    store: Store
    #: Reads the file; None where there is none.
    read: Callable[[], Rows] | None = None
    people: People | None = None
    #: Whether e-mail is configured; without it an address leads nowhere.
    mail: bool = False
    _problems: list[str] = field(default_factory=list)

    async def refresh(self) -> list[str]:
        """Read the file and look everybody up; returns problems as sentences. What cannot be asked stays as it was."""
        self._problems = []
        if self.read is None or self.people is None:
            return []
        try:
            rows = self.read()
        except (OSError, ValueError) as error:
            return [f"CONTACTS_FILE cannot be read, so contacts stay as they were: {error}"]
        try:
            found = await self._look_up({who for _, who in rows})
        except GraphError as error:
            return [f"contacts could not be looked up and stay as they were: {error}"]
        contacts: dict[str, list[str]] = defaultdict(list)
        for app_id, who in rows:
            if who in found and found[who].id not in contacts[app_id.lower()]:
                contacts[app_id.lower()].append(found[who].id)
        async with self.store.transaction() as tx:
            await tx.save_people(found.values())
            await tx.set_value(CONTACTS, json.dumps(contacts))
        return self._problems

    async def _look_up(self, wanted: set[str]) -> dict[str, Person]:
        """Whoever is named -> the person; an address that nobody in the directory has is told by e-mail alone."""
        if self.people is None:
            return {}
        ids = {who for who in wanted if "@" not in who}
        found = dict(await self.people.people(ids)) if ids else {}
        for address in sorted(wanted - ids):
            own = [p for p in await self.people.find(address) if _has(p, address)]
            if own:
                found[address] = own[0]
            elif self.mail:
                found[address] = by_mail_alone(address)
        self._problems += [
            f"CONTACTS_FILE names {who}, who is not in the directory{'' if self.mail else ', and no e-mail is set'}"
            for who in sorted(wanted - found.keys())
        ]
        return found

    async def current(self) -> Mapping[str, tuple[Person, ...]]:
        """App id in lower case -> its contacts, as last looked up."""
        async with self.store.reading() as tx:
            named: dict[str, list[str]] = json.loads(await tx.value(CONTACTS) or "{}")
            people = await tx.people(sorted({i for ids in named.values() for i in ids}))
        return {app_id: tuple(people[i] for i in ids if i in people) for app_id, ids in named.items()}


def _has(person: Person, address: str) -> bool:
    return address.lower() in (person.mail.lower(), person.user_principal_name.lower())
