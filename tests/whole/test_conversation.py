"""First contact and its end, and answers in time while Graph hangs: at the wire, with the real core."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from alerts import desk_app
from alerts.model import Event, EventType
from alerts.pump import EventPump
from alerts.views import AlertView, CardState, OwnershipSpell
from tests.whole.test_authorisation import CARD, REFUSED, Tenant
from tests.whole.test_authorisation import authority as authority
from tests.whole.test_authorisation import tenant as tenant

MESSAGE = "application/vnd.microsoft.activity.message"
#: Seconds within which Teams must have its answer.
IN_TIME = 3.0


async def arrive(tenant: Tenant, actor: str, kind: str, **fields: Any) -> None:
    activity = tenant.bot.channel.activity(
        type=kind,
        text=None,
        **{
            "from": {"id": f"29:{actor}", "aadObjectId": actor},
            "conversation": {"id": f"a:{actor}", "conversationType": "personal"},
            "id": f"x{next(tenant.ids)}",
            **fields,
        },
    )
    status, _ = await tenant.bot.post(activity)
    assert status in (200, 201, 202)
    await tenant.bot.settle()


def texts(tenant: Tenant, start: int) -> str:
    return str(tenant.bot.said()[start:])


async def test_an_installation_greets_once_with_the_persons_own_apps(tenant: Tenant) -> None:
    tenant.world.app("quiet", ("abe",), tenant.world.secret(200))
    await tenant.world.day()
    start = len(tenant.bot.said())
    added = {"membersAdded": [{"id": "28:bot"}]}
    await asyncio.gather(
        arrive(tenant, "abe", "installationUpdate", action="add"), arrive(tenant, "abe", "conversationUpdate", **added)
    )
    await arrive(tenant, "abe", "installationUpdate", action="add")
    said = tenant.bot.said()[start:]
    assert len(said) == 1
    text = str(said[0])
    assert all(part in text for part in ("I am Steward", "never ask for a password", "Quiet"))
    assert "Vendor" not in text


async def test_whoever_has_no_app_is_greeted_without_one(tenant: Tenant) -> None:
    await arrive(tenant, "sam", "installationUpdate", action="add")
    assert "I am Steward" in texts(tenant, 0)
    assert "Invoice" not in texts(tenant, 0)


async def test_removing_the_app_is_noticed_and_listed(tenant: Tenant) -> None:
    await tenant.say("eli", "help")
    await arrive(tenant, "eli", "installationUpdate", action="remove")
    assert "has removed Steward" in await tenant.say("ada", "unreachable")
    await tenant.say("eli", "hi")
    assert "has removed Steward" not in await tenant.say("ada", "unreachable")


@pytest.mark.parametrize("text", ["asdfgh", "\u202e", "<at>Steward</at>", "?!", "🙂", "a" * 4000, "select * from x"])
async def test_nothing_that_is_said_is_met_with_silence(tenant: Tenant, text: str) -> None:
    assert await tenant.say("sam", text)


VERBS: dict[str, dict[str, str]] = {
    "acknowledge": {},
    "renewed": {},
    "snooze": {"days": "3"},
    "assignOwner": {"nominees": "tom"},
    "notMine": {},
    "retire": {},
    "automatic": {},
    "open": {},
    "refresh": {},
    "release": {},
}


@pytest.mark.parametrize("verb", VERBS)
async def test_every_verb_is_answered_in_time_while_graph_hangs(tenant: Tenant, verb: str) -> None:
    tenant.world.directory.gate = asyncio.Event()
    data = {"alert": tenant.alerts["invoice"], "v": 1, **VERBS[verb]}
    status, kind, said = await asyncio.wait_for(tenant.press("ana", verb, data), IN_TIME)

    assert (status, said != REFUSED) == (200, True)
    assert kind in (CARD, MESSAGE)
    tenant.world.directory.gate.set()


async def test_a_nomination_goes_its_whole_way_while_graph_hangs_and_is_written_once_it_is_back(tenant: Tenant) -> None:
    world = tenant.world
    world.directory.gate = asyncio.Event()
    data = {"alert": tenant.alerts["invoice"], "v": 1, "nominees": "tom"}
    await asyncio.wait_for(tenant.press("ana", "assignOwner", data), IN_TIME)
    await tenant.bot.settle()
    async with world.store.reading() as tx:
        nomination = (await tx.nominations_pending())[0].id
    for actor, verb in (("tom", "accept"), ("ada", "approve")):
        answer = await asyncio.wait_for(tenant.press(actor, verb, {"nomination": nomination, "v": 1}), IN_TIME)
        assert answer[0] == 200
        await tenant.bot.settle()
    assert "tom" not in {owner.id for owner in world.apps["invoice"].owners}

    world.directory.gate.set()
    await world.changes.run_pending()
    await world.worker.drain()
    assert "tom" in {owner.id for owner in world.apps["invoice"].owners}
    shown = [view for card, view in world.inbox.updates if card.recipient_id == "eli" and card.alert_ids]
    assert isinstance(shown[-1], AlertView)
    assert shown[-1].items[0].state is CardState.ASSIGNED


async def test_a_renewal_that_graph_could_not_show_turns_the_card_within_half_a_minute_of_its_return(
    tenant: Tenant,
) -> None:
    world = tenant.world
    world.directory.gate = asyncio.Event()
    await asyncio.wait_for(tenant.press("ana", "renewed", {"alert": tenant.alerts["invoice"], "v": 1}), IN_TIME)
    await tenant.bot.settle()
    world.app("invoice", ("ana", "eli", "dan"), world.secret(365, "new"))
    world.directory.gate.set()
    await world.later(seconds=10)
    assert await world.looks.run_once() == 1
    await world.worker.drain()
    assert world.card("ana").items[0].state is CardState.RENEWED


class HangingArchive:
    """The archive while Log Analytics does not answer: reading and writing wait for its return."""

    def __init__(self) -> None:
        self.back = asyncio.Event()
        self.events: list[Event] = []

    async def spells(self, *_: object) -> tuple[OwnershipSpell, ...]:
        await self.back.wait()
        return ()

    async def events_of_app(self, *_: object) -> tuple[Event, ...]:
        await self.back.wait()
        return tuple(self.events)

    async def append_events(self, events: Sequence[Event]) -> None:
        await self.back.wait()
        self.events += events

    async def upload(self) -> int:
        await self.back.wait()
        return 0


async def test_every_verb_and_command_is_answered_in_time_while_the_archive_hangs(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive: Any = HangingArchive()
    monkeypatch.setattr(desk_app, "ARCHIVE_PATIENCE", 0.1)
    object.__setattr__(tenant.world.desk, "history_source", archive)
    pump = asyncio.create_task(EventPump(store=tenant.world.store, archive=archive).run_once())
    await asyncio.sleep(0)
    data = {"alert": tenant.alerts["invoice"], "v": 1}
    # What takes the presser off the route comes last.
    for verb in sorted(VERBS, key=lambda verb: verb in ("retire", "notMine")):
        status, kind, said = await asyncio.wait_for(tenant.press("ana", verb, {**data, **VERBS[verb]}), IN_TIME)
        assert (status, said != REFUSED, kind in (CARD, MESSAGE)) == (200, True, True), verb
    for nominee in ("sam", "eli"):
        other = {"alert": tenant.alerts["vendor"], "v": 1, "nominees": nominee}
        await asyncio.wait_for(tenant.press("pat", "assignOwner", other), IN_TIME)
        await tenant.bot.settle()
    async with tenant.world.store.reading() as tx:
        asked = {nomination.nominee.id: nomination.id for nomination in await tx.nominations_pending()}
    for actor, verb, nominee in (
        ("tom", "accept", "tom"), ("ada", "approve", "tom"), ("sam", "decline", "sam"), ("eli", "accept", "eli"),
        ("ada", "reject", "eli"),
    ):  # fmt: skip
        answer = await asyncio.wait_for(tenant.press(actor, verb, {"nomination": asked[nominee], "v": 1}), IN_TIME)
        assert (answer[0], answer[2] != REFUSED) == (200, True), verb
        await tenant.bot.settle()
    for text in ("my apps", "status", "status invoice", "expiring", "ownerless", "why", "last scan", "history invoice"):
        assert await asyncio.wait_for(tenant.say("ada", text), IN_TIME), text
    unreachable = await tenant.say("ada", "history invoice")
    assert "can't reach the history" in unreachable
    assert not pump.done()

    archive.back.set()
    await pump
    await EventPump(store=tenant.world.store, archive=archive).run_once()
    assert EventType.ACKNOWLEDGED in {event.type for event in archive.events}
    assert "can't reach" not in await tenant.say("ada", "history invoice")
