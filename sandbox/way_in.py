"""What Teams sends to the bot: messages typed, buttons pressed, cards refreshed, the app installed.

Each goes to Steward's POST /api/messages with a token of the Bot Framework's channel, and the answer of an
invoke is applied as a Teams client does: a returned card is shown to this person instead of the stored
one, but is not stored; a returned message is a short-lived notice.
"""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp

from sandbox.chats import Chat, Chats, Message, Shown, bot_id, next_activity_id, open_chat, post, teams_user_id
from sandbox.refused import Refused
from sandbox.state import TwinState
from sandbox.tenant import TwinUser

CARD_ANSWER = "application/vnd.microsoft.card.adaptive"
#: After this long Teams tells the person that the app cannot be reached (documented as 10 to 15 s).
PATIENCE_SECONDS = 15.0
#: A card is refreshed by itself only if the last answer is older than this.
REFRESH_AFTER = timedelta(minutes=1)
#: How many cards a client has in view when a chat is opened; only those are refreshed.
IN_VIEW = 10
#: preferredLanguage -> IANA zone, country; others as the first.
PLACES = {
    "en-US": ("America/New_York", "US"),
    "en-GB": ("Europe/London", "GB"),
    "de-DE": ("Europe/Berlin", "DE"),
    "fr-FR": ("Europe/Paris", "FR"),
    "es-ES": ("Europe/Madrid", "ES"),
    "ja-JP": ("Asia/Tokyo", "JP"),
}
DEFAULT_PLACE = ("Europe/Berlin", "DE")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Steward's answer to one activity."""

    #: HTTP status, 0 when no answer came.
    status: int
    #: The decoded body, None without one.
    body: Any = None
    #: The id of the activity that was sent.
    activity_id: str = ""
    error: str = ""

    @property
    def kind(self) -> str:
        """Type of an invoke's answer, '' without one."""
        return str(self.body.get("type", "")) if isinstance(self.body, dict) else ""

    @property
    def card(self) -> dict[str, Any] | None:
        """The card that an invoke returned, None when it returned something else."""
        if self.kind == CARD_ANSWER and isinstance(self.body.get("value"), dict):
            value: dict[str, Any] = self.body["value"]
            return value
        return None


@dataclass(kw_only=True)
class Line:
    """The connection to Steward, with what is under way on it."""

    session: aiohttp.ClientSession | None = None
    tasks: set[asyncio.Task[object]] = field(default_factory=set)

    def open(self) -> aiohttp.ClientSession:
        if self.session is None or self.session.closed:
            self.session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS))
        return self.session

    async def close(self) -> None:
        for task in tuple(self.tasks):
            task.cancel()
        if self.session is not None:
            await self.session.close()


def service_url(state: TwinState) -> str:
    """The Bot Connector's address as activities carry it."""
    return state.urls["connector"].rstrip("/") + "/teams/"


# ---------------------------------------------------------------- what a person does


async def say(state: TwinState, person: TwinUser, text: str) -> Answer:
    """The person types a message."""
    chat = await _chat_of(state, person)
    content = {"text": text, "textFormat": "plain"}
    activity_id = post(state, chat, {"type": "message", **content}, author=person.id)
    return await _send(state, {**_envelope(state, person, chat, activity_id), "type": "message", **content})


async def press(
    state: TwinState, person: TwinUser, activity_id: str, verb: str, data: dict[str, Any], *, automatic: bool = False
) -> Answer:
    """The person presses an Action.Execute button of a card; `data` holds the inputs too.

    The activity need not be in this person's chat: a forged click is Steward's to refuse.
    """
    chat = await _chat_of(state, person)
    answer = await _send(state, _invoke(state, person, chat, activity_id, verb, data, automatic))
    chats = state.part(Chats)
    if answer.card is not None and activity_id in chat.messages:
        chats.shown[person.id, activity_id] = Shown(card=answer.card, refreshed=automatic)
        chats.redrawn += 1
    if not automatic:
        state.change(
            "buttonPressed",
            person=person.id,
            activity=activity_id,
            verb=verb,
            data=data,
            status=answer.status,
            answer=answer.kind,
        )
    return answer


async def submit(state: TwinState, person: TwinUser, activity_id: str, data: dict[str, Any]) -> Answer:
    """The person presses an Action.Submit button: a message without text that carries the values.

    With {"msteams": {"type": "imBack", "value": text}} Teams types the text for the person instead.
    """
    typed = data.get("msteams")
    if isinstance(typed, dict) and typed.get("type") == "imBack":
        return await say(state, person, str(typed.get("value", "")))
    chat = await _chat_of(state, person)
    sent_id = next_activity_id(state)
    state.part(Chats).last_id = int(sent_id)
    envelope = _envelope(state, person, chat, sent_id)
    answer = await _send(state, {**envelope, "type": "message", "replyToId": activity_id, "value": data})
    state.change(
        "buttonPressed",
        person=person.id,
        activity=activity_id,
        verb=str(data.get("verb", "")),
        data=data,
        status=answer.status,
        answer="",
    )
    return answer


async def open_up(state: TwinState, person: TwinUser) -> int:
    """The person's client opens the chat: unread marks go, cards in view refresh; returns how many did."""
    chats = state.part(Chats)
    chat = chats.of_person.get(person.id)
    if chat is None or not chat.messages:
        return 0
    in_view = [message for message in chat.messages.values() if not message.deleted][-IN_VIEW:]
    newest = max(int(each) for each in chat.messages)
    if newest > chat.read_up_to:
        state.change("chatRead", conversation=chat.id, id=str(newest))
    refreshed = 0
    for message in in_view:
        action = _due_refresh(state, person, message)
        if action is None:
            continue
        chats.refreshed[person.id, message.id] = state.now()
        await press(
            state, person, message.id, str(action.get("verb", "")), dict(action.get("data") or {}), automatic=True
        )
        refreshed += 1
    return refreshed


def _due_refresh(state: TwinState, person: TwinUser, message: Message) -> dict[str, Any] | None:
    """The action by which this card refreshes itself now, None if it does not."""
    chats = state.part(Chats)
    shown = chats.shown.get((person.id, message.id))
    card = shown.card if shown else message.card
    refresh = (card or {}).get("refresh")
    if not isinstance(refresh, dict) or not isinstance(refresh.get("action"), dict):
        return None
    if teams_user_id(state, person.id) not in (refresh.get("userIds") or ()):
        return None
    last = chats.refreshed.get((person.id, message.id))
    if last is not None and state.now() - last <= REFRESH_AFTER:
        return None
    action: dict[str, Any] = refresh["action"]
    return action


# ---------------------------------------------------------------- installation


def announce_install(state: TwinState, person_id: str) -> None:
    """Tell Steward, a moment later as Teams does, that a person has the app now; does not wait for it."""
    line = state.part(Line)
    task: asyncio.Task[object] = asyncio.get_running_loop().create_task(installed(state, state.tenant.users[person_id]))
    line.tasks.add(task)
    task.add_done_callback(line.tasks.discard)


async def installed(state: TwinState, person: TwinUser) -> None:
    """Send what Teams sends after an installation: installationUpdate, then conversationUpdate."""
    chat = open_chat(state, person.id)
    for activity in (
        {"type": "installationUpdate", "action": "add"},
        {"type": "conversationUpdate", "membersAdded": [{"id": bot_id(state)}]},
    ):
        await _send(state, {**_envelope(state, person, chat, _fresh_id(state)), **activity})


async def _chat_of(state: TwinState, person: TwinUser) -> Chat:
    """The person's chat; whoever writes to the bot first adds its app. Raises Refused 403."""
    if not person.active:
        raise Refused(403, "Forbidden", f"{person.display_name} cannot sign in.")
    if not person.has_teams_app:
        if person.teams_app_blocked:
            raise Refused(403, "Forbidden", "App is blocked by app permission policy.")
        state.change("appAdded", person=person.id)
        await installed(state, person)
    return open_chat(state, person.id)


# ---------------------------------------------------------------- on the wire


def _fresh_id(state: TwinState) -> str:
    """An id for an activity that leaves no message behind."""
    activity_id = next_activity_id(state)
    state.part(Chats).last_id = int(activity_id)
    return activity_id


def _envelope(state: TwinState, person: TwinUser, chat: Chat, activity_id: str) -> dict[str, Any]:
    """What every activity from Teams carries."""
    locale = person.preferred_language or "en-US"
    zone, country = PLACES.get(person.preferred_language or "", DEFAULT_PLACE)
    now = state.now()
    tenant = state.tenant.tenant_id
    return {
        "id": activity_id,
        "timestamp": _utc(now),
        "localTimestamp": now.astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds"),
        "localTimezone": zone,
        "serviceUrl": service_url(state),
        "channelId": "msteams",
        "from": {"id": teams_user_id(state, person.id), "name": person.display_name, "aadObjectId": person.id},
        "conversation": {"id": chat.id, "conversationType": "personal", "tenantId": tenant},
        "recipient": {"id": bot_id(state), "name": "Steward"},
        "entities": [{"type": "clientInfo", "locale": locale, "country": country, "platform": "Web", "timezone": zone}],
        "channelData": {"tenant": {"id": tenant}},
        "locale": locale,
    }


def _invoke(
    state: TwinState, person: TwinUser, chat: Chat, activity_id: str, verb: str, data: dict[str, Any], automatic: bool
) -> dict[str, Any]:
    """An adaptiveCard/action invoke."""
    envelope = _envelope(state, person, chat, f"f:{uuid4()}")
    action = {"type": "Action.Execute", "id": "", "verb": verb, "data": data}
    return {
        **envelope,
        "type": "invoke",
        "name": "adaptiveCard/action",
        "replyToId": activity_id,
        "channelData": {**envelope["channelData"], "source": {"name": "message"}},
        "value": {"action": action, "trigger": "automatic" if automatic else "manual"},
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _send(state: TwinState, activity: dict[str, Any]) -> Answer:
    """Post one activity to Steward; never raises for what happens on the wire."""
    url = state.part(Chats).messages_url
    activity_id = str(activity["id"])
    if not url:
        return Answer(status=0, activity_id=activity_id, error="Steward has not registered its address yet.")
    token = state.tokens.channel_token(state.identities.bot.client_id, service_url(state))
    headers = {"Authorization": f"Bearer {token}", "x-ms-tenant-id": state.tenant.tenant_id}
    try:
        async with state.part(Line).open().post(url, json=activity, headers=headers) as response:
            text = await response.text()
            return Answer(status=response.status, body=_decoded(text), activity_id=activity_id)
    except TimeoutError:
        return Answer(status=0, activity_id=activity_id, error=f"No answer within {PATIENCE_SECONDS:.0f} s.")
    except aiohttp.ClientError as error:
        return Answer(status=0, activity_id=activity_id, error=f"Unable to reach app: {error}")


def _decoded(text: str) -> Any:
    """The JSON in a body, the text itself if it is none, None if empty."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text
