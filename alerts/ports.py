"""What the core needs from the outside: small, bulk-shaped, asynchronous Protocols.

Each adapter room (graph, archive, store, bot) implements some of them; tests and production
differ only in which implementation `app.py` hands over.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from alerts.ahead import ReadsAhead
from alerts.forgetting import Forgets
from alerts.model import (
    Alert,
    Application,
    ApplicationType,
    Channel,
    Conversation,
    CredentialRecord,
    Delivery,
    Event,
    Exclusion,
    LaterLook,
    Nomination,
    Notice,
    Person,
    PostedCard,
    PreviousOwner,
    Quarantine,
    Recipient,
    ScanRun,
)
from alerts.views import MailView, OwnershipSpell, View

#: Gives the time: aware UTC. The practice tenant's moves by its "next day" button.
Clock = Callable[[], datetime]

#: Asked right before the request is written that makes a message: it records that this send is under way, and
#: raises CalledOff when the message is not wanted any more. Asked again for the same message it says nothing.
LastWord = Callable[[], Awaitable[None]]


class SharedPace(Protocol):
    """How fast one outside service may be called by all replicas together (store/paces.py).

    Raises StoreError.
    """

    async def reserve(self, turns: int) -> float:
        """Take so many turns, which follow each other at the pace; seconds until the first of them."""

    async def shut(self, seconds: float) -> None:
        """Nobody may call for so many seconds from now; a shorter wait never shortens a longer one."""

    async def shut_for(self) -> float:
        """Seconds until calls may be made again, 0.0 when they may."""


# ---------------------------------------------------------------- graph/


@dataclass(kw_only=True)
class GraphUsage:
    """What was asked of Graph since it was created; the scan report prints it."""

    #: HTTP requests sent, retries included, a $batch POST counting one.
    requests: int = 0
    throttled: int = 0
    #: Sum of x-ms-resource-unit, else the documented cost.
    resource_units: int = 0
    bytes: int = 0


@dataclass(kw_only=True)
class Completeness:
    """Whether everything was read, filled while pages are read."""

    #: Sentences naming what is missing and why; empty means complete.
    missing: list[str] = field(default_factory=list)
    quarantined: list[Quarantine] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class AppPage:
    """What one page of a listing brought; an app may come again on a later page, newer."""

    #: Object ids of all apps on the page.
    ids: Sequence[str]
    #: Those of them that have something to watch: a credential, also one in quarantine.
    apps: Sequence[Application]
    #: Object id -> app id of those that are disabled (enterprise apps).
    disabled: Mapping[str, str] = field(default_factory=dict)
    #: Creation dates that Graph gave (app registrations).
    created: Sequence[datetime] = ()


class AppLookup(Protocol):
    """Reads one application as Graph shows it now."""

    async def application(self, object_id: str, type: ApplicationType) -> Application | None:
        """One app as Graph shows it now with its owners, None if it is gone. Raises GraphError."""

    async def other_side(self, application: Application) -> Application | None:
        """The enterprise app of an app registration in this tenant, or the reverse; None without one. Raises GraphError."""


class AppRegistry(AppLookup, Protocol):
    """Reads the tenant's applications (graph/applications.py)."""

    @property
    def usage(self) -> GraphUsage:
        """What was asked of Graph so far."""

    def applications(self, completeness: Completeness, cuts: Sequence[datetime] = ()) -> AsyncIterator[AppPage]:
        """All app registrations, a page at a time, each with all its owners' ids.

        A failure is noted in `completeness` and ends the iteration; it is not raised, unless not even
        the first page could be read (GraphError).

        Args:
            completeness: filled meanwhile.
            cuts: ascending creation dates that cut the tenant into parts, which are read side by side; () one chain.
        """

    def cuts(self, created: Sequence[datetime]) -> list[datetime]:
        """Where to cut the next listing, from the creation dates of a complete one (in any order)."""

    def enterprise_applications(self, completeness: Completeness) -> AsyncIterator[AppPage]:
        """All enterprise apps but managed identities, likewise."""

    async def federated(self) -> dict[str, tuple[str, ...]]:
        """Object id -> "name (issuer's host)" of the federated identity credentials of app registrations.

        Those without one are absent. Nothing of them expires; an extra, without which a scan is no less complete.
        Raises GraphError.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class PeopleChanges:
    """Whose account, name, address or manager changed since a mark, and the mark for the next time."""

    #: Lower-case object ids; restored and new users are among them.
    ids: frozenset[str]
    #: Those of them that no longer exist as users: deleted, for good or not.
    removed: frozenset[str]
    mark: str


class People(Protocol):
    """Reads people (graph/people.py)."""

    @property
    def usage(self) -> GraphUsage:
        """What was asked of Graph so far."""

    async def people(self, ids: Iterable[str], *, managers: bool = False) -> dict[str, Person]:
        """id -> Person, for users and service principals; ids that are nowhere are absent.

        With `managers` the managers of these people are in the answer too, each with
        `account_enabled`. Soft-deleted users come back with `deleted=True`. Raises GraphError.
        """

    async def changes_from_now(self) -> str:
        """A mark for `changes_since`: no change of a user who is read after this is missed. Raises GraphError."""

    async def changes_since(self, mark: str, requests: int) -> PeopleChanges | None:
        """Users who changed since a mark, asked in at most so many requests; service principals are not followed.

        None when it cannot be told, so that people must be read anew: the mark is too old, or there are more
        changes than fit. Raises GraphError.
        """

    async def group_members(self, group_id: str) -> list[str]:
        """Object ids of the users in a group, nested ones too. Raises GraphError."""

    async def find(self, text: str, limit: int = 5) -> list[Person]:
        """Enabled people by object id, UPN, mail, or start of their display name. Raises GraphError."""


class LastUse(Protocol):
    """When credentials signed in last (graph/last_use.py); an extra, without which a scan is as complete."""

    @property
    def usage(self) -> GraphUsage:
        """What was asked of Graph so far."""

    async def last_used(self) -> Mapping[str, datetime]:
        """Lower-case key id -> the newest sign-in with it, aware UTC; those never used are absent. Raises GraphError."""


class OwnerWriter(Protocol):
    """Changes the owners of an app, with an identity of its own (graph/owners.py)."""

    async def add_owner(self, application: Application, person_id: str) -> None:
        """Make the person an owner; being one already is success. Raises OwnerChangeError, GraphError."""


class Privileges(Protocol):
    """Tells what an app may do by itself (graph/privileges.py)."""

    async def privileges(self, application: Application) -> tuple[str, ...] | None:
        """Names of its far-reaching rights and directory roles, () for none, None where nobody can tell.

        Raises GraphError.
        """


class ChangeLog(Protocol):
    """Tells who has changed an app (graph/audit_log.py)."""

    async def who_changed(self, object_id: str, since: datetime, until: datetime) -> str:
        """The name of whoever changed an app's credentials last in that time, '' if the log has nothing (yet).

        Raises GraphError.
        """


class AppInstaller(Protocol):
    """Installs Steward's Teams app for people who do not have it (graph/installation.py)."""

    async def install(self, person_id: str) -> None:
        """Install, or find it installed. Raises DeliveryError (unreachable when policy forbids it)."""


class MailChannel(Protocol):
    """Sends e-mail (graph/mail.py)."""

    async def send(self, view: MailView, last_word: LastWord | None = None) -> None:
        """Raises DeliveryError, and what `last_word` raises."""


# ---------------------------------------------------------------- bot/


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """Where a card stands after it was sent."""

    conversation_id: str
    service_url: str
    activity_id: str


class TeamsChannel(Protocol):
    """Sends cards to people in Teams (bot/proactive.py)."""

    async def send(self, person: Person, view: View, last_word: LastWord | None = None) -> Sent:
        """Reach the person: stored conversation, else create it, else install the app and create it.

        Raises DeliveryError, and what `last_word` raises.
        """

    async def update(self, card: PostedCard, view: View) -> None:
        """Replace a posted card in place. Raises DeliveryError (staleAddress when it is gone)."""


# ---------------------------------------------------------------- archive/


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The answer of a query: rows in the order of `columns`; datetimes aware UTC, dynamics decoded."""

    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]

    def dicts(self) -> list[dict[str, object]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Archive(Protocol):
    """The history: Log Analytics or the embedded archive, one shape (archive/)."""

    async def append_records(self, run: ScanRun, records: Iterable[CredentialRecord]) -> None:
        """Make one run's records durable in the spool; the same run again replaces them."""

    async def append_events(self, events: Sequence[Event]) -> None:
        """Make events durable; the same event_id again counts once in every query."""

    async def append_run(self, run: ScanRun) -> None:
        """Write the run's row; in Log Analytics only after each of its records was acknowledged."""

    async def upload(self) -> int:
        """Send what the spool still holds to Log Analytics; rows acknowledged, 0 when only embedded.

        Raises ArchiveError when something could not be sent; it stays in the spool.
        """

    def records_uploaded(self, run_id: str) -> int:
        """How many of a run's records Log Analytics has acknowledged; 0 when only embedded."""

    async def query(self, name: str, **values: object) -> Table:
        """Run `queries/<name>.kql` with typed values. Raises ArchiveError, on a partial answer too."""


class Spool(Protocol):
    """What still waits for Log Analytics (archive/spool.py)."""

    def waiting_since(self) -> datetime | None:
        """When the oldest rows were written that still wait; None when nothing waits."""

    async def upload(self) -> int:
        """Send what waits; rows acknowledged. Raises ArchiveError when something could not be sent."""


class OwnerHistory(Protocol):
    """Who owned what, from the archive (archive/history.py)."""

    async def previous_owners(self, object_ids: Sequence[str], days: int) -> dict[str, tuple[PreviousOwner, ...]]:
        """object id -> owners (at most 3) in its latest record with a counting owner; absent: none known.

        One query for all of them. Raises ArchiveError.
        """

    async def spells(self, object_id: str, days: int) -> tuple[OwnershipSpell, ...]:
        """Ownership over time of one app, oldest first. Raises ArchiveError."""

    async def events_of_app(self, app_id: str, days: int, limit: int = 50) -> tuple[Event, ...]:
        """What Steward did about one app, newest first. Raises ArchiveError."""


# ---------------------------------------------------------------- store/


class Transaction(ReadsAhead, Forgets, Protocol):
    """The working state inside one transaction; all of it is kept or none.

    Lists of ids may hold thousands: implementations chunk them. Unknown ids are simply absent.
    """

    # -- the snapshot: the last record of every credential
    async def save_snapshot(self, records: Iterable[CredentialRecord]) -> None:
        """Insert or replace by (object id, key id)."""

    async def remove_from_snapshot(self, keys: Sequence[tuple[str, str]]) -> None: ...
    async def snapshot_keys(self) -> dict[tuple[str, str], str]:
        """(object id, key id) -> run_id in which it was last seen."""

    async def snapshot_unseen(self, run_id: str) -> list[tuple[str, str]]:
        """(object id, key id) of the records that this run has not saved."""

    async def snapshot_due(self, until: datetime, *, unseen_by: str = "") -> list[CredentialRecord]:
        """Records whose end date is at or before `until`, expired ones included, by end date.

        With `unseen_by` only those that this run has not saved.
        """

    async def snapshot_of_apps(self, object_ids: Sequence[str]) -> list[CredentialRecord]: ...
    async def snapshot_of_owner(self, person_id: str) -> list[CredentialRecord]:
        """Records of apps whose owners (counting or not) include the person, by end date."""

    async def snapshot_ownerless(self) -> list[CredentialRecord]:
        """Records without a counting owner, by end date; those without an end date last."""

    async def find_apps(self, text: str, limit: int) -> list[Application]:
        """Apps by object id, app id, or part of the display name (any case); exact ones first."""

    # -- what is remembered of owners between scans
    async def save_owners_seen(self, seen: Mapping[str, tuple[PreviousOwner, ...]]) -> None:
        """object id -> the counting owners (at most 3) with their managers and the date; replaces."""

    async def owners_seen(self, object_ids: Sequence[str] | None = None) -> dict[str, tuple[PreviousOwner, ...]]: ...

    # -- alerts and their people
    async def alerts(self, ids: Sequence[str], *, lock: bool = False) -> dict[str, Alert]:
        """With `lock` the rows are locked until the transaction ends (PostgreSQL; SQLite has one writer)."""

    async def alerts_unclosed(self) -> list[Alert]:
        """Every alert whose state is not resolved."""

    async def unclosed_keys(self) -> dict[str, tuple[str, str]]:
        """Alert id -> (object id, key id), of every alert whose state is not resolved, the oldest first."""

    async def alerts_of_app(self, object_id: str) -> list[Alert]:
        """All of an app's alerts, closed ones too, newest first."""

    async def save_alerts(self, alerts: Sequence[Alert]) -> None:
        """Insert, or replace where the stored version is exactly one less. Raises VersionConflict."""

    async def recipients(self, alert_ids: Sequence[str]) -> list[Recipient]: ...
    async def recipients_of_person(self, person_id: str) -> list[Recipient]: ...
    async def save_recipients(self, recipients: Sequence[Recipient]) -> None: ...

    # -- notices, deliveries, cards
    async def add_notices(self, notices: Sequence[Notice]) -> list[Notice]:
        """Insert those whose key is new; returns the inserted ones."""

    async def notices(self, alert_ids: Sequence[str]) -> list[Notice]: ...
    async def add_deliveries(self, deliveries: Sequence[Delivery]) -> None: ...
    async def claim_deliveries(
        self,
        now: datetime,
        lease_seconds: float,
        limit: int,
        *,
        channel: Channel | None = None,
        most: int | None = None,
        notices: bool = True,
    ) -> list[Delivery]:
        """Pending ones whose `not_before` has come, and sending ones whose lease ran out, oldest first.

        Each is returned as stored after the claim: state sending, lease set, attempts and fence counted
        up. Two replicas never get the same one (FOR UPDATE SKIP LOCKED; SQLite: one writer), nor two for the
        same person and channel: one conversation takes one message at a time, whoever sends it.

        Args:
            now: aware UTC.
            lease_seconds: after which the claim is void.
            limit: rows at most.
            channel: only these; None all.
            most: so many at most may be in hand at once, in all replicas together.
            notices: False leaves those that carry notices where they are.
        """

    async def save_delivery(self, delivery: Delivery) -> bool:
        """Store an outcome if `fence` is still the stored one; False when another worker has it."""

    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> set[str]:
        """The same for several, none of them twice; ids of those that are stored."""

    async def deliveries(self, ids: Sequence[str]) -> dict[str, Delivery]: ...
    async def deliveries_of_alerts(self, alert_ids: Sequence[str]) -> list[Delivery]: ...
    async def deliveries_held(self) -> list[Delivery]:
        """Those that wait for an admin, oldest first."""

    async def deliveries_unsent(self) -> list[Delivery]:
        """Pending ones that carry notices, oldest first."""

    async def deliveries_of_run(self, run_id: str) -> list[Delivery]:
        """Those of a run that carry notices, in any state, oldest first."""

    async def runs_that_told(self, limit: int) -> list[str]:
        """Ids of the runs whose messages were let go, the newest first."""

    async def deliveries_waiting(self) -> int:
        """How many are pending or sending."""

    async def deliveries_overdue(self, before: datetime, limit: int) -> list[Delivery]:
        """Those that could have been claimed at `before` and are not finished, oldest first."""

    async def deliveries_retried(self, limit: int) -> list[Delivery]:
        """Waiting ones that were tried before, oldest first."""

    async def deliveries_failed(self, limit: int) -> list[Delivery]:
        """Those that failed for good, newest first."""

    async def next_delivery_at(self) -> datetime | None:
        """The earliest time at which one can be claimed, None when nothing waits."""

    async def save_card(self, card: PostedCard) -> None: ...
    async def save_cards(self, cards: Sequence[PostedCard]) -> None:
        """Insert, or replace by id."""

    async def card(self, card_id: str) -> PostedCard | None: ...
    async def card_by_activity(self, activity_id: str, recipient_id: str) -> PostedCard | None: ...
    async def newest_cards(self, recipient_id: str, limit: int) -> list[PostedCard]:
        """Somebody's cards, newest first."""

    async def card_by_delivery(self, delivery_id: str) -> PostedCard | None: ...
    async def cards_of_alerts(self, alert_ids: Sequence[str]) -> list[PostedCard]: ...
    async def cards_of_nominations(self, nomination_ids: Sequence[str]) -> list[PostedCard]: ...

    # -- nominations
    async def nomination(self, nomination_id: str, *, lock: bool = False) -> Nomination | None: ...
    async def nominations_of_app(self, object_id: str) -> list[Nomination]: ...
    async def nominations_of_apps(self, object_ids: Sequence[str]) -> list[Nomination]:
        """Newest first."""

    async def nominations_pending(self) -> list[Nomination]: ...
    async def save_nomination(self, nomination: Nomination) -> None:
        """Insert, or replace where the stored version is exactly one less. Raises VersionConflict."""

    # -- what admins have excluded, and later looks after "I renewed it"
    async def exclusions(self) -> list[Exclusion]:
        """All that are stored, the first to end first."""

    async def save_exclusion(self, exclusion: Exclusion) -> None:
        """Insert, or replace by the application."""

    async def remove_exclusion(self, object_id: str) -> bool:
        """False when there was none."""

    async def later_looks(self, until: datetime) -> list[LaterLook]:
        """Those whose time has come by then, the longest waiting first."""

    async def save_later_look(self, look: LaterLook) -> None:
        """Insert, or replace by the alert."""

    async def remove_later_looks(self, alert_ids: Sequence[str]) -> None: ...

    # -- people we talk to
    async def conversations(self, person_ids: Sequence[str]) -> dict[str, Conversation]: ...
    async def dead_conversations(self) -> list[Conversation]:
        """Those that cannot be used, by person."""

    async def save_conversation(self, conversation: Conversation) -> None: ...
    async def save_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Insert, or replace by person."""

    async def people(self, ids: Sequence[str]) -> dict[str, Person]:
        """People as last read from Graph."""

    async def people_managed_by(self, manager_id: str, limit: int = 20) -> list[Person]:
        """Enabled users with this manager, by object id."""

    async def save_people(self, people: Iterable[Person]) -> None: ...

    # -- runs, events on their way to the archive, audit, answers given, small values
    async def save_run(self, run: ScanRun) -> None: ...
    async def runs(self, limit: int) -> list[ScanRun]:
        """Newest first."""

    async def add_events(self, events: Sequence[Event]) -> None:
        """Insert those whose event_id is new."""

    async def events_waiting(self, limit: int) -> list[Event]: ...
    async def events_known(self, event_ids: Sequence[str]) -> set[str]:
        """Those of the ids that are stored."""

    async def events_archived(self, event_ids: Sequence[str]) -> None: ...
    async def add_audit(self, at: datetime, actor_id: str, verb: str, subject: str, before: str, after: str) -> None:
        """Append to the audit; rows are never changed."""

    async def answer_given(self, key: str) -> str | None:
        """The stored answer for an idempotency key, None when it is new."""

    async def save_answer_given(self, key: str, answer: str, at: datetime) -> None: ...
    async def value(self, name: str) -> str | None: ...
    async def values(self, names: Sequence[str]) -> dict[str, str]:
        """Those of the small values that are stored."""

    async def set_value(self, name: str, value: str) -> None: ...
    async def add_to_value(self, name: str, amount: int) -> None:
        """Add to a stored whole number in one step; nothing where it is not stored."""

    async def acquire_lease(self, name: str, holder: str, now: datetime, seconds: float) -> bool:
        """One holder at a time, for the scan across replicas; renewing one's own succeeds."""

    async def lease_holder(self, name: str) -> str:
        """Who took it last and has not given it back, even if its time is over; '' nobody."""

    async def release_lease(self, name: str, holder: str) -> None: ...

    # -- the pace that all replicas share (see SharedPace)
    async def reserve_turns(
        self, name: str, turns: int, gap: float, now: Callable[[], float] | None = None
    ) -> float: ...
    async def shut_pace(self, name: str, seconds: float, now: Callable[[], float] | None = None) -> None: ...
    async def pace_shut_for(self, name: str, now: Callable[[], float] | None = None) -> float: ...


class Store(Protocol):
    """The working state (store/): SQLite or PostgreSQL."""

    def transaction(self, *, brief: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """A read-write transaction; committed at the end, rolled back on an exception. Brief ones may share a commit."""

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """A read-only view that does not wait for writers."""


__all__ = [
    "AppInstaller",
    "AppLookup",
    "AppPage",
    "AppRegistry",
    "Archive",
    "ChangeLog",
    "Clock",
    "Completeness",
    "GraphUsage",
    "LastUse",
    "LastWord",
    "MailChannel",
    "OwnerHistory",
    "OwnerWriter",
    "People",
    "PeopleChanges",
    "Privileges",
    "Sent",
    "SharedPace",
    "Spool",
    "Store",
    "Table",
    "TeamsChannel",
    "Transaction",
]
