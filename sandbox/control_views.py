"""What the practice page shows of the tenant, as JSON: people, chats, apps, and the whole truth."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sandbox.chats import CARD, Chat, Chats, Message
from sandbox.graph_mail import Mailboxes
from sandbox.refused import Refused
from sandbox.state import TwinState
from sandbox.tenant import TwinApp, TwinCredential, TwinUser
from sandbox.truth import records_of

Json = dict[str, Any]

#: How many people or apps a search shows.
FOUND = 20
SHOWN_APPS = 40
SHOWN_MAILS = 500


def iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


# ---------------------------------------------------------------- people


def find_person(state: TwinState, name: str) -> TwinUser:
    """A person by first name of the cast, object id, UPN, or the part of the UPN before the @. Raises Refused 404."""
    wanted = name.strip().lower()
    tenant = state.tenant
    if wanted in tenant.cast:
        return tenant.users[tenant.cast[wanted]]
    user = tenant.users.get(wanted)
    if user is None and wanted:
        user = next((each for each in tenant.users.values() if each.upn.lower() == wanted), None)
    if user is None and wanted:
        matches = [each for each in tenant.users.values() if each.upn.lower().startswith(wanted)]
        exact = [each for each in matches if each.upn.lower().partition("@")[0] == wanted]
        user = exact[0] if exact else matches[0] if len(matches) == 1 else None
    if user is None:
        raise Refused(404, "NotFound", f"Nobody is called {name!r} here.")
    return user


def name_of(state: TwinState, user: TwinUser) -> str:
    """The name under which a person is addressed in /practice/as/<name>/."""
    for name, person_id in state.tenant.cast.items():
        if person_id == user.id:
            return name
    short = user.upn.partition("@")[0]
    unique = state.part(ShortNames).of(state)[short.lower()] == 1 and short.lower() not in state.tenant.cast
    return short if unique else user.id


class ShortNames:
    """How many people have the same part before the @; counted once, for nobody is renamed here."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def of(self, state: TwinState) -> Counter[str]:
        users = state.tenant.users
        if self._counts.total() != len(users):
            self._counts = Counter(user.upn.lower().partition("@")[0] for user in users.values())
        return self._counts


def owned_apps(state: TwinState) -> dict[str, list[str]]:
    """Person id -> names of the apps that this person owns, in Graph's order."""
    owned: dict[str, list[str]] = {}
    for app in state.tenant.apps.values():
        if app.deleted_at is None:
            for owner in app.owners:
                owned.setdefault(owner, []).append(app.display_name or app.app_id)
    return owned


def person_json(state: TwinState, user: TwinUser, owned: dict[str, list[str]]) -> Json:
    """One person as the left rail shows it."""
    chat = state.part(Chats).of_person.get(user.id)
    return {
        "name": name_of(state, user),
        "id": user.id,
        "display_name": user.display_name,
        "upn": user.upn,
        "department": user.department or "",
        "role": role_of(state, user, owned.get(user.id, [])),
        "unread": chat.unread if chat else 0,
        "messages": len(chat.messages) if chat else 0,
        "has_teams_app": user.has_teams_app,
        "active": user.active,
        "blocked": user.id in state.part(Chats).blocked,
    }


def role_of(state: TwinState, user: TwinUser, apps: list[str]) -> str:
    """Who somebody is, in a few words."""
    parts = []
    if not user.active:
        parts.append("left")
    if user.id == state.tenant.cast.get("ada"):
        parts.append("administrator")
    reports = [each.display_name for each in state.tenant.users.values() if each.manager_id == user.id]
    if len(reports) in (1, 2):
        parts.append("manages " + " and ".join(reports))
    elif reports:
        parts.append(f"manages {len(reports)} people")
    if len(apps) == 1:
        parts.append(f"owns {_short(apps[0])}")
    elif apps:
        parts.append(f"owns {_short(apps[0])} and {len(apps) - 1} more")
    return ", ".join(parts) or (user.department or "owns no app")


def _short(name: str, most: int = 40) -> str:
    """A name fit for one line; directory names may be hostile."""
    line = " ".join(name.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def people_json(state: TwinState, search: str) -> Json:
    """The cast, or who matches a search by name or address (what a people picker finds: enabled people)."""
    owned = owned_apps(state)
    wanted = search.strip().lower()
    users: Iterable[TwinUser]
    if wanted:
        users = [user for user in state.tenant.users.values() if user.active and _is_called(user, wanted)]
        users = sorted(users, key=lambda user: (not user.display_name.lower().startswith(wanted), user.display_name))
    else:
        users = [state.tenant.users[person_id] for person_id in state.tenant.cast.values()]
    return {
        "now": iso(state.now()),
        "people": [person_json(state, user, owned) for user in list(users)[:FOUND]],
    }


def _is_called(user: TwinUser, wanted: str) -> bool:
    """Whether a word of the name, the address or the id begins like this."""
    return (
        f" {user.display_name.lower()}".find(f" {wanted}") >= 0
        or user.upn.lower().startswith(wanted)
        or user.id == wanted
    )


# ---------------------------------------------------------------- chats


def chat_json(state: TwinState, user: TwinUser) -> Json:
    """A person's chat as that person's client shows it, oldest message first."""
    chat = state.part(Chats).of_person.get(user.id)
    messages = [message_json(state, chat, message) for message in chat.messages.values()] if chat else []
    return {
        "person": person_json(state, user, owned_apps(state)),
        "conversation": chat.id if chat else None,
        "unread": chat.unread if chat else 0,
        "messages": messages,
    }


def message_json(state: TwinState, chat: Chat, message: Message) -> Json:
    """One message; `card` is what this person sees, `stored_card` what stands in the chat.

    `answered` is "" unless they differ: then this person pressed a button, or the client refreshed the card.
    """
    answer = state.part(Chats).shown.get((chat.person_id, message.id))
    cards = [
        attachment["content"]
        for attachment in message.activity.get("attachments") or ()
        if attachment.get("contentType") == CARD
    ]
    if answer is not None:
        cards = [answer.card, *cards[1:]]
    return {
        "activity": message.id,
        "at": iso(message.at),
        "from": "steward" if message.from_bot else "person",
        "text": message.activity.get("text") or "",
        "summary": message.activity.get("summary") or "",
        "card": cards[0] if cards else None,
        "cards": cards,
        "stored_card": message.card,
        "answered": "" if answer is None else "refreshed" if answer.refreshed else "pressed",
        "updated": iso(message.updated_at),
        "deleted": message.deleted,
        "unread": message.from_bot and chat.is_unread(message),
    }


# ---------------------------------------------------------------- Entra


def days_left(credential: TwinCredential, now: datetime) -> int | None:
    """Whole days until it ends, negative once expired, None without an end."""
    return None if credential.end is None else (credential.end - now) // timedelta(days=1)


def entra_json(state: TwinState, search: str) -> Json:
    """Apps by the end of their next credential; the search is by name, id, owner's address or id."""
    now = state.now()
    wanted = search.strip().lower()
    living = [app for app in state.tenant.apps.values() if app.deleted_at is None]
    apps = [app for app in living if not wanted or _matches(state, app, wanted)]
    apps.sort(key=lambda app: _urgency(app, now))
    return {"total": len(living), "apps": [app_json(state, app, now) for app in apps[:SHOWN_APPS]]}


def _matches(state: TwinState, app: TwinApp, wanted: str) -> bool:
    owners = (state.tenant.users.get(owner) for owner in app.owners)
    return (
        wanted in (app.display_name or "").lower()
        or wanted in (app.object_id, app.app_id)
        or any(owner and (wanted in owner.upn.lower() or wanted == owner.id) for owner in owners)
    )


def _urgency(app: TwinApp, now: datetime) -> tuple[int, float]:
    """What runs out next comes first, then what is long expired, then what never ends."""
    ends = [credential.end for credential in app.credentials if credential.end is not None]
    coming = [end for end in ends if end >= now - timedelta(days=7)]
    if coming:
        return (0, min(coming).timestamp())
    return (1, -max(ends).timestamp()) if ends else (2, app.ordinal)


def app_json(state: TwinState, app: TwinApp, now: datetime) -> Json:
    return {
        "object_id": app.object_id,
        "app_id": app.app_id,
        "display_name": app.display_name or "",
        "type": app.kind.value,
        "case": app.case,
        "owners": [owner_json(state, owner) for owner in app.owners],
        "credentials": [
            {
                "key_id": credential.key_id,
                "display_name": credential.display_name or "",
                "kind": kind_of(credential),
                "renewable": credential.end is not None and credential.usage != "Sign",
                "end": iso(credential.end),
                "days": days_left(credential, now),
            }
            for credential in records_of(app)
        ],
    }


def kind_of(credential: TwinCredential) -> str:
    if credential.usage == "Sign":
        return "SAML certificate"
    return "Client secret" if credential.is_secret else "Certificate"


def owner_json(state: TwinState, owner_id: str) -> Json:
    """An owner, which need not be a person."""
    user = state.tenant.users.get(owner_id)
    if user is not None:
        mark = "" if user.active else " (deleted)" if not user.listed else " (disabled)"
        return {"id": owner_id, "kind": "user", "text": user.display_name + mark, "upn": user.upn}
    if owner_id in state.tenant.groups:
        return {"id": owner_id, "kind": "group", "text": state.tenant.groups[owner_id].display_name, "upn": ""}
    app = state.tenant.apps.get(owner_id)
    return {
        "id": owner_id,
        "kind": "servicePrincipal",
        "text": (app.display_name if app else None) or owner_id,
        "upn": "",
    }


# ---------------------------------------------------------------- mail


def mails_json(state: TwinState) -> list[Json]:
    """The newest e-mails that Steward sent, newest first; `names` are the people it went to."""
    names = {(user.mail or user.upn).lower(): user for user in state.tenant.users.values()}
    return [
        {
            "id": mail.id,
            "at": iso(mail.at),
            "from": mail.sender,
            "to": list(mail.to),
            "names": [name_of(state, names[address.lower()]) for address in mail.to if address.lower() in names],
            "subject": mail.subject,
            "html": mail.content if mail.content_type == "html" else "",
            "text": mail.content if mail.content_type == "text" else mail.text,
        }
        for mail in reversed(state.part(Mailboxes).mails[-SHOWN_MAILS:])
    ]
