"""The story of the practice tenant as seven steps that tick themselves from its state."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.chats import Chats, Message
from sandbox.state import TwinState
from sandbox.story import INVOICE_EXPORT, VENDOR_PORTAL_SYNC

CARD_ANSWER = "application/vnd.microsoft.card.adaptive"

#: Verbs with which ana's card can be answered.
ANSWERS = frozenset({"acknowledge", "renewed", "snooze", "assignOwner", "notMine", "retire", "automatic"})

#: Newest daily record of the orphan: its OwnerId, '' when there is none.
OwnerInArchive = str


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of the story."""

    #: Whom to be, '' for the clock.
    person: str
    title: str
    text: str
    #: (state, owner of the orphan in the newest daily record) -> what proves that it is done, '' while it is not.
    proof: Callable[[TwinState, OwnerInArchive], str]


def steps_json(state: TwinState, owner_in_archive: OwnerInArchive) -> list[dict[str, Any]]:
    """All steps with what is done; the first that is not is the current one."""
    steps = []
    current = 0
    for number, step in enumerate(STEPS, 1):
        proof = step.proof(state, owner_in_archive)
        if not proof and not current:
            current = number
        steps.append(
            {
                "number": number,
                "person": step.person,
                "title": step.title,
                "text": step.text,
                "done": bool(proof),
                "proof": proof,
                "current": current == number,
            }
        )
    return steps


def approved(state: TwinState) -> bool:
    """Whether eli stands among the orphan's owners in Entra."""
    return state.tenant.cast["eli"] in state.tenant.app_named(VENDOR_PORTAL_SYNC).owners


# ---------------------------------------------------------------- what has been done


def _card_about(state: TwinState, name: str, app: str) -> Message | None:
    """The newest card about an app in somebody's chat."""
    chat = state.part(Chats).of_person.get(state.tenant.cast[name])
    for message in reversed(chat.messages.values() if chat else ()):
        if message.from_bot and message.card is not None and app in json.dumps(message.card, ensure_ascii=False):
            return message
    return None


def _read(state: TwinState, name: str, app: str) -> str:
    message = _card_about(state, name, app)
    chat = state.part(Chats).of_person.get(state.tenant.cast[name])
    if message is None or chat is None or chat.is_unread(message):
        return ""
    return f"{name} has read it."


def _pressed(state: TwinState, name: str, verbs: frozenset[str], app: str) -> str:
    """The verb that somebody pressed on a card about the app, and that Steward granted; '' for none."""
    person_id = state.tenant.cast[name]
    chat = state.part(Chats).of_person.get(person_id)
    for pressed in reversed(state.part(Chats).pressed):
        if pressed.person_id != person_id or pressed.verb not in verbs or pressed.answer != CARD_ANSWER:
            continue
        message = chat.messages.get(pressed.activity_id) if chat else None
        if message is not None and app in json.dumps(message.activity, ensure_ascii=False):
            return pressed.verb
    return ""


def _ana_answered(state: TwinState, _: OwnerInArchive) -> str:
    verb = _pressed(state, "ana", ANSWERS, INVOICE_EXPORT)
    return f"ana pressed {verb}." if verb else ""


def _eli_named(state: TwinState, _: OwnerInArchive) -> str:
    return "eli has been asked." if approved(state) or _card_about(state, "eli", VENDOR_PORTAL_SYNC) else ""


def _eli_accepted(state: TwinState, _: OwnerInArchive) -> str:
    return (
        "eli accepted." if approved(state) or _pressed(state, "eli", frozenset({"accept"}), VENDOR_PORTAL_SYNC) else ""
    )


def _ada_approved(state: TwinState, _: OwnerInArchive) -> str:
    return "Entra lists eli as owner." if approved(state) else ""


def _archive_shows(state: TwinState, owner_in_archive: OwnerInArchive) -> str:
    if owner_in_archive != state.tenant.cast["eli"]:
        return ""
    return "The newest daily record has eli as owner."


STEPS: tuple[Step, ...] = (
    Step(
        person="ana",
        title="ana reads her card",
        text=f"The scan found that the secret of {INVOICE_EXPORT} ends in 30 days. The card says why ana got it.",
        proof=lambda state, _: _read(state, "ana", INVOICE_EXPORT),
    ),
    Step(
        person="ana",
        title="ana answers",
        text='She takes it with "I\'ll do it", or has herself reminded later under "Other answers".',
        proof=_ana_answered,
    ),
    Step(
        person="mia",
        title="mia hears of what ben left behind",
        text=f"{VENDOR_PORTAL_SYNC} has no owner any more. The archive proves that it was ben's, and mia was his manager.",
        proof=lambda state, _: _read(state, "mia", VENDOR_PORTAL_SYNC),
    ),
    Step(
        person="mia",
        title="mia names eli",
        text="She picks eli as the new owner and sends it off. eli does not have Steward's app yet; it is installed for him.",
        proof=_eli_named,
    ),
    Step(
        person="eli", title="eli accepts", text="His card says what he takes on, and until when.", proof=_eli_accepted
    ),
    Step(
        person="ada",
        title="ada approves",
        text="An administrator confirms. Only now is the owner written to Entra, with an identity that can do nothing else.",
        proof=_ada_approved,
    ),
    Step(
        person="",
        title="The next day",
        text="Press Next day. Entra, the archive and everybody's cards show the new owner.",
        proof=_archive_shows,
    ),
)
