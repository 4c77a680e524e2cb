"""Reaching people who did not just write."""

import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from alerts.errors import CalledOff, DeliveryError, Outcome
from alerts.model import Conversation, DeliveryPurpose, Person, PostedCard
from alerts.views import HelpView, Sentence
from bot.connector import Brakes, Connector
from bot.contacts import Contacts
from bot.drawing import Drawing, size
from bot.hosts import ServiceHosts
from bot.pace import Pace
from bot.proactive import ProactiveTeams
from bot.wire import Wire
from cards.render import Words
from cards.text import words_for
from tests.bot.channel import ANA, APP_ID, TENANT, Answer, Channel
from tests.bot.house import NOW, Conversations, FixedToken
from tests.bot.test_handler import card_view

ANA_PERSON = Person(id=ANA, display_name="Ana", account_enabled=True)
FORBIDDEN = Answer(403, {"error": {"code": "ForbiddenOperationException", "message": "not installed"}})
ROSTER = Answer(403, {"error": {"code": "BotNotInConversationRoster"}})
BLOCKED = Answer(403, {"error": {"code": "ConversationBlockedByUser"}})
GONE = Answer(404, {"error": {"code": "ConversationNotFound"}})


class Installer:
    """Graph's installation, or its refusal."""

    def __init__(self, error=None):
        self.installed = []
        self.error = error

    async def install(self, person_id):
        self.installed.append(person_id)
        if self.error is not None:
            raise self.error


@asynccontextmanager
async def teams(authority, *, installer=None, known=None, slept=None, clock=None):
    async def sleep(seconds):
        if slept is not None:
            slept.append(seconds)

    async with Channel().running(authority) as channel:
        wire = Wire(ca_file=authority.ca_file)
        store = Conversations()
        if known is not None:
            store.rows[ANA] = Conversation(
                **{
                    "person_id": ANA,
                    "conversation_id": "a:known",
                    "service_url": channel.service_url,
                    "teams_user_id": "29:ana",
                    **known,
                }
            )
        connector = Connector(
            wire=wire,
            tokens=FixedToken(),
            hosts=ServiceHosts([], service_url=channel.service_url),
            brakes=Brakes(pace=Pace(10_000)),
            bot_id=f"28:{APP_ID}",
            tenant_id=TENANT,
        )
        reach = ProactiveTeams(
            connector=connector,
            contacts=Contacts(store),  # type: ignore[arg-type]
            drawing=Drawing(partial(words_for, Words())),
            service_url=channel.service_url,
            clock=clock or (lambda: NOW),
            installer=installer,
            sleep=sleep,
        )
        try:
            yield reach, channel, store
        finally:
            await wire.close()


def paths(channel):
    return [f"{call.method} {call.path.removeprefix('/teams/v3/conversations')}" for call in channel.requests]


CREATE = "POST "
NEW = f"POST /a%3A{ANA}/activities"
KNOWN = "POST /a%3Aknown/activities"


async def test_a_known_conversation_is_used(authority):
    async with teams(authority, known={}) as (reach, channel, _):
        sent = await reach.send(ANA_PERSON, card_view())

    assert paths(channel) == [KNOWN]
    assert (sent.conversation_id, sent.activity_id, sent.service_url) == ("a:known", "activity-1", channel.service_url)


async def test_a_person_never_met_is_reached_by_their_entra_id_and_remembered(authority):
    async with teams(authority) as (reach, channel, store):
        sent = await reach.send(ANA_PERSON, card_view())
        await reach.send(ANA_PERSON, card_view())

    assert paths(channel) == [CREATE, NEW, NEW]
    assert sent.conversation_id == f"a:{ANA}"
    assert store.rows[ANA].conversation_id == f"a:{ANA}"


async def test_a_card_goes_alone_with_its_summary_and_as_a_notification(authority):
    async with teams(authority, known={}) as (reach, channel, _):
        await reach.send(ANA_PERSON, card_view())

    activity = channel.requests[0].json()
    assert "text" not in activity
    assert len(activity["attachments"]) == 1
    assert activity["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert activity["summary"]
    assert activity["channelData"] == {"notification": {"alert": True}}


async def test_a_sentence_goes_as_plain_text(authority):
    async with teams(authority, known={}) as (reach, channel, _):
        await reach.send(ANA_PERSON, Sentence(key="refused"))

    activity = channel.requests[0].json()
    assert activity["text"]
    assert activity["textFormat"] == "plain"
    assert "attachments" not in activity


async def test_the_app_is_installed_for_people_who_lack_it(authority):
    installer = Installer()
    async with teams(authority, installer=installer) as (reach, channel, store):
        channel.script = [FORBIDDEN]
        await reach.send(ANA_PERSON, card_view())

    assert installer.installed == [ANA]
    assert paths(channel) == [CREATE, CREATE, NEW]
    assert store.rows[ANA].dead_reason == ""


async def test_an_installation_may_take_a_moment_to_be_heard_of(authority):
    installer, slept = Installer(), []
    async with teams(authority, installer=installer, slept=slept) as (reach, channel, _):
        channel.script = [FORBIDDEN, FORBIDDEN, FORBIDDEN]
        await reach.send(ANA_PERSON, card_view())

    assert installer.installed == [ANA]
    assert paths(channel) == [CREATE, CREATE, CREATE, CREATE, NEW]
    assert slept == [1.0, 4.0]


async def test_a_message_that_cannot_be_drawn_costs_itself_only(authority):
    async with teams(authority, known={}) as (reach, channel, _):
        with pytest.raises(DeliveryError) as caught:
            await reach.send(ANA_PERSON, Sentence(key="there is no such sentence"))

    assert (caught.value.outcome, caught.value.code) == (Outcome.POISON, "notDrawn")
    assert channel.requests == []


async def test_a_removed_app_is_installed_again(authority):
    installer = Installer()
    async with teams(authority, installer=installer, known={}) as (reach, channel, _):
        channel.script = [ROSTER, ROSTER]
        await reach.send(ANA_PERSON, card_view())

    assert installer.installed == [ANA]
    assert paths(channel) == [KNOWN, CREATE, CREATE, NEW]


@pytest.mark.parametrize("installer", [None, Installer()])
async def test_without_or_despite_installation_the_person_is_unreachable_and_that_is_kept(authority, installer):
    async with teams(authority, installer=installer) as (reach, channel, store):
        channel.script = [FORBIDDEN] * 4
        with pytest.raises(DeliveryError) as caught:
            await reach.send(ANA_PERSON, card_view())

    assert (caught.value.outcome, caught.value.code) == (Outcome.UNREACHABLE, "ForbiddenOperationException")
    assert store.rows[ANA].dead_reason == "ForbiddenOperationException"
    assert len(channel.requests) == (1 if installer is None else 4)


async def test_a_refused_installation_is_the_outcome(authority):
    refused = DeliveryError("policy", outcome=Outcome.UNREACHABLE, code="blockedByPolicy")
    async with teams(authority, installer=Installer(refused)) as (reach, channel, store):
        channel.script = [FORBIDDEN]
        with pytest.raises(DeliveryError) as caught:
            await reach.send(ANA_PERSON, card_view())

    assert caught.value.code == "blockedByPolicy"
    assert store.rows[ANA].dead_reason == "blockedByPolicy"


@pytest.mark.parametrize(
    "gone", [GONE, Answer(400, {"error": {"code": "Bad Argument", "message": "Failed to decrypt conversation id"}})]
)
async def test_a_stale_conversation_is_created_again_once(authority, gone):
    async with teams(authority, known={}) as (reach, channel, store):
        channel.script = [gone]
        await reach.send(ANA_PERSON, card_view())

    assert paths(channel) == [KNOWN, CREATE, NEW]
    assert store.rows[ANA].conversation_id == f"a:{ANA}"
    assert store.rows[ANA].teams_user_id == "29:ana"


async def test_a_conversation_that_stays_gone_is_unreachable(authority):
    async with teams(authority, known={}) as (reach, channel, _):
        channel.script = [GONE, Answer(201, {"id": "a:new"}), GONE]
        with pytest.raises(DeliveryError) as caught:
            await reach.send(ANA_PERSON, card_view())

    assert caught.value.outcome is Outcome.UNREACHABLE
    assert len(channel.requests) == 3


async def test_who_blocked_the_bot_is_not_reinstalled_but_tried_afresh_a_day_later(authority):
    installer, moments = Installer(), [NOW]
    async with teams(authority, installer=installer, known={}, clock=lambda: moments[-1]) as (reach, channel, store):
        channel.script = [BLOCKED]
        with pytest.raises(DeliveryError):
            await reach.send(ANA_PERSON, card_view())
        with pytest.raises(DeliveryError) as caught:
            await reach.send(ANA_PERSON, card_view())
        blocked = (store.rows[ANA].dead_reason, store.rows[ANA].dead_until)
        moments.append(NOW + timedelta(hours=24))
        await reach.send(ANA_PERSON, card_view())

    assert blocked == ("ConversationBlockedByUser", NOW + timedelta(hours=24))
    assert (caught.value.outcome, caught.value.code) == (Outcome.UNREACHABLE, "ConversationBlockedByUser")
    assert installer.installed == []
    assert paths(channel) == [KNOWN, CREATE, NEW]
    assert (store.rows[ANA].dead_reason, store.rows[ANA].dead_until) == ("", None)


@pytest.mark.parametrize("refusal", [Answer(413), Answer(400, {"error": {"code": "BadSyntax"}})])
async def test_a_card_that_is_refused_is_told_once_as_a_sentence(authority, refusal):
    asked = []

    async def last_word():
        asked.append(len(channel.requests))

    async with teams(authority, known={}) as (reach, channel, _):
        channel.script = [refusal]
        await reach.send(ANA_PERSON, card_view(), last_word)
        channel.script = [refusal, refusal]
        with pytest.raises(DeliveryError) as caught:
            await reach.send(ANA_PERSON, card_view())

    assert paths(channel) == [KNOWN] * 4
    assert channel.requests[1].json()["text"] == channel.requests[0].json()["summary"]
    assert caught.value.outcome is Outcome.POISON
    assert asked == [0, 1]


async def test_what_is_called_off_at_the_last_moment_is_not_sent(authority):
    async def last_word():
        raise CalledOff("answered")

    async with teams(authority) as (reach, channel, _):
        with pytest.raises(CalledOff):
            await reach.send(ANA_PERSON, card_view(), last_word)

    assert paths(channel) == [CREATE]


@pytest.mark.parametrize("answer", [Answer(429, {}, {"Retry-After": "9"}), Answer(504), Answer(fault="reset")])
async def test_other_failures_neither_recreate_nor_mark_anybody(authority, answer):
    async with teams(authority, known={}) as (reach, channel, store):
        channel.script = [answer]
        with pytest.raises(DeliveryError):
            await reach.send(ANA_PERSON, card_view())

    assert paths(channel) == [KNOWN]
    assert store.rows[ANA].dead_reason == ""


def posted(channel, **changes):
    return PostedCard(
        **{
            "id": "c1",
            "delivery_id": "d1",
            "purpose": DeliveryPurpose.ALERT,
            "recipient_id": ANA,
            "conversation_id": "a:known",
            "service_url": channel.service_url,
            "activity_id": "act-1",
            "posted_at": NOW,
            **changes,
        }
    )


async def test_a_posted_card_is_replaced_in_place_without_a_notification(authority):
    async with teams(authority, known={}) as (reach, channel, _):
        await reach.update(posted(channel), card_view())

    assert paths(channel) == ["PUT /a%3Aknown/activities/act-1"]
    assert "channelData" not in channel.requests[0].json()


async def test_an_update_goes_to_the_service_url_heard_of_last(authority):
    async with teams(authority, known={}) as (reach, channel, _):
        await reach.update(posted(channel, service_url="https://old.example/"), card_view())

    assert len(channel.requests) == 1


@pytest.mark.parametrize(
    ("locale", "preferred", "language"), [("fr-FR", "de-DE", "fr"), ("", "de-DE", "de"), ("xx", "", "en")]
)
async def test_a_card_is_written_in_its_readers_language_and_stays_so(authority, locale, preferred, language):
    async with teams(authority, known={"locale": locale}) as (reach, channel, store):
        person = replace(ANA_PERSON, preferred_language=preferred)
        store.persons[ANA] = person
        await reach.send(person, HelpView(commands=()))
        await reach.update(posted(channel), HelpView(commands=()))

    assert [call.json()["attachments"][0]["content"]["lang"] for call in channel.requests] == [language, language]


async def test_an_update_of_a_card_that_is_gone_says_so(authority):
    async with teams(authority, known={}) as (reach, channel, _):
        channel.script = [Answer(404, {"error": {"code": "ActivityNotFoundInConversation"}})]
        with pytest.raises(DeliveryError) as caught:
            await reach.update(posted(channel), card_view())

    assert caught.value.outcome is Outcome.STALE_ADDRESS


def test_size_is_counted_as_teams_counts_it():
    assert size({"a": "\U0001f600"}) == len(json.dumps({"a": "xx"})) * 2
