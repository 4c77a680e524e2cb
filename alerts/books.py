"""The rows behind the ledger, and its states."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from alerts.model import Alert, Delivery, DeliveryState, Nomination, NominationKind, Notice, Recipient
from alerts.ports import Transaction

#: States of a delivery that is on its way.
WAITING = (DeliveryState.PENDING, DeliveryState.SENDING)


class LedgerState(StrEnum):
    """In the order in which the first that fits is taken (design 3, rule 9)."""

    EXCLUDED = "excluded"
    EXPIRED = "expired"
    RETIRED = "retired"
    SUPERSEDED = "superseded"
    NOMINATED = "nominated"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    READ = "read"
    DELIVERED = "delivered"
    PENDING = "pending"
    HELD = "held"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


@dataclass(kw_only=True)
class Books:
    """All rows behind the ledger, by alert."""

    recipients: dict[str, list[Recipient]] = field(default_factory=lambda: defaultdict(list))
    notices: dict[str, list[Notice]] = field(default_factory=lambda: defaultdict(list))
    #: notice id -> the deliveries that carry it.
    deliveries: dict[str, list[Delivery]] = field(default_factory=lambda: defaultdict(list))
    #: object id -> pending nominations.
    nominations: dict[str, list[Nomination]] = field(default_factory=lambda: defaultdict(list))


async def read_books(tx: Transaction, alerts: Sequence[Alert]) -> Books:
    books = Books()
    ids = [alert.id for alert in alerts]
    for recipient in await tx.recipients(ids):
        books.recipients[recipient.alert_id].append(recipient)
    for notice in await tx.notices(ids):
        books.notices[notice.alert_id].append(notice)
    for delivery in await tx.deliveries_of_alerts(ids):
        for notice_id in delivery.notice_ids:
            books.deliveries[notice_id].append(delivery)
    for nomination in await tx.nominations_pending():
        if nomination.kind is NominationKind.RETIRE:
            # It quiets nothing until an admin agrees.
            continue
        books.nominations[nomination.application.object_id].append(nomination)
    return books
