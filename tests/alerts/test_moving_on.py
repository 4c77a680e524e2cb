"""The route moves on from whoever cannot be told, and comes back to them when the owners change."""

from alerts.errors import DeliveryError, Outcome
from alerts.model import NoticeKind
from alerts.views import AlertView
from tests.alerts.world import World

GONE = DeliveryError("nobody there", outcome=Outcome.UNREACHABLE, code="blocked")


async def told(world: World, kind: NoticeKind) -> set[str]:
    """Who was told so, by the notices of all alerts."""
    async with world.store.reading() as tx:
        alerts = [alert.id for app in world.apps for alert in await tx.alerts_of_app(app)]
        return {notice.recipient_id for notice in await tx.notices(alerts) if notice.kind is kind}


async def test_one_mail_about_two_cards_does_not_hide_that_neither_reached_anybody(world: World) -> None:
    world.app("warm", ("tom",), world.secret(3.5))
    await world.first()
    for name in ("invoice", "payroll"):
        world.app(name, ("ana",), world.secret(29.5))
    # Two cards and one e-mail that carries both notices; the e-mail fails between the cards, or after them.
    world.inbox.failures["ana"] = [GONE] * 2
    world.mailbox.failures = [GONE]
    await world.day()

    cards = [view for view in world.inbox.cards["mia"] if isinstance(view, AlertView)]

    assert {"invoice", "payroll"} == {view.application.object_id for view in cards}


async def test_whoever_was_out_of_reach_may_be_asked_again_once_the_owners_change(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(16.5))
    world.once_owned_by("invoice", "ana", days_ago=1)
    world.disable("ana")
    world.inbox.failures["mia"] = [GONE]
    world.mailbox.failures = [GONE]
    await world.first()
    assert {"ada"} == world.told().keys()
    # eli takes over and says nothing either; his manager mia is the next, and can be reached by now.
    world.app("invoice", ("eli",), *world.apps["invoice"].credentials)
    await world.day()
    for _ in range(9):
        await world.day()

    assert {"mia"} == await told(world, NoticeKind.ESCALATION)


async def test_a_disabled_owner_is_not_told_by_a_scan_that_could_not_read_the_app(world: World) -> None:
    world.app("invoice", ("ana", "ben", "eli"), world.secret(15.5))
    await world.first()
    await world.press("eli", "notMine")
    world.disable("ben")
    before = world.told()["ben"]
    await world.day(2, missing=("page 7",), unread=("invoice",))

    assert before == world.told()["ben"]
    assert 2 == world.told()["ana"]


async def test_a_missed_last_call_does_not_take_the_expiry_from_the_fallback(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(8.5))
    await world.first()
    await world.press("ana", "acknowledge")
    await world.day(9)

    assert {"ana", "ada"} == await told(world, NoticeKind.EXPIRED)
    assert set() == await told(world, NoticeKind.LAST_CALL)
