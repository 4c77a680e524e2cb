"""The admins' daily card about what is held: how many people would be told, by path and department."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.gate import Gatekeeper, Pause, read_pause
from alerts.messages import card_updates, message
from alerts.model import Channel, Delivery, DeliveryPurpose, EscalationPath, Person
from alerts.ports import Transaction
from alerts.sending import HeldReason
from alerts.slices import slices
from alerts.views import HeldView
from alerts.window import URGENT_DAYS, zone_of

#: Name of the stored value: on which day the admins were told last, and by which messages.
CARD = "sending.card"

#: A person who would be told for several reasons counts for the first of these.
PATHS = (
    EscalationPath.CURRENT_OWNERS,
    EscalationPath.PREVIOUS_OWNER,
    EscalationPath.PREVIOUS_OWNER_MANAGER,
    EscalationPath.UNROUTABLE,
)
#: Alerts whose notices are counted at once.
READ_SLICE = 500

#: Departments that are named; the others are counted together.
DEPARTMENTS = 6


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How much is held."""

    people: int
    notices: int
    #: People whom only the brake holds.
    braked: int
    #: People among them with something that ends within three days.
    urgent: int
    by_path: tuple[tuple[str, int], ...]
    by_department: tuple[tuple[str, int], ...]


async def figures(tx: Transaction, now: datetime) -> Figures:
    """Count what waits for an admin; each person once."""
    held = await tx.deliveries_held()
    carried = {notice_id for delivery in held for notice_id in delivery.notice_ids}
    about = sorted({alert_id for delivery in held for alert_id in delivery.alert_ids})
    ids = sorted({delivery.recipient_id for delivery in held})
    braked = len({delivery.recipient_id for delivery in held if delivery.held_reason == HeldReason.BRAKE})
    del held  # a first scan may hold a whole tenant's
    paths: dict[str, EscalationPath] = {}
    urgent: set[str] = set()
    for part in slices(about, READ_SLICE):
        alerts = await tx.alerts(part)
        for notice in await tx.notices(part):
            if notice.id not in carried or notice.alert_id not in alerts:
                continue
            known = paths.get(notice.recipient_id)
            if known is None or PATHS.index(notice.path) < PATHS.index(known):
                paths[notice.recipient_id] = notice.path
            end = alerts[notice.alert_id].credential.end
            if end is not None and (end - now).days <= URGENT_DAYS:
                urgent.add(notice.recipient_id)
    people = await tx.people(ids)
    count = Counter(paths.values())
    return Figures(
        people=len(ids),
        notices=len(carried),
        braked=braked,
        urgent=len(urgent),
        by_path=tuple((path.value, count[path]) for path in PATHS if count[path]),
        by_department=_departments(people[i] for i in ids if i in people),
    )


def _departments(people: Iterable[Person]) -> tuple[tuple[str, int], ...]:
    """The largest ones by name, '' where none is known; what is left over is the difference to all."""
    count = Counter(person.department.strip() for person in people)
    largest = sorted(count.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(largest[:DEPARTMENTS])


async def held_view(tx: Transaction, gatekeeper: Gatekeeper, now: datetime, zone: str) -> HeldView:
    """What an admin sees now, whether anything is held or not."""
    counted = await figures(tx, now)
    pause = await read_pause(tx)
    return HeldView(
        now=now,
        time_zone=zone,
        sending=(await gatekeeper.sending(tx)).value,
        people=counted.people,
        notices=counted.notices,
        braked=counted.braked,
        most=gatekeeper.rules.max_people,
        urgent=counted.urgent,
        by_path=counted.by_path,
        by_department=counted.by_department,
        has_pilot=gatekeeper.rules.has_pilot,
        paused=pause is not None,
        paused_until=pause.until if pause is not None else None,
    )


async def tell_admins(
    tx: Transaction, admins: Sequence[Person], rules_zone: str, now: datetime, *, mail: bool
) -> list[Delivery]:
    """One message a day to each admin while anything is held; later the same day the card is brought up to date."""
    if not await tx.deliveries_held():
        return []
    today = now.astimezone(zone_of(rules_zone, "UTC")).date().isoformat()
    if (await _last(tx))["day"] == today:
        return await refresh_cards(tx, now)
    counted = await figures(tx, now)
    made = [message(DeliveryPurpose.HELD, admin.id, now) for admin in admins]
    await tx.set_value(CARD, json.dumps({"day": today, "deliveries": [delivery.id for delivery in made]}))
    if mail:
        params = {"people": str(counted.people), "notices": str(counted.notices)}
        made += [
            message(DeliveryPurpose.HELD, admin.id, now, channel=Channel.EMAIL, sentence="held_mail", params=params)
            for admin in admins
            if admin.mail or admin.user_principal_name
        ]
    await tx.add_deliveries(made)
    return made


async def refresh_cards(tx: Transaction, now: datetime) -> list[Delivery]:
    """Bring the day's cards up to date: what they count has changed."""
    cards = [await tx.card_by_delivery(delivery_id) for delivery_id in (await _last(tx))["deliveries"]]
    updates = card_updates([card for card in cards if card is not None], now)
    await tx.add_deliveries(updates)
    return updates


async def _last(tx: Transaction) -> dict[str, list[str] | str]:
    stored = await tx.value(CARD)
    known: dict[str, list[str] | str] = json.loads(stored) if stored else {"day": "", "deliveries": []}
    return known


__all__ = ["Figures", "Pause", "figures", "held_view", "refresh_cards", "tell_admins"]
