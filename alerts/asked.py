"""Nouns of what people are asked and what admins decide: nominations, exclusions, and looks to be taken again.

`model.py` names them together with all others.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.directory import Application, Person


@dataclass(frozen=True, kw_only=True, slots=True)
class Exclusion:
    """An admin has taken one app off all reminders until a day. Key: application.object_id."""

    application: Application
    #: The moment at which it ends.
    until: datetime
    reason: str
    by: Person
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LaterLook:
    """Somebody renewed it, but Graph does not show it yet: look again, and the card turns by itself. Key: alert_id."""

    alert_id: str
    #: Who said so, and is told when it is seen.
    person_id: str
    #: When it was said.
    since: datetime
    next_at: datetime
    #: Looks taken so far, the one at the press not counted.
    taken: int = 0


class NominationKind(StrEnum):
    """What is asked for; both wait for an admin in the same way."""

    #: Somebody is to become an owner.
    OWNER = "owner"
    #: Somebody who owns nothing says that the app is no longer needed.
    RETIRE = "retire"


class NominationState(StrEnum):
    ASKED = "asked"
    DECLINED = "declined"
    #: Accepted; waits for an admin.
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    #: Approved; Graph is being asked to write (or an admin does it by hand).
    APPROVED = "approved"
    #: Graph shows the new owner.
    ASSIGNED = "assigned"
    #: Kind retire: an admin agreed, and the answer is given.
    GRANTED = "granted"
    #: Graph refused the change, see `failure`.
    REFUSED = "refused"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Nomination:
    """Somebody is asked to become the owner of one app, or proposes to let it run out."""

    id: str
    version: int = 1
    kind: NominationKind = NominationKind.OWNER
    #: The alert from which it came.
    alert_id: str
    application: Application
    nominator: Person
    nominee: Person
    note: str = ""
    #: What the nominee wrote.
    answer_note: str = ""
    state: NominationState = NominationState.ASKED
    created_at: datetime
    changed_at: datetime
    #: When the person asked now should have answered.
    answer_by: datetime
    approver: Person | None = None
    failure: str = ""
    #: How often the approvers were asked again because their time was over.
    reminded: int = 0
    #: Whether whoever owns the app can act with far-reaching rights, or nobody can tell: then an admin must agree.
    privileged: bool = True
    #: Names of these rights as Graph gives them, () where nobody can tell.
    privileges: tuple[str, ...] = ()
    #: Kind retire: the alerts that are to be answered.
    alert_ids: tuple[str, ...] = ()

    @property
    def pending(self) -> bool:
        return self.state in (NominationState.ASKED, NominationState.ACCEPTED, NominationState.APPROVED)
