"""Pure: since when a due credential is in its state, and what happens to it next."""

from collections.abc import Iterable
from datetime import datetime

from alerts.books import WAITING, Books, LedgerState
from alerts.model import Alert, Delivery, DeliveryState, Policy
from alerts.stages import DAY, EXPIRED_QUIET_DAYS, last_call_at, next_stage_at

Step = tuple[str, datetime | None]


def since(alert: Alert, state: LedgerState, books: Books) -> datetime:
    """The moment from which it is in this state, not that of the alert's last change."""
    places = [place for place in books.recipients.get(alert.id, []) if place.on_route]
    tries = _tries(alert, books)
    match state:
        case LedgerState.EXPIRED if alert.credential.end is not None:
            moments = [alert.credential.end + EXPIRED_QUIET_DAYS * DAY]
        case LedgerState.RETIRED | LedgerState.ACKNOWLEDGED if alert.answer is not None:
            moments = [alert.answer.at]
        case LedgerState.NOMINATED:
            moments = [nomination.created_at for nomination in books.nominations[alert.application.object_id]]
        case LedgerState.SNOOZED:
            moments = [place.snoozed_at for place in places if place.snoozed_until is not None and place.snoozed_at]
        case LedgerState.READ:
            moments = [place.seen_at for place in places if place.seen_at is not None]
        case LedgerState.DELIVERED:
            sent = (DeliveryState.SENT, DeliveryState.UNCLEAR)
            moments = [each.finished_at for each in tries if each.state in sent and each.finished_at is not None]
        case LedgerState.PENDING:
            moments = [each.created_at for each in tries if each.state in WAITING]
        case LedgerState.HELD:
            moments = [each.created_at for each in tries if each.state is DeliveryState.HELD]
        case LedgerState.UNREACHABLE | LedgerState.FAILED:
            ended = [each.finished_at for each in tries if each.finished_at is not None]
            # It is in this state since the last hope failed.
            return max(ended, default=alert.state_since or alert.changed_at)
        case _:
            moments = []
    return min(moments, default=alert.state_since or alert.changed_at)


def next_step(alert: Alert, state: LedgerState, books: Books, now: datetime, policy: Policy) -> Step:
    """What happens next and when; never empty for what is not finished."""
    ahead = _ahead(alert, now, policy)
    match state:
        case LedgerState.EXCLUDED if alert.excluded_until is not None:
            return "the exclusion ends", alert.excluded_until
        case LedgerState.EXCLUDED:
            return f"none: {alert.excluded_reason}", None
        case LedgerState.EXPIRED:
            return "none: shown in my apps and to admins", None
        case LedgerState.RETIRED:
            end = alert.credential.end
            return ("expiry", end) if end is not None and end > now else ahead
        case LedgerState.SUPERSEDED:
            stage_at = next_stage_at(alert.credential, now, policy)
            return ("last calm notice", stage_at) if stage_at is not None else ("removal of the old one", None)
        case LedgerState.NOMINATED:
            by = min(nomination.answer_by for nomination in books.nominations[alert.application.object_id])
            return ("answer to the nomination", by) if by > now else ahead
        case LedgerState.SNOOZED:
            places = books.recipients.get(alert.id, [])
            ends = [p.snoozed_until for p in places if p.on_route and p.snoozed_until is not None]
            return "end of the snooze", min(ends, default=None)
        case LedgerState.PENDING:
            waiting = [each.not_before for each in _tries(alert, books) if each.state in WAITING]
            return (
                ("send", min(waiting))
                if waiting
                else ("first stage" if ahead[0] == "next stage" else ahead[0], ahead[1])
            )
        case LedgerState.HELD:
            return "an admin lets go", None
        case LedgerState.UNREACHABLE:
            return "an admin names somebody", None
        case LedgerState.FAILED:
            return "an admin looks at the error", ahead[1]
        case _:
            return ahead


def _ahead(alert: Alert, now: datetime, policy: Policy) -> Step:
    """The next time at which somebody hears of it by itself."""
    credential = alert.credential
    stage_at = next_stage_at(credential, now, policy)
    if stage_at is not None:
        return "next stage", stage_at
    if (call_at := last_call_at(credential, now, policy)) is not None:
        return "last call", call_at
    if credential.end is None:
        return "none: it never expires", None
    if credential.end > now:
        return "expiry notice", credential.end
    return "shown as expired, told no more", credential.end + EXPIRED_QUIET_DAYS * DAY


def _tries(alert: Alert, books: Books) -> list[Delivery]:
    """Deliveries of what people on the route must be told."""
    present = {place.person.id for place in books.recipients.get(alert.id, []) if place.on_route}
    notices = [notice for notice in books.notices.get(alert.id, []) if notice.recipient_id in present]
    return list(_each(books, (notice.id for notice in notices)))


def _each(books: Books, notice_ids: Iterable[str]) -> Iterable[Delivery]:
    for notice_id in notice_ids:
        yield from books.deliveries.get(notice_id, [])
