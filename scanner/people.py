"""People of one scan: kept from the last one where Graph says that nothing changed, read anew where it does not."""

import asyncio
import json
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.errors import GraphError
from alerts.model import Person
from alerts.ports import People, Store

log = logging.getLogger(__name__)

#: Store value: what `_Kept` holds, as JSON.
KEPT = "scan.people"
#: After so long everybody is read anew: service principals are not followed between, and a change may get lost.
REFRESH = timedelta(days=7)
#: Reading anew takes a request for so many people, and a few for managers and those who are no users.
PEOPLE_PER_REQUEST, FURTHER_REQUESTS = 300, 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """What the store says of the last scan whose people were saved."""

    #: Changes after it are not in the store yet; see People.changes_since.
    mark: str
    #: Start of the scan that read everybody anew.
    refreshed: datetime
    #: Lower-case ids of those who were right when the mark was made; the store may hold others, long out of date.
    ids: frozenset[str]
    #: Read anew at that scan because they had changed. Graph's replicas may have answered with what was before, so
    #: these are read once more.
    again: frozenset[str]

    def to_json(self) -> str:
        return json.dumps(
            {
                "mark": self.mark,
                "refreshed": self.refreshed.isoformat(),
                "ids": " ".join(sorted(self.ids)),
                "again": " ".join(sorted(self.again)),
            }
        )

    @classmethod
    def from_json(cls, text: str | None) -> "_Kept | None":
        """None when there is none, or another version wrote it: then everybody is read anew."""
        try:
            values = json.loads(text or "null")
            return cls(
                mark=values["mark"],
                refreshed=datetime.fromisoformat(values["refreshed"]),
                ids=frozenset(values["ids"].split()),
                again=frozenset(values["again"].split()),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


class ScanPeople:
    """The people of one scan, by as few requests as it takes.

    1. `begin`: who changed since the last scan, one request where nobody did; a mark for the next scan is made
       before anybody is read, so that nothing falls in between;
    2. `read`, as often as needed: from the store who was right then and did not change, from Graph the others;
    3. `commit`, once the scan's people are in the store: the mark, and for whom it counts.

    Without `commit` the next scan goes on from the mark before. Everybody is read anew once a week, when the mark is
    lost or too old, and when following the changes would cost more than that.
    """

    def __init__(self, people: People, store: Store, started_at: datetime) -> None:
        """`started_at` is the scan's start, aware UTC."""
        self._people = people
        self._store = store
        self._started_at = started_at
        self._beginning = asyncio.Lock()
        self._mark: str | None = None
        self._refreshed = started_at
        #: Who is taken from the store.
        self._trusted: frozenset[str] = frozenset()
        self._changed: frozenset[str] = frozenset()
        self._removed: frozenset[str] = frozenset()
        # All by lower-case id.
        self._found: dict[str, Person] = {}
        self._nowhere: set[str] = set()
        #: Managers who are no users; as owners they might still be found elsewhere.
        self._no_users: set[str] = set()
        self._again: set[str] = set()
        self._fresh: dict[str, Person] = {}
        self._failed = False

    @property
    def fresh(self) -> Mapping[str, Person]:
        """Lower-case id -> those who were read from Graph by this scan; all others stand in the store as they are."""
        return self._fresh

    async def begin(self) -> None:
        """Ask for changes; may run while apps are listed, and `read` waits for it. Raises StoreError."""
        async with self._beginning:
            if self._mark is not None:
                return
            async with self._store.reading() as tx:
                kept = _Kept.from_json(await tx.value(KEPT))
            try:
                self._mark = await self._follow(kept) or await self._people.changes_from_now()
            except GraphError as error:
                log.warning("changes of people cannot be asked for (%s); all are read anew", error)
                # An old mark stays good: what changed since then includes what changed from now on.
                self._mark = kept.mark if kept is not None else ""

    async def _follow(self, kept: _Kept | None) -> str:
        """Trust whom nothing happened to; the next mark, '' when everybody must be read anew."""
        if kept is None or not timedelta() <= self._started_at - kept.refreshed < REFRESH:
            return ""
        requests = -(-len(kept.ids) // PEOPLE_PER_REQUEST) + FURTHER_REQUESTS
        changes = await self._people.changes_since(kept.mark, requests)
        if changes is None:
            return ""
        self._refreshed = kept.refreshed
        self._trusted = kept.ids - changes.ids - kept.again
        self._changed, self._removed = changes.ids, changes.removed
        return changes.mark

    async def read(self, ids: Iterable[str]) -> dict[str, Person]:
        """id as asked -> Person, and their managers by id; ids that are nowhere are absent.

        The same answer as People.people with managers. Raises GraphError, and StoreError.
        """
        await self.begin()
        asked = {_low(person_id): person_id for person_id in ids}
        try:
            await self._learn(asked)
        except GraphError:
            self._failed = True
            raise
        found = {person_id: self._found[key] for key, person_id in asked.items() if key in self._found}
        chiefs = (self._found.get(key) for key in _managers(found.values()) if key not in asked)
        return {**{chief.id: chief for chief in chiefs if chief is not None}, **found}

    async def _learn(self, asked: Collection[str]) -> None:
        """Find these people and their managers; what the store knows first, so that the rest is few requests."""
        anew = await self._recall(asked)
        if self._trusted:
            anew |= await self._recall(self._chiefs(asked))
        # Where everybody is read anew, Graph's reader asks for managers beside their people.
        await self._ask(anew, managers=not self._trusted)
        await self._ask(await self._recall(self._chiefs(asked)))

    def _chiefs(self, keys: Iterable[str]) -> set[str]:
        """Managers of those of these people who were found, but for those of whom Graph knows nothing."""
        return _managers(self._found[key] for key in keys if key in self._found) - self._no_users

    async def _recall(self, keys: Collection[str]) -> set[str]:
        """Take from the store who did not change; the ids that must be asked for."""
        unknown = {key for key in keys if key not in self._found and key not in self._nowhere}
        async with self._store.reading() as tx:
            stored = await tx.people(sorted(unknown & self._trusted))
        for key, person in stored.items():
            if person.manager_id and person.manager_id.lower() in self._removed:
                # Whether Graph names the reports of a deleted manager among the changes is not documented.
                self._again.add(key)
            else:
                self._found[key] = person
        return unknown - self._found.keys()

    async def _ask(self, keys: Collection[str], *, managers: bool = False) -> None:
        if not keys:
            return
        people = await self._people.people(keys, managers=managers)
        read = {_low(key): person for key, person in people.items()}
        self._found.update(read)
        self._fresh.update(read)
        self._nowhere.update(key for key in keys if key not in read)
        self._again.update(key for key in keys if key in self._changed)
        if managers:
            self._no_users |= _managers(read.values()) - self._found.keys()

    async def commit(self) -> None:
        """Keep the mark for the next scan; only after everybody in `fresh` was saved. Raises StoreError.

        Nothing is kept where a `read` failed.
        """
        if self._failed or not self._mark:
            return
        kept = _Kept(
            mark=self._mark,
            refreshed=self._refreshed,
            ids=frozenset(self._found),
            again=frozenset(self._again),
        )
        async with self._store.transaction() as tx:
            await tx.set_value(KEPT, kept.to_json())


def _low(text: str) -> str:
    """In lower case; the same object where it is already, as Graph writes ids: str.lower makes a copy."""
    return text if text.islower() else text.lower()


def _managers(people: Iterable[Person]) -> set[str]:
    return {person.manager_id.lower() for person in people if person.manager_id}
