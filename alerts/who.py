"""Who renewed or removed a credential outside Steward: asked of Entra's audit log, which lags by minutes."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.errors import OutsideError
from alerts.messages import card_updates
from alerts.model import Alert, LaterLook, Policy
from alerts.ports import ChangeLog, Clock, Store, Transaction

log = logging.getLogger(__name__)

#: Begins the key under which a question waits among the later looks.
PREFIX = "who:"
#: When the log is asked, counted from the change that was seen.
ASKED = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
#: How far back the change may lie: scans are a day apart.
BACK = timedelta(hours=26)


async def ask_who(tx: Transaction, alerts: Iterable[Alert], now: datetime, policy: Policy) -> None:
    """Ask later who did it, in the transaction that has seen the change."""
    if not policy.audit_log:
        return
    for alert in alerts:
        look = LaterLook(alert_id=PREFIX + alert.id, person_id="", since=now, next_at=now + ASKED[0])
        await tx.save_later_look(look)


@dataclass(frozen=True, kw_only=True)
class WhoDidIt:
    """Takes the questions whose time has come; what is found stands on every card."""

    store: Store
    clock: Clock
    #: None where AUDIT_LOG is off, and in a process without Graph rights.
    log: ChangeLog | None

    async def run_once(self) -> int:
        """How many were found out."""
        if self.log is None:
            return 0
        now = self.clock()
        async with self.store.reading() as tx:
            due = [look for look in await tx.later_looks(now) if look.alert_id.startswith(PREFIX)]
            alerts = await tx.alerts([look.alert_id.removeprefix(PREFIX) for look in due])
        found = 0
        for look in due:
            alert = alerts.get(look.alert_id.removeprefix(PREFIX))
            name = ""
            if alert is not None:
                try:
                    name = await self.log.who_changed(alert.application.object_id, look.since - BACK, now)
                except OutsideError as error:
                    log.warning("the audit log could not be asked about %s: %s", alert.application.object_id, error)
            found += await self._outcome(look, name, now)
        return found

    async def _outcome(self, look: LaterLook, name: str, now: datetime) -> bool:
        alert_id = look.alert_id.removeprefix(PREFIX)
        async with self.store.transaction() as tx:
            ahead = [wait for wait in ASKED if look.since + wait > now]
            if not name and ahead:
                await tx.save_later_look(replace(look, next_at=look.since + ahead[0], taken=look.taken + 1))
                return False
            await tx.remove_later_looks([look.alert_id])
            alert = (await tx.alerts([alert_id], lock=True)).get(alert_id)
            if not name or alert is None:
                return False
            await tx.save_alerts([replace(alert, done_by=name, version=alert.version + 1)])
            cards = [card for card in await tx.cards_of_alerts([alert_id]) if card.current]
            await tx.add_deliveries(card_updates(cards, now))
        return True
