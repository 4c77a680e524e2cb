"""Pure: when nobody has answered for too long, and which one person is told as well (design 3, rule 6)."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.events import alert_event
from alerts.model import (
    Alert,
    AlertState,
    Event,
    EventType,
    NoticeKind,
    Person,
    Policy,
    Recipient,
    RouteReason,
    RouteStep,
)
from alerts.stages import days_left, last_stage
from alerts.wanted import Told

#: Values of ESCALATE_UNANSWERED that are no number of days.
LAST, NEVER = "last", "never"


def silence_days(alert: Alert, policy: Policy) -> int | None:
    """So many days before expiry silence is too long, None never."""
    if policy.escalate_unanswered == NEVER:
        return None
    if policy.escalate_unanswered == LAST:
        return last_stage(alert.credential, policy)
    return int(policy.escalate_unanswered)


def is_silent(
    alert: Alert, places: Sequence[Recipient], told: Told, now: datetime, policy: Policy, *, nominated: bool
) -> bool:
    """Whether those who were asked have had their time and nobody answered.

    A snooze is no answer. While somebody is nominated, the time limits of nominations count instead.
    """
    end, days = alert.credential.end, silence_days(alert, policy)
    if alert.state is not AlertState.OPEN or alert.answer is not None or nominated or days is None:
        return False
    if end is None or end <= now or days_left(end, now) > days:
        return False
    asked = {place.person.id for place in places if place.on_route and not place.beside}
    moments = [at for (_, who, kind), at in told.items() if who in asked and kind is NoticeKind.STAGE]
    if not moments:
        return False
    if any(days_left(end, at) > days for at in moments):
        return True
    # There was no earlier stage: half of the days that were left then, at least one.
    at_first = days_left(end, min(moments))
    return days_left(end, now) <= at_first - max(1.0, at_first / 2)


def next_up(
    places: Sequence[Recipient], people: Mapping[str, Person], fallback: Sequence[Person], skip: Collection[str]
) -> list[RouteStep]:
    """Who is told as well: the manager whom most of the silent share, that manager's manager, or the fallback."""
    silent = sorted(
        (place for place in places if place.on_route and not place.beside), key=lambda place: place.person.id
    )
    taken = {place.person.id for place in places if place.on_route or place.off_reason}

    def usable(person_id: str) -> Person | None:
        person = people.get(person_id)
        free = person is not None and person.counts and person_id not in taken and person_id not in skip
        return person if free else None

    chief_of = {place.person.id: people.get(place.person.id, place.person).manager_id for place in silent}
    votes = Counter(chief for chief in chief_of.values() if chief)
    shared = min(votes, key=lambda chief: (-votes[chief], chief), default="")
    above = people[shared].manager_id if shared in people else ""
    for person_id in (shared, above):
        if chosen := usable(person_id):
            whose = next(place.person for place in silent if chief_of[place.person.id] == shared)
            return [RouteStep(person=chosen, reason=RouteReason.SILENCE, on_behalf_of=whose)]
    gone = {place.person.id for place in places if place.on_route or place.off_reason == "unreachable"}
    return [
        RouteStep(person=person, reason=RouteReason.SILENCE)
        for person in fallback
        if person.counts and person.id not in gone
    ]


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Breaks it, once for each alert."""

    policy: Policy
    now: datetime
    run_id: str
    people: Mapping[str, Person]
    fallback: Sequence[Person]

    def broken(
        self, alert: Alert, places: Sequence[Recipient], told: Told, *, nominated: bool
    ) -> tuple[list[Recipient], list[Event]]:
        """Those who are now told as well, and the events that say so; nobody where somebody was told before."""
        if any(place.reason is RouteReason.SILENCE and place.on_route for place in places):
            return [], []
        if not is_silent(alert, places, told, self.now, self.policy, nominated=nominated):
            return [], []
        steps = next_up(places, self.people, self.fallback, self.policy.skip_users)
        return beside(alert, steps, places), [
            alert_event(
                EventType.ESCALATED,
                alert,
                self.now,
                step.person.id,
                recipient=step.person,
                run_id=self.run_id,
                reason="unanswered",
                details={"manager": step.on_behalf_of is not None},
            )
            for step in steps
        ]


def beside(alert: Alert, steps: Iterable[RouteStep], places: Sequence[Recipient]) -> list[Recipient]:
    """Places for people who are told beside the route; what is known of them from before stays."""
    known = {place.person.id: place for place in places}
    made = []
    for step in steps:
        before = known.get(step.person.id)
        made.append(
            Recipient(
                alert_id=alert.id,
                person=step.person,
                reason=step.reason,
                on_behalf_of=step.on_behalf_of,
                seen_at=before.seen_at if before else None,
            )
        )
    return made


__all__ = ["LAST", "NEVER", "Silence", "beside", "is_silent", "next_up", "silence_days"]
