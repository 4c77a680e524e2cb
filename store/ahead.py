"""What a press is about to ask one by one, read with one statement: on PostgreSQL each is a journey there and back.

What was read ahead answers the first question for it, and only that.
"""

from types import SimpleNamespace
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Text, bindparam, literal_column, select, type_coerce, union_all

from store import schema
from store.outbox import Outbox
from store.quick import FEW, among, ids
from store.small import Small, key_hash
from store.types import SafeText, original_text


class _Told(msgspec.Struct):
    """Of a stored notice: whom it told."""

    recipient_id: str


_told = msgspec.json.Decoder(_Told)


def _part(what: str, name: ColumnElement[Any], text: ColumnElement[Any]) -> Any:
    """(what it is, of what, its text as it is stored)"""
    return select(
        literal_column(f"'{what}'", Text).label("what"),
        type_coerce(name, Text).label("name"),
        type_coerce(text, Text).label("text"),
    )


def _of_press() -> Any:
    answers, values, people = schema.answers_given, schema.stored_values, schema.people
    person, cards = bindparam("person", type_=SafeText), schema.cards
    own = (cards.c.activity_id == bindparam("activity", type_=SafeText), cards.c.recipient_id == person)
    card = (
        select(cards.c.id, cards.c.body).where(*own).order_by(cards.c.posted_at.desc(), cards.c.id).limit(1).subquery()
    )
    return union_all(
        _part("answer", answers.c.key_hash, answers.c.answer).where(answers.c.key_hash == bindparam("key")),
        _part("value", values.c.name, values.c.value).where(among(values.c.name, 2)),
        _part("person", people.c.id, people.c.body).where(people.c.id == person),
        _part("card", card.c.id, card.c.body),
    )


def _of_card() -> Any:
    notices, talks, nominations = schema.notices, schema.conversations, schema.nominations
    alert = bindparam("alert", type_=SafeText)
    told = select(notices.c.recipient_id).where(notices.c.alert_id == alert)
    reader = talks.c.person_id == bindparam("person", type_=SafeText)
    newest = nominations.c.created_at.desc(), nominations.c.id
    own = (
        select(nominations)
        .where(nominations.c.object_id == bindparam("app", type_=SafeText))
        .order_by(*newest)
        .subquery()
    )
    return union_all(
        _part("notice", notices.c.alert_id, notices.c.body).where(notices.c.alert_id == alert),
        _part("conversation", talks.c.person_id, talks.c.body).where(reader | talks.c.person_id.in_(told)),
        _part("nomination", own.c.id, own.c.body),
    )


class Ahead(Outbox, Small):
    """The part of a transaction that asks for others."""

    async def look_ahead_of_press(
        self, answer_key: str, values: tuple[str, str], person_id: str, activity_id: str
    ) -> None:
        """The answer given under a key, two small values, a person, and the card that person pressed."""
        key, named = key_hash(answer_key), ids(values)
        found = await self._parts_of(
            "press", _of_press, {"key": key, "person": person_id, "activity": activity_id, **named}
        )
        self._foresee("answer", {"key": key}, [_row(answer=original_text(text)) for _, text in found["answer"]])
        self._foresee(
            ("values", 2),
            named,
            [_row(name=original_text(name), value=original_text(text)) for name, text in found["value"]],
        )
        self._foresee(("people", 1), ids([person_id]), [_row(id=person_id, body=text) for _, text in found["person"]])
        self._foresee(
            "card_by_activity",
            {"activity": activity_id, "recipient": person_id},
            [_row(body=text) for _, text in found["card"]],
        )

    async def look_ahead_of_card(self, alert_id: str, object_id: str, person_id: str) -> None:
        """What has been told of an alert, where the reader and those who were told can be reached, nominations."""
        found = await self._parts_of("card", _of_card, {"alert": alert_id, "app": object_id, "person": person_id})
        self._foresee(("notices", 1), ids([alert_id]), [_row(body=text) for _, text in found["notice"]])
        self._foresee("nominations_of_app", {"app": object_id}, [_row(body=text) for _, text in found["nomination"]])
        told = {original_text(_told.decode(text).recipient_id) for _, text in found["notice"]}
        wanted = sorted(told | {person_id})
        if len(wanted) <= FEW:
            rows = [_row(person_id=original_text(name), body=text) for name, text in found["conversation"]]
            self._foresee(("conversations", len(wanted)), ids(wanted), rows)

    async def _parts_of(self, name: str, build: Any, values: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
        parts: dict[str, list[tuple[str, str]]] = {
            what: [] for what in ("answer", "value", "person", "card", "notice", "conversation", "nomination")
        }
        for row in await self._quick(("ahead", name), build, values):
            parts[row.what].append((row.name, row.text))
        return parts


def _row(**columns: Any) -> SimpleNamespace:
    return SimpleNamespace(**columns)
