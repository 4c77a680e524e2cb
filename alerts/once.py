"""One click, one effect: an invoke that Teams sends again under the same id gets the answer that it got before."""

import hashlib
import json
from datetime import datetime

from alerts.model import Action, Verb
from alerts.ports import Transaction
from alerts.views import Sentence

#: What only looks may be repeated as often as a client likes.
_LOOKS = (Verb.REFRESH, Verb.OPEN)


def answer_key(action: Action) -> str:
    """Under what its answer is kept; '' where repeating does no harm."""
    if not action.invoke_id or action.verb in _LOOKS:
        return ""
    return f"invoke:{action.actor_id}:{action.card_activity_id}:{action.invoke_id}"


def _body(action: Action) -> str:
    text = json.dumps([action.verb, dict(action.data), dict(action.inputs)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class OtherBodyError(Exception):
    """The id was used for another answer: it is not what Teams repeats."""


async def answered_before(tx: Transaction, action: Action) -> tuple[bool, Sentence | None]:
    """(whether this very invoke was answered, the sentence it was answered with or None for the card).

    Raises OtherBodyError.
    """
    key = answer_key(action)
    stored = await tx.answer_given(key) if key else None
    if stored is None:
        return False, None
    body, sentence, params = json.loads(stored)
    if body != _body(action):
        raise OtherBodyError
    return True, Sentence(key=sentence, params=params) if sentence else None


async def remember(tx: Transaction, action: Action, said: Sentence | None, now: datetime) -> None:
    """Keep the answer, in the transaction that does what was asked.

    Raises VersionConflict when the same invoke was answered at the same time: nothing is done twice.
    """
    if key := answer_key(action):
        answer = [_body(action), said.key if said else "", dict(said.params) if said else {}]
        await tx.save_answer_given(key, json.dumps(answer), now)
