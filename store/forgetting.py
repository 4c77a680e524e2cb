"""What the working state lets go for good: alerts that were closed long ago, with all that hangs on them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Table, delete, exists, select

from alerts.model import AlertState, DeliveryState
from store import schema
from store.session import CHUNK, Session, chunks

#: States in which somebody still has something to do with a message.
_IN_USE = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.HELD)


class _Closed(msgspec.Struct):
    """Of an alert's body, what decides."""

    closed_at: datetime | None = None


class Forgetting(Session):
    """Deletes across tables."""

    async def forget_alerts(self, before: datetime, most: int) -> int:
        """Delete alerts that were closed before then, at most so many; how many there were.

        With them go their recipients and notices, and messages and cards that tell of nothing else.
        """
        ids = await self._closed_alerts(before, most)
        for part in chunks(ids):
            await self._forget_told(schema.deliveries, schema.delivery_alerts, "delivery_id", part)
            await self._forget_told(schema.cards, schema.card_alerts, "card_id", part)
            for table in (schema.notices, schema.recipients, schema.later_looks):
                await self._run(delete(table).where(self._among(table.c.alert_id, part)))
            await self._run(delete(schema.alerts).where(self._among(schema.alerts.c.id, part)))
        return len(ids)

    async def _closed_alerts(self, before: datetime, most: int) -> list[str]:
        """Ids; locked, so that nobody opens one of them again meanwhile."""
        table, found, last = schema.alerts, list[str](), ""
        resolved = table.c.state == AlertState.RESOLVED.value
        while len(found) < most:
            page = select(table.c.id, table.c.body).where(resolved, table.c.opened_at < before, table.c.id > last)
            rows = await self._rows(page.order_by(table.c.id).limit(CHUNK).with_for_update(skip_locked=True))
            for row in rows:
                closed_at = msgspec.json.decode(row.body, type=_Closed).closed_at
                if closed_at is not None and closed_at < before:
                    found.append(row.id)
            if not rows:
                break
            last = rows[-1].id
        return found[:most]

    async def _forget_told(self, table: Table, links: Table, name: str, alert_ids: Sequence[str]) -> None:
        """Rows of messages or cards that are linked to these alerts alone; of the others only the links."""
        other = links.alias("other")
        elsewhere = exists(
            select(other.c.alert_id).where(other.c[name] == links.c[name], ~self._among(other.c.alert_id, alert_ids))
        )
        alone = select(links.c[name]).where(self._among(links.c.alert_id, alert_ids), ~elsewhere)
        gone = delete(table).where(table.c.id.in_(alone))
        if table is schema.deliveries:
            gone = gone.where(table.c.state.not_in([state.value for state in _IN_USE]))
        await self._run(gone)
        await self._run(delete(links).where(self._among(links.c.alert_id, alert_ids)))
