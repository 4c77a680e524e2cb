"""Brief transactions that come at the same time: each is undone by itself, and none ends before it is on the disk."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alerts.errors import StewardError, StoreError
from store.store import SqlStore, open_store
from tests.store.makers import NOW

ROUNDS = 20


async def _set(store: SqlStore, name: str, *, fail: bool = False) -> None:
    async with store.transaction(brief=True) as tx:
        await tx.set_value(name, "there")
        await tx.add_audit(NOW, name, "acknowledge", "a", "", "")
        if fail:
            raise ZeroDivisionError(name)


async def _values(store: SqlStore, names: list[str]) -> set[str]:
    async with store.reading() as tx:
        return set(await tx.values(names))


async def test_what_one_of_them_did_wrong_is_undone_and_the_others_stay(store: SqlStore) -> None:
    names = [f"n{number}" for number in range(ROUNDS)]
    ended = await asyncio.gather(
        *(_set(store, name, fail=number % 3 == 0) for number, name in enumerate(names)), return_exceptions=True
    )
    good = {name for number, name in enumerate(names) if number % 3}
    assert [isinstance(each, ZeroDivisionError) for each in ended] == [number % 3 == 0 for number in range(ROUNDS)]
    assert await _values(store, names) == good
    async with store.reading() as tx:
        assert await tx.audit_broken_at() is None
        assert {entry.actor_id for entry in await tx.audit_last(ROUNDS)} == good


async def test_they_and_long_ones_see_each_other_in_order(store: SqlStore) -> None:
    seen: list[str | None] = []

    async def count(brief: bool) -> None:
        async with store.transaction(brief=brief) as tx:
            if not store_is_sqlite(store):
                # PostgreSQL would let them read side by side.
                await tx.acquire_lease("line", "us", NOW, 0)
            number = int(await tx.value("count") or 0)
            seen.append(str(number))
            await tx.set_value("count", str(number + 1))

    await asyncio.gather(*(count(number % 4 != 0) for number in range(ROUNDS)))
    assert sorted(map(int, filter(None, seen))) == list(range(ROUNDS))


def store_is_sqlite(store: SqlStore) -> bool:
    return store._writer_lock is not None


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[tuple[SqlStore, Path]]:
    path = tmp_path / "steward.db"
    async with await open_store(f"sqlite:///{path}") as store:
        yield store, path


async def test_several_at_once_are_fewer_commits(file: tuple[SqlStore, Path]) -> None:
    store, path = file
    await _set(store, "first")
    before = _commits(path)
    await asyncio.gather(*(_set(store, f"n{number}") for number in range(ROUNDS)))
    assert len(await _values(store, [f"n{number}" for number in range(ROUNDS)])) == ROUNDS
    assert _commits(path) - before <= 3


def _commits(path: Path) -> int:
    """How often the database was changed: SQLite marks each frame of its log that ends a commit."""
    log = Path(f"{path}-wal").read_bytes()
    size = 4096 + 24
    frames = [log[at : at + size] for at in range(32, len(log), size)]
    return sum(int.from_bytes(frame[4:8], "big") > 0 for frame in frames if frame[8:16] == log[16:24])


async def test_each_is_on_the_disk_when_it_returns(file: tuple[SqlStore, Path]) -> None:
    store, path = file

    async def check(name: str) -> bool:
        await _set(store, name)
        with sqlite3.connect(path) as other:
            return other.execute("SELECT count(*) FROM stored_values WHERE name = ?", (name,)).fetchone() == (1,)

    assert all(await asyncio.gather(*(check(f"n{number}") for number in range(ROUNDS))))


async def test_where_the_commit_fails_nobody_is_told_that_it_is_done(
    file: tuple[SqlStore, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = file
    commit = store._writer.commit

    async def full(connection: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store._writer, "commit", full)
    ended = await asyncio.gather(*(_set(store, f"n{number}") for number in range(5)), return_exceptions=True)
    assert [type(each) for each in ended] == [StoreError] * 5
    monkeypatch.setattr(store._writer, "commit", commit)
    await _set(store, "after")
    assert await _values(store, [*(f"n{number}" for number in range(5)), "after"]) == {"after"}


async def test_one_that_is_cancelled_leaves_the_line_and_takes_nothing_along(store: SqlStore) -> None:
    waits = asyncio.Event()

    async def wait() -> None:
        async with store.transaction(brief=True) as tx:
            await tx.set_value("waiting", "there")
            waits.set()
            await asyncio.sleep(60)

    waiting = asyncio.create_task(wait())
    await waits.wait()
    others = [asyncio.create_task(_set(store, f"n{number}")) for number in range(6)]
    await asyncio.sleep(0)
    others[3].cancel()
    waiting.cancel()
    ended = await asyncio.gather(waiting, *others, return_exceptions=True)
    assert [isinstance(each, asyncio.CancelledError) for each in ended] == [True, *(n == 3 for n in range(6))]
    assert await _values(store, ["waiting", *(f"n{n}" for n in range(6))]) == {f"n{n}" for n in range(6) if n != 3}


async def test_one_inside_another_is_refused(file: tuple[SqlStore, Path]) -> None:
    store, _ = file

    async def inside() -> None:
        async with store.transaction(brief=True):
            await _set(store, "inside")

    with pytest.raises(RuntimeError):
        await inside()
    await _set(store, "after")
    assert await _values(store, ["inside", "after"]) == {"after"}


async def test_a_statement_that_is_cancelled_half_way_undoes_all_and_the_store_goes_on(
    file: tuple[SqlStore, Path],
) -> None:
    store, _ = file

    async def long() -> None:
        async with store.transaction(brief=True) as tx:
            await tx.set_value("long", "there")
            # More ids than are looked up on the spot: this goes to SQLite's own thread.
            await tx.deliveries([f"d{number}" for number in range(400)])

    task = asyncio.create_task(long())
    other = asyncio.create_task(_set(store, "other"))
    for _ in range(12):
        await asyncio.sleep(0)
    task.cancel()
    ended = await asyncio.gather(task, other, return_exceptions=True)
    assert all(each is None or isinstance(each, asyncio.CancelledError | StewardError) for each in ended)
    await _set(store, "after")
    kept = await _values(store, ["long", "other", "after"])
    assert kept == {"after"} | ({"long"} if ended[0] is None else set()) | ({"other"} if ended[1] is None else set())
