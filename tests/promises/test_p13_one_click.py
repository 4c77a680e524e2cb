"""P13: one click has one effect, however often and from wherever it comes."""

import asyncio
import itertools

from alerts.model import Action, EventType
from alerts.views import AlertView
from tests.alerts.world import World


async def counted(world: World, type: EventType) -> int:
    return sum(event.type is type for event in await world.events())


def click(world: World, who: str, verb: str, alert: str, invoke: str, **inputs: str) -> Action:
    return Action(verb=verb, actor_id=who, data={"alert": alert, "v": 1}, inputs=inputs, invoke_id=invoke)


async def test_the_same_invoke_again_and_under_new_ids_changes_the_state_once(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    await world.first()
    alert = world.card("ana").items[0].alert_id
    for invoke in ("i-1", "i-1", "i-2", "i-3"):
        answer = await world.actions.perform(click(world, "ana", "acknowledge", alert, invoke))
        assert isinstance(answer, AlertView) or answer is not None

    async with world.store.reading() as tx:
        stored = (await tx.alerts([alert]))[alert]
    assert 1 == await counted(world, EventType.ACKNOWLEDGED)
    assert stored.answer is not None
    assert "ana" == stored.answer.by.id


async def test_twenty_at_once_and_two_owners_at_once_have_one_winner_each(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    await world.first()
    alert = world.card("ana").items[0].alert_id
    clicks = [click(world, who, "acknowledge", alert, f"{who}-{n}") for n in range(10) for who in ("ana", "eli")]
    await asyncio.gather(*(world.actions.perform(each) for each in clicks))

    async with world.store.reading() as tx:
        stored = (await tx.alerts([alert]))[alert]
    assert stored.answer is not None
    # Taking over is allowed, so each of the two may have had it; nobody has had it twice in a row.
    told = [e.actor_id for e in await world.events() if e.type is EventType.ACKNOWLEDGED]
    assert all(a != b for a, b in itertools.pairwise(told))


async def test_a_snooze_pressed_again_after_a_restart_is_the_same_snooze(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    alert = world.card("ana").items[0].alert_id
    await world.actions.perform(click(world, "ana", "snooze", alert, "i-1", days="7"))
    await world.store.close()  # type: ignore[attr-defined]
    await world.__aenter__()
    await world.actions.perform(click(world, "ana", "snooze", alert, "i-2", days="7"))

    assert 1 == await counted(world, EventType.SNOOZED)
    assert {"snoozed": 1} == await world.states()


async def test_the_older_stages_card_answers_for_the_same_alert(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    old = world.card("ana").items[0].alert_id
    await world.day(16)
    await world.actions.perform(click(world, "ana", "acknowledge", old, "i-1"))
    await world.press("ana", "acknowledge")

    assert 1 == await counted(world, EventType.ACKNOWLEDGED)
    assert {"acknowledged": 1} == await world.states()
