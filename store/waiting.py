"""What waits for a day or a moment: exclusions that end, and looks at Graph that are to be taken again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select

from alerts.model import Exclusion, LaterLook
from store import schema
from store.codec import Codec, encode
from store.session import Session, chunks, distinct

_exclusions: Codec[Exclusion] = Codec(Exclusion)
_looks: Codec[LaterLook] = Codec(LaterLook)


class Waiting(Session):
    """Their part of a transaction."""

    async def exclusions(self) -> list[Exclusion]:
        """All that are stored, the first to end first."""
        table = schema.exclusions
        statement = select(table.c.body).order_by(table.c.until, table.c.object_id)
        return [_exclusions.decode(row.body) for row in await self._rows(statement)]

    async def save_exclusion(self, exclusion: Exclusion) -> None:
        """Insert, or replace by the application."""
        row = {
            "object_id": exclusion.application.object_id,
            "until": exclusion.until,
            "body": encode(exclusion),
        }
        await self._replace(schema.exclusions, [row])

    async def remove_exclusion(self, object_id: str) -> bool:
        """False when there was none."""
        table = schema.exclusions
        return await self._run(delete(table).where(table.c.object_id == object_id)) == 1

    async def later_looks(self, until: datetime) -> list[LaterLook]:
        """Those whose time has come by then, the longest waiting first."""
        table = schema.later_looks
        statement = select(table.c.body).where(table.c.next_at <= until).order_by(table.c.next_at, table.c.alert_id)
        return [_looks.decode(row.body) for row in await self._rows(statement)]

    async def save_later_look(self, look: LaterLook) -> None:
        """Insert, or replace by the alert."""
        await self._replace(
            schema.later_looks, [{"alert_id": look.alert_id, "next_at": look.next_at, "body": encode(look)}]
        )

    async def remove_later_looks(self, alert_ids: Sequence[str]) -> None:
        table = schema.later_looks
        for part in chunks(distinct(alert_ids)):
            await self._run(delete(table).where(self._among(table.c.alert_id, part)))
