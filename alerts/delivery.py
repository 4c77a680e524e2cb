"""Claim, re-check, send, record: the workers that turn rows of the outbox into messages.

Nothing is sent that has no row; nothing that has a row is forgotten. The connector takes no idempotency
key, so a send whose outcome is unknown is repeated at most once, ten minutes later.
"""

import asyncio
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.errors import DeliveryError, Outcome
from alerts.events import delivery_event
from alerts.gate import may_tell, taken_back
from alerts.ledger import UNREACHABLE
from alerts.messages import card_updates, new_id
from alerts.model import (
    Channel,
    Delivery,
    DeliveryPurpose,
    DeliveryState,
    Event,
    EventType,
    NominationState,
    Notice,
    Person,
    PostedCard,
)
from alerts.ports import Clock, MailChannel, Sent, Store, TeamsChannel, Transaction
from alerts.reroute import Rerouter
from alerts.viewing import Viewer, stranger
from alerts.views import MailView, NominationRole, Sentence, View
from alerts.wanted import still_wanted

log = logging.getLogger(__name__)

#: A claim is void after this long; longer than any send may take.
LEASE_SECONDS = 60.0
#: How long a send whose outcome is unknown is held before its one repeat.
UNCLEAR_HOLD = timedelta(minutes=10)
#: Marks in `error_code` of a row that is not finished: it certainly did not arrive; its outcome is unknown;
#: being sent again after RETRY; being sent for the second and last time after an unknown outcome.
RETRY, UNCLEAR_ONCE, SENDING, REPEAT = "retry", "unclearOnce", "sending", "repeat"
#: Retries of sends that certainly did not arrive; with the backoff below more than a day.
MAX_ATTEMPTS = 300

#: A sentence for a person to read, or a view, or nothing any more.
Prepared = tuple[Person, View | MailView] | None


@dataclass(kw_only=True)
class Deliverer:
    """One worker; several may run on one store, in one process or many."""

    store: Store
    viewer: Viewer
    clock: Clock
    teams: TeamsChannel | None
    mail: MailChannel | None
    rerouter: Rerouter
    parallel: int = 8
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """There may be something to send: do not wait for the next look."""
        self._wake.set()

    async def run(self, stop: asyncio.Event, poll_seconds: float = 5.0) -> None:
        """Work until `stop`; what is being sent then is finished first."""
        while not stop.is_set():
            try:
                busy = await self.once()
            except Exception:
                # The outermost loop: one bad round must not end delivery.
                log.exception("a round of delivery failed")
                busy = 0
            if not busy:
                self._wake.clear()
                waits = [asyncio.create_task(self._wake.wait()), asyncio.create_task(stop.wait())]
                await asyncio.wait(waits, timeout=poll_seconds, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()

    async def drain(self) -> int:
        """Send all that is due now; returns how many messages were handled."""
        handled = 0
        while count := await self.once():
            handled += count
        return handled

    async def once(self) -> int:
        """Claim a batch and handle it; returns its size."""
        now = self.clock()
        async with self.store.transaction() as tx:
            notices = await may_tell(tx, now)
            claimed = await tx.claim_deliveries(now, LEASE_SECONDS, self.parallel * 4, notices=notices)
        by_recipient: dict[tuple[str, Channel], list[Delivery]] = {}
        for delivery in claimed:
            by_recipient.setdefault((delivery.recipient_id, delivery.channel), []).append(delivery)
        slots = asyncio.Semaphore(self.parallel)

        async def in_order(own: list[Delivery]) -> None:
            # One conversation takes one message at a time: an update must follow its card.
            async with slots:
                for delivery in own:
                    await self._handle(delivery)

        outcomes = await asyncio.gather(*(in_order(own) for own in by_recipient.values()), return_exceptions=True)
        for outcome in outcomes:
            # One row that breaks us must not keep the others from being sent; its lease runs out by itself.
            if isinstance(outcome, BaseException):
                log.error("a delivery failed in an unforeseen way", exc_info=outcome)
        return len(claimed)

    # ------------------------------------------------------------ one delivery

    async def _handle(self, delivery: Delivery) -> None:
        if delivery.attempts > 1:
            endless = delivery.purpose is DeliveryPurpose.UPDATE and delivery.attempts < MAX_ATTEMPTS
            if delivery.error_code == REPEAT and not endless:
                await self._finish(delivery, DeliveryState.UNCLEAR, "unclear", "a worker died twice while sending")
                return
            # Without a mark, or with SENDING, a worker died with it in hand: this is the one repeat.
            delivery = replace(delivery, error_code=SENDING if delivery.error_code == RETRY else REPEAT)
            async with self.store.transaction() as tx:
                if not await tx.save_delivery(delivery):
                    return
        delivery = await self._renewed(delivery)
        if delivery.lease_until is None:
            return
        async with self.store.reading() as tx:
            card = await tx.card(delivery.card_id) if delivery.card_id else None
            prepared = await self._prepare(tx, delivery, card)
            versions = await self._versions(tx, delivery)
        if prepared is None:
            await self._finish(delivery, DeliveryState.CANCELLED, "", "")
            return
        started = time.monotonic()
        try:
            sent = await self._send(card, *prepared)
        except DeliveryError as error:
            await self._failed(delivery, error, int((time.monotonic() - started) * 1000))
            return
        await self._sent(delivery, sent, int((time.monotonic() - started) * 1000), versions)

    async def _renewed(self, delivery: Delivery) -> Delivery:
        """The delivery with a full lease again; with none at all when another worker has it by now.

        A batch is worked through one message a person at a time, so a row may have waited for long.
        """
        now = self.clock()
        if delivery.lease_until is not None and (delivery.lease_until - now).total_seconds() > LEASE_SECONDS / 2:
            return delivery
        fresh = replace(delivery, lease_until=now + timedelta(seconds=LEASE_SECONDS))
        async with self.store.transaction() as tx:
            return fresh if await tx.save_delivery(fresh) else replace(delivery, lease_until=None)

    @staticmethod
    async def _versions(tx: Transaction, delivery: Delivery) -> frozenset[tuple[str, int]]:
        """What the message was made from: a card that was overtaken while it was sent is brought up to date."""
        made = {(alert.id, alert.version) for alert in (await tx.alerts(delivery.alert_ids)).values()}
        if delivery.nomination_id:
            nomination = await tx.nomination(delivery.nomination_id)
            made |= {(nomination.id, nomination.version)} if nomination else set()
        return frozenset(made)

    async def _prepare(self, tx: Transaction, delivery: Delivery, card: PostedCard | None) -> Prepared:
        """What to say as of now; None when it need not be said any more."""
        people = await tx.people([delivery.recipient_id])
        person = people.get(delivery.recipient_id, stranger(delivery.recipient_id))
        if delivery.purpose is DeliveryPurpose.UPDATE:
            view = await self.viewer.of_card(tx, card) if card else None
            return (person, view) if view else None
        if delivery.notice_ids and (await taken_back(tx, delivery) or not await self._still_wanted(tx, delivery)):
            return None
        if delivery.channel is Channel.EMAIL:
            mail = await self.viewer.mail(tx, delivery, await self._no_teams(tx, delivery.recipient_id))
            empty = not (mail.alerts or mail.nominations or mail.infos)
            return None if empty else (mail.recipient, mail)
        if delivery.purpose is DeliveryPurpose.ALERT:
            alert_view = await self.viewer.alert(tx, delivery.alert_ids, delivery.recipient_id)
            return (alert_view.recipient, alert_view) if alert_view else None
        if delivery.purpose is DeliveryPurpose.DIGEST:
            digest = await self.viewer.digest(tx, delivery.id, delivery.alert_ids, delivery.recipient_id)
            return (digest.recipient, digest) if digest.items else None
        if delivery.purpose is DeliveryPurpose.INFO:
            return person, Sentence(key=delivery.sentence, params=delivery.params)
        return await self._prepare_nomination(tx, delivery, person)

    async def _prepare_nomination(self, tx: Transaction, delivery: Delivery, person: Person) -> Prepared:
        nomination = await tx.nomination(delivery.nomination_id)
        approver = delivery.purpose is DeliveryPurpose.APPROVAL
        awaited = NominationState.ACCEPTED if approver else NominationState.ASKED
        if nomination is None:
            return None
        # Accepted, with nothing to approve: the admins get the steps by hand.
        by_hand = approver and nomination.state is NominationState.APPROVED and nomination.approver is None
        if nomination.state is not awaited and not by_hand:
            return None
        role = NominationRole.APPROVER if approver else NominationRole.NOMINEE
        view = await self.viewer.nomination(tx, nomination, delivery.recipient_id, role)
        return (view.recipient if view.recipient.id == person.id else person), view

    async def _no_teams(self, tx: Transaction, person_id: str) -> bool:
        known = (await tx.conversations([person_id])).get(person_id)
        return known is not None and known.dead_reason != ""

    async def _still_wanted(self, tx: Transaction, delivery: Delivery) -> bool:
        """Whether at least one of its alerts still concerns the person: answers win over a waiting send."""
        alerts = await tx.alerts(delivery.alert_ids)
        places = {r.alert_id: r for r in await tx.recipients(list(alerts)) if r.person.id == delivery.recipient_id}
        carried: dict[str, list[Notice]] = {}
        for notice in await self._notices(tx, delivery):
            carried.setdefault(notice.alert_id, []).append(notice)
        now, policy = self.clock(), self.viewer.policy
        return any(
            still_wanted(alert, places.get(alert.id), carried.get(alert.id, ()), delivery.created_at, now, policy)
            for alert in alerts.values()
        )

    async def _send(self, card: PostedCard | None, person: Person, view: View | MailView) -> Sent | None:
        if isinstance(view, MailView):
            if self.mail is None:
                raise DeliveryError("e-mail is not configured", outcome=Outcome.UNREACHABLE, code="noMail")
            await self.mail.send(view)
            return None
        if self.teams is None:
            raise DeliveryError("Teams is not configured", outcome=Outcome.UNREACHABLE, code="noTeams")
        if card is not None:
            await self.teams.update(card, view)
            return None
        return await self.teams.send(person, view)

    # ------------------------------------------------------------ outcomes

    async def _sent(
        self, delivery: Delivery, sent: Sent | None, took_ms: int, versions: frozenset[tuple[str, int]]
    ) -> None:
        now = self.clock()
        done = replace(delivery, state=DeliveryState.SENT, finished_at=now, lease_until=None, error_code="", error="")
        async with self.store.transaction() as tx:
            if not await tx.save_delivery(done):
                log.warning("delivery %s was sent by a worker whose lease had run out", delivery.id)
                return
            await tx.add_events(await self._notice_events(tx, done, EventType.NOTIFICATION_SENT, took_ms))
            if sent is not None and sent.activity_id:
                card = await self._remember_card(tx, done, sent, now)
                # Locked: an answer given meanwhile is either in these versions, or finds the card.
                await tx.alerts(delivery.alert_ids, lock=True)
                if card.purpose is not DeliveryPurpose.INFO and await self._versions(tx, delivery) != versions:
                    await tx.add_deliveries(card_updates([card], now))

    async def _remember_card(self, tx: Transaction, delivery: Delivery, sent: Sent, now: datetime) -> PostedCard:
        card = PostedCard(
            id=new_id(),
            delivery_id=delivery.id,
            purpose=delivery.purpose,
            recipient_id=delivery.recipient_id,
            conversation_id=sent.conversation_id,
            service_url=sent.service_url,
            activity_id=sent.activity_id,
            alert_ids=delivery.alert_ids if delivery.purpose is not DeliveryPurpose.INFO else (),
            nomination_id=delivery.nomination_id if delivery.purpose is not DeliveryPurpose.INFO else "",
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

    async def _failed(self, delivery: Delivery, error: DeliveryError, took_ms: int) -> None:
        now = self.clock()
        if delivery.purpose is DeliveryPurpose.UPDATE and error.outcome is not Outcome.SAFE:
            # An update is a PUT of the current state: repeating it is harmless, losing one is not.
            again = error.outcome is Outcome.OURS or (error.outcome is Outcome.UNCLEAR and delivery.attempts < 10)
            if not again:
                await self._finish(delivery, DeliveryState.FAILED, error.code or error.outcome, str(error))
                return
            await self._again(delivery, now + self._backoff(delivery), error)
            return
        match error.outcome:
            case Outcome.SAFE if delivery.attempts < MAX_ATTEMPTS:
                wait = timedelta(seconds=error.retry_after) if error.retry_after else self._backoff(delivery)
                await self._again(delivery, now + wait, error)
            case Outcome.OURS:
                # Never given up: the fault is ours, and the people it would pass over are not to blame.
                log.error("our own configuration keeps messages from being sent: %s", error)
                await self._again(delivery, now + timedelta(minutes=5), error)
            case Outcome.UNCLEAR if delivery.error_code != REPEAT:
                await self._again(delivery, now + UNCLEAR_HOLD, error, mark=UNCLEAR_ONCE)
            case Outcome.UNCLEAR:
                await self._finish(delivery, DeliveryState.UNCLEAR, error.code or "unclear", str(error), took_ms)
            case Outcome.UNREACHABLE | Outcome.STALE_ADDRESS:
                code = f"{UNREACHABLE}{error.code or error.outcome}"
                await self._finish(delivery, DeliveryState.FAILED, code, str(error), took_ms)
            case _:
                await self._finish(delivery, DeliveryState.FAILED, error.code or error.outcome, str(error), took_ms)

    @staticmethod
    def _backoff(delivery: Delivery) -> timedelta:
        # Jitter keeps replicas from knocking at the same second.
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
        return timedelta(seconds=min(300.0, 2.0 ** min(delivery.attempts, 9)) * jitter)

    async def _again(self, delivery: Delivery, at: datetime, error: DeliveryError, mark: str = RETRY) -> None:
        waiting = replace(
            delivery,
            state=DeliveryState.PENDING,
            not_before=at,
            lease_until=None,
            error_code=mark,
            error=str(error)[:500],
        )
        async with self.store.transaction() as tx:
            await tx.save_delivery(waiting)

    async def _finish(self, delivery: Delivery, state: DeliveryState, code: str, error: str, took_ms: int = 0) -> None:
        now = self.clock()
        done = replace(delivery, state=state, finished_at=now, lease_until=None, error_code=code, error=error[:500])
        reroute: list[str] = []
        async with self.store.transaction() as tx:
            if not await tx.save_delivery(done):
                return
            if state in (DeliveryState.FAILED, DeliveryState.UNCLEAR):
                events = await self._notice_events(tx, done, EventType.NOTIFICATION_FAILED, took_ms)
                await tx.add_events(events)
                if delivery.notice_ids and await self._nowhere_reached(tx, done):
                    reroute = await self.rerouter.mark_off(
                        tx, delivery.alert_ids, delivery.recipient_id, "unreachable", now
                    )
        if reroute:
            self.wake()

    async def _nowhere_reached(self, tx: Transaction, failed: Delivery) -> bool:
        """Whether every channel to this person failed for these notices."""
        if failed.state is not DeliveryState.FAILED:
            return False
        carried = set(failed.notice_ids)
        others = [
            d
            for d in await tx.deliveries_of_alerts(failed.alert_ids)
            if d.recipient_id == failed.recipient_id and carried & set(d.notice_ids) and d.id != failed.id
        ]
        return all(d.state is DeliveryState.FAILED and d.error_code.startswith(UNREACHABLE) for d in (failed, *others))

    async def _notice_events(self, tx: Transaction, delivery: Delivery, type: EventType, took_ms: int) -> list[Event]:
        notices = await self._notices(tx, delivery)
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

    @staticmethod
    async def _notices(tx: Transaction, delivery: Delivery) -> Sequence[Notice]:
        carried = set(delivery.notice_ids)
        return [notice for notice in await tx.notices(delivery.alert_ids) if notice.id in carried]
