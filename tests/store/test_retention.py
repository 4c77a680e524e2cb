"""The working state forgets what the archive has and what nobody asks again, and nothing else."""

from dataclasses import replace
from datetime import timedelta

from alerts.model import DeliveryState
from alerts.retention import ANSWERS_FOR, MESSAGES_FOR, Retention
from store.store import SqlStore
from tests.store.makers import NOW, delivery, event


async def test_old_answers_and_finished_messages_without_notices_go(store: SqlStore) -> None:
    kept = {"waiting": {}, "with notices": {"notice_ids": ("n",), "state": DeliveryState.SENT}}
    async with store.transaction() as tx:
        await tx.save_answer_given("old", "yes", NOW)
        await tx.save_answer_given("new", "yes", NOW + MESSAGES_FOR)
        await tx.add_deliveries(
            [
                delivery("done", notice_ids=(), state=DeliveryState.SENT),
                delivery("waiting", notice_ids=()),
                delivery("with notices", notice_ids=("n",), state=DeliveryState.SENT),
            ]
        )
    later = NOW + MESSAGES_FOR + timedelta(seconds=1)
    assert later > NOW + ANSWERS_FOR
    forgotten = await Retention(store=store, clock=lambda: later).run_once()
    async with store.reading() as tx:
        assert await tx.answer_given("old") is None
        assert await tx.answer_given("new") == "yes"
        assert set(await tx.deliveries(["done", *kept])) == set(kept)

    assert forgotten == 2


async def test_only_archived_events_beyond_the_newest_are_forgotten(store: SqlStore) -> None:
    events = [replace(event(), event_id=f"e{number}") for number in range(6)]
    async with store.transaction() as tx:
        await tx.add_events(events)
        await tx.events_archived(["e0", "e1", "e4", "e5"])
        assert await tx.forget_archived(3) == 2
        assert [each.event_id for each in await tx.events_waiting(10)] == ["e2", "e3"]
        assert await tx.forget_archived(0) == 2
