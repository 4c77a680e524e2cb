"""Equal people read from many rows become one object: memory, and the garbage collector's pauses, follow."""

from dataclasses import dataclass, field, replace
from typing import overload

from alerts.model import Application, CredentialRecord, Person, PreviousOwner, Recipient


@dataclass
class Sharer:
    """Gives equal values of many records one object: a tenant of 100,000 apps has few thousand owners."""

    people: dict[Person, Person] = field(default_factory=dict)

    def application(self, application: Application) -> Application:
        return replace(application, owners=self._all(application.owners)) if application.owners else application

    def record(self, record: CredentialRecord) -> CredentialRecord:
        return replace(
            record,
            application=self.application(record.application),
            owners=self._all(record.owners),
            owner=self._one(record.owner),
            owner_manager=self._one(record.owner_manager),
            previous_owners=self.previous_owners(record.previous_owners),
        )

    def previous_owners(self, owners: tuple[PreviousOwner, ...]) -> tuple[PreviousOwner, ...]:
        return tuple(replace(o, person=self._one(o.person), manager=self._one(o.manager)) for o in owners)

    def recipient(self, recipient: Recipient) -> Recipient:
        return replace(recipient, person=self._one(recipient.person), on_behalf_of=self._one(recipient.on_behalf_of))

    def _all(self, people: tuple[Person, ...]) -> tuple[Person, ...]:
        return tuple(self.people.setdefault(person, person) for person in people)

    @overload
    def _one(self, person: Person) -> Person: ...
    @overload
    def _one(self, person: None) -> None: ...
    def _one(self, person: Person | None) -> Person | None:
        return None if person is None else self.people.setdefault(person, person)
