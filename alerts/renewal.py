"""Looks at Graph when somebody says "I renewed it", and lets only what it shows change anything."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.closing import Closing
from alerts.errors import GraphError
from alerts.events import alert_event
from alerts.ledger import DUE
from alerts.messages import card_updates
from alerts.model import Alert, AlertState, Credential, EventType
from alerts.ports import AppLookup, Clock, Store, Transaction
from alerts.stages import successor
from alerts.views import RenewalFinding

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RenewalCheck:
    """One look at one app; a complete look at the app may close its alerts."""

    store: Store
    clock: Clock
    #: None in a process without Graph rights.
    registry: AppLookup | None
    #: Seconds that the presser waits for Graph.
    patience: float

    async def look(self, alert: Alert, ids: Sequence[str]) -> dict[str, RenewalFinding]:
        """Alert id -> what Graph shows of its credential; all ids belong to the alert's app."""
        app = alert.application
        try:
            if self.registry is None:
                return dict.fromkeys(ids, RenewalFinding.UNKNOWN)
            async with asyncio.timeout(self.patience):
                current = await self.registry.application(app.object_id, app.type)
        except (GraphError, TimeoutError) as error:
            log.warning("Graph could not be asked about %s: %s", app.object_id, error)
            return dict.fromkeys(ids, RenewalFinding.UNKNOWN)
        if current is not None and current.quarantined:
            return dict.fromkeys(ids, RenewalFinding.UNKNOWN)
        siblings = list(current.credentials) if current else []
        findings: dict[str, RenewalFinding] = {}
        async with self.store.transaction() as tx:
            now = self.clock()
            alerts = await tx.alerts(ids, lock=True)
            for known in alerts.values():
                findings[known.id] = await self._apply_finding(tx, known, siblings, now)
            cards = [card for card in await tx.cards_of_alerts(list(alerts)) if card.current]
            if any(finding is not RenewalFinding.NOT_YET for finding in findings.values()):
                await tx.add_deliveries(card_updates(cards, now))
        return findings

    async def _apply_finding(
        self, tx: Transaction, alert: Alert, siblings: list[Credential], now: datetime
    ) -> RenewalFinding:
        if alert.state is AlertState.RESOLVED:
            return RenewalFinding.GONE
        closing = Closing(now=now, run_id=alert.run_id)
        same = next((c for c in siblings if c.key_id.lower() == alert.credential.key_id.lower()), None)
        if same is None or same.end != alert.credential.end:
            closed, events = closing.removed(alert, siblings) if same is None else closing.end_date_moved(alert, same)
            await tx.save_alerts([closed])
            await tx.add_events(events)
            # Gone from Graph is gone from the snapshot: a scan that cannot read the app must not bring it back.
            await tx.remove_from_snapshot([alert.key])
            await tx.add_to_value(DUE, -1)
            return RenewalFinding.GONE
        newer = successor(alert.credential, tuple(siblings))
        if newer is None:
            return RenewalFinding.NOT_YET
        if alert.state is not AlertState.SUPERSEDED:
            changed = replace(
                alert, state=AlertState.SUPERSEDED, successor=newer, version=alert.version + 1, changed_at=now
            )
            await tx.save_alerts([changed])
            await tx.add_events(
                [
                    alert_event(kind, changed, now, newer.key_id, details={"by": newer.key_id})
                    for kind in (EventType.SUPERSEDED, EventType.CREDENTIAL_RENEWED)
                ]
            )
        return RenewalFinding.FOUND
