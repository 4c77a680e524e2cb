"""Read receipts: a card that was read counts as seen, what stands below it does not."""

from alerts.receipts import Receipts
from tests.alerts.world import World


async def test_a_card_that_was_read_counts_as_seen_and_a_later_one_does_not(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    await world.first()
    receipts = Receipts(store=world.store, clock=world.clock)
    await receipts.read_up_to("ana", "ana-0")
    assert {"delivered": 1} == await world.states()
    for _ in range(2):
        await receipts.read_up_to("ana", "ana-1")
    seen = [event for event in await world.events() if event.type == "Seen"]

    assert {"read": 1} == await world.states()
    assert [(event.recipient_id, event.reason, event.actor_id) for event in seen] == [("ana", "readReceipt", "")]


async def test_nobodys_reading_is_anybody_elses(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    await Receipts(store=world.store, clock=world.clock).read_up_to("tom", "ana-1")

    assert {"delivered": 1} == await world.states()
