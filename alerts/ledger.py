"""Every due credential in exactly one state, and who has not been told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from alerts.books import WAITING, Books, LedgerState, read_books
from alerts.model import (
    Alert,
    AlertState,
    AnswerKind,
    Delivery,
    DeliveryState,
    Notice,
    Policy,
    Recipient,
)
from alerts.ports import Transaction
from alerts.steps import next_step, since

#: Begins a delivery's error code when the person cannot be reached on that channel, whatever we do.
UNREACHABLE = "unreachable:"

#: Name of the stored number of due credentials: counted by each scan from what it read, lowered when an
#: answer shows between scans that one of them is gone.
DUE = "due"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One due credential's line."""

    alert: Alert
    state: LedgerState
    since: datetime
    next_step: str
    next_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NotTold:
    """One person on a route whom no channel has reached; the credential may still be `delivered`."""

    person_id: str
    name: str
    alert_id: str
    key_id: str
    reason: str
    next_step: str


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The whole account at one moment."""

    run_id: str
    #: What the last scan counted, less what was closed on evidence since.
    due: int
    entries: tuple[Entry, ...]
    not_told: tuple[NotTold, ...]
    #: Newest notices of people on the route that no message carries: there must be none.
    lost: tuple[Notice, ...] = ()

    @property
    def states(self) -> dict[str, int]:
        """State -> number, every state named."""
        count = Counter(entry.state for entry in self.entries)
        return {state.value: count.get(state, 0) for state in LedgerState}

    @property
    def difference(self) -> int:
        """The last scan's due minus the accounted ones; 0 when the promise holds."""
        return self.due - len(self.entries)


_FIXED = {
    AlertState.EXCLUDED: LedgerState.EXCLUDED,
    AlertState.EXPIRED: LedgerState.EXPIRED,
    AlertState.SUPERSEDED: LedgerState.SUPERSEDED,
}

_NEVER_SAID = (DeliveryState.CANCELLED, DeliveryState.RECALLED)


def state_of(alert: Alert, books: Books, now: datetime) -> LedgerState:
    """The one state of one due credential: the first that fits."""
    if alert.state is AlertState.EXCLUDED or alert.state is AlertState.EXPIRED:
        return _FIXED[alert.state]
    answer = alert.answer
    if answer is not None and answer.kind is AnswerKind.RETIRED:
        return LedgerState.RETIRED
    if alert.state is AlertState.SUPERSEDED:
        return LedgerState.SUPERSEDED
    if books.nominations.get(alert.application.object_id):
        return LedgerState.NOMINATED
    if answer is not None and answer.kind is AnswerKind.ACKNOWLEDGED:
        return LedgerState.ACKNOWLEDGED
    on_route = [place for place in books.recipients.get(alert.id, []) if place.on_route]
    if any(place.snoozed_until is not None and place.snoozed_until > now for place in on_route):
        return LedgerState.SNOOZED
    if any(place.seen_at is not None for place in on_route):
        return LedgerState.READ
    return _by_deliveries(alert, on_route, books)


def _by_deliveries(alert: Alert, on_route: Sequence[Recipient], books: Books) -> LedgerState:
    present = {place.person.id for place in on_route}
    notices = [notice for notice in books.notices.get(alert.id, []) if notice.recipient_id in present]
    sent = [d for notice in notices for d in books.deliveries.get(notice.id, [])]
    if any(d.state in (DeliveryState.SENT, DeliveryState.UNCLEAR) for d in sent):
        return LedgerState.DELIVERED
    live = [d for d in sent if d.state not in _NEVER_SAID]
    if any(d.state in WAITING for d in live) or (on_route and not notices):
        return LedgerState.PENDING
    if any(d.state is DeliveryState.HELD for d in live):
        return LedgerState.HELD
    if on_route and not live:
        # Taken back, or answered and then not: the next decision decides it anew.
        return LedgerState.PENDING
    if not on_route or all(_unreachable(d) for d in live):
        return LedgerState.UNREACHABLE
    return LedgerState.FAILED


def _unreachable(delivery: Delivery) -> bool:
    return delivery.state is DeliveryState.FAILED and delivery.error_code.startswith(UNREACHABLE)


def _entry(alert: Alert, state: LedgerState, books: Books, now: datetime, policy: Policy) -> Entry:
    step, at = next_step(alert, state, books, now, policy)
    return Entry(alert=alert, state=state, since=since(alert, state, books), next_step=step, next_at=at)


def _not_told(alert: Alert, books: Books, state: LedgerState) -> list[NotTold]:
    """People on the route with a notice that no channel delivered, and none will by itself."""
    missing = []
    for place in books.recipients.get(alert.id, []):
        if not place.on_route and place.off_reason != "unreachable":
            continue
        own = [n for n in books.notices.get(alert.id, []) if n.recipient_id == place.person.id]
        if not own:
            continue
        newest = max(own, key=lambda notice: notice.created_at)
        every = books.deliveries.get(newest.id, [])
        tries = [d for d in every if d.state not in _NEVER_SAID]
        if (every and not tries) or any(d.state in (DeliveryState.SENT, *WAITING) for d in tries):
            continue
        held = next((d.held_reason for d in tries if d.state is DeliveryState.HELD), "")
        if held and state is LedgerState.HELD:
            # All of the credential's people wait: its state says so.
            continue
        tried = "; ".join(f"{d.channel}: {d.error_code or d.state}" for d in tries) or "no delivery"
        missing.append(
            NotTold(
                person_id=place.person.id,
                name=place.person.name,
                alert_id=alert.id,
                key_id=alert.credential.key_id,
                reason=f"held: {held}" if held else tried,
                next_step=_step_of_untold(place, held),
            )
        )
    return missing


def _step_of_untold(place: Recipient, held: str) -> str:
    if held:
        return "an admin lets go"
    return "an admin looks at the error" if place.on_route else "the route moved on"


def _lost(alert: Alert, books: Books) -> list[Notice]:
    """What somebody on the route should have been told and what stands in no message; a newer notice makes up for it."""
    if alert.state not in (AlertState.OPEN, AlertState.SUPERSEDED):
        return []
    present = {place.person.id for place in books.recipients.get(alert.id, []) if place.on_route}
    newest: dict[str, Notice] = {}
    for notice in books.notices.get(alert.id, []):
        known = newest.get(notice.recipient_id)
        if notice.recipient_id in present and (known is None or known.created_at <= notice.created_at):
            newest[notice.recipient_id] = notice
    return [notice for notice in newest.values() if not books.deliveries.get(notice.id)]


async def states_of(tx: Transaction, alerts: Sequence[Alert], now: datetime) -> dict[tuple[str, str], LedgerState]:
    """(object id, key id) -> state, of these alerts only."""
    unclosed = [alert for alert in alerts if alert.state not in (AlertState.RESOLVED, AlertState.AHEAD)]
    books = await read_books(tx, unclosed)
    return {alert.key: state_of(alert, books, now) for alert in unclosed}


async def draw_up(tx: Transaction, now: datetime, policy: Policy) -> Ledger:
    """The ledger as of now, from the store alone."""
    alerts = [alert for alert in await tx.alerts_unclosed() if alert.state is not AlertState.AHEAD]
    books = await read_books(tx, alerts)
    runs = await tx.runs(1)
    states = {alert.id: state_of(alert, books, now) for alert in alerts}
    entries = tuple(_entry(alert, states[alert.id], books, now, policy) for alert in alerts)
    return Ledger(
        run_id=runs[0].run_id if runs else "",
        due=int(await tx.value(DUE) or 0),
        entries=entries,
        not_told=tuple(line for alert in alerts for line in _not_told(alert, books, states[alert.id])),
        lost=tuple(notice for alert in alerts for notice in _lost(alert, books)),
    )


__all__ = ["DUE", "UNREACHABLE", "Entry", "Ledger", "LedgerState", "NotTold", "draw_up", "state_of", "states_of"]
