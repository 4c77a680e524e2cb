"""A last owner leaves: the manager is asked once about all of that person's apps, and only when it is sure."""

from dataclasses import replace

from alerts.model import AlertState, EventType, RouteReason
from alerts.views import DigestView, NominationView, QuestionView
from cards.render import render
from cards.words import Words
from tests.alerts.world import DAY, World


def handovers(world: World, person: str) -> list[DigestView]:
    return [view for view in world.inbox.cards[person] if isinstance(view, DigestView) and view.leaver is not None]


async def leave(world: World) -> None:
    """ben owns two apps of which nothing is due; then his account is disabled."""
    world.app("seed", ("tom",), world.secret(20.5, key_id="seed"))
    world.app("vendor", ("ben",), world.secret(100.5), world.secret(200.5, key_id="k2"))
    world.app("travel", ("ben", "eli"), world.secret(90.5, key_id="k3"))
    world.app("payroll", ("ben",), world.secret(50.5, key_id="k4"))
    await world.first()
    await world.day()
    world.disable("ben")


async def test_after_three_complete_scans_the_manager_gets_one_card_with_all_apps_and_dates(world: World) -> None:
    await leave(world)
    await world.day()
    await world.day()
    assert handovers(world, "mia") == []
    await world.day()
    card = handovers(world, "mia")[0]

    assert [(item.application.object_id, item.item.days_left) for item in card.items] == [
        ("payroll", 46),
        ("vendor", 96),
    ]
    assert (card.leaver.id if card.leaver else "", card.reason) == ("ben", RouteReason.PREVIOUS_OWNER_MANAGER)
    assert {"acknowledge", "assignOwner", "notMine"} <= set(card.verbs)
    for _ in range(5):
        await world.day()
    assert world.told() == {"tom": 2, "mia": 1}
    assert [e.recipient_id for e in await world.events() if e.type is EventType.HANDED_OVER] == ["mia", "mia"]
    assert await world.states() == {"delivered": 1}


async def test_an_account_disabled_for_two_days_raises_none(world: World) -> None:
    await leave(world)
    await world.day()
    await world.day()
    world.people["ben"] = replace(world.people["ben"], account_enabled=True)
    for _ in range(4):
        await world.day()

    assert handovers(world, "mia") == []


async def test_several_scans_on_one_day_and_partial_ones_do_not_shorten_the_grace(world: World) -> None:
    await leave(world)
    for _ in range(4):
        world.now += DAY / 24
        await world.day(0)
    await world.day(missing=("page 2: 503",))
    await world.day(missing=("page 2: 503",))
    assert handovers(world, "mia") == []
    await world.day()
    assert handovers(world, "mia") == []
    await world.day()

    assert len(handovers(world, "mia")) == 1


async def test_departures_before_the_first_scan_are_history_and_no_handover(world: World) -> None:
    world.disable("ben")
    world.app("vendor", (), world.secret(100.5))
    world.once_owned_by("vendor", "ben", days_ago=40)
    await world.first()
    for _ in range(5):
        await world.day()

    assert world.told() == {}


async def test_all_apps_of_a_handover_are_answered_at_once(world: World) -> None:
    await leave(world)
    for _ in range(3):
        await world.day()
    card = handovers(world, "mia")[0]
    ticked = ",".join(item.item.alert_id for item in card.items)
    await world.press_digest("mia", "assignOwner", card.digest_id, alerts=ticked, nominees="eli")
    asked = [view for view in world.inbox.cards["eli"] if isinstance(view, NominationView)]

    assert sorted(view.nomination.application.object_id for view in asked) == ["payroll", "vendor"]
    for view in asked:
        await world.press("eli", "accept", nomination=view.nomination.id)
        await world.press("ada", "approve", nomination=view.nomination.id)
    for _ in range(20):
        await world.day()
    # Two sentences followed the card: eli owns both.
    assert world.told()["mia"] == 3
    assert world.card_of("eli").application.object_id == "payroll"


async def test_what_was_handed_over_becomes_an_alert_on_its_day_and_a_renewal_closes_it(world: World) -> None:
    await leave(world)
    for _ in range(3):
        await world.day()
    await world.press_digest("mia", "acknowledge", handovers(world, "mia")[0].digest_id, alerts=await ahead(world))
    await world.day(17)
    assert (await world.states())["acknowledged"] == 1
    assert world.card("mia").application.object_id == "payroll"
    world.app("vendor", ())
    world.app("payroll", ())
    await world.day()

    assert await ahead(world) == ""
    assert await world.states() == {"delivered": 1}


async def ahead(world: World) -> str:
    async with world.store.reading() as tx:
        return ",".join(a.id for a in await tx.alerts_unclosed() if a.state is AlertState.AHEAD)


async def test_a_due_app_of_the_leaver_stands_on_the_same_card(world: World) -> None:
    world.app("seed", ("tom",), world.secret(20.5, key_id="seed"))
    world.app("vendor", ("ben",), world.secret(20.5))
    world.app("payroll", ("ben",), world.secret(50.5, key_id="k4"))
    await world.first()
    world.disable("ben")
    for _ in range(3):
        await world.day()

    assert [item.application.object_id for item in handovers(world, "mia")[0].items] == ["vendor", "payroll"]
    assert world.told()["mia"] == 2


async def test_two_who_leave_together_are_handed_over_once_each_even_where_they_shared_an_app(world: World) -> None:
    world.person("max")
    world.person("cat", manager="max")
    world.app("shared", ("ben", "cat"), world.secret(100.5))
    for number in range(300):
        world.person(f"o{number:03}")
        world.app(f"other{number:03}", (f"o{number:03}",), world.secret(100.5, key_id=f"x{number}"))
    await world.first()
    world.disable("ben")
    world.disable("cat")
    for _ in range(4):
        await world.day()

    assert [len(handovers(world, who)[0].items) for who in ("mia", "max")] == [1, 1]
    assert world.told() == {"mia": 1, "max": 1}


async def test_without_a_manager_the_fallback_is_asked(world: World) -> None:
    await leave(world)
    world.people["mia"] = replace(world.people["mia"], account_enabled=False)
    for _ in range(3):
        await world.day()
    card = handovers(world, "ada")[0]

    assert (len(card.items), card.reason, "notMine" in card.verbs) == (2, RouteReason.FALLBACK, False)


async def many_leave(world: World) -> QuestionView:
    """Five of forty owners are disabled at once; what the admin is asked."""
    for number in range(40):
        name = f"o{number:02}"
        world.person(name, manager="mia")
        world.app(f"app{number:02}", (name,), world.secret(100.5, key_id=f"k{number}"))
    await world.first()
    await world.day()
    for number in range(5):
        world.disable(f"o{number:02}")
    await world.day()
    asked = [view for view in world.inbox.cards["ada"] if isinstance(view, QuestionView)]
    assert len(asked) == 1
    for _ in range(4):
        await world.day()
    assert world.told() == {"ada": 1}
    return asked[0]


async def test_many_at_once_are_one_question_to_the_admins_and_their_yes_lets_the_handovers_go(world: World) -> None:
    asked = await many_leave(world)
    assert (asked.count, asked.of, len(asked.people)) == (5, 40, 5)
    refused = await world.press_question("tom", "approve", asked.question_id)
    assert not isinstance(refused, QuestionView)
    said = await world.press_question("ada", "approve", asked.question_id)
    assert isinstance(said, QuestionView)
    assert (said.answer, said.verbs) == ("yes", ("refresh",))
    again = await world.press_question("ada", "reject", asked.question_id)
    assert isinstance(again, QuestionView)
    assert again.answer == "yes"
    await world.day()

    assert len(handovers(world, "mia")) == 5
    await world.day()
    assert len(handovers(world, "mia")) == 5


async def test_the_admins_no_is_remembered(world: World) -> None:
    asked = await many_leave(world)
    await world.press_question("ada", "reject", asked.question_id)
    for _ in range(3):
        await world.day()

    assert world.told() == {"ada": 1}


async def test_the_card_never_says_why_somebody_is_gone(world: World) -> None:
    await leave(world)
    for _ in range(3):
        await world.day()
    text = str(render(handovers(world, "mia")[0], Words()))

    assert "no longer available as owner" in text
    assert not any(word in text.lower() for word in ("disabled", "left the", "deleted", "account"))
