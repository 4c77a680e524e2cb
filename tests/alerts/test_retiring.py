"""No longer needed, a pipeline renews it, and taking an answer back: who may, and what follows."""

from dataclasses import replace
from datetime import timedelta

from alerts.model import NominationState
from alerts.views import CardState, NominationView, Sentence
from tests.alerts.world import DAY, World


async def test_an_owner_says_no_longer_needed_and_it_is_on_the_record(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    await world.first()
    await world.press("ana", "retire", note="replaced")
    assert world.card("ana").items[0].state is CardState.RETIRED
    assert world.card("eli").items[0].state is CardState.RETIRED
    assert await world.states() == {"retired": 1}
    events = [event for event in await world.events() if event.type == "Retired"]
    assert [(event.actor_id, event.reason) for event in events] == [("ana", "replaced")]

    again = len(await world.events())
    await world.press("ana", "retire", note="replaced")
    assert len(await world.events()) == again
    assert await world.press("eli", "release") == Sentence(key="refused")
    await world.press("ana", "release")
    assert world.card("eli").items[0].state is CardState.OPEN


async def test_what_signed_in_within_30_days_is_still_needed(world: World) -> None:
    used = replace(world.secret(29.5), last_used=world.now - 10 * DAY)
    world.app("invoice", ("ana",), used)
    await world.first()
    said = await world.press("ana", "retire")

    assert isinstance(said, Sentence)
    assert (said.key, said.params["date"]) == ("retire_in_use", (world.now - 10 * DAY).isoformat())
    assert world.card("ana").items[0].state is CardState.OPEN

    world.app("invoice", ("ana",), replace(used, last_used=world.now - timedelta(days=31)))
    await world.first()
    await world.press("ana", "retire")
    assert world.card("ana").items[0].state is CardState.RETIRED


async def vendor(world: World) -> None:
    """An app whose owner left; his manager is asked."""
    world.disable("ben")
    world.app("vendor", (), world.secret(20.5))
    world.once_owned_by("vendor", "ben", days_ago=100)
    await world.first()


async def test_a_managers_word_is_a_proposal_that_an_admin_approves(world: World) -> None:
    await vendor(world)
    await world.press("mia", "retire", note="closed in March")
    assert world.card("mia").items[0].state is CardState.RETIRE_PROPOSED
    assert "retired" not in await world.states()
    asked = world.inbox.now_shown("ada")
    assert isinstance(asked, NominationView)
    assert (asked.nomination.note, asked.verbs) == ("closed in March", ("approve", "reject", "refresh"))

    await world.press("mia", "retire", note="again")
    assert world.told()["ada"] == 1
    for verb in ("accept", "decline", "approve"):
        assert await world.press("mia", verb, nomination=asked.nomination.id) == Sentence(key="refused")

    await world.press("ada", "approve", nomination=asked.nomination.id)
    assert await world.states() == {"retired": 1}
    events = [event for event in await world.events() if event.type == "Retired"]
    assert [(event.actor_id, event.details["approvedBy"]) for event in events] == [("mia", "ada")]
    shown = world.inbox.now_shown("ada")
    assert isinstance(shown, NominationView)
    assert shown.nomination.state is NominationState.GRANTED
    assert world.apps["vendor"].owners == ()


async def test_an_admin_who_does_not_agree_leaves_everything_as_it_was(world: World) -> None:
    await vendor(world)
    await world.press("mia", "retire")
    asked = world.inbox.now_shown("ada")
    assert isinstance(asked, NominationView)
    await world.press("ada", "reject", nomination=asked.nomination.id, note="payroll uses it")

    said = world.inbox.cards["mia"][-1]
    assert said == Sentence(key="retire_rejected", params={"app": "Vendor", "person": "Mia", "note": "payroll uses it"})
    assert "retired" not in await world.states()


async def test_only_an_owner_or_an_admin_says_that_a_pipeline_renews_it(world: World) -> None:
    await vendor(world)
    assert await world.press("mia", "automatic") == Sentence(key="refused")
    assert "automatic" not in world.card("mia").verbs

    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    assert "automatic" in world.card("ana").verbs
    await world.press("ana", "automatic")
    assert world.card("ana").items[0].state is CardState.AUTOMATIC
    assert [e.actor_id for e in await world.events() if e.type == "MarkedAutomatic"] == ["ana"]


async def test_every_length_that_a_card_offers_is_accepted_in_full(world: World) -> None:
    for days in range(40):
        world.app(f"app{days}", ("ana",), world.secret(days + 0.5, key_id=f"k{days}"))
    await world.first()
    async with world.store.reading() as tx:
        alerts = await tx.alerts_unclosed()
        offered = {alert.id: await world.viewer.alert(tx, [alert.id], "ana") for alert in alerts}
    lengths = [(alert_id, days) for alert_id, view in offered.items() if view for days in view.snooze_days]
    assert len(lengths) > 20
    for alert_id, days in lengths:
        await world.press("ana", "snooze", alert_id, days=str(days))
        async with world.store.reading() as tx:
            place = next(p for p in await tx.recipients([alert_id]) if p.person.id == "ana")
        assert place.snoozed_until == world.now + days * DAY
        await world.press("ana", "release", alert_id)
