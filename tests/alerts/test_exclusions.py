"""An admin's exclusion holds until its day, says why in the ledger, and its end is told."""

from datetime import timedelta

from alerts.exclusions import Exclusions
from alerts.views import CardState, Sentence
from tests.alerts.world import DAY, World


async def exclude(world: World, app: str, days: float) -> None:
    async with world.store.transaction() as tx:
        await Exclusions().exclude(
            tx, world.apps[app], world.now + timedelta(days=days), "goes away", world.people["ada"], world.now
        )
    await world.worker.drain()


async def test_an_excluded_app_is_silent_until_its_day_and_then_speaks_again(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(40.5))
    await world.first()
    await exclude(world, "invoice", 20)
    await world.day(12)
    assert world.told() == {}
    assert await world.states() == {"excluded": 1}
    entry = (await world.ledger()).entries[0]
    assert (entry.next_step, entry.next_at) == ("the exclusion ends", world.now + 8 * DAY)
    assert entry.alert.excluded_reason == "byAdmin: goes away"

    await world.day(9)
    assert world.told() == {"ana": 1, "ada": 1}
    said = world.inbox.cards["ada"][-1]
    assert isinstance(said, Sentence)
    assert (said.key, said.params["app"]) == ("exclusion_ended", "Invoice")
    ended = [event for event in await world.events() if event.type == "ExclusionEnded"]
    assert [(event.reason, event.app_id) for event in ended] == [("dayReached", "app-invoice")]


async def test_a_card_says_at_once_that_its_app_is_excluded_and_included_again(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    await world.first()
    await exclude(world, "invoice", 5)
    assert world.card("ana").items[0].state is CardState.EXCLUDED
    async with world.store.transaction() as tx:
        assert await Exclusions().include(tx, world.apps["invoice"], world.people["ada"], world.now)
    await world.worker.drain()
    assert world.card("ana").items[0].state is CardState.OPEN
    async with world.store.transaction() as tx:
        assert not await Exclusions().include(tx, world.apps["invoice"], world.people["ada"], world.now)
