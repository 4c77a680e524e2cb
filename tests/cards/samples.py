"""Views of every kind and form, as they would be on Thursday 3 December 2026; tests and the gallery draw them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from alerts.model import (
    Application,
    ApplicationType,
    Credential,
    CredentialRecord,
    CredentialType,
    CredentialUsage,
    EscalationPath,
    Event,
    EventType,
    Nomination,
    NominationState,
    Person,
    RouteReason,
    RunStatus,
    ScanRun,
)
from alerts.views import (
    AlertItem,
    AlertView,
    AppLine,
    AppListView,
    AppStatusView,
    CardState,
    CommandHelp,
    DigestItem,
    DigestMode,
    DigestView,
    HelpView,
    HistoryView,
    ListKind,
    MailView,
    NominationRole,
    NominationView,
    OwnershipSpell,
    RenewalFinding,
    ScanView,
    Sentence,
    StatusReport,
    View,
)
from cards.words import Words

NOW = datetime(2026, 12, 3, 7, 7, tzinfo=UTC)
ZONE = "Europe/Berlin"
WORDS = Words(
    org_name="Contoso",
    help_text="Questions: IT service desk, 4711",
    help_url="https://help.contoso.com/steward",
    bot_app_id="11111111-2222-3333-4444-555555555555",
    teams_app_id="66666666-7777-8888-9999-000000000000",
)
TEAMS_USER = "29:1abc"


def person(key: str, name: str) -> Person:
    return Person(
        id=f"{key}-object-id",
        display_name=name,
        user_principal_name=f"{key}@contoso.com",
        mail=f"{key}@contoso.com",
        account_enabled=True,
    )


ANA = person("ana", "Ana Silva")
BEN = replace(person("ben", "Ben Ortiz"), account_enabled=False, deleted=True)
MIA = person("mia", "Mia Tanaka")
ELI = person("eli", "Eli Novak")
TOM = person("tom", "Tom Berg")
ADA = person("ada", "Ada Lindqvist")
NOOR = person("noor", "Noor Haddad")
JAN = person("jan", "Jan Kowal")

OWNER_VERBS = ("acknowledge", "renewed", "snooze", "assignOwner", "notMine", "retire", "automatic", "refresh")
MANAGER_VERBS = ("acknowledge", "renewed", "assignOwner", "notMine", "retire", "refresh")


def application(name: str = "Invoice Export", number: int = 1) -> Application:
    return Application(
        object_id=f"0b{number:06d}-aaaa-bbbb-cccc-000000000000",
        app_id=f"a1{number:06d}-1111-2222-3333-444444444444",
        display_name=name,
        type=ApplicationType.APP_REGISTRATION,
        created=datetime(2022, 5, 2, 9, 0, tzinfo=UTC),
        reply_hosts=("invoices.contoso.com",),
        notes="Sends the nightly invoices to the archive. Runs on srv-batch-07.",
        service_management_reference="SNOW-4711",
    )


def secret(days: int = 30, name: str = "prod-2025", key: str = "3f2a81c4") -> Credential:
    return Credential(
        key_id=f"{key}-0000-4000-8000-000000000000",
        type=CredentialType.CLIENT_SECRET,
        display_name=name,
        start=NOW - timedelta(days=335),
        end=datetime(2026, 12, 3, 13, 20, tzinfo=UTC) + timedelta(days=days),
        last_used=NOW - timedelta(days=1),
    )


def certificate(days: int = 14, name: str = "CN=travel") -> Credential:
    return replace(secret(days, name, "77aa00ff"), type=CredentialType.CERTIFICATE, thumbprint="AB" * 20)


def saml(days: int = 14) -> Credential:
    return replace(certificate(days, "CN=Microsoft Azure Federated SSO"), usage=CredentialUsage.SAML_ACTIVE)


def item(credential: Credential | None = None, state: CardState = CardState.OPEN, number: int = 1) -> AlertItem:
    credential = credential or secret()
    assert credential.end is not None
    return AlertItem(
        alert_id=f"{number:032x}", version=3, credential=credential, days_left=(credential.end - NOW).days, state=state
    )


def owner_view(*items: AlertItem, **changes: object) -> AlertView:
    view = AlertView(
        application=application(),
        items=items or (item(),),
        recipient=ANA,
        time_zone=ZONE,
        now=NOW,
        reason=RouteReason.OWNER,
        path=EscalationPath.CURRENT_OWNERS,
        also_told=(NOOR, JAN),
        owner_count=3,
        next_reminder=datetime(2026, 12, 19, 13, 20, tzinfo=UTC),
        snooze_days=(7, 14),
        snooze_latest=NOW + timedelta(days=14),
        verbs=OWNER_VERBS,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def manager_view(*items: AlertItem, **changes: object) -> AlertView:
    view = owner_view(
        *(items or (item(secret(7)),)),
        application=application("Vendor Portal Sync", 2),
        recipient=MIA,
        reason=RouteReason.PREVIOUS_OWNER_MANAGER,
        path=EscalationPath.PREVIOUS_OWNER_MANAGER,
        proof=datetime(2026, 3, 12, 6, 0, tzinfo=UTC),
        on_behalf_of=BEN,
        also_told=(),
        owner_count=0,
        next_reminder=datetime(2026, 12, 9, 7, 0, tzinfo=UTC),
        snooze_days=(),
        snooze_latest=None,
        suggestions=((ELI, 2), (TOM, 1)),
        verbs=MANAGER_VERBS,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def nomination(state: NominationState = NominationState.ASKED, **changes: object) -> Nomination:
    made = Nomination(
        id="f" * 32,
        version=2,
        alert_id=f"{1:032x}",
        application=application("Vendor Portal Sync", 2),
        nominator=MIA,
        nominee=ELI,
        note="You worked on it with Ben last year.",
        state=state,
        created_at=NOW,
        changed_at=NOW,
        answer_by=datetime(2026, 12, 4, 16, 0, tzinfo=UTC),
        approver=ADA,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def nominee_view(state: NominationState = NominationState.ASKED, **changes: object) -> NominationView:
    asked = state is NominationState.ASKED
    view = NominationView(
        nomination=nomination(state),
        role=NominationRole.NOMINEE,
        recipient=ELI,
        time_zone=ZONE,
        now=NOW,
        item=item(secret(7)),
        privileged=True,
        verbs=("accept", "decline", "refresh") if asked else ("refresh",),
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def approval_view(state: NominationState = NominationState.ACCEPTED, **changes: object) -> NominationView:
    waits = state is NominationState.ACCEPTED
    view = nominee_view(
        state,
        role=NominationRole.APPROVER,
        recipient=ADA,
        verbs=("approve", "reject", "refresh") if waits else ("refresh",),
    )
    return replace(view, **changes)  # type: ignore[arg-type]


_DIGEST_ROWS: tuple[tuple[str, Credential, CardState], ...] = (
    ("Payroll Feed", secret(4), CardState.OPEN),
    ("Travel Booking", certificate(7), CardState.OPEN),
    ("HR Mirror", secret(11), CardState.TAKEN_BY_OTHER),
    ("Badge Sync", secret(13), CardState.OPEN),
    ("Ticket Mirror", secret(15), CardState.OPEN),
    ("Archive Loader", secret(17), CardState.TAKEN_BY_YOU),
    ("Badge Sync 2", secret(18), CardState.OPEN),
    ("Meeting Rooms", saml(19), CardState.OPEN),
    ("Printer Sync", secret(21), CardState.SNOOZED),
    ("Canteen Orders", secret(22), CardState.OPEN),
    ("Shop Floor", certificate(24), CardState.OPEN),
    ("Leave Planner", secret(25), CardState.OPEN),
    ("Supplier Data", secret(27), CardState.WAITING_NOMINEE),
    ("Invoice Export", secret(30), CardState.OPEN),
    ("Old Reports", secret(9), CardState.SUPERSEDED),
    ("Fax Gateway", secret(20), CardState.SUPERSEDED),
)


def digest_items() -> tuple[DigestItem, ...]:
    rows = []
    for number, (name, credential, state) in enumerate(_DIGEST_ROWS, start=10):
        row = replace(item(credential, state, number), taken_by=NOOR, snoozed_until=NOW + timedelta(days=7))
        rows.append(DigestItem(application=application(name, number), item=row))
    return tuple(rows)


def digest_view(**changes: object) -> DigestView:
    view = DigestView(
        digest_id="d" * 32, recipient=ANA, time_zone=ZONE, now=NOW, reason=RouteReason.OWNER, items=digest_items()
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def run(status: RunStatus = RunStatus.SUCCEEDED, **changes: object) -> ScanRun:
    made = ScanRun(
        run_id="2026-12-03T05:00Z",
        status=status,
        started_at=datetime(2026, 12, 3, 5, 0, tzinfo=UTC),
        finished_at=datetime(2026, 12, 3, 5, 0, 14, tzinfo=UTC),
        applications=9_311,
        enterprise_applications=2_731,
        credentials=33_118,
        ownerless=2_913,
        due=1_113,
        expired=38,
        notices_queued=84,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


LEDGER = {
    "delivered": 402,
    "held": 329,
    "acknowledged": 171,
    "superseded": 87,
    "excluded": 41,
    "snoozed": 38,
    "nominated": 22,
    "unreachable": 19,
    "failed": 4,
}


def status_view(**changes: object) -> StatusReport:
    view = StatusReport(
        now=NOW,
        time_zone=ZONE,
        last_run=run(),
        last_good_run=run(),
        next_scan=datetime(2026, 12, 4, 5, 0, tzinfo=UTC),
        sending="pilot",
        due=1_113,
        ledger=LEDGER,
        difference=0,
        urgent=7,
        not_told=23,
        approvals=3,
        oldest_approval=NOW - timedelta(days=2),
        ownerless_due=61,
        ownerless_total=2_913,
        federated_credentials=412,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def list_view(kind: ListKind = ListKind.MY_APPS, **changes: object) -> AppListView:
    lines = []
    for number, entry in enumerate(digest_items()[:9]):
        lines.append(
            AppLine(
                application=entry.application,
                credential=entry.item.credential,
                days_left=entry.item.days_left,
                owners=(ANA, NOOR) if number % 3 else (),
                state=("delivered", "acknowledged", "")[number % 3],
                alert_id=entry.item.alert_id if number % 3 < 2 else "",
                version=entry.item.version,
            )
        )
    lines.append(AppLine(application=application("Static Site", 90), credential=None, days_left=None))
    view = AppListView(
        kind=kind, lines=tuple(lines), total=23, now=NOW, time_zone=ZONE, more="my apps page 2", days=30, query=""
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def record(credential: Credential, owners: tuple[Person, ...] = (ANA, NOOR)) -> CredentialRecord:
    return CredentialRecord(
        run_id="r",
        scan_date=NOW,
        tenant_id="t",
        application=application(),
        credential=credential,
        days_left=None if credential.end is None else (credential.end - NOW).days,
        owners=owners,
    )


def app_status_view(**changes: object) -> AppStatusView:
    endless = replace(certificate(1, "pinned"), end=None)
    view = AppStatusView(
        application=application(),
        records=tuple(record(credential) for credential in (secret(3), secret(30, "", "99887766"), saml(200), endless)),
        states={secret(3).key_id: "delivered"},
        told=((ANA, NOW - timedelta(days=1), "teams"), (NOOR, NOW - timedelta(days=1), "email")),
        now=NOW,
        time_zone=ZONE,
        alert_id="a" * 32,
        version=4,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def event(type_: EventType, days: int, who: str = "ana@contoso.com") -> Event:
    return Event(event_id=f"{type_}{days}", at=NOW - timedelta(days=days), type=type_, recipient_upn=who)


def history_view(**changes: object) -> HistoryView:
    view = HistoryView(
        application=application("Vendor Portal Sync", 2),
        spells=(
            OwnershipSpell(first=date(2025, 1, 7), last=date(2026, 3, 12), owners=("Ben Ortiz",)),
            OwnershipSpell(first=date(2026, 3, 13), last=date(2026, 12, 3), owners=()),
        ),
        events=(
            event(EventType.OWNER_NOMINATED, 0, "mia@contoso.com"),
            event(EventType.NOTIFICATION_SENT, 1, "mia@contoso.com"),
            event(EventType.ALERT_RAISED, 23, ""),
        ),
        now=NOW,
        time_zone=ZONE,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


COMMANDS = (
    CommandHelp(name="help", usage="help", sentence="help_help", admin_only=False),
    CommandHelp(name="my apps", usage="my apps", sentence="help_my_apps", admin_only=False),
    CommandHelp(name="status", usage="status <app>", sentence="help_status", admin_only=False),
    CommandHelp(name="snooze", usage="snooze <app> <days>", sentence="help_snooze", admin_only=False),
    CommandHelp(name="assign", usage="assign <app> to <person>", sentence="help_assign", admin_only=False),
    CommandHelp(name="expiring", usage="expiring [days]", sentence="help_expiring", admin_only=True),
    CommandHelp(name="ownerless", usage="ownerless", sentence="help_ownerless", admin_only=True),
    CommandHelp(name="history", usage="history <app>", sentence="help_history", admin_only=True),
    CommandHelp(name="scan", usage="scan", sentence="help_scan", admin_only=True),
)


def mail_view(*alerts: AlertView, **changes: object) -> MailView:
    view = MailView(recipient=ANA, time_zone=ZONE, now=NOW, alerts=alerts)
    return replace(view, **changes)  # type: ignore[arg-type]


def taken(state: CardState, by: Person, credential: Credential | None = None) -> AlertItem:
    return replace(item(credential, state), taken_by=by, taken_at=NOW)


def alert_views() -> dict[str, AlertView]:
    """Owners' cards and managers' cards in all forms."""
    released = ("release", "renewed", "snooze", "assignOwner", "notMine", "refresh")
    asked = nomination(nominator=ANA)
    several = (item(secret(3)), item(secret(30, "", "99887766"), number=2), item(certificate(40), number=3))
    newer = secret(365, "prod-2026", "55aa55aa")
    snoozed = replace(item(state=CardState.SNOOZED), snoozed_until=NOW + timedelta(days=14))
    return {
        "owner": owner_view(),
        "owner-14-days": owner_view(item(certificate(12)), owner_count=1, also_told=()),
        "owner-urgent": owner_view(item(secret(0))),
        "owner-saml": owner_view(item(saml(6)), application=saml_application()),
        "owner-several": owner_view(*several),
        "owner-taken": owner_view(taken(CardState.TAKEN_BY_YOU, ANA), verbs=released),
        "owner-taken-by-other": owner_view(taken(CardState.TAKEN_BY_OTHER, NOOR)),
        "owner-snoozed": owner_view(snoozed, verbs=("acknowledge", *released)),
        "owner-waiting-nominee": owner_view(item(state=CardState.WAITING_NOMINEE), nomination=asked),
        "owner-declined": owner_view(
            nomination=nomination(NominationState.DECLINED, nominator=ANA, answer_note="I leave next week.")
        ),
        "owner-not-yet": owner_view(replace(item(), finding=RenewalFinding.NOT_YET)),
        "owner-found": owner_view(
            replace(item(state=CardState.SUPERSEDED), successor=newer, finding=RenewalFinding.FOUND)
        ),
        "owner-superseded": owner_view(replace(item(state=CardState.SUPERSEDED), successor=newer)),
        "owner-renewed": owner_view(item(state=CardState.RENEWED), verbs=("refresh",), next_reminder=None),
        "owner-expired": owner_view(item(secret(-2), CardState.EXPIRED), next_reminder=None, snooze_days=()),
        "owner-excluded": owner_view(item(state=CardState.EXCLUDED), verbs=("refresh",)),
        "owner-not-mine": owner_view(item(state=CardState.NOT_MINE), verbs=("refresh",)),
        "owner-old-record": owner_view(as_of=datetime(2026, 12, 2, 5, 0, tzinfo=UTC)),
        "owner-from-digest": owner_view(digest_id="d" * 32),
        "owner-shrunk": owner_view(shrunk=True),
        "admin": owner_view(reason=RouteReason.ADMIN, recipient=ADA),
        "accepted-nominee": owner_view(reason=RouteReason.ACCEPTED_NOMINEE, recipient=ELI),
        "manager": manager_view(),
        "manager-saml": manager_view(item(saml(7)), application=saml_application()),
        "manager-waiting-nominee": manager_view(
            item(secret(7), CardState.WAITING_NOMINEE), nomination=nomination(), verbs=MANAGER_VERBS
        ),
        "manager-waiting-approval": manager_view(
            item(secret(7), CardState.WAITING_APPROVAL), nomination=nomination(NominationState.ACCEPTED)
        ),
        "manager-waiting-owner": manager_view(
            item(secret(7), CardState.WAITING_OWNER), nomination=nomination(NominationState.APPROVED)
        ),
        "manager-assigned": manager_view(
            item(secret(7), CardState.ASSIGNED), nomination=nomination(NominationState.ASSIGNED), verbs=("refresh",)
        ),
        "manager-declined": manager_view(nomination=nomination(NominationState.DECLINED, answer_note="No time.")),
        "manager-rejected": manager_view(nomination=nomination(NominationState.REJECTED, failure="Ask Tom.")),
        "manager-refused": manager_view(nomination=nomination(NominationState.REFUSED, failure="gone")),
        "manager-expired": manager_view(item(secret(-1), CardState.EXPIRED)),
        "manager-taken": manager_view(taken(CardState.TAKEN_BY_YOU, MIA, secret(7)), verbs=("release", "assignOwner")),
        "manager-renewed": manager_view(item(secret(7), CardState.RENEWED), verbs=("refresh",)),
        "previous-owner": manager_view(
            reason=RouteReason.PREVIOUS_OWNER, path=EscalationPath.PREVIOUS_OWNER, on_behalf_of=None, recipient=BEN
        ),
        "owner-manager": manager_view(reason=RouteReason.OWNER_MANAGER, on_behalf_of=ANA, proof=None),
        "nominator": manager_view(
            item(secret(7), CardState.WAITING_OWNER),
            reason=RouteReason.NOMINATOR,
            nomination=nomination(NominationState.APPROVED),
        ),
        "fallback": manager_view(
            reason=RouteReason.FALLBACK,
            path=EscalationPath.UNROUTABLE,
            recipient=ADA,
            on_behalf_of=None,
            proof=None,
            suggestions=(),
            leads=(
                ("serviceManagementReference", "SNOW-4711"),
                ("notificationEmails", "sso@contoso.com"),
                ("notes", "Ask the invoice team."),
            ),
            verbs=("acknowledge", "renewed", "assignOwner", "refresh"),
        ),
    }


def saml_application() -> Application:
    return replace(application("Meeting Rooms", 3), type=ApplicationType.ENTERPRISE_APP)


def views() -> dict[str, View]:
    """Every kind of card in every form, by name."""
    made: dict[str, View] = dict(alert_views())
    made |= {f"nominee-{state}": nominee_view(state) for state in NominationState}
    made |= {f"approval-{state}": approval_view(state) for state in NominationState}
    made |= {
        "nominee-long-before": nominee_view(item=item(secret(25)), nomination=nomination(note="")),
        "nominee-nothing-due": nominee_view(item=None, needs_approval=False),
        "approval-by-hand": approval_view(by_hand=True),
        "approval-involved": approval_view(by_hand=True, verbs=("refresh",), recipient=MIA),
        "approval-self": approval_view(nomination=nomination(NominationState.ACCEPTED, nominator=ELI)),
        "approval-refused-known": approval_view(
            NominationState.REFUSED, nomination=nomination(NominationState.REFUSED, failure="tooManyOwners")
        ),
        "digest": digest_view(),
        "digest-all": digest_view(show_all=True),
        "digest-choose": digest_view(
            mode=DigestMode.CHOOSE,
            verbs=("acknowledge", "snooze", "assignOwner", "notMine", "retire"),
            snooze_days=(7,),
        ),
        "digest-answered": digest_view(
            notes=(
                ("digest_answered", {"done": "2", "total": "3"}),
                ("nominee_not_possible", {"name": "Guest Account"}),
            )
        ),
        "digest-later-only": digest_view(items=digest_items()[6:12]),
        "digest-done": digest_view(
            items=tuple(replace(row, item=replace(row.item, state=CardState.RENEWED)) for row in digest_items()[:3])
        ),
        "digest-expired": digest_view(
            reason=RouteReason.PREVIOUS_OWNER_MANAGER,
            items=(DigestItem(application=application(), item=item(secret(-3), CardState.EXPIRED)), *digest_items()),
        ),
        "digest-past": digest_view(
            items=(DigestItem(application=application(), item=item(secret(-3), CardState.EXPIRED)),)
        ),
        "status": status_view(),
        "status-partial": status_view(
            last_run=run(RunStatus.PARTIAL, run_id="later", applications=5_994, enterprise_applications=0),
            problems=(
                Sentence(key="scan_partial", params={"errors": "Graph answered 503 on page 6"}),
                Sentence(key="ledger_differs", params={"difference": "3"}),
            ),
            difference=3,
        ),
        "status-failed": status_view(
            last_run=run(RunStatus.FAILED, run_id="later"),
            next_scan=None,
            sending="hold",
            problems=(Sentence(key="scan_failed", params={"errors": "no token"}),),
        ),
        "status-first-day": status_view(
            last_run=None,
            last_good_run=None,
            due=0,
            ledger={},
            urgent=0,
            not_told=0,
            approvals=0,
            ownerless_due=0,
            ownerless_total=0,
            federated_credentials=0,
            sending="on",
        ),
        "list-my-apps": list_view(),
        "list-expiring": list_view(ListKind.EXPIRING),
        "list-ownerless": list_view(ListKind.OWNERLESS, more=""),
        "list-choices": list_view(ListKind.CHOICES, query="status", total=10, more=""),
        "list-none": list_view(lines=(), total=0, more=""),
        "list-none-expiring": list_view(ListKind.EXPIRING, lines=(), total=0, more=""),
        "list-none-ownerless": list_view(ListKind.OWNERLESS, lines=(), total=0, more=""),
        "app-status": app_status_view(),
        "app-status-nobody": app_status_view(records=(record(secret(90), ()),), states={}, told=(), alert_id=""),
        "app-status-empty": app_status_view(records=(), states={}, told=(), alert_id=""),
        "history": history_view(),
        "history-empty": history_view(spells=(), events=()),
        "help": HelpView(commands=COMMANDS),
        "greeting": HelpView(commands=COMMANDS[:5], greeting=True),
        "scan": ScanView(run=run(), time_zone=ZONE),
        "scan-quiet": ScanView(run=run(notices_queued=0), time_zone=ZONE),
        "scan-partial": ScanView(
            run=run(RunStatus.PARTIAL, quarantined=2, errors=("Graph answered 503 on page 6",)), time_zone=ZONE
        ),
        "scan-failed": ScanView(run=run(RunStatus.FAILED, errors=("No token from Entra",)), time_zone=ZONE),
        "sentence": Sentence(key="refused"),
        "sentence-note": Sentence(
            key="nomination_declined",
            params={"person": "Eli Novak", "app": "Vendor Portal Sync", "note": "I leave next week."},
        ),
    }
    return made
