"""From the core's nouns to rows of the archive's tables, and back."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from alerts.model import (
    CredentialRecord,
    Event,
    EventType,
    Person,
    PersonKind,
    PreviousOwner,
    RunStatus,
    ScanRun,
)
from archive.tables import NOT_EXISTS

#: A row: column name -> str, int, float, aware datetime, None, or JSON for dynamic columns.
Row = dict[str, Any]

#: Azure cuts a field's value off at 64 KB without a word
#: (MicrosoftDocs/azure-monitor-docs, logs/includes/azure-monitor-limits-custom-logs.md). Counted in UTF-8.
FIELD_BYTES = 64_000
#: Previous owners that are remembered of one app.
PREVIOUS_OWNERS = 3

_CONTROL = dict.fromkeys((*range(32), *range(127, 160), 0x2028, 0x2029), " ")


def safe_text(value: str, limit: int = FIELD_BYTES) -> str:
    """Text that every reader can take: no control characters, no lone surrogates, at most `limit` bytes."""
    if not value.isprintable():
        value = value.translate(_CONTROL).encode("utf-8", "replace").decode("utf-8")
    if len(value) * 4 <= limit:
        return value
    raw = value.encode("utf-8")
    return value if len(raw) <= limit else raw[:limit].decode("utf-8", "ignore")


def safe_json(value: object) -> Any:
    """JSON whose texts are safe; keys become texts; what JSON does not know becomes its text."""
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if value == value and abs(value) != float("inf") else None
        case str():
            return safe_text(value)
        case datetime():
            return value.isoformat()
        case Mapping():
            return {safe_text(str(key)): safe_json(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [safe_json(each) for each in value]
    return safe_text(str(value))


def fitting_list(items: Sequence[Any]) -> list[Any]:
    """As many leading items as fit into one field."""
    kept: list[Any] = []
    room = FIELD_BYTES - 2
    for item in items:
        room -= len(json.dumps(item, ensure_ascii=False).encode()) + 1
        if room < 0:
            break
        kept.append(item)
    return kept


def fitting_details(details: Mapping[str, Any]) -> dict[str, Any]:
    """The leading keys whose values fit into one field."""
    safe: dict[str, Any] = safe_json(details)
    return dict(fitting_pair for fitting_pair in fitting_list(list(safe.items())))


# ---------------------------------------------------------------- records


def record_row(record: CredentialRecord, *, names: bool = True) -> Row:
    """One row of ClientSecretMonitoring_CL.

    Args:
        record: what the scan found.
        names: False keeps object ids only of people (setting PERSON_DATA=ids).
    """
    application, credential = record.application, record.credential
    previous = record.previous_owners[0] if record.previous_owners else None
    row: Row = {
        "TimeGenerated": record.scan_date,
        "ScanDate": record.scan_date,
        "RunId": record.run_id,
        "EntraTenantId": record.tenant_id,
        "Application": safe_text(application.display_name),
        "ApplicationAppId": safe_text(application.app_id),
        "ApplicationObjectId": safe_text(application.object_id),
        "ApplicationType": application.type.value,
        "CredentialType": credential.type.value,
        "CredentialKeyId": safe_text(credential.key_id),
        "Thumbprint": safe_text(credential.thumbprint),
        "SecretDisplayName": safe_text(credential.display_name),
        "SecretStartDate": credential.start,
        "SecretExpiresDate": credential.end,
        "SecretExpiresDays": record.days_left,
    }
    row |= _person_columns("Owner", record.owner, names)
    if record.owner is None:
        row |= {"OwnerDisplayName": NOT_EXISTS, "OwnerUPN": NOT_EXISTS}
    row |= _person_columns("OwnerManager", record.owner_manager, names)
    row |= {
        "OwnerCount": len(record.owners),
        "Owners": fitting_list([_owner_json(each, names) for each in record.owners]),
    }
    row |= _person_columns("PreviousOwner", previous.person if previous else None, names)
    row |= _person_columns("PreviousOwnerManager", previous.manager if previous else None, names)
    row |= {
        "PreviousOwnerSeenDate": previous.seen if previous else None,
        "OwnerDepartment": safe_text(record.owner.department) if record.owner and names else "",
        "CredentialUsage": credential.usage.value,
        "SecretLastUsedDate": credential.last_used,
        "ServiceManagementReference": safe_text(application.service_management_reference),
        "EscalationPath": record.path.value,
        "EmailSent": "Yes" if record.email_sent else "No",
        "AlertType": record.alert_type,
    }
    return row


def _person_columns(prefix: str, person: Person | None, names: bool) -> Row:
    shown = person if names else None
    return {
        f"{prefix}Id": safe_text(person.id) if person else "",
        f"{prefix}DisplayName": safe_text(shown.display_name) if shown else "",
        f"{prefix}UPN": safe_text(shown.user_principal_name) if shown else "",
        f"{prefix}Mail": safe_text(shown.mail) if shown else "",
    }


def _owner_json(owner: Person, names: bool) -> Row:
    return {
        "id": safe_text(owner.id),
        "UPN": safe_text(owner.user_principal_name, 1024) if names else "",
        "mail": safe_text(owner.mail, 1024) if names else "",
        "enabled": owner.account_enabled and not owner.deleted,
        "kind": owner.kind.value,
        "displayName": safe_text(owner.display_name, 1024) if names else "",
        "managerId": safe_text(owner.manager_id),
    }


def owners_of(value: object) -> tuple[Person, ...]:
    """The people of an `Owners` column; empty for rows that have none."""
    if not isinstance(value, list):
        return ()
    return tuple(
        Person(
            id=str(each.get("id") or ""),
            display_name=str(each.get("displayName") or ""),
            user_principal_name=str(each.get("UPN") or ""),
            mail=str(each.get("mail") or ""),
            account_enabled=bool(each.get("enabled")),
            kind=_kind(each.get("kind")),
            manager_id=str(each.get("managerId") or ""),
        )
        for each in value
        if isinstance(each, dict)
    )


def _kind(value: object) -> PersonKind:
    try:
        return PersonKind(str(value))
    except ValueError:
        return PersonKind.UNKNOWN


def _person_from(row: Mapping[str, Any], prefix: str) -> Person | None:
    """The person of a group of columns, None when neither id nor UPN is there."""
    upn = str(row.get(f"{prefix}UPN") or "")
    upn = "" if upn == NOT_EXISTS else upn
    # Rows of older tools carry no object ids: the UPN then says who it was.
    person_id = str(row.get(f"{prefix}Id") or "") or upn
    if not person_id:
        return None
    return Person(
        id=person_id,
        display_name=str(row.get(f"{prefix}DisplayName") or ""),
        user_principal_name=upn,
        mail=str(row.get(f"{prefix}Mail") or ""),
        account_enabled=True,
    )


def owners_then(row: Mapping[str, Any], seen: datetime) -> tuple[PreviousOwner, ...]:
    """The counting owners (at most three, by object id) that a record names, as they were on that day.

    Args:
        row: with the columns Owner*, OwnerManager* and Owners.
        seen: ScanDate of the record.
    """
    first, manager = _person_from(row, "Owner"), _person_from(row, "OwnerManager")
    found: list[PreviousOwner] = []
    if first is not None:
        found.append(PreviousOwner(person=first, manager=manager, seen=seen))
    for owner in sorted(owners_of(row.get("Owners")), key=lambda each: each.id):
        if not owner.counts or not owner.id or (first is not None and owner.id == first.id):
            continue
        boss = Person(id=owner.manager_id) if owner.manager_id else None
        found.append(PreviousOwner(person=owner, manager=boss, seen=seen))
    return tuple(found[:PREVIOUS_OWNERS])


# ---------------------------------------------------------------- events


def event_row(event: Event, *, names: bool = True) -> Row:
    """One row of CredentialEvents_CL."""
    return {
        "TimeGenerated": event.at,
        "EventId": safe_text(event.event_id),
        "RunId": event.run_id,
        "EventType": event.type.value,
        "AlertId": event.alert_id,
        "CredentialKeyId": safe_text(event.key_id),
        "ApplicationAppId": safe_text(event.app_id),
        "Application": safe_text(event.application),
        "AlertType": event.alert_type,
        "EscalationPath": event.path,
        "Channel": event.channel,
        "RecipientId": safe_text(event.recipient_id),
        "RecipientUPN": safe_text(event.recipient_upn) if names else "",
        "ActorId": safe_text(event.actor_id),
        "ActorUPN": safe_text(event.actor_upn) if names else "",
        "Reason": safe_text(event.reason),
        "ErrorCode": safe_text(event.error_code),
        "Attempt": event.attempt,
        "DurationMs": min(event.duration_ms, 2_147_483_647),
        "Details": fitting_details(event.details),
    }


def event_from(row: Mapping[str, Any]) -> Event:
    """The event of a row. Raises ValueError for an EventType that is not Steward's."""
    details = row.get("Details")
    return Event(
        event_id=str(row["EventId"]),
        at=row["TimeGenerated"],
        type=EventType(str(row["EventType"])),
        run_id=str(row.get("RunId") or ""),
        alert_id=str(row.get("AlertId") or ""),
        key_id=str(row.get("CredentialKeyId") or ""),
        app_id=str(row.get("ApplicationAppId") or ""),
        application=str(row.get("Application") or ""),
        alert_type=str(row.get("AlertType") or ""),
        path=str(row.get("EscalationPath") or ""),
        channel=str(row.get("Channel") or ""),
        recipient_id=str(row.get("RecipientId") or ""),
        recipient_upn=str(row.get("RecipientUPN") or ""),
        actor_id=str(row.get("ActorId") or ""),
        actor_upn=str(row.get("ActorUPN") or ""),
        reason=str(row.get("Reason") or ""),
        error_code=str(row.get("ErrorCode") or ""),
        attempt=int(row.get("Attempt") or 0),
        duration_ms=int(row.get("DurationMs") or 0),
        details=details if isinstance(details, dict) else {},
    )


# ---------------------------------------------------------------- runs


def run_row(run: ScanRun, version: str) -> Row:
    """One row of CredentialScanRuns_CL; `version` is Steward's own."""
    return {
        "TimeGenerated": run.finished_at,
        "RunId": run.run_id,
        "Status": run.status.value,
        "StartedAt": run.started_at,
        "FinishedAt": run.finished_at,
        "DurationSeconds": run.seconds,
        "ApplicationsScanned": run.applications,
        "EnterpriseApplicationsScanned": run.enterprise_applications,
        "CredentialsScanned": run.credentials,
        "OwnerlessApplications": run.ownerless,
        "Due": run.due,
        "NoticesQueued": run.notices_queued,
        "RecordsUploaded": run.records_uploaded,
        "GraphRequests": run.requests,
        "ThrottledCount": run.throttled,
        "ResourceUnits": run.resource_units,
        "ErrorCount": len(run.errors),
        "Errors": fitting_list([safe_text(error, 8_000) for error in run.errors]),
        "Version": version,
    }


def run_from(row: Mapping[str, Any]) -> ScanRun:
    """The run of a row; what the table does not hold stays 0."""
    errors = row.get("Errors")
    return ScanRun(
        run_id=str(row["RunId"]),
        status=RunStatus(str(row["Status"])),
        started_at=row["StartedAt"],
        finished_at=row["FinishedAt"],
        applications=int(row.get("ApplicationsScanned") or 0),
        enterprise_applications=int(row.get("EnterpriseApplicationsScanned") or 0),
        credentials=int(row.get("CredentialsScanned") or 0),
        ownerless=int(row.get("OwnerlessApplications") or 0),
        due=int(row.get("Due") or 0),
        notices_queued=int(row.get("NoticesQueued") or 0),
        records_uploaded=int(row.get("RecordsUploaded") or 0),
        requests=int(row.get("GraphRequests") or 0),
        throttled=int(row.get("ThrottledCount") or 0),
        resource_units=int(row.get("ResourceUnits") or 0),
        errors=tuple(str(error) for error in errors) if isinstance(errors, list) else (),
    )


# ---------------------------------------------------------------- JSON and CSV


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def row_json(row: Row) -> str:
    """A row as compact JSON: times as ISO 8601 in UTC; NaN cannot occur."""
    return json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_iso)


def row_csv(row: Row, names: Sequence[str]) -> str:
    """A row as one line of CSV in the order of the columns: texts quoted, so that an empty one is not null."""
    return ",".join(_field(row.get(name)) for name in names)


def _field(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            text = value
        case int() | float():
            return json.dumps(value, allow_nan=False)
        case datetime():
            text = _iso(value)
        case _:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_iso)
    return '"' + text.replace('"', '""') + '"'
