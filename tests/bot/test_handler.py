"""What people do in Teams and what comes back: buttons, messages, installing and removing the app."""

import asyncio
import json

import pytest

from alerts.model import Application, ApplicationType, Nomination, NominationState, Person
from alerts.views import NominationRole, NominationView, Sentence
from bot.handler import REFUSED
from cards.render import Words, render_sentence
from tests.bot.channel import ADA, ANA, APP_ID, TENANT, Answer
from tests.bot.house import NOW, house

CARD = "application/vnd.microsoft.card.adaptive"
MESSAGE = "application/vnd.microsoft.activity.message"
ERROR = "application/vnd.microsoft.error"


def words(key, **params):
    return render_sentence(Sentence(key=key, params=params), Words())


def card_view():
    """Any view that is drawn as a card."""
    person = Person(id=ANA, display_name="Ana")
    application = Application(
        object_id="o1", app_id="app1", display_name="Payroll Feed", type=ApplicationType.APP_REGISTRATION
    )
    nomination = Nomination(
        id="n1",
        alert_id="a1",
        application=application,
        nominator=person,
        nominee=person,
        state=NominationState.ASKED,
        created_at=NOW,
        changed_at=NOW,
        answer_by=NOW,
    )
    return NominationView(
        nomination=nomination, role=NominationRole.NOMINEE, recipient=person, time_zone="UTC", now=NOW, item=None
    )


# ---------------------------------------------------------------- buttons


async def test_a_button_is_answered_with_the_new_card(bot):
    bot.actions.view = card_view()

    status, body = await bot.post(bot.channel.invoke())

    assert (status, body["statusCode"], body["type"]) == (200, 200, CARD)
    assert body["value"]["type"] == "AdaptiveCard"
    assert bot.said() == []


async def test_a_button_is_answered_with_a_sentence(bot):
    bot.actions.view = Sentence(key="graph_unreachable")

    status, body = await bot.post(bot.channel.invoke())

    assert (status, body) == (200, {"statusCode": 200, "type": MESSAGE, "value": words("graph_unreachable")})


async def test_the_actor_is_whom_teams_names_and_never_whom_the_card_names(bot):
    data = {"alert": "a1", "v": 3, "actor_id": ADA, "from": ADA, "isAdmin": True, "days": "7", "note": "x"}

    await bot.post(bot.channel.invoke("snooze", data))

    action = bot.actions.performed[0]
    assert (action.actor_id, action.verb) == (ANA, "snooze")
    assert action.data == {"alert": "a1", "v": 3}
    assert action.inputs == {"days": "7", "note": "x"}
    assert (action.card_activity_id, action.invoke_id) == ("card-1", "1700000000000")
    assert not action.automatic


async def test_a_refresh_by_the_client_is_marked_as_automatic(bot):
    action = {"type": "Action.Execute", "verb": "refresh", "data": {"alert": "a1", "v": 3}}

    await bot.post(bot.channel.invoke(value={"action": action, "trigger": "automatic"}))

    assert bot.actions.performed[0].automatic


def execute(**changes):
    action = {"type": "Action.Execute", "verb": "acknowledge", "data": {"alert": "a1", "v": 3}, **changes}
    return {"action": action, "trigger": "manual"}


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        [],
        {},
        {"action": None},
        {"action": "acknowledge"},
        execute(type="Action.Submit"),
        execute(type=None),
        execute(verb=None),
        execute(verb=""),
        execute(verb={"a": 1}),
        execute(verb="x" * 65),
        execute(data="a1"),
        execute(data={"alert": {"$ne": ""}}),
        execute(data={"alert": "a1' OR 1=1"}),
        execute(data={"alert": "x" * 65}),
        execute(data={"alert": "a1", "nominees": ["x"]}),
        execute(data={"alert": "a1", "note": "x" * 2001}),
        execute(data={"alert": "a1", "unknown": "x" * 17_000}),
    ],
)
async def test_an_invoke_that_no_card_of_ours_sends_gets_the_fixed_refusal(bot, value):
    status, body = await bot.post(bot.channel.invoke(value=value))

    said = render_sentence(Sentence(key="refused"), Words())
    message = "application/vnd.microsoft.activity.message"
    assert (status, body["statusCode"], body["type"], body["value"]) == (200, 200, message, said)
    assert bot.actions.performed == []


@pytest.mark.parametrize("version", ["3", True, -1, 1.5, None])
async def test_an_odd_version_decides_nothing(bot, version):
    await bot.post(bot.channel.invoke(value=execute(data={"alert": "a1", "v": version})))

    assert [action.data["alert"] for action in bot.actions.performed] == ["a1"]


@pytest.mark.parametrize("name", ["task/fetch", "composeExtension/query", "signin/verifyState", None])
async def test_an_unknown_invoke_is_200_with_501_inside(bot, name):
    status, body = await bot.post(bot.channel.invoke(name=name))

    assert (status, body["statusCode"], body["type"]) == (200, 501, ERROR)


@pytest.mark.parametrize(
    "changes",
    [
        {"conversation": {"id": "19:group", "conversationType": "groupChat"}},
        {"conversation": {"id": "19:channel", "conversationType": "channel"}},
        {"conversation": {"id": "19:channel"}},
        {"from": {"id": "29:ana"}},
        {"from": None},
        {"from": {"id": f"28:{APP_ID}", "aadObjectId": ANA}},
    ],
)
async def test_a_button_pressed_outside_ones_own_chat_gets_the_fixed_refusal(bot, changes):
    status, body = await bot.post(bot.channel.invoke(**changes))

    assert (status, body) == (200, {"statusCode": 200, "type": MESSAGE, "value": words(REFUSED.key)})
    assert bot.actions.performed == []


async def test_a_core_that_fails_is_200_with_an_apology(bot):
    bot.actions.error = RuntimeError("database is gone: password=hunter2")

    status, body = await bot.post(bot.channel.invoke())

    assert (status, body) == (200, {"statusCode": 200, "type": MESSAGE, "value": words("went_wrong")})


async def test_a_slow_core_is_answered_in_time_and_the_card_follows(authority):
    async with house(authority, invoke_patience=0.05) as bot:
        bot.actions.view, bot.actions.gate = card_view(), asyncio.Event()

        status, body = await bot.post(bot.channel.invoke())
        updates_before = len(bot.channel.calls("PUT"))
        bot.actions.gate.set()
        await bot.settle()

        assert (status, body) == (200, {"statusCode": 200, "type": MESSAGE, "value": words("working_on_it")})
        assert updates_before == 0
        assert [call.path for call in bot.channel.calls("PUT")] == ["/teams/v3/conversations/a%3Aana/activities/card-1"]
        assert len(bot.actions.performed) == 1


async def test_a_slow_sentence_follows_as_a_message_but_not_for_a_refresh(authority):
    async with house(authority, invoke_patience=0.05) as bot:
        for trigger in ("automatic", "manual"):
            bot.actions.gate = asyncio.Event()
            await bot.post(bot.channel.invoke(value={**execute(), "trigger": trigger}))
            bot.actions.gate.set()
            await bot.settle()

        assert bot.texts() == [words("refused")]


# ---------------------------------------------------------------- Action.Submit


async def test_a_submit_goes_the_way_of_a_button_and_updates_the_card(bot):
    bot.actions.view = card_view()
    value = {"verb": "snooze", "alert": "a1", "v": 3, "days": 7, "msteams": {"type": "x"}}

    status, _ = await bot.post(bot.channel.activity(text=None, value=value, replyToId="card-1"))

    action = bot.actions.performed[0]
    assert (status, action.verb, action.data, action.inputs) == (200, "snooze", {"alert": "a1", "v": 3}, {"days": "7"})
    assert [call.path for call in bot.channel.calls("PUT")] == ["/teams/v3/conversations/a%3Aana/activities/card-1"]


async def test_a_submit_without_a_card_to_update_is_answered_below(bot):
    bot.actions.view = card_view()

    await bot.post(bot.channel.activity(text=None, value={"verb": "open", "alert": "a1", "v": 3}))

    assert len(bot.said()) == 1
    assert bot.said()[0]["attachments"][0]["contentType"] == CARD


@pytest.mark.parametrize("value", [{}, {"alert": "a1"}, {"verb": 7}, {"verb": "open", "alert": ["a1"]}])
async def test_a_submit_that_no_card_of_ours_sends_is_refused(bot, value):
    await bot.post(bot.channel.activity(text=None, value=value))

    assert bot.texts() == [words("refused")]
    assert bot.actions.performed == []


# ---------------------------------------------------------------- messages


async def test_a_typed_command_is_answered_in_the_chat(bot):
    await bot.post(bot.channel.activity(text="<at>Steward</at> &nbsp;SNOOZE Payroll Feed  7 days!"))

    assert bot.desk.asked == [("snooze", ANA, "Payroll Feed", 7)]
    reply = bot.channel.calls("POST")[0]
    assert reply.path == "/teams/v3/conversations/a%3Aana/activities"
    assert reply.json()["from"] == {"id": f"28:{APP_ID}"}
    assert reply.headers["authorization"] == "Bearer token-1"


async def test_a_repeated_message_is_handled_once(bot):
    for _ in range(3):
        await bot.post(bot.channel.activity(text="snooze Payroll 7"))

    assert len(bot.desk.asked) == 1


async def test_a_group_chat_gets_no_detail(bot):
    conversation = {"id": "19:group", "conversationType": "groupChat"}

    await bot.post(bot.channel.activity(text="status Payroll", conversation=conversation))

    assert bot.desk.asked == []
    assert bot.texts() == [words("only_in_private")]
    assert bot.store.rows == {}


async def test_messages_of_bots_are_ignored(bot):
    await bot.post(bot.channel.activity(**{"from": {"id": "28:other", "aadObjectId": ANA}}))
    await bot.post(bot.channel.activity(**{"from": {"id": "29:x", "aadObjectId": ANA, "role": "bot"}}))

    assert bot.said() == []


async def test_a_flood_is_handled_up_to_the_limit_and_warned_once(authority):
    async with house(authority, per_minute=10) as bot:
        for number in range(50):
            await bot.post(bot.channel.activity(id=f"m{number}", text="my apps"))

        assert len(bot.desk.asked) == 10
        assert bot.texts().count(words("slow_down")) == 1
        assert len(bot.said()) == 11


async def test_a_command_that_fails_is_answered_with_an_apology(bot, monkeypatch):
    async def fails(person_id, query, days):
        raise RuntimeError("no")

    monkeypatch.setattr(bot.desk, "snooze", fails)

    status, _ = await bot.post(bot.channel.activity(text="snooze Payroll 7"))

    assert status == 200
    assert bot.texts() == [words("went_wrong")]


async def test_a_reply_that_cannot_be_sent_does_not_fail_the_request(bot):
    await bot.keys.prefetch()
    bot.channel.script = [Answer(403, {"error": {"code": "ConversationBlockedByUser"}})]

    status, _ = await bot.post(bot.channel.activity())

    assert status == 200
    assert len(bot.channel.calls("POST")) == 1


async def test_a_throttled_reply_is_tried_again(bot):
    await bot.keys.prefetch()
    bot.channel.script = [Answer(429, {}, {"Retry-After": "0"})]

    await bot.post(bot.channel.activity())

    assert len(bot.channel.calls("POST")) == 2


# ---------------------------------------------------------------- coming and going


def installation(bot, action="add", **changes):
    return bot.channel.activity(type="installationUpdate", action=action, text=None, **changes)


def joined(bot):
    members = [{"id": f"28:{APP_ID}"}, {"id": "29:ana", "aadObjectId": ANA}]
    return bot.channel.activity(type="conversationUpdate", membersAdded=members, text=None)


async def test_installing_greets_once_and_keeps_the_address(bot):
    for activity in (installation(bot), joined(bot), installation(bot, "add-upgrade")):
        await bot.post(activity)

    known = bot.store.rows[ANA]
    assert len(bot.said()) == 1
    assert (known.conversation_id, known.service_url) == ("a:ana", bot.channel.service_url)
    assert (known.teams_user_id, known.locale, known.time_zone) == ("29:ana", "de-DE", "Europe/Berlin")


async def test_the_greeting_lists_what_this_person_can_type(bot):
    await bot.post(installation(bot))

    card = json.dumps(bot.said()[0]["attachments"][0]["content"])
    assert "snooze" in card
    assert "ownerless" not in card


async def test_removing_the_app_marks_the_address_dead_and_writing_again_revives_it(bot):
    await bot.post(bot.channel.activity())
    await bot.post(installation(bot, "remove"))
    removed = bot.store.rows[ANA].dead_reason
    await bot.post(bot.channel.activity(id="m2"))

    assert (removed, bot.store.rows[ANA].dead_reason) == ("uninstalled", "")


async def test_every_activity_brings_the_address_up_to_date_and_only_changes_are_written(bot):
    await bot.post(bot.channel.activity())
    await bot.post(bot.channel.activity(id="m2"))
    saves = bot.store.saves
    await bot.post(bot.channel.invoke(localTimezone="Asia/Tokyo", locale=None))

    assert saves == 1
    assert (bot.store.rows[ANA].time_zone, bot.store.rows[ANA].locale) == ("Asia/Tokyo", "de-DE")


@pytest.mark.parametrize(
    ("changes", "zone", "locale"),
    [
        ({"localTimezone": "Mars/Olympus"}, "", "de-DE"),
        ({"localTimezone": "../../etc/passwd"}, "", "de-DE"),
        ({"locale": "<script>"}, "Europe/Berlin", ""),
        (
            {
                "localTimezone": None,
                "locale": None,
                "entities": [{"type": "clientInfo", "timezone": "Europe/Paris", "locale": "fr-FR"}],
            },
            "Europe/Paris",
            "fr-FR",
        ),
    ],
)
async def test_only_real_time_zones_and_languages_are_kept(bot, changes, zone, locale):
    await bot.post(bot.channel.activity(**changes))

    assert (bot.store.rows[ANA].time_zone, bot.store.rows[ANA].locale) == (zone, locale)


async def test_read_receipts_reactions_and_unknown_types_are_acknowledged_and_ignored(bot):
    receipt = {"name": "application/vnd.microsoft.readReceipt", "value": {"lastReadMessageId": "1"}}
    for changes in (
        {"type": "event", **receipt},
        {"type": "messageReaction", "reactionsAdded": [{"type": "like"}]},
        {"type": "messageUpdate"},
        {"type": "messageDelete"},
        {"type": "typing"},
        {"type": "endOfConversation"},
        {"type": "somethingNew"},
    ):
        status, _ = await bot.post(bot.channel.activity(**{"text": None, **changes}))
        assert (changes["type"], status) == (changes["type"], 200)

    assert bot.said() == []


async def test_read_receipts_of_ones_own_chat_are_told_to_the_core_where_they_are_on(authority):
    told = []

    class Receipts:
        async def read_up_to(self, person_id, activity_id):
            told.append((person_id, activity_id))

    receipt = {"type": "event", "name": "application/vnd.microsoft.readReceipt", "text": None}
    group = {"id": "19:x", "conversationType": "groupChat", "tenantId": TENANT}
    async with house(authority, receipts=Receipts()) as bot:
        for value in ({"lastReadMessageId": "1700000000001"}, {}, {"lastReadMessageId": 7}, None):
            await bot.post(bot.channel.activity(**receipt, value=value))
        await bot.post(bot.channel.activity(**receipt, value={"lastReadMessageId": "2"}, conversation=group))
        await bot.post(bot.channel.activity(**{**receipt, "name": "other"}, value={"lastReadMessageId": "3"}))

    assert told == [(ANA, "1700000000001")]


async def test_an_answer_asked_for_as_expected_replies_is_still_sent_to_the_chat(bot):
    status, _ = await bot.post(bot.channel.activity(deliveryMode="expectReplies"))

    assert status == 200
    assert len(bot.said()) == 1
