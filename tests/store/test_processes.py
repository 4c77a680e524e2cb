"""Processes that die or meet: what is killed half-way leaves nothing half, on both engines."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from store.store import open_store
from tests.store.makers import NOW, alert, delivery, record

ROOT = Path(__file__).resolve().parents[2]

#: Changes much in one transaction and stops in the middle of it; `committed` stands before.
HALF_WAY = """
import asyncio, sys
from dataclasses import replace
from store.store import open_store
from tests.store.makers import NOW, alert, delivery, event, notice, record

async def main() -> None:
    store = await open_store(sys.argv[1])
    async with store.transaction() as tx:
        await tx.save_alerts([alert()])
        await tx.add_deliveries([delivery()])
        await tx.set_value("name", "committed")
    async with store.transaction() as tx:
        [claimed] = await tx.claim_deliveries(NOW, 60.0, 1)
        await tx.save_alerts([alert(version=2), alert("alert-2")])
        await tx.add_notices([notice()])
        await tx.add_events([event()])
        await tx.add_audit(NOW, "ana", "snooze", "alert-1", "", "")
        await tx.set_value("name", "half")
        # Enough to spill from SQLite's cache into the log.
        await tx.save_snapshot([record(f"app-{n}") for n in range(3000)])
        print("half-way", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""

#: Opens the store, and kills itself before its n-th statement.
DIES_AT = """
import asyncio, itertools, os, signal, sys
from sqlalchemy import Engine, event
from store.store import open_store

count = itertools.count(1)

@event.listens_for(Engine, "before_cursor_execute")
def before(connection, cursor, statement, parameters, context, executemany):
    if next(count) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

async def main() -> None:
    await (await open_store(sys.argv[1])).close()
    print("opened", next(count) - 1, flush=True)

asyncio.run(main())
"""

#: Says that it is ready, waits for a word, opens the store and counts one up.
OPENS = """
import asyncio, sys
from store.store import open_store

async def main() -> None:
    store = await open_store(sys.argv[1])
    async with store.transaction() as tx:
        await tx.set_value(sys.argv[2], "here")
    await store.close()

print("ready", flush=True)
sys.stdin.readline()
asyncio.run(main())
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


async def test_a_process_killed_inside_a_transaction_leaves_nothing_half(url: str) -> None:
    with start(HALF_WAY, url) as process:
        try:
            assert await asyncio.to_thread(said, process) == "half-way"
        finally:
            process.kill()
    store = await open_store(url)
    async with store.transaction() as tx:
        assert (await tx.alerts(["alert-1", "alert-2"])) == {"alert-1": alert()}
        assert await tx.deliveries(["delivery-1"]) == {"delivery-1": delivery()}
        assert await tx.notices(["alert-1"]) == []
        assert await tx.events_waiting(10) == []
        assert await tx.audit_last(10) == []
        assert await tx.snapshot_keys() == {}
        assert await tx.value("name") == "committed"
        # Nor does it leave a lock: the claim that was not committed is free.
        assert len(await tx.claim_deliveries(NOW, 60.0, 1)) == 1
        await tx.save_snapshot([record()])
    await store.close()


def statements_to_open(url: str) -> int:
    """How many statements it takes to make the tables."""
    with start(DIES_AT, url, "0") as process:
        word, count = said(process).split()
    assert word == "opened"
    return int(count)


async def test_a_process_killed_anywhere_in_a_migration_leaves_it_to_be_done_again(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    made = 0

    def new() -> str:
        nonlocal made
        made += 1
        if engine == "sqlite":
            return f"sqlite:///{tmp_path}/{made}.db"
        return request.getfixturevalue("postgres").new_database()

    last = await asyncio.to_thread(statements_to_open, new())
    url = new()
    # At the beginning, between tables, and just before the commit.
    for number in (2, last // 3, 2 * last // 3, last):
        with start(DIES_AT, url, str(number)) as process:
            assert await asyncio.to_thread(process.wait, 60) == -signal.SIGKILL
    async with asyncio.timeout(60):
        store = await open_store(url)
    async with store.transaction() as tx:
        await tx.save_alerts([alert()])
        await tx.save_snapshot([record()])
    await store.close()


async def test_processes_that_open_an_empty_database_at_the_same_time_all_succeed(empty_url: str) -> None:
    processes = [start(OPENS, empty_url, f"process-{n}") for n in range(4)]
    try:
        for process in processes:
            assert await asyncio.to_thread(said, process) == "ready"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        codes = [await asyncio.to_thread(process.wait, 100) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    store = await open_store(empty_url)
    async with store.reading() as tx:
        values = [await tx.value(f"process-{n}") for n in range(4)]
    await store.close()

    assert codes == [0] * 4
    assert values == ["here"] * 4


async def test_two_processes_on_one_sqlite_file_take_turns(sqlite_url: str) -> None:
    store = await open_store(sqlite_url)
    with start(OPENS, sqlite_url, "other") as process:
        assert await asyncio.to_thread(said, process) == "ready"
        async with store.transaction() as tx:
            await tx.set_value("mine", "here")
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
            await asyncio.sleep(1)
            assert process.poll() is None
        assert await asyncio.to_thread(process.wait, 60) == 0
    async with store.reading() as tx:
        assert (await tx.value("mine"), await tx.value("other")) == ("here", "here")
    await store.close()
