"""The working state forgets what the archive has and what nobody asks again, and nothing else."""

from dataclasses import replace
from datetime import timedelta

from alerts.model import AlertState, DeliveryState
from alerts.retention import ANSWERS_FOR, CLOSED_FOR, MESSAGES_FOR, Retention
from store.store import SqlStore
from tests.store.makers import DAY, NOW, alert, card, delivery, event, notice, recipient


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


async def test_alerts_closed_long_ago_go_with_all_that_tells_of_them_alone(store: SqlStore) -> None:
    gone = [alert(name, state=AlertState.RESOLVED, closed_at=NOW + DAY) for name in ("gone-1", "gone-2")]
    stay = [alert("open"), alert("fresh", state=AlertState.RESOLVED, closed_at=NOW + 3 * DAY)]
    told = {"done": ("gone-1", "gone-2"), "digest": ("gone-1", "open"), "of fresh": ("fresh",)}
    async with store.transaction() as tx:
        await tx.save_alerts([*gone, *stay])
        for each in (*gone, *stay):
            await tx.save_recipients([recipient(each.id)])
            await tx.add_notices([notice(f"notice of {each.id}", each.id)])
        for name, alerts in told.items():
            sent = delivery(name, alert_ids=alerts, notice_ids=("n",), state=DeliveryState.SENT)
            await tx.add_deliveries([sent])
            await tx.save_cards([card(name, alert_ids=alerts)])
    assert await Retention(store=store, clock=lambda: NOW + CLOSED_FOR + 2 * DAY).run_once() == 2
    everybody = [each.id for each in (*gone, *stay)]
    async with store.reading() as tx:
        assert set(await tx.alerts(everybody)) == {"open", "fresh"}
        assert {place.alert_id for place in await tx.recipients(everybody)} == {"open", "fresh"}
        assert {each.alert_id for each in await tx.notices(everybody)} == {"open", "fresh"}
        assert set(await tx.deliveries(list(told))) == {"digest", "of fresh"}
        assert [each.id for each in await tx.deliveries_of_alerts(["gone-1"])] == []
        assert {each.id for each in await tx.cards_of_alerts(everybody)} == {"digest", "of fresh"}
        assert await tx.card("done") is None


async def test_a_run_forgets_so_many_and_the_next_one_goes_on(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([alert(f"a{n}", state=AlertState.RESOLVED, closed_at=NOW) for n in range(7)])
        assert [await tx.forget_alerts(NOW + DAY, 5) for _ in range(3)] == [5, 2, 0]
