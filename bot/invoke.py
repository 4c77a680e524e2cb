"""From a pressed button to an Action, and from a View to the answer that Teams understands.

The data of an invoke is a copy sent by somebody's client: only known ids and inputs are taken from it, and the actor
is never one of them. Source: learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from alerts.errors import StewardError
from alerts.model import Action
from bot.inbound import Inbound

NAME = "adaptiveCard/action"
CARD = "application/vnd.microsoft.card.adaptive"
MESSAGE = "application/vnd.microsoft.activity.message"
ERROR = "application/vnd.microsoft.error"

#: Bytes of an invoke's value as JSON.
MAX_VALUE_BYTES = 16 * 1024
#: Opaque ids that card data may hold, and what one looks like. Design 1.5.
_IDS = ("alert", "nomination", "digest", "question")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
#: Input id -> longest text. Ticked alerts and nominees come comma separated.
_INPUTS = {"days": 8, "nominees": 2000, "note": 2000, "alerts": 12_000}
#: Where a fallback Action.Submit carries its verb: it has no field of its own for that.
SUBMIT_VERB = "verb"


class BadInvoke(StewardError):
    """The invoke is not one that a card of ours can send."""


def action_of_invoke(inbound: Inbound) -> Action:
    """The action of an adaptiveCard/action invoke. Raises BadInvoke."""
    value = _small(inbound.value)
    pressed = value.get("action")
    if not isinstance(pressed, Mapping) or pressed.get("type") != "Action.Execute":
        raise BadInvoke("no Action.Execute")
    data = pressed.get("data", {})
    return _action(inbound, pressed.get("verb"), data, automatic=value.get("trigger") == "automatic")


def action_of_submit(inbound: Inbound) -> Action:
    """The action of a message without text whose value an Action.Submit filled. Raises BadInvoke."""
    value = _small(inbound.value)
    return _action(inbound, value.get(SUBMIT_VERB), value, automatic=False)


def _small(value: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if value is None:
        raise BadInvoke("no value")
    if len(msgspec.json.encode(value)) > MAX_VALUE_BYTES:
        raise BadInvoke("value too large")
    return value


def _action(inbound: Inbound, verb: object, data: object, *, automatic: bool) -> Action:
    if not isinstance(verb, str) or not 0 < len(verb) <= 64:
        raise BadInvoke("no verb")
    if not isinstance(data, Mapping):
        raise BadInvoke("data is no object")
    return Action(
        verb=verb,
        actor_id=inbound.person_id,
        data=_ids(data),
        inputs=_inputs(data),
        card_activity_id=inbound.reply_to_id,
        invoke_id=inbound.activity_id,
        automatic=automatic,
    )


def _ids(data: Mapping[str, Any]) -> dict[str, Any]:
    """The known ids and the version; what else stands there is not ours and is left out."""
    found: dict[str, Any] = {}
    for name in _IDS:
        value = data.get(name)
        if value is None:
            continue
        if not isinstance(value, str) or not _ID.fullmatch(value):
            raise BadInvoke(f"{name} is no id")
        found[name] = value
    version = data.get("v")
    if version is not None:
        # Every answer is judged against today's state: an odd version decides nothing.
        found["v"] = version if isinstance(version, int) and not isinstance(version, bool) else 0
    return found


def _inputs(data: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, longest in _INPUTS.items():
        value = data.get(name)
        if value is None:
            continue
        # Input.Number gives a number on some clients, text on others.
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = f"{value:g}"
        if not isinstance(value, str) or len(value) > longest:
            raise BadInvoke(f"input {name} is no text, or too long")
        found[name] = value
    return found


def card_answer(card: Mapping[str, Any]) -> dict[str, Any]:
    """The card replaces the one that was pressed."""
    return {"statusCode": 200, "type": CARD, "value": dict(card)}


def message_answer(text: str) -> dict[str, Any]:
    """A sentence; the card stays as it is."""
    return {"statusCode": 200, "type": MESSAGE, "value": text}


def error_answer(status: int, code: str, text: str) -> dict[str, Any]:
    """Teams shows a general failure; for what no card of ours sends."""
    return {"statusCode": status, "type": ERROR, "value": {"code": code, "message": text}}
