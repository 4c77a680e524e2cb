"""Pure: the last call, with LAST_CALL_DAYS left, to everyone on the route and to the fallback (design 3, rule 6)."""

from collections.abc import Sequence
from datetime import datetime

from alerts.model import Alert, AlertState, AnswerKind, Person, Policy, Recipient, RouteReason, RouteStep
from alerts.stages import days_left


def is_last_call(alert: Alert, now: datetime, policy: Policy) -> bool:
    """Whether everybody must hear of it once more: it is about to expire, and not known to be no longer needed."""
    end = alert.credential.end
    if alert.state is not AlertState.OPEN or end is None or end <= now:
        return False
    if alert.answer is not None and alert.answer.kind is AnswerKind.RETIRED:
        return False
    return policy.last_call_days > 0 and days_left(end, now) <= policy.last_call_days


def fallback_hears(alert: Alert, now: datetime, policy: Policy) -> bool:
    """Whether the fallback is told as well: at the last call, and at the expiry of what was open before it.

    A last call that fell on a missed day must not take the expiry from them.
    """
    end = alert.credential.end
    if is_last_call(alert, now, policy):
        return True
    if alert.state is not AlertState.OPEN or end is None or policy.last_call_days <= 0:
        return False
    retired = alert.answer is not None and alert.answer.kind is AnswerKind.RETIRED
    return alert.opened_at < end <= now and not retired


def also_called(places: Sequence[Recipient], fallback: Sequence[Person]) -> list[RouteStep]:
    """The fallback recipients who are not told anyway."""
    taken = {place.person.id for place in places if place.on_route or place.off_reason == "unreachable"}
    return [
        RouteStep(person=person, reason=RouteReason.LAST_CALL)
        for person in fallback
        if person.counts and person.id not in taken
    ]
