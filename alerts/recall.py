"""Takes back what one run told: its cards turn calm, what waits is not sent, and its notices count as not told."""

from dataclasses import dataclass, replace
from datetime import datetime

from alerts.events import held_event
from alerts.gate import RECALL
from alerts.handover import MEMORY, memory_of, text_of
from alerts.messages import card_updates
from alerts.model import (
    Channel,
    Delivery,
    DeliveryPurpose,
    DeliveryState,
    Event,
    EventType,
    NoticeKind,
    Person,
    PostedCard,
)
from alerts.ports import Transaction

#: Runs among which a shortened id is looked for.
RECENT = 30


@dataclass(frozen=True, kw_only=True)
class Recalled:
    """What was taken back, in figures."""

    run_id: str
    cards: int
    people: int
    #: Messages that had not gone out and will not.
    cancelled: int
    #: E-mails that had gone out: nobody can take these back.
    mails: int


async def find_run(tx: Transaction, text: str) -> str | None:
    """The run that is meant by its id, by the beginning or the end of it, or by "last"; None when it is not clear."""
    wanted = text.strip().lower()
    runs = await tx.runs_that_told(RECENT)
    if wanted in ("last", "latest"):
        return runs[0] if runs else None
    found = [run for run in runs if wanted and (run.lower().startswith(wanted) or run.lower().endswith(wanted))]
    exact = [run for run in found if run.lower() == wanted]
    if len(exact) == 1 or len(found) == 1:
        return (exact or found)[0]
    return text.strip() if not found and await tx.deliveries_of_run(text.strip()) else None


async def recall(tx: Transaction, run_id: str, by: Person, now: datetime) -> Recalled:
    """Take it back, in the caller's transaction; what is being sent this very moment follows when it has arrived.

    An earlier card about the same app, which had shrunk to a line that points to the recalled one, stands again.
    """
    deliveries = await tx.deliveries_of_run(run_id)
    await tx.set_value(f"{RECALL}{run_id}", now.isoformat())
    cancelled, told = [], []
    for delivery in deliveries:
        if delivery.state is DeliveryState.PENDING:
            gone = replace(delivery, state=DeliveryState.CANCELLED, finished_at=now, error_code="recalled")
            if await tx.save_delivery(gone):
                cancelled.append(delivery)
        elif delivery.state in (DeliveryState.SENT, DeliveryState.UNCLEAR) and await tx.save_delivery(
            replace(delivery, state=DeliveryState.RECALLED)
        ):
            told.append(delivery)
    await _unsettle(tx, [*cancelled, *told])
    cards = await _turn_cards(tx, [d for d in told if d.channel is Channel.TEAMS], now)
    await tx.add_events(await _events(tx, [*cancelled, *told], by, run_id, now))
    await tx.add_audit(now, by.id, "recall", run_id, f"{len(told)} sent, {len(cancelled)} waiting", "recalled")
    return Recalled(
        run_id=run_id,
        cards=cards,
        people=len({delivery.recipient_id for delivery in told}),
        cancelled=len(cancelled),
        mails=sum(1 for delivery in told if delivery.channel is Channel.EMAIL),
    )


async def _turn_cards(tx: Transaction, told: list[Delivery], now: datetime) -> int:
    """Mark the posted cards as recalled and have all of them brought up to date; returns how many."""
    ids = {delivery.id for delivery in told}
    alerts = sorted({alert_id for delivery in told for alert_id in delivery.alert_ids})
    known = await tx.cards_of_alerts(alerts)
    recalled = [card for card in known if card.delivery_id in ids]
    revived: dict[str, PostedCard] = {}
    for card in recalled:
        await tx.save_card(replace(card, recalled=True, current=False))
        # Oldest first: the last one before it stood until this one came.
        before = [
            other
            for other in known
            if other.posted_at < card.posted_at
            and other.purpose is DeliveryPurpose.ALERT
            and card.purpose is DeliveryPurpose.ALERT
            and other.recipient_id == card.recipient_id
            and other.delivery_id not in ids
            and not other.recalled
            and set(other.alert_ids) & set(card.alert_ids)
        ]
        if before and card.current and not before[-1].current:
            revived[before[-1].id] = replace(before[-1], current=True)
    for card in revived.values():
        await tx.save_card(card)
    await tx.add_deliveries(card_updates([*recalled, *revived.values()], now))
    return len(recalled)


async def _unsettle(tx: Transaction, deliveries: list[Delivery]) -> None:
    """What was handed over by these messages is not handed over: the next complete scan does it again."""
    carried = {notice_id for delivery in deliveries for notice_id in delivery.notice_ids}
    alerts = sorted({alert_id for delivery in deliveries for alert_id in delivery.alert_ids})
    about = {n.about for n in await tx.notices(alerts) if n.id in carried and n.kind is NoticeKind.HANDOVER}
    if about:
        memory = memory_of(await tx.value(MEMORY))
        await tx.set_value(MEMORY, text_of(replace(memory, settled=memory.settled - about)))


async def _events(tx: Transaction, deliveries: list[Delivery], by: Person, run_id: str, now: datetime) -> list[Event]:
    carried = {notice_id for delivery in deliveries for notice_id in delivery.notice_ids}
    alerts = await tx.alerts(sorted({alert_id for delivery in deliveries for alert_id in delivery.alert_ids}))
    people = await tx.people(sorted({delivery.recipient_id for delivery in deliveries}))
    return [
        replace(
            held_event(
                EventType.RECALLED, notice, alerts[notice.alert_id], people.get(notice.recipient_id), now, run_id
            ),
            actor_id=by.id,
            actor_upn=by.user_principal_name,
        )
        for notice in await tx.notices(list(alerts))
        if notice.id in carried
    ]
