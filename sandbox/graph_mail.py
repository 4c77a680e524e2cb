"""Graph twin: sendMail, and the mailboxes of the practice tenant."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import Any
from uuid import uuid4

from sandbox.graph_core import Answer, Call, Route
from sandbox.refused import Refused
from sandbox.state import TwinState, mutation

#: Most bytes of a request that carries a mail (learn: outlook-large-attachments).
MAX_MAIL = 4 * 1024 * 1024
MAX_RECIPIENTS = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class SentMail:
    """One e-mail that Steward sent."""

    id: str
    at: datetime
    #: Address of the mailbox.
    sender: str
    to: tuple[str, ...]
    subject: str
    #: text or html.
    content_type: str
    content: str
    #: The text part beside HTML, '' where there is none.
    text: str = ""
    #: Custom headers by name.
    headers: dict[str, str] = field(default_factory=dict)
    #: Whether a copy stands in the sender's Sent Items.
    kept: bool = False


class Mailboxes:
    """All mails, oldest first."""

    def __init__(self) -> None:
        self.mails: list[SentMail] = []

    def of(self, address: str) -> list[SentMail]:
        """Mails to this address, oldest first."""
        wanted = address.lower()
        return [mail for mail in self.mails if wanted in (to.lower() for to in mail.to)]


async def send_mail(state: TwinState, call: Call) -> Answer:
    """POST /users/{id}/sendMail: 202, nothing said about delivery. JSON, or MIME in base64 as text/plain."""
    sender = state.tenant.user(call.ids["id"])
    if sender is None or sender.mail is None:
        raise Refused(404, "ErrorInvalidUser", f"The requested user '{call.ids['id']}' is invalid.")
    if len(call.body) > MAX_MAIL:
        raise Refused(413, "RequestEntityTooLarge", "The request content is too large.")
    mime = call.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/plain"
    said = _from_mime(call.body) if mime else _from_json(call.json())
    addresses = said["to"]
    if not addresses or len(addresses) > MAX_RECIPIENTS:
        raise Refused(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
    state.change("mailSent", id=str(uuid4()), sender=sender.mail, **said)
    return Answer(status=202)


def _from_json(request: dict[str, Any]) -> dict[str, Any]:
    """What a mail in JSON says. Raises Refused 400."""
    message = _member(request, "message")
    body = _member(message, "body")
    recipients = message.get("toRecipients")
    content_type = str(body.get("contentType", "text")).lower()
    if content_type not in ("text", "html"):
        raise Refused(400, "RequestBodyRead", f"The value '{content_type}' is no contentType.")
    headers = message.get("internetMessageHeaders") or []
    for header in headers:
        if not str(header.get("name", "")).lower().startswith("x-"):
            raise Refused(
                400,
                "InvalidInternetMessageHeader",
                f"The internet message header name '{header.get('name')}' should start with 'x-' or 'X-'.",
            )
    return {
        "to": [_address(each) for each in recipients] if isinstance(recipients, list) else [],
        "subject": str(message.get("subject") or ""),
        "content_type": content_type,
        "content": str(body.get("content") or ""),
        "headers": {str(header["name"]): str(header.get("value", "")) for header in headers},
        "kept": str(request.get("saveToSentItems", request.get("SaveToSentItems", True))).lower() != "false",
    }


def _from_mime(body: bytes) -> dict[str, Any]:
    """What a mail in MIME says; a copy is always kept. Raises Refused 400."""
    try:
        message = message_from_bytes(base64.b64decode(body, validate=True), policy=default)
    except (binascii.Error, ValueError):
        raise Refused(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.") from None
    texts = {kind: _part(message, kind) for kind in ("html", "plain")}
    return {
        "to": [_address({"emailAddress": {"address": each}}) for _, each in getaddresses(_all(message, "To"))],
        "subject": str(message["Subject"] or ""),
        "content_type": "html" if texts["html"] else "text",
        "content": texts["html"] or texts["plain"],
        "text": texts["plain"] if texts["html"] else "",
        "headers": {name: str(value) for name, value in message.items() if name.lower().startswith("x-")},
        "kept": True,
    }


def _all(message: EmailMessage, name: str) -> Sequence[str]:
    return [str(each) for each in message.get_all(name, [])]


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


def _member(value: dict[str, Any], name: str) -> dict[str, Any]:
    """A required object; property names are matched in any case, as Graph does. Raises Refused 400."""
    member = value.get(name, value.get(name[0].upper() + name[1:]))
    if not isinstance(member, dict):
        raise Refused(400, "ErrorInvalidRequest", f"The property '{name}' is missing.")
    return member


def _address(recipient: Any) -> str:
    """Raises Refused 400 for what is no address."""
    address = recipient.get("emailAddress", {}).get("address") if isinstance(recipient, dict) else None
    if not isinstance(address, str) or "@" not in address.strip("@") or any(c.isspace() for c in address):
        raise Refused(400, "ErrorInvalidRecipients", "At least one recipient isn't valid.")
    return address


@mutation("mailSent")
def _mail_sent(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    state.part(Mailboxes).mails.append(SentMail(at=at, **{**data, "to": tuple(data["to"])}))


ROUTES = [
    Route(method="POST", path="/users/{id}/sendMail", handle=send_mail, permissions=(frozenset({"Mail.Send"}),)),
    Route(
        method="POST",
        path="/users/{id}/microsoft.graph.sendMail",
        handle=send_mail,
        permissions=(frozenset({"Mail.Send"}),),
    ),
]
