"""Alarms do not ride on what broke: one card per problem, on a channel that works, true until it is over."""

from datetime import timedelta

import pytest

from alerts.alarms import order_of, stored_alarms
from alerts.errors import DeliveryError, Outcome
from alerts.model import Channel, RunStatus
from alerts.problems import ProblemKind
from alerts.views import MailView
from tests.alerts.watching import Watched
from tests.alerts.world import World

AWAY = DeliveryError("not reached", outcome=Outcome.SAFE, code="unreachable")
OURS = DeliveryError("the bot's secret has expired", outcome=Outcome.OURS, code="401")


@pytest.fixture
async def watched(world: World) -> Watched:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()
    return Watched(world)


def alarm_mails(watched: Watched) -> list[MailView]:
    return [mail for mail in watched.world.mailbox.mails if mail.infos]


async def test_one_problem_makes_one_card_for_each_admin(watched: Watched) -> None:
    await watched.run_ended(RunStatus.PARTIAL, "Graph answered 503 on page 6")
    for _ in range(4):
        await watched.look()
        watched.world.now += timedelta(minutes=15)

    assert ["scanPartial"] == [card.kind for card in watched.alarm_cards("ada")]
    assert [] == watched.alarm_cards("ana")
    assert [] == alarm_mails(watched)


async def test_the_card_turns_when_the_problem_is_over_and_is_forgotten_then(watched: Watched) -> None:
    await watched.run_ended(RunStatus.PARTIAL, "Graph answered 503 on page 6")
    await watched.look()
    watched.world.now += timedelta(hours=3)
    await watched.run_ended(RunStatus.SUCCEEDED)
    await watched.look()

    (card,) = watched.alarm_cards()
    assert watched.world.now == card.over_at
    async with watched.world.store.reading() as tx:
        assert {} == await stored_alarms(tx)


async def test_the_same_problem_later_is_a_new_card(watched: Watched) -> None:
    for status in (RunStatus.PARTIAL, RunStatus.SUCCEEDED, RunStatus.PARTIAL):
        watched.world.now += timedelta(hours=1)
        await watched.run_ended(status, "503")
        await watched.look()

    assert [False, True] == [card.over_at is None for card in watched.alarm_cards()]


async def test_figures_that_change_bring_the_card_up_to_date(watched: Watched) -> None:
    async with watched.world.store.transaction() as tx:
        await tx.set_value("due", "3")
    await watched.look()
    async with watched.world.store.transaction() as tx:
        await tx.set_value("due", "5")
    await watched.look()

    assert ["4"] == [card.params["difference"] for card in watched.alarm_cards()]


async def test_teams_failing_is_told_by_e_mail(watched: Watched) -> None:
    world = watched.world
    world.app("payroll", ("eli",), world.secret(20.5))
    world.inbox.failures["eli"] = [OURS] * 10
    world.inbox.failures["ada"] = [OURS] * 10
    await world.scan()
    await world.worker.drain()
    await watched.look()

    (mail,) = alarm_mails(watched)
    assert ("ada", "problem.teamsFailing") == (mail.recipient.id, mail.infos[0].key)
    assert [] == watched.alarm_cards()


async def test_e_mail_failing_is_told_in_teams(watched: Watched) -> None:
    world = watched.world
    world.app("payroll", ("eli",), world.secret(20.5))
    world.mailbox.failures = [DeliveryError("403", outcome=Outcome.OURS, code="403")] * 10
    await world.scan()
    await world.worker.drain()
    await watched.look()

    assert ["mailFailing"] == [card.kind for card in watched.alarm_cards()]


async def test_an_e_mail_is_followed_by_one_that_says_it_is_over(watched: Watched) -> None:
    world = watched.world
    world.app("payroll", ("eli",), world.secret(20.5))
    world.inbox.failures["eli"] = [OURS]
    await world.scan()
    await world.worker.drain()
    await watched.look()
    world.now += timedelta(minutes=10)
    await world.worker.drain()
    for _ in range(3):
        await watched.look()

    assert ["problem.teamsFailing", "alarm.over.mail"] == [mail.infos[0].key for mail in alarm_mails(watched)]


async def test_where_everything_fails_it_is_tried_again_until_it_is_told_once(watched: Watched) -> None:
    world = watched.world
    await watched.run_ended(RunStatus.FAILED, "no token")
    world.inbox.failures["ada"] = [AWAY] * 3
    world.mailbox.failures = [AWAY] * 3
    for _ in range(6):
        await watched.look()
        world.now += timedelta(minutes=15)

    assert 1 == len(watched.alarm_cards()) + len(alarm_mails(watched))


async def test_an_alarm_is_told_while_the_clock_holds_all_other_messages(watched: Watched) -> None:
    world = watched.world
    world.worker.stopped = lambda: "it moved by +40 days"
    world.app("payroll", ("eli",), world.secret(20.5))
    await world.scan()
    await world.worker.drain()
    watched.clock_trouble = "it moved by +40 days"
    await watched.look()

    assert ["clockJumped"] == [card.kind for card in watched.alarm_cards()]
    assert "eli" not in world.told()


async def test_without_admins_the_fallback_is_told(watched: Watched) -> None:
    world = watched.world
    world.roles.admin_users = ()
    world.roles.fallback_recipients = ("tom",)
    await world.roles.refresh()
    await watched.run_ended(RunStatus.PARTIAL, "503")
    await watched.look()

    assert ["scanPartial"] == [card.kind for card in watched.alarm_cards("tom")]


@pytest.mark.parametrize("kind", list(ProblemKind))
def test_what_broke_is_the_last_way_to_be_tried(kind: ProblemKind) -> None:
    first = order_of(kind, teams=True, mail=True)[0]

    assert (Channel.EMAIL if kind is ProblemKind.TEAMS_FAILING else Channel.TEAMS) == first
    assert (Channel.EMAIL,) == order_of(kind, teams=False, mail=True)
