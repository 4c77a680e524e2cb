"""What a card or an answer shows: values with everything in them that `cards/` needs to draw.

`cards.render(view, words)` turns each of these into an Adaptive Card; e-mail uses the same views.
Nothing here is a sentence that a person reads: those stand in `cards/text.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from alerts.model import (
    Application,
    Credential,
    CredentialRecord,
    EscalationPath,
    Event,
    Nomination,
    Person,
    RouteReason,
    ScanRun,
)


class CardState(StrEnum):
    """The form of an alert card or of one line of it."""

    OPEN = "open"
    TAKEN_BY_YOU = "takenByYou"
    TAKEN_BY_OTHER = "takenByOther"
    SNOOZED = "snoozed"
    #: A nominee has been asked and has not answered.
    WAITING_NOMINEE = "waitingNominee"
    #: The nominee accepted; an admin must approve.
    WAITING_APPROVAL = "waitingApproval"
    #: Approved, but Graph does not show the owner yet.
    WAITING_OWNER = "waitingOwner"
    #: A new owner is written.
    ASSIGNED = "assigned"
    #: The credential is gone from a complete scan, or its end moved.
    RENEWED = "renewed"
    #: The stages were set anew and do not reach it any more.
    NOT_DUE = "notDue"
    #: A newer credential exists; this one still counts down.
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    EXCLUDED = "excluded"
    #: This person answered "not mine".
    NOT_MINE = "notMine"
    #: Answered: no longer needed; quiet until expiry.
    RETIRED = "retired"
    #: Somebody who owns nothing says so; an admin decides.
    RETIRE_PROPOSED = "retireProposed"
    #: Answered: a pipeline renews it.
    AUTOMATIC = "automatic"


class RenewalFinding(StrEnum):
    """What Graph showed when somebody pressed "I renewed it"."""

    #: A newer credential of the same type stands on the app.
    FOUND = "found"
    #: The old one is gone.
    GONE = "gone"
    #: Nothing new is visible yet.
    NOT_YET = "notYet"
    #: Nothing new here, but something new elsewhere: see `AlertView.elsewhere`.
    ELSEWHERE = "elsewhere"
    #: Graph could not be asked.
    UNKNOWN = "unknown"


class Place(StrEnum):
    """Where a new credential was found instead."""

    #: On the same app, of the other type: it does not replace this one by itself.
    OTHER_TYPE = "otherType"
    #: On the app's enterprise app, or on the registration of an enterprise app.
    OTHER_SIDE = "otherSide"
    #: On another app of the person who says that it is renewed.
    OTHER_APP = "otherApp"


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """A new credential that does not renew the one that expires."""

    place: Place
    application: Application
    credential: Credential


class Outcome(StrEnum):
    """What came of telling somebody."""

    SILENT = "silent"
    #: Reached by e-mail alone: could not answer in Teams.
    NO_TEAMS = "noTeams"
    NOT_MINE = "notMine"
    UNREACHABLE = "unreachable"
    #: Is not on the route any more.
    GONE = "gone"


@dataclass(frozen=True, kw_only=True, slots=True)
class SoFar:
    """Somebody who was told before, and what came of it."""

    person: Person
    at: datetime
    outcome: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewal:
    """What came of "I renewed it"."""

    #: Alert id -> what Graph showed.
    findings: Mapping[str, RenewalFinding]
    elsewhere: Elsewhere | None = None
    #: Until when Graph is asked again, None when it is not.
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertItem:
    """One credential on an alert card, as one person sees it."""

    alert_id: str
    version: int
    credential: Credential
    #: Whole days from now, negative once expired.
    days_left: int
    state: CardState
    successor: Credential | None = None
    taken_by: Person | None = None
    taken_at: datetime | None = None
    snoozed_until: datetime | None = None
    #: Set right after "I renewed it".
    finding: RenewalFinding | None = None
    #: Who renewed or removed it outside Steward, '' unknown.
    done_by: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertView:
    """One app's due credentials for one person (drafts A and B of the cards)."""

    application: Application
    #: Most urgent first, at least one.
    items: tuple[AlertItem, ...]
    recipient: Person
    #: IANA zone in which this person's dates are written.
    time_zone: str
    now: datetime
    reason: RouteReason
    path: EscalationPath
    #: ScanDate of the record that proves the previous owner.
    proof: datetime | None = None
    #: The (previous) owner whose manager the recipient is.
    on_behalf_of: Person | None = None
    #: Set right after "I renewed it": where something new was found instead.
    elsewhere: Elsewhere | None = None
    #: Until when Graph is asked again by itself after "I renewed it", None when it is not.
    looks_until: datetime | None = None
    #: The other people who were told.
    also_told: tuple[Person, ...] = ()
    #: Counting owners of the app, for "one of 3 owners".
    owner_count: int = 0
    #: The nomination under way or just ended, if any.
    nomination: Nomination | None = None
    #: When this person is reminded next if nothing changes, None never.
    next_reminder: datetime | None = None
    #: Lengths in days that a snooze by this person would be granted, e.g. (7, 14); () none.
    snooze_days: tuple[int, ...] = ()
    #: The day past which a snooze by this person cannot reach, None when none is possible.
    snooze_latest: datetime | None = None
    #: Suggested new owners for the people picker, with how many apps of the previous owner they own.
    suggestions: tuple[tuple[Person, int], ...] = ()
    #: Verbs this person may press now, in the order design 1.5 lists them.
    verbs: tuple[str, ...] = ()
    #: Set when the last scan was partial and this is judged from an older record.
    as_of: datetime | None = None
    #: True once a newer card about the same app stands below: one line that points to it.
    shrunk: bool = False
    #: Digest to which "back to the list" leads, '' none.
    digest_id: str = ""
    #: Leads for fallback recipients: sentences of facts such as a ticket reference or SAML addresses.
    leads: tuple[tuple[str, str], ...] = ()
    #: Who was told before this person and did not answer, for whoever is asked next.
    so_far: tuple[SoFar, ...] = ()
    #: This person was or is told as the last call of the first item.
    last_call: bool = False
    #: When this person's snooze ended, as long as no later message has spoken to them; None otherwise.
    snooze_ended: datetime | None = None
    #: historyFailed: nobody knows who owned the app, since the archive could not be asked; else ''.
    why: str = ""


class NominationRole(StrEnum):
    NOMINEE = "nominee"
    APPROVER = "approver"


@dataclass(frozen=True, kw_only=True, slots=True)
class NominationView:
    """The nominee's card (draft C) or the admin's approval card."""

    nomination: Nomination
    role: NominationRole
    recipient: Person
    time_zone: str
    now: datetime
    #: The most urgent credential of the app, None if none is due any more.
    item: AlertItem | None
    #: True: the approver must change the owner by hand, since no owner-write identity is set.
    by_hand: bool = False
    #: Holds privileged rights, or nobody can tell.
    privileged: bool = False
    #: Whether an admin will have to confirm an acceptance.
    needs_approval: bool = True
    alert_days: tuple[int, ...] = (30, 14, 7)
    verbs: tuple[str, ...] = ()


#: Parameter of a digest's note: the app that it is about, which is then named before it.
OF_APP = "of_app"


class DigestMode(StrEnum):
    LIST = "list"
    #: Tick boxes: "Answer several".
    CHOOSE = "choose"


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestItem:
    application: Application
    item: AlertItem
    #: What may help to find out whose it is, for whoever was told because nobody else could be.
    leads: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestView:
    """Many alerts for one person (draft D)."""

    digest_id: str
    recipient: Person
    time_zone: str
    now: datetime
    reason: RouteReason
    #: Most urgent first; superseded ones last.
    items: tuple[DigestItem, ...]
    mode: DigestMode = DigestMode.LIST
    #: True lists every item, False the most urgent ones with a count of the rest.
    show_all: bool = False
    #: What the last answer did: sentence key, parameters; for "answer several".
    notes: tuple[tuple[str, Mapping[str, str]], ...] = ()
    #: Verbs that the ticked ones may be answered with.
    verbs: tuple[str, ...] = ("acknowledge", "assignOwner", "notMine")
    #: Lengths in days that a snooze of every one of them would be granted, () none.
    snooze_days: tuple[int, ...] = ()
    #: On a handover card: who is no longer available as owner.
    leaver: Person | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionView:
    """What an admin must decide before Steward goes on."""

    question_id: str
    #: leavers: so many owners depart at once.
    kind: str
    asked_at: datetime
    #: Those of whom a name is known.
    people: tuple[Person, ...]
    count: int
    of: int
    #: '' | yes | no.
    answer: str
    answered_by: Person | None
    time_zone: str
    now: datetime
    verbs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """One sentence of `cards/text.py` with its parameters; parameters are untrusted names."""

    key: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldView:
    """The admins' daily card: what is held, and what would happen if it were let go."""

    now: datetime
    time_zone: str
    #: hold | pilot | on.
    sending: str
    #: Held: people, and notices for them.
    people: int
    notices: int
    #: People whom only the brake holds, and how many one run may tell.
    braked: int
    most: int
    #: People with something that ends within three days.
    urgent: int
    #: (escalation path, people), most direct first.
    by_path: tuple[tuple[str, int], ...] = ()
    #: (department, people), largest first; '' where none is known. What is left over to `people` is in others.
    by_department: tuple[tuple[str, int], ...] = ()
    #: Whether a pilot group or departments are set.
    has_pilot: bool = False
    paused: bool = False
    paused_until: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewPerson:
    """One person who would be told today."""

    person: Person
    reason: RouteReason
    #: How many apps the message would be about, and the one that ends first.
    apps: int
    application: Application
    credential: Credential
    #: '' or why it is held: hold, notInPilot, brake.
    held: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviewView:
    """Answer to `preview`: who would be told what, without telling anybody."""

    now: datetime
    time_zone: str
    #: So many days are looked ahead.
    days: int
    #: When the scan began whose records these are, None when there has been none.
    as_of: datetime | None
    #: hold | pilot | on.
    sending: str
    #: Told today, if all were let go: people, and notices for them; and how many of these people are held.
    people: int
    notices: int
    held: int
    #: (escalation path, people told today), most direct first.
    by_path: tuple[tuple[str, int], ...] = ()
    #: One page of the people told today, the most urgent first, and the number of the first of them.
    shown: tuple[PreviewPerson, ...] = ()
    first: int = 1
    #: The command that shows the next page, '' on the last.
    more: str = ""
    #: (day, people, notices) of the coming days on which anything would be told.
    ahead: tuple[tuple[datetime, int, int], ...] = ()
    #: People told on any of these days.
    all_people: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusReport:
    """The state of the tenant (draft E); the same numbers for command, page and workbook."""

    now: datetime
    time_zone: str
    last_run: ScanRun | None
    #: The newest run that succeeded or was partial, for the figures.
    last_good_run: ScanRun | None
    next_scan: datetime | None
    #: hold | pilot | on | paused.
    sending: str
    due: int
    #: Ledger state -> number; sums up to `due`.
    ledger: Mapping[str, int]
    #: due minus the sum; 0 when all is well.
    difference: int
    urgent: int
    not_told: int
    approvals: int
    oldest_approval: datetime | None
    ownerless_due: int
    ownerless_total: int
    #: App registrations with federated credentials, none of which expires.
    federated_applications: int = 0
    #: Problems as sentences, most serious first.
    problems: tuple[Sentence, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class AppLine:
    """One app in a list of a command's answer."""

    application: Application
    #: The most urgent credential, None if it has none with an end.
    credential: Credential | None
    days_left: int | None
    owners: tuple[Person, ...] = ()
    #: Ledger state of that credential, '' when not due.
    state: str = ""
    #: An open alert that the asker may open, '' none.
    alert_id: str = ""
    version: int = 0


class ListKind(StrEnum):
    MY_APPS = "myApps"
    EXPIRING = "expiring"
    OWNERLESS = "ownerless"
    EXPIRED = "expired"
    #: Several apps match what was typed.
    CHOICES = "choices"


@dataclass(frozen=True, kw_only=True, slots=True)
class AppListView:
    kind: ListKind
    lines: tuple[AppLine, ...]
    #: How many there are in all; `lines` is one page of them.
    total: int
    now: datetime
    time_zone: str
    #: The command that shows the next page, '' on the last.
    more: str = ""
    #: For EXPIRING: within so many days. For CHOICES: the command to repeat with an id.
    days: int = 0
    query: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AppStatusView:
    """Answer to `status <app>`: every credential, who owns it, who was told."""

    application: Application
    records: tuple[CredentialRecord, ...]
    #: key id -> ledger state of the due ones.
    states: Mapping[str, str]
    told: tuple[tuple[Person, datetime, str], ...]
    now: datetime
    time_zone: str
    alert_id: str = ""
    version: int = 0
    #: Answer to a pasted error text: has something expired, and since when.
    verdict: Sentence | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a list; a tap types a command."""

    sentence: Sentence
    #: '' where there is nothing to ask.
    typed: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RowsView:
    """A list of sentences with pages: who cannot be reached, what waits, what is quiet."""

    #: The command it answers, which also names its title.
    kind: str
    rows: tuple[Row, ...]
    #: How many there are in all; `rows` is one page of them.
    total: int
    now: datetime
    time_zone: str
    #: The command that shows the next page, '' on the last.
    more: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ExplainView:
    """Answer to `why`: why somebody got the last card, and what comes next."""

    about: "AlertView | NominationView"
    posted_at: datetime
    now: datetime
    time_zone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnershipSpell:
    """From one record's day to another's the same owners stood in the archive."""

    first: date
    last: date
    owners: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryView:
    """Answer to `history <app>`: owners over time, and what Steward did."""

    application: Application
    spells: tuple[OwnershipSpell, ...]
    events: tuple[Event, ...]
    now: datetime
    time_zone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandHelp:
    name: str
    usage: str
    #: Key of its sentence in `cards/text.py`.
    sentence: str
    admin_only: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class HelpView:
    commands: tuple[CommandHelp, ...]
    #: True greets (first contact) before the list.
    greeting: bool = False
    #: With a greeting: the person's own apps, None without any.
    own: AppListView | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanView:
    """Answer to `scan`, or to a scan that ended."""

    run: ScanRun
    time_zone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmView:
    """Something is wrong with Steward itself: one card per problem, updated until it is over."""

    #: Kind of the problem (alerts/problems.py).
    kind: str
    #: Figures and reasons for its sentence.
    params: Mapping[str, str]
    since: datetime
    #: None while it lasts.
    over_at: datetime | None
    now: datetime
    time_zone: str
    next_scan: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MailView:
    """One e-mail for one person and run: all that they must be told."""

    recipient: Person
    time_zone: str
    now: datetime
    #: Of the person's last message in Teams, '' unknown.
    locale: str = ""
    alerts: tuple[AlertView, ...] = ()
    nominations: tuple[NominationView, ...] = ()
    infos: tuple[Sentence, ...] = ()
    #: True when the person cannot answer in Teams: the mail says how to get the app.
    no_teams: bool = False


View = (
    AlertView
    | NominationView
    | DigestView
    | Sentence
    | StatusReport
    | HeldView
    | PreviewView
    | AppListView
    | AppStatusView
    | HistoryView
    | HelpView
    | RowsView
    | ExplainView
    | ScanView
    | AlarmView
    | QuestionView
)
