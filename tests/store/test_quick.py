"""Statements that are prepared once: what they give back, and what they refuse, is the same as of any other."""

import asyncio

import pytest

from alerts.errors import VersionConflict
from store.quick import FEW
from store.store import SqlStore, open_store
from tests.store.makers import NOW, alert, recipient


async def test_few_and_many_ids_find_the_same_rows(store: SqlStore) -> None:
    names = [f"k-{number:02d}" for number in range(FEW + 3)]
    async with store.transaction() as tx:
        await tx.save_alerts([alert(id=name) for name in names])
        await tx.save_recipients([recipient(name) for name in names])
    async with store.reading() as tx:
        many = await tx.alerts(names)
        few = {name: (await tx.alerts([name]))[name] for name in names}
        assert few == many
        assert await tx.recipients(names[:2]) == [one for name in names[:2] for one in await tx.recipients([name])]


async def test_what_was_read_and_locked_is_still_checked_when_it_is_saved(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([alert(version=1)])
    async with store.transaction() as tx:
        known = (await tx.alerts([alert().id], lock=True))[alert().id]
        assert known.version == 1
        with pytest.raises(VersionConflict):
            await tx.save_alerts([alert(version=3)])
        await tx.save_alerts([alert(version=2)])
        await tx.save_alerts([alert(version=3)])
    async with store.reading() as tx:
        assert (await tx.alerts([alert().id]))[alert().id].version == 3


async def test_a_row_that_another_has_inserted_meanwhile_is_a_conflict(url: str) -> None:
    first, second = await open_store(url), await open_store(url)
    async with first.transaction() as tx:
        await tx.save_answer_given("key", "first", NOW)
    with pytest.raises(VersionConflict):
        async with second.transaction() as tx:
            await tx.save_answer_given("key", "second", NOW)
    async with second.reading() as tx:
        assert await tx.answer_given("key") == "first"
    await first.close()
    await second.close()


async def test_what_a_failed_transaction_wrote_is_gone(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.transaction() as tx:
            await tx.set_value("name", "value")
            assert await tx.value("name") == "value"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.reading() as tx:
        assert await tx.value("name") is None
        assert await tx.values(["name", "other"]) == {}


async def test_a_reading_sees_one_state_while_others_write(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.set_value("name", "old")
    async with store.reading() as reading:
        assert await reading.value("name") == "old"

        async def write() -> None:
            async with store.transaction() as tx:
                await tx.set_value("name", "new")

        await asyncio.create_task(write())
        assert await reading.value("name") == "old"
    async with store.reading() as reading:
        assert await reading.value("name") == "new"
