"""What happens to a transaction when its block, its task, its process or its database fails."""

import asyncio
import os
import signal
import sqlite3
import stat
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from alerts.errors import SettingsError, StoreError
from store import connections
from store import engine as engines
from store.store import SqlStore, open_store
from tests.store.makers import MINUTE, NOW, alert, delivery, event, record
from tests.support.postgres import PostgresServer, running_postgres


async def value(store: SqlStore, name: str = "name") -> str | None:
    async with store.reading() as tx:
        return await tx.value(name)


async def set_value(store: SqlStore, text: str) -> None:
    async with store.transaction() as tx:
        await tx.set_value("name", text)


async def test_an_exception_in_the_block_undoes_everything_and_comes_out_as_it_was(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.transaction() as tx:
            await tx.save_alerts([alert()])
            await tx.add_events([event()])
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await fail()
    async with store.reading() as tx:
        assert await tx.alerts(["alert-1"]) == {}
        assert await tx.events_waiting(10) == []


def test_what_asyncpg_raises_on_a_connection_that_ends_under_a_statement_is_a_failed_database() -> None:
    with pytest.raises(StoreError), engines.our_errors():
        raise asyncpg.InternalClientError("cannot switch to state 11; another operation (2) is in progress")


async def test_a_cancelled_task_undoes_its_transaction_and_leaves_the_store_usable(store: SqlStore) -> None:
    kept = []
    for pause in range(12):
        begun = asyncio.Event()

        async def work(begun: asyncio.Event) -> None:
            async with store.transaction() as tx:
                await tx.set_value("name", "half")
                begun.set()
                await tx.save_snapshot([record(f"app-{n}") for n in range(600)])
                await asyncio.sleep(30)

        task = asyncio.create_task(work(begun))
        await begun.wait()
        for _ in range(pause):
            await asyncio.sleep(0.002)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # Its traceback refers to a cursor of the cancelled transaction.
        kept.append(task)

        assert await value(store) is None
    async with asyncio.timeout(10):
        await set_value(store, "whole")
    assert await value(store) == "whole"


async def test_a_task_cancelled_while_it_waits_for_the_writer_leaves_the_queue(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.set_value("name", "first")
        waiting = asyncio.create_task(set_value(store, "second"))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(10):
        await set_value(store, "third")

    assert await value(store) == "third"


async def test_a_reading_view_cannot_write(store: SqlStore) -> None:
    async def write() -> None:
        async with store.reading() as tx:
            await tx.set_value("name", "x")

    with pytest.raises(StoreError):
        await write()
    assert await value(store) is None


async def test_many_transactions_that_also_read_aside_do_not_run_out_of_connections(store: SqlStore) -> None:
    async def work(number: int) -> None:
        async with store.transaction() as tx:
            await tx.set_value(f"name-{number}", "x")
            await asyncio.sleep(0)
            await value(store)

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(number) for number in range(60)))

    assert await value(store, "name-59") == "x"


async def test_errors_do_not_repeat_what_was_to_be_stored(store: SqlStore) -> None:
    async def insert_twice() -> None:
        async with store.transaction() as tx:
            await tx.add_deliveries([delivery(error="a secret name"), delivery(error="a secret name")])

    with pytest.raises(Exception, match=r"unique|UNIQUE") as caught:
        await insert_twice()
    assert "secret name" not in str(caught.value)
    assert "INSERT" not in str(caught.value)


# ---------------------------------------------------------------- SQLite


@pytest.fixture
async def file(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A store on SQLite and its file."""
    path = tmp_path / "steward.db"
    store = await open_store(f"sqlite:///{path}")
    yield store, path
    await store.close()


async def test_a_transaction_inside_a_transaction_is_refused_where_it_would_hang(file: tuple[SqlStore, Path]) -> None:
    store, _ = file
    async with store.transaction():
        with pytest.raises(RuntimeError, match="inside"):
            await set_value(store, "x")
    await set_value(store, "y")

    assert await value(store) == "y"


async def test_a_claim_is_on_the_disk_when_it_returns(file: tuple[SqlStore, Path]) -> None:
    store, _ = file
    async with store.transaction() as tx:
        pragmas = {
            name: (await tx._connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": engines.BUSY_MILLISECONDS,
    }


async def test_the_file_is_for_its_owner_only(file: tuple[SqlStore, Path]) -> None:
    store, path = file
    await set_value(store, "x")

    assert [stat.S_IMODE(each.stat().st_mode) for each in path.parent.glob("steward.db*")] == [0o600] * 3


async def test_another_process_that_writes_is_waited_for(file: tuple[SqlStore, Path]) -> None:
    store, path = file
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(set_value(store, "x"))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    assert await value(store) is None
    other.execute("COMMIT")
    other.close()
    await waiting

    assert await value(store) == "x"


async def test_a_lock_held_too_long_is_an_error_and_ends_with_the_lock(
    file: tuple[SqlStore, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = file
    monkeypatch.setattr(engines, "BUSY_MILLISECONDS", 200)
    store = await open_store(f"sqlite:///{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        await set_value(store, "x")
    other.execute("ROLLBACK")
    other.close()
    await set_value(store, "y")

    assert await value(store) == "y"
    await store.close()


async def test_a_full_database_refuses_what_it_cannot_hold_and_recovers(file: tuple[SqlStore, Path]) -> None:
    store, _ = file
    async with store.transaction() as tx:
        await tx.save_alerts([alert()])
        pages = (await tx._connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
    async with store.transaction() as tx:
        await tx._connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")

    async def fill() -> None:
        async with store.transaction() as tx:
            await tx.save_alerts([alert(version=2)])
            await tx.save_snapshot([record(f"app-{n}") for n in range(500)])

    with pytest.raises(StoreError, match="full"):
        await fill()
    async with store.reading() as tx:
        assert (await tx.alerts(["alert-1"]))["alert-1"].version == 1
        assert await tx.snapshot_keys() == {}
    async with store.transaction() as tx:
        await tx._connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    await fill()
    async with store.reading() as tx:
        assert len(await tx.snapshot_keys()) == 500


async def test_closing_folds_the_log_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    store = await open_store(f"sqlite:///{path}")
    await set_value(store, "x")
    await value(store)
    await store.close()

    assert os.listdir(tmp_path) == ["steward.db"]  # noqa: PTH208


async def test_a_folder_that_cannot_be_made_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(StoreError, match="cannot be made"):
        await open_store(f"sqlite:///{tmp_path}/file/steward.db")


async def test_a_file_that_is_no_database_is_an_error_of_the_store(tmp_path: Path) -> None:
    path = tmp_path / "steward.db"
    path.write_bytes(os.urandom(8192))

    with pytest.raises(StoreError):
        await open_store(f"sqlite:///{path}")


# ---------------------------------------------------------------- PostgreSQL


@pytest.fixture
async def fragile():  # type: ignore[no-untyped-def]
    """A server of its own, to be crashed, and a store on it."""
    with running_postgres() as server:
        store = await open_store(server.new_database())
        yield server, store
        await store.close()


async def test_a_crash_of_the_database_loses_nothing_committed_and_is_recovered_from(
    fragile: tuple[PostgresServer, SqlStore],
) -> None:
    server, store = fragile
    for round_ in range(3):
        await set_value(store, f"committed {round_}")

        async def crash_inside() -> None:
            async with store.transaction() as tx:
                await tx.set_value("name", "half")
                server.stop(signal.SIGQUIT)
                await tx.set_value("other", "half")

        with pytest.raises(StoreError):
            await crash_inside()
        with pytest.raises(StoreError):
            await value(store)
        server.start()

        assert await value(store) == f"committed {round_}"


async def test_a_connection_that_the_database_ends_is_replaced(fragile: tuple[PostgresServer, SqlStore]) -> None:
    server, store = fragile
    await set_value(store, "before")
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'steward'")
    await set_value(store, "after")

    assert await value(store) == "after"


async def test_a_connection_that_has_rested_is_asked_before_it_is_used(
    fragile: tuple[PostgresServer, SqlStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, store = fragile
    monkeypatch.setattr(connections, "PING_SECONDS", 0.0)
    await set_value(store, "before")
    assert await value(store) == "before"
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'steward'")
    assert await value(store) == "before"
    await set_value(store, "after")

    assert await value(store) == "after"


async def test_a_transaction_whose_connection_is_ended_keeps_nothing(fragile: tuple[PostgresServer, SqlStore]) -> None:
    server, store = fragile

    async def lose_it() -> None:
        async with store.transaction() as tx:
            await tx.add_deliveries([delivery()])
            server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'steward'")
            await tx.claim_deliveries(NOW + MINUTE, 60.0, 1)

    with pytest.raises(StoreError):
        await lose_it()
    async with store.reading() as tx:
        assert await tx.deliveries_waiting() == 0


async def test_a_database_that_is_not_there_is_an_error_of_the_store(tmp_path: Path) -> None:
    for url in (f"postgresql://steward@/nothing?host={tmp_path}", "postgresql://steward@127.0.0.1:1/nothing"):
        with pytest.raises(StoreError):
            await open_store(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "steward.db",
        "mysql://root:hidden@host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql+psycopg2://u:hidden@h/d",
    ],
)
async def test_an_address_that_is_not_understood_is_a_wrong_setting_and_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL") as caught:
        await open_store(url)
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "dsn"),
    [
        ("postgres://u:p%40@h:5433/d?sslmode=require", "postgresql://u:p%40@h:5433/d?sslmode=require"),
        ("postgresql+asyncpg://h/d", "postgresql://h/d"),
        ("postgresql:///d?host=/run/pg", "postgresql:///d?host=/run/pg"),
    ],
)
def test_postgresql_addresses_are_handed_on_as_they_stand(url: str, dsn: str) -> None:
    assert engines.parse_address(url) == engines.Address(dsn=dsn)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/steward.db", "var/steward.db"),
        ("sqlite:////data/steward.db", "/data/steward.db"),
        ("sqlite+aiosqlite:///./var/a%b #1.db", "./var/a%b #1.db"),
    ],
)
def test_sqlite_addresses_name_a_file(url: str, path: str) -> None:
    assert engines.parse_address(url) == engines.Address(path=Path(path))


async def test_a_file_name_may_hold_any_character(tmp_path: Path) -> None:
    path = tmp_path / "a%41 b#c?d.db"
    async with await open_store(f"sqlite:///{path}") as store:
        await set_value(store, "x")

    assert os.listdir(tmp_path) == [path.name]  # noqa: PTH208


async def test_on_postgresql_a_transaction_that_stands_still_loses_its_locks(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was stopped in the middle of a claim must not keep others from it for ever."""
    monkeypatch.setattr(engines, "IDLE_SECONDS", 1)
    stopped, other = await open_store(postgres_url), await open_store(postgres_url)
    async with other.transaction() as tx:
        await tx.save_alerts([alert()])
    continued = asyncio.Event()

    async def stand_still() -> None:
        async with stopped.transaction() as tx:
            await tx.alerts(["alert-1"], lock=True)
            await continued.wait()
            await tx.save_alerts([alert(version=2, stage=7)])

    zombie = asyncio.create_task(stand_still())
    async with asyncio.timeout(30):
        await asyncio.sleep(0.1)
        async with other.transaction() as tx:
            await tx.alerts(["alert-1"], lock=True)
            await tx.save_alerts([alert(version=2, stage=14)])
    continued.set()
    with pytest.raises(StoreError):
        await zombie
    async with other.reading() as tx:
        assert (await tx.alerts(["alert-1"]))["alert-1"].stage == 14
    await stopped.close()
    await other.close()
