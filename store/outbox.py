"""Notices and deliveries: what must be told, and the rows that workers claim, one worker at a time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from alerts.model import Channel, Delivery, DeliveryState, Notice
from store import schema
from store.codec import Codec, encode
from store.session import Pauses, Session, chunks, distinct

_notices: Codec[Notice] = Codec(Notice)
_deliveries: Codec[Delivery] = Codec(Delivery)

#: The number of PostgreSQL's advisory lock under which deliveries are claimed.
CLAIM_LOCK = 0x5354_4557_4102

_WAITING = (DeliveryState.PENDING.value, DeliveryState.SENDING.value)


def _delivery(row: Row[Any]) -> Delivery:
    """The columns that a claim changes win over the body."""
    return replace(
        _deliveries.decode(row.body),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        fence=row.fence,
        lease_until=row.lease_until,
    )


def _columns(delivery: Delivery) -> dict[str, Any]:
    return {
        "recipient_id": delivery.recipient_id,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "fence": delivery.fence,
        "created_at": delivery.created_at,
        "not_before": delivery.not_before,
        "lease_until": delivery.lease_until,
        "run_id": delivery.run_id,
        "carries_notices": bool(delivery.notice_ids),
        "channel": delivery.channel.value,
        "body": encode(delivery),
    }


def _held(table: FromClause, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """A worker has it in hand."""
    return table.c.state == DeliveryState.SENDING.value, table.c.lease_until > now


class Outbox(Session):
    """The outbox' part of a transaction."""

    # ------------------------------------------------------------ notices

    async def add_notices(self, notices: Sequence[Notice]) -> list[Notice]:
        """Insert those whose key is new; returns the inserted ones."""
        table = schema.notices
        insert = self._insert(table).on_conflict_do_nothing().returning(table.c.id)
        rows = (
            {
                "id": notice.id,
                "alert_id": notice.alert_id,
                "stage": notice.stage,
                "recipient_id": notice.recipient_id,
                "kind": notice.kind.value,
                "created_at": notice.created_at,
                "body": encode(notice),
            }
            for notice in notices
        )
        new = dict.fromkeys(await self._written(insert, rows))
        inserted = []
        for notice in notices:
            if notice.id in new:
                # Two of one id in one call: the first of them was inserted.
                del new[notice.id]
                inserted.append(notice)
        return inserted

    async def notices(self, alert_ids: Sequence[str]) -> list[Notice]:
        """Oldest first."""
        table = schema.notices
        found: list[Notice] = []
        pauses = Pauses()
        async for rows in self._rows_by("notices", table.c.alert_id, alert_ids, select(table.c.body).where):
            for row in rows:
                found.append(_notices.decode(row.body))
                await pauses()
        return sorted(found, key=lambda notice: (notice.created_at, notice.id))

    # ------------------------------------------------------------ deliveries

    async def add_deliveries(self, deliveries: Sequence[Delivery]) -> None:
        """Insert, in this order: it is the order in which they will be claimed."""
        for part in chunks(deliveries):
            await self._insert_all(schema.deliveries, [{"id": delivery.id, **_columns(delivery)} for delivery in part])
            links = [
                {"delivery_id": delivery.id, "alert_id": alert_id}
                for delivery in part
                for alert_id in distinct(delivery.alert_ids)
            ]
            await self._insert_all(schema.delivery_alerts, links)

    async def claim_deliveries(
        self,
        now: datetime,
        lease_seconds: float,
        limit: int,
        *,
        channel: Channel | None = None,
        most: int | None = None,
        notices: bool = True,
    ) -> list[Delivery]:
        """Pending ones whose `not_before` has come, and sending ones whose lease ran out, oldest first.

        Without `notices` those that carry notices stay where they are: sending is paused.

        Each is returned as stored after the claim: state sending, lease set, attempts and fence counted
        up. One at a time for each person and channel, whoever has it: claims of several replicas come one
        after the other, SQLite lets one transaction write at a time.
        """
        table = schema.deliveries
        if not self._sqlite:
            # Two claims at once would each miss what the other is about to hold for the same person.
            await self._scalar(select(func.pg_advisory_xact_lock(CLAIM_LOCK)))
        if most is not None:
            limit = min(limit, most - await self._in_hand(now, channel))
        if limit <= 0:
            return []
        lease = now + timedelta(seconds=lease_seconds)
        rows = await self._candidates(now, limit, channel, notices)
        for part in chunks([row.seq for row in rows]):
            await self._run(
                update(table)
                .where(self._among(table.c.seq, part))
                .values(
                    state=DeliveryState.SENDING.value,
                    lease_until=lease,
                    attempts=table.c.attempts + 1,
                    fence=table.c.fence + 1,
                )
            )
        return [
            replace(
                _delivery(row),
                state=DeliveryState.SENDING,
                lease_until=lease,
                attempts=row.attempts + 1,
                fence=row.fence + 1,
            )
            for row in rows
        ]

    async def _in_hand(self, now: datetime, channel: Channel | None) -> int:
        """How many some worker holds."""
        table = schema.deliveries
        held = select(func.count()).where(*_held(table, now))
        return int(await self._scalar(held.where(table.c.channel == channel) if channel else held) or 0)

    async def _candidates(self, now: datetime, limit: int, channel: Channel | None, notices: bool) -> list[Row[Any]]:
        """The rows to claim: those that a worker left behind, then waiting ones, the first of each person."""
        table, other = schema.deliveries, schema.deliveries.alias("other")
        busy = select(other.c.seq).where(
            other.c.recipient_id == table.c.recipient_id, other.c.channel == table.c.channel, *_held(other, now)
        )
        order = (table.c.created_at, table.c.seq)
        ready = (
            and_(table.c.state == DeliveryState.SENDING.value, table.c.lease_until <= now),
            and_(table.c.state == DeliveryState.PENDING.value, table.c.not_before <= now),
        )
        chosen: dict[tuple[str, str], Row[Any]] = {}
        for condition in ready:
            # Some are second ones of a person.
            statement = select(table).where(condition, ~exists(busy)).order_by(*order).limit(limit * 2)
            if channel is not None:
                statement = statement.where(table.c.channel == channel.value)
            if not notices:
                statement = statement.where(table.c.carries_notices.is_(False))
            for row in await self._rows(statement.with_for_update(skip_locked=True)):
                if len(chosen) < limit:
                    chosen.setdefault((row.recipient_id, row.channel), row)
        return list(chosen.values())

    async def save_delivery(self, delivery: Delivery) -> bool:
        """Store an outcome if `fence` is still the stored one; False when another worker has it."""
        table = schema.deliveries
        own = update(table).where(table.c.id == delivery.id, table.c.fence == delivery.fence)
        return await self._run(own.values(**_columns(delivery))) == 1

    async def save_deliveries(self, deliveries: Sequence[Delivery]) -> set[str]:
        """The same for several, none of them twice; ids of those that are stored."""
        table = schema.deliveries
        kept: set[str] = set()
        for part in chunks(deliveries):
            ids = sorted(delivery.id for delivery in part)
            fences = select(table.c.id, table.c.fence).where(self._among(table.c.id, ids)).order_by(table.c.id)
            stored = {row.id: row.fence for row in await self._rows(fences.with_for_update())}
            own = [delivery for delivery in part if stored.get(delivery.id) == delivery.fence]
            await self._run_many(
                update(table).where(table.c.id == bindparam("own_id")),
                [{"own_id": delivery.id, **_columns(delivery)} for delivery in own],
            )
            kept.update(delivery.id for delivery in own)
        return kept

    async def deliveries(self, ids: Sequence[str]) -> dict[str, Delivery]:
        table = schema.deliveries
        found: dict[str, Delivery] = {}
        for part in chunks(distinct(ids)):
            statement = select(table).where(self._among(table.c.id, part))
            found.update({delivery.id: delivery for delivery in await self._read_deliveries(statement)})
        return found

    async def deliveries_of_alerts(self, alert_ids: Sequence[str]) -> list[Delivery]:
        """Oldest first, each once."""
        table, links = schema.deliveries, schema.delivery_alerts
        found: dict[int, Delivery] = {}
        pauses = Pauses()
        for part in chunks(distinct(alert_ids)):
            linked = select(links.c.delivery_id).where(self._among(links.c.alert_id, part))
            for row in await self._rows(select(table).where(table.c.id.in_(linked))):
                if row.seq not in found:
                    found[row.seq] = _delivery(row)
                    await pauses()
        return [found[seq] for seq in sorted(found, key=lambda seq: (found[seq].created_at, seq))]

    async def _read_deliveries(self, statement: Select[Any]) -> list[Delivery]:
        found, pauses = [], Pauses()
        # In parts: a first scan may hold a message for everybody.
        async for rows in self._parts(statement):
            for row in rows:
                found.append(_delivery(row))
                await pauses()
        return found

    async def deliveries_held(self) -> list[Delivery]:
        """Those that wait for an admin, oldest first."""
        table = schema.deliveries
        held = select(table).where(table.c.state == DeliveryState.HELD.value)
        return await self._read_deliveries(held.order_by(table.c.created_at, table.c.seq))

    async def deliveries_unsent(self) -> list[Delivery]:
        """Pending ones that carry notices, oldest first."""
        table = schema.deliveries
        pending = select(table).where(table.c.state == DeliveryState.PENDING.value, table.c.carries_notices.is_(True))
        return await self._read_deliveries(pending.order_by(table.c.created_at, table.c.seq))

    async def deliveries_of_run(self, run_id: str) -> list[Delivery]:
        """Those of a run that carry notices, in any state, oldest first."""
        table = schema.deliveries
        own = select(table).where(table.c.run_id == run_id, table.c.carries_notices.is_(True))
        return await self._read_deliveries(own.order_by(table.c.created_at, table.c.seq))

    async def runs_that_told(self, limit: int) -> list[str]:
        """Ids of the runs whose messages were let go, the newest first."""
        table = schema.deliveries
        told = (
            select(table.c.run_id)
            .where(table.c.carries_notices.is_(True), table.c.run_id != "", table.c.state != DeliveryState.HELD.value)
            .group_by(table.c.run_id)
            .order_by(func.max(table.c.seq).desc())
            .limit(limit)
        )
        return [str(row.run_id) for row in await self._rows(told)]

    async def forget_deliveries(self, before: datetime) -> int:
        """Delete finished ones without notices from before then: updates of cards, sentences; how many there were."""
        table = schema.deliveries
        ended = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNCLEAR, DeliveryState.CANCELLED)
        return await self._run(
            delete(table).where(
                table.c.state.in_([state.value for state in ended]),
                table.c.carries_notices.is_(False),
                table.c.created_at < before,
            )
        )

    async def deliveries_waiting(self) -> int:
        """How many are pending or sending."""
        table = schema.deliveries
        return int(await self._scalar(select(func.count()).where(table.c.state.in_(_WAITING))) or 0)

    async def deliveries_overdue(self, before: datetime, limit: int) -> list[Delivery]:
        """Those that could have been claimed at `before` and are not finished, oldest first."""
        table = schema.deliveries
        pending, sending = _WAITING
        late = or_(
            and_(table.c.state == pending, table.c.not_before <= before),
            and_(table.c.state == sending, table.c.lease_until <= before),
        )
        return await self._read_deliveries(
            select(table).where(late).order_by(table.c.created_at, table.c.seq).limit(limit)
        )

    async def deliveries_retried(self, limit: int) -> list[Delivery]:
        """Waiting ones that were tried before, oldest first."""
        table = schema.deliveries
        tried = and_(table.c.state == DeliveryState.PENDING.value, table.c.attempts > 0)
        return await self._read_deliveries(select(table).where(tried).order_by(table.c.created_at).limit(limit))

    async def deliveries_failed(self, limit: int) -> list[Delivery]:
        """Those that failed for good, newest first."""
        table = schema.deliveries
        failed = table.c.state == DeliveryState.FAILED.value
        return await self._read_deliveries(select(table).where(failed).order_by(table.c.seq.desc()).limit(limit))

    async def next_delivery_at(self) -> datetime | None:
        """The earliest time at which one can be claimed, None when nothing waits."""
        table = schema.deliveries
        pending, sending = _WAITING
        earliest = [
            await self._scalar(select(func.min(table.c.not_before)).where(table.c.state == pending)),
            await self._scalar(select(func.min(table.c.lease_until)).where(table.c.state == sending)),
        ]
        return min((moment for moment in earliest if moment is not None), default=None)
