"""Values for the store's tests: ana owns, ben left, mia is his manager, eli takes over, tom is an outsider."""

from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.model import (
    Alert,
    Application,
    ApplicationType,
    Channel,
    Credential,
    CredentialRecord,
    CredentialType,
    Delivery,
    DeliveryPurpose,
    EscalationPath,
    Event,
    EventType,
    Nomination,
    Notice,
    NoticeKind,
    Person,
    PostedCard,
    PreviousOwner,
    Recipient,
    RouteReason,
    RunStatus,
    ScanRun,
)

NOW = datetime(2026, 11, 1, 6, 0, 0, 123456, tzinfo=UTC)
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)

MIA = Person(id="mia", display_name="Mia", mail="mia@contoso.example", account_enabled=True)
ANA = Person(id="ana", display_name="Ana", mail="ana@contoso.example", account_enabled=True, manager_id="mia")
BEN = Person(id="ben", display_name="Ben", account_enabled=False, manager_id="mia")
ELI = Person(id="eli", display_name="Eli", account_enabled=True, manager_id="mia", preferred_language="de-DE")
TOM = Person(id="tom", display_name="Tom", account_enabled=True)


def application(object_id: str = "app-1", **fields: Any) -> Application:
    given = {
        "app_id": f"{object_id}-client",
        "display_name": f"Payroll {object_id}",
        "type": ApplicationType.APP_REGISTRATION,
        "owners": (ANA,),
        "created": NOW,
    }
    return Application(object_id=object_id, **{**given, **fields})


def credential(key_id: str = "key-1", days: float | None = 30, **fields: Any) -> Credential:
    end = None if days is None else NOW + timedelta(days=days)
    return Credential(
        key_id=key_id, type=CredentialType.CLIENT_SECRET, **{"start": NOW - 90 * DAY, "end": end, **fields}
    )


def record(
    object_id: str = "app-1",
    key_id: str = "key-1",
    *,
    days: float | None = 30,
    run_id: str = "run-1",
    at: datetime = NOW,
    **fields: Any,
) -> CredentialRecord:
    own = fields.pop("credential", None) or credential(key_id, days)
    app = fields.pop("application", None) or application(object_id, credentials=(own,))
    given = {"owners": (ANA,), "owner": ANA, "owner_manager": MIA, "path": EscalationPath.CURRENT_OWNERS}
    return CredentialRecord(
        run_id=run_id,
        scan_date=at,
        tenant_id="tenant",
        application=app,
        credential=own,
        days_left=None if own.end is None else (own.end - at) // DAY,
        **{**given, **fields},
    )


def orphan(object_id: str = "app-2", key_id: str = "key-1", **fields: Any) -> CredentialRecord:
    """An ownerless app's record: ben owned it, mia is his manager."""
    given = {
        "owners": (BEN,),
        "owner": None,
        "owner_manager": None,
        "previous_owners": (PreviousOwner(person=BEN, manager=MIA, seen=NOW - 40 * DAY),),
        "path": EscalationPath.PREVIOUS_OWNER_MANAGER,
        "application": application(object_id, owners=(BEN,)),
    }
    return record(object_id, key_id, **{**given, **fields})


def alert(id: str = "alert-1", object_id: str = "app-1", **fields: Any) -> Alert:
    own = credential()
    given = {
        "tenant_id": "tenant",
        "application": application(object_id, credentials=(own,)),
        "credential": own,
        "stage": 30,
        "opened_at": NOW,
        "changed_at": NOW,
        "run_id": "run-1",
    }
    return Alert(id=id, **{**given, **fields})


def recipient(alert_id: str = "alert-1", person: Person = ANA, **fields: Any) -> Recipient:
    return Recipient(alert_id=alert_id, person=person, **{"reason": RouteReason.OWNER, **fields})


def notice(id: str = "notice-1", alert_id: str = "alert-1", stage: int = 30, **fields: Any) -> Notice:
    given = {
        "recipient_id": "ana",
        "kind": NoticeKind.STAGE,
        "run_id": "run-1",
        "created_at": NOW,
        "path": EscalationPath.CURRENT_OWNERS,
        "reason": RouteReason.OWNER,
        "alert_type": "FirstAlert",
    }
    return Notice(id=id, alert_id=alert_id, stage=stage, **{**given, **fields})


def delivery(id: str = "delivery-1", **fields: Any) -> Delivery:
    given = {
        "purpose": DeliveryPurpose.ALERT,
        "channel": Channel.TEAMS,
        "recipient_id": "ana",
        "run_id": "run-1",
        "notice_ids": ("notice-1",),
        "alert_ids": ("alert-1",),
        "created_at": NOW,
        "not_before": NOW,
    }
    return Delivery(id=id, **{**given, **fields})


def card(id: str = "card-1", **fields: Any) -> PostedCard:
    given = {
        "delivery_id": "delivery-1",
        "purpose": DeliveryPurpose.ALERT,
        "recipient_id": "ana",
        "conversation_id": "a:conversation",
        "service_url": "https://smba.trafficmanager.net/emea/",
        "activity_id": "1:activity",
        "alert_ids": ("alert-1",),
        "posted_at": NOW,
    }
    return PostedCard(id=id, **{**given, **fields})


def nomination(id: str = "nomination-1", **fields: Any) -> Nomination:
    given = {
        "alert_id": "alert-1",
        "application": application(),
        "nominator": MIA,
        "nominee": ELI,
        "created_at": NOW,
        "changed_at": NOW,
        "answer_by": NOW + 3 * DAY,
    }
    return Nomination(id=id, **{**given, **fields})


def event(event_id: str = "event-1", **fields: Any) -> Event:
    given = {"at": NOW, "type": EventType.ALERT_RAISED, "alert_id": "alert-1", "details": {"n": 1, "list": ["a"]}}
    return Event(event_id=event_id, **{**given, **fields})


def run(run_id: str = "run-1", at: datetime = NOW, **fields: Any) -> ScanRun:
    given = {"status": RunStatus.SUCCEEDED, "phase_seconds": {"read": 1.5}, "errors": ("one",)}
    return ScanRun(run_id=run_id, started_at=at, finished_at=at + MINUTE, **{**given, **fields})
