"""The first Tuesday in a neglected tenant, at a small scale: most is long expired, much has no owner, none a history."""

from collections.abc import AsyncIterator

import pytest

from alerts.sending import Sending, SendingRules
from alerts.views import AlertView, DigestView, HeldView, Sentence
from alerts.window import Hours, SendWindow
from tests.alerts.world import World

#: Production's defaults.
DEFAULTS = SendingRules(
    sending=Sending.HOLD,
    max_people=200,
    window=SendWindow(hours=tuple(Hours(weekday=day, start=8 * 60, end=18 * 60) for day in range(5))),
)
APPS, LONG_EXPIRED, OWNERLESS, OWNERS = 240, 140, 60, 30


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with World(database_url, rules=DEFAULTS) as made:
        for number in range(OWNERS):
            made.person(f"o{number:02}")
        for number in range(APPS):
            # Every fourth app has lost its owner, and nothing is known of who that was.
            owners = () if number % (APPS // OWNERLESS) == 3 else (f"o{number % OWNERS:02}",)
            days = -8.5 - number if number < LONG_EXPIRED else (number - LONG_EXPIRED) * 0.37 - 6.5
            made.app(f"app{number:03}", owners, made.secret(days, f"k{number:03}"))
        yield made


async def test_with_the_defaults_only_the_admins_hear_of_it(world: World) -> None:
    await world.first()
    for _ in range(3):
        await world.day()

    assert {"ada": 4} == world.told()
    assert all(isinstance(card, HeldView) for card in world.inbox.cards["ada"])
    assert {"ada"} == {mail.recipient.id for mail in world.mailbox.mails}
    assert not any(mail.alerts for mail in world.mailbox.mails)


async def test_after_go_all_everybody_gets_one_card_and_one_mail_and_recall_turns_every_card(world: World) -> None:
    await world.first()
    world.now = world.now.replace(hour=10)
    answer = await world.sending.go("ada", Sending.ON)
    await world.worker.drain()
    assert isinstance(answer, Sentence)
    cards = {
        name: [card for card in shown if isinstance(card, AlertView | DigestView)]
        for name, shown in world.inbox.cards.items()
    }
    told = {name: own for name, own in cards.items() if own}

    # Everybody who owns one of the hundred apps that are not long expired, and ada for those that nobody owns.
    assert {owner for app in list(world.apps.values())[LONG_EXPIRED:] for owner in _owners(app)} | {"ada"} == set(told)
    assert int(answer.params["people"]) == len(told)
    assert {1} == {len(own) for own in told.values()}
    mails = [mail.recipient.id for mail in world.mailbox.mails if mail.alerts]
    assert sorted(told) == sorted(mails)
    ends = [days for own in told.values() for card in own for days in _days(card)]
    assert min(ends) >= -8
    assert APPS - LONG_EXPIRED == len(await _alerted(world))

    taken = await world.sending.recall("ada", answer.params["run"])
    await world.worker.drain()
    assert isinstance(taken, Sentence)
    assert (str(len(told)), str(len(told))) == (taken.params["cards"], taken.params["people"])
    turned = {card.recipient_id for card, view in world.inbox.updates if isinstance(view, Sentence)}
    assert set(told) == turned


def _owners(app: object) -> set[str]:
    return {owner.id for owner in app.owners}  # type: ignore[attr-defined]


def _days(card: AlertView | DigestView) -> list[int]:
    if isinstance(card, AlertView):
        return [item.days_left for item in card.items]
    return [item.item.days_left for item in card.items]


async def _alerted(world: World) -> set[str]:
    """Ids of the alerts that somebody has a notice for."""
    async with world.store.reading() as tx:
        alerts = [alert.id for alert in await tx.alerts_unclosed()]
        return {notice.alert_id for notice in await tx.notices(alerts)}
