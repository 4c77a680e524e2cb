"""Two years of daily records for the practice tenant, as if Steward had scanned it all that time.

Made in DuckDB from the spells of ownership that the tenant's generator tells: one row per credential and
day, month by month. Before a credential's start stand its predecessors, for secrets are renewed. A tenant of
more than `WHOLE` apps gets only what its ownerless apps need: one credential each, and the end of each spell.
"""

# What is put into SQL here are our own column names, dates and quoted file names.
# ruff: noqa: S608

import json
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from archive.duck import Duck, parquet, quoted
from archive.files import ArchiveFiles
from archive.manifest import read_manifest
from archive.rows import Row, safe_text
from archive.tables import NOT_EXISTS, RECORDS, RUNS
from sandbox.tenant import Spell, Tenant, TwinApp, TwinCredential, TwinUser

#: Days of history before the day on which the tenant was made.
DAYS = 730
#: When the daily scans of the past began.
SCAN_AT = time(6, 0)
#: Apps up to which every credential of every day is there.
WHOLE = 2_000
#: Of a larger tenant: the last days of each spell.
LAST_DAYS = 14
#: How long a predecessor lived when the credential itself has no end.
LIFE = timedelta(days=365)

_APP_COLUMNS = {
    "Application": "VARCHAR",
    "ApplicationAppId": "VARCHAR",
    "ApplicationObjectId": "VARCHAR",
    "ApplicationType": "VARCHAR",
    "ServiceManagementReference": "VARCHAR",
    "CredentialType": "VARCHAR",
    "KeyId": "VARCHAR",
    "SecretDisplayName": "VARCHAR",
    "CredentialUsage": "VARCHAR",
    "StartsAt": "TIMESTAMP",
    "EndsAt": "TIMESTAMP",
    "Created": "TIMESTAMP",
    "LifeDays": "INTEGER",
}
_PEOPLE = [f"{who}{what}" for who in ("Owner", "OwnerManager") for what in ("Id", "DisplayName", "UPN", "Mail")]
_SPELL_COLUMNS = {
    "ObjectId": "VARCHAR",
    "FirstDay": "DATE",
    "LastDay": "DATE",
    **dict.fromkeys(_PEOPLE, "VARCHAR"),
    "OwnerDepartment": "VARCHAR",
    "OwnerCount": "INTEGER",
    "Owners": "JSON",
}


def seed_history(tenant: Tenant, files: ArchiveFiles, duck: Duck) -> int:
    """Write the history into an empty workspace; returns its records. Blocks for some seconds."""
    today = tenant.made_at.astimezone(UTC).date()
    whole = len(tenant.apps) <= WHOLE
    apps = [app for app in tenant.apps.values() if app.credentials and (whole or _needed(tenant, app))]
    with tempfile.TemporaryDirectory() as folder:
        _load(
            duck,
            Path(folder),
            "SeedCredentials",
            _APP_COLUMNS,
            (row for app in apps for row in _credentials(app, whole)),
        )
        spells = (_spell(tenant, app, spell, whole) for app in apps for spell in app.history)
        _load(duck, Path(folder), "SeedSpells", _SPELL_COLUMNS, spells)
    yesterday = today - timedelta(days=1)
    months = list(_months(today - timedelta(days=DAYS), yesterday))
    written = sum(
        files.add_month(RECORDS, f"{first:%Y-%m}", _records_sql(tenant.tenant_id, first, last, whole))
        for first, last in months
    )
    if whole:
        paths = [files.folder / each.path for each in read_manifest(files.folder).of(RECORDS.name)]
        files.add_month(RUNS, f"{yesterday:%Y-%m}", _runs_sql(parquet(paths)))
    for name in ("SeedCredentials", "SeedSpells"):
        duck.execute(f"DROP TABLE {name}")
    return written


def _needed(tenant: Tenant, app: TwinApp) -> bool:
    return not tenant.counting_owners(app) and bool(app.history)


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    """First and last day of each month, cut to the days asked for."""
    while first <= last:
        after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield first, min(last, after - timedelta(days=1))
        first = after


def _load(duck: Duck, folder: Path, name: str, columns: dict[str, str], rows: Iterable[Row]) -> None:
    path = folder / f"{name}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False, default=_plain) + "\n" for row in rows)
    kinds = ", ".join(f"'{column}': '{kind}'" for column, kind in columns.items())
    duck.execute(
        f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM read_json({quoted(path.as_posix())}, "
        f"format='newline_delimited', columns={{{kinds}}}, maximum_object_size=33554432)"
    )


def _plain(value: Any) -> str:
    moment = value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
    return str(moment.isoformat())


def _credentials(app: TwinApp, whole: bool) -> Iterator[Row]:
    # A SAML certificate is a Sign key, a Verify key and a secret that share an identifier: one credential.
    signing = {each.custom_key_identifier for each in app.credentials if each.usage == "Sign"} - {None}
    shown = [each for each in app.credentials if each.usage == "Sign" or each.custom_key_identifier not in signing]
    for credential in shown if whole else shown[:1]:
        life = credential.end - credential.start if credential.end and credential.start else LIFE
        if not timedelta(days=1) <= life <= 4 * LIFE:
            life = LIFE
        yield {
            "Application": safe_text(app.display_name or ""),
            "ApplicationAppId": app.app_id,
            "ApplicationObjectId": app.object_id,
            "ApplicationType": app.kind.value,
            "ServiceManagementReference": safe_text(app.service_management_reference or ""),
            "CredentialType": "clientSecret" if credential.is_secret else "certificate",
            "KeyId": credential.key_id,
            "SecretDisplayName": safe_text(credential.display_name or ""),
            "CredentialUsage": _usage(credential),
            "StartsAt": credential.start,
            "EndsAt": credential.end,
            "Created": app.created,
            "LifeDays": life.days,
        }


def _usage(credential: TwinCredential) -> str:
    return "samlActive" if credential.usage == "Sign" else "signIn"


def _spell(tenant: Tenant, app: TwinApp, spell: Spell, whole: bool) -> Row:
    owners = [tenant.users[each] for each in spell.owner_ids if each in tenant.users]
    owner = owners[0] if owners else None
    manager = tenant.users.get(spell.manager_ids.get(owner.id, "")) if owner else None
    first = spell.first_day if whole else max(spell.first_day, spell.last_day - timedelta(days=LAST_DAYS))
    return {
        "ObjectId": app.object_id,
        "FirstDay": first,
        "LastDay": spell.last_day,
        **_person("Owner", owner),
        **_person("OwnerManager", manager),
        "OwnerDepartment": owner.department or "" if owner else "",
        "OwnerCount": len(owners),
        "Owners": [_owner(each, spell.manager_ids.get(each.id, "")) for each in owners],
    }


def _person(prefix: str, user: TwinUser | None) -> Row:
    return {
        f"{prefix}Id": user.id if user else "",
        f"{prefix}DisplayName": safe_text(user.display_name) if user else "",
        f"{prefix}UPN": user.upn if user else "",
        f"{prefix}Mail": (user.mail or "") if user else "",
    }


def _owner(user: TwinUser, manager_id: str) -> Row:
    return {
        "id": user.id,
        "UPN": user.upn,
        "mail": user.mail or "",
        "enabled": True,
        "kind": "user",
        "displayName": safe_text(user.display_name),
        "managerId": manager_id,
    }


def _records_sql(tenant_id: str, first: date, last: date, whole: bool) -> str:
    """All columns of the daily record for the days from `first` to `last`."""
    absent = {"OwnerDisplayName": NOT_EXISTS, "OwnerUPN": NOT_EXISTS}
    people = ", ".join(f"coalesce(s.{name}, '{absent.get(name, '')}') AS {name}" for name in _PEOPLE)
    empty = ", ".join(
        f"'' AS {name}" for name in RECORDS.names if name.startswith("Previous") and name != "PreviousOwnerSeenDate"
    )
    join = "LEFT JOIN" if whole else "JOIN"
    return f"""
        WITH days AS (
            SELECT unnest(generate_series(DATE '{first}', DATE '{last}', INTERVAL 1 DAY)) + INTERVAL {SCAN_AT.hour} HOUR AS scanned
        ), lived AS (
            SELECT c.*, d.scanned, -- how many renewals later than that day this credential is
                   greatest(0, ceil((epoch(c.StartsAt) - epoch(d.scanned)) / (86400.0 * c.LifeDays)))::INTEGER AS back
            FROM SeedCredentials c CROSS JOIN days d
        ), dated AS (
            SELECT *, StartsAt - INTERVAL 1 DAY * (LifeDays * coalesce(back, 0)) AS SecretStartDate,
                   CASE WHEN coalesce(back, 0) = 0 THEN EndsAt
                        ELSE StartsAt - INTERVAL 1 DAY * (LifeDays * (back - 1)) END AS SecretExpiresDate
            FROM lived
        ), judged AS (
            SELECT *, floor((epoch(SecretExpiresDate) - epoch(scanned)) / 86400)::INTEGER AS SecretExpiresDays FROM dated
        )
        SELECT j.scanned AS TimeGenerated, j.scanned AS ScanDate, strftime(j.scanned, 'history-%Y%m%d') AS RunId,
               {quoted(tenant_id)} AS EntraTenantId, Application, ApplicationAppId, ApplicationObjectId, ApplicationType,
               CredentialType, CASE WHEN coalesce(back, 0) = 0 THEN KeyId ELSE md5(KeyId || back)::UUID::VARCHAR END AS CredentialKeyId,
               '' AS Thumbprint, SecretDisplayName, SecretStartDate, SecretExpiresDate, SecretExpiresDays,
               {people}, coalesce(s.OwnerCount, 0) AS OwnerCount, coalesce(s.Owners, '[]'::JSON) AS Owners,
               {empty}, NULL::TIMESTAMP AS PreviousOwnerSeenDate, coalesce(s.OwnerDepartment, '') AS OwnerDepartment,
               CredentialUsage, NULL::TIMESTAMP AS SecretLastUsedDate, ServiceManagementReference,
               CASE WHEN s.OwnerId IS NULL THEN 'unroutable' ELSE 'currentOwners' END AS EscalationPath,
               CASE WHEN SecretExpiresDays IN (30, 14, 7) THEN 'Yes' ELSE 'No' END AS EmailSent,
               CASE WHEN SecretExpiresDays <= 7 THEN 'ThirdAlert' WHEN SecretExpiresDays <= 14 THEN 'SecondAlert'
                    WHEN SecretExpiresDays <= 30 THEN 'FirstAlert' ELSE 'NoAlert' END AS AlertType
        FROM judged j {join} SeedSpells s
          ON s.ObjectId = j.ApplicationObjectId AND j.scanned::DATE BETWEEN s.FirstDay AND s.LastDay AND s.OwnerCount > 0
        WHERE j.Created IS NULL OR j.Created <= j.scanned OR s.ObjectId IS NOT NULL
    """


def _runs_sql(records: str) -> str:
    """The scans that wrote the records."""
    given = {
        "TimeGenerated": "max(ScanDate) + INTERVAL 40 SECOND",
        "RunId": "RunId",
        "Status": "'succeeded'",
        "StartedAt": "max(ScanDate)",
        "FinishedAt": "max(ScanDate) + INTERVAL 40 SECOND",
        "DurationSeconds": "40.0",
        "ApplicationsScanned": "count(DISTINCT ApplicationObjectId) FILTER (ApplicationType = 'appRegistration')",
        "EnterpriseApplicationsScanned": "count(DISTINCT ApplicationObjectId) FILTER (ApplicationType = 'enterpriseApp')",
        "CredentialsScanned": "count(*)",
        "OwnerlessApplications": f"count(DISTINCT ApplicationObjectId) FILTER (OwnerUPN = '{NOT_EXISTS}')",
        "Due": "count(*) FILTER (SecretExpiresDays <= 30)",
        "NoticesQueued": "count(*) FILTER (EmailSent = 'Yes')",
        "RecordsUploaded": "count(*)",
        "Errors": "'[]'::JSON",
        "Version": "''",
    }
    kinds = RUNS.duckdb_types()
    columns = ", ".join(f"({given.get(name, '0')})::{kinds[name]} AS {name}" for name in RUNS.names)
    return f"SELECT {columns} FROM {records} GROUP BY RunId"
