"""Writes down what became of a send: the row, its events, the posted card, and what follows for the person."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.events import delivery_event
from alerts.gate import recalled
from alerts.gathered import gathered
from alerts.ledger import UNREACHABLE
from alerts.messages import card_updates, new_id
from alerts.model import Channel, Delivery, DeliveryPurpose, DeliveryState, Event, EventType, PostedCard
from alerts.outcomes import Next, ended
from alerts.ports import Clock, Sent, Store, Transaction
from alerts.preparing import Preparer, notices_of
from alerts.reroute import Rerouter
from alerts.viewing import stranger

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrived:
    """A message that was accepted."""

    delivery: Delivery
    #: None for an e-mail and for an update.
    sent: Sent | None
    took_ms: int
    #: (id, version) of what it was made from.
    versions: frozenset[tuple[str, int]]


@dataclass(kw_only=True, slots=True)
class Written:
    """What is stored with the outcomes of some sends."""

    events: list[Event] = field(default_factory=list)
    cards: list[PostedCard] = field(default_factory=list)
    #: Cards that do not show any more what they should.
    untrue: list[PostedCard] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """All that is stored after a send, in one transaction with its outcome."""

    clock: Clock
    rerouter: Rerouter
    preparer: Preparer

    # ------------------------------------------------------------ it arrived

    async def sent(self, store: Store, arrived: Sequence[Arrived]) -> None:
        """Store that they were accepted, and where their cards stand."""
        now = self.clock()
        async with store.transaction() as tx:
            read = gathered(tx, [each.delivery for each in arrived], lock=True)
            # Locked: an answer given meanwhile is either in the versions read here, or finds the card.
            await read.alerts([alert_id for each in arrived for alert_id in each.delivery.alert_ids], lock=True)
            done = [await _accepted(read, each.delivery, now) for each in arrived]
            kept = await tx.save_deliveries(done)
            written = Written()
            for each, row in zip(arrived, done, strict=True):
                if row.id in kept:
                    await self._write_down(read, each, row, now, written)
                else:
                    log.warning("delivery %s was sent by a worker whose lease had run out", row.id)
            await tx.add_events(written.events)
            await tx.save_cards(written.cards)
            await tx.add_deliveries(card_updates(written.untrue, now))

    async def _write_down(
        self, tx: Transaction, arrived: Arrived, done: Delivery, now: datetime, written: Written
    ) -> None:
        """Its events, its card, and the cards that it makes untrue."""
        written.events += await self._notice_events(tx, done, EventType.NOTIFICATION_SENT, arrived.took_ms)
        sent = arrived.sent
        if sent is None or not sent.activity_id:
            return
        card = _card(done, sent, now)
        # A new stage is a new message; the earlier card of the same app shrinks to one line.
        older = await _shown_before(tx, card) if done.purpose is DeliveryPurpose.ALERT else []
        written.cards += [replace(old, current=False) for old in older]
        written.untrue += older
        if done.state is DeliveryState.RECALLED:
            card = replace(card, recalled=True, current=False)
            written.untrue.append(card)
        elif card.purpose is not DeliveryPurpose.INFO and await self.preparer.versions(tx, done) != arrived.versions:
            written.untrue.append(card)
        written.cards.append(card)

    # ------------------------------------------------------------ it did not, or nobody knows

    async def settle(self, store: Store, follows: Next, took_ms: int = 0) -> bool:
        """Store what follows from a failed send; True when there is something new to send."""
        delivery = follows.delivery
        async with store.transaction() as tx:
            if delivery.notice_ids and _out_of_reach(delivery):
                # Both channels may fail in the same moment: without the lock each would still see the other under
                # way, and the route would move on from neither.
                await tx.alerts(delivery.alert_ids, lock=True)
            if not await tx.save_delivery(delivery):
                return False
            more = follows.mail_now and await self._hasten_mail(tx, delivery)
            if delivery.state not in (DeliveryState.FAILED, DeliveryState.UNCLEAR):
                return more
            await tx.add_events(await self._notice_events(tx, delivery, EventType.NOTIFICATION_FAILED, took_ms))
            if nowhere := await _nowhere_reached(tx, delivery):
                moved = await self.rerouter.mark_off(tx, nowhere, delivery.recipient_id, "unreachable", self.clock())
                return more or bool(moved)
        return more

    async def _hasten_mail(self, tx: Transaction, delivery: Delivery) -> bool:
        """The e-mail about the same waits for nothing any more, unless it has been tried already."""
        if delivery.channel is Channel.EMAIL or not delivery.notice_ids:
            return False
        now, carried = self.clock(), set(delivery.notice_ids)
        waiting = [
            other
            for other in await tx.deliveries_of_alerts(delivery.alert_ids)
            if other.channel is Channel.EMAIL
            and other.recipient_id == delivery.recipient_id
            and other.state is DeliveryState.PENDING
            and carried & set(other.notice_ids)
        ]
        for other in waiting:
            if other.attempts == 0 and other.not_before > now:
                await tx.save_delivery(replace(other, not_before=now))
        return bool(waiting)

    # ------------------------------------------------------------ events

    async def _notice_events(self, tx: Transaction, delivery: Delivery, type: EventType, took_ms: int) -> list[Event]:
        notices = await notices_of(tx, delivery)
        alerts = await tx.alerts([notice.alert_id for notice in notices])
        people = await tx.people([delivery.recipient_id])
        person = people.get(delivery.recipient_id, stranger(delivery.recipient_id))
        return [
            delivery_event(
                type,
                notice,
                alerts[notice.alert_id],
                person,
                delivery.channel,
                delivery.id,
                self.clock(),
                attempt=delivery.attempts,
                duration_ms=took_ms,
                error_code=delivery.error_code.removeprefix(UNREACHABLE),
                reason=delivery.error,
            )
            for notice in notices
            if notice.alert_id in alerts
        ]


async def _nowhere_reached(tx: Transaction, failed: Delivery) -> list[str]:
    """Ids of the alerts of which no channel has told the person, and none will.

    Notice by notice: an e-mail may carry those of several cards, and the last of these to fail speaks for its own.
    """
    if not _out_of_reach(failed):
        return []
    other_ways = {
        notice_id
        for other in await tx.deliveries_of_alerts(failed.alert_ids)
        if other.id != failed.id and not _out_of_reach(other)
        for notice_id in other.notice_ids
    }
    notices = [notice for notice in await notices_of(tx, failed) if notice.id not in other_ways]
    return list(dict.fromkeys(notice.alert_id for notice in notices))


def _out_of_reach(delivery: Delivery) -> bool:
    """Whether this channel cannot reach the person, whatever we do."""
    return delivery.state is DeliveryState.FAILED and delivery.error_code.startswith(UNREACHABLE)


async def _accepted(tx: Transaction, delivery: Delivery, now: datetime) -> Delivery:
    """The row of a message that was accepted; recalled while it was on its way, it counts as not told."""
    back = bool(delivery.notice_ids) and await recalled(tx, delivery.run_id)
    return replace(ended(delivery, DeliveryState.RECALLED if back else DeliveryState.SENT, "", now), error="")


def _card(delivery: Delivery, sent: Sent, now: datetime) -> PostedCard:
    about_nothing = delivery.purpose is DeliveryPurpose.INFO
    return PostedCard(
        id=new_id(),
        delivery_id=delivery.id,
        purpose=delivery.purpose,
        recipient_id=delivery.recipient_id,
        conversation_id=sent.conversation_id,
        service_url=sent.service_url,
        activity_id=sent.activity_id,
        alert_ids=() if about_nothing else delivery.alert_ids,
        nomination_id="" if about_nothing else delivery.nomination_id,
        posted_at=now,
    )


async def _shown_before(tx: Transaction, card: PostedCard) -> list[PostedCard]:
    """The earlier cards of the same app that this person still sees in full."""
    return [
        old
        for old in await tx.cards_of_alerts(card.alert_ids)
        if old.current and old.recipient_id == card.recipient_id and old.purpose is DeliveryPurpose.ALERT
    ]
