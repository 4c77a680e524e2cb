"""What came in, in our own words: the only reading of botbuilder's Activity, so that an SDK can be replaced."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import available_timezones

from botbuilder.schema import Activity, ActivityTypes

#: An Entra object id.
GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
#: Longest id of anything that is looked up or stored.
MAX_ID = 512
#: Teams' prefix for bots.
_BOT = "28:"
_ZONES = frozenset(available_timezones())


@dataclass(frozen=True, kw_only=True, slots=True)
class Inbound:
    """One activity of Teams, already proven to come from it and from our tenant."""

    #: Bot Framework's activity type: message, invoke, installationUpdate, conversationUpdate, ...
    type: str
    activity_id: str
    #: Entra object id of whoever did it, vouched for by Teams; '' for none.
    person_id: str
    #: Teams' own id of that person: "29:...".
    teams_user_id: str
    conversation_id: str
    #: True for the one-to-one chat with the bot; everybody else could read along elsewhere.
    personal: bool
    service_url: str
    #: Activity id of the card that was answered, '' none.
    reply_to_id: str = ""
    #: Of an invoke: its name. Of an installationUpdate: its action.
    name: str = ""
    text: str = ""
    #: Invoke's value or Action.Submit's data; None when there is none or it is no object.
    value: Mapping[str, Any] | None = None
    locale: str = ""
    #: IANA name, '' unknown.
    time_zone: str = ""
    #: Entra object ids of people, and whether the bot itself, joined the conversation.
    members_added: tuple[str, ...] = ()
    bot_added: bool = False
    #: Sent by a bot, ourselves included.
    from_bot: bool = False


def read(activity: Activity) -> Inbound:
    """Our reading of an activity."""
    sender = activity.from_property
    conversation = activity.conversation
    members = activity.members_added or []
    installation = activity.type == ActivityTypes.installation_update
    sender_id = _id(sender.id if sender else "")
    return Inbound(
        type=activity.type,
        activity_id=_id(activity.id),
        person_id=_object_id(sender.aad_object_id if sender else ""),
        teams_user_id=sender_id if not sender_id.startswith(_BOT) else "",
        conversation_id=_id(conversation.id if conversation else ""),
        personal=bool(conversation) and conversation.conversation_type == "personal",
        service_url=activity.service_url or "",
        reply_to_id=_id(activity.reply_to_id),
        name=(activity.action if installation else activity.name) or "",
        text=activity.text or "",
        value=activity.value if isinstance(activity.value, dict) else None,
        locale=_locale(activity),
        time_zone=_time_zone(activity),
        members_added=tuple(_object_id(member.aad_object_id) for member in members if member and member.aad_object_id),
        bot_added=any((member.id or "").startswith(_BOT) for member in members if member),
        from_bot=sender_id.startswith(_BOT) or (sender is not None and sender.role in ("bot", "skill")),
    )


def _id(value: object) -> str:
    """An id as it may be stored, '' for one that cannot be real."""
    return value if isinstance(value, str) and len(value) <= MAX_ID and value.isprintable() else ""


def _object_id(value: object) -> str:
    text = _id(value)
    return text.lower() if GUID.fullmatch(text) else text


def _client_info(activity: Activity, field: str) -> str:
    """Teams repeats locale and time zone in an entity of type clientInfo."""
    for entity in activity.entities or []:
        if entity is not None and entity.type == "clientInfo":
            value = entity.additional_properties.get(field)
            if isinstance(value, str):
                return value
    return ""


def _locale(activity: Activity) -> str:
    locale = activity.locale or _client_info(activity, "locale")
    return locale if _LOCALE.fullmatch(locale) else ""


def _time_zone(activity: Activity) -> str:
    zone = activity.local_timezone or _client_info(activity, "timezone")
    return zone if zone in _ZONES else ""
