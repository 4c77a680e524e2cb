"""From the body of a request to botbuilder's Activity, with the kinds of its fields checked.

botbuilder's own reading takes each field of each member apart at run time, which costs more than deciding what the
activity asks for, and turns an object into its repr where a text belongs. What nothing here reads is passed over.
"""

from typing import Any

import msgspec
from botbuilder.schema import Activity, ChannelAccount, ConversationAccount, Entity

from bot.refusals import Refusal


class _Account(msgspec.Struct, rename="camel"):
    id: str | None = None
    name: str | None = None
    aad_object_id: str | None = None
    role: str | None = None

    def ours(self) -> ChannelAccount:
        return ChannelAccount(id=self.id, name=self.name, aad_object_id=self.aad_object_id, role=self.role)


class _Conversation(msgspec.Struct, rename="camel"):
    id: str | None = None
    conversation_type: str | None = None
    tenant_id: str | None = None
    is_group: bool | None = None

    def ours(self) -> ConversationAccount:
        return ConversationAccount(
            id=self.id,
            conversation_type=self.conversation_type,
            tenant_id=self.tenant_id,
            is_group=self.is_group,
        )


class _Entity(msgspec.Struct):
    """clientInfo is the one that is read: it repeats locale and time zone."""

    type: str | None = None
    locale: Any = None
    timezone: Any = None

    def ours(self) -> Entity:
        entity = Entity(type=self.type)
        entity.additional_properties = {"locale": self.locale, "timezone": self.timezone}
        return entity


class Received(msgspec.Struct, rename="camel"):
    """The fields of an activity that count here, by their names in Bot Framework's protocol."""

    type: str
    id: str | None = None
    channel_id: str | None = None
    service_url: str | None = None
    name: str | None = None
    text: str | None = None
    reply_to_id: str | None = None
    locale: str | None = None
    local_timezone: str | None = None
    timestamp: str | None = None
    action: str | None = None
    sender: _Account | None = msgspec.field(default=None, name="from")
    recipient: _Account | None = None
    conversation: _Conversation | None = None
    members_added: list[_Account | None] | None = None
    entities: list[_Entity | None] | None = None
    channel_data: dict[str, Any] | None = None
    value: Any = None

    @property
    def tenant_id(self) -> str:
        """Of the channel's own data, which Teams vouches for; '' none. conversation.tenantId alone proves nothing."""
        tenant = (self.channel_data or {}).get("tenant")
        found = tenant.get("id") if isinstance(tenant, dict) else None
        return found if isinstance(found, str) else ""

    def activity(self) -> Activity:
        """As botbuilder wants it. Nothing here buffers replies into the answer, so there is no delivery mode."""
        return Activity(
            type=self.type,
            id=self.id,
            channel_id=self.channel_id,
            service_url=self.service_url,
            name=self.name,
            text=self.text,
            reply_to_id=self.reply_to_id,
            locale=self.locale,
            local_timezone=self.local_timezone,
            action=self.action,
            from_property=self.sender.ours() if self.sender else None,
            recipient=self.recipient.ours() if self.recipient else None,
            conversation=self.conversation.ours() if self.conversation else None,
            members_added=[member.ours() for member in self.members_added or () if member],
            entities=[entity.ours() for entity in self.entities or () if entity],
            channel_data=self.channel_data,
            value=self.value,
        )


_decoder = msgspec.json.Decoder(Received)


def received(body: bytes) -> Received:
    """What a body says. Raises Refusal 400 for one that is no activity."""
    try:
        found = _decoder.decode(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, "not an activity") from error
    if not found.type:
        raise Refusal(400, "no type")
    return found
