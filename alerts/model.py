"""All nouns of Steward, as frozen values: what flows between the rooms of the house.

CredentialRecord -> Alert -> Route -> Notice -> Delivery, and Action coming back.
What a card shows is in `views.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from alerts.asked import Exclusion, LaterLook, Nomination, NominationKind, NominationState
from alerts.directory import (
    MAIL_ONLY,
    Application,
    ApplicationType,
    Credential,
    CredentialRecord,
    CredentialType,
    CredentialUsage,
    EscalationPath,
    Person,
    PersonKind,
    PreviousOwner,
    Quarantine,
)
from alerts.runs import Anew, Decision, RunStatus, ScannedTenant, ScanRun

# ---------------------------------------------------------------- policy and routes


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """The rules that an operator may set; see design section 3."""

    #: Days before expiry, descending: FirstAlert, SecondAlert, ...
    alert_days: tuple[int, ...] = (30, 14, 7)
    saml_alert_days: tuple[int, ...] = (30, 14, 7)
    #: Days before expiry of the last call, 0 never.
    last_call_days: int = 1
    #: When a manager is told of silence: last (with the last stage), never, or so many days before expiry.
    escalate_unanswered: str = "last"
    #: Complete scans without a last owner before the handover card.
    leaver_grace_days: int = 3
    snooze_max_days: int = 14
    snooze_floor_days: int = 3
    #: More new notices than this for one person in one run become one digest.
    digest_after: int = 3
    history_days: int = 730
    #: Whether an owner-write identity is configured.
    owner_writes: bool = False
    #: AUDIT_LOG=on: Entra's log is asked who renewed or removed a credential.
    audit_log: bool = False
    #: OWNER_CHANGES=direct: the nominee's acceptance is enough, except for privileged apps.
    owner_changes_direct: bool = False
    #: Object ids that are recipients on no path.
    skip_users: frozenset[str] = frozenset()


#: Why nobody knows who owned an app before: the archive could not be asked.
HISTORY_FAILED = "historyFailed"


class RouteReason(StrEnum):
    """Why a person is on the route of an alert."""

    OWNER = "owner"
    #: Accepted a nomination; told like an owner until Graph shows them as one.
    ACCEPTED_NOMINEE = "acceptedNominee"
    #: Asked for the new owner; stays until Graph shows it.
    NOMINATOR = "nominator"
    PREVIOUS_OWNER = "previousOwner"
    PREVIOUS_OWNER_MANAGER = "previousOwnerManager"
    #: The owner answered "not mine" or cannot be reached: their manager.
    OWNER_MANAGER = "ownerManager"
    CONTACT = "contact"
    FALLBACK = "fallback"
    #: Beside the route: nobody answered, so a manager (`on_behalf_of` says whose) or the fallback is told as well.
    SILENCE = "silence"
    #: Beside the route: an admin or the fallback, told because nobody answered a nomination in time.
    NOMINATION_EXPIRED = "nominationExpired"
    #: Beside the route: the fallback, told at the last call.
    LAST_CALL = "lastCall"
    #: Not on the route: an admin who opened it from a list.
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteStep:
    """One recipient and the reason."""

    person: Person
    reason: RouteReason
    #: ScanDate of the record that proves a previous owner.
    proof: datetime | None = None
    #: The (previous) owner whose manager this is.
    on_behalf_of: Person | None = None
    #: historyFailed where the archive could not be asked, so that nobody knows who owned the app; else ''.
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """Somebody who was considered and passed over; `reason` is a short code.

    Codes: disabled, deleted, gone, notAUser, skipUser, notMine, unreachable, noManager, historyFailed.
    """

    person_id: str
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Who must be told about one app's credentials, and why."""

    path: EscalationPath
    steps: tuple[RouteStep, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    @property
    def recipient_ids(self) -> tuple[str, ...]:
        return tuple(step.person.id for step in self.steps)


# ---------------------------------------------------------------- alerts


class AlertState(StrEnum):
    #: Due and to be alerted.
    OPEN = "open"
    #: A newer credential exists: two calm notices only.
    SUPERSEDED = "superseded"
    #: Gone from a complete scan, or its end moved beyond the stages.
    RESOLVED = "resolved"
    #: Expired for more than 7 days.
    EXPIRED = "expired"
    #: Not alerted, with `excluded_reason`.
    EXCLUDED = "excluded"
    #: Not due yet: a leaver's app that was handed over, so that it can be answered before its day.
    AHEAD = "ahead"


#: What somebody may still answer.
ANSWERABLE = (AlertState.OPEN, AlertState.SUPERSEDED, AlertState.AHEAD)


class AnswerKind(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    RETIRED = "retired"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A lasting answer to an alert; one at a time, `release` takes it back."""

    kind: AnswerKind
    by: Person
    at: datetime
    note: str = ""


#: `closed_reason` of an alert that the operator's stages no longer reach.
NOT_DUE = "notDue"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """This credential must be renewed; from the first crossed stage until it is closed.

    Fingerprint: (tenant, object id, key id, end). A changed end date closes it and starts afresh.
    """

    #: Opaque, 128 random bits in hex: all that a card carries.
    id: str
    #: Counted up with every change; a card carries the one it was made from.
    version: int = 1
    tenant_id: str
    application: Application
    credential: Credential
    state: AlertState = AlertState.OPEN
    path: EscalationPath = EscalationPath.UNROUTABLE
    #: Newest crossed stage in days, None before the first (should not happen for a stored alert).
    stage: int | None = None
    opened_at: datetime
    changed_at: datetime
    #: Since when it is in this state; None in rows of an earlier version.
    state_since: datetime | None = None
    closed_at: datetime | None = None
    #: removed | endDateMoved | notDue | '' while open.
    closed_reason: str = ""
    excluded_reason: str = ""
    #: Until when an admin has excluded it, None when it is excluded by itself or not at all.
    excluded_until: datetime | None = None
    #: The newer credential that supersedes this one.
    successor: Credential | None = None
    answer: Answer | None = None
    #: ScanDate of the older record it was judged from when the last scan could not read it, else None.
    as_of: datetime | None = None
    #: Run in which it last changed.
    run_id: str = ""
    #: Who renewed or removed it according to Entra's audit log, '' where nobody can tell.
    done_by: str = ""
    #: Counting owners' ids when it was last judged, ascending; None in rows of an earlier version.
    owner_ids: tuple[str, ...] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """(object id, key id)."""
        return (self.application.object_id, self.credential.key_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """One person's place on the route of one alert. Key: (alert_id, person.id)."""

    alert_id: str
    person: Person
    reason: RouteReason
    proof: datetime | None = None
    on_behalf_of: Person | None = None
    #: False once the route no longer leads to this person; kept for old cards.
    on_route: bool = True
    #: '' or why this person is off the alert: notMine, unreachable.
    off_reason: str = ""
    snoozed_until: datetime | None = None
    #: When that snooze was begun.
    snoozed_at: datetime | None = None
    #: When a scan ended this person's last snooze, because its time was over or a message could not wait for it.
    snooze_ended_at: datetime | None = None
    #: First time this person pressed anything on it.
    seen_at: datetime | None = None
    #: See RouteStep.
    why: str = ""

    @property
    def beside(self) -> bool:
        """Whether this person was told beside the route, and stays whatever it leads to."""
        return self.reason in (RouteReason.SILENCE, RouteReason.NOMINATION_EXPIRED, RouteReason.LAST_CALL)

    @property
    def stays(self) -> bool:
        """Whether "not mine" is no answer for this person: the fallback, for somebody must stay."""
        fallback = (RouteReason.FALLBACK, RouteReason.NOMINATION_EXPIRED, RouteReason.LAST_CALL)
        return self.reason in fallback or (self.reason is RouteReason.SILENCE and self.on_behalf_of is None)


class NoticeKind(StrEnum):
    STAGE = "stage"
    ESCALATION = "escalation"
    HANDOVER = "handover"
    LAST_CALL = "lastCall"
    EXPIRED = "expired"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What one person must be told. Key: (alert_id, stage, recipient_id, kind)."""

    id: str
    alert_id: str
    #: Stage in days; 0 for kind expired.
    stage: int
    recipient_id: str
    kind: NoticeKind
    run_id: str
    created_at: datetime
    path: EscalationPath
    reason: RouteReason
    #: FirstAlert, SecondAlert, ... for the events table.
    alert_type: str
    #: HANDOVER: id of the leaver.
    about: str = ""


class Channel(StrEnum):
    TEAMS = "teams"
    EMAIL = "email"


class DeliveryPurpose(StrEnum):
    """What a message is for; it decides which view is built when it is sent."""

    #: One app's due credentials for one person.
    ALERT = "alert"
    #: Many alerts for one person.
    DIGEST = "digest"
    #: A leaver's apps for the manager.
    HANDOVER = "handover"
    #: An admin must say yes or no before something goes on; `nomination_id` is the question's.
    QUESTION = "question"
    #: A nominee is asked.
    NOMINEE = "nominee"
    #: An admin is asked to approve.
    APPROVAL = "approval"
    #: Bring a posted card up to date (PUT).
    UPDATE = "update"
    #: A short message: somebody declined, an owner was written, ...
    INFO = "info"
    #: The admins' daily card about what is held.
    HELD = "held"


class DeliveryState(StrEnum):
    PENDING = "pending"
    #: Claimed by a worker until `lease_until`.
    SENDING = "sending"
    SENT = "sent"
    #: Failed for good, with `error_code` and `error`.
    FAILED = "failed"
    #: It may have arrived; not repeated again.
    UNCLEAR = "unclear"
    #: No longer needed when its turn came (answered, renewed, recalled).
    CANCELLED = "cancelled"
    #: Decided and not let go, with `held_reason`; never claimed. The next decision decides it anew.
    HELD = "held"
    #: It had arrived and was taken back: its notices count as not told.
    RECALLED = "recalled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One message on one channel; written in the transaction that decided it."""

    id: str
    purpose: DeliveryPurpose
    channel: Channel
    recipient_id: str
    run_id: str = ""
    #: Notices that this message carries.
    notice_ids: tuple[str, ...] = ()
    alert_ids: tuple[str, ...] = ()
    nomination_id: str = ""
    #: UPDATE: the posted card to bring up to date.
    card_id: str = ""
    #: INFO: sentence key and parameters (see cards/text.py).
    sentence: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    created_at: datetime
    not_before: datetime
    lease_until: datetime | None = None
    #: Counted up with every claim; a worker whose number is old may not write the outcome.
    fence: int = 0
    finished_at: datetime | None = None
    error_code: str = ""
    error: str = ""
    #: HELD: hold, notInPilot or brake (see sending.py).
    held_reason: str = ""
    #: How many sends may have arrived without our hearing of it; at two nothing is sent any more.
    unclear: int = 0
    #: When the request of the send under way was about to be written; None as soon as its outcome is known.
    begun_at: datetime | None = None
    #: Outcome of the last try that failed, '' none yet (alerts.errors.Outcome).
    trouble: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PostedCard:
    """A card that stands in somebody's chat, so that it can be kept true."""

    id: str
    delivery_id: str
    purpose: DeliveryPurpose
    recipient_id: str
    conversation_id: str
    service_url: str
    activity_id: str
    alert_ids: tuple[str, ...] = ()
    nomination_id: str = ""
    posted_at: datetime
    #: False once a newer card about the same app stands below it: it shrinks to one line.
    current: bool = True
    #: An admin has taken it back: it says so and asks for nothing.
    recalled: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """Where a person can be reached in Teams. Key: person_id."""

    person_id: str
    conversation_id: str
    service_url: str
    #: Teams' own id of the person ("29:..."), '' until an activity came in.
    teams_user_id: str = ""
    #: Last known locale and IANA time zone of the person, '' unknown.
    locale: str = ""
    time_zone: str = ""
    #: '' or why it cannot be used: blocked, uninstalled, ...
    dead_reason: str = ""
    #: Until when Teams is not tried again for this person; None when it may be tried at once.
    dead_until: datetime | None = None


# ---------------------------------------------------------------- actions


class Verb(StrEnum):
    """Action.Execute verbs, design 1.5."""

    ACKNOWLEDGE = "acknowledge"
    RENEWED = "renewed"
    SNOOZE = "snooze"
    ASSIGN_OWNER = "assignOwner"
    NOT_MINE = "notMine"
    ACCEPT = "accept"
    DECLINE = "decline"
    APPROVE = "approve"
    REJECT = "reject"
    RETIRE = "retire"
    AUTOMATIC = "automatic"
    RELEASE = "release"
    OPEN = "open"
    REFRESH = "refresh"


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """What somebody pressed. The actor comes from the verified activity, never from card data."""

    verb: str
    actor_id: str
    #: Card data as sent: alert, v, nomination, digest.
    data: Mapping[str, Any]
    #: Input values by input id: days, nominees, note, alerts.
    inputs: Mapping[str, Any] = field(default_factory=dict)
    #: The activity id of the card (replyToId), '' unknown.
    card_activity_id: str = ""
    #: The invoke's own activity id.
    invoke_id: str = ""
    #: True for the automatic refresh of a client.
    automatic: bool = False


# ---------------------------------------------------------------- events


class EventType(StrEnum):
    """CredentialEvents_CL.EventType, design 1.4."""

    ALERT_RAISED = "AlertRaised"
    NOTIFICATION_SENT = "NotificationSent"
    NOTIFICATION_FAILED = "NotificationFailed"
    SEEN = "Seen"
    ACKNOWLEDGED = "Acknowledged"
    SNOOZED = "Snoozed"
    SNOOZE_ENDED = "SnoozeEnded"
    OWNER_NOMINATED = "OwnerNominated"
    NOMINATION_ACCEPTED = "NominationAccepted"
    NOMINATION_DECLINED = "NominationDeclined"
    OWNER_CHANGE_REQUESTED = "OwnerChangeRequested"
    OWNER_ASSIGNED = "OwnerAssigned"
    OWNER_CHANGE_REFUSED = "OwnerChangeRefused"
    NOT_MINE = "NotMine"
    NOMINATION_EXPIRED = "NominationExpired"
    HANDED_OVER = "HandedOver"
    SUPERSEDED = "Superseded"
    REOPENED = "Reopened"
    CREDENTIAL_RENEWED = "CredentialRenewed"
    CREDENTIAL_REMOVED = "CredentialRemoved"
    CREDENTIAL_EXPIRED = "CredentialExpired"
    ESCALATED = "Escalated"
    LAST_CALL = "LastCall"
    EXCLUDED = "Excluded"
    EXCLUSION_ENDED = "ExclusionEnded"
    RETIRED = "Retired"
    MARKED_AUTOMATIC = "MarkedAutomatic"
    ANSWER_TAKEN_BACK = "AnswerTakenBack"
    HELD = "Held"
    RELEASED = "Released"
    RECALLED = "Recalled"
    SCAN_ERROR = "ScanError"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One row of CredentialEvents_CL; `event_id` is deterministic, so a repeat counts once."""

    event_id: str
    at: datetime
    type: EventType
    run_id: str = ""
    alert_id: str = ""
    key_id: str = ""
    app_id: str = ""
    application: str = ""
    alert_type: str = ""
    path: str = ""
    channel: str = ""
    recipient_id: str = ""
    recipient_upn: str = ""
    actor_id: str = ""
    actor_upn: str = ""
    reason: str = ""
    error_code: str = ""
    attempt: int = 0
    duration_ms: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)


class Role(StrEnum):
    """What somebody may ask of Steward."""

    ADMIN = "admin"
    #: May read everything and change nothing.
    SUPPORT = "support"
    MEMBER = "member"


__all__ = [
    "MAIL_ONLY",
    "Action",
    "Alert",
    "AlertState",
    "Anew",
    "Answer",
    "AnswerKind",
    "Application",
    "ApplicationType",
    "Channel",
    "Conversation",
    "Credential",
    "CredentialRecord",
    "CredentialType",
    "CredentialUsage",
    "Decision",
    "Delivery",
    "DeliveryPurpose",
    "DeliveryState",
    "EscalationPath",
    "Event",
    "EventType",
    "Exclusion",
    "LaterLook",
    "Nomination",
    "NominationKind",
    "NominationState",
    "Notice",
    "NoticeKind",
    "Person",
    "PersonKind",
    "Policy",
    "PostedCard",
    "PreviousOwner",
    "Quarantine",
    "Recipient",
    "Role",
    "Route",
    "RouteReason",
    "RouteStep",
    "RunStatus",
    "ScanRun",
    "ScannedTenant",
    "Skipped",
    "Verb",
]
