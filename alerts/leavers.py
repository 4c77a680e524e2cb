"""Pure: who is gone for good as the last owner of an app, and whether so many go at once that an admin must look."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.model import CredentialRecord, Person, PreviousOwner, RunStatus, ScanRun

#: A larger share of the owners than this, departing in one scan, is held for an admin (design 3, rule 11).
MOST_AT_ONCE = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Orphan:
    """An app that has lost its last owner, by the record that expires next."""

    record: CredentialRecord
    #: Who owned it according to the last record with a counting owner.
    owners: tuple[PreviousOwner, ...]


@dataclass(kw_only=True)
class Leaver:
    """Somebody who was the last owner of apps and is no longer available as owner."""

    person: Person
    #: Whom the record names as the manager.
    manager: Person | None
    #: The last scan that still saw this person as an owner.
    seen: datetime
    apps: list[Orphan] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What is remembered of owners between complete scans."""

    #: The first scan that was watched: departures before it are history, not news.
    since: datetime | None = None
    #: Ids of all counting owners as of the last complete scan.
    owners: frozenset[str] = frozenset()
    #: Person id -> id of the question that an admin must answer first.
    held: Mapping[str, str] = field(default_factory=dict)
    #: Ids of those whose handover was decided, or refused by an admin.
    settled: frozenset[str] = frozenset()


def orphan_of(records: Sequence[CredentialRecord], now: datetime) -> Orphan | None:
    """An ownerless app by what expires next of it; None where nothing will, or nobody is known to have owned it."""
    ahead = [record for record in records if record.credential.end is not None and record.credential.end > now]
    if not ahead or not ahead[0].previous_owners:
        return None
    first = min(ahead, key=lambda record: (record.credential.end or now, record.credential.key_id))
    return Orphan(record=first, owners=first.previous_owners)


def find_leavers(orphans: Iterable[Orphan], people: Mapping[str, Person], since: datetime | None) -> dict[str, Leaver]:
    """Person id -> leaver, of the apps none of whose last owners has an enabled account any more.

    Args:
        orphans: apps without a counting owner.
        people: accounts as Graph says now; one who is absent is gone.
        since: who departed before that is no news.
    """
    found: dict[str, Leaver] = {}
    for orphan in orphans:
        accounts = [people.get(past.person.id) for past in orphan.owners]
        if any(account is not None and account.counts for account in accounts):
            # Somebody who owned it can still be asked; the route does.
            continue
        for past, account in zip(orphan.owners, accounts, strict=True):
            if since is None or past.seen < since:
                continue
            person = account or past.person
            leaver = found.setdefault(past.person.id, Leaver(person=person, manager=past.manager, seen=past.seen))
            leaver.seen = max(leaver.seen, past.seen)
            leaver.apps.append(orphan)
    return found


def departing(
    before: Collection[str], now: Collection[str], people: Mapping[str, Person], gone: Collection[str]
) -> set[str]:
    """Ids of the owners whose accounts were enabled at the scan before this one and are not now.

    Args:
        before: counting owners at the last complete scan.
        now: counting owners in this one.
        people: accounts as Graph says now.
        gone: ids that were asked for and are nowhere.
    """
    lost = set(before) - set(now)
    return {i for i in lost if (people[i].counts is False if i in people else i in gone)}


def too_many(departed: int, owners: int) -> bool:
    """Whether so many depart at once that it looks like an accident; one person alone never does."""
    return departed > 1 and departed > MOST_AT_ONCE * owners


def scans_without(leaver: Leaver, runs: Sequence[ScanRun], now: datetime) -> int:
    """Complete scans running that did not see this owner, this one included; several on one day count once."""
    days = {run.started_at.date() for run in runs if run.status is RunStatus.SUCCEEDED and run.started_at > leaver.seen}
    return len(days | {now.date()})


def by_manager(leaver: Leaver, people: Mapping[str, Person], skip: Collection[str]) -> Person | None:
    """The manager as Graph says now, else as recorded then, if active; None leads to the fallback."""
    account = people.get(leaver.person.id)
    recorded = leaver.manager.id if leaver.manager is not None else ""
    for person_id in (account.manager_id if account is not None else "", recorded):
        manager = people.get(person_id) if person_id else None
        if manager is not None:
            return manager if manager.counts and manager.id not in skip else None
    return None
