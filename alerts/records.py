"""Pure: from what a scan read to one record per credential, each with its route."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from alerts.escalation import RouteInput, resolve
from alerts.model import Application, CredentialRecord, Person, Policy, PreviousOwner, Route, ScannedTenant
from alerts.stages import alert_type, crossed_stage, days_left


def lean(application: Application, federated: tuple[str, ...] = ()) -> Application:
    """The app without its credentials and owner references, which its records carry themselves.

    An app with 40 secrets would else be stored 40 times with all 40.
    """
    return replace(application, credentials=(), owners=(), quarantined=(), federated=federated)


def full_owners(application: Application, people: Mapping[str, Person]) -> tuple[Person, ...]:
    """Its owners by object id, each as Graph knows them now; unknown ones stay references."""
    return tuple(people.get(ref.id, ref) for ref in sorted(application.owners, key=lambda person: person.id))


def newest(records: Sequence[CredentialRecord]) -> CredentialRecord | None:
    """The record of an app that was read last: another may be unreadable and tell of former owners."""
    return max(records, key=lambda record: record.scan_date, default=None)


def owners_of(records: Sequence[CredentialRecord]) -> tuple[Person, ...]:
    """An app's owners as last read, from all its records."""
    last = newest(records)
    return last.owners if last else ()


def previous_of(record: CredentialRecord, people: Mapping[str, Person]) -> tuple[PreviousOwner, ...]:
    """Previous owners of an app that was not read anew: as recorded; or, where none of its owners counts any more, those
    who did when it was: that record is then the latest one with a counting owner.
    """
    if record.previous_owners or any(people.get(owner.id, owner).counts for owner in record.owners):
        return record.previous_owners
    first = record.owner.id if record.owner else ""
    counted = [owner for owner in record.owners if owner.counts][:3]
    return tuple(
        PreviousOwner(person=owner, manager=record.owner_manager if owner.id == first else None, seen=record.scan_date)
        for owner in counted
    )


def route_input(
    owners: tuple[Person, ...],
    previous: tuple[PreviousOwner, ...],
    scan: ScannedTenant,
    policy: Policy,
    fallback: tuple[Person, ...],
    app_id: str,
) -> RouteInput:
    """The route's input for an app of this scan."""
    return RouteInput(
        owners=owners,
        previous_owners=previous,
        people=scan.people,
        contacts=scan.contacts.get(app_id.lower(), ()),
        fallback=fallback,
        skip_users=policy.skip_users,
        history_failed=scan.history_failed,
    )


def records_of(
    application: Application, scan: ScannedTenant, policy: Policy, fallback: tuple[Person, ...]
) -> tuple[list[CredentialRecord], Route]:
    """One app's records and the route that all its credentials share."""
    owners = full_owners(application, scan.people)
    owner = next((person for person in owners if person.counts), None)
    previous = () if owner else scan.previous_owners.get(application.object_id, ())
    route = resolve(route_input(owners, previous, scan, policy, fallback, application.app_id))
    manager = scan.people.get(owner.manager_id) if owner and owner.manager_id else None
    light = lean(application, scan.federated.get(application.object_id, ()))
    records = []
    for credential in application.credentials:
        if used := scan.last_used.get(credential.key_id.lower()):
            credential = replace(credential, last_used=used)
        stage = crossed_stage(credential, scan.started_at, policy)
        records.append(
            CredentialRecord(
                run_id=scan.run_id,
                scan_date=scan.started_at,
                tenant_id=scan.tenant_id,
                application=light,
                credential=credential,
                days_left=None if credential.end is None else days_left(credential.end, scan.started_at),
                owners=owners,
                owner=owner,
                owner_manager=manager,
                previous_owners=previous,
                path=route.path,
                alert_type=alert_type(credential, stage, policy),
            )
        )
    return records, route


def owners_to_remember(
    records: list[CredentialRecord], scan: ScannedTenant, policy: Policy
) -> Iterator[tuple[str, tuple[PreviousOwner, ...]]]:
    """What the next scan must know of one app's owners, should it lose them.

    An owned app remembers its counting owners as of this run; an ownerless one carries its previous
    owners forward with their date, until that date is older than HISTORY_DAYS.
    """
    first = records[0]
    object_id = first.application.object_id
    counting = [person for person in first.owners if person.counts][:3]
    if counting:
        yield (
            object_id,
            tuple(
                PreviousOwner(
                    person=person,
                    manager=scan.people.get(person.manager_id) if person.manager_id else None,
                    seen=scan.started_at,
                )
                for person in counting
            ),
        )
    elif first.previous_owners:
        fresh = tuple(
            previous
            for previous in first.previous_owners
            if (scan.started_at - previous.seen).days < policy.history_days
        )
        yield object_id, fresh


def mark_queued(record: CredentialRecord, queued: bool) -> CredentialRecord:
    """The same record, saying whether this run queued a notice for it."""
    return replace(record, email_sent=True) if queued else record
