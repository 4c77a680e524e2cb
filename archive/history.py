"""Who owned what, asked of the archive: the owners of the past that an ownerless app's alert needs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from alerts.errors import ArchiveError
from alerts.model import Event, Person, PreviousOwner
from alerts.ports import Table
from alerts.views import OwnershipSpell
from archive.rows import event_from, owners_then


class Asked(Protocol):
    """Whatever answers the archive's queries."""

    async def query(self, name: str, **values: object) -> Table: ...


class ArchiveHistory:
    """Implements ports.OwnerHistory over an archive."""

    def __init__(self, archive: Asked) -> None:
        self._archive = archive

    async def previous_owners(self, object_ids: Sequence[str], days: int) -> dict[str, tuple[PreviousOwner, ...]]:
        """object id -> the owners (at most 3) of its latest record with a counting owner; absent: none known.

        One query for all of them, whatever their number. Raises ArchiveError.
        """
        if not object_ids:
            return {}
        answer = await self._archive.query("previous_owners", ObjectIds=sorted(set(object_ids)), Days=days)
        # Equal people and owners of many apps are one object: a large tenant has few thousand of them.
        people: dict[Person, Person] = {}
        owners: dict[PreviousOwner, PreviousOwner] = {}

        def shared(owner: PreviousOwner) -> PreviousOwner:
            if (known := owners.get(owner)) is not None:
                return known
            person, manager = owner.person, owner.manager
            own = PreviousOwner(
                person=people.setdefault(person, person),
                manager=None if manager is None else people.setdefault(manager, manager),
                seen=owner.seen,
            )
            return owners.setdefault(own, own)

        return {
            str(row["ApplicationObjectId"]): tuple(map(shared, owners_then(row, _time(row["ScanDate"]))))
            for row in answer.dicts()
        }

    async def spells(self, object_id: str, days: int) -> tuple[OwnershipSpell, ...]:
        """Ownership over time of one app, oldest first; a spell without owners has none. Raises ArchiveError."""
        answer = await self._archive.query("ownership_spells", ObjectId=object_id, Days=days)
        spells: list[OwnershipSpell] = []
        before: tuple[str, ...] | None = None
        for row in answer.dicts():
            seen = _time(row["ScanDate"])
            owners = owners_then(row, seen)
            ids = tuple(owner.person.id for owner in owners)
            if ids == before:
                last = spells.pop()
                spells.append(OwnershipSpell(first=last.first, last=seen.date(), owners=last.owners))
            else:
                names = tuple(owner.person.name for owner in owners)
                spells.append(OwnershipSpell(first=seen.date(), last=seen.date(), owners=names))
            before = ids
        return tuple(spells)

    async def events_of_app(self, app_id: str, days: int, limit: int = 50) -> tuple[Event, ...]:
        """What Steward did about one app, newest first, at most 500. Raises ArchiveError."""
        answer = await self._archive.query("app_events", AppId=app_id, Days=days)
        found = (_known(row) for row in answer.dicts())
        return tuple(event for event in found if event is not None)[:limit]

    async def sent_since(self, since: datetime) -> tuple[Event, ...]:
        """What reached people after a moment, oldest first. Raises ArchiveError."""
        answer = await self._archive.query("sent_since", Since=since)
        found = (_known(row) for row in answer.dicts())
        return tuple(event for event in found if event is not None)


def _known(row: Mapping[str, Any]) -> Event | None:
    """The event, None for a type that a newer Steward wrote."""
    try:
        return event_from(row)
    except ValueError:
        return None


def _time(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise ArchiveError(f"a record without a time: {value!r}")
    return value
