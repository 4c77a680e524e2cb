"""Pure: which messages are let go, which are held, and why (design 3, rule 10).

Only what tells somebody of an alert is held. Questions to nominees, answers, updates of posted cards, the admins' own
cards and alarms go out whatever is set here.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from alerts.model import Alert, Delivery, DeliveryState, Person
from alerts.window import ALWAYS, SendWindow, send_at, zone_of

#: Deliveries in these states have told nobody anything: what they carry may be said yet.
UNSAID = frozenset({DeliveryState.CANCELLED, DeliveryState.HELD, DeliveryState.RECALLED})

_NEVER = datetime.max.replace(tzinfo=UTC)


class Sending(StrEnum):
    """Who is told."""

    #: Nobody yet.
    HOLD = "hold"
    #: The pilot group and departments.
    PILOT = "pilot"
    #: Everybody.
    ON = "on"


class HeldReason(StrEnum):
    """Why a message waits for an admin."""

    HOLD = "hold"
    NOT_IN_PILOT = "notInPilot"
    #: The run would have told more people than one run may.
    BRAKE = "brake"


@dataclass(frozen=True, kw_only=True, slots=True)
class SendingRules:
    """As the settings say; the command `go` overrides `sending` durably."""

    sending: Sending = Sending.ON
    #: Whether a pilot group is set; its members are read with the roles.
    pilot_group: bool = False
    #: As people write them; compared without regard to case.
    pilot_departments: tuple[str, ...] = ()
    #: People told by one run, 0 no brake.
    max_people: int = 0
    window: SendWindow = ALWAYS
    #: Zone of people whose own is not known.
    time_zone: str = "UTC"

    @property
    def has_pilot(self) -> bool:
        """Whether anybody could be in the pilot."""
        return self.pilot_group or bool(self.pilot_departments)


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What stands between a decision and its messages, for one decision."""

    rules: SendingRules
    #: In force now.
    sending: Sending
    pilot_people: frozenset[str] = frozenset()
    #: People whom an earlier run's brake holds until an admin decides.
    braked: frozenset[str] = frozenset()
    #: Person id -> last known time zone; those not known are absent.
    zones: Mapping[str, str] = field(default_factory=dict)
    #: Whether the brake may hold: not what an admin has let go.
    brake: bool = True

    def held(self, person_id: str, person: Person | None) -> HeldReason | None:
        """Why this person is not told yet, None when they may be."""
        if self.sending is Sending.HOLD:
            return HeldReason.HOLD
        if self.sending is Sending.PILOT and not self._in_pilot(person_id, person):
            return HeldReason.NOT_IN_PILOT
        if person_id in self.braked:
            return HeldReason.BRAKE
        return None

    def _in_pilot(self, person_id: str, person: Person | None) -> bool:
        if person_id in self.pilot_people:
            return True
        department = person.department.strip().casefold() if person is not None else ""
        return bool(department) and department in {name.strip().casefold() for name in self.rules.pilot_departments}

    def sift(
        self, deliveries: list[Delivery], alerts: Mapping[str, Alert], people: Mapping[str, Person], now: datetime
    ) -> list[Delivery]:
        """The messages of one decision as they are stored: held with a reason, or due at their hour.

        Args:
            deliveries: those that carry notices, just made; changed in place, for they may be tens of thousands.
            alerts: alert id -> alert; those not in it say nothing of urgency.
            people: recipients by id.
            now: when it is decided.
        """
        own: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in deliveries:
            own[delivery.recipient_id].append(delivery)
        reasons = {person_id: self.held(person_id, people.get(person_id)) for person_id in own}
        free = [person_id for person_id, reason in reasons.items() if reason is None]
        if self.rules.max_people and len(free) > self.rules.max_people and self.brake:
            free.sort(key=lambda person_id: (_soonest(own[person_id], alerts), person_id))
            reasons.update((person_id, HeldReason.BRAKE) for person_id in free[self.rules.max_people :])
        own.clear()
        for number, delivery in enumerate(deliveries):
            reason = reasons[delivery.recipient_id]
            if reason is not None:
                deliveries[number] = replace(delivery, state=DeliveryState.HELD, held_reason=reason)
                continue
            about = [alerts[alert_id] for alert_id in delivery.alert_ids if alert_id in alerts]
            zone = zone_of(self.zones.get(delivery.recipient_id, ""), self.rules.time_zone)
            deliveries[number] = replace(delivery, not_before=send_at(self.rules.window, about, now, zone))
        return deliveries


def _soonest(deliveries: Sequence[Delivery], alerts: Mapping[str, Alert]) -> datetime:
    """The nearest end of what a person would be told of: those already over come first, for an outage may be running."""
    ends = [
        end
        for delivery in deliveries
        for alert_id in delivery.alert_ids
        if alert_id in alerts and (end := alerts[alert_id].credential.end) is not None
    ]
    return min(ends, default=_NEVER)


@dataclass(frozen=True, kw_only=True)
class Sifted:
    """What one decision does to the messages that were held before, and to its own."""

    #: To be stored anew.
    added: tuple[Delivery, ...]
    #: Held until now, and replaced or no longer wanted.
    dropped: tuple[Delivery, ...]
    #: Ids of notices that are held now and were not before.
    newly_held: frozenset[str]
    #: Ids of notices that were held and are let go now.
    released: frozenset[str]
    #: Ids of notices that are on their way by this decision.
    let_go: frozenset[str]


def replace_held(before: Sequence[Delivery], made: Sequence[Delivery]) -> Sifted:
    """Every decision decides anew what is held; a person for whom nothing changes keeps the rows there are."""
    old: dict[str, list[Delivery]] = defaultdict(list)
    new: dict[str, list[Delivery]] = defaultdict(list)
    for delivery in before:
        old[delivery.recipient_id].append(delivery)
    for delivery in made:
        new[delivery.recipient_id].append(delivery)
    added, dropped = [], []
    for person_id in old.keys() | new.keys():
        if old[person_id] and _same(old[person_id], new[person_id]):
            continue
        added += new[person_id]
        dropped += old[person_id]
    was_held = {notice_id for delivery in before if is_held(delivery) for notice_id in delivery.notice_ids}
    held = {n for delivery in made if delivery.state is DeliveryState.HELD for n in delivery.notice_ids}
    let_go = {n for delivery in made if delivery.state is not DeliveryState.HELD for n in delivery.notice_ids}
    order = {delivery.id: number for number, delivery in enumerate(made)}
    return Sifted(
        added=tuple(sorted(added, key=lambda delivery: order[delivery.id])),
        dropped=tuple(dropped),
        newly_held=frozenset(held - was_held),
        released=frozenset(let_go & was_held),
        let_go=frozenset(let_go),
    )


def _same(old: Sequence[Delivery], new: Sequence[Delivery]) -> bool:
    def content(deliveries: Sequence[Delivery]) -> set[tuple[str, str, tuple[str, ...], frozenset[str]]]:
        return {(d.held_reason, d.channel, (d.state,), frozenset(d.notice_ids)) for d in deliveries}

    return content(old) == content(new)


def was_said(states: Collection[DeliveryState]) -> bool:
    """Whether a notice with deliveries in these states was told, or is on its way, or failed for good.

    A recalled one counts as not told, even if another channel had failed.
    """
    if DeliveryState.RECALLED in states:
        return any(state not in UNSAID and state is not DeliveryState.FAILED for state in states)
    return not states or any(state not in UNSAID for state in states)


def is_held(delivery: Delivery) -> bool:
    """Whether it waits for an admin."""
    return delivery.state is DeliveryState.HELD


def is_waiting(delivery: Delivery) -> bool:
    """Whether it carries notices, and no try to send it has been made."""
    return delivery.state is DeliveryState.PENDING and bool(delivery.notice_ids) and not delivery.attempts


__all__ = [
    "UNSAID",
    "Gate",
    "HeldReason",
    "Sending",
    "SendingRules",
    "Sifted",
    "is_held",
    "is_waiting",
    "replace_held",
    "was_said",
]
