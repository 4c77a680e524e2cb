"""Cards that stand in somebody's chat, so that they can be kept true."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, select

from alerts.model import PostedCard
from store import schema
from store.codec import Codec, encode
from store.session import Pauses, Session, chunks, distinct
from store.types import SafeText

_cards: Codec[PostedCard] = Codec(PostedCard)


def _row(card: PostedCard) -> dict[str, Any]:
    return {
        "id": card.id,
        "delivery_id": card.delivery_id,
        "recipient_id": card.recipient_id,
        "activity_id": card.activity_id,
        "nomination_id": card.nomination_id,
        "posted_at": card.posted_at,
        "body": encode(card),
    }


def _newest(*conditions: ColumnElement[bool]) -> Select[Any]:
    table = schema.cards
    return select(table.c.body).where(*conditions).order_by(table.c.posted_at.desc(), table.c.id).limit(1)


class Cards(Session):
    """The cards' part of a transaction."""

    async def save_card(self, card: PostedCard) -> None:
        """Insert, or replace by id."""
        await self.save_cards([card])

    async def save_cards(self, cards: Sequence[PostedCard]) -> None:
        """Insert, or replace by id; the later of two with one id wins."""
        links = schema.card_alerts
        for part in chunks({card.id: card for card in cards}.values()):
            await self._replace(schema.cards, [_row(card) for card in part])
            await self._run(delete(links).where(self._among(links.c.card_id, [card.id for card in part])))
            await self._run_many(
                self._insert(links),
                [{"card_id": card.id, "alert_id": alert_id} for card in part for alert_id in distinct(card.alert_ids)],
            )

    async def card(self, card_id: str) -> PostedCard | None:
        return await self._newest_card(schema.cards.c.id == card_id)

    async def card_by_activity(self, activity_id: str, recipient_id: str) -> PostedCard | None:
        """The newest one."""
        table = schema.cards
        rows = await self._quick(
            "card_by_activity",
            lambda: _newest(
                table.c.activity_id == bindparam("activity", type_=SafeText),
                table.c.recipient_id == bindparam("recipient", type_=SafeText),
            ),
            {"activity": activity_id, "recipient": recipient_id},
        )
        return _cards.decode(rows[0].body) if rows else None

    async def newest_cards(self, recipient_id: str, limit: int) -> list[PostedCard]:
        """Somebody's cards, newest first."""
        table = schema.cards
        mine = select(table.c.body).where(table.c.recipient_id == recipient_id)
        newest = mine.order_by(table.c.posted_at.desc(), table.c.id.desc()).limit(limit)
        return [_cards.decode(row.body) for row in await self._rows(newest)]

    async def card_by_delivery(self, delivery_id: str) -> PostedCard | None:
        """The newest one."""
        return await self._newest_card(schema.cards.c.delivery_id == delivery_id)

    async def _newest_card(self, *conditions: ColumnElement[bool]) -> PostedCard | None:
        row = await self._row(_newest(*conditions))
        return None if row is None else _cards.decode(row.body)

    async def cards_of_alerts(self, alert_ids: Sequence[str]) -> list[PostedCard]:
        """Oldest first, each once."""
        links = schema.card_alerts
        found: dict[str, PostedCard] = {}

        def build(condition: ColumnElement[bool]) -> Select[Any]:
            return select(schema.cards.c.body).where(schema.cards.c.id.in_(select(links.c.card_id).where(condition)))

        pauses = Pauses()
        async for rows in self._rows_by("cards_of_alerts", links.c.alert_id, alert_ids, build):
            for row in rows:
                card = _cards.decode(row.body)
                found[card.id] = card
                await pauses()
        return self._oldest_first(found)

    async def cards_of_nominations(self, nomination_ids: Sequence[str]) -> list[PostedCard]:
        """Oldest first."""
        found: dict[str, PostedCard] = {}
        for part in chunks(each for each in distinct(nomination_ids) if each):
            found.update(await self._read_cards(self._among(schema.cards.c.nomination_id, part)))
        return self._oldest_first(found)

    async def _read_cards(self, condition: ColumnElement[Any]) -> dict[str, PostedCard]:
        found: dict[str, PostedCard] = {}
        pauses = Pauses()
        for row in await self._rows(select(schema.cards.c.body).where(condition)):
            card = _cards.decode(row.body)
            found[card.id] = card
            await pauses()
        return found

    @staticmethod
    def _oldest_first(found: dict[str, PostedCard]) -> list[PostedCard]:
        return sorted(found.values(), key=lambda card: (card.posted_at, card.id))
