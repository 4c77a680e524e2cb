"""Pure: what follows from a send that failed, by what is known of it. Never a blind loop.

| outcome | then |
|---|---|
| safe: nothing was written | again, after 1 s to 5 min |
| safe, and the service said when (429) | again then, all senders with it; it counts as no attempt |
| unclear: it may have arrived | e-mail at once; again once, ten minutes later; after that it stays unclear |
| unreachable, stale address | e-mail; failed, so the route may move on |
| poison: the message itself is refused | e-mail; failed, for somebody to look at |
| ours: our own identity or settings | again every five minutes, for as long as it takes |
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.errors import DeliveryError, Outcome
from alerts.ledger import UNREACHABLE
from alerts.model import Delivery, DeliveryPurpose, DeliveryState

#: How long a send whose outcome is unknown is held before its one repeat.
UNCLEAR_HOLD = timedelta(minutes=10)
#: Sends of one message whose outcome is unknown, at most.
UNCLEAR_SENDS = 2
#: Between two tries while our own settings or identity are at fault.
OURS_PAUSE = timedelta(minutes=5)
#: The longest pause between two tries that certainly did not arrive (seconds).
LONGEST_BACKOFF = 300.0
#: Tries of what nobody waits for: a sentence that no alert, nomination or card hangs on. More than a day.
MAX_ATTEMPTS = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Next:
    """What becomes of a delivery after a failure."""

    #: The row as it is to be stored.
    delivery: Delivery
    #: Whether the e-mail about the same must not wait any longer.
    mail_now: bool = False
    #: Whether somebody has to look at it: the message, or our own set-up, is at fault.
    alarm: bool = False


def after_failure(
    delivery: Delivery, error: DeliveryError, now: datetime, *, jitter: float, hold: timedelta = UNCLEAR_HOLD
) -> Next:
    """What follows from a failed send.

    Args:
        delivery: as claimed.
        error: what the channel raised.
        now: aware UTC.
        jitter: 0.5 to 1.0; keeps replicas from knocking at the same second.
        hold: before the one repeat of an unclear send.
    """
    known = replace(delivery, begun_at=None, error=str(error)[:500], trouble=error.outcome)
    if delivery.purpose is DeliveryPurpose.UPDATE:
        return _after_update(known, error, now, jitter)
    match error.outcome:
        case Outcome.SAFE:
            return _after_safe(known, error, now, jitter)
        case Outcome.OURS:
            # Never given up: the fault is ours, and the people it would pass over are not to blame.
            return Next(delivery=waiting(known, now + OURS_PAUSE, error.code), alarm=True)
        case Outcome.UNCLEAR:
            return after_unclear(known, error.code, now, now + hold)
        case Outcome.UNREACHABLE | Outcome.STALE_ADDRESS:
            code = f"{UNREACHABLE}{error.code or error.outcome}"
            return Next(delivery=ended(known, DeliveryState.FAILED, code, now), mail_now=True)
        case _:
            failed = ended(known, DeliveryState.FAILED, error.code or error.outcome, now)
            return Next(delivery=failed, mail_now=True, alarm=True)


def after_unclear(delivery: Delivery, code: str, now: datetime, again_at: datetime) -> Next:
    """A send may have arrived: once it is repeated, twice it stays unclear and is shown so."""
    counted = replace(delivery, begun_at=None, unclear=delivery.unclear + 1)
    if counted.unclear >= UNCLEAR_SENDS:
        return Next(delivery=ended(counted, DeliveryState.UNCLEAR, code or Outcome.UNCLEAR, now), mail_now=True)
    return Next(delivery=waiting(counted, max(now, again_at), code or Outcome.UNCLEAR), mail_now=True)


def handed_back(delivery: Delivery) -> Delivery:
    """The row of a message that was claimed and not sent: as it was before the claim."""
    return replace(
        delivery, state=DeliveryState.PENDING, lease_until=None, begun_at=None, attempts=max(0, delivery.attempts - 1)
    )


def _after_update(delivery: Delivery, error: DeliveryError, now: datetime, jitter: float) -> Next:
    """An update is a PUT of the current state: repeating it is harmless, losing one is not."""
    if error.outcome is Outcome.OURS:
        return Next(delivery=waiting(delivery, now + OURS_PAUSE, error.code), alarm=True)
    if error.outcome in (Outcome.SAFE, Outcome.UNCLEAR):
        return _after_safe(delivery, error, now, jitter)
    return Next(delivery=ended(delivery, DeliveryState.FAILED, error.code or error.outcome, now))


def _after_safe(delivery: Delivery, error: DeliveryError, now: datetime, jitter: float) -> Next:
    if error.retry_after is not None:
        uncounted = replace(delivery, attempts=max(0, delivery.attempts - 1))
        return Next(delivery=waiting(uncounted, now + timedelta(seconds=error.retry_after), error.code))
    if delivery.purpose is DeliveryPurpose.INFO and delivery.attempts >= MAX_ATTEMPTS:
        return Next(delivery=ended(delivery, DeliveryState.FAILED, error.code or error.outcome, now))
    pause = min(LONGEST_BACKOFF, 2.0 ** min(delivery.attempts, 9)) * jitter
    return Next(delivery=waiting(delivery, now + timedelta(seconds=pause), error.code))


def waiting(delivery: Delivery, at: datetime, code: str) -> Delivery:
    """The row, to be claimed again at that time."""
    return replace(delivery, state=DeliveryState.PENDING, not_before=at, lease_until=None, error_code=code)


def ended(delivery: Delivery, state: DeliveryState, code: str, now: datetime) -> Delivery:
    """The row in a final state."""
    return replace(delivery, state=state, finished_at=now, lease_until=None, begun_at=None, error_code=code)
