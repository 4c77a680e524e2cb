"""From the spool to Log Analytics: every row at least once, over faults, restarts and crashes."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.errors import ArchiveError
from archive.embedded import EmbeddedArchive
from archive.files import ledger_path
from archive.identity import LogsIdentity
from archive.ledger import CHUNK_BYTES, Chunk, Ledger, chunks, fitting
from archive.log_analytics import INGESTION_SCOPES, Workspace
from archive.rows import record_row, row_json
from archive.spool import SpooledArchive
from archive.tables import RECORDS, RUNS
from sandbox.logs import LIMIT, PUBLISHER, Logs
from sandbox.traffic import Fault
from sandbox.workspace import Workspace as Twin
from tests.archive.build import NOW, app, event, record, run

ROWS = "ClientSecretMonitoring_CL | summarize Copies = count() by RunId, ApplicationObjectId, CredentialKeyId"


def many(count: int, note: str = "") -> list:
    """Records of about 20 KB each, so that a few make several chunks."""
    wide = [replace(app(number), service_management_reference=(note or "r") * 20_000) for number in range(1, count + 1)]
    return [record(number=number, application=each) for number, each in enumerate(wide, 1)]


def stored(azure) -> tuple[int, int]:
    """(distinct records, rows) in the workspace."""
    rows = azure.rows(ROWS)
    return len(rows), sum(row["Copies"] for row in rows)


def posts(azure) -> list:
    return [seen for seen in azure.state.traffic.since() if seen.service == "ingestion"]


async def test_a_scan_goes_out_in_chunks_below_the_limit_its_run_last(spooled, azure):
    await spooled.append_records(run(), many(100))
    await spooled.append_run(run())

    assert await spooled.upload() == 101
    assert await spooled.upload() == 0
    paths = [seen.path.split("/streams/")[1].split("?")[0] for seen in posts(azure)]
    assert paths == [RECORDS.stream] * 3 + [RUNS.stream]
    assert stored(azure) == (100, 100)
    assert azure.rows("CredentialScanRuns_CL | project RecordsUploaded") == [{"RecordsUploaded": 100}]
    assert spooled.records_uploaded(run().run_id) == 100
    assert spooled.waiting_since() is None


async def test_without_log_analytics_nothing_waits(embedded):
    archive = SpooledArchive(embedded)
    await archive.append_records(run(), [record()])
    await archive.append_run(run())
    await archive.append_events([event()])

    assert await archive.upload() == 0
    assert embedded.manifest().waiting == ()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_passing_fault_is_waited_out(spooled, azure, status):
    azure.state.traffic.order(Fault(service="ingestion", status=status, count=2))
    await spooled.append_records(run(), [record()])

    assert await spooled.upload() == 1
    assert [seen.status for seen in posts(azure)] == [status, status, 204]
    assert len(azure.pauses) == 2


async def test_retry_after_is_obeyed(spooled, azure):
    azure.state.traffic.order(Fault(service="ingestion", status=429, headers={"Retry-After": "17"}))
    await spooled.append_records(run(), [record()])

    await spooled.upload()

    assert azure.pauses == [17.0]


async def test_a_wait_too_long_to_sit_out_is_left_for_the_next_upload(spooled, azure):
    azure.state.traffic.order(Fault(service="ingestion", status=429, headers={"Retry-After": "3600"}))
    await spooled.append_records(run(), [record()])

    with pytest.raises(ArchiveError, match="429"):
        await spooled.upload()
    assert azure.pauses == []
    assert await spooled.upload() == 1


async def test_a_lost_connection_is_repeated(spooled, azure):
    azure.state.traffic.order(Fault(service="ingestion", cut=True))
    await spooled.append_records(run(), [record()])

    assert await spooled.upload() == 1
    assert stored(azure) == (1, 1)


async def test_an_answer_lost_after_the_rows_were_taken_doubles_one_chunk_and_no_query_counts_it_twice(
    spooled, azure, clock
):
    clock.now = NOW + timedelta(hours=1)
    azure.state.traffic.order(Fault(service="ingestion", status=500, act=True, after=1))
    await spooled.append_records(run(), many(100))
    await spooled.append_run(run(credentials=100))

    await spooled.upload()

    distinct, rows = stored(azure)
    assert distinct == 100
    assert 100 < rows <= 100 + 45
    listed = await spooled.query("expiring", Days=30)
    assert len(listed.rows) == 100
    (checked,) = (await spooled.query("duplicate_check", Window=timedelta(days=1))).dicts()
    assert (checked["Missing"], checked["Duplicates"]) == (0, rows - 100)


async def test_a_refused_chunk_stays_and_only_it_is_sent_again(spooled, azure):
    azure.state.traffic.order(Fault(service="ingestion", status=413, after=1, count=1))
    await spooled.append_records(run(), many(100))
    await spooled.append_events([event()])
    await spooled.append_run(run())

    with pytest.raises(ArchiveError, match="413"):
        await spooled.upload()
    before = stored(azure)
    assert before[0] == before[1] < 100
    assert azure.rows("CredentialEvents_CL | count") == [{"Count": 1}]
    assert azure.rows("CredentialScanRuns_CL | count") == [{"Count": 0}]
    assert spooled.waiting_since() == NOW

    mark = azure.state.traffic.mark()
    assert await spooled.upload() == 100 - before[0] + 1
    assert stored(azure) == (100, 100)
    assert azure.state.traffic.counts(mark)["ingestion"] == 2
    assert azure.rows("CredentialScanRuns_CL | project RecordsUploaded") == [{"RecordsUploaded": 100}]


async def test_a_missing_role_is_said_and_nothing_is_lost(spooled, azure):
    roles = azure.state.identities.by_name["scanner"].azure_roles
    roles.discard(PUBLISHER)
    await spooled.append_records(run(), [record()])

    with pytest.raises(ArchiveError, match=r"403.*does not have access to ingest"):
        await spooled.upload()
    roles.add(PUBLISHER)
    assert await spooled.upload() == 1


async def test_a_rejected_token_is_renewed_once(spooled, azure):
    azure.state.traffic.order(Fault(service="ingestion", status=401, body="{}"))
    await spooled.append_records(run(), [record()])
    mark = azure.state.traffic.mark()

    assert await spooled.upload() == 1
    assert azure.state.traffic.counts(mark)["entra"] >= 1


async def test_a_wrong_secret_is_an_archive_error(tmp_path, clock, azure):
    azure.identity = replace(azure.identity, client_secret="wrong")
    archive = SpooledArchive(EmbeddedArchive(tmp_path / "a", clock, spooling=True), azure.client())
    await archive.append_records(run(), [record()])

    with pytest.raises(ArchiveError, match="AADSTS7000215"):
        await archive.upload()
    with pytest.raises(ArchiveError, match="AADSTS7000215"):
        await archive.query("latest_run")
    await archive.close()


async def test_a_service_that_is_gone_is_an_archive_error_and_the_rest_waits(spooled, azure):
    azure.state.traffic.order(Fault(service="ingestion", status=503, count=-1))
    await spooled.append_records(run(), [record()])
    await spooled.append_events([event()])

    with pytest.raises(ArchiveError, match="503"):
        await spooled.upload()
    assert len(posts(azure)) == 5
    azure.state.traffic.clear()
    assert await spooled.upload() == 2


async def test_what_was_acknowledged_before_a_restart_is_not_sent_again(tmp_path, clock, azure):
    first = SpooledArchive(EmbeddedArchive(tmp_path / "a", clock, spooling=True), azure.client())
    await first.append_records(run(), many(100))
    azure.state.traffic.order(Fault(service="ingestion", status=503, after=2, count=-1))
    with pytest.raises(ArchiveError):
        await first.upload()
    sent = stored(azure)[1]
    await first.close()
    azure.state.traffic.clear()

    second = SpooledArchive(EmbeddedArchive(tmp_path / "a", clock, spooling=True), azure.client())
    assert await second.upload() == 100 - sent
    assert stored(azure) == (100, 100)
    await second.close()


async def test_the_same_run_again_is_sent_again_as_it_is_now(spooled, azure):
    await spooled.append_records(run(), many(60))
    azure.state.traffic.order(Fault(service="ingestion", status=503, after=1, count=-1))
    with pytest.raises(ArchiveError):
        await spooled.upload()
    azure.state.traffic.clear()

    await spooled.append_records(run(), [record(number=777)])
    assert await spooled.upload() == 1
    assert spooled.records_uploaded(run().run_id) == 1


async def test_waiting_batches_of_a_long_outage_become_few(spooled, azure, clock):
    azure.state.traffic.order(Fault(service="ingestion", status=403, count=-1))
    for number in range(80):
        await spooled.append_events([event(number)])

    embedded = spooled._embedded
    assert len(embedded.manifest().waiting) < 40
    with pytest.raises(ArchiveError):
        await spooled.upload()
    azure.state.traffic.clear()
    assert await spooled.upload() == 80
    assert azure.rows("CredentialEvents_CL | summarize Rows = count(), Ids = dcount(EventId)") == [
        {"Rows": 80, "Ids": 80}
    ]


async def test_two_uploads_at_once_send_each_row_once(tmp_path, clock, azure):
    one = SpooledArchive(EmbeddedArchive(tmp_path / "a", clock, spooling=True), azure.client())
    two = SpooledArchive(EmbeddedArchive(tmp_path / "a", clock, spooling=True), azure.client())
    await one.append_records(run(), many(60))

    assert sorted(await asyncio.gather(one.upload(), two.upload(), one.upload())) == [0, 0, 60]
    assert stored(azure) == (60, 60)
    for each in (one, two):
        await each.close()


async def test_chunks_in_parallel_arrive_all(tmp_path, clock, azure):
    archive = SpooledArchive(EmbeddedArchive(tmp_path / "a", clock, spooling=True), azure.client(parallel=3))
    await archive.append_records(run(), many(300))

    assert await archive.upload() == 300
    assert stored(azure) == (300, 300)
    await archive.close()


UPLOADER = """
import asyncio, json, sys
from datetime import datetime
from pathlib import Path
from archive.embedded import EmbeddedArchive
from archive.identity import LogsIdentity
from archive.log_analytics import LogAnalytics, Workspace
from archive.spool import SpooledArchive

async def main(folder, now, identity, workspace):
    clock = lambda: datetime.fromisoformat(now)
    archive = SpooledArchive(EmbeddedArchive(Path(folder), clock, spooling=True),
                             LogAnalytics(Workspace(**workspace), LogsIdentity(**identity)))
    await archive.upload()

asyncio.run(main(*json.loads(sys.argv[1])))
"""


async def test_a_process_killed_between_chunks_repeats_at_most_the_one_under_way(tmp_path, clock, azure):
    first = SpooledArchive(EmbeddedArchive(tmp_path / "a", clock, spooling=True), azure.client())
    await first.append_records(run(), many(200))
    azure.state.traffic.latency["ingestion"] = 0.3
    fields = {
        name: getattr(azure.identity, name)
        for name in ("tenant_id", "client_id", "client_secret", "authority_host", "ca_file")
    }
    places = {
        name: getattr(azure.workspace, name)
        for name in ("ingestion_endpoint", "rule_id", "workspace_id", "query_endpoint")
    }
    arguments = json.dumps([str(tmp_path / "a"), NOW.isoformat(), fields, places])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", UPLOADER, arguments, cwd=Path(__file__).parents[2]
    )
    while len(posts(azure)) < 2:
        assert process.returncode is None
        await asyncio.sleep(0.02)
    process.kill()
    await process.wait()
    azure.state.traffic.latency.clear()
    await asyncio.sleep(0.5)
    in_flight = stored(azure)[1]
    assert 0 < in_flight < 200

    await first.upload()

    distinct, rows = stored(azure)
    assert distinct == 200
    assert rows - 200 <= 45  # a chunk holds about 44 of these records
    await first.close()


# ---------------------------------------------------------------- asking


async def test_a_partial_answer_is_no_answer(spooled, azure):
    await spooled.append_run(run())
    await spooled.upload()
    azure.state.part(Logs).partial_answers = 1

    with pytest.raises(ArchiveError, match="only a part of the answer"):
        await spooled.query("latest_run")
    assert len((await spooled.query("latest_run")).rows) == 1


@pytest.mark.parametrize("status", [429, 503, 504])
async def test_a_query_waits_out_a_passing_fault_and_gives_up_on_a_lasting_one(spooled, azure, status):
    azure.state.traffic.order(Fault(service="query", status=status, body="{}", count=2))
    await spooled.query("latest_run")
    azure.state.traffic.order(Fault(service="query", status=status, body="{}", count=-1))

    with pytest.raises(ArchiveError, match=str(status)):
        await spooled.query("latest_run")


async def test_an_empty_answer_is_no_answer(spooled, azure):
    azure.state.traffic.order(Fault(service="query", status=204, count=-1))

    with pytest.raises(ArchiveError):
        await spooled.query("latest_run")


async def test_a_missing_reader_role_is_said(spooled, azure):
    azure.state.identities.by_name["scanner"].azure_roles.discard("Log Analytics Reader")

    with pytest.raises(ArchiveError, match=r"403.*insufficient access"):
        await spooled.query("latest_run")


async def test_every_query_begins_with_its_name(spooled, azure, monkeypatch):
    seen = []
    real = Twin.ask
    monkeypatch.setattr(Twin, "ask", lambda self, kql: (seen.append(kql), real(self, kql))[1])
    await spooled.query("expiring", Days=30)

    assert seen[0].startswith("// steward: expiring.kql\nlet Days = long(30);\n")


# ---------------------------------------------------------------- chunks and ledger


def rows(count: int) -> list:
    return [record_row(each) for each in many(count)]


def test_chunks_count_their_brackets_and_commas():
    lines = [len(row_json(row).encode()) for row in rows(10)]

    for limit in range(sum(lines[:3]), sum(lines[:3]) + 8):
        sizes = [len(each.body) for each in chunks(rows(10), limit)]
        assert max(sizes) <= limit
    assert CHUNK_BYTES < LIMIT


def test_chunks_hold_every_row_in_order():
    kept = [row for each in chunks(rows(100)) for row in json.loads(each.body)]

    assert [row["CredentialKeyId"] for row in kept] == [row["CredentialKeyId"] for row in rows(100)]


def test_a_row_larger_than_a_call_is_cut_down_and_kept():
    row = rows(1)[0] | {"Application": "ä" * 900_000, "Owners": [{"id": "x" * 1000}] * 2000}

    line = json.loads(fitting(row, CHUNK_BYTES))

    assert len(json.dumps(line, ensure_ascii=False).encode()) <= CHUNK_BYTES
    assert line["CredentialKeyId"] == row["CredentialKeyId"]


def test_a_ledger_knows_a_chunk_by_its_content(tmp_path):
    chunk, other = Chunk(number=1, rows=2, body=b"[1,2]"), Chunk(number=1, rows=2, body=b"[1,3]")
    path = ledger_path(tmp_path, RECORDS.name, "run/1")
    path.parent.mkdir()
    Ledger(path, "run/1").note(chunk, "acknowledged")

    again = Ledger(path, "run/1")

    assert (again.state(chunk), again.state(other), again.acknowledged_rows) == ("acknowledged", None, 2)


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b'{"chunks": 3}', b"\x00\x00"])
def test_a_spoilt_ledger_means_sending_again(tmp_path, spoilt):
    path = tmp_path / "ledger.json"
    path.write_bytes(spoilt)

    assert Ledger(path, "run").acknowledged_rows == 0


@pytest.mark.parametrize(
    ("endpoint", "scope"),
    [
        ("https://x.westeurope-1.ingest.monitor.azure.com", "https://monitor.azure.com/.default"),
        ("https://x.usgovvirginia.ingest.monitor.azure.us", "https://monitor.azure.us/.default"),
        ("https://x.chinaeast2.ingest.monitor.azure.cn", "https://monitor.azure.cn/.default"),
    ],
)
def test_each_cloud_has_its_own_token_scope(endpoint, scope):
    assert Workspace(ingestion_endpoint=endpoint, rule_id="", workspace_id="").ingestion_scope == scope


def test_a_private_query_endpoint_speaks_for_the_global_one():
    private = Workspace(ingestion_endpoint="https://i", rule_id="", workspace_id="", query_endpoint="https://10.0.0.4/")
    government = replace(private, query_endpoint="https://api.loganalytics.us")

    assert private.query_audience == "https://api.loganalytics.io"
    assert government.query_audience == "https://api.loganalytics.us"
    assert len(INGESTION_SCOPES) == 2


def test_the_identity_never_shows_its_secret():
    assert "hush" not in repr(LogsIdentity(tenant_id="t", client_id="c", client_secret="hush"))
