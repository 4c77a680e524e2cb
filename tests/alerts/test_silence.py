"""Nobody answers: a manager hears of it, everybody on the last day, and of the expiry; each once."""

from dataclasses import replace
from pathlib import Path

import pytest

from alerts.errors import DeliveryError, Outcome
from alerts.model import Person, Policy, RouteReason
from alerts.views import CardState
from alerts.views import Outcome as Came
from tests.alerts.world import DAY, World, sqlite_url


async def days_told(world: World, days: int) -> dict[str, list[int]]:
    """Person -> days left on which a card came, over so many daily scans."""
    spoke: dict[str, list[int]] = {}
    for _ in range(days):
        before = dict(world.told())
        await world.day()
        for person, count in world.told().items():
            if count > before.get(person, 0):
                card = world.card(person)
                spoke.setdefault(person, []).append(card.items[0].days_left)
    return spoke


async def test_silence_tells_one_manager_at_the_last_stage_and_the_fallback_on_the_last_day(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(31.5))
    await world.first()

    assert await days_told(world, 34) == {"ana": [30, 14, 7, 1, -1], "mia": [7, 1, -1], "ada": [1, -1]}
    types = [event.type.value for event in await world.events()]
    assert [types.count(kind) for kind in ("Escalated", "LastCall", "CredentialExpired")] == [1, 1, 1]


async def test_the_manager_reads_what_happened_so_far_and_may_answer(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(15.5))
    await world.first()
    told_at = world.now
    await world.day(8)
    card = world.card("mia")

    assert (card.reason, card.on_behalf_of.id if card.on_behalf_of else "") == (RouteReason.SILENCE, "ana")
    assert [(each.person.id, each.at, each.outcome) for each in card.so_far] == [("ana", told_at, Came.SILENT)]
    await world.press("mia", "acknowledge")
    assert world.card("ana").items[0].state == CardState.TAKEN_BY_OTHER
    assert world.card("mia").so_far == ()


async def test_an_answer_in_time_leaves_the_manager_in_peace_and_a_snooze_does_not(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(13.5))
    world.person("sam", manager="tom")
    world.app("travel", ("sam",), world.secret(13.5, key_id="k2"))
    await world.first()
    await world.press("ana", "acknowledge")
    await world.press("sam", "snooze", days="14")
    for _ in range(7):
        await world.day()

    assert world.told() == {"ana": 2, "sam": 2, "tom": 1}


async def test_while_somebody_is_nominated_the_manager_is_left_in_peace(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(9.5))
    await world.first()
    await world.press("ana", "assignOwner", nominees="eli")
    await world.day(2)

    assert "mia" not in world.told()


async def test_the_manager_whom_most_of_the_silent_share_is_told_and_only_that_one(world: World) -> None:
    for name, boss in (("ann", "zoe"), ("bob", "max"), ("cat", "max"), ("max", ""), ("zoe", "")):
        world.person(name, manager=boss)
    world.app("invoice", ("ann", "bob", "cat"), world.secret(15.5))
    await world.first()
    await world.day(8)

    assert {name for name in world.told() if name in ("max", "zoe", "ada")} == {"max"}


async def test_a_tie_goes_to_the_lowest_object_id(world: World) -> None:
    for name, boss in (("ann", "zoe"), ("bob", "max"), ("max", ""), ("zoe", "")):
        world.person(name, manager=boss)
    world.app("invoice", ("ann", "bob"), world.secret(15.5))
    await world.first()
    await world.day(8)

    assert {name for name in world.told() if name in ("max", "zoe")} == {"max"}


@pytest.mark.parametrize(
    ("mia", "told"),
    [
        # The manager's account is disabled: that manager's manager.
        (Person(id="mia", manager_id="tom", account_enabled=False), {"tom"}),
        # The manager is nowhere: the fallback.
        (None, {"ada"}),
        # Nobody stands above a disabled manager: the fallback.
        (Person(id="mia", account_enabled=False), {"ada"}),
    ],
)
async def test_where_the_manager_cannot_be_told_the_next_one_up_is_else_the_fallback(
    tmp_path: Path, mia: Person | None, told: set[str]
) -> None:
    async with World(sqlite_url(tmp_path)) as world:
        if mia is None:
            del world.people["mia"]
        else:
            world.people["mia"] = mia
        world.app("invoice", ("ana",), world.secret(15.5))
        await world.first()
        await world.day(8)

        assert set(world.told()) - {"ana"} == told


async def test_a_manager_who_owns_the_app_too_is_no_news_to_it(world: World) -> None:
    world.person("mia", manager="tom")
    world.app("invoice", ("ana", "mia"), world.secret(15.5))
    await world.first()
    await world.day(8)

    assert world.told() == {"ana": 2, "mia": 2, "tom": 1}


async def test_on_a_managers_route_the_next_manager_up_is_told(world: World) -> None:
    world.person("mia", manager="tom")
    world.disable("ben")
    world.app("vendor", (), world.secret(15.5))
    world.once_owned_by("vendor", "ben", days_ago=40)
    await world.first()
    await world.day(8)

    assert world.told() == {"mia": 2, "tom": 1}


async def test_without_an_earlier_stage_silence_lasts_half_of_the_days_left(world: World) -> None:
    world.app("seed", ("tom",), world.secret(3, key_id="seed"))
    world.app("invoice", ("ana",), world.secret(6.5))
    await world.first()
    spoke = await days_told(world, 4)

    assert spoke["mia"] == [3]


@pytest.mark.parametrize(("setting", "days"), [("never", []), ("3", [3]), ("10", [10, 7])])
async def test_escalate_unanswered_may_be_another_day_or_never(tmp_path: Path, setting: str, days: list[int]) -> None:
    policy = Policy(owner_writes=True, escalate_unanswered=setting, last_call_days=0)
    async with World(sqlite_url(tmp_path), policy) as world:
        world.app("invoice", ("ana",), world.secret(15.5))
        await world.first()

        assert (await days_told(world, 14)).get("mia", []) == days


async def test_the_last_call_reaches_whoever_took_it_snoozed_it_and_the_fallback_once(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(8.5))
    await world.first()
    await world.press("ana", "acknowledge")
    await world.day()
    await world.press("eli", "snooze", days="3")
    spoke = await days_told(world, 7)

    assert spoke == {"ana": [1], "eli": [4, 1], "ada": [1]}
    assert world.card("ana").last_call
    assert world.card("ada").reason == RouteReason.LAST_CALL
    assert "notMine" not in world.card("ada").verbs


async def test_first_seen_on_the_last_day_is_one_message_to_each(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(1.5))
    decision = await world.first()

    assert (decision.notices_queued, world.told()) == (2, {"ana": 1, "ada": 1})


async def test_a_renewed_one_gets_neither_manager_nor_last_call(world: World) -> None:
    old = world.secret(15.5)
    world.app("invoice", ("ana",), old)
    await world.first()
    world.app("invoice", ("ana",), old, replace(world.secret(400, key_id="k2"), start=world.now))
    spoke = await days_told(world, 17)

    assert spoke == {"ana": [7]}


async def test_expiry_turns_every_card_red_and_tells_the_same_people_once(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(3.5))
    await world.first()
    for _ in range(6):
        await world.day()

    assert world.told() == {"ana": 3, "ada": 2, "mia": 2}
    assert {world.card(name).items[0].state for name in ("ana", "ada")} == {CardState.EXPIRED}
    assert world.card("ana").items[0].credential.end == world.apps["invoice"].credentials[0].end


async def test_a_manager_who_cannot_be_reached_is_passed_over_at_once(world: World) -> None:
    world.person("mia", manager="tom")
    world.app("invoice", ("ana",), world.secret(15.5))
    await world.first()
    blocked = DeliveryError("blocked", outcome=Outcome.UNREACHABLE, code="MessageWritesBlocked")
    world.inbox.failures["mia"] = [blocked]
    world.people["mia"] = replace(world.people["mia"], mail="", user_principal_name="")
    await world.day(8)

    assert world.told() == {"ana": 2, "tom": 1}


async def test_silence_that_ended_while_the_message_waited_is_not_told(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(15.5))
    await world.first()
    world.inbox.failures["mia"] = [DeliveryError("busy", outcome=Outcome.SAFE, retry_after=60.0)]
    await world.day(8)
    await world.press("ana", "acknowledge")
    world.now += DAY / 24
    await world.worker.drain()

    assert "mia" not in world.told()


async def test_a_missed_last_call_does_not_take_the_expiry_from_the_fallback(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(5.5))
    await world.first()
    await world.day(6)

    assert world.told() == {"ana": 2, "ada": 1}
    assert world.card("ada").items[0].state == CardState.EXPIRED
