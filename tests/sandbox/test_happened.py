"""The story ticks itself from the tenant's state, and "What happened" names true files."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.model import EventType
from sandbox.archive_reader import ArchiveReader, _plain
from sandbox.happened import EVENT_FILES, MEANINGS
from sandbox.story import INVOICE_EXPORT, VENDOR_PORTAL_SYNC
from tests.sandbox.teams import card, card_answer, message, message_answer, teams

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
async def world(tmp_path):
    async with teams(tmp_path) as running:
        yield running


async def steps(world):
    return (await world.control("GET", "/control/story"))["steps"]


async def done(world):
    return [step["number"] for step in await steps(world) if step["done"]]


async def current(world):
    return [step["number"] for step in await steps(world) if step["current"]]


async def press(world, name, activity, verb, answer, **inputs):
    world.bot.answers = [answer]
    await world.control("POST", f"/control/as/{name}/invoke", {"activity": activity, "verb": verb, "data": inputs})


async def test_the_story_begins_with_anas_card(world):
    await world.sent("ana", card(INVOICE_EXPORT))

    assert [] == await done(world)
    assert [1] == await current(world)
    assert 7 == len(await steps(world))


async def test_each_step_ticks_when_it_is_done_and_not_before(world):
    _, anas = await world.sent("ana", card(INVOICE_EXPORT))
    await world.control("POST", "/control/as/ana/open")
    assert [1] == await done(world)
    await press(world, "ana", anas, "snooze", message_answer("no"), days="7")
    assert [1] == await done(world)
    await press(world, "ana", anas, "snooze", card_answer(card("quiet")), days="7")
    assert [1, 2] == await done(world)

    _, mias = await world.sent("mia", card(VENDOR_PORTAL_SYNC))
    assert [1, 2] == await done(world)
    await world.control("POST", "/control/as/mia/open")
    assert [1, 2, 3] == await done(world)
    await press(world, "mia", mias, "assignOwner", card_answer(card("asked")), nominees=world.id_of("eli"))
    assert [1, 2, 3] == await done(world)
    world.state.change("appAdded", person=world.id_of("eli"))
    _, elis = await world.sent("eli", card(f"Will you look after {VENDOR_PORTAL_SYNC}?"))
    assert [1, 2, 3, 4] == await done(world)
    await press(world, "eli", elis, "accept", card_answer(card("thank you")))
    assert [1, 2, 3, 4, 5] == await done(world)
    assert [6] == await current(world)


async def test_an_approved_owner_in_entra_and_in_the_archive_ends_the_story(world):
    app = world.state.tenant.app_named(VENDOR_PORTAL_SYNC)
    rows = [{"OwnerId": ""}]

    async def query(kql):
        assert app.object_id in kql
        return rows

    world.state.part(ArchiveReader).query = query
    world.state.change("ownerAdded", app=app.object_id, owner=world.id_of("eli"))
    assert [4, 5, 6] == await done(world)
    rows[0] = {"OwnerId": world.id_of("eli")}

    assert [4, 5, 6, 7] == await done(world)


# ---------------------------------------------------------------- what happened


async def test_the_last_clicks_requests_messages_and_rows_are_shown(world):
    conversation, activity = await world.sent("ana", card("open"))
    moment = (await world.control("POST", "/control/as/ana/message", {"text": "help"}))["moment"]
    await world.request("PUT", f"/{conversation}/activities/{activity}", message(card("updated"), summary="Updated"))
    later = (world.state.now() + timedelta(minutes=1)).isoformat()
    earlier = (world.state.now() - timedelta(minutes=1)).isoformat()

    async def query(kql):
        row = {"EventType": "Acknowledged", "Application": "Invoice Export", "ActorUPN": "ana@larkfield.example"}
        return [{**row, "TimeGenerated": later}, {**row, "TimeGenerated": earlier}]

    world.state.part(ArchiveReader).query = query
    at = moment["at"].replace("+", "%2B")
    body = await world.control("GET", f"/control/happened?since={moment['mark']}&at={at}")

    assert [("PUT", 200, "bot/connector.py")] == [
        (each["method"], each["status"], each["file"]) for each in body["requests"]
    ]
    assert {"Ana Alvarez wrote", "Card of Ana Alvarez brought up to date"} == {
        each["what"] for each in body["messages"]
    }
    assert ["Updated"] == [each["summary"] for each in body["messages"] if each["file"]]
    assert [("Acknowledged", "alerts/answering.py")] == [(each["what"], each["file"]) for each in body["rows"]]


async def test_an_archive_that_cannot_be_read_is_said_and_hurts_nothing(world):
    body = await world.control("GET", "/control/archive")

    assert ([], []) == (body["events"], body["records"])
    assert body["error"]


NAMED = {file for meaning in MEANINGS for file in re.split(r", | or ", meaning.file)} | set(EVENT_FILES.values())


@pytest.mark.parametrize("file", sorted(NAMED))
def test_the_named_files_exist(file):
    assert (ROOT / file).is_file()


@pytest.mark.parametrize("event", EVENT_FILES)
def test_the_named_file_writes_the_event(event):
    name = EventType(event).name

    assert f"EventType.{name}" in (ROOT / EVENT_FILES[event]).read_text(encoding="utf-8")


def test_dynamic_columns_are_decoded():
    assert {"deliveryId": "d1"} == _plain(json.dumps({"deliveryId": "d1"}))
    assert "[not json" == _plain("[not json")
