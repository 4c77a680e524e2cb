"""The archive's three tables, declared once: the embedded layout, the Azure resources and the docs are made from here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ColumnType = Literal["string", "int", "real", "datetime", "dynamic"]

#: Stands in OwnerDisplayName and OwnerUPN of an app without a counting owner.
NOT_EXISTS = "NotExists"

#: Days that a record can be queried; also the most that an Analytics table keeps interactively
#: (MicrosoftDocs/azure-monitor-docs, logs/data-retention-configure.md).
RETENTION_DAYS = 730

_DUCKDB: Mapping[ColumnType, str] = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "real": "DOUBLE",
    "datetime": "TIMESTAMP",
    "dynamic": "JSON",
}
#: Table resources spell dateTime, stream declarations datetime.
_AZURE_TABLE: Mapping[ColumnType, str] = {
    "string": "string",
    "int": "int",
    "real": "real",
    "datetime": "dateTime",
    "dynamic": "dynamic",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column. A string is never null: what is missing is ''."""

    name: str
    type: ColumnType = "string"
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TableSchema:
    """One table: its columns in order, and what makes a row of it the same row."""

    name: str
    description: str
    columns: tuple[Column, ...]
    #: A row that equals another in these columns is the same row, written twice.
    key: tuple[str, ...]
    #: The order of rows in a compacted file: what compresses best and is asked for most.
    order: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def stream(self) -> str:
        """Name of the data collection rule's stream."""
        return f"Custom-{self.name}"

    def duckdb_types(self) -> dict[str, str]:
        """Column name -> DuckDB type, in order."""
        return {column.name: _DUCKDB[column.type] for column in self.columns}

    def types(self) -> dict[str, ColumnType]:
        """Column name -> type as KQL spells it, in order."""
        return {column.name: column.type for column in self.columns}


def _text(name: str, description: str) -> Column:
    return Column(name=name, description=description)


def _time(name: str, description: str) -> Column:
    return Column(name=name, type="datetime", description=description)


def _int(name: str, description: str) -> Column:
    return Column(name=name, type="int", description=description)


def _dynamic(name: str, description: str) -> Column:
    return Column(name=name, type="dynamic", description=description)


def _person(prefix: str, who: str, *, absent: str) -> tuple[Column, ...]:
    return (
        _text(f"{prefix}Id", f"Object id of {who}; empty {absent}."),
        _text(f"{prefix}DisplayName", f"Display name of {who}."),
        _text(f"{prefix}UPN", f"User principal name of {who}."),
        _text(f"{prefix}Mail", f"Mail address of {who}."),
    )


_PREVIOUS = "the previous owner of an ownerless app, the first of them by object id"

RECORDS = TableSchema(
    name="ClientSecretMonitoring_CL",
    description="The daily record: one row per credential per scan.",
    key=("RunId", "ApplicationObjectId", "CredentialKeyId"),
    order=("ApplicationObjectId", "CredentialKeyId", "ScanDate"),
    columns=(
        _time(
            "TimeGenerated", "Start of the run. Azure replaces it by the time received when it is older than two days."
        ),
        _time("ScanDate", "Start of the run, UTC; it stays as written."),
        _text("RunId", "The run that wrote the row."),
        _text("EntraTenantId", "The Entra tenant."),
        _text("Application", "Display name of the application."),
        _text("ApplicationAppId", "Its app id (client id)."),
        _text("ApplicationObjectId", "Its object id."),
        _text("ApplicationType", "appRegistration or enterpriseApp."),
        _text("CredentialType", "clientSecret or certificate."),
        _text("CredentialKeyId", "Key id of the credential; of a SAML certificate that of its Sign key."),
        _text("Thumbprint", "A certificate's thumbprint in hex; empty for secrets."),
        _text("SecretDisplayName", "What the credential is called; never its value or hint."),
        _time("SecretStartDate", "Start of its validity."),
        _time("SecretExpiresDate", "End of its validity; null when it never expires."),
        _int(
            "SecretExpiresDays",
            "Whole days from ScanDate to the end, negative once expired; null when it never expires.",
        ),
        *_person(
            "Owner",
            "the first counting owner by object id",
            absent="for an ownerless app, whose name and UPN are NotExists",
        ),
        *_person("OwnerManager", "that owner's manager", absent="when unknown"),
        _int("OwnerCount", "How many owners Entra lists, whatever they are."),
        _dynamic("Owners", "Every owner: id, UPN, mail, enabled, kind, displayName, managerId."),
        *_person("PreviousOwner", _PREVIOUS, absent="when unknown or not needed"),
        *_person("PreviousOwnerManager", "that previous owner's manager", absent="when unknown"),
        _time("PreviousOwnerSeenDate", "ScanDate of the record that proves the previous owner."),
        _text("OwnerDepartment", "Department of the first counting owner."),
        _text("CredentialUsage", "signIn, samlActive or samlInactive."),
        _time("SecretLastUsedDate", "When it last signed in, if known."),
        _text("ServiceManagementReference", "The application's reference into a service or asset catalogue."),
        _text("EscalationPath", "currentOwners, previousOwner, previousOwnerManager or unroutable."),
        _text("EmailSent", "Yes when this run queued a notice for it, else No."),
        _text("AlertType", "NoAlert, or the newest crossed stage: FirstAlert, SecondAlert, ThirdAlert, ..."),
    ),
)

EVENTS = TableSchema(
    name="CredentialEvents_CL",
    description="What Steward and people did: one row per event.",
    key=("EventId",),
    order=("ApplicationAppId", "CredentialKeyId", "TimeGenerated"),
    columns=(
        _time("TimeGenerated", "When it happened."),
        _text("EventId", "The same event always has the same id: a repeat counts once."),
        _text("RunId", "The scan that led to it; empty for what people did."),
        _text("EventType", "What happened: AlertRaised, NotificationSent, Acknowledged, OwnerAssigned, ..."),
        _text("AlertId", "The alert."),
        _text("CredentialKeyId", "The credential."),
        _text("ApplicationAppId", "App id of the application."),
        _text("Application", "Its display name."),
        _text("AlertType", "The stage: FirstAlert, SecondAlert, ..."),
        _text("EscalationPath", "The route of the alert at that time."),
        _text("Channel", "teams or email; empty where there was none."),
        _text("RecipientId", "Object id of the person told."),
        _text("RecipientUPN", "User principal name of the person told."),
        _text("ActorId", "Object id of the person who acted."),
        _text("ActorUPN", "User principal name of the person who acted."),
        _text("Reason", "Why, in a word or a sentence."),
        _text("ErrorCode", "The channel's or service's own error code."),
        _int("Attempt", "Number of the attempt, from 1; 0 where there was none."),
        _int("DurationMs", "How long the call took, in milliseconds."),
        _dynamic("Details", "What else belongs to it, such as deliveryId."),
    ),
)

RUNS = TableSchema(
    name="CredentialScanRuns_CL",
    description="One row per scan, written after every record of it.",
    key=("RunId",),
    order=("TimeGenerated",),
    columns=(
        _time("TimeGenerated", "End of the run."),
        _text("RunId", "The run."),
        _text("Status", "succeeded, partial or failed."),
        _time("StartedAt", "Start of the run; ScanDate of its records."),
        _time("FinishedAt", "End of the run."),
        Column(name="DurationSeconds", type="real", description="FinishedAt less StartedAt, in seconds."),
        _int("ApplicationsScanned", "App registrations read."),
        _int("EnterpriseApplicationsScanned", "Enterprise apps read."),
        _int("CredentialsScanned", "Credentials read: the records of the run."),
        _int("OwnerlessApplications", "Apps with at least one credential and no counting owner."),
        _int("Due", "Credentials within the first stage, expired ones included."),
        _int("NoticesQueued", "Notices that the run queued."),
        _int("RecordsUploaded", "Records acknowledged by Log Analytics; 0 when only embedded."),
        _int("GraphRequests", "HTTP requests sent to Graph."),
        _int("ThrottledCount", "Answers 429 among them."),
        _int("ResourceUnits", "Graph's resource units."),
        _int("ErrorCount", "How many errors."),
        _dynamic("Errors", "The errors as sentences."),
        _text("Version", "Steward's version."),
    ),
)

TABLES: Mapping[str, TableSchema] = {table.name: table for table in (RECORDS, EVENTS, RUNS)}


def table_resource(table: TableSchema) -> dict[str, Any]:
    """The `properties` of a Microsoft.OperationalInsights/workspaces/tables resource, API 2025-07-01."""
    columns = [
        {"name": each.name, "type": _AZURE_TABLE[each.type], "description": each.description} for each in table.columns
    ]
    return {
        "plan": "Analytics",
        "retentionInDays": RETENTION_DAYS,
        "totalRetentionInDays": RETENTION_DAYS,
        "schema": {"name": table.name, "description": table.description, "columns": columns},
    }


def stream_declarations() -> dict[str, Any]:
    """`streamDeclarations` of the data collection rule: stream name -> its columns."""
    return {
        table.stream: {"columns": [{"name": each.name, "type": each.type} for each in table.columns]}
        for table in TABLES.values()
    }


def checker_schema() -> dict[str, str]:
    """Table name -> "(Column:type, ...)", as Microsoft's KQL language service takes it.

    The hidden columns of Log Analytics are added, so that a query may use them.
    """
    hidden = ["_BilledSize:real", "_TimeReceived:datetime"]
    return {
        table.name: "(" + ", ".join([f"{each.name}:{each.type}" for each in table.columns] + hidden) + ")"
        for table in TABLES.values()
    }


def markdown() -> str:
    """docs/tables.md: every table and column."""
    lines = [
        "# The archive's tables",
        "",
        "Made from `archive/tables.py` by `python -m archive.docs`; do not edit.",
        "",
        f"Rows are kept for {RETENTION_DAYS} days (setting `HISTORY_DAYS` for the embedded archive).",
        "A string is never null: what is missing is empty. Test it with `isempty()`.",
        "A row may be there twice; two rows with the same key are the same row.",
    ]
    for table in TABLES.values():
        lines += [
            "",
            f"## {table.name}",
            "",
            table.description,
            f"Key: {', '.join(f'`{name}`' for name in table.key)}.",
            "",
        ]
        lines += ["| column | type | says |", "|---|---|---|"]
        lines += [f"| `{each.name}` | {each.type} | {each.description} |" for each in table.columns]
    return "\n".join(lines) + "\n"
