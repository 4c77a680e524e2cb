"""What Teams says of messages that were read; used only where READ_RECEIPTS is on."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from alerts.events import alert_event
from alerts.model import EventType, PostedCard
from alerts.ports import Clock, Store

#: `Event.reason` of a `Seen` that nobody pressed for.
READ = "readReceipt"


@dataclass(frozen=True, kw_only=True)
class Receipts:
    """Turns a read receipt into `Seen`; that none comes proves nothing."""

    store: Store
    clock: Clock

    async def read_up_to(self, person_id: str, activity_id: str) -> None:
        """This person has read their chat with the bot up to this message."""
        async with self.store.transaction() as tx:
            places = {
                place.alert_id: place
                for place in await tx.recipients_of_person(person_id)
                if place.seen_at is None and place.on_route
            }
            cards = [card for card in await tx.cards_of_alerts(list(places)) if card.recipient_id == person_id]
            read = _read(cards, activity_id)
            if not read:
                return
            now = self.clock()
            alerts = await tx.alerts(sorted(read), lock=True)
            seen = [replace(places[alert_id], seen_at=now) for alert_id in alerts]
            await tx.save_recipients(seen)
            await tx.add_events(
                [
                    alert_event(
                        EventType.SEEN, alerts[place.alert_id], now, person_id, recipient=place.person, reason=READ
                    )
                    for place in seen
                ]
            )


def _read(cards: Iterable[PostedCard], up_to: str) -> set[str]:
    """Alert ids of the cards at or above the message; Teams' activity ids are moments in milliseconds."""
    return {alert_id for card in cards if _not_after(card.activity_id, up_to) for alert_id in card.alert_ids}


def _not_after(activity_id: str, up_to: str) -> bool:
    if activity_id.isdecimal() and up_to.isdecimal():
        return int(activity_id) <= int(up_to)
    return activity_id == up_to
