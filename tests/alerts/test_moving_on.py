"""The route moves on from whoever cannot be told, and comes back to them when the owners change."""

import asyncio

from alerts.errors import DeliveryError, Outcome
from alerts.model import EscalationPath, NoticeKind, Person, RouteReason
from alerts.views import AlertView, MailView
from tests.alerts.world import Inbox, Mailbox, World

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


async def test_an_unread_app_whose_owners_are_all_disabled_leads_to_the_manager_of_its_last_record(
    world: World,
) -> None:
    world.app("invoice", ("ana",), world.secret(15.5))
    await world.first()
    seen = world.now
    world.disable("ana")
    await world.day(2, missing=("page 7",), unread=("invoice",))

    card = world.card("mia")
    assert (card.path, card.reason, card.proof) == (
        EscalationPath.PREVIOUS_OWNER_MANAGER, RouteReason.PREVIOUS_OWNER_MANAGER, seen,
    )  # fmt: skip
    assert "ada" not in world.told()


async def test_who_was_disabled_since_the_scan_is_not_where_the_route_moves_to(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(15.5))
    await world.first()
    world.disable("eli")
    async with world.store.transaction() as tx:
        await tx.save_people([world.people["eli"]])
    await world.press("ana", "notMine")

    # Of the owners who count there is nobody left: their manager is asked.
    assert RouteReason.OWNER_MANAGER is world.card("mia").reason


class Together:
    """A channel on which ana cannot be reached, which is known on both in the same moment."""

    def __init__(self, both: asyncio.Barrier, then: Inbox | Mailbox) -> None:
        self.both, self.then = both, then

    async def send(self, about: Person | MailView, *more: object) -> object:
        person = about if isinstance(about, Person) else about.recipient
        if person.id == "ana":
            await self.both.wait()
            raise GONE
        return await self.then.send(about, *more)  # type: ignore[arg-type]


async def test_both_channels_that_fail_in_the_same_moment_still_move_the_route_on(world: World) -> None:
    both = asyncio.Barrier(2)
    world.worker.teams = Together(both, world.inbox)  # type: ignore[assignment]
    world.worker.mail = Together(both, world.mailbox)  # type: ignore[assignment]
    world.app("app0", ("ana",), world.secret(29.5, key_id="k0"))
    await world.first()
    for number in range(1, 5):
        world.app(f"app{number}", ("ana",), world.secret(29.5, key_id=f"k{number}"))
        await world.day()

    assert 5 == world.told()["mia"]
