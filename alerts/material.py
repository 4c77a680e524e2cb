"""What one decision is about, gathered while the scan is read through."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from alerts.leavers import Orphan
from alerts.model import Alert, Credential, CredentialRecord, Delivery, Notice, Person, Recipient, Route

V = TypeVar("V", str, datetime)


#: (object id, key id) of a credential.
Key = tuple[str, str]


@dataclass(kw_only=True)
class Material:
    """What the decision needs beside the scan itself: of a tenant's apps the few that it is about."""

    fallback: tuple[Person, ...]
    people: Mapping[str, Person]
    #: From when on a departure is news to `leavers.find_leavers`, None where none is.
    watched_since: datetime | None = None
    #: Who hears of what is held.
    admins: tuple[Person, ...] = ()
    #: Of all apps that have something due, or an unclosed alert, or a pending nomination: the records of what is due
    #: or alerted, or one of them.
    records: dict[Key, CredentialRecord] = field(default_factory=dict)
    siblings: dict[str, list[Credential]] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    #: Apps that have lost their last owner since then and none of whose former owners is there, with what expires next
    #: of each.
    orphans: list[Orphan] = field(default_factory=list)
    #: Ids of former owners of any ownerless app of whom Graph knows nothing.
    gone: set[str] = field(default_factory=set)
    #: Ids of all counting owners.
    owners: set[str] = field(default_factory=set)
    #: Counted over all apps.
    credentials: int = 0
    ownerless: int = 0
    ownerless_without_any: int = 0
    #: One object for equal ids and moments of many rows.
    _same: dict[Any, Any] = field(default_factory=dict)

    def orphaned(self, orphan: Orphan | None) -> None:
        """Keep what a leaver's handover would need of an ownerless app."""
        if orphan is None:
            return
        accounts = {past.person.id: self.people.get(past.person.id) for past in orphan.owners}
        self.gone.update(person_id for person_id, account in accounts.items() if account is None)
        if any(account is not None and account.counts for account in accounts.values()):
            return
        if self.watched_since is not None and any(past.seen >= self.watched_since for past in orphan.owners):
            self.orphans.append(orphan)

    def shared_alert(self, alert: Alert) -> Alert:
        """An equal alert that holds the objects of what was read: nearly all are as they were, and need no second copy."""
        record = self.records.get(alert.key)
        if record is None:
            return alert
        application, credential = alert.application, alert.credential
        return replace(
            alert,
            id=self.same(alert.id),
            tenant_id=self.same(alert.tenant_id),
            run_id=self.same(alert.run_id),
            opened_at=self.same(alert.opened_at),
            changed_at=self.same(alert.changed_at),
            state_since=alert.state_since and self.same(alert.state_since),
            owner_ids=None if alert.owner_ids is None else tuple(map(self.same, alert.owner_ids)),
            application=record.application if record.application == application else application,
            credential=record.credential if record.credential == credential else credential,
        )

    def shared_notice(self, notice: Notice) -> Notice:
        """An equal notice that holds the ids that other rows hold."""
        return replace(
            notice,
            id=self.same(notice.id),
            alert_id=self.same(notice.alert_id),
            recipient_id=self.same(notice.recipient_id),
            run_id=self.same(notice.run_id),
            created_at=self.same(notice.created_at),
        )

    def shared_delivery(self, delivery: Delivery) -> Delivery:
        """An equal message that holds the ids that other rows hold."""
        return replace(
            delivery,
            recipient_id=self.same(delivery.recipient_id),
            run_id=self.same(delivery.run_id),
            notice_ids=tuple(map(self.same, delivery.notice_ids)),
            alert_ids=tuple(map(self.same, delivery.alert_ids)),
            created_at=self.same(delivery.created_at),
            not_before=self.same(delivery.not_before),
        )

    def same(self, value: V) -> V:
        """The first of equal ids or moments."""
        known: V = self._same.setdefault(value, value)
        return known

    def shared_recipient(self, recipient: Recipient, alert_id: str) -> Recipient:
        """An equal recipient that holds the people of the scan, and this copy of the alert's id."""
        person, chief = recipient.person, recipient.on_behalf_of
        return replace(
            recipient,
            alert_id=self.same(alert_id),
            person=self._shared(person),
            on_behalf_of=None if chief is None else self._shared(chief),
        )

    def _shared(self, person: Person) -> Person:
        known = self.people.get(person.id)
        return known if known is not None and known == person else person
