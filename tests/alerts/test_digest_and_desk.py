"""Many alerts answered at once, and what people may ask for."""

from collections.abc import AsyncIterator

import pytest

from alerts.errors import DeliveryError, Outcome
from alerts.model import Action
from alerts.views import (
    AlertView,
    AppListView,
    AppStatusView,
    CardState,
    DigestMode,
    DigestView,
    Sentence,
    StatusReport,
    View,
)
from tests.alerts.world import World


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with World(database_url) as made:
        for number in range(4):
            made.app(f"app{number}", ("ana",), made.secret(20.5 - number, key_id=f"k{number}"))
        made.app("toms", ("tom",), made.secret(20.5, key_id="t"))
        await made.first()
        yield made


def digest_of(world: World, person: str) -> DigestView:
    view = world.inbox.now_shown(person)
    assert isinstance(view, DigestView)
    return view


async def press(world: World, person: str, verb: str, digest: str, *, alert: str = "", **inputs: str) -> View:
    data = {"digest": digest} | ({"alert": alert, "v": 1} if alert else {})
    view = await world.actions.perform(Action(verb=verb, actor_id=person, data=data, inputs=inputs))
    await world.worker.drain()
    return view


async def test_one_alert_opens_as_its_full_card_with_a_way_back(world: World) -> None:
    digest = digest_of(world, "ana")
    opened = await press(world, "ana", "open", digest.digest_id, alert=digest.items[1].item.alert_id)

    assert isinstance(opened, AlertView)
    assert ("app2", digest.digest_id) == (opened.application.object_id, opened.digest_id)
    back = await press(world, "ana", "refresh", digest.digest_id)
    assert isinstance(back, DigestView)
    assert DigestMode.LIST == back.mode


async def test_ticked_alerts_are_answered_each_by_itself_and_refused_ones_are_named(world: World) -> None:
    digest = digest_of(world, "ana")
    choose = await press(world, "ana", "open", digest.digest_id)
    assert isinstance(choose, DigestView)
    assert DigestMode.CHOOSE == choose.mode
    toms = world.card("tom").items[0].alert_id
    ticked = [digest.items[0].item.alert_id, digest.items[2].item.alert_id, toms]
    answered = await press(world, "ana", "acknowledge", digest.digest_id, alerts=",".join(ticked))

    assert isinstance(answered, DigestView)
    assert ("digest_answered", {"done": "2", "total": "3"}) == answered.notes[0]
    assert "ticked_refused" == answered.notes[1][0]
    states = [item.item.state for item in answered.items]
    assert 2 == states.count(CardState.TAKEN_BY_YOU)
    assert {"acknowledged": 2, "delivered": 3} == await world.states()


async def test_somebody_elses_digest_is_refused_whatever_is_asked(world: World) -> None:
    digest = digest_of(world, "ana").digest_id
    for verb in ("open", "refresh", "acknowledge"):
        assert Sentence(key="refused") == await press(world, "tom", verb, digest)
        assert Sentence(key="refused") == await press(world, "tom", verb, "0" * 32)


async def test_members_see_their_own_apps_and_nothing_else(world: World) -> None:
    mine = await world.desk.my_apps("ana", 1)
    assert isinstance(mine, AppListView)
    assert ["app3", "app2", "app1", "app0"] == [line.application.object_id for line in mine.lines]
    known = await world.desk.app_status("tom", "app1")
    unknown = await world.desk.app_status("tom", "there is no such app")

    assert Sentence(key="no_such_app", params={"query": "app1"}) == known
    assert isinstance(unknown, Sentence)
    assert "no_such_app" == unknown.key
    for ask in (
        world.desk.status("tom"),
        world.desk.expiring("tom", 30, 1),
        world.desk.ownerless("tom", 1),
        world.desk.history("tom", "toms"),
        world.desk.scan("tom"),
    ):
        assert Sentence(key="admins_only") == await ask


async def test_the_admins_report_adds_up(world: World) -> None:
    report = await world.desk.status("ada")

    assert isinstance(report, StatusReport)
    assert (5, 5, 0) == (report.due, sum(report.ledger.values()), report.difference)


async def test_status_of_an_app_says_who_was_told(world: World) -> None:
    view = await world.desk.app_status("ada", "toms")

    assert isinstance(view, AppStatusView)
    assert {("tom", "teams"), ("tom", "email")} == {(person.id, channel) for person, _, channel in view.told}
    assert {"t": "delivered"} == dict(view.states)


async def test_several_matches_give_a_list_to_choose_from(world: World) -> None:
    view = await world.desk.app_status("ada", "app")

    assert isinstance(view, AppListView)
    assert (4, "status") == (view.total, view.query)


async def test_snooze_and_assign_work_by_command_like_their_buttons(world: World) -> None:
    snoozed = await world.desk.snooze("ana", "app0", 5)
    assert isinstance(snoozed, AlertView)
    assert CardState.SNOOZED == snoozed.items[0].state
    assigned = await world.desk.assign("ana", "app1 eli", "")
    assert isinstance(assigned, AlertView)
    assigned = await world.desk.assign("ana", "app1", "eli")
    assert isinstance(assigned, AlertView)
    assert CardState.WAITING_NOMINEE == assigned.items[0].state
    assert Sentence(key="no_such_app", params={"query": "app1"}) == await world.desk.snooze("tom", "app1", 5)


async def test_whoever_gets_the_app_with_their_first_card_is_not_greeted_beside_it(world: World) -> None:
    assert await world.desk.greet("tom") is None
    world.app("payroll", ("eli",), world.secret(29.5))
    await world.scan()
    # The card is on its way.
    assert await world.desk.greet("eli") is None


async def test_whoever_is_asked_to_look_after_an_app_is_not_greeted_beside_it(world: World) -> None:
    await world.press("tom", "assignOwner", nominees="eli")
    assert await world.desk.greet("eli") is None
    assert await world.desk.greet("mia") is not None


async def test_whoever_was_told_by_mail_alone_is_greeted(world: World) -> None:
    world.app("payroll", ("eli",), world.secret(29.5))
    world.inbox.failures["eli"] = [DeliveryError("not installed", outcome=Outcome.UNREACHABLE, code="403")]
    await world.day()
    assert await world.desk.greet("eli") is not None


async def test_a_greeting_is_given_once(world: World) -> None:
    assert await world.desk.greet("mia") is not None
    assert await world.desk.greet("mia") is None
