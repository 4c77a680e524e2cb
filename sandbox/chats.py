"""What stands in the chats of the practice tenant: conversations, messages, unread marks, buttons pressed.

Only the mutations below change it, so a restart brings every chat back. What a real client keeps for
itself alone (the card that an invoke returned) is in memory only, as in Teams.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.refused import Refused
from sandbox.state import TwinState, mutation
from sandbox.tenant import TwinUser

CARD = "application/vnd.microsoft.card.adaptive"


@dataclass(kw_only=True, slots=True)
class Message:
    """One message in a chat."""

    #: The activity id: epoch milliseconds of the practice clock, unique in the tenant.
    id: str
    at: datetime
    #: Object id of the person who wrote it, '' for the bot.
    author: str
    #: The activity as it was posted or last updated.
    activity: dict[str, Any]
    updated_at: datetime | None = None
    deleted: bool = False

    @property
    def from_bot(self) -> bool:
        return not self.author

    @property
    def card(self) -> dict[str, Any] | None:
        """The first Adaptive Card, None without one."""
        for attachment in self.activity.get("attachments") or ():
            if attachment.get("contentType") == CARD:
                content: dict[str, Any] = attachment.get("content") or {}
                return content
        return None


@dataclass(kw_only=True, slots=True)
class Chat:
    """The one-to-one chat of a person and the bot."""

    id: str
    person_id: str
    #: By activity id, oldest first.
    messages: dict[str, Message] = field(default_factory=dict)
    #: Activity id up to which the person has read.
    read_up_to: int = 0
    opened_at: datetime

    @property
    def unread(self) -> int:
        """How many of the bot's messages the person has not seen."""
        return sum(1 for each in self.messages.values() if each.from_bot and self.is_unread(each))

    def is_unread(self, message: Message) -> bool:
        return not message.deleted and int(message.id) > self.read_up_to


@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """One button that a person pressed, with what Steward answered."""

    at: datetime
    person_id: str
    activity_id: str
    verb: str
    #: Card data and inputs as sent.
    data: dict[str, Any]
    #: HTTP status of Steward's answer, 0 when none came.
    status: int
    #: Type of the invoke's answer (card, message, error), '' without one.
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A card that an invoke returned to one client."""

    card: dict[str, Any]
    #: True when the client refreshed the card by itself, False when a button was pressed.
    refreshed: bool


@dataclass(kw_only=True)
class Chats:
    """All chats of the tenant; the connector twin's part of the state."""

    #: conversation id -> chat.
    chats: dict[str, Chat] = field(default_factory=dict)
    #: person id -> that person's chat.
    of_person: dict[str, Chat] = field(default_factory=dict)
    #: People who blocked the bot.
    blocked: set[str] = field(default_factory=set)
    pressed: list[Pressed] = field(default_factory=list)
    #: (person id, activity id) -> what this person's client shows instead of the stored card.
    shown: dict[tuple[str, str], Shown] = field(default_factory=dict)
    #: (person id, activity id) -> when this person's client last refreshed the card by itself.
    refreshed: dict[tuple[str, str], datetime] = field(default_factory=dict)
    #: Newest activity id given out.
    last_id: int = 0
    #: Teams user id -> object id, filled when first asked for.
    teams_ids: dict[str, str] = field(default_factory=dict)
    #: Steward's POST /api/messages, '' until it registered.
    messages_url: str = ""
    #: Counted up when a client shows something else without a change in the journal.
    redrawn: int = 0


def digest(*parts: str) -> str:
    """An opaque id of the look that Teams' ids have."""
    raw = hashlib.sha512("|".join(parts).encode()).digest()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def teams_user_id(state: TwinState, person_id: str) -> str:
    """The pairwise id ("29:...") of a person for this bot; it is no more derivable than in Teams."""
    return "29:1" + digest("user", state.identities.bot.secret, person_id)[:62]


def conversation_id(state: TwinState, person_id: str) -> str:
    """The id of the chat of a person and this bot: always the same one."""
    return "a:1" + digest("chat", state.identities.bot.secret, person_id)[:72]


def bot_id(state: TwinState) -> str:
    return "28:" + state.identities.bot.client_id


def find_member(state: TwinState, member_id: str) -> TwinUser | None:
    """The person with this Entra object id or Teams id, None if there is none."""
    if not member_id.startswith("29:"):
        return state.tenant.users.get(member_id.lower())
    chats = state.part(Chats)
    known = chats.teams_ids
    if len(known) != len(state.tenant.users):
        known.update({teams_user_id(state, person_id): person_id for person_id in state.tenant.users})
    person_id = known.get(member_id)
    return state.tenant.users[person_id] if person_id else None


def open_chat(state: TwinState, person_id: str) -> Chat:
    """The person's chat with the bot, made if there is none."""
    chats = state.part(Chats)
    chat = chats.of_person.get(person_id)
    if chat is None:
        state.change("chatOpened", conversation=conversation_id(state, person_id), person=person_id)
        chat = chats.of_person[person_id]
    return chat


def next_activity_id(state: TwinState) -> str:
    """A new activity id: the practice clock in milliseconds, moved on where it is taken."""
    return str(max(int(state.now().timestamp() * 1000), state.part(Chats).last_id + 1))


def post(state: TwinState, chat: Chat, activity: dict[str, Any], *, author: str = "") -> str:
    """Put a message into a chat and return its activity id."""
    activity_id = next_activity_id(state)
    state.change("messagePosted", conversation=chat.id, id=activity_id, author=author, activity=activity)
    return activity_id


def stored(chat: Chat, activity_id: str) -> Message:
    """A message of the bot that can still be changed. Raises Refused 404."""
    message = chat.messages.get(activity_id)
    if message is None or message.deleted or not message.from_bot:
        raise Refused(404, "ActivityNotFoundInConversation", "The activity was not found in the conversation.")
    return message


# ---------------------------------------------------------------- mutations


@mutation("chatOpened")
def _chat_opened(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    chats = state.part(Chats)
    chat = Chat(id=data["conversation"], person_id=data["person"], opened_at=at)
    chats.chats[chat.id] = chats.of_person[chat.person_id] = chat


@mutation("messagePosted")
def _message_posted(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    chats = state.part(Chats)
    chat = chats.chats[data["conversation"]]
    message = Message(id=data["id"], at=at, author=data["author"], activity=data["activity"])
    chat.messages[message.id] = message
    chats.last_id = max(chats.last_id, int(message.id))
    if message.author:
        chat.read_up_to = int(message.id)


@mutation("messageUpdated")
def _message_updated(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    chats = state.part(Chats)
    chat = chats.chats[data["conversation"]]
    message = chat.messages[data["id"]]
    message.activity, message.updated_at = data["activity"], at
    # An update reaches every client, also one that shows an answer of its own.
    chats.shown.pop((chat.person_id, message.id), None)


@mutation("messageDeleted")
def _message_deleted(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    chats = state.part(Chats)
    message = chats.chats[data["conversation"]].messages[data["id"]]
    message.deleted, message.updated_at, message.activity = True, at, {"type": "message"}


@mutation("chatRead")
def _chat_read(state: TwinState, _at: datetime, data: dict[str, Any]) -> None:
    chats = state.part(Chats)
    chat = chats.chats[data["conversation"]]
    chat.read_up_to = max(chat.read_up_to, int(data["id"]))


@mutation("botBlocked")
def _bot_blocked(state: TwinState, _at: datetime, data: dict[str, Any]) -> None:
    blocked = state.part(Chats).blocked
    (blocked.add if data["blocked"] else blocked.discard)(data["person"])


@mutation("buttonPressed")
def _button_pressed(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    chats = state.part(Chats)
    chats.pressed.append(
        Pressed(
            at=at,
            person_id=data["person"],
            activity_id=data["activity"],
            verb=data["verb"],
            data=data["data"],
            status=data["status"],
            answer=data["answer"],
        )
    )


@mutation("appAdded")
def _app_added(state: TwinState, _at: datetime, data: dict[str, Any]) -> None:
    """A person adds Steward's app on their own, as everybody may whom no policy forbids it."""
    state.tenant.users[data["person"]].has_teams_app = True
