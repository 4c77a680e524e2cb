"""The Bot Connector twin takes what Teams takes, and refuses what Teams refuses with Teams' words."""

import io
import json

import pytest

from sandbox.chats import Chats, teams_user_id
from sandbox.connector_limits import RateLimits
from sandbox.tokens import GRAPH
from sandbox.traffic import Fault
from tests.sandbox.teams import Clock, card, message, open_state, teams


@pytest.fixture
async def world(tmp_path):
    async with teams(tmp_path) as running:
        yield running


def code_of(answer):
    return answer[1]["error"]["code"]


async def test_a_person_without_the_app_cannot_be_written_to_until_it_is_installed(world):
    refused = await world.create(world.id_of("eli"))
    world.state.change("appAdded", person=world.id_of("eli"))
    granted = await world.create(world.id_of("eli"))

    assert (403, "ForbiddenOperationException") == (refused[0], code_of(refused))
    assert "Bot is not installed in user's personal scope" == refused[1]["error"]["message"]
    assert 201 == granted[0]


async def test_the_chat_with_a_person_is_the_same_one_by_either_id(world):
    first = await world.create(world.id_of("ana"))
    again = await world.create(teams_user_id(world.state, world.id_of("ana")))

    assert first[1]["id"] == again[1]["id"]
    assert first[1]["id"].startswith("a:1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"members": []},
        {"members": [{"id": "a"}, {"id": "b"}]},
        {"members": "ana"},
        {"members": [{}]},
        {"members": [{"id": "29:1nobody"}]},
        {"isGroup": True},
        {"channelData": {"tenant": {"id": "another"}}},
    ],
    ids=["none", "two", "a text", "without id", "unknown", "group", "other tenant"],
)
async def test_wrong_parameters_of_a_conversation_are_refused(world, wrong):
    status, body, _ = await world.create(world.id_of("ana"), **wrong)

    assert 400 == status
    assert body["error"]["code"] in ("BadSyntax", "BadArgument")


async def test_only_the_bots_own_token_is_taken(world):
    wrong = ["", "garbage", world.token(audience=GRAPH), world.token(identity="scanner")]
    statuses = [(await world.request("POST", "", {}, token=token))[0] for token in wrong]

    assert [401, 401, 401, 401] == statuses


async def test_a_message_is_posted_updated_and_deleted(world):
    conversation, activity = await world.sent("ana", card("first"))
    updated = await world.request("PUT", f"/{conversation}/activities/{activity}", message(card("second")))
    after_update = (await world.chat("ana"))[0]
    deleted = await world.request("DELETE", f"/{conversation}/activities/{activity}")
    after_delete = (await world.chat("ana"))[0]

    assert (200, {"id": activity}) == updated[:2]
    assert "second" == after_update["card"]["body"][0]["text"]
    assert after_update["updated"] is not None
    assert 200 == deleted[0]
    assert after_delete["deleted"]
    assert after_delete["card"] is None


async def test_a_reply_goes_to_the_same_chat_as_a_message(world):
    conversation = await world.chat_with("ana")
    answer = await world.request("POST", f"/{conversation}/activities/anything", message(text="hello"))

    assert 201 == answer[0]
    assert [answer[1]["id"]] == [each["activity"] for each in await world.chat("ana")]


async def test_what_is_not_there_is_not_found(world):
    conversation, activity = await world.sent("ana", card())
    await world.request("DELETE", f"/{conversation}/activities/{activity}")
    no_chat = await world.post("a:1unknown", message(card()))
    no_message = await world.request("PUT", f"/{conversation}/activities/17", message(card()))
    gone = await world.request("PUT", f"/{conversation}/activities/{activity}", message(card()))

    assert (404, "ConversationNotFound") == (no_chat[0], code_of(no_chat))
    assert (404, "ActivityNotFoundInConversation") == (no_message[0], code_of(no_message))
    assert (404, "ActivityNotFoundInConversation") == (gone[0], code_of(gone))


async def test_the_bot_cannot_change_what_a_person_wrote(world):
    await world.control("POST", "/control/as/ana/message", {"text": "help"})
    conversation, written = await world.chat_with("ana"), (await world.chat("ana"))[0]["activity"]
    answer = await world.request("PUT", f"/{conversation}/activities/{written}", message(text="never said"))

    assert 404 == answer[0]
    assert "help" == (await world.chat("ana"))[0]["text"]


@pytest.mark.parametrize("letters", [51_200, 5_000_000], ids=["over 100 KB of UTF-16", "over what the twin reads"])
async def test_a_message_that_is_too_large_is_refused(world, letters):
    conversation = await world.chat_with("ana")
    body = io.BytesIO(json.dumps(message(card("x" * letters))).encode())
    answer = await world.request("POST", f"/{conversation}/activities", data=body)

    assert (413, "MessageSizeTooBig") == (answer[0], code_of(answer))
    assert [] == await world.chat("ana")


async def test_a_large_message_below_the_limit_is_taken(world):
    conversation = await world.chat_with("ana")

    assert 201 == (await world.post(conversation, message(card("x" * 50_000))))[0]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "event"},
        {"type": "message"},
        message({"type": "HeroCard"}),
        {"type": "message", "attachments": "x"},
    ],
    ids=["no type", "other type", "empty", "not a card", "attachments a text"],
)
async def test_what_is_no_message_is_refused(world, body):
    conversation = await world.chat_with("ana")

    assert 400 == (await world.post(conversation, body))[0]


async def test_broken_json_is_refused(world):
    conversation = await world.chat_with("ana")
    answer = await world.request("POST", f"/{conversation}/activities", data=b"{")

    assert 400 == answer[0]


async def test_who_blocked_the_bot_gets_nothing(world):
    conversation, activity = await world.sent("ana", card("first"))
    await world.control("POST", "/control/as/ana/block", {"blocked": True})
    posted = await world.post(conversation, message(card("second")))
    updated = await world.request("PUT", f"/{conversation}/activities/{activity}", message(card("second")))
    await world.control("POST", "/control/as/ana/block", {"blocked": False})
    again = await world.post(conversation, message(card("third")))

    assert [403, 403, 201] == [posted[0], updated[0], again[0]]
    assert 209 == posted[1]["errorCode"]
    assert "MessageWritesBlocked" in posted[1]["message"]
    assert ["first", "third"] == [each["card"]["body"][0]["text"] for each in await world.chat("ana")]


async def test_somebody_who_left_cannot_be_written_to(world):
    conversation, _ = await world.sent("ana", card())
    world.state.change("accountEnabled", user=world.id_of("ana"), enabled=False)

    assert 403 == (await world.post(conversation, message(card())))[0]
    assert 403 == (await world.create(world.id_of("ana")))[0]


async def test_text_and_card_in_one_activity_become_two_messages_without_an_id(world):
    conversation = await world.chat_with("ana")
    answer = await world.post(conversation, message(card("the card"), text="the text"))
    messages = await world.chat("ana")

    assert (201, {}) == answer[:2]
    assert [("the text", False), ("", True)] == [(each["text"], each["card"] is not None) for each in messages]


async def test_typing_leaves_no_message(world):
    conversation = await world.chat_with("ana")
    answer = await world.post(conversation, {"type": "typing"})

    assert 201 == answer[0]
    assert [] == await world.chat("ana")


async def test_the_roster_names_the_person_by_all_ids(world):
    conversation = await world.chat_with("ana")
    ana = world.state.tenant.person("ana")
    _, listed, _ = await world.request("GET", f"/{conversation}/members")
    _, paged, _ = await world.request("GET", f"/{conversation}/pagedmembers")
    _, single, _ = await world.request("GET", f"/{conversation}/members/{ana.id}")
    stranger = await world.request("GET", f"/{conversation}/members/{world.id_of('tom')}")

    assert [single] == listed == paged["members"]
    assert (ana.id, ana.upn) == (single["aadObjectId"], single["userPrincipalName"])
    assert single["id"].startswith("29:")
    assert 404 == stranger[0]


# ---------------------------------------------------------------- rates and faults


async def test_the_eighth_message_to_a_chat_within_a_second_has_to_wait(world):
    world.state.part(RateLimits).clock = lambda: 1000.0
    conversation = await world.chat_with("ana")
    answers = [await world.post(conversation, message(text=f"{number}")) for number in range(7)]
    other = await world.sent("mia", card())

    # Opening the chat counted as the first of seven.
    assert [201] * 6 + [429] == [answer[0] for answer in answers]
    assert "1" == answers[-1][2]["Retry-After"]
    assert 6 == len(await world.chat("ana"))
    assert other


async def test_the_rates_can_be_switched_off(world):
    world.state.part(RateLimits).clock = lambda: 1000.0
    await world.control("POST", "/control/limits", {"enabled": False})
    conversation = await world.chat_with("ana")
    answers = [await world.post(conversation, message(text=f"{number}")) for number in range(60)]

    assert {201} == {answer[0] for answer in answers}


async def test_the_fifty_first_call_in_a_second_has_to_wait_whatever_the_chat(world):
    world.state.part(RateLimits).clock = lambda: 1000.0
    people = [user.id for user in world.state.tenant.users.values() if user.active and user.has_teams_app][:51]
    answers = [await world.create(person) for person in people]

    assert [201] * 50 + [429] == [answer[0] for answer in answers]


async def test_an_ordered_fault_meets_the_next_message_and_no_other(world):
    conversation = await world.chat_with("ana")
    fault = Fault(service="connector", method="POST", path="/teams/v3/conversations/a", status=503, body="{}")
    world.state.traffic.order(fault)
    statuses = [(await world.post(conversation, message(card())))[0] for _ in range(2)]

    assert [503, 201] == statuses
    assert 1 == len(await world.chat("ana"))


async def test_a_fault_can_lose_the_answer_after_the_message_was_written(world):
    conversation = await world.chat_with("ana")
    path = "/teams/v3/conversations/a"
    await world.control(
        "POST", "/control/faults", {"service": "connector", "method": "POST", "path": path, "status": 504, "act": True}
    )
    status, _, _ = await world.request("POST", f"/{conversation}/activities", message(card()))

    assert 504 == status
    assert 1 == len(await world.chat("ana"))


# ---------------------------------------------------------------- what stays


async def test_a_new_message_is_unread_until_the_chat_is_opened_and_an_update_stays_read(world):
    conversation, activity = await world.sent("ana", card("first"))
    before = await world.control("GET", "/control/as/ana/chat")
    await world.control("POST", "/control/as/ana/open")
    await world.request("PUT", f"/{conversation}/activities/{activity}", message(card("second")))
    after = await world.control("GET", "/control/as/ana/chat")

    assert (1, True) == (before["unread"], before["messages"][0]["unread"])
    assert (0, False) == (after["unread"], after["messages"][0]["unread"])


async def test_a_restart_brings_the_chats_back(tmp_path):
    async with teams(tmp_path) as world:
        conversation, activity = await world.sent("ana", card("first"))
        await world.request("PUT", f"/{conversation}/activities/{activity}", message(card("second")))
        await world.control("POST", "/control/as/ana/open")
        await world.sent("mia", card("mia's"))
        await world.control("POST", "/control/as/mia/block")
    again = open_state(tmp_path, Clock())
    chats = again.part(Chats)

    assert "second" == chats.chats[conversation].messages[activity].card["body"][0]["text"]
    assert [0, 1] == [chats.of_person[again.tenant.cast[name]].unread for name in ("ana", "mia")]
    assert {again.tenant.cast["mia"]} == chats.blocked
