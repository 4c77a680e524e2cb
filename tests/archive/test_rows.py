"""Rows: what the tables promise of each column, whatever the directory holds."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.model import (
    CredentialType,
    CredentialUsage,
    EscalationPath,
    EventType,
    Person,
    PersonKind,
    PreviousOwner,
    RunStatus,
)
from archive.rows import (
    FIELD_BYTES,
    event_from,
    event_row,
    owners_of,
    owners_then,
    record_row,
    row_json,
    run_from,
    run_row,
    safe_text,
)
from archive.tables import EVENTS, RECORDS, RUNS
from tests.archive.build import ANA, BEN, ELI, MIA, NOW, TENANT, app, event, owned, ownerless, record, run, secret

ANYTHING = st.text(st.characters(exclude_categories=()), max_size=200)


def test_rows_have_exactly_the_columns_of_their_tables_in_order():
    assert tuple(record_row(record())) == RECORDS.names
    assert tuple(event_row(event())) == EVENTS.names
    assert tuple(run_row(run(), "1")) == RUNS.names


def test_an_owned_credential_names_its_first_counting_owner_and_the_manager():
    row = record_row(record(owners=(BEN, ANA), owner=ANA, owner_manager=MIA, email_sent=True, alert_type="SecondAlert"))

    assert (row["OwnerId"], row["OwnerDisplayName"], row["OwnerUPN"], row["OwnerMail"]) == (
        ANA.id,
        "Ana Ferrer",
        "ana@contoso.example",
        "ana@contoso.example",
    )
    assert (row["OwnerManagerId"], row["OwnerManagerUPN"]) == (MIA.id, "mia@contoso.example")
    assert (row["OwnerCount"], row["OwnerDepartment"]) == (2, "Billing")
    assert (row["EmailSent"], row["AlertType"], row["EscalationPath"]) == ("Yes", "SecondAlert", "currentOwners")
    assert row["TimeGenerated"] == row["ScanDate"] == NOW
    assert row["EntraTenantId"] == TENANT


def test_an_ownerless_credential_says_so_and_names_the_previous_owner_with_proof():
    previous = PreviousOwner(person=BEN, manager=MIA, seen=NOW - timedelta(days=40))
    row = record_row(ownerless(previous_owners=(previous,), path=EscalationPath.PREVIOUS_OWNER_MANAGER))

    assert (row["OwnerId"], row["OwnerDisplayName"], row["OwnerUPN"]) == ("", "NotExists", "NotExists")
    assert (row["PreviousOwnerId"], row["PreviousOwnerManagerId"]) == (BEN.id, MIA.id)
    assert row["PreviousOwnerSeenDate"] == NOW - timedelta(days=40)
    assert row["EmailSent"] == "No"


def test_a_credential_without_an_end_has_neither_date_nor_days():
    row = record_row(record(credential=secret(1, None)))

    assert row["SecretExpiresDate"] is None
    assert row["SecretExpiresDays"] is None


def test_a_saml_certificate_keeps_usage_thumbprint_and_last_use():
    saml = replace(
        secret(), type=CredentialType.CERTIFICATE, usage=CredentialUsage.SAML_ACTIVE, thumbprint="AB12", last_used=NOW
    )
    row = record_row(record(credential=saml))

    assert (row["CredentialType"], row["CredentialUsage"], row["Thumbprint"]) == ("certificate", "samlActive", "AB12")
    assert row["SecretLastUsedDate"] == NOW


def test_owners_carry_what_rebuilds_them():
    robot = Person(id="robot", display_name="Robot", kind=PersonKind.SERVICE_PRINCIPAL, account_enabled=True)
    gone = replace(ELI, deleted=True)
    row = record_row(record(owners=(BEN, robot, gone), owner=BEN))

    assert row["Owners"][0] == {
        "id": BEN.id,
        "UPN": "ben@contoso.example",
        "mail": "ben@contoso.example",
        "enabled": True,
        "kind": "user",
        "displayName": "Ben Okafor",
        "managerId": MIA.id,
    }
    rebuilt = owners_of(json.loads(row_json(row))["Owners"])
    assert [each.counts for each in rebuilt] == [True, False, False]
    assert rebuilt[0] == replace(BEN, mail="ben@contoso.example")


def test_a_row_of_an_older_tool_names_its_owner_by_upn():
    row = {
        "OwnerId": "",
        "OwnerUPN": "ben@contoso.example",
        "OwnerDisplayName": "Ben Okafor",
        "OwnerManagerUPN": "mia@contoso.example",
    }

    (previous,) = owners_then(row, NOW)

    assert (previous.person.id, previous.person.user_principal_name) == ("ben@contoso.example", "ben@contoso.example")
    assert previous.manager is not None
    assert previous.manager.user_principal_name == "mia@contoso.example"


def test_nobody_is_made_from_not_exists():
    assert (
        owners_then({"OwnerId": "", "OwnerUPN": "NotExists", "OwnerDisplayName": "NotExists", "Owners": None}, NOW)
        == ()
    )


def test_of_many_owners_those_that_fit_are_kept_and_the_count_is_true():
    crowd = tuple(replace(ANA, id=f"{number:036}", display_name="x" * 900) for number in range(300))
    row = record_row(record(owners=crowd, owner=crowd[0]))

    assert row["OwnerCount"] == 300
    assert 0 < len(row["Owners"]) < 300
    assert len(json.dumps(row["Owners"])) <= FIELD_BYTES + 10_000


@given(ANYTHING)
def test_text_is_made_safe_and_stays_when_it_is(text):
    safe = safe_text(text)

    safe.encode("utf-8")
    assert not any(char < " " or "\x7f" <= char < "\xa0" for char in safe)
    assert safe_text(safe) == safe
    if text.isprintable():
        assert safe == text


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1).map(lambda text: text * 40_000))
@settings(max_examples=15)
def test_a_long_text_is_cut_at_a_character(text):
    safe = safe_text(text)

    assert len(safe.encode()) <= FIELD_BYTES
    assert text.startswith(safe)
    assert len(safe.encode()) > FIELD_BYTES - 4 or safe == text


@given(
    ANYTHING,
    ANYTHING,
    st.dictionaries(ANYTHING, st.one_of(ANYTHING, st.floats(), st.none(), st.lists(ANYTHING)), max_size=5),
)
def test_whatever_the_directory_holds_becomes_valid_json(name, upn, details):
    hostile = owned(replace(ANA, display_name=name, user_principal_name=upn), application=app(name=name))

    for row in (record_row(hostile), event_row(event(details=details, reason=name, application=upn))):
        again = json.loads(row_json(row), parse_constant=lambda word: (_ for _ in ()).throw(ValueError(word)))
        assert list(again) == list(row)


def test_no_string_column_is_ever_null():
    sparse = record(application=replace(app(), display_name=""), owners=(), owner=None)
    for row, table in ((record_row(sparse), RECORDS), (event_row(event()), EVENTS), (run_row(run(), ""), RUNS)):
        for column in table.columns:
            if column.type == "string":
                assert isinstance(row[column.name], str), column.name


def test_nothing_of_a_secret_has_a_column():
    """A value or a hint could not be stored even by mistake."""
    words = ("hint", "secrettext", "value", "keyvalue")

    assert not [name for table in (RECORDS, EVENTS, RUNS) for name in table.names if name.lower() in words]


def test_events_come_back_as_they_were():
    full = event(
        1,
        kind=EventType.OWNER_NOMINATED,
        run_id="r",
        key_id="k",
        alert_type="FirstAlert",
        actor_id=ELI.id,
        actor_upn=ELI.user_principal_name,
        reason="why",
        error_code="E1",
        attempt=2,
        duration_ms=31,
        details={"a": [1, "x"]},
    )
    row = json.loads(row_json(event_row(full))) | {"TimeGenerated": full.at}

    assert event_from(row) == full
    assert {each.name for each in fields(full) if not getattr(full, each.name)} == set()


def test_runs_come_back_as_they_were_but_for_what_has_no_column():
    full = run(
        status=RunStatus.PARTIAL,
        enterprise_applications=2,
        quarantined=1,
        ownerless=3,
        due=4,
        expired=1,
        notices_queued=5,
        records_uploaded=6,
        throttled=7,
        resource_units=8,
        errors=("one",),
        phase_seconds={"apps": 1.0},
    )
    row = json.loads(row_json(run_row(full, "1.2"))) | {"StartedAt": full.started_at, "FinishedAt": full.finished_at}

    assert run_from(row) == replace(full, quarantined=0, expired=0, phase_seconds={})
    assert row["DurationSeconds"] == 42.0
    assert row["Version"] == "1.2"


def test_times_are_written_in_utc():
    elsewhere = datetime(2026, 11, 23, 8, 0, tzinfo=UTC).astimezone()

    assert json.loads(row_json({"at": elsewhere})) == {"at": "2026-11-23T08:00:00.000000Z"}
