"""After "I renewed it": a look at other places at once, and at the same app again after 5, 15 and 60 minutes.

What a later look finds turns the cards by itself; it is stored, so that a restart loses none.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.errors import GraphError
from alerts.messages import message
from alerts.model import (
    Alert,
    AlertState,
    Application,
    Credential,
    CredentialUsage,
    DeliveryPurpose,
    LaterLook,
    Policy,
)
from alerts.ports import AppLookup, Clock, Store
from alerts.renewal import RenewalCheck
from alerts.views import Elsewhere, Place, RenewalFinding
from alerts.who import PREFIX

log = logging.getLogger(__name__)

#: When Graph is asked again, counted from the press.
LATER = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=60))
#: Seconds that a later look waits for Graph.
PATIENCE = 8.0
#: While Graph does not answer at all it is asked again as soon as this: its return must show on the card.
OUTAGE_WAIT = timedelta(seconds=5)
#: What was made so lately may be what somebody means by "renewed".
FRESH = timedelta(days=7)
#: Apps of the presser that are read anew to find what is new.
OTHER_APPS = 8

_UNSEEN = (RenewalFinding.NOT_YET, RenewalFinding.UNKNOWN, RenewalFinding.ELSEWHERE)


@dataclass(frozen=True, kw_only=True)
class LaterLooks:
    """Remembers what was not visible yet, and looks again."""

    store: Store
    clock: Clock
    policy: Policy
    #: None in a process without Graph rights: then another process looks, at once.
    registry: AppLookup | None

    async def remember(self, findings: Mapping[str, RenewalFinding], person_id: str) -> datetime | None:
        """Look again at what was not seen; until when, None when everything was seen. Pressing again begins anew."""
        now = self.clock()
        unseen = [alert_id for alert_id, finding in findings.items() if finding in _UNSEEN]
        out = RenewalFinding.UNKNOWN in findings.values()
        first = now if self.registry is None else now + (OUTAGE_WAIT if out else LATER[0])
        async with self.store.transaction() as tx:
            await tx.remove_later_looks(list(findings.keys() - set(unseen)))
            for alert_id in unseen:
                await tx.save_later_look(LaterLook(alert_id=alert_id, person_id=person_id, since=now, next_at=first))
        return now + LATER[-1] if unseen else None

    async def run_once(self) -> int:
        """Take every look whose time has come; how many found what was said."""
        if self.registry is None:
            return 0
        async with self.store.reading() as tx:
            due = [look for look in await tx.later_looks(self.clock()) if not look.alert_id.startswith(PREFIX)]
            alerts = await tx.alerts([look.alert_id for look in due])
        check = RenewalCheck(
            store=self.store, clock=self.clock, policy=self.policy, registry=self.registry, patience=PATIENCE
        )
        found = 0
        for look in due:
            alert = alerts.get(look.alert_id)
            if alert is None or alert.state is not AlertState.OPEN:
                finding = RenewalFinding.GONE
            else:
                finding = (await check.look(alert, [alert.id]))[0].get(alert.id, RenewalFinding.UNKNOWN)
            found += await self._outcome(look, alert, finding)
        return found

    async def _outcome(self, look: LaterLook, alert: Alert | None, finding: RenewalFinding) -> bool:
        now = self.clock()
        async with self.store.transaction() as tx:
            if finding not in _UNSEEN or alert is None:
                await tx.remove_later_looks([look.alert_id])
                return True
            if finding is RenewalFinding.UNKNOWN and now - look.since < LATER[-1]:
                await tx.save_later_look(replace(look, next_at=now + OUTAGE_WAIT))
                return False
            # Missed while the process was down: one look makes up for all of them.
            ahead = [wait for wait in LATER if look.since + wait > now]
            if ahead:
                await tx.save_later_look(replace(look, next_at=look.since + ahead[0], taken=look.taken + 1))
                return False
            await tx.remove_later_looks([look.alert_id])
            told = message(
                DeliveryPurpose.INFO,
                look.person_id,
                now,
                sentence="renewed_still_not",
                params={"app": alert.application.display_name},
            )
            await tx.add_deliveries([told])
        return False


# ---------------------------------------------------------------- elsewhere


async def find_elsewhere(
    alert: Alert, siblings: Sequence[Credential], registry: AppLookup, store: Store, person_id: str, now: datetime
) -> Elsewhere | None:
    """A new credential that somebody may take for the renewal: other type, other side, another app of theirs.

    Raises GraphError.
    """
    if other := _newest(alert, siblings, now, same_type=False):
        return Elsewhere(place=Place.OTHER_TYPE, application=alert.application, credential=other)
    opposite = await registry.other_side(alert.application)
    if opposite is not None and (other := _newest(alert, opposite.credentials, now)):
        return Elsewhere(place=Place.OTHER_SIDE, application=opposite, credential=other)
    async with store.reading() as tx:
        records = await tx.snapshot_of_owner(person_id)
    own = {r.application.object_id: r.application for r in records}
    known = {r.credential.key_id.lower() for r in records}
    own.pop(alert.application.object_id, None)
    chosen = list(own.values())[:OTHER_APPS]
    read = await asyncio.gather(*(registry.application(app.object_id, app.type) for app in chosen))
    for app in read:
        fresh = [] if app is None else [c for c in app.credentials if c.key_id.lower() not in known]
        if app is not None and (other := _newest(alert, fresh, now)):
            return Elsewhere(place=Place.OTHER_APP, application=app, credential=other)
    return None


def _newest(
    alert: Alert, credentials: Sequence[Credential], now: datetime, *, same_type: bool = True
) -> Credential | None:
    """The newest of those made lately that outlive the one that expires."""
    old = alert.credential
    fresh = [
        c
        for c in credentials
        if c.start is not None
        and now - FRESH <= c.start <= now + timedelta(days=1)
        and c.key_id != old.key_id
        and (c.end is None or old.end is None or c.end > old.end)
        and (same_type or c.type is not old.type)
        and c.usage is not CredentialUsage.SAML_INACTIVE
    ]
    return max(fresh, key=lambda c: c.start or now, default=None)


async def elsewhere_in_time(
    alert: Alert,
    app: Application | None,
    registry: AppLookup | None,
    store: Store,
    person_id: str,
    now: datetime,
    seconds: float,
) -> Elsewhere | None:
    """As `find_elsewhere`, None where Graph does not say it in time."""
    if registry is None or app is None:
        return None
    try:
        async with asyncio.timeout(seconds):
            return await find_elsewhere(alert, app.credentials, registry, store, person_id, now)
    except (GraphError, TimeoutError) as error:
        log.info("other places could not be looked at for %s: %s", alert.application.object_id, error)
        return None
