"""A database that was restored from a backup has forgotten who was told since: the archive knows, and is asked first.

At every start the store is compared with the archive: a NotificationSent there that is not here means that the store is
older. Nothing is told then (`gate.may_tell`) until what the archive holds has been taken over: messages that wait are
marked as sent, notices that are missing are written with their messages, and what belongs to alerts that this store
does not know yet is remembered for the scan that opens them anew.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from alerts.errors import ArchiveError
from alerts.gate import RESTORE_HOLD
from alerts.messages import message, new_id
from alerts.model import (
    Alert,
    Channel,
    Delivery,
    DeliveryPurpose,
    DeliveryState,
    EscalationPath,
    Event,
    Notice,
    NoticeKind,
    RouteReason,
)
from alerts.ports import Clock, Store, Transaction

log = logging.getLogger(__name__)

#: Name of the stored list of what was told about alerts that are not known here.
TOLD = "restore.told"
#: Name of the stored moment from which on the archive is compared while it holds.
SINCE = "restore.since"
#: So much earlier than the last sign of life the comparison begins: events reach the archive after the store.
MARGIN = timedelta(hours=1)
#: A store that gives no sign of life at all is compared with so much of the archive.
FARTHEST = timedelta(days=35)
#: After a shorter pause a restart is a restart: Log Analytics need not be asked before anything is sent.
SHORT_PAUSE = timedelta(hours=1)
#: How long what was told is remembered for alerts to come.
REMEMBERED = timedelta(days=7)

_OPEN = frozenset({DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.HELD})


class SentLog(Protocol):
    """What has reached people, as an archive knows it (archive/history.py)."""

    async def sent_since(self, since: datetime) -> tuple[Event, ...]:
        """NotificationSent events after a moment, oldest first. Raises ArchiveError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldElsewhere:
    """One person was told of one credential on one channel, by a run that this store has forgotten."""

    app_id: str
    key_id: str
    stage: int
    recipient_id: str
    kind: str
    channel: str
    at: str

    @property
    def key(self) -> tuple[str, str, int, str, str]:
        """What a notice of a new alert is compared by."""
        return (self.app_id, self.key_id, self.stage, self.recipient_id, self.kind)


@dataclass(kw_only=True)
class RestoreWatch:
    """Compares, holds, takes over, lets go. One replica does it; doing it twice does no harm."""

    store: Store
    clock: Clock
    #: The archive on this machine's own disk.
    here: SentLog
    #: Log Analytics; None where there is none.
    remote: SentLog | None = None
    #: When this store was last in use, as it says itself; the name of a stored value.
    alive: str
    #: Whether this machine's archive knows of messages that the store does not.
    forgot: bool = False

    async def begin(self) -> str:
        """At a start, before anything is sent: the reason of the hold, '' when the store is as new as the archive."""
        now = self.clock()
        since, paused = await self._since(now)
        reason = ""
        try:
            missing = await self._missing(await self.here.sent_since(since))
        except ArchiveError as error:
            missing, reason = [], f"the archive does not answer: {error}"[:300]
        if missing:
            reason = f"{len(missing)} messages went out after its last entry"
        elif not reason and self.remote is not None and paused > SHORT_PAUSE:
            reason = "Log Analytics has not been asked yet"
        self.forgot = bool(missing)
        async with self.store.transaction() as tx:
            # Another replica may have found more in its own part of the archive.
            reason = reason or await tx.value(RESTORE_HOLD) or ""
            await tx.set_value(RESTORE_HOLD, reason)
            if reason and not await tx.value(SINCE):
                await tx.set_value(SINCE, since.isoformat())
        if reason:
            log.warning("nothing is told until the archive was compared: %s", reason)
        return reason

    async def finish(self) -> int | None:
        """Take over what the archive holds and let go; None when the archive cannot be asked yet.

        Returns how many messages this store did not know of.
        """
        now = self.clock()
        async with self.store.reading() as tx:
            stored = await tx.value(SINCE)
        # A scan or a worker that lives by now says nothing of what was forgotten before it.
        since = datetime.fromisoformat(stored) if stored else (await self._since(now))[0]
        try:
            events = list(await self.here.sent_since(since))
            if self.remote is not None:
                events += await self.remote.sent_since(since)
        except ArchiveError as error:
            log.warning("the archive cannot be compared yet: %s", error)
            return None
        missing = await self._missing(events)
        async with self.store.transaction() as tx:
            if missing:
                await _take_over(tx, missing, now)
                await tx.add_audit(now, "", "restored", "database", "", f"{len(missing)} messages taken over")
            await tx.set_value(RESTORE_HOLD, "")
            await tx.set_value(SINCE, "")
        log.warning("the store was compared with the archive: %s messages taken over", len(missing))
        return len(missing)

    async def _since(self, now: datetime) -> tuple[datetime, timedelta]:
        """From when on the archive is compared, and for how long this store was not in use."""
        async with self.store.reading() as tx:
            seen, runs = await tx.value(self.alive), await tx.runs(1)
        signs = [run.started_at for run in runs] + ([datetime.fromisoformat(seen)] if seen else [])
        last = max(signs, default=now - FARTHEST)
        return min(last, now) - MARGIN, abs(now - last)

    async def _missing(self, events: Sequence[Event]) -> list[Event]:
        async with self.store.reading() as tx:
            known = await tx.events_known([event.event_id for event in events])
        return list({event.event_id: event for event in events if event.event_id not in known}.values())


async def _take_over(tx: Transaction, events: Sequence[Event], now: datetime) -> None:
    """Everything that the store has forgotten, in one transaction."""
    await tx.add_events(events)
    await tx.events_archived([event.event_id for event in events])
    unclosed = await tx.alerts_unclosed()
    by_id = await tx.alerts([alert.id for alert in unclosed], lock=True)
    # An alert that a scan has opened anew since has another id.
    by_key = {(alert.application.app_id, alert.credential.key_id): alert for alert in by_id.values()}
    unknown: list[Event] = []
    told: dict[tuple[str, Channel], list[str]] = {}
    for event in events:
        alert = by_id.get(event.alert_id) or by_key.get((event.app_id, event.key_id))
        if alert is None:
            unknown.append(event)
            continue
        notice = await _notice_of(tx, alert, event)
        told.setdefault((notice.recipient_id, Channel(event.channel)), []).append(notice.id)
        await tx.add_deliveries([sent_message(notice, Channel(event.channel), event.at)])
    await _call_in(tx, list(by_id), told)
    await _remember(tx, unknown, now)


async def _notice_of(tx: Transaction, alert: Alert, event: Event) -> Notice:
    """The notice that the event speaks of, stored now if it was not."""
    stage, kind = _stage(event), _kind(event)
    wanted = Notice(
        id=new_id(),
        alert_id=alert.id,
        stage=stage,
        recipient_id=event.recipient_id,
        kind=kind,
        run_id=event.run_id,
        created_at=event.at,
        path=EscalationPath(event.path) if event.path in set(EscalationPath) else alert.path,
        reason=RouteReason.OWNER,
        alert_type=event.alert_type,
    )
    if await tx.add_notices([wanted]):
        return wanted
    key = (stage, event.recipient_id, kind)
    return next(n for n in await tx.notices([alert.id]) if (n.stage, n.recipient_id, n.kind) == key)


async def _call_in(
    tx: Transaction, alert_ids: Sequence[str], told: Mapping[tuple[str, Channel], Sequence[str]]
) -> None:
    """Messages that wait lose what their people have been told already; those that are left with nothing were sent."""
    for delivery in await tx.deliveries_of_alerts(alert_ids):
        said = set(told.get((delivery.recipient_id, delivery.channel), ()))
        if delivery.state not in _OPEN or not said & set(delivery.notice_ids):
            continue
        left = tuple(notice_id for notice_id in delivery.notice_ids if notice_id not in said)
        known = _as_sent(delivery, delivery.created_at)
        await tx.save_delivery(replace(delivery, notice_ids=left) if left else known)


def _as_sent(delivery: Delivery, at: datetime) -> Delivery:
    return replace(delivery, state=DeliveryState.SENT, finished_at=at, lease_until=None, begun_at=None, error_code="")


def sent_message(notice: Notice, channel: Channel, at: datetime) -> Delivery:
    """The row of a message that is known to have arrived."""
    made = message(
        DeliveryPurpose.ALERT,
        notice.recipient_id,
        at,
        channel=channel,
        run_id=notice.run_id,
        notice_ids=[notice.id],
        alert_ids=[notice.alert_id],
    )
    return _as_sent(made, at)


def _stage(event: Event) -> int:
    stage = event.details.get("stage")
    return stage if isinstance(stage, int) else 0


def _kind(event: Event) -> NoticeKind:
    kind = str(event.details.get("kind", ""))
    return NoticeKind(kind) if kind in set(NoticeKind) else NoticeKind.STAGE


async def _remember(tx: Transaction, events: Sequence[Event], now: datetime) -> None:
    known = await told_elsewhere(tx, now)
    fresh = [
        ToldElsewhere(
            app_id=event.app_id,
            key_id=event.key_id,
            stage=_stage(event),
            recipient_id=event.recipient_id,
            kind=_kind(event),
            channel=event.channel,
            at=now.isoformat(),
        )
        for event in events
    ]
    rows = [
        {name: getattr(each, name) for name in ToldElsewhere.__dataclass_fields__}
        for each in dict.fromkeys(known + fresh)
    ]
    await tx.set_value(TOLD, json.dumps(rows) if rows else "")


async def told_elsewhere(tx: Transaction, now: datetime) -> list[ToldElsewhere]:
    """What was told about alerts that this store does not know; asked by every decision."""
    rows = json.loads(await tx.value(TOLD) or "[]")
    found = [ToldElsewhere(**row) for row in rows]
    return [each for each in found if now - datetime.fromisoformat(each.at) < REMEMBERED]


async def settle_told(
    tx: Transaction, notices: Sequence[Notice], alerts: Mapping[str, Alert], now: datetime
) -> list[Notice]:
    """Notices of a decision that must still be said; those that were said before a restore are written as sent."""
    told = await told_elsewhere(tx, now)
    if not told:
        return list(notices)
    by_key: dict[tuple[str, str, int, str, str], list[ToldElsewhere]] = {}
    for each in told:
        by_key.setdefault(each.key, []).append(each)
    left: list[Notice] = []
    for notice in notices:
        alert = alerts[notice.alert_id]
        key = (alert.application.app_id, alert.credential.key_id, notice.stage, notice.recipient_id, str(notice.kind))
        said = by_key.get(key)
        if said is None:
            left.append(notice)
            continue
        await tx.add_deliveries([sent_message(notice, Channel(each.channel), now) for each in said])
    return left
