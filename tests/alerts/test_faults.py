"""What must not happen when things go wrong in between: lost people, double messages, cards that lie."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from alerts.errors import DeliveryError, Outcome
from alerts.model import Action, Person, Policy, Quarantine
from alerts.ports import LastWord, Sent
from alerts.views import AlertView, CardState, DigestView, RenewalFinding, Sentence, View
from tests.alerts.world import DAY, World

OURS = DeliveryError("the bot's secret has expired", outcome=Outcome.OURS, code="401")


async def test_an_outage_of_our_own_makes_nobody_unreachable(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    world.inbox.failures["ana"] = [OURS] * 400
    world.mailbox.failures = [OURS] * 400
    await world.scan()
    for _ in range(40):
        await world.worker.drain()
        world.now += timedelta(hours=1)
    assert {} == world.told()
    world.inbox.failures["ana"].clear()
    await world.worker.drain()

    assert {"ana": 1} == world.told()


async def test_an_owner_who_could_not_be_reached_may_still_answer(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    world.inbox.failures["ana"] = [DeliveryError("blocked", outcome=Outcome.UNREACHABLE, code="403")]
    world.mailbox.failures = [DeliveryError("no mailbox", outcome=Outcome.UNREACHABLE, code="404")]
    await world.first()
    alert = world.card("mia").items[0].alert_id
    await world.press("ana", "acknowledge", alert)

    assert {"acknowledged": 1} == await world.states()


async def test_what_graph_showed_to_be_gone_is_not_brought_back_by_a_scan_that_cannot_read(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    await world.first()
    world.app("invoice", ("ana",))
    view = await world.press("ana", "renewed")
    assert isinstance(view, AlertView)
    assert RenewalFinding.GONE == view.items[0].finding
    await world.day(missing=("page 2: 503",), unread=("invoice",))

    assert {"ana": 1} == world.told()
    assert {} == await world.states()


async def test_a_message_cancelled_by_an_answer_is_sent_once_the_answer_is_taken_back(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    world.inbox.failures["eli"] = [DeliveryError("busy", outcome=Outcome.SAFE, retry_after=60.0)]
    world.mailbox.failures = [DeliveryError("busy", outcome=Outcome.SAFE, retry_after=60.0)] * 2
    await world.first()
    await world.press("ana", "acknowledge")
    world.now += timedelta(minutes=5)
    await world.worker.drain()
    assert {"ana": 1} == world.told()
    await world.press("ana", "release")
    await world.day()

    assert {"ana": 1, "eli": 1} == world.told()


async def test_the_last_stage_goes_out_even_if_somebody_takes_it_meanwhile(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(7.5))
    world.inbox.failures["eli"] = [DeliveryError("busy", outcome=Outcome.SAFE, retry_after=60.0)]
    await world.first()
    await world.press("ana", "acknowledge")
    world.now += timedelta(minutes=5)
    await world.worker.drain()

    assert {"ana": 1, "eli": 1} == world.told()


async def test_a_card_overtaken_by_an_answer_while_it_was_sent_is_brought_up_to_date(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    plain = world.inbox.send
    answered = False

    async def slow(person: Person, view: View, last_word: LastWord | None = None) -> Sent:
        nonlocal answered
        if person.id == "eli" and not answered:
            answered = True
            # The request is being written: too late to call it off.
            assert last_word is not None
            await last_word()
            assert isinstance(view, AlertView)
            data = {"alert": view.items[0].alert_id, "v": 1}
            await world.actions.perform(Action(verb="acknowledge", actor_id="ana", data=data))
        return await plain(person, view, last_word)

    world.inbox.send = slow  # type: ignore[method-assign]
    await world.first()

    assert CardState.TAKEN_BY_OTHER == world.card("eli").items[0].state


async def test_a_renewed_credential_does_not_keep_its_sibling_from_being_answered(world: World) -> None:
    first, second = world.secret(20.5, key_id="k1"), world.secret(25.5, key_id="k2")
    world.app("invoice", ("ana",), first, second)
    await world.first()
    world.app("invoice", ("ana",), second)
    await world.day()
    card = world.card("ana")
    assert ["k2", "k1"] == [item.credential.key_id for item in card.items]
    assert "acknowledge" in card.verbs
    await world.press("ana", "acknowledge")

    assert {"acknowledged": 1} == await world.states()


async def test_commands_act_on_the_live_credential_beside_a_long_expired_one(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(-40.5, key_id="old"), world.secret(20.5, key_id="live"))
    await world.first()
    snoozed = await world.desk.snooze("ana", "invoice", 3)
    assert isinstance(snoozed, AlertView)
    assert CardState.SNOOZED == snoozed.items[0].state
    await world.desk.assign("ana", "invoice", "eli")

    assert {"expired": 1, "nominated": 1} == await world.states()


async def test_forty_ticked_alerts_are_forty_answers(world: World) -> None:
    for number in range(40):
        world.app(f"app{number}", ("ana",), world.secret(20.5, key_id=f"k{number}"))
    await world.first()
    digest = world.inbox.now_shown("ana")
    assert isinstance(digest, DigestView)
    ids = ",".join(item.item.alert_id for item in digest.items)
    await world.actions.perform(
        Action(verb="acknowledge", actor_id="ana", data={"digest": digest.digest_id}, inputs={"alerts": ids})
    )

    assert {"acknowledged": 40} == await world.states()


async def test_not_mine_on_a_card_with_four_credentials_sends_the_next_person_one_card_and_one_mail(
    world: World,
) -> None:
    world.app("invoice", ("ana",), *(world.secret(20.5, key_id=f"k{n}") for n in range(4)))
    await world.first()
    mails = len(world.mailbox.mails)
    await world.press("ana", "notMine")

    assert {"ana": 1, "mia": 1} == world.told()
    assert mails + 1 == len(world.mailbox.mails)
    assert 4 == [event.type.value for event in await world.events()].count("NotMine")


async def test_the_ledger_adds_up_after_the_same_renewal_is_reported_twice(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    world.app("travel", ("eli",), world.secret(20.5, key_id="t"))
    await world.first()
    alert = world.card("ana").items[0].alert_id
    world.app("invoice", ("ana",))
    await asyncio.gather(*(world.press("ana", "renewed", alert) for _ in range(5)))

    assert {"delivered": 1} == await world.states()


async def test_an_unreadable_credential_follows_the_owners_that_were_read(world: World) -> None:
    bad, good = world.secret(20.5, key_id="bad"), world.secret(300, key_id="good")
    world.app("invoice", ("ana",), bad, good)
    await world.first()
    world.app("invoice", ("eli",), good)
    junk = (Quarantine(object_id="invoice", key_id="bad", reason="junk"),)
    await world.day(quarantined=junk)
    assert {"ana": 1, "eli": 1} == world.told()
    await world.press("eli", "notMine")
    assert {"ana": 1, "eli": 1, "mia": 1} == world.told()
    await world.day(quarantined=junk)

    assert {"ana": 1, "eli": 1, "mia": 1} == world.told()


async def test_whoever_said_not_mine_does_not_come_back_by_naming_somebody(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    alert = world.card("ana").items[0].alert_id
    await world.press("ana", "notMine")
    await world.press("ana", "assignOwner", alert, nominees="tom")
    asked = world.inbox.now_shown("tom")
    await world.press("tom", "accept", nomination=asked.nomination.id)  # type: ignore[union-attr]
    before = world.told()["ana"]
    await world.day(16)

    assert before == world.told()["ana"]
    assert world.told()["tom"] >= 2


async def test_a_promise_of_a_disabled_admin_lapses(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    await world.press("ada", "acknowledge", world.card("ana").items[0].alert_id)
    world.disable("ada")
    await world.day(16)

    assert {"ana": 2} == world.told()
    assert {"delivered": 1} == await world.states()


async def test_other_stages_close_what_is_not_due_any_more_without_calling_it_renewed(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    alert = world.card("ana").items[0].alert_id
    world.policy = Policy(alert_days=(14, 7), saml_alert_days=(14, 7), owner_writes=True)
    world.engine = replace(world.engine, policy=world.policy)
    world.rerouter = replace(world.rerouter, policy=world.policy)
    world.actions.policy, world.actions.rerouter = world.policy, world.rerouter
    await world.press("ana", "notMine", alert)
    await world.day(missing=("page 1: 503",), unread=("invoice",))

    assert {} == await world.states()
    assert "CredentialRenewed" not in [event.type for event in await world.events()]


async def test_only_the_author_or_an_admin_takes_an_answer_back(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    await world.first()
    await world.press("ana", "acknowledge")
    assert Sentence(key="refused") == await world.press("eli", "release")
    assert {"acknowledged": 1} == await world.states()
    await world.press("ada", "release", world.card("ana").items[0].alert_id)
    assert {"read": 1} == await world.states()
    await world.press("ana", "snooze", days="5")
    await world.press("ada", "release", world.card("ana").items[0].alert_id)

    assert {"read": 1} == await world.states()
    assert Sentence(key="refused") == await world.press("ada", "notMine", world.card("ana").items[0].alert_id)


async def test_a_snooze_longer_than_any_is_cut_to_the_longest(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    view = await world.press("ana", "snooze", days="4000")

    assert isinstance(view, AlertView)
    assert world.now + 14 * DAY == view.items[0].snoozed_until
