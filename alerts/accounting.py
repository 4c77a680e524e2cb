"""Writes down what became of a send: the row, its events, the posted card, and what follows for the person."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.events import delivery_event
from alerts.gate import recalled
from alerts.ledger import UNREACHABLE
from alerts.messages import card_updates, new_id
from alerts.model import Channel, Delivery, DeliveryPurpose, DeliveryState, Event, EventType, PostedCard
from alerts.outcomes import Next, ended
from alerts.ports import Clock, Sent, Store, Transaction
from alerts.preparing import Preparer, notices_of
from alerts.reroute import Rerouter
from alerts.viewing import stranger

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """All that is stored after a send, in one transaction with its outcome."""

    clock: Clock
    rerouter: Rerouter
    preparer: Preparer

    # ------------------------------------------------------------ it arrived

    async def sent(
        self,
        store: Store,
        delivery: Delivery,
        sent: Sent | None,
        took_ms: int,
        versions: frozenset[tuple[str, int]],
    ) -> None:
        """Store that it was accepted, and where its card stands."""
        now = self.clock()
        done = replace(ended(delivery, DeliveryState.SENT, "", now), error="")
        async with store.transaction() as tx:
            # Recalled while it was on its way: it counts as not told, and its card says so.
            back = bool(delivery.notice_ids) and await recalled(tx, delivery.run_id)
            done = replace(done, state=DeliveryState.RECALLED) if back else done
            if not await tx.save_delivery(done):
                log.warning("delivery %s was sent by a worker whose lease had run out", delivery.id)
                return
            await tx.add_events(await self._notice_events(tx, done, EventType.NOTIFICATION_SENT, took_ms))
            if sent is not None and sent.activity_id:
                card = await _remember_card(tx, done, sent, now)
                if back:
                    await tx.save_card(replace(card, recalled=True, current=False))
                    await tx.add_deliveries(card_updates([card], now))
                    return
                # Locked: an answer given meanwhile is either in these versions, or finds the card.
                await tx.alerts(delivery.alert_ids, lock=True)
                overtaken = await self.preparer.versions(tx, delivery) != versions
                if card.purpose is not DeliveryPurpose.INFO and overtaken:
                    await tx.add_deliveries(card_updates([card], now))

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


async def _remember_card(tx: Transaction, delivery: Delivery, sent: Sent, now: datetime) -> PostedCard:
    about_nothing = delivery.purpose is DeliveryPurpose.INFO
    card = PostedCard(
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
    if delivery.purpose is DeliveryPurpose.ALERT:
        # A new stage is a new message; the earlier card of the same app shrinks to one line.
        older = [
            old
            for old in await tx.cards_of_alerts(delivery.alert_ids)
            if old.current and old.recipient_id == card.recipient_id and old.purpose is DeliveryPurpose.ALERT
        ]
        for old in older:
            await tx.save_card(replace(old, current=False))
        await tx.add_deliveries(card_updates(older, now))
    await tx.save_card(card)
    return card
