"""Stories over days with a moving clock: who is told when, and who is left in peace."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.errors import DeliveryError, Outcome
from alerts.model import (
    ApplicationType,
    Credential,
    CredentialType,
    CredentialUsage,
    EscalationPath,
    EventType,
    Quarantine,
    RouteReason,
)
from alerts.views import CardState, DigestView, NominationView, RenewalFinding, Sentence
from tests.alerts.world import DAY, World


async def test_day_31_is_silent_day_30_speaks_and_the_days_after_are_silent_until_14(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(31.5))
    await world.first()
    assert world.told() == {}
    told = []
    for _ in range(32):
        await world.day()
        told.append(world.told().get("ana", 0))

    days = [31 - n for n in range(1, 33)]
    spoke = [day for day, before, after in zip(days, [0, *told], told, strict=False) if after > before]
    assert spoke == [30, 14, 7, 1, -1]


async def test_a_missed_day_30_loses_nothing_and_a_long_gap_sends_only_the_newest_stage(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(31.5))
    await world.first()
    await world.day(2)
    assert world.told() == {"ana": 1}
    await world.day(17)
    assert world.told() == {"ana": 2}
    assert world.card("ana").items[0].days_left == 12


async def test_two_scans_on_one_day_send_nothing_twice(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    first = await world.first()
    second = await world.first()

    assert (first.notices_queued, second.notices_queued) == (1, 0)
    assert world.told() == {"ana": 1}
    assert len(world.mailbox.mails) == 1


async def test_an_app_whose_owner_left_reaches_the_manager_with_the_records_date(world: World) -> None:
    world.disable("ben")
    world.app("vendor", ("ben",), world.secret(7.5))
    world.once_owned_by("vendor", "ben", days_ago=240)
    decision = await world.first()
    card = world.card("mia")

    assert world.told() == {"mia": 1}
    assert (RouteReason.PREVIOUS_OWNER_MANAGER, world.now - 240 * DAY) == (card.reason, card.proof)
    assert (card.on_behalf_of.id if card.on_behalf_of else "") == "ben"
    assert next(iter(decision.records)).path == EscalationPath.PREVIOUS_OWNER_MANAGER
    assert (next(iter(decision.records)).email_sent, next(iter(decision.records)).alert_type) == (True, "ThirdAlert")


async def test_the_whole_story_of_a_new_owner(world: World) -> None:
    world.disable("ben")
    world.app("vendor", (), world.secret(10.5))
    world.app("other", ("eli",), world.secret(300))
    world.once_owned_by("vendor", "ben", days_ago=240)
    await world.first()
    assert [(p.id, n) for p, n in world.card("mia").suggestions] == [("eli", 1)]

    await world.press("mia", "assignOwner", nominees="eli", note="You worked on it with Ben")
    assert world.card("mia").items[0].state == CardState.WAITING_NOMINEE
    assert await world.states() == {"nominated": 1}
    asked = world.inbox.now_shown("eli")
    assert isinstance(asked, NominationView)
    assert asked.nomination.note == "You worked on it with Ben"

    await world.press("eli", "accept", nomination=asked.nomination.id)
    assert world.card("mia").items[0].state == CardState.WAITING_APPROVAL
    refused = await world.press("eli", "approve", nomination=asked.nomination.id)
    assert Sentence(key="refused") == refused
    assert world.apps["vendor"].owners == ()

    await world.press("ada", "approve", nomination=asked.nomination.id)
    assert [owner.id for owner in world.apps["vendor"].owners] == ["eli"]
    states = [view.items[0].state for card, view in world.inbox.updates if card.recipient_id == "mia"]  # type: ignore[union-attr]
    assert states[-1] == CardState.ASSIGNED

    decision = await world.day()
    record = next(r for r in decision.records if r.application.object_id == "vendor")
    assert (record.owner.id if record.owner else "", record.path) == ("eli", EscalationPath.CURRENT_OWNERS)
    assert world.card("eli").items[0].state == CardState.OPEN
    types = [event.type.value for event in await world.events()]
    for step in (
        "AlertRaised",
        "NotificationSent",
        "Seen",
        "OwnerNominated",
        "NominationAccepted",
        "OwnerChangeRequested",
        "OwnerAssigned",
    ):
        assert step in types


async def test_a_stranger_is_refused_and_nothing_changes(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    alert = world.card("ana").items[0].alert_id
    events, ledger = len(await world.events()), await world.states()

    for verb in ("acknowledge", "snooze", "assignOwner", "renewed", "notMine", "release", "open", "refresh", "retire"):
        known = await world.press("tom", verb, alert, days="7", nominees="tom")
        unknown = await world.press("tom", verb, "f" * 32, days="7", nominees="tom")
        assert Sentence(key="refused") == known == unknown
    assert (events, ledger) == (len(await world.events()), await world.states())
    assert world.told() == {"ana": 1}


async def test_a_snooze_is_quiet_to_its_end_and_then_the_card_comes_back(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    await world.press("ana", "snooze", days="5")
    assert await world.states() == {"snoozed": 1}
    for _ in range(4):
        await world.day()
        assert world.told() == {"ana": 1}
    await world.day()

    assert world.told() == {"ana": 2}
    assert world.card("ana").items[0].state == CardState.OPEN
    await world.day()
    assert world.told() == {"ana": 2}


async def test_a_long_snooze_before_the_last_stage_cannot_swallow_it(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(15.5))
    await world.first()
    await world.press("ana", "snooze", days="14")
    for _ in range(7):
        await world.day()
        assert world.told() == {"ana": 1}
    await world.day()

    assert world.card("ana").items[0].days_left == 7
    # A snooze is no answer: with the last stage the manager hears of the silence.
    assert world.told() == {"ana": 2, "mia": 1}


async def test_a_snooze_ends_at_once_when_its_author_is_disabled(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    world.history["invoice"] = ()
    await world.first()
    await world.press("ana", "snooze", days="10")
    world.disable("ana")
    world.once_owned_by("invoice", "ana", days_ago=1)
    await world.day()

    assert world.told() == {"ana": 1, "mia": 1}
    assert await world.states() == {"delivered": 1}


async def test_whoever_takes_it_quiets_the_others_until_the_last_stage_and_is_reminded(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    await world.first()
    await world.press("ana", "acknowledge")
    assert world.card("eli").items[0].state == CardState.TAKEN_BY_OTHER
    assert world.card("ana").items[0].state == CardState.TAKEN_BY_YOU
    await world.day(16)
    assert world.told() == {"ana": 2, "eli": 1}
    await world.day(7)
    assert world.told() == {"ana": 3, "eli": 2}


async def test_another_owner_may_take_over_and_a_promise_lapses_when_its_author_leaves(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    await world.first()
    await world.press("ana", "acknowledge")
    await world.press("eli", "acknowledge")
    assert world.card("ana").items[0].state == CardState.TAKEN_BY_OTHER
    world.app("invoice", ("ana",), *world.apps["invoice"].credentials)
    await world.day()

    assert world.card("ana").items[0].state == CardState.OPEN
    assert "AnswerTakenBack" in [event.type for event in await world.events()]


async def test_twenty_clicks_at_once_have_one_effect(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    await asyncio.gather(*(world.press("ana", "acknowledge") for _ in range(20)))

    assert [event.type for event in await world.events()].count(EventType.ACKNOWLEDGED) == 1


async def test_not_mine_moves_the_route_on_and_is_remembered(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    await world.press("ana", "notMine", note="never heard of it")

    assert world.told() == {"ana": 1, "mia": 1}
    assert world.card("mia").reason == RouteReason.OWNER_MANAGER
    await world.day(16)
    assert world.told() == {"ana": 1, "mia": 2}


async def test_one_reached_on_no_channel_counts_as_not_reached_and_the_route_moves_on(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    blocked = DeliveryError("blocked", outcome=Outcome.UNREACHABLE, code="MessageWritesBlocked")
    world.inbox.failures["ana"] = [blocked]
    world.mailbox.failures = [DeliveryError("no mailbox", outcome=Outcome.UNREACHABLE, code="404")]
    await world.first()

    assert world.told() == {"mia": 1}
    ledger = await world.ledger()
    assert [line.person_id for line in ledger.not_told] == ["ana"]
    assert await world.states() == {"delivered": 1}


async def test_an_unclear_send_is_held_and_repeated_once(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    cut = DeliveryError("cut", outcome=Outcome.UNCLEAR, code="timeout")
    world.inbox.failures["ana"] = [cut, cut, cut]
    await world.first()
    assert world.inbox.sends == 1
    world.now += timedelta(minutes=9)
    await world.worker.drain()
    assert world.inbox.sends == 1
    world.now += timedelta(minutes=2)
    await world.worker.drain()
    world.now += timedelta(hours=2)
    await world.worker.drain()

    assert world.inbox.sends == 2
    assert len(world.mailbox.mails) == 1


async def test_a_renewed_secret_is_calm_and_its_removal_turns_the_cards_green(world: World) -> None:
    old = world.secret(20.5)
    world.app("invoice", ("ana",), old)
    await world.first()
    new = replace(world.secret(400, key_id="k2"), start=world.now)
    world.app("invoice", ("ana",), old, new)
    await world.day()
    assert await world.states() == {"superseded": 1}
    assert world.card("ana").items[0].state == CardState.SUPERSEDED
    world.app("invoice", ("ana",), new)
    await world.day()

    assert world.card("ana").items[0].state == CardState.RENEWED
    assert await world.states() == {}
    types = [event.type.value for event in await world.events()]
    assert 1 == types.count("CredentialRenewed") == types.count("CredentialRemoved")
    assert world.told() == {"ana": 1}


async def test_a_rotation_between_two_scans_is_a_renewal_too(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    await world.first()
    world.now += DAY
    new = replace(world.secret(400, key_id="k2"), start=world.now)
    world.app("invoice", ("ana",), new)
    await world.day(0)
    item = world.card("ana").items[0]

    assert (CardState.RENEWED, "k2") == (item.state, item.successor.key_id if item.successor else "")
    assert "CredentialRenewed" in [event.type for event in await world.events()]


async def test_superseded_from_the_start_gets_two_calm_notices_only(world: World) -> None:
    old, new = world.secret(29.5, key_id="old"), world.secret(300, key_id="new", life=301)
    world.app("invoice", ("ana",), old, new)
    await world.first()
    for _ in range(30):
        await world.day()

    assert world.told() == {"ana": 2}


async def test_i_renewed_it_says_what_graph_shows(world: World) -> None:
    old = world.secret(20.5)
    world.app("invoice", ("ana",), old)
    await world.first()
    view = await world.press("ana", "renewed")
    assert view.items[0].finding == RenewalFinding.NOT_YET  # type: ignore[union-attr]
    assert view.items[0].state == CardState.OPEN  # type: ignore[union-attr]
    world.app("invoice", ("ana",), old, replace(world.secret(400, key_id="k2"), start=world.now))
    view = await world.press("ana", "renewed")
    assert (view.items[0].finding, view.items[0].state) == (RenewalFinding.FOUND, CardState.SUPERSEDED)  # type: ignore[union-attr]
    world.app("invoice", ("ana",))
    view = await world.press("ana", "renewed")

    assert (view.items[0].finding, view.items[0].state) == (RenewalFinding.GONE, CardState.RENEWED)  # type: ignore[union-attr]
    assert await world.states() == {}


async def test_a_moved_end_date_closes_the_alert_and_a_new_one_starts_afresh(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    await world.first()
    world.app("invoice", ("ana",), replace(world.apps["invoice"].credentials[0], end=world.now + 13.5 * DAY))
    await world.day()

    assert world.told() == {"ana": 2}
    assert await world.states() == {"delivered": 1}


async def test_a_partial_scan_closes_nothing_and_judges_the_unread_by_its_last_record(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(15.5))
    world.app("travel", ("eli",), world.secret(31.2, key_id="k9"))
    await world.first()
    decision = await world.day(2, missing=("page 2 of applications: 503",), unread=("invoice", "travel"))

    assert decision.due == 2
    assert world.told() == {"ana": 2, "eli": 1}
    assert world.now - 2 * DAY == world.card("ana").as_of
    await world.day(1, missing=("page 2 of applications: 503",), unread=("invoice",))
    assert await world.states() == {"delivered": 2}


async def test_a_quarantined_credential_is_not_closed_by_a_complete_scan(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(15.5))
    await world.first()
    await world.day(unread=("invoice",), quarantined=(Quarantine(object_id="invoice", key_id="k1", reason="junk"),))
    assert await world.states() == {"delivered": 1}
    await world.day(unread=("invoice",))

    assert await world.states() == {}


async def test_first_seen_expired_two_days_ago_gets_one_notice_and_ten_days_ago_none(world: World) -> None:
    world.app("fresh", ("ana",), world.secret(-2.5))
    world.app("stale", ("eli",), world.secret(-10.5, key_id="k2"))
    await world.first()
    assert world.told() == {"ana": 1}
    assert await world.states() == {"delivered": 1, "expired": 1}
    for _ in range(8):
        await world.day()

    assert world.told() == {"ana": 1}
    assert await world.states() == {"expired": 2}


async def test_microsofts_apps_and_disabled_apps_are_excluded_with_the_reason(world: World) -> None:
    microsoft = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
    world.app(
        "theirs", ("ana",), world.secret(5.5), type=ApplicationType.ENTERPRISE_APP, owner_organization_id=microsoft
    )
    world.app("off", ("ana",), world.secret(5.5, key_id="k2"))
    world.disabled_app_ids.add("app-off")
    await world.first()

    assert world.told() == {}
    assert await world.states() == {"excluded": 2}
    steps = {entry.next_step for entry in (await world.ledger()).entries}
    assert {"none: ownedByMicrosoft", "none: enterpriseAppDisabled"} == steps


async def test_an_unused_saml_certificate_is_accounted_for_and_never_sent(world: World) -> None:
    certificate = Credential(
        key_id="s",
        type=CredentialType.CERTIFICATE,
        start=world.now - 300 * DAY,
        end=world.now + 5 * DAY,
        usage=CredentialUsage.SAML_INACTIVE,
    )
    world.app("portal", ("ana",), certificate, type=ApplicationType.ENTERPRISE_APP)
    await world.first()

    assert world.told() == {}
    assert await world.states() == {"excluded": 1}


async def test_the_first_run_sends_at_most_one_card_to_a_person(world: World) -> None:
    for number in range(3):
        world.app(f"app{number}", ("ana",), world.secret(20.5 - number, key_id=f"k{number}"))
    await world.first()

    assert world.told() == {"ana": 1}
    digest = world.inbox.now_shown("ana")
    assert isinstance(digest, DigestView)
    assert [item.application.object_id for item in digest.items] == ["app2", "app1", "app0"]
    assert len(world.mailbox.mails) == 1


async def test_later_runs_make_a_digest_only_above_the_limit(world: World) -> None:
    world.app("seed", ("tom",), world.secret(20.5))
    await world.first()
    for number in range(3):
        world.app(f"app{number}", ("ana",), world.secret(31.5, key_id=f"k{number}"))
    for number in range(4):
        world.app(f"more{number}", ("eli",), world.secret(31.5, key_id=f"m{number}"))
    await world.day(2)

    assert world.told() == {"tom": 1, "ana": 3, "eli": 1}


async def test_due_credentials_of_one_app_make_one_card_and_are_answered_together(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5, key_id="k1"), world.secret(25.5, key_id="k2"))
    await world.first()
    assert world.told() == {"ana": 1}
    assert [item.credential.key_id for item in world.card("ana").items] == ["k1", "k2"]
    await world.press("ana", "acknowledge")

    assert await world.states() == {"acknowledged": 2}


async def test_a_new_stage_is_a_new_message_and_the_earlier_card_shrinks(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    await world.day(16)
    shrunk = [view.shrunk for card, view in world.inbox.updates if card.activity_id == "ana-1"]  # type: ignore[union-attr]

    assert world.told() == {"ana": 2}
    assert shrunk
    assert shrunk[-1]


async def test_someone_new_on_the_route_gets_the_newest_stage_at_the_next_scan(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    world.app("invoice", ("ana", "eli"), *world.apps["invoice"].credentials)
    await world.day()

    assert world.told() == {"ana": 1, "eli": 1}


async def test_nobody_at_all_leads_to_the_fallback_and_never_to_silence(world: World) -> None:
    world.app("orphan", (), world.secret(29.5))
    await world.first()

    assert world.told() == {"ada": 1}
    assert world.card("ada").reason == RouteReason.FALLBACK
    assert "notMine" not in world.card("ada").verbs


async def test_an_answer_wins_over_a_waiting_send(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    world.inbox.failures["eli"] = [DeliveryError("busy", outcome=Outcome.SAFE, retry_after=60.0)]
    await world.first()
    await world.press("ana", "acknowledge")
    world.now += timedelta(minutes=2)
    await world.worker.drain()

    assert world.told() == {"ana": 1}


async def test_a_nominee_declines_and_the_nominator_is_asked_again(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    await world.press("ana", "assignOwner", nominees="eli")
    asked = world.inbox.now_shown("eli")
    assert isinstance(asked, NominationView)
    await world.press("eli", "decline", nomination=asked.nomination.id, note="no time")

    said = world.inbox.cards["ana"][-1]
    assert isinstance(said, Sentence)
    assert said.key == "nomination_declined"
    assert await world.states() == {"read": 1}


@pytest.mark.parametrize(
    ("who", "key"),
    [
        ("ben", "nominee_not_possible"),
        ("guest", "nominee_not_possible"),
        ("nobody", "nominee_not_possible"),
        ("ana", "nominee_is_owner"),
        ("", "nominee_missing"),
    ],
)
async def test_impossible_nominees_are_named_and_nothing_changes(world: World, who: str, key: str) -> None:
    world.disable("ben")
    world.person("guest", user_type="Guest")
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    said = await world.press("ana", "assignOwner", nominees=who)

    assert isinstance(said, Sentence)
    assert key == said.key
    assert "OwnerNominated" not in [event.type for event in await world.events()]


async def test_an_alert_that_new_stages_no_longer_reach_is_calm_and_not_called_renewed(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(25.5))
    await world.first()
    world.engine.policy = replace(world.policy, alert_days=(14, 7))
    await world.day()

    assert world.card("ana").items[0].state == CardState.NOT_DUE
    assert await world.states() == {}
    assert "CredentialRenewed" not in [event.type for event in await world.events()]
    await world.day(11)
    assert world.told() == {"ana": 2}


async def test_a_crash_after_the_snapshot_does_not_lose_that_the_owners_changed(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    await world.first()
    await world.press("ana", "notMine")
    world.app("invoice", ("ana",), *world.apps["invoice"].credentials)
    decide = world.engine._decide_alerts
    world.engine._decide_alerts = None  # type: ignore[assignment]
    with pytest.raises(TypeError):
        await world.day()
    world.engine._decide_alerts = decide  # type: ignore[method-assign]
    await world.day()

    assert world.card("ana").items[0].state == CardState.OPEN
    assert world.told()["ana"] == 1
    for _ in range(14):
        await world.day()
    assert world.told()["ana"] == 2
    assert "mia" not in world.told()


async def test_the_ledger_says_since_when_and_what_comes_next(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    start, end = world.now, world.apps["invoice"].credentials[0].end
    assert end is not None

    async def line() -> tuple[str, object, str, object]:
        entry = (await world.ledger()).entries[0]
        return entry.state.value, entry.since, entry.next_step, entry.next_at

    assert await line() == ("delivered", start, "next stage", end - 15 * DAY)
    world.now += DAY
    await world.press("ana", "snooze", days="3")
    assert await line() == ("snoozed", start + DAY, "end of the snooze", start + 4 * DAY)
    await world.day(1)
    assert await line() == ("snoozed", start + DAY, "end of the snooze", start + 4 * DAY)
    await world.press("ana", "acknowledge")
    assert await line() == ("acknowledged", start + 2 * DAY, "next stage", end - 15 * DAY)
    await world.day(20)
    assert await line() == ("acknowledged", start + 2 * DAY, "last call", end - 2 * DAY)
    await world.day(6)
    assert await line() == ("acknowledged", start + 2 * DAY, "expiry notice", end)
    await world.day(2)
    assert await line() == ("acknowledged", start + 2 * DAY, "shown as expired, told no more", end + 7 * DAY)
    await world.day(8)
    assert await line() == ("expired", end + 7 * DAY, "none: shown in my apps and to admins", None)


async def test_a_card_says_that_a_snooze_has_ended_until_the_next_stage_speaks(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))
    await world.first()
    await world.press("ana", "snooze", days="7")
    for _ in range(8):
        await world.day()
    assert world.told()["ana"] == 2
    ended = world.card("ana").snooze_ended
    assert ended is not None
    assert ended.date() == world.now.date() or ended.date() == (world.now - DAY).date()
    assert world.card("eli").snooze_ended is None
    for _ in range(9):
        await world.day()
    assert world.told()["ana"] == 3
    assert world.card("ana").snooze_ended is None
