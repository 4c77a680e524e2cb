"""What Steward asks its admins before it goes on: a stored question, a yes or a no, once for all of them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from alerts.authority import RefusedError
from alerts.messages import card_updates, message
from alerts.model import Action, Channel, Delivery, DeliveryPurpose, Person, Role, Verb
from alerts.ports import Clock, Store, Transaction
from alerts.roles import Roles
from alerts.viewing import Viewer
from alerts.views import QuestionView


class QuestionState(StrEnum):
    OPEN = "open"
    YES = "yes"
    NO = "no"


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One thing that waits for an admin."""

    id: str
    #: leavers: so many owners depart at once.
    kind: str
    asked_at: datetime
    #: Ids of the people whom it is about.
    people: tuple[str, ...]
    #: Of how many they are part.
    of: int
    state: QuestionState = QuestionState.OPEN
    #: Id of the admin who answered.
    answered_by: str = ""
    answered_at: datetime | None = None


#: Begins the name of the stored value that holds a question.
PREFIX = "question."

_ANSWERS = {Verb.APPROVE: QuestionState.YES, Verb.REJECT: QuestionState.NO}


async def read_question(tx: Transaction, question_id: str) -> Question | None:
    """The question, None where there is none of this id."""
    text = await tx.value(f"{PREFIX}{question_id}")
    if not text:
        return None
    kept = json.loads(text)
    answered = kept["answered_at"]
    return Question(
        id=question_id,
        kind=kept["kind"],
        asked_at=datetime.fromisoformat(kept["asked_at"]),
        people=tuple(kept["people"]),
        of=kept["of"],
        state=QuestionState(kept["state"]),
        answered_by=kept["answered_by"],
        answered_at=datetime.fromisoformat(answered) if answered else None,
    )


async def read_questions(tx: Transaction, ids: Iterable[str]) -> dict[str, Question]:
    """id -> question; unknown ids are absent."""
    found = [await read_question(tx, question_id) for question_id in sorted(set(ids))]
    return {question.id: question for question in found if question is not None}


async def save_question(tx: Transaction, question: Question) -> None:
    fields = {
        "kind": question.kind,
        "asked_at": question.asked_at.isoformat(),
        "people": list(question.people),
        "of": question.of,
        "state": question.state,
        "answered_by": question.answered_by,
        "answered_at": question.answered_at.isoformat() if question.answered_at else None,
    }
    await tx.set_value(f"{PREFIX}{question.id}", json.dumps(fields))


async def ask_admins(
    tx: Transaction, question: Question, admins: Sequence[Person], now: datetime, *, mail: bool
) -> None:
    """Store the question and put it to every admin: a card with yes and no, and an e-mail that leads there."""
    await save_question(tx, question)
    asked: list[Delivery] = []
    for admin in admins:
        asked.append(message(DeliveryPurpose.QUESTION, admin.id, now, nomination_id=question.id))
        if mail and (admin.mail or admin.user_principal_name):
            params = {"count": str(len(question.people)), "of": str(question.of)}
            sentence = f"question_{question.kind}"
            asked.append(
                message(DeliveryPurpose.INFO, admin.id, now, channel=Channel.EMAIL, sentence=sentence, params=params)
            )
    await tx.add_deliveries(asked)


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What an admin presses on such a card."""

    store: Store
    clock: Clock
    roles: Roles
    viewer: Viewer

    async def on_question(self, action: Action) -> QuestionView:
        """Take the answer; the first one counts. Raises RefusedError for everybody who is no admin."""
        if await self.roles.role_of(action.actor_id) is not Role.ADMIN:
            raise RefusedError
        now = self.clock()
        async with self.store.transaction() as tx:
            question = await read_question(tx, str(action.data.get("question", "")))
            if question is None or action.verb not in (*_ANSWERS, Verb.REFRESH):
                raise RefusedError
            if action.verb != Verb.REFRESH and question.state is QuestionState.OPEN:
                state = _ANSWERS[Verb(action.verb)]
                await tx.add_audit(now, action.actor_id, action.verb, question.id, question.state, state)
                question = replace(question, state=state, answered_by=action.actor_id, answered_at=now)
                await save_question(tx, question)
                cards = await tx.cards_of_nominations([question.id])
                await tx.add_deliveries(card_updates(cards, now))
            return await question_view(tx, question, action.actor_id, self.viewer, now)


async def question_view(
    tx: Transaction, question: Question, person_id: str, viewer: Viewer, now: datetime
) -> QuestionView:
    """The question as one admin sees it now."""
    known = await tx.people([*question.people, question.answered_by])
    zone = await viewer.zone(tx, person_id)
    return QuestionView(
        question_id=question.id,
        kind=question.kind,
        asked_at=question.asked_at,
        people=tuple(known[i] for i in question.people if i in known),
        count=len(question.people),
        of=question.of,
        answer="" if question.state is QuestionState.OPEN else question.state,
        answered_by=known.get(question.answered_by),
        time_zone=zone,
        now=now,
        verbs=(Verb.APPROVE, Verb.REJECT, Verb.REFRESH) if question.state is QuestionState.OPEN else (Verb.REFRESH,),
    )


__all__ = [
    "PREFIX",
    "Question",
    "QuestionState",
    "Questions",
    "ask_admins",
    "question_view",
    "read_question",
    "read_questions",
    "save_question",
]
