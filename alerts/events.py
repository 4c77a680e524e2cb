"""Makes events with deterministic ids, so that saying a thing twice counts once."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alerts.model import Alert, Application, Channel, Event, EventType, Nomination, Notice, Person, Recipient


def event_id(type: EventType, *parts: object) -> str:
    """128 bits in hex from the type and what makes the happening unique."""
    text = "\x1f".join([type, *(str(part) for part in parts)])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def alert_event(
    type: EventType,
    alert: Alert,
    at: datetime,
    *unique: object,
    actor: Person | None = None,
    recipient: Person | None = None,
    alert_type: str = "",
    run_id: str = "",
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> Event:
    """An event about one alert; `unique` tells repeats of the same type apart."""
    return Event(
        event_id=event_id(type, alert.id, *unique),
        at=at,
        type=type,
        run_id=run_id,
        alert_id=alert.id,
        key_id=alert.credential.key_id,
        app_id=alert.application.app_id,
        application=alert.application.display_name,
        alert_type=alert_type,
        path=alert.path,
        recipient_id=recipient.id if recipient else "",
        recipient_upn=recipient.user_principal_name if recipient else "",
        actor_id=actor.id if actor else "",
        actor_upn=actor.user_principal_name if actor else "",
        reason=reason,
        details=details or {},
    )


def app_event(
    type: EventType,
    application: Application,
    at: datetime,
    *unique: object,
    actor: Person | None = None,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> Event:
    """An event about a whole app, whatever of it is due."""
    return Event(
        event_id=event_id(type, application.object_id, *unique),
        at=at,
        type=type,
        app_id=application.app_id,
        application=application.display_name,
        actor_id=actor.id if actor else "",
        actor_upn=actor.user_principal_name if actor else "",
        reason=reason,
        details=details or {},
    )


def snooze_ended(
    alert: Alert, place: Recipient, at: datetime, *, run_id: str = "", actor: Person | None = None, reason: str = ""
) -> Event:
    """The end of one person's snooze, whatever ended it; `place` is as it was before."""
    until = place.snoozed_until.isoformat() if place.snoozed_until else ""
    return alert_event(
        EventType.SNOOZE_ENDED,
        alert,
        at,
        place.person.id,
        until,
        recipient=place.person,
        actor=actor,
        run_id=run_id,
        reason=reason,
    )


def nomination_event(
    type: EventType,
    nomination: Nomination,
    alert: Alert | None,
    at: datetime,
    *,
    actor: Person | None = None,
    reason: str = "",
) -> Event:
    """An event about one nomination; the nominee is its recipient, its alert names the credential."""
    return Event(
        event_id=event_id(type, nomination.id),
        at=at,
        type=type,
        run_id=alert.run_id if alert else "",
        alert_id=nomination.alert_id,
        key_id=alert.credential.key_id if alert else "",
        path=alert.path if alert else "",
        app_id=nomination.application.app_id,
        application=nomination.application.display_name,
        recipient_id=nomination.nominee.id,
        recipient_upn=nomination.nominee.user_principal_name,
        actor_id=actor.id if actor else "",
        actor_upn=actor.user_principal_name if actor else "",
        reason=reason,
        details={"nominationId": nomination.id, "note": nomination.note},
    )


def sending_event(
    type: EventType, at: datetime, actor: Person | None, *, reason: str, details: Mapping[str, Any] | None = None
) -> Event:
    """An admin, or the end of a pause's hours, changed whether people are told at all."""
    return Event(
        event_id=event_id(type, "sending", at.isoformat(), actor.id if actor else ""),
        at=at,
        type=type,
        actor_id=actor.id if actor else "",
        actor_upn=actor.user_principal_name if actor else "",
        reason=reason,
        details=details or {},
    )


def held_event(
    type: EventType, notice: Notice, alert: Alert, recipient: Person | None, at: datetime, run_id: str = ""
) -> Event:
    """Held, Released or Recalled: what became of one notice; `run_id` is the run that did it, if another one."""
    return Event(
        event_id=event_id(type, notice.id, run_id),
        at=at,
        type=type,
        run_id=run_id or notice.run_id,
        alert_id=alert.id,
        key_id=alert.credential.key_id,
        app_id=alert.application.app_id,
        application=alert.application.display_name,
        alert_type=notice.alert_type,
        path=notice.path,
        recipient_id=notice.recipient_id,
        recipient_upn=recipient.user_principal_name if recipient else "",
        details={"stage": notice.stage, "kind": notice.kind},
    )


def delivery_event(
    type: EventType,
    notice: Notice,
    alert: Alert,
    recipient: Person,
    channel: Channel,
    delivery_id: str,
    at: datetime,
    *,
    attempt: int,
    duration_ms: int,
    error_code: str = "",
    reason: str = "",
) -> Event:
    """NotificationSent or NotificationFailed: one per notice and channel."""
    return Event(
        event_id=event_id(type, notice.id, channel),
        at=at,
        type=type,
        run_id=notice.run_id,
        alert_id=alert.id,
        key_id=alert.credential.key_id,
        app_id=alert.application.app_id,
        application=alert.application.display_name,
        alert_type=notice.alert_type,
        path=notice.path,
        channel=channel,
        recipient_id=recipient.id,
        recipient_upn=recipient.user_principal_name,
        reason=reason,
        error_code=error_code,
        attempt=attempt,
        duration_ms=duration_ms,
        details={"deliveryId": delivery_id, "stage": notice.stage, "kind": notice.kind},
    )
