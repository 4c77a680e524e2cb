"""Stories of letting go: held until an admin decides, a pilot, the brake, a pause, a run taken back."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from alerts.model import Channel, DeliveryState, EventType
from alerts.sending import Sending, SendingRules
from alerts.views import AlertView, DigestView, HeldView, MailView, Sentence
from alerts.window import Hours, SendWindow
from tests.alerts.world import DAY, World

HOLD = SendingRules(sending=Sending.HOLD, pilot_group=True, pilot_departments=("Finance",))
BRAKE = SendingRules(max_people=2)
OFFICE = SendWindow(hours=tuple(Hours(weekday=day, start=8 * 60, end=18 * 60) for day in range(5)))
ADMIN = "ada"


@pytest.fixture
def rules() -> SendingRules:
    return HOLD


@pytest.fixture
async def world(database_url: str, rules: SendingRules) -> AsyncIterator[World]:
    async with World(database_url, rules=rules) as made:
        yield made


def told_of_alerts(world: World) -> dict[str, int]:
    """Person -> alert cards and digests received."""
    counted = {
        name: sum(isinstance(card, AlertView | DigestView) for card in cards)
        for name, cards in world.inbox.cards.items()
    }
    return {name: number for name, number in counted.items() if number}


def mailed(world: World) -> dict[str, int]:
    """Person -> e-mails about alerts."""
    counted: dict[str, int] = {}
    for mail in world.mailbox.mails:
        if mail.alerts:
            counted[mail.recipient.id] = counted.get(mail.recipient.id, 0) + 1
    return counted


def held_cards(world: World) -> list[HeldView]:
    return [card for card in world.inbox.cards[ADMIN] if isinstance(card, HeldView)]


async def events(world: World, type: EventType) -> list[str]:
    return [event.recipient_id for event in await world.events() if event.type is type and event.alert_id]


def three_apps(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    world.app("payroll", ("ana", "eli"), world.secret(12.5, "k2"))
    world.app("orphan", (), world.secret(5.5, "k3"))
    world.once_owned_by("orphan", "ben", 100)
    world.disable("ben")


# ---------------------------------------------------------------- hold


async def test_under_hold_only_admins_hear_of_it_once_a_day_and_the_ledger_says_held(world: World) -> None:
    three_apps(world)
    decision = await world.first()

    assert told_of_alerts(world) == {}
    assert mailed(world) == {}
    assert (0, 0) == (decision.notices_queued, decision.people_told)
    assert await world.states() == {"held": 3}
    [card] = held_cards(world)
    # mia manages ben, who left: she would be told of the orphan.
    assert (card.people, card.notices, card.sending) == (3, 4, "hold")
    assert dict(card.by_path) == {"currentOwners": 2, "previousOwnerManager": 1}
    assert sorted(await events(world, EventType.HELD)) == ["ana", "ana", "eli", "mia"]

    await world.first()
    assert len(held_cards(world)) == 1
    await world.day()
    assert len(held_cards(world)) == 2
    assert sorted(await events(world, EventType.HELD)) == ["ana", "ana", "eli", "mia"]
    assert told_of_alerts(world) == {}


async def test_the_admins_mail_says_how_many_wait_and_names_nobody(world: World) -> None:
    three_apps(world)
    await world.first()

    [mail] = [mail for mail in world.mailbox.mails if mail.infos]
    assert isinstance(mail, MailView)
    assert (mail.recipient.id, mail.infos[0]) == (
        ADMIN,
        Sentence(key="held_mail", params={"people": "3", "notices": "4"}),
    )


async def test_go_all_tells_each_person_once_by_the_newest_stage_and_the_next_scan_tells_nobody_again(
    world: World,
) -> None:
    three_apps(world)
    world.app("payroll", ("ana", "eli"), world.secret(8.5, "k2"))
    await world.first()
    # Under hold payroll crosses 7 days, after its notice of 14 was held: that does not become a backlog.
    for _ in range(3):
        await world.day()
    answer = await world.sending.go(ADMIN, Sending.ON)
    await world.worker.drain()

    assert isinstance(answer, Sentence)
    assert (answer.key, answer.params["people"], answer.params["held"]) == ("go_all", "3", "0")
    assert told_of_alerts(world) == {"ana": 1, "eli": 1, "mia": 1}
    assert mailed(world) == {"ana": 1, "eli": 1, "mia": 1}
    digest = world.inbox.now_shown("ana")
    assert isinstance(digest, DigestView)
    assert [item.item.days_left for item in digest.items] == [5, 26]
    held = world.inbox.now_shown(ADMIN)
    assert isinstance(held, HeldView)
    assert (held.people, held.sending) == (0, "on")
    assert {"ana", "eli", "mia"} == set(await events(world, EventType.RELEASED))
    await world.first()
    assert told_of_alerts(world) == {"ana": 1, "eli": 1, "mia": 1}


async def test_what_has_expired_for_more_than_a_week_is_not_told_on_release(world: World) -> None:
    world.app("old", ("ana",), world.secret(-8.5))
    world.app("older", ("eli",), world.secret(-6.5))
    await world.first()
    world.now += 2 * DAY
    await world.sending.go(ADMIN, Sending.ON)
    await world.worker.drain()

    assert told_of_alerts(world) == {}


async def test_what_was_answered_or_renewed_under_hold_is_not_told_on_release(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    world.app("payroll", ("eli",), world.secret(8.5, "k2"))
    await world.first()
    world.app("payroll", ("eli",), world.secret(300, "k9"))
    await world.day()
    await world.sending.go(ADMIN, Sending.ON)
    await world.worker.drain()

    assert told_of_alerts(world) == {"ana": 1}
    assert await world.states() == {"delivered": 1}


async def test_a_restart_with_sending_on_lets_go_at_the_next_scan_with_the_brake(database_url: str) -> None:
    async with World(database_url, rules=HOLD) as world:
        three_apps(world)
        await world.first()
        apps, people, history, now = world.apps, world.people, world.history, world.now
    async with World(database_url, rules=BRAKE) as world:
        world.apps, world.people, world.history, world.now, world.runs = apps, people, history, now, 5
        await world.day()

        # The orphan ends first, then payroll, which two people own; the brake lets two people through.
        assert told_of_alerts(world) == {"ana": 1, "mia": 1}


async def test_only_an_admin_may_decide(world: World) -> None:
    three_apps(world)
    await world.first()
    refused = Sentence(key="admins_only")

    assert refused == await world.sending.go("tom", Sending.ON)
    assert refused == await world.sending.pause("tom", None, "because")
    assert refused == await world.sending.resume("tom")
    assert refused == await world.sending.recall("tom", "run-1")
    await world.worker.drain()
    assert told_of_alerts(world) == {}


# ---------------------------------------------------------------- pilot


async def test_a_pilot_tells_its_group_and_departments_and_holds_the_rest(world: World) -> None:
    three_apps(world)
    world.person("eli", manager="mia", department=" finance ")
    world.groups["pilot"] = ["mia"]
    await world.first()
    await world.sending.go(ADMIN, Sending.PILOT)
    await world.worker.drain()

    assert told_of_alerts(world) == {"eli": 1, "mia": 1}
    assert await world.states() == {"delivered": 2, "held": 1}
    untold = [(line.person_id, line.reason) for line in (await world.ledger()).not_told]
    # Payroll has told eli: ana, its other owner, stands among those who were not told.
    assert untold == [("ana", "held: notInPilot")]
    await world.day()
    assert held_cards(world)[-1].people == 1
    assert told_of_alerts(world) == {"eli": 1, "mia": 1}


async def test_a_pilot_that_nobody_is_in_is_refused(database_url: str) -> None:
    async with World(database_url, rules=SendingRules(sending=Sending.HOLD)) as world:
        assert Sentence(key="go_no_pilot") == await world.sending.go(ADMIN, Sending.PILOT)


# ---------------------------------------------------------------- the brake


@pytest.mark.parametrize("rules", [BRAKE])
async def test_the_brake_tells_the_most_urgent_and_holds_the_rest_until_an_admin_decides(world: World) -> None:
    for number, days in enumerate((25.5, 3.5, 12.5, 20.5, 6.5)):
        world.person(f"p{number}")
        world.app(f"app{number}", (f"p{number}",), world.secret(days, f"k{number}"))
    await world.first()

    assert told_of_alerts(world) == {"p1": 1, "p4": 1}
    card = held_cards(world)[-1]
    assert (card.sending, card.people, card.braked, card.most) == ("on", 3, 3, 2)
    # The next day's scan tells two new people; it does not nibble at those whom an admin must decide on.
    for number in (7, 8):
        world.person(f"p{number}")
        world.app(f"app{number}", (f"p{number}",), world.secret(29.5, f"k{number}"))
    await world.day()
    assert told_of_alerts(world) == {"p1": 1, "p4": 1, "p7": 1, "p8": 1}
    await world.sending.go(ADMIN, Sending.ON)
    await world.worker.drain()
    assert told_of_alerts(world) == {f"p{n}": 1 for n in (0, 1, 2, 3, 4, 7, 8)}


# ---------------------------------------------------------------- pause and resume


@pytest.mark.parametrize("rules", [SendingRules()])
async def test_a_pause_stops_what_waits_and_what_comes_and_resume_tells_the_newest_stage_once(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(15.5))
    await world.scan()
    await world.sending.pause(ADMIN, None, "wrong names")
    await world.worker.drain()
    assert told_of_alerts(world) == {}
    world.now += 2 * DAY
    await world.scan()
    world.app("payroll", ("ana",), world.secret(25.5, "k2"))
    world.now += DAY
    await world.scan()
    await world.worker.drain()
    assert told_of_alerts(world) == {}
    assert await world.states() == {"pending": 2}

    answer = await world.sending.resume(ADMIN)
    await world.worker.drain()
    assert isinstance(answer, Sentence)
    assert answer.key == "resumed"
    assert told_of_alerts(world) == {"ana": 1}
    assert mailed(world) == {"ana": 1}
    digest = world.inbox.now_shown("ana")
    assert isinstance(digest, DigestView)
    assert [item.item.days_left for item in digest.items] == [12, 24]


@pytest.mark.parametrize("rules", [SendingRules()])
async def test_a_pause_with_hours_ends_by_itself_and_answers_go_on_meanwhile(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    world.app("payroll", ("eli",), world.secret(8.5, "k2"))
    await world.sending.pause(ADMIN, 4, "maintenance")
    await world.scan()
    await world.press("ana", "acknowledge")
    assert world.card("ana").items[0].state == "takenByYou"
    world.now += timedelta(hours=3, minutes=59)
    assert await world.releaser.tick() is None
    await world.worker.drain()
    assert told_of_alerts(world) == {"ana": 1}
    world.now += timedelta(minutes=1)
    await world.releaser.tick()
    await world.worker.drain()

    assert told_of_alerts(world) == {"ana": 1, "eli": 1}
    assert Sentence(key="not_paused") == await world.sending.resume(ADMIN)


# ---------------------------------------------------------------- recall


@pytest.mark.parametrize("rules", [SendingRules()])
async def test_recall_turns_every_card_of_a_run_and_a_later_decision_tells_anew(world: World) -> None:
    three_apps(world)
    await world.first()
    assert told_of_alerts(world) == {"ana": 1, "eli": 1, "mia": 1}
    answer = await world.sending.recall(ADMIN, "run-1")
    await world.worker.drain()

    assert isinstance(answer, Sentence)
    assert answer.params == {"run": "run-1", "cards": "3", "people": "3", "cancelled": "0", "mails": "3"}
    for name in ("ana", "eli", "mia"):
        shown = world.inbox.now_shown(name)
        assert isinstance(shown, Sentence)
        assert shown.key in ("recalled_card", "recalled_digest")
    assert await world.states() == {"pending": 3}
    assert sorted(await events(world, EventType.RECALLED)) == ["ana", "ana", "eli", "mia"]
    await world.day()
    assert told_of_alerts(world) == {"ana": 2, "eli": 2, "mia": 2}
    assert await world.states() == {"delivered": 3}


@pytest.mark.parametrize("rules", [SendingRules()])
async def test_recall_cancels_what_waits_and_what_is_tried_again(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.scan()
    answer = await world.sending.recall(ADMIN, "last")
    await world.worker.drain()

    assert isinstance(answer, Sentence)
    assert (answer.params["cards"], answer.params["cancelled"]) == ("0", "2")
    assert told_of_alerts(world) == {}
    assert mailed(world) == {}


@pytest.mark.parametrize("rules", [SendingRules()])
async def test_a_card_that_arrives_while_its_run_is_recalled_is_turned_too(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.scan()
    send = world.inbox.send

    async def recalled_meanwhile(*message: object) -> object:
        sent = await send(*message)  # type: ignore[arg-type]
        await world.sending.recall(ADMIN, "run-1")
        return sent

    world.inbox.send = recalled_meanwhile  # type: ignore[method-assign, assignment]
    await world.worker.drain()
    world.inbox.send = send  # type: ignore[method-assign]
    await world.worker.drain()

    assert isinstance(world.inbox.now_shown("ana"), Sentence)
    async with world.store.reading() as tx:
        states = {
            delivery.state for delivery in await tx.deliveries_of_run("run-1") if delivery.channel is Channel.TEAMS
        }
    assert {DeliveryState.RECALLED} == states


@pytest.mark.parametrize("rules", [SendingRules()])
async def test_the_card_of_an_earlier_stage_stands_again_when_the_newer_one_is_recalled(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(15.5))
    await world.first()
    await world.day(2)
    assert [card.shrunk for (card,) in [(world.card("ana"),)]] == [False]
    await world.sending.recall(ADMIN, "run-2")
    await world.worker.drain()

    earlier = [view for card, view in world.inbox.updates if card.activity_id == "ana-1"][-1]
    assert isinstance(earlier, AlertView)
    assert not earlier.shrunk


@pytest.mark.parametrize("rules", [SendingRules()])
async def test_a_run_that_is_not_clear_is_asked_for(world: World) -> None:
    assert Sentence(key="recall_none", params={"runs": ""}) == await world.sending.recall(ADMIN, "")
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    assert Sentence(key="recall_which", params={"runs": "run-1"}) == await world.sending.recall(ADMIN, "nonsense")


# ---------------------------------------------------------------- the window


@pytest.mark.parametrize("rules", [SendingRules(window=OFFICE, time_zone="Europe/Berlin")])
async def test_messages_wait_for_the_persons_morning_and_urgent_ones_do_not(world: World) -> None:
    # 06:00 UTC on a Thursday: 07:00 in Berlin.
    world.app("invoice", ("ana",), world.secret(29.5))
    world.app("payroll", ("eli",), world.secret(2.5, "k2"))
    await world.first()
    assert told_of_alerts(world) == {"eli": 1}
    world.now += timedelta(hours=1)
    await world.worker.drain()

    assert told_of_alerts(world) == {"ana": 1, "eli": 1}


@pytest.mark.parametrize("rules", [SendingRules(window=OFFICE)])
async def test_a_message_that_was_overtaken_while_it_waited_for_monday_is_not_sent(world: World) -> None:
    world.now += timedelta(days=1, hours=13)
    world.app("invoice", ("ana",), world.secret(15.5))
    await world.first()
    await world.day()
    await world.day()
    assert told_of_alerts(world) == {}
    world.now += timedelta(hours=13)
    await world.worker.drain()

    assert told_of_alerts(world) == {"ana": 1}
    assert mailed(world) == {"ana": 1}


async def test_a_handover_that_was_held_is_told_after_go(world: World) -> None:
    for number in range(3):
        world.app(f"app{number}", ("ben",), world.secret(60.5 + number, f"k{number}"))
    await world.first()
    world.disable("ben")
    for _ in range(4):
        await world.day()
    assert told_of_alerts(world) == {}
    held = held_cards(world)
    await world.sending.go(ADMIN, Sending.ON)
    await world.worker.drain()
    await world.day()

    assert [card.people for card in held[-1:]] == [1]
    assert told_of_alerts(world) == {"mia": 1}


@pytest.mark.parametrize("rules", [SendingRules()])
async def test_a_handover_that_waited_through_a_pause_is_told_after_it(world: World) -> None:
    for number in range(3):
        world.app(f"app{number}", ("ben",), world.secret(60.5 + number, f"k{number}"))
    await world.first()
    world.disable("ben")
    await world.sending.pause(ADMIN, None, "wrong names")
    for _ in range(4):
        await world.day()
    assert told_of_alerts(world) == {}
    await world.sending.resume(ADMIN)
    await world.worker.drain()

    assert told_of_alerts(world) == {"mia": 1}


@pytest.mark.parametrize("rules", [SendingRules()])
async def test_a_handover_that_was_recalled_is_told_anew(world: World) -> None:
    world.app("app", ("ben",), world.secret(60.5))
    await world.first()
    world.disable("ben")
    for _ in range(4):
        await world.day()
    assert told_of_alerts(world) == {"mia": 1}
    await world.sending.recall(ADMIN, "last")
    await world.worker.drain()
    assert isinstance(world.inbox.now_shown("mia"), Sentence)
    await world.day()

    assert told_of_alerts(world) == {"mia": 2}
