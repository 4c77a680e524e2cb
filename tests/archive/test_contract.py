"""What both archives promise alike."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.errors import ArchiveError
from alerts.model import EventType, PersonKind, RunStatus
from archive.history import ArchiveHistory
from archive.kql import load, query_names
from archive.rows import record_row
from archive.spool import SpooledArchive
from archive.tables import RECORDS, TABLES
from sandbox.logs import Logs
from sandbox.workspace import Workspace
from tests.archive.build import ANA, BEN, ELI, MIA, NOW, app, event, owned, ownerless, record, run, secret


@pytest.fixture(params=["embedded", "log analytics"])
def archive(request: pytest.FixtureRequest) -> SpooledArchive:
    if request.param == "embedded":
        return SpooledArchive(request.getfixturevalue("embedded"))
    return request.getfixturevalue("spooled")


async def write(archive, at, *records, run_id=None, **changes):
    """One whole scan."""
    name = run_id or f"run-{at:%Y%m%d%H%M}"
    done = run(at, name, credentials=len(records), records_uploaded=len(records), **changes)
    await archive.append_records(done, [replace(each, run_id=name, scan_date=at) for each in records])
    await archive.append_run(done)
    await archive.upload()


def values(name: str) -> dict:
    """Some value for each parameter of a query."""
    some = {"strings": [app().object_id], "long": 30, "string": app().object_id, "timespan": timedelta(days=30)}
    some["datetime"] = NOW - timedelta(days=30)
    return {parameter: some[kind] for parameter, kind in load(name).parameters.items()} | (
        {"AppId": app().app_id} if name == "app_events" else {}
    )


@pytest.mark.parametrize("name", query_names())
async def test_every_query_answers_an_empty_archive(archive, name):
    answer = await archive.query(name, **values(name))

    assert not answer.rows


async def test_every_query_answers_alike_and_counts_doubled_rows_once(embedded, spooled, azure, clock):
    clock.now = NOW + timedelta(hours=2)
    both = (SpooledArchive(embedded), spooled)
    yesterday = NOW - timedelta(days=1)
    events = [
        event(1, NOW, EventType.ALERT_RAISED),
        event(2, NOW, alert_id="alert-1"),
        event(3, NOW + timedelta(hours=1), EventType.ACKNOWLEDGED, alert_id="alert-1"),
        event(4, NOW, EventType.NOTIFICATION_FAILED, error_code="403", reason="blocked"),
        event(5, NOW, EventType.SCAN_ERROR, error_code="503", reason="Graph"),
    ]
    for each in both:
        await write(each, yesterday, owned(BEN, MIA, number=1), record(number=2), status=RunStatus.SUCCEEDED)
        await write(
            each,
            NOW,
            ownerless(number=1),
            record(number=2),
            record(number=3, credential=secret(3, None)),
            record(number=4, credential=secret(4, NOW - timedelta(days=3))),
        )
        await each.append_events(events)
        await each.upload()
    before = {name: (await both[0].query(name, **values(name))) for name in query_names()}

    for name in query_names():
        there = await spooled.query(name, **values(name))
        assert there.columns == before[name].columns, name
        assert there.rows == before[name].rows, name
    assert all(each.rows for each in before.values())

    double(azure)
    for name in query_names():
        if name == "duplicate_check":
            continue
        assert (await spooled.query(name, **values(name))).rows == before[name].rows, name
    checked = (await spooled.query("duplicate_check", **values("duplicate_check"))).dicts()
    assert [(row["Rows"], row["Distinct"], row["Duplicates"], row["Missing"]) for row in checked] == [
        (8, 4, 4, 0),
        (4, 2, 2, 0),
    ]


def workspace_of(azure) -> Workspace:
    workspace = azure.state.part(Logs).workspace
    assert workspace is not None
    return workspace


def double(azure) -> None:
    """Send everything in the workspace once more, as a repeated upload does."""
    workspace = workspace_of(azure)
    for table in TABLES.values():
        workspace.add(table, azure.rows(table.name))


async def test_a_previous_owner_comes_from_the_latest_record_with_a_counting_owner(archive, clock):
    for days, each in (
        (400, owned(ELI)),
        (300, owned(BEN, MIA)),
        (200, owned(BEN, MIA)),
        (100, ownerless()),
        (0, ownerless()),
    ):
        at = NOW - timedelta(days=days)
        # Azure takes no older rows than two days with their true time.
        clock.now = at
        await write(archive, at, each)

    found = await ArchiveHistory(archive).previous_owners([app().object_id, app(9).object_id], 730)

    assert list(found) == [app().object_id]
    (previous,) = found[app().object_id]
    assert (previous.person.id, previous.person.user_principal_name) == (BEN.id, BEN.user_principal_name)
    assert previous.manager is not None
    assert previous.manager.id == MIA.id
    assert previous.seen == NOW - timedelta(days=200)


async def test_a_record_older_than_asked_for_proves_nothing(archive, clock):
    clock.now = NOW - timedelta(days=200)
    await write(archive, clock.now, owned(BEN))
    clock.now = NOW

    assert await ArchiveHistory(archive).previous_owners([app().object_id], 199) == {}
    assert len(await ArchiveHistory(archive).previous_owners([app().object_id], 201)) == 1


async def test_several_previous_owners_are_rebuilt_with_their_managers(archive):
    service = replace(ELI, id="f-robot", kind=PersonKind.SERVICE_PRINCIPAL)
    left = replace(ELI, id="f-left", account_enabled=False)
    fourth = replace(ELI, id="f0000000-0000-4000-8000-00000000000f")
    everybody = (fourth, left, service, ELI, BEN, ANA)
    await write(archive, NOW, record(owners=everybody, owner=ANA, owner_manager=MIA))

    found = await ArchiveHistory(archive).previous_owners([app().object_id], 30)

    people = found[app().object_id]
    assert [each.person.id for each in people] == [ANA.id, BEN.id, ELI.id]
    assert [each.manager.id if each.manager else None for each in people] == [MIA.id, BEN.manager_id, None]
    assert people[1].person.display_name == "Ben Okafor"
    assert people[1].person.counts


async def test_many_apps_are_asked_in_one_query(archive, azure):
    await write(archive, NOW, *(owned(BEN, number=number) for number in range(1, 41)))
    mark = azure.state.traffic.mark()

    found = await ArchiveHistory(archive).previous_owners([app(number).object_id for number in range(1, 41)], 730)

    assert len(found) == 40
    assert azure.state.traffic.counts(mark).get("query", 0) <= 1


async def test_spells_are_cut_where_the_owners_change(archive, clock):
    story = [(9, owned(ANA)), (8, owned(ANA)), (7, owned(ANA)), (6, ownerless()), (5, owned(BEN)), (4, owned(ANA))]
    for days, each in story:
        clock.now = NOW - timedelta(days=days)
        await write(archive, clock.now, each)

    spells = await ArchiveHistory(archive).spells(app().object_id, 30)

    day = NOW.date()
    assert [((day - each.first).days, (day - each.last).days, each.owners) for each in spells] == [
        (9, 7, ("Ana Ferrer",)),
        (6, 6, ()),
        (5, 5, ("Ben Okafor",)),
        (4, 4, ("Ana Ferrer",)),
    ]


async def test_events_come_back_as_they_went_newest_first(archive, clock):
    clock.now = NOW + timedelta(hours=1)
    sent = [
        event(number, NOW + timedelta(minutes=number), actor_id=ELI.id, reason='quote " and | pipe')
        for number in range(1, 6)
    ]
    await archive.append_events(sent)
    await archive.append_events(sent[:2])  # the same ids again count once
    await archive.upload()

    found = await ArchiveHistory(archive).events_of_app(app().app_id, 30, limit=4)

    assert found == tuple(reversed(sent))[:4]


async def test_the_same_run_again_replaces_its_records_in_the_embedded_archive(embedded):
    await embedded.append_records(run(), [record(number=1), record(number=2)])
    await embedded.append_records(run(), [record(number=3)])
    await embedded.append_run(run())

    listed = (await embedded.query("expiring", Days=30)).dicts()
    assert [row["CredentialKeyId"] for row in listed] == [secret(3).key_id]


async def test_the_latest_run_is_the_newest_that_read_something(archive, clock):
    clock.now = NOW + timedelta(days=3)
    await write(archive, NOW, record(number=1))
    await write(archive, NOW + timedelta(days=1), record(number=2), status=RunStatus.PARTIAL)
    await write(archive, NOW + timedelta(days=2), record(number=3), status=RunStatus.FAILED)

    assert [row["RunId"] for row in (await archive.query("latest_run")).dicts()] == ["run-202611240600"]
    assert [row["CredentialKeyId"] for row in (await archive.query("expiring", Days=30)).dicts()] == [secret(2).key_id]


@pytest.mark.parametrize("name", ["nothing", "../kql", "previous_owners.kql"])
async def test_an_unknown_query_is_refused(archive, name):
    with pytest.raises(ArchiveError, match="there is no query"):
        await archive.query(name)


async def test_missing_unknown_and_mistyped_values_are_refused(archive):
    for wrong in ({}, {"Days": 1, "More": 2}, {"Days": "1"}, {"Days": True}, {"Days": 1.5}, {"Days": 2**63}):
        with pytest.raises(ArchiveError):
            await archive.query("expiring", **wrong)


async def test_hostile_values_find_only_themselves(archive):
    hostile = [
        'x" or true //',
        "x'; drop table T; --",
        "| project RunId",
        "\\",
        '\\" | take 1',
        "${Days}",
        "$Days",
        "ÄÖ 😀 \u202e",
    ]
    for known in hostile:
        assert not (await archive.query("app_events", AppId=known, Days=30)).rows
    sent = [event(number, app_id=known) for number, known in enumerate(hostile)]
    await archive.append_events(sent)
    await archive.upload()

    for each, known in zip(sent, hostile, strict=True):
        assert await ArchiveHistory(archive).events_of_app(known, 30) == (each,)


async def test_rows_of_an_older_tool_tell_who_owned_an_app(spooled, azure):
    """Without ScanDate, OwnerId and Owners, and with a time that the service gave them."""
    seen = NOW - timedelta(days=90)
    for number, names in ((1, ("ben@contoso.example", "Ben Okafor")), (2, ("NotExists", "NotExists"))):
        full = record_row(owned(BEN, MIA, number=number))
        kept = ("Application", "ApplicationAppId", "ApplicationObjectId", "CredentialKeyId", "OwnerManagerUPN")
        old = {name: full[name] if name in kept else None for name in RECORDS.names}
        old |= {name: "" for name, kind in RECORDS.types().items() if kind == "string" and name not in kept}
        old |= {"TimeGenerated": seen, "OwnerUPN": names[0], "OwnerDisplayName": names[1], "EmailSent": "Yes"}
        workspace_of(azure).add(RECORDS, [old])

    found = await ArchiveHistory(spooled).previous_owners([app(1).object_id, app(2).object_id], 730)

    assert list(found) == [app(1).object_id]
    (previous,) = found[app(1).object_id]
    assert (previous.person.user_principal_name, previous.seen) == ("ben@contoso.example", seen)
    assert previous.manager is not None
    assert previous.manager.user_principal_name == "mia@contoso.example"


async def test_a_younger_row_of_an_older_tool_wins_over_ours(spooled, azure, clock):
    clock.now = NOW - timedelta(days=50)
    await write(spooled, clock.now, owned(ANA))
    clock.now = NOW
    row = record_row(owned(BEN)) | {"TimeGenerated": NOW - timedelta(days=20), "ScanDate": None, "Owners": None}
    workspace_of(azure).add(RECORDS, [row])

    found = await ArchiveHistory(spooled).previous_owners([app(1).object_id], 730)

    assert [each.person.id for each in found[app(1).object_id]] == [BEN.id]


def test_steward_itself_needs_no_translator():
    """The committed SQL is enough: only the practice tenant and the making of that SQL load duckdb-kql."""
    code = "import sys, archive.spool, archive.history, archive.log_analytics; sys.exit('duckdb_kql' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0
