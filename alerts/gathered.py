"""A transaction in which many messages are made, or written down, with one statement for what each of them asks."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar, cast

from alerts.model import (
    Alert,
    Conversation,
    CredentialRecord,
    Delivery,
    Nomination,
    Notice,
    Person,
    PostedCard,
    Recipient,
)
from alerts.ports import Transaction

T = TypeVar("T")


def gathered(tx: Transaction, deliveries: Sequence[Delivery], *, lock: bool = False) -> Transaction:
    """The same transaction, which reads what is asked for one of these messages at once for all of them.

    It does not see what is written through it, beyond what it has read already. With `lock` the alerts are locked when
    they are first read.
    """
    return cast("Transaction", _Gathered(tx, deliveries, lock))


def _distinct(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _by(key: Callable[[T], str], rows: Iterable[T]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


class _Gathered:
    """Each kind of row is read when it is first asked for; ids beyond those of the messages are asked of the store."""

    def __init__(self, tx: Transaction, deliveries: Sequence[Delivery], lock: bool) -> None:
        self._tx = tx
        self._lock = lock
        self._alert_ids = _distinct(alert_id for delivery in deliveries for alert_id in delivery.alert_ids)
        self._own = frozenset(self._alert_ids)
        self._readers = _distinct(delivery.recipient_id for delivery in deliveries)
        self._alerts: dict[str, Alert] | None = None
        self._recipients: dict[str, list[Recipient]] | None = None
        self._notices: dict[str, list[Notice]] | None = None
        self._nominations: dict[str, list[Nomination]] | None = None
        self._records: dict[str, list[CredentialRecord]] | None = None
        self._cards: list[PostedCard] | None = None
        self._people: tuple[frozenset[str], dict[str, Person]] | None = None
        self._conversations: tuple[frozenset[str], dict[str, Conversation]] | None = None
        self._values: dict[str, str | None] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def alerts(self, ids: Sequence[str], *, lock: bool = False) -> dict[str, Alert]:
        if not self._own.issuperset(ids) or (lock and not self._lock):
            return await self._tx.alerts(ids, lock=lock)
        if self._alerts is None:
            self._alerts = await self._tx.alerts(self._alert_ids, lock=self._lock)
        return {alert_id: self._alerts[alert_id] for alert_id in _distinct(ids) if alert_id in self._alerts}

    async def recipients(self, alert_ids: Sequence[str]) -> list[Recipient]:
        if not self._own.issuperset(alert_ids):
            return await self._tx.recipients(alert_ids)
        if self._recipients is None:
            self._recipients = _by(lambda place: place.alert_id, await self._tx.recipients(self._alert_ids))
        return [place for alert_id in _distinct(alert_ids) for place in self._recipients.get(alert_id, ())]

    async def notices(self, alert_ids: Sequence[str]) -> list[Notice]:
        if not self._own.issuperset(alert_ids):
            return await self._tx.notices(alert_ids)
        if self._notices is None:
            self._notices = _by(lambda notice: notice.alert_id, await self._tx.notices(self._alert_ids))
        found = [notice for alert_id in _distinct(alert_ids) for notice in self._notices.get(alert_id, ())]
        return sorted(found, key=lambda notice: (notice.created_at, notice.id))

    async def _apps(self) -> list[str]:
        alerts = await self.alerts(self._alert_ids)
        return _distinct(alert.application.object_id for alert in alerts.values())

    async def nominations_of_app(self, object_id: str) -> list[Nomination]:
        apps = await self._apps()
        if object_id not in apps:
            return await self._tx.nominations_of_app(object_id)
        if self._nominations is None:
            nominations = await self._tx.nominations_of_apps(apps)
            self._nominations = _by(lambda nomination: nomination.application.object_id, nominations)
        return self._nominations.get(object_id, [])

    async def snapshot_of_apps(self, object_ids: Sequence[str]) -> list[CredentialRecord]:
        apps = await self._apps()
        if not frozenset(apps).issuperset(object_ids):
            return await self._tx.snapshot_of_apps(object_ids)
        if self._records is None:
            records = await self._tx.snapshot_of_apps(apps)
            self._records = _by(lambda record: record.application.object_id, records)
        return [record for object_id in _distinct(object_ids) for record in self._records.get(object_id, ())]

    async def cards_of_alerts(self, alert_ids: Sequence[str]) -> list[PostedCard]:
        if not self._own.issuperset(alert_ids):
            return await self._tx.cards_of_alerts(alert_ids)
        if self._cards is None:
            self._cards = await self._tx.cards_of_alerts(self._alert_ids)
        return [card for card in self._cards if not frozenset(alert_ids).isdisjoint(card.alert_ids)]

    async def people(self, ids: Sequence[str]) -> dict[str, Person]:
        if self._people is None:
            self._people = frozenset(self._readers), await self._tx.people(self._readers)
        known, found = self._people
        if not known.issuperset(ids):
            return await self._tx.people(ids)
        return {person_id: found[person_id] for person_id in ids if person_id in found}

    async def conversations(self, person_ids: Sequence[str]) -> dict[str, Conversation]:
        if self._conversations is None:
            told = [notice.recipient_id for notice in await self.notices(self._alert_ids)]
            wanted = _distinct([*self._readers, *told])
            self._conversations = frozenset(wanted), await self._tx.conversations(wanted)
        known, found = self._conversations
        if not known.issuperset(person_ids):
            return await self._tx.conversations(person_ids)
        return {person_id: found[person_id] for person_id in person_ids if person_id in found}

    async def value(self, name: str) -> str | None:
        if name not in self._values:
            self._values[name] = await self._tx.value(name)
        return self._values[name]
