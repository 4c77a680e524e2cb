"""Values for the archive's tests: ana owns, ben left, mia is his manager, eli takes over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.model import (
    Application,
    ApplicationType,
    Credential,
    CredentialRecord,
    CredentialType,
    EscalationPath,
    Event,
    EventType,
    Person,
    RunStatus,
    ScanRun,
)

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TENANT = "11111111-0000-4000-8000-000000000000"

ANA = Person(
    id="a0000000-0000-4000-8000-00000000000a",
    display_name="Ana Ferrer",
    user_principal_name="ana@contoso.example",
    mail="ana@contoso.example",
    account_enabled=True,
    department="Billing",
)
BEN = Person(
    id="b0000000-0000-4000-8000-00000000000b",
    display_name="Ben Okafor",
    user_principal_name="ben@contoso.example",
    mail="ben@contoso.example",
    account_enabled=True,
    manager_id="c0000000-0000-4000-8000-00000000000c",
)
MIA = Person(
    id="c0000000-0000-4000-8000-00000000000c",
    display_name="Mia Lindqvist",
    user_principal_name="mia@contoso.example",
    mail="mia@contoso.example",
    account_enabled=True,
)
ELI = Person(
    id="e0000000-0000-4000-8000-00000000000e",
    display_name="Eli Marsh",
    user_principal_name="eli@contoso.example",
    mail="eli@contoso.example",
    account_enabled=True,
)


def app(number: int = 1, name: str = "") -> Application:
    return Application(
        object_id=f"00000000-0000-4000-8000-{number:012d}",
        app_id=f"99999999-0000-4000-8000-{number:012d}",
        display_name=name or f"App {number}",
        type=ApplicationType.APP_REGISTRATION,
    )


def secret(number: int = 1, end: datetime | None = NOW + timedelta(days=20, hours=1)) -> Credential:
    return Credential(
        key_id=f"77777777-0000-4000-8000-{number:012d}",
        type=CredentialType.CLIENT_SECRET,
        display_name=f"secret {number}",
        start=NOW - timedelta(days=345),
        end=end,
    )


def record(at: datetime = NOW, run_id: str = "run-1", number: int = 1, **changes) -> CredentialRecord:
    credential = changes.pop("credential", secret(number))
    days = None if credential.end is None else (credential.end - at) // timedelta(days=1)
    plain = CredentialRecord(
        run_id=run_id,
        scan_date=at,
        tenant_id=TENANT,
        application=app(number),
        credential=credential,
        days_left=days,
        owners=(ANA,),
        owner=ANA,
        path=EscalationPath.CURRENT_OWNERS,
    )
    return replace(plain, **changes)


def owned(by: Person, manager: Person | None = None, **more) -> CredentialRecord:
    return record(owners=(by,), owner=by, owner_manager=manager, **more)


def ownerless(**more) -> CredentialRecord:
    return record(**{"owners": (), "owner": None, "path": EscalationPath.UNROUTABLE} | more)


def run(at: datetime = NOW, run_id: str = "run-1", **changes) -> ScanRun:
    plain = ScanRun(
        run_id=run_id,
        status=RunStatus.SUCCEEDED,
        started_at=at,
        finished_at=at + timedelta(seconds=42),
        applications=3,
        credentials=4,
        requests=7,
    )
    return replace(plain, **changes)


def event(number: int = 1, at: datetime = NOW, kind: EventType = EventType.NOTIFICATION_SENT, **changes) -> Event:
    plain = Event(
        event_id=f"event-{number}",
        at=at,
        type=kind,
        alert_id=f"alert-{number}",
        app_id=app().app_id,
        application="App 1",
        channel="teams",
        path="currentOwners",
        recipient_id=ANA.id,
        recipient_upn=ANA.user_principal_name,
        details={"deliveryId": f"d{number}"},
    )
    return replace(plain, **changes)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now
