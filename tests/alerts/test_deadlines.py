"""Somebody is asked to take an app over and does not answer: who is asked next, and when."""

import asyncio

from alerts.model import RouteReason
from alerts.views import CardState, NominationView, Sentence
from tests.alerts.world import DAY, World


async def nominate(world: World, nominees: str = "eli", days: float = 29.5) -> str:
    """ana names somebody; the id of the nomination."""
    world.app("invoice", ("ana",), world.secret(days))
    await world.first()
    await world.press("ana", "assignOwner", nominees=nominees)
    asked = world.inbox.now_shown(nominees.split(",", maxsplit=1)[0])
    assert isinstance(asked, NominationView)
    return asked.nomination.id


def sentences(world: World, person: str) -> list[str]:
    return [view.key for view in world.inbox.cards[person] if isinstance(view, Sentence)]


async def expired(world: World) -> list[str]:
    return [event.reason for event in await world.events() if event.type == "NominationExpired"]


async def test_after_three_days_the_nominator_is_asked_again_and_after_three_more_everybody(world: World) -> None:
    await nominate(world)
    await world.later(days=2, hours=23)
    assert sentences(world, "ana") == []
    await world.later(hours=1)

    assert sentences(world, "ana") == ["nomination_expired"]
    assert await expired(world) == ["nominee"]
    assert await world.states() == {"read": 1}
    assert "ada" not in world.told()
    await world.later(days=3)
    assert world.card("ada").reason == RouteReason.NOMINATION_EXPIRED
    assert [each.person.id for each in world.card("ada").so_far] == ["ana"]
    await world.later(days=3)
    assert world.told() == {"ana": 2, "eli": 1, "ada": 1}


async def test_with_seven_days_or_less_left_it_is_one_working_day_each(world: World) -> None:
    await nominate(world, days=7.5)
    # Thursday morning; Friday is one working day later, and after Friday comes Monday.
    await world.later(hours=23)
    assert sentences(world, "ana") == []
    await world.later(hours=1)
    assert sentences(world, "ana") == ["nomination_expired"]
    await world.later(days=2)
    assert "ada" not in world.told()
    await world.later(days=1)
    assert world.told()["ada"] == 1


async def test_other_nominees_keep_their_own_time_before_the_nominator_is_asked(world: World) -> None:
    await nominate(world)
    await world.later(days=1)
    await world.press("ana", "assignOwner", nominees="tom")
    await world.later(days=2)
    assert await expired(world) == ["nominee"]
    assert sentences(world, "ana") == []
    assert await world.states() == {"nominated": 1}
    await world.later(days=1)

    assert sentences(world, "ana") == ["nomination_expired"]


async def test_a_nominator_who_names_somebody_else_in_time_leaves_the_admins_in_peace(world: World) -> None:
    await nominate(world)
    await world.later(days=3)
    alert = next(iter((await world.ledger()).entries)).alert.id
    await world.press("ana", "assignOwner", alert, nominees="tom")
    await world.later(days=2, hours=23)

    assert "ada" not in world.told()


async def test_an_approval_that_waits_too_long_is_asked_for_once_more_and_stays_open(world: World) -> None:
    nomination = await nominate(world)
    await world.press("eli", "accept", nomination=nomination)
    assert world.told()["ada"] == 1
    await world.later(days=3)

    assert await expired(world) == ["approver"]
    assert sentences(world, "ana") == ["approval_late"]
    assert world.told()["ada"] == 2
    await world.later(days=9)
    assert world.told()["ada"] == 2
    await world.press("ada", "approve", nomination=nomination)
    assert [owner.id for owner in world.apps["invoice"].owners] == ["ana", "eli"]


async def test_two_replicas_that_look_at_once_take_each_step_once(world: World) -> None:
    await nominate(world)
    world.now += 3 * DAY
    await asyncio.gather(*(world.deadlines.run_once() for _ in range(5)))
    await world.worker.drain()

    assert await expired(world) == ["nominee"]
    assert sentences(world, "ana") == ["nomination_expired"]


async def test_nobody_is_asked_further_once_the_alert_is_over(world: World) -> None:
    await nominate(world)
    world.app("invoice", ("ana",))
    await world.day()
    await world.later(days=3)

    assert sentences(world, "ana") == []
    assert await expired(world) == ["nominee"]


async def test_a_late_answer_changes_nothing(world: World) -> None:
    nomination = await nominate(world)
    await world.later(days=3)
    view = await world.press("eli", "accept", nomination=nomination)

    assert isinstance(view, NominationView)
    assert view.nomination.state == "expired"
    assert world.card_of("ana").items[0].state == CardState.OPEN
