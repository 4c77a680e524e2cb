"""What followed a moment: requests that the twins answered, messages in the chats, rows in the archive.

Each comes with what it means in plain words and with the file of Steward that made it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from sandbox.chats import Chats, Message
from sandbox.state import TwinState
from sandbox.traffic import Seen

Json = dict[str, Any]

#: How many requests are shown; a scan of a large tenant makes more.
SHOWN_REQUESTS = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What requests of one form are for, and who sends them."""

    service: str
    method: str
    path: re.Pattern[str]
    what: str
    file: str


def _meaning(service: str, method: str, path: str, what: str, file: str) -> Meaning:
    return Meaning(service=service, method=method, path=re.compile(path), what=what, file=file)


#: The first that matches holds.
MEANINGS: tuple[Meaning, ...] = (
    _meaning("entra", "GET", r"^/botframework/", "Reads the keys that prove what comes from Teams", "bot/tokens.py"),
    _meaning(
        "entra",
        "POST",
        r"/oauth2/",
        "Signs in with one of Steward's identities",
        "graph/client.py, archive/identity.py or bot/credentials.py",
    ),
    _meaning(
        "entra", "", r"", "Finds out how to sign in", "graph/client.py, archive/identity.py or bot/credentials.py"
    ),
    _meaning("graph", "POST", r"/owners/\$ref", "Writes a new owner", "graph/owners.py"),
    _meaning("graph", "GET", r"/owners", "Reads who owns an app", "graph/applications.py"),
    _meaning("graph", "POST", r"/sendMail", "Sends an e-mail", "graph/mail.py"),
    _meaning("graph", "", r"/teamwork/|/appCatalogs/", "Installs Steward's app for a person", "graph/installation.py"),
    _meaning("graph", "POST", r"/\$batch", "Many questions in one request", "graph/reader.py"),
    _meaning("graph", "", r"/users|/directory|/groups", "Reads people, their managers, or a group", "graph/people.py"),
    _meaning("graph", "GET", r"/(applications|servicePrincipals)/delta", "Asks what has changed", "graph/changes.py"),
    _meaning(
        "graph", "GET", r"/applications", "Reads app registrations and their credentials", "graph/applications.py"
    ),
    _meaning(
        "graph", "GET", r"/servicePrincipals", "Reads enterprise apps and their certificates", "graph/applications.py"
    ),
    _meaning("connector", "POST", r"/v3/conversations$", "Opens the chat with a person", "bot/connector.py"),
    _meaning("connector", "POST", r"/activities", "Posts a message", "bot/connector.py"),
    _meaning("connector", "PUT", r"/activities", "Brings a card up to date in place", "bot/connector.py"),
    _meaning("connector", "DELETE", r"/activities", "Deletes a message", "bot/connector.py"),
    _meaning("connector", "GET", r"/members", "Reads who is in a chat", "bot/connector.py"),
    _meaning("ingestion", "", r"", "Uploads rows to the archive's tables", "archive/log_analytics.py"),
    _meaning("query", "", r"", "Asks the archive", "archive/log_analytics.py"),
)

#: EventType -> the file that writes it.
EVENT_FILES: Mapping[str, str] = {
    **dict.fromkeys(("NotificationSent", "NotificationFailed"), "alerts/accounting.py"),
    **dict.fromkeys(("Seen", "Acknowledged", "Snoozed", "NotMine", "AnswerTakenBack"), "alerts/answering.py"),
    **dict.fromkeys(
        (
            "OwnerNominated",
            "NominationAccepted",
            "NominationDeclined",
            "OwnerChangeRequested",
            "OwnerAssigned",
            "OwnerChangeRefused",
        ),
        "alerts/nominations.py",
    ),
    **dict.fromkeys(
        ("AlertRaised", "CredentialExpired", "Superseded", "Excluded", "ExclusionEnded", "Reopened"),
        "alerts/judge.py",
    ),
    **dict.fromkeys(("CredentialRenewed", "CredentialRemoved"), "alerts/closing.py"),
    "SnoozeEnded": "alerts/events.py",
}


def happened_json(state: TwinState, mark: int, at: datetime, rows: Sequence[Json]) -> Json:
    """Everything since a mark in the log of requests and the moment that belongs to it, newest first.

    `rows` are the archive's events since then.
    """
    requests = [seen for seen in state.traffic.since(mark) if seen.service != "control"]
    shown = list(reversed(requests))[:SHOWN_REQUESTS]
    return {
        "requests": [request_json(seen) for seen in shown],
        "more": len(requests) if len(requests) > len(shown) else 0,
        "messages": list(messages_since(state, at)),
        "rows": [row_json(row) for row in rows],
    }


def request_json(seen: Seen) -> Json:
    what, file = "", ""
    for meaning in MEANINGS:
        if meaning.service == seen.service and meaning.method in ("", seen.method) and meaning.path.search(seen.path):
            what, file = meaning.what, meaning.file
            break
    return {
        "number": seen.number,
        "at": seen.at.isoformat(),
        "service": seen.service,
        "method": seen.method,
        "path": unquote(seen.path),
        "status": seen.status,
        "what": what + (" (part of a $batch)" if seen.part_of else ""),
        "file": file,
        "twin": seen.file,
    }


def messages_since(state: TwinState, at: datetime) -> Iterable[Json]:
    """Messages posted, updated or deleted since then, newest first."""
    found = []
    for chat in state.part(Chats).of_person.values():
        person = state.tenant.users[chat.person_id].display_name
        for message in chat.messages.values():
            changed = message.updated_at or message.at
            if changed >= at:
                found.append((changed, person, message))
    for changed, person, message in sorted(found, key=lambda each: each[0], reverse=True):
        if not message.from_bot:
            what, file = f"{person} wrote", ""
        elif message.deleted:
            what, file = f"Message to {person} deleted", "bot/connector.py"
        elif message.updated_at is not None:
            what, file = f"Card of {person} brought up to date", "bot/proactive.py"
        else:
            what, file = f"{'Card' if message.card else 'Message'} to {person}", "bot/proactive.py"
        yield {"at": changed.isoformat(), "what": what, "summary": headline(message), "file": file}


def headline(message: Message) -> str:
    """One line that says what a message is about."""
    activity = message.activity
    text = activity.get("summary") or activity.get("text") or ""
    return text or (_first_text(message.card) if message.card else "")


def _first_text(node: Any) -> str:
    """The first TextBlock of a card."""
    if isinstance(node, list):
        return next(filter(None, map(_first_text, node)), "")
    if not isinstance(node, dict):
        return ""
    if node.get("type") == "TextBlock":
        return str(node.get("text", ""))
    return _first_text([node[name] for name in ("body", "items", "columns") if name in node])


def row_json(row: Json) -> Json:
    """One event of the archive."""
    kind = str(row.get("EventType", ""))
    people = [
        f"{word} {row[column]}" for word, column in (("by", "ActorUPN"), ("to", "RecipientUPN")) if row.get(column)
    ]
    summary = ", ".join(filter(None, (str(row.get("Application") or ""), *people, str(row.get("Channel") or ""))))
    return {
        "at": str(row.get("TimeGenerated", "")),
        "what": kind,
        "summary": summary,
        "file": EVENT_FILES.get(kind, ""),
    }
