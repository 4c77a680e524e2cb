"""What people do reaches the bot as Teams sends it, and its answers are shown as a Teams client shows them."""

import asyncio
import json

import jwt
import pytest

from sandbox.chats import Chats, teams_user_id
from sandbox.tokens import BOT_FRAMEWORK
from tests.sandbox.teams import card, card_answer, message, message_answer, teams


@pytest.fixture
async def world(tmp_path):
    async with teams(tmp_path) as running:
        yield running


async def press(world, name, activity, verb="acknowledge", data=None):
    body = {"activity": activity, "verb": verb, "data": {"alert": "a1", "v": 1} if data is None else data}
    return await world.control("POST", f"/control/as/{name}/invoke", body)


def shown(messages, index=-1):
    return messages[index]["card"]["body"][0]["text"]


async def test_a_typed_command_carries_everything_that_teams_sends(world):
    answer = await world.control("POST", "/control/as/ana/message", {"text": "my apps"})
    activity, ana = world.bot.activities[-1], world.state.tenant.person("ana")

    assert 201 == answer["status"]
    assert ("message", "my apps", "msteams") == (activity["type"], activity["text"], activity["channelId"])
    assert {"id": teams_user_id(world.state, ana.id), "name": ana.display_name, "aadObjectId": ana.id} == activity[
        "from"
    ]
    assert {"id": world.state.tenant.tenant_id} == activity["channelData"]["tenant"]
    assert ("personal", world.state.tenant.tenant_id) == (
        activity["conversation"]["conversationType"],
        activity["conversation"]["tenantId"],
    )
    assert f"28:{world.state.identities.bot.client_id}" == activity["recipient"]["id"]
    assert world.state.settings["TEAMS_SERVICE_URL"] == activity["serviceUrl"]
    assert ("en-GB", "Europe/London") == (activity["locale"], activity["localTimezone"])
    assert "clientInfo" == activity["entities"][0]["type"]
    assert answer["activity"] == activity["id"] == (await world.chat("ana"))[0]["activity"]


async def test_the_token_proves_the_channel(world):
    await world.control("POST", "/control/as/ana/message", {"text": "help"})
    token = world.bot.tokens[-1].removeprefix("Bearer ")
    keys = {key["kid"]: key for key in world.state.tokens.channel_jwks()["keys"]}
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(
        token,
        jwt.PyJWK(key).key,
        algorithms=["RS256"],
        audience=world.state.identities.bot.client_id,
        issuer=BOT_FRAMEWORK,
    )

    assert ["msteams"] == key["endorsements"]
    assert world.state.settings["TEAMS_SERVICE_URL"] == claims["serviceurl"]


async def test_a_pressed_button_arrives_as_an_invoke(world):
    conversation, activity = await world.sent("ana", card())
    await press(world, "ana", activity, "snooze", {"alert": "a1", "v": 1, "days": "7"})
    invoke = world.bot.activities[-1]

    assert ("invoke", "adaptiveCard/action", activity) == (invoke["type"], invoke["name"], invoke["replyToId"])
    assert conversation == invoke["conversation"]["id"]
    assert {
        "action": {
            "type": "Action.Execute",
            "id": "",
            "verb": "snooze",
            "data": {"alert": "a1", "v": 1, "days": "7"},
        },
        "trigger": "manual",
    } == invoke["value"]


async def test_a_returned_card_is_shown_to_this_person_and_not_stored(world):
    conversation, activity = await world.sent("ana", card("open"))
    world.bot.answers = [card_answer(card("taken"))]
    await press(world, "ana", activity)
    after = (await world.chat("ana"))[0]
    stored = world.state.part(Chats).chats[conversation].messages[activity].card

    assert ("taken", "pressed") == (after["card"]["body"][0]["text"], after["answered"])
    assert "open" == after["stored_card"]["body"][0]["text"] == stored["body"][0]["text"]


async def test_an_update_of_the_message_replaces_a_returned_card(world):
    conversation, activity = await world.sent("ana", card("open"))
    world.bot.answers = [card_answer(card("taken"))]
    await press(world, "ana", activity)
    await world.request("PUT", f"/{conversation}/activities/{activity}", message(card("updated")))

    assert "updated" == shown(await world.chat("ana"))


async def test_the_next_day_clients_show_what_is_stored(world):
    _, activity = await world.sent("ana", card("open"))
    world.bot.answers = [card_answer(card("taken"))]
    await press(world, "ana", activity)
    await world.control("POST", "/control/advance", {"days": 1})

    assert "open" == shown(await world.chat("ana"))


async def test_a_returned_message_leaves_the_card_as_it_is(world):
    _, activity = await world.sent("ana", card("open"))
    world.bot.answers = [message_answer("This is not for you, or it is no longer there.")]
    answer = await press(world, "ana", activity)

    assert "This is not for you, or it is no longer there." == answer["body"]["value"]
    assert "open" == shown(await world.chat("ana"))


async def test_a_click_forged_with_somebody_elses_card_reaches_the_bot_as_who_clicked(world):
    _, activity = await world.sent("ana", card("ana's"))
    world.bot.answers = [card_answer(card("stolen"))]
    await press(world, "tom", activity)
    invoke = next(each for each in world.bot.activities if each["type"] == "invoke")

    assert (world.id_of("tom"), activity) == (invoke["from"]["aadObjectId"], invoke["replyToId"])
    assert "ana's" == shown(await world.chat("ana"))
    assert [] == await world.chat("tom")


async def test_action_submit_arrives_as_a_message_with_a_value(world):
    _, activity = await world.sent("ana", card())
    await world.control(
        "POST", "/control/as/ana/submit", {"activity": activity, "data": {"verb": "notMine", "alert": "a1"}}
    )
    sent = world.bot.activities[-1]

    assert ("message", {"verb": "notMine", "alert": "a1"}, activity) == (sent["type"], sent["value"], sent["replyToId"])
    assert "text" not in sent
    assert 1 == len(await world.chat("ana"))


async def test_a_button_that_types_a_command_sends_it_as_the_persons_own_words(world):
    _, activity = await world.sent("ana", card())
    typed = {"msteams": {"type": "imBack", "value": "my apps page 2"}}
    await world.control("POST", "/control/as/ana/submit", {"activity": activity, "data": typed})
    sent = world.bot.activities[-1]

    assert ("message", "my apps page 2") == (sent["type"], sent["text"])
    assert "value" not in sent
    assert 2 == len(await world.chat("ana"))


# ---------------------------------------------------------------- refresh


def refreshing(world, name, text="stored"):
    action = {"type": "Action.Execute", "verb": "refresh", "data": {"alert": "a1"}}
    return card(text, refresh={"action": action, "userIds": [teams_user_id(world.state, world.id_of(name))]})


async def test_opening_a_chat_refreshes_the_card_once_a_minute(world):
    await world.sent("ana", refreshing(world, "ana"))
    world.bot.answers = [card_answer(refreshing(world, "ana", "fresh"))]
    counts = [(await world.control("POST", "/control/as/ana/open"))["refreshed"]]
    first = (await world.chat("ana"))[0]
    world.clock.move(seconds=60)
    counts.append((await world.control("POST", "/control/as/ana/open"))["refreshed"])
    world.clock.move(seconds=1)
    counts.append((await world.control("POST", "/control/as/ana/open"))["refreshed"])

    assert [1, 0, 1] == counts
    assert ("fresh", "refreshed") == (first["card"]["body"][0]["text"], first["answered"])
    assert ["automatic", "automatic"] == [each["value"]["trigger"] for each in world.bot.activities]
    assert "refresh" == world.bot.activities[0]["value"]["action"]["verb"]


async def test_a_card_is_not_refreshed_for_who_is_not_named_in_it(world):
    await world.sent("ana", refreshing(world, "mia"))
    answer = await world.control("POST", "/control/as/ana/open")

    assert 0 == answer["refreshed"]
    assert [] == world.bot.activities


# ---------------------------------------------------------------- installation


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the twin tells nobody that it has sent
            await asyncio.sleep(0.01)


async def test_an_installation_by_graph_is_announced(world):
    install = world.state.tokens.access_token(world.state.identities.by_name["install"], "https://graph.microsoft.com")
    eli, app = world.id_of("eli"), world.state.identities.catalog_app_id
    body = {"teamsApp@odata.bind": f"https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/{app}"}
    url = f"{world.state.urls['graph']}/v1.0/users/{eli}/teamwork/installedApps"
    async with world.session.post(url, json=body, headers={"Authorization": f"Bearer {install}"}) as response:
        assert response.status == 201, await response.text()
    await until(lambda: len(world.bot.activities) == 2)

    assert ["installationUpdate", "conversationUpdate"] == world.bot.kinds
    assert "add" == world.bot.activities[0]["action"]
    assert {eli} == {each["from"]["aadObjectId"] for each in world.bot.activities}
    assert 201 == (await world.create(eli))[0]


async def test_whoever_writes_to_the_bot_first_adds_its_app(world):
    await world.control("POST", "/control/as/eli/message", {"text": "help"})

    assert ["installationUpdate", "conversationUpdate", "message"] == world.bot.kinds
    assert world.state.tenant.person("eli").has_teams_app


async def test_who_left_cannot_sign_in(world):
    answer = await world.control("POST", "/control/as/ben/message", {"text": "help"}, expected=403)

    assert "Ben Bauer cannot sign in." == answer["error"]["message"]
    assert [] == world.bot.activities


# ---------------------------------------------------------------- when the bot does not answer


async def test_a_bot_that_is_away_is_reported_to_the_person(world):
    await world.control("POST", "/control/bot", {"messages_url": "http://127.0.0.1:9/api/messages"})
    _, activity = await world.sent("ana", card("open"))
    answer = await press(world, "ana", activity)

    assert (0, None) == (answer["status"], answer["body"])
    assert answer["error"].startswith("Unable to reach app")
    assert "open" == shown(await world.chat("ana"))


async def test_a_bot_that_fails_is_reported_with_its_status(world):
    world.bot.status = 500
    _, activity = await world.sent("ana", card("open"))
    answer = await press(world, "ana", activity)

    assert 500 == answer["status"]
    assert "open" == shown(await world.chat("ana"))


async def test_a_foreign_address_cannot_be_registered(world):
    await world.control("POST", "/control/bot", {"messages_url": "http://192.0.2.1:80/api/messages"}, expected=400)

    assert world.messages_url == world.state.part(Chats).messages_url


async def test_the_control_endpoints_want_their_token(world):
    url = world.state.urls["control"] + "/control/truth"
    statuses = []
    for token in ("", "Bearer wrong", f"Bearer {world.token()}"):
        async with world.session.get(url, headers={"Authorization": token}) as response:
            statuses.append(response.status)

    assert [401, 401, 401] == statuses


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": 5}, [1]])
async def test_what_is_no_message_is_refused_with_a_reason(world, body):
    answer = await world.control("POST", "/control/as/ana/message", body, expected=400)

    assert "BadRequest" == answer["error"]["code"]
    assert json.dumps(answer["error"]["message"])
