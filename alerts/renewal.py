"""What Graph shows of an alert's app, asked because somebody says "I renewed it" or because it has changed.

Only what Graph shows changes anything.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.closing import Closing
from alerts.errors import GraphError
from alerts.events import alert_event
from alerts.ledger import DUE
from alerts.messages import card_updates
from alerts.model import Alert, AlertState, Application, Credential, CredentialRecord, Event, EventType, Policy
from alerts.ports import AppLookup, Clock, Store, Transaction
from alerts.stages import alert_type, crossed_stage, days_left, long_expired, successor
from alerts.views import RenewalFinding
from alerts.who import ask_who

log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class Looked:
    """What a look has found and changed."""

    #: Alert id -> what Graph shows of its credential.
    findings: dict[str, RenewalFinding] = field(default_factory=dict)
    #: The alerts that were changed by it, as stored now.
    changed: list[Alert] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Look:
    """Applies one complete look at some apps to their alerts, cards and last records."""

    now: datetime
    policy: Policy
    #: Reason of the events that it writes.
    reason: str = ""

    async def apply(
        self, tx: Transaction, alerts: Collection[Alert], shown: Mapping[str, Sequence[Credential]]
    ) -> Looked:
        """Close and calm what the credentials prove, in the caller's transaction.

        Args:
            tx: writes all of it.
            alerts: locked in it.
            shown: object id of each alert's app -> all its credentials as Graph shows them now.
        """
        looked = Looked()
        events: list[Event] = []
        for alert in alerts:
            finding, changed, own = self._judge(alert, shown[alert.application.object_id])
            looked.findings[alert.id] = finding
            events.extend(replace(event, reason=self.reason) for event in own)
            if changed is not None:
                looked.changed.append(changed)
        await self._save_records(tx, shown)
        if looked.changed:
            await tx.save_alerts(looked.changed)
            await ask_who(tx, looked.changed, self.now, self.policy)
            await tx.add_events(events)
            ahead = {alert.id for alert in alerts if alert.state is AlertState.AHEAD}
            closed = sum(1 for alert in looked.changed if alert.state is AlertState.RESOLVED and alert.id not in ahead)
            await tx.add_to_value(DUE, -closed)
            cards = await tx.cards_of_alerts([alert.id for alert in looked.changed])
            await tx.add_deliveries(card_updates([card for card in cards if card.current], self.now))
        return looked

    def _judge(
        self, alert: Alert, siblings: Sequence[Credential]
    ) -> tuple[RenewalFinding, Alert | None, Sequence[Event]]:
        """What is found, the alert if it changes by that, and its events."""
        if alert.state is AlertState.RESOLVED:
            return RenewalFinding.GONE, None, ()
        closing = Closing(now=self.now, run_id=alert.run_id)
        same = next((c for c in siblings if c.key_id.lower() == alert.credential.key_id.lower()), None)
        if same is None:
            return RenewalFinding.GONE, *closing.removed(alert, siblings)
        if same.end != alert.credential.end:
            return RenewalFinding.GONE, *closing.end_date_moved(alert, same)
        newer = successor(same, tuple(siblings))
        if newer is None:
            return RenewalFinding.NOT_YET, None, ()
        if alert.state is not AlertState.OPEN or long_expired(same, self.now):
            # Excluded and long expired ones stay so, whatever else stands on the app.
            return RenewalFinding.FOUND, None, ()
        changed = replace(
            alert,
            credential=_as_used(same, alert.credential),
            state=AlertState.SUPERSEDED,
            successor=newer,
            version=alert.version + 1,
            changed_at=self.now,
        )
        events = [
            alert_event(kind, changed, self.now, newer.key_id, details={"by": newer.key_id})
            for kind in (EventType.SUPERSEDED, EventType.CREDENTIAL_RENEWED)
        ]
        return RenewalFinding.FOUND, changed, events

    async def _save_records(self, tx: Transaction, shown: Mapping[str, Sequence[Credential]]) -> None:
        """Gone from Graph is gone from the snapshot: a scan that cannot read the app must not bring it back.

        What is new on an app has no record of its own yet; it is shown with the owners of the last one.
        """
        known: dict[str, list[CredentialRecord]] = {}
        for record in await tx.snapshot_of_apps(list(shown)):
            known.setdefault(record.application.object_id, []).append(record)
        gone: list[tuple[str, str]] = []
        fresh: list[CredentialRecord] = []
        for object_id, own in known.items():
            by_key = {record.credential.key_id.lower(): record for record in own}
            now_there = {credential.key_id.lower(): credential for credential in shown[object_id]}
            gone.extend(record.key for key, record in by_key.items() if key not in now_there)
            last = max(own, key=lambda record: record.scan_date)
            for key, credential in now_there.items():
                record = by_key.get(key, last)
                if record.credential != _as_used(credential, record.credential):
                    fresh.append(self._record(record, credential))
        await tx.remove_from_snapshot(gone)
        await tx.save_snapshot(fresh)

    def _record(self, record: CredentialRecord, credential: Credential) -> CredentialRecord:
        """The record with another credential, or with the same one changed, as its run would have written it."""
        stage = crossed_stage(credential, record.scan_date, self.policy)
        return replace(
            record,
            credential=_as_used(credential, record.credential),
            days_left=None if credential.end is None else days_left(credential.end, record.scan_date),
            alert_type=alert_type(credential, stage, self.policy),
            email_sent=record.email_sent and credential.key_id == record.credential.key_id,
        )


def _as_used(credential: Credential, before: Credential) -> Credential:
    """With the last use that is known of the same credential: not everything that shows credentials shows it."""
    if credential.key_id.lower() != before.key_id.lower() or credential.last_used is not None:
        return credential
    return replace(credential, last_used=before.last_used)


@dataclass(frozen=True, kw_only=True)
class RenewalCheck:
    """One look at one app; a complete look at the app may close its alerts."""

    store: Store
    clock: Clock
    policy: Policy
    #: None in a process without Graph rights.
    registry: AppLookup | None
    #: Seconds that the presser waits for Graph.
    patience: float

    async def look(self, alert: Alert, ids: Sequence[str]) -> tuple[dict[str, RenewalFinding], Application | None]:
        """Alert id -> what Graph shows of its credential, and the app, None if it was not read.

        All ids belong to the alert's app.
        """
        app = alert.application
        try:
            if self.registry is None:
                return dict.fromkeys(ids, RenewalFinding.UNKNOWN), None
            async with asyncio.timeout(self.patience):
                current = await self.registry.application(app.object_id, app.type)
        except (GraphError, TimeoutError) as error:
            log.warning("Graph could not be asked about %s: %s", app.object_id, error)
            return dict.fromkeys(ids, RenewalFinding.UNKNOWN), None
        if current is not None and current.quarantined:
            return dict.fromkeys(ids, RenewalFinding.UNKNOWN), None
        shown = {app.object_id: current.credentials if current else ()}
        async with self.store.transaction() as tx:
            alerts = await tx.alerts(ids, lock=True)
            look = Look(now=self.clock(), policy=self.policy)
            return (await look.apply(tx, alerts.values(), shown)).findings, current
