"""Notices, deliveries and cards: inserted once, claimed in order, written only by whoever holds the claim."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alerts.errors import VersionConflict
from alerts.model import Channel, Delivery, DeliveryPurpose, DeliveryState, NoticeKind
from store.store import SqlStore
from tests.store.makers import DAY, MINUTE, NOW, alert, card, delivery, notice

SECOND = timedelta(seconds=1)


async def claim(store: SqlStore, at: datetime = NOW, limit: int = 10) -> list[Delivery]:
    async with store.transaction() as tx:
        return await tx.claim_deliveries(at, 60.0, limit)


async def test_only_notices_of_a_new_key_are_inserted(store: SqlStore) -> None:
    first, other = notice("n1"), notice("n2", recipient_id="mia")
    same_key = notice("n3")
    another_kind, another_stage = notice("n4", kind=NoticeKind.ESCALATION), notice("n5", stage=14)
    async with store.transaction() as tx:
        await tx.save_alerts([alert()])
        assert await tx.add_notices([first, other]) == [first, other]
        assert await tx.add_notices([same_key, another_kind, another_stage, first]) == [another_kind, another_stage]
        assert await tx.add_notices([]) == []
        found = await tx.notices(["alert-1", "nowhere"])

    assert found == [first, other, another_kind, another_stage]


async def test_of_two_notices_of_one_key_in_one_call_the_first_is_inserted(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([alert()])

        assert [each.id for each in await tx.add_notices([notice("n1"), notice("n2")])] == ["n1"]


async def test_a_delivery_comes_back_as_it_was_added(store: SqlStore) -> None:
    whole = delivery(
        purpose=DeliveryPurpose.INFO, nomination_id="nomination-1", card_id="card-1", sentence="declined",
        params={"name": "Eli", "app": "Payroll"}, notice_ids=("n1", "n2"), alert_ids=("alert-1", "alert-2"),
    )  # fmt: skip
    async with store.transaction() as tx:
        await tx.add_deliveries([whole, delivery("delivery-2", alert_ids=("alert-2",))])
    async with store.reading() as tx:
        assert (await tx.deliveries(["delivery-1", "nowhere"])) == {"delivery-1": whole}
        assert [each.id for each in await tx.deliveries_of_alerts(["alert-2"])] == ["delivery-1", "delivery-2"]
        assert await tx.deliveries_of_alerts(["alert-1"]) == [whole]


async def test_a_claim_is_stored_as_it_is_returned(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery()])
    [claimed] = await claim(store)

    assert claimed == delivery(
        state=DeliveryState.SENDING, attempts=1, fence=1, lease_until=NOW + timedelta(seconds=60)
    )
    async with store.reading() as tx:
        assert await tx.deliveries(["delivery-1"]) == {"delivery-1": claimed}


async def test_deliveries_are_claimed_oldest_first_and_in_the_order_they_were_added(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery(id_, recipient_id=f"of {id_}") for id_ in ("z", "a", "m")])
        await tx.add_deliveries([delivery("older", created_at=NOW - DAY)])

    assert [each.id for each in await claim(store, limit=2)] == ["older", "z"]
    assert [each.id for each in await claim(store)] == ["a", "m"]
    assert await claim(store) == []


async def test_one_person_gets_one_message_at_a_time_on_each_channel(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery("first"), delivery("second"), delivery("mail", channel=Channel.EMAIL)])
    claimed = await claim(store)
    assert [each.id for each in claimed] == ["first", "mail"]
    assert await claim(store) == []
    async with store.transaction() as tx:
        await tx.save_delivery(replace(claimed[0], state=DeliveryState.SENT, lease_until=None))

    assert [each.id for each in await claim(store)] == ["second"]


async def test_no_more_than_allowed_are_in_hand_at_once(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries(
            [delivery(f"d{n}", recipient_id=f"person {n}", channel=Channel.EMAIL) for n in range(9)]
        )
    taken = []
    for at in (NOW, NOW, NOW + MINUTE):
        async with store.transaction() as tx:
            taken.append(len(await tx.claim_deliveries(at, 60.0, 3, channel=Channel.EMAIL, most=4)))
            assert await tx.claim_deliveries(at, 60.0, 3, channel=Channel.TEAMS) == []

    assert taken == [3, 1, 3]


async def test_a_delivery_waits_for_its_time(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery(not_before=NOW + MINUTE)])

    assert await claim(store, NOW + MINUTE - timedelta(microseconds=1)) == []
    assert len(await claim(store, NOW + MINUTE)) == 1


async def test_a_claim_whose_lease_ran_out_is_claimed_again_under_a_new_fence(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery()])
    await claim(store)

    assert await claim(store, NOW + 59 * SECOND) == []
    [again] = await claim(store, NOW + 60 * SECOND)
    assert (again.attempts, again.fence) == (2, 2)


async def test_a_worker_whose_fence_is_old_may_not_write_the_outcome(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery()])
    [zombie] = await claim(store)
    [current] = await claim(store, NOW + MINUTE)
    async with store.transaction() as tx:
        refused = await tx.save_delivery(replace(zombie, state=DeliveryState.FAILED, error="late"))
        kept = await tx.save_delivery(replace(current, state=DeliveryState.SENT, finished_at=NOW, lease_until=None))
        stored = await tx.deliveries(["delivery-1"])

    assert (refused, kept) == (False, True)
    assert stored["delivery-1"].state is DeliveryState.SENT
    assert stored["delivery-1"].error == ""


async def test_an_outcome_of_a_delivery_that_is_not_there_is_refused(store: SqlStore) -> None:
    async with store.transaction() as tx:
        assert await tx.save_delivery(delivery()) is False


@pytest.mark.parametrize(
    "state", [DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCLEAR, DeliveryState.CANCELLED]
)
async def test_a_finished_delivery_is_never_claimed_again(store: SqlStore, state: DeliveryState) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery()])
    [claimed] = await claim(store)
    async with store.transaction() as tx:
        await tx.save_delivery(replace(claimed, state=state, finished_at=NOW, error_code="x", error="why"))
        assert await tx.deliveries_waiting() == 0
        assert await tx.next_delivery_at() is None

    assert await claim(store, NOW + 900 * DAY) == []


async def test_a_retry_waits_as_pending_with_what_went_wrong(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery()])
    [claimed] = await claim(store)
    later = replace(
        claimed, state=DeliveryState.PENDING, not_before=NOW + MINUTE, lease_until=None, error_code="retry", error="429"
    )
    async with store.transaction() as tx:
        await tx.save_delivery(later)

    assert await claim(store, NOW + 59 * SECOND) == []
    [again] = await claim(store, NOW + MINUTE)
    assert (again.attempts, again.error_code, again.error) == (2, "retry", "429")


async def test_the_next_time_is_that_of_the_first_that_can_be_claimed(store: SqlStore) -> None:
    async with store.transaction() as tx:
        assert await tx.next_delivery_at() is None
        await tx.add_deliveries([delivery("late", not_before=NOW + DAY), delivery("now")])
        assert await tx.next_delivery_at() == NOW
        await tx.claim_deliveries(NOW, 60.0, 10)
        lease = await tx.next_delivery_at()
        assert lease == NOW + MINUTE
        assert await tx.deliveries_waiting() == 2

    # What is promised for that moment can be claimed at that moment.
    assert [each.id for each in await claim(store, NOW + MINUTE)] == ["now"]


async def test_a_delivery_of_an_id_that_exists_is_refused(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery()])
    with pytest.raises(VersionConflict):
        async with store.transaction() as tx:
            await tx.add_deliveries([delivery(recipient_id="tom")])


async def test_thousands_of_deliveries_keep_their_order(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery(f"d-{n * 7919 % 3001}", recipient_id=f"person {n}") for n in range(3000)])

    assert [each.id for each in await claim(store, limit=3000)] == [f"d-{n * 7919 % 3001}" for n in range(3000)]


async def test_a_card_is_found_by_everything_it_hangs_on(store: SqlStore) -> None:
    own = card(alert_ids=("alert-1", "alert-2"), nomination_id="nomination-1")
    other = card("card-2", activity_id="2:activity", alert_ids=("alert-2",), delivery_id="d2", posted_at=NOW + DAY)
    async with store.transaction() as tx:
        await tx.save_card(own)
        await tx.save_card(other)
    async with store.reading() as tx:
        assert await tx.card("card-1") == own
        assert await tx.card("nowhere") is None
        assert await tx.card_by_delivery("delivery-1") == own
        assert await tx.card_by_activity("1:activity", "ana") == own
        assert await tx.card_by_activity("1:activity", "tom") is None
        assert await tx.cards_of_alerts(["alert-2", "alert-1"]) == [own, other]
        assert await tx.cards_of_nominations(["nomination-1", ""]) == [own]


async def test_a_saved_card_replaces_the_stored_one_and_its_links(store: SqlStore) -> None:
    shrunk = card(current=False, alert_ids=("alert-2",))
    async with store.transaction() as tx:
        await tx.save_card(card(alert_ids=("alert-1", "alert-2")))
        await tx.save_card(shrunk)

        assert await tx.cards_of_alerts(["alert-1"]) == []
        assert await tx.cards_of_alerts(["alert-2"]) == [shrunk]
        await tx.save_card(card(alert_ids=()))
        assert await tx.cards_of_alerts(["alert-1", "alert-2"]) == []


async def test_of_several_outcomes_those_under_an_old_fence_are_not_written(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery(f"delivery-{who}", recipient_id=who) for who in ("ana", "eli", "mia")])
    claimed = await claim(store)
    done = [replace(each, state=DeliveryState.SENT, lease_until=None) for each in claimed]
    done[1] = replace(done[1], fence=done[1].fence + 1)
    async with store.transaction() as tx:
        kept = await tx.save_deliveries([*done, replace(delivery("nowhere"), fence=1)])
        assert await tx.save_deliveries([]) == set()
    async with store.reading() as tx:
        states = {each.id: each.state for each in (await tx.deliveries([each.id for each in done])).values()}

    assert kept == {"delivery-ana", "delivery-mia"}
    assert states == {
        "delivery-ana": DeliveryState.SENT,
        "delivery-eli": DeliveryState.SENDING,
        "delivery-mia": DeliveryState.SENT,
    }


async def test_of_several_cards_each_keeps_its_own_alerts_and_the_later_of_two_wins(store: SqlStore) -> None:
    first, second = card("card-1", alert_ids=("alert-1",)), card("card-2", alert_ids=("alert-1", "alert-2"))
    async with store.transaction() as tx:
        await tx.save_cards([first, second])
        await tx.save_cards([first, replace(first, alert_ids=("alert-2",))])
        await tx.save_cards([])
        found = [[each.id for each in await tx.cards_of_alerts([alert_id])] for alert_id in ("alert-1", "alert-2")]

    assert found == [["card-2"], ["card-1", "card-2"]]
