"""One schema, many renderings."""

import re
from pathlib import Path

import duckdb

from archive.docs import TARGET, main
from archive.duck import view_sql
from archive.tables import EVENTS, RECORDS, RUNS, TABLES, checker_schema, markdown, stream_declarations, table_resource
from archive.translate import schema

#: Names that Log Analytics keeps for itself (logs-ingestion-api-overview.md).
RESERVED = {"TenantId", "Type", "Title", "id", "UniqueId", "_ResourceId", "_SubscriptionId"}


def test_the_daily_record_has_the_columns_that_people_outside_rely_on():
    assert " ".join(RECORDS.names) == (
        "TimeGenerated ScanDate RunId EntraTenantId Application ApplicationAppId ApplicationObjectId ApplicationType "
        "CredentialType CredentialKeyId Thumbprint SecretDisplayName SecretStartDate SecretExpiresDate SecretExpiresDays "
        "OwnerId OwnerDisplayName OwnerUPN OwnerMail OwnerManagerId OwnerManagerDisplayName OwnerManagerUPN OwnerManagerMail "
        "OwnerCount Owners PreviousOwnerId PreviousOwnerDisplayName PreviousOwnerUPN PreviousOwnerMail PreviousOwnerManagerId "
        "PreviousOwnerManagerDisplayName PreviousOwnerManagerUPN PreviousOwnerManagerMail PreviousOwnerSeenDate OwnerDepartment "
        "CredentialUsage SecretLastUsedDate ServiceManagementReference EscalationPath EmailSent AlertType"
    )


def test_events_and_runs_have_the_columns_that_people_outside_rely_on():
    assert " ".join(EVENTS.names) == (
        "TimeGenerated EventId RunId EventType AlertId CredentialKeyId ApplicationAppId Application AlertType EscalationPath "
        "Channel RecipientId RecipientUPN ActorId ActorUPN Reason ErrorCode Attempt DurationMs Details"
    )
    assert " ".join(RUNS.names) == (
        "TimeGenerated RunId Status StartedAt FinishedAt DurationSeconds ApplicationsScanned EnterpriseApplicationsScanned "
        "CredentialsScanned OwnerlessApplications Due NoticesQueued RecordsUploaded GraphRequests ThrottledCount ResourceUnits "
        "ErrorCount Errors Version"
    )


def test_names_are_those_that_log_analytics_takes():
    for table in TABLES.values():
        assert table.name.endswith("_CL")
        assert table.names[0] == "TimeGenerated"
        assert len({name.lower() for name in table.names}) == len(table.names)
        for name in table.names:
            assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,44}", name)
            assert name not in RESERVED
        assert set(table.key) | set(table.order) <= set(table.names)


def test_every_rendering_has_the_same_columns():
    streams = stream_declarations()
    assert set(streams) == {f"Custom-{name}" for name in TABLES}
    for table in TABLES.values():
        resource = table_resource(table)["schema"]["columns"]
        assert [each["name"] for each in resource] == list(table.names)
        assert [each["name"] for each in streams[table.stream]["columns"]] == list(table.names)
        # The one place where Azure's spellings differ.
        assert [each["type"].lower() for each in resource] == [
            each["type"] for each in streams[table.stream]["columns"]
        ]
        connection = duckdb.connect()
        connection.execute(view_sql(table, []))
        described = connection.execute(f'DESCRIBE "{table.name}"').fetchall()
        assert {row[0]: row[1] for row in described} == table.duckdb_types()
        connection.close()
        assert schema()[table.name] == list(table.names)
        for name, kind in table.types().items():
            assert f"{name}:{kind}" in checker_schema()[table.name]


def test_tables_are_kept_for_two_years():
    for table in TABLES.values():
        resource = table_resource(table)
        assert (resource["plan"], resource["retentionInDays"], resource["totalRetentionInDays"]) == (
            "Analytics",
            730,
            730,
        )


def test_the_documentation_is_made_from_the_schema():
    assert Path(TARGET).read_text(encoding="utf-8") == markdown()
    assert main(["--check"]) == 0
    assert main(["--wrong"]) == 2
    for table in TABLES.values():
        for name in table.names:
            assert f"| `{name}` |" in markdown()
