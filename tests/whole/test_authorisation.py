"""Who may what: every verb and every command by every kind of person, as activities of Teams with genuine tokens.

The real core on a real store behind the real endpoint; Teams is the scripted channel of tests/bot.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerts.views import Sentence
from bot.commands import COMMANDS
from cards.render import Words, render_sentence
from store.engine import sqlite_of
from tests.alerts.world import World, sqlite_url
from tests.bot.channel import Authority
from tests.bot.house import House, house

CARD = "application/vnd.microsoft.card.adaptive"
OTHER_TENANT = "eeeeeeee-0000-4000-8000-00000000000e"

#: ana and eli own "invoice", dan did until his account was disabled; pat owned "vendor" and is still there; lou
#: owned "legacy" and left, mia is his manager; tom is asked to take "invoice" over; ada and abe are admins, sue is
#: support, sam nobody, gus a guest.
ACTORS = ("ana", "eli", "pat", "mia", "tom", "ada", "sue", "sam", "gus", "dan")
REFUSED = render_sentence(Sentence(key="refused"), Words())
ADMINS_ONLY = render_sentence(Sentence(key="admins_only"), Words())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


class Tenant:
    """The people above and their apps, and a way to act as each of them."""

    def __init__(self, world: World, bot: House) -> None:
        self.world, self.bot = world, bot
        self.ids = itertools.count(1)

    async def set_up(self) -> None:
        world = self.world
        for name in ("pat", "dan", "lou", "sue", "sam", "abe"):
            world.person(name, manager="mia" if name == "lou" else "")
        world.person("gus", user_type="Guest")
        world.disable("lou")
        world.app("invoice", ("ana", "eli", "dan"), world.secret(20.5))
        world.app("vendor", (), world.secret(20.5))
        world.app("legacy", (), world.secret(20.5))
        world.once_owned_by("vendor", "pat", days_ago=100)
        world.once_owned_by("legacy", "lou", days_ago=100)
        world.roles.admin_users, world.roles.support_users = ("ada", "abe"), ("sue",)
        await world.roles.refresh()
        await world.first()
        world.disable("dan")
        async with world.store.transaction() as tx:
            await tx.save_people([world.people["dan"]])
        self.alerts = {}
        async with world.store.reading() as tx:
            for alert in await tx.alerts_unclosed():
                self.alerts[alert.application.object_id] = alert.id

    async def press(self, actor: str, verb: str, data: dict[str, Any], tenant: str = "", **more: Any) -> Any:
        """(status, type, text of the answer) of one button."""
        fields: dict[str, Any] = {
            "id": f"i{next(self.ids)}",
            "from": {"id": f"29:{actor}", "aadObjectId": actor, "name": actor},
            "conversation": {"id": f"a:{actor}", "conversationType": "personal"},
            "replyToId": "some-card",
            **more,
        }
        if tenant:
            fields["channelData"] = {"tenant": {"id": tenant}}
        status, body = await self.bot.post(self.bot.channel.invoke(verb, data, **fields))
        if status != 200:
            return status, "", ""
        return status, body["type"], body["value"] if isinstance(body["value"], str) else "card"

    async def say(self, actor: str, text: str, **more: Any) -> str:
        """What is posted to the chat, as text."""
        before = len(self.bot.said())
        fields = {
            "id": f"m{next(self.ids)}",
            "text": text,
            "locale": "en-GB",
            "from": {"id": f"29:{actor}", "aadObjectId": actor, "name": actor},
            "conversation": {"id": f"a:{actor}", "conversationType": "personal"},
            **more,
        }
        status, _ = await self.bot.post(self.bot.channel.activity(**fields))
        assert status in (200, 201, 202)
        said = self.bot.said()[before:]
        assert len(said) == 1, said
        return str(said[0].get("text") or said[0])

    async def mark(self) -> tuple[int, int]:
        """Grows with everything that changes."""
        async with self.world.store.reading() as tx:
            return len(await tx.events_waiting(10_000)), len(await tx.audit_last(10_000))  # type: ignore[attr-defined]


@pytest.fixture
async def tenant(tmp_path: Path, authority: Authority) -> AsyncIterator[Tenant]:
    async with World(sqlite_url(tmp_path)) as world, house(authority, core=world) as bot:
        made = Tenant(world, bot)
        await made.set_up()
        yield made


# ---------------------------------------------------------------- verbs on alerts

#: verb -> inputs, and (app -> who may) in the order in which they press; everybody else is refused.
ON_ALERTS: dict[str, tuple[dict[str, str], dict[str, tuple[str, ...]]]] = {
    "acknowledge": ({}, {"invoice": ("ana", "eli", "ada"), "vendor": ("pat", "ada"), "legacy": ("mia", "ada")}),
    "renewed": ({}, {"invoice": ("ana", "eli", "ada"), "vendor": ("pat", "ada"), "legacy": ("mia", "ada")}),
    "snooze": ({"days": "3"}, {"invoice": ("ana", "eli", "ada"), "vendor": ("pat", "ada"), "legacy": ("mia", "ada")}),
    "assignOwner": (
        {"nominees": "tom"},
        {"invoice": ("ana", "eli", "ada"), "vendor": ("pat", "ada"), "legacy": ("mia", "ada")},
    ),
    "notMine": ({}, {"invoice": ("ana", "eli"), "vendor": ("pat",), "legacy": ("mia",)}),
    "retire": ({}, {"invoice": ("ana", "eli", "ada"), "vendor": ("pat", "ada"), "legacy": ("mia", "ada")}),
    "automatic": ({}, {"invoice": ("ana", "eli", "ada"), "vendor": ("ada",), "legacy": ("ada",)}),
    "open": ({}, {"invoice": ("ana", "eli", "ada"), "vendor": ("pat", "ada"), "legacy": ("mia", "ada")}),
    "refresh": ({}, {"invoice": ("ana", "eli", "ada"), "vendor": ("pat", "ada"), "legacy": ("mia", "ada")}),
    "release": ({}, {"invoice": ("ana", "eli", "ada"), "vendor": ("pat", "ada"), "legacy": ("mia", "ada")}),
    "accept": ({}, {}),
    "decline": ({}, {}),
    "approve": ({}, {}),
    "reject": ({}, {}),
    "delete": ({}, {}),
}


@pytest.mark.parametrize("verb", ON_ALERTS)
async def test_a_verb_on_an_alert(tenant: Tenant, verb: str) -> None:
    inputs, may = ON_ALERTS[verb]
    before = await tenant.mark()
    for app, alert in tenant.alerts.items():
        for actor in ACTORS:
            if actor not in may.get(app, ()):
                answer = await tenant.press(actor, verb, {"alert": alert, "v": 1, **inputs})
                assert answer == (200, "application/vnd.microsoft.activity.message", REFUSED), (app, actor)
        assert (await tenant.press("ana", verb, {"alert": alert, "v": 1, **inputs}, tenant=OTHER_TENANT))[0] == 403
    assert await tenant.mark() == before
    for app, actors in may.items():
        for actor in actors:
            answer = await tenant.press(actor, verb, {"alert": tenant.alerts[app], "v": 1, **inputs})
            assert answer == (200, CARD, "card"), (app, actor)


async def test_only_who_answered_and_admins_take_an_answer_back(tenant: Tenant) -> None:
    alert = tenant.alerts["invoice"]
    for verb in ("acknowledge", "retire", "automatic"):
        await tenant.press("ana", verb, {"alert": alert, "v": 1})
        before = await tenant.mark()
        for actor in ACTORS:
            if actor not in ("ana", "ada"):
                assert (await tenant.press(actor, "release", {"alert": alert, "v": 1}))[2] == REFUSED, (verb, actor)
        assert await tenant.mark() == before
        assert (await tenant.press("ada", "release", {"alert": alert, "v": 1}))[2] == "card"


# ---------------------------------------------------------------- verbs on nominations


async def nominated(tenant: Tenant, nominator: str = "ana", nominee: str = "tom") -> str:
    await tenant.press(nominator, "assignOwner", {"alert": tenant.alerts["invoice"], "v": 1, "nominees": nominee})
    async with tenant.world.store.reading() as tx:
        return (await tx.nominations_pending())[0].id


@pytest.mark.parametrize("verb", ["accept", "decline"])
async def test_only_the_nominee_accepts_or_declines(tenant: Tenant, verb: str) -> None:
    data = {"nomination": await nominated(tenant), "v": 1}
    before = await tenant.mark()
    for actor in ACTORS:
        if actor != "tom":
            assert (await tenant.press(actor, verb, data))[2] == REFUSED, actor
    assert (await tenant.press("tom", verb, data, tenant=OTHER_TENANT))[0] == 403
    assert await tenant.mark() == before
    assert await tenant.press("tom", verb, data) == (200, CARD, "card")


@pytest.mark.parametrize("verb", ["approve", "reject"])
@pytest.mark.parametrize(("nominator", "nominee"), [("ana", "tom"), ("ada", "tom"), ("ana", "ada"), ("ada", "ada")])
async def test_only_an_admin_who_has_no_part_in_it_decides(
    tenant: Tenant, verb: str, nominator: str, nominee: str
) -> None:
    data = {"nomination": await nominated(tenant, nominator, nominee), "v": 1}
    if nominator != nominee:
        await tenant.press(nominee, "accept", data)
    may = {"ada", "abe"} - {nominator, nominee}
    before = await tenant.mark()
    for actor in (*ACTORS, "abe"):
        if actor not in may:
            assert (await tenant.press(actor, verb, data))[2] == REFUSED, actor
    assert await tenant.mark() == before
    assert await tenant.press(min(may), verb, data) == (200, CARD, "card")


async def test_a_nomination_is_shown_to_its_nominee_and_to_admins(tenant: Tenant) -> None:
    data = {"nomination": await nominated(tenant), "v": 1}
    shown = [actor for actor in ACTORS if (await tenant.press(actor, "refresh", data))[2] == "card"]
    assert shown == ["tom", "ada"]


# ---------------------------------------------------------------- nothing is learned


async def test_what_exists_and_what_does_not_get_the_same_answer(tenant: Tenant) -> None:
    nomination = await nominated(tenant)
    unknown = "0" * 32
    for verb in ("acknowledge", "open", "refresh", "retire", "accept", "approve"):
        answers = {
            str(await tenant.press("sam", verb, data))
            for data in (
                {"alert": tenant.alerts["invoice"], "v": 1},
                {"alert": unknown, "v": 1},
                {"nomination": nomination, "v": 1},
                {"nomination": unknown, "v": 1},
                {"digest": unknown},
                {},
            )
        }
        assert len(answers) == 1, verb
    known = await tenant.say("sam", "status invoice")
    assert known.replace("invoice", "x") == (await tenant.say("sam", "status nothing")).replace("nothing", "x")


async def test_a_stranger_learns_nothing_from_how_much_is_asked_of_the_store(tenant: Tenant) -> None:
    """As many statements for what exists as for what does not: then no clock tells them apart."""
    statements: list[str] = []
    await tenant.press("sam", "refresh", {})
    store: Any = tenant.world.store
    for rested in [*store._reader._idle, *store._writer._idle]:
        sqlite_of(rested.connection).set_trace_callback(statements.append)
    counts: dict[str, list[int]] = {}
    for verb in ("acknowledge", "open", "refresh"):
        for name, alert in (("known", tenant.alerts["invoice"]), ("unknown", "0" * 32)):
            statements.clear()
            assert (await tenant.press("sam", verb, {"alert": alert, "v": 1}))[2] == REFUSED
            counts.setdefault(name, []).append(len(statements))
    assert counts["known"] == counts["unknown"]
    assert min(counts["known"]) > 0


async def test_a_group_chat_gets_no_detail_whoever_asks(tenant: Tenant) -> None:
    group: dict[str, Any] = {"conversation": {"id": "19:group", "conversationType": "groupChat"}}
    for actor in ("ana", "ada"):
        answer = await tenant.press(actor, "open", {"alert": tenant.alerts["invoice"], "v": 1}, **group)
        assert answer[2] == REFUSED
        assert "nvoice" not in await tenant.say(actor, "status invoice", **group)


async def test_the_card_and_its_data_say_nothing_about_who_acts(tenant: Tenant) -> None:
    data = {"alert": tenant.alerts["invoice"], "v": 1, "actor": "ana", "aadObjectId": "ana", "role": "admin"}
    assert (await tenant.press("sam", "acknowledge", data))[2] == REFUSED


# ---------------------------------------------------------------- one click, one effect


async def test_twenty_clicks_at_once_and_repeats_under_new_ids_have_one_effect(tenant: Tenant) -> None:
    data = {"alert": tenant.alerts["invoice"], "v": 1}
    answers = await asyncio.gather(*(tenant.press("ana", "acknowledge", data) for _ in range(20)))
    assert set(answers) == {(200, CARD, "card")}
    events = [event for event in await tenant.world.events() if event.type == "Acknowledged"]
    assert len(events) == 1


async def test_the_same_invoke_again_does_nothing_however_late(tenant: Tenant) -> None:
    data = {"alert": tenant.alerts["invoice"], "v": 1, "nominees": "tom"}
    await tenant.press("ana", "assignOwner", data, id="same")
    async with tenant.world.store.reading() as tx:
        nomination = (await tx.nominations_pending())[0].id
    await tenant.press("tom", "decline", {"nomination": nomination, "v": 1})
    before = await tenant.mark()

    assert await tenant.press("ana", "assignOwner", data, id="same") == (200, CARD, "card")
    assert await tenant.mark() == before
    other = {**data, "nominees": "pat"}
    assert (await tenant.press("ana", "assignOwner", other, id="same"))[2] == REFUSED
    assert await tenant.mark() == before


async def test_every_action_is_in_the_audit_and_a_changed_row_shows(tenant: Tenant) -> None:
    alert = tenant.alerts["invoice"]
    steps: tuple[tuple[str, dict[str, str]], ...] = (
        ("acknowledge", {}), ("release", {}), ("snooze", {"days": "3"}), ("automatic", {}),
    )  # fmt: skip
    for verb, more in steps:
        await tenant.press("ana", verb, {"alert": alert, "v": 1, **more})
    await tenant.say("ada", "exclude invoice until 2026-12-30 moves away")
    async with tenant.world.store.reading() as tx:
        rows = await tx.audit_last(50)  # type: ignore[attr-defined]
        assert await tx.audit_broken_at() is None  # type: ignore[attr-defined]
    found = [(row.actor_id, row.verb) for row in reversed(rows)]
    assert found == [
        ("ana", "acknowledge"), ("ana", "release"), ("ana", "snooze"), ("ana", "automatic"), ("ada", "exclude"),
    ]  # fmt: skip
    assert all(row.after or row.before for row in rows)


# ---------------------------------------------------------------- commands

#: Usage -> what is typed, and who gets more than a refusal.
EVERYBODY = (*ACTORS, "abe")
READERS, ADMINS = ("ada", "abe", "sue"), ("ada", "abe")
TYPED: dict[str, tuple[str, tuple[str, ...]]] = {
    "help": ("help", EVERYBODY),
    "my apps": ("my apps", EVERYBODY),
    "why": ("why", EVERYBODY),
    "status <app>": ("status invoice", ("ana", "eli", "ada", "abe", "sue")),
    "snooze <app> <days>": ("snooze invoice 3", ("ana", "eli", "ada", "abe")),
    "assign <app> to <person>": ("assign invoice to Tom", ("ana", "eli", "ada", "abe")),
    "expiring [days]": ("expiring 30", READERS),
    "ownerless": ("ownerless", READERS),
    "history <app>": ("history invoice", READERS),
    "expired [days]": ("expired", READERS),
    "unreachable": ("unreachable", READERS),
    "nominations": ("nominations", READERS),
    "snoozed": ("snoozed", READERS),
    "retired": ("retired", READERS),
    "excluded": ("excluded", READERS),
    "last scan": ("last scan", READERS),
    "scan": ("scan", ADMINS),
    "exclude <app> until <date> <reason>": ("exclude invoice until 2026-12-30 gone", ADMINS),
    "include <app>": ("include invoice", ADMINS),
    "unsnooze <app>": ("unsnooze invoice", ADMINS),
    "go pilot|all": ("go all", ADMINS),
    "pause [hours] <reason>": ("pause 1 tests", ADMINS),
    "resume": ("resume", ADMINS),
    "recall <run>": ("recall x", ADMINS),
    "preview": ("preview", ADMINS),
}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
async def test_a_command(tenant: Tenant, command: Any) -> None:
    text, may = TYPED[command.usage]
    none = render_sentence(Sentence(key="no_such_app", params={"query": "invoice"}), Words())
    refusals = (ADMINS_ONLY, REFUSED, none)
    before = await tenant.mark()
    for actor in EVERYBODY:
        if actor not in may:
            assert (await tenant.say(actor, text)) in refusals, actor
    assert await tenant.mark() == before
    for actor in may:
        assert (await tenant.say(actor, text)) not in refusals, actor


def test_the_table_holds_every_command() -> None:
    assert set(TYPED) >= {command.usage for command in COMMANDS}
