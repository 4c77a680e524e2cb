"""The embedded archive's files: crashes, several processes, months, age."""

import asyncio
import json
import os
import random
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from alerts.errors import ArchiveError
from archive.duck import parquet
from archive.embedded import EmbeddedArchive
from archive.files import LEFTOVER, MANY
from archive.history import ArchiveHistory
from archive.lock import locked
from archive.manifest import NAME, read_manifest
from archive.tables import EVENTS, RECORDS, RUNS
from tests.archive.build import ANA, BEN, NOW, app, event, ownerless, record, run

HERE = Path(__file__).parents[2]


def live_rows(folder: Path, table=RECORDS) -> list[dict]:
    """What the manifest's files hold."""
    files = read_manifest(folder).of(table.name)
    if not files:
        return []
    cursor = duckdb.execute(f"SELECT * FROM {parquet([folder / each.path for each in files])}")
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


async def scan(archive: EmbeddedArchive, at, count: int = 3) -> None:
    name = f"run-{at:%Y%m%d%H%M}"
    await archive.append_records(run(at, name), [record(at, name, number) for number in range(1, count + 1)])
    await archive.append_run(run(at, name))


async def test_a_month_that_ended_becomes_one_file_sorted_by_app_and_key(embedded, clock):
    for day in range(1, 6):
        clock.now = NOW.replace(month=10, day=day)
        await scan(embedded, clock.now)
    assert len(embedded.manifest().of(RECORDS.name)) == 5

    clock.now = NOW
    await scan(embedded, NOW)

    november, october = sorted(embedded.manifest().of(RECORDS.name), key=lambda each: each.month, reverse=True)
    assert (october.month, october.compacted, october.rows, len(october.runs)) == ("2026-10", True, 15, 5)
    assert (november.month, november.compacted) == ("2026-11", False)
    rows = duckdb.execute(
        f"SELECT ApplicationObjectId, ScanDate FROM {parquet([embedded.folder / october.path])}"
    ).fetchall()
    assert rows == sorted(rows)
    assert len(await ArchiveHistory(embedded).spells(app(1).object_id, 90)) == 1


async def test_a_run_can_still_be_replaced_after_its_month_was_compacted(embedded, clock):
    for day in (1, 2):
        clock.now = NOW.replace(month=10, day=day)
        await scan(embedded, clock.now)
    first = clock.now.replace(day=1)
    clock.now = NOW
    await embedded.tidy()
    name = f"run-{first:%Y%m%d%H%M}"

    await embedded.append_records(run(first, name), [record(first, name, 9)])

    kept = sorted((row["RunId"], row["CredentialKeyId"][-2:]) for row in live_rows(embedded.folder))
    assert kept == [("run-202610010600", "09"), *[("run-202610020600", f"0{number}") for number in (1, 2, 3)]]


async def test_months_before_the_history_are_dropped_and_their_files_deleted(tmp_path, clock):
    archive = EmbeddedArchive(tmp_path, clock, history_days=60)
    clock.now = NOW - timedelta(days=100)
    await scan(archive, clock.now)
    (old,) = [tmp_path / each.path for each in archive.manifest().of(RECORDS.name)]
    clock.now = NOW
    await scan(archive, NOW)

    assert {row["ScanDate"].date() for row in live_rows(tmp_path)} == {NOW.date()}
    assert old.exists()  # for readers under way
    clock.now = NOW + timedelta(hours=1)
    await archive.tidy()
    assert not old.exists()
    await archive.close()


async def test_small_batches_of_events_are_merged_and_doubles_left_out(embedded):
    for number in range(MANY + 8):
        await embedded.append_events([event(number), event(0)])

    files = embedded.manifest().of(EVENTS.name)
    assert len(files) < MANY
    assert {row["EventId"] for row in live_rows(embedded.folder, EVENTS)} == {
        f"event-{number}" for number in range(MANY + 8)
    }
    assert max(each.rows for each in files) == MANY


async def test_every_file_not_in_the_manifest_is_invisible(embedded):
    await scan(embedded, NOW)
    (live,) = [embedded.folder / each.path for each in embedded.manifest().of(RECORDS.name)]
    (live.parent / "run-crashed.parquet").write_bytes(live.read_bytes())
    (live.parent / ".run-torn.parquet.new").write_bytes(b"PAR1")

    assert len((await embedded.query("expiring", Days=30)).rows) == 3


async def test_what_a_crashed_writer_left_is_swept_after_a_day(embedded):
    await scan(embedded, NOW)
    (live,) = [embedded.folder / each.path for each in embedded.manifest().of(RECORDS.name)]
    fresh, old = live.parent / ".fresh.parquet.new", live.parent / ".old.parquet.new"
    for path in (fresh, old):
        path.write_bytes(b"PAR1")
    then = time.time() - LEFTOVER - 60
    os.utime(old, (then, then))

    await embedded.tidy()

    assert (fresh.exists(), old.exists(), live.exists()) == (True, False, True)


async def test_another_archive_object_sees_what_was_written_at_once(embedded, tmp_path, clock):
    reader = EmbeddedArchive(tmp_path / "archive", clock)
    for day in range(3):
        await scan(embedded, NOW - timedelta(days=2 - day), count=day + 1)
        assert len((await reader.query("expiring", Days=30)).rows) == day + 1
    await reader.close()


async def test_a_reader_under_way_survives_a_file_being_replaced(embedded, clock):
    """The view of a reader's thread may be older than the files: it looks again."""
    await scan(embedded, NOW)
    await embedded.query("expiring", Days=30)
    (old,) = embedded.manifest().of(RECORDS.name)
    await embedded.append_records(run(NOW, "run-202611230600"), [record(NOW, "run-202611230600", 7)])
    stamp = embedded._views._stamp()
    (embedded.folder / old.path).unlink()
    for cursor in embedded._views._seen:
        embedded._views._seen[cursor] = stamp  # as if the manifest had not changed

    assert len((await embedded.query("expiring", Days=30)).rows) == 1


async def test_queries_during_appends_see_whole_runs_only(embedded, clock):
    async def write() -> None:
        for minute in range(12):
            at = NOW + timedelta(minutes=minute)
            name = f"run-{minute:02}"
            clock.now = at
            await embedded.append_records(run(at, name), [record(at, name, number) for number in range(1, 301)])
            await embedded.append_run(run(at, name, credentials=300))

    writing = asyncio.create_task(write())
    counts = set()
    while not writing.done():
        for row in (await embedded.query("duplicate_check", Window=timedelta(days=1))).dicts():
            counts.add((row["Rows"], row["Duplicates"]))
    await writing

    assert counts <= {(300, 0)}
    assert counts


async def test_a_scan_of_33_000_records_is_taken_in_small_pieces(embedded):
    """No piece that the event loop waits for is large: it gets its turn every few hundred records."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await embedded.append_records(run(), (record(number=number) for number in range(3_000)))
    counting.cancel()

    assert turns >= 3_000 / 200
    assert len(live_rows(embedded.folder)) == 3_000


async def test_a_writer_waits_for_another_and_says_for_whom_it_waited_in_vain(tmp_path, clock):
    archive = EmbeddedArchive(tmp_path, clock, lock_wait=0.2)
    with (
        locked(tmp_path / "writer.lock", 1, "test"),
        pytest.raises(ArchiveError, match=f"held by process {os.getpid()}"),
    ):
        await archive.append_events([event()])
    await archive.append_events([event()])

    assert len(live_rows(tmp_path, EVENTS)) == 1
    await archive.close()


async def test_a_query_that_takes_too_long_is_ended(tmp_path, clock):
    archive = EmbeddedArchive(tmp_path, clock, query_seconds=0.0)

    with pytest.raises(ArchiveError, match="no answer within"):
        await archive.query("latest_run")
    await archive.close()


async def test_a_manifest_of_a_newer_steward_is_not_touched(embedded):
    await scan(embedded, NOW)
    path = embedded.folder / NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"layout": 99}))

    with pytest.raises(ArchiveError, match="newer Steward"):
        await embedded.append_events([event()])
    with pytest.raises(ArchiveError, match="newer Steward"):
        await embedded.query("latest_run")


@pytest.mark.parametrize("spoilt", [b"", b"{", b"[]", b'{"layout": 1}', b"\xff\xfe"])
async def test_a_spoilt_manifest_is_an_error_and_never_an_empty_history(embedded, spoilt):
    await scan(embedded, NOW)
    (embedded.folder / NAME).write_bytes(spoilt)

    with pytest.raises(ArchiveError, match="cannot be read"):
        await ArchiveHistory(embedded).previous_owners([app().object_id], 730)
    with pytest.raises(ArchiveError):
        await embedded.append_events([event()])


async def test_a_spoilt_data_file_is_an_error_and_never_an_empty_history(embedded):
    await scan(embedded, NOW)
    (live,) = [embedded.folder / each.path for each in embedded.manifest().of(RECORDS.name)]
    live.write_bytes(b"PAR1 but not really PAR1")

    with pytest.raises(ArchiveError):
        await ArchiveHistory(embedded).previous_owners([app().object_id], 730)


@pytest.mark.parametrize("run_id", ["", "a'b", "../x", "a b", "x" * 200, "a\nb"])
async def test_a_run_id_that_could_be_more_than_a_name_is_refused(embedded, run_id):
    with pytest.raises(ArchiveError, match="run id"):
        await embedded.append_records(run(run_id=run_id), [record()])


async def test_a_full_disk_is_an_archive_error(embedded, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(embedded.files, "add_batch", full)

    with pytest.raises(ArchiveError, match="No space left"):
        await embedded.append_events([event()])


async def test_an_empty_scan_is_a_scan(embedded):
    await embedded.append_records(run(), [])
    await embedded.append_run(run(credentials=0))

    assert len((await embedded.query("latest_run")).rows) == 1
    assert (await embedded.query("expiring", Days=30)).rows == ()


async def test_person_data_as_ids_keeps_no_name(tmp_path, clock):
    archive = EmbeddedArchive(tmp_path, clock, names=False)
    await archive.append_records(run(), [record(owners=(ANA, BEN), owner=ANA, owner_manager=BEN), ownerless(number=2)])
    await archive.append_events([event(actor_id=BEN.id, actor_upn=BEN.user_principal_name)])

    written = repr(live_rows(tmp_path)) + repr(live_rows(tmp_path, EVENTS))
    assert ANA.id in written
    for person in (ANA, BEN):
        for word in (person.display_name, person.user_principal_name):
            assert word not in written
    found = await ArchiveHistory(archive).previous_owners([app(1).object_id, app(2).object_id], 30)
    assert [each.person.id for each in found[app(1).object_id]] == [ANA.id, BEN.id]
    assert app(2).object_id not in found
    await archive.close()


WRITER = """
import asyncio, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
sys.path.insert(0, ".")
from archive.embedded import EmbeddedArchive
from tests.archive.build import NOW, event, record, run

async def main(folder, first):
    at = NOW + timedelta(minutes=first)
    archive = EmbeddedArchive(Path(folder), lambda: at)
    for number in range(1000):
        at = NOW + timedelta(minutes=first, seconds=number)
        name = f"run-{first}-{number}"
        await archive.append_records(run(at, name), [record(at, name, each) for each in range(1, 201)])
        print("records", name, flush=True)
        await archive.append_events([event(f"{name}-{each}", at) for each in range(5)])
        print("events", name, flush=True)
        await archive.append_run(run(at, name, credentials=200))
        print("run", name, flush=True)

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


async def test_a_writer_killed_at_any_moment_loses_nothing_acknowledged_and_halves_nothing(tmp_path, clock):
    chance = random.Random(7)
    acknowledged: dict[str, set[str]] = {"records": set(), "events": set(), "run": set()}
    for round_ in range(6):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WRITER,
            str(tmp_path / "a"),
            str(round_),
            cwd=HERE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        first = await process.stdout.readline()
        await asyncio.sleep(chance.uniform(0.0, 0.6))
        process.kill()
        said = first + await process.stdout.read()
        await process.wait()
        # A line that was cut off was not said.
        for line in said.decode().splitlines()[: None if said.endswith(b"\n") else -1]:
            kind, name = line.split()
            acknowledged[kind].add(name)

    archive = EmbeddedArchive(tmp_path / "a", clock)
    clock.now = NOW + timedelta(hours=1)
    per_run: dict[str, int] = {}
    for row in live_rows(archive.folder):
        per_run[row["RunId"]] = per_run.get(row["RunId"], 0) + 1
    assert acknowledged["records"] <= per_run.keys()
    assert set(per_run.values()) == {200}
    per_batch: dict[str, int] = {}
    for row in live_rows(archive.folder, EVENTS):
        name = row["EventId"].removeprefix("event-").rsplit("-", 1)[0]
        per_batch[name] = per_batch.get(name, 0) + 1
    assert acknowledged["events"] <= per_batch.keys()
    assert set(per_batch.values()) == {5}
    assert acknowledged["run"] <= {row["RunId"] for row in live_rows(archive.folder, RUNS)}
    await scan(archive, clock.now)
    assert len((await archive.query("latest_run")).rows) == 1
    await archive.close()


async def test_two_processes_that_write_at_once_lose_nothing(tmp_path, clock):
    folder = tmp_path / "a"
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            WRITER.replace("range(1000)", "range(4)"),
            str(folder),
            str(first),
            cwd=HERE,
            stdout=asyncio.subprocess.DEVNULL,
        )
        for first in (1, 2)
    ]
    assert [await each.wait() for each in processes] == [0, 0]

    assert len(live_rows(folder)) == 2 * 4 * 200
    assert len(live_rows(folder, EVENTS)) == 2 * 4 * 5
    assert len(live_rows(folder, RUNS)) == 8


async def test_a_deeper_owner_list_survives_compaction(embedded, clock):
    people = tuple(replace(ANA, id=f"a{number:07}-0000-4000-8000-000000000000") for number in range(25))
    clock.now = NOW.replace(month=9)
    await embedded.append_records(run(clock.now), [record(clock.now, owners=people, owner=people[0])])
    clock.now = NOW
    await embedded.tidy()

    found = await ArchiveHistory(embedded).previous_owners([app().object_id], 90)

    assert [each.person.id for each in found[app().object_id]] == [each.id for each in people[:3]]
