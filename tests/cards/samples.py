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
    AlarmView,
    AlertItem,
    AlertView,
    AppLine,
    AppListView,
    AppStatusView,
    CardState,
    DigestItem,
    DigestView,
    HeldView,
    HistoryView,
    ListKind,
    MailView,
    NominationRole,
    NominationView,
    OwnershipSpell,
    PreviewPerson,
    PreviewView,
    StatusReport,
)
from bot import commands
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
        sign_in_audience="AzureADMyOrg",
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


def alarm_view(kind: str, **changes: object) -> AlarmView:
    view = AlarmView(
        kind=kind,
        params={
            "errors": "Graph answered 503 on page 6",
            "count": "5994",
            "difference": "3",
            "at": "2026-12-02T05:00:00+00:00",
        },
        since=datetime(2026, 12, 3, 5, 0, tzinfo=UTC),
        over_at=None,
        now=NOW,
        time_zone=ZONE,
        next_scan=datetime(2026, 12, 3, 8, 0, tzinfo=UTC),
    )
    return replace(view, **changes)  # type: ignore[arg-type]


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
        federated_applications=412,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def held_view(**changes: object) -> HeldView:
    view = HeldView(
        now=NOW,
        time_zone=ZONE,
        sending="hold",
        people=1_204,
        notices=3_871,
        braked=0,
        most=200,
        urgent=17,
        by_path=(("currentOwners", 1_001), ("previousOwner", 120), ("previousOwnerManager", 81), ("unroutable", 2)),
        by_department=(("IT", 400), ("Finance", 310), ("", 200), ("Research & Development", 90)),
        has_pilot=True,
    )
    return replace(view, **changes)  # type: ignore[arg-type]


def preview_view(**changes: object) -> PreviewView:
    view = PreviewView(
        now=NOW,
        time_zone=ZONE,
        days=30,
        as_of=NOW - timedelta(hours=2),
        sending="hold",
        people=1_204,
        notices=3_871,
        held=1_204,
        by_path=(("currentOwners", 1_101), ("previousOwner", 103)),
        shown=tuple(
            PreviewPerson(
                person=person,
                reason=RouteReason.OWNER if number else RouteReason.PREVIOUS_OWNER_MANAGER,
                apps=number + 1,
                application=application(),
                credential=secret(number + 2),
                held=("hold", "", "notInPilot", "brake")[number],
            )
            for number, person in enumerate((replace(MIA, department="Finance"), ANA, ELI, NOOR))
        ),
        more="preview page 2",
        ahead=tuple((NOW + timedelta(days=day), day, day * 2) for day in range(1, 12)),
        all_people=1_400,
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


#: What the table says, for all roles.
COMMANDS = tuple(command.help() for command in commands.COMMANDS)


def mail_view(*alerts: AlertView, **changes: object) -> MailView:
    view = MailView(recipient=ANA, time_zone=ZONE, now=NOW, alerts=alerts)
    return replace(view, **changes)  # type: ignore[arg-type]


def taken(state: CardState, by: Person, credential: Credential | None = None) -> AlertItem:
    return replace(item(credential, state), taken_by=by, taken_at=NOW)


def saml_application() -> Application:
    return replace(application("Meeting Rooms", 3), type=ApplicationType.ENTERPRISE_APP)
