"""Between two scans: what has changed in Graph closes or calms the alerts of the apps concerned, and nothing else."""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from alerts.model import AlertState, ApplicationType, Credential, Policy
from alerts.ports import Clock, Store
from alerts.renewal import Look

log = logging.getLogger(__name__)

#: Apps judged in one transaction: the writer is free for the bot in between.
SLICE = 100
#: Why an event was written between scans.
BETWEEN_SCANS = "betweenScans"


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """One round of changes of all app registrations, or of all enterprise apps."""

    #: Where the next round begins; opaque, to be kept.
    link: str
    #: Object id -> all its credentials as Graph shows them now, () for an app that is gone.
    apps: Mapping[str, tuple[Credential, ...]] = field(default_factory=dict)
    #: Object ids of apps that have changed, nobody can say how before they are read.
    unsure: frozenset[str] = frozenset()
    #: There was no link, or Graph no longer knows it: what has changed meanwhile is not in here.
    started_anew: bool = False


class ChangeFeed(Protocol):
    """Tells what has changed in Graph's apps (graph/changes.py)."""

    async def changes(self, type: ApplicationType, link: str, wanted: Collection[str]) -> Changes:
        """What has changed since `link` was given out, of the wanted object ids; '' starts from now.

        Raises GraphError; the same link may then be asked for again.
        """

    async def credentials(
        self, type: ApplicationType, object_ids: Collection[str]
    ) -> dict[str, tuple[Credential, ...]]:
        """Object id -> all its credentials as Graph shows them now, () for an app that is gone.

        Apps that could not be read, or not wholly, are absent. Raises GraphError.
        """


@dataclass(frozen=True, kw_only=True)
class ChangeJudge:
    """Judges the apps that have an unclosed alert by what Graph shows of them; never raises an alert.

    What it cannot be sure of it leaves to the next scan, as it does with credentials that are newly due, new
    owners, and successors that are gone again.
    """

    store: Store
    clock: Clock
    policy: Policy

    async def watched(self) -> dict[ApplicationType, dict[str, list[str]]]:
        """Type -> object id -> ids of its unclosed alerts."""
        found: dict[ApplicationType, dict[str, list[str]]] = {kind: {} for kind in ApplicationType}
        async with self.store.reading() as tx:
            for alert in await tx.alerts_unclosed():
                app = alert.application
                found[app.type].setdefault(app.object_id, []).append(alert.id)
        return found

    async def judge(
        self, apps: Mapping[str, Sequence[Credential]], alert_ids: Mapping[str, Sequence[str]]
    ) -> Counter[str]:
        """Close and calm what the apps' credentials prove; how many by removed, endDateMoved, superseded.

        Args:
            apps: object id -> all its credentials, from one complete look at each; again the same is harmless.
            alert_ids: object id -> ids of its unclosed alerts; other apps are passed over.
        """
        done: Counter[str] = Counter()
        object_ids = sorted(apps.keys() & alert_ids.keys())
        for start in range(0, len(object_ids), SLICE):
            part = object_ids[start : start + SLICE]
            ids = [alert_id for object_id in part for alert_id in alert_ids[object_id]]
            async with self.store.transaction() as tx:
                look = Look(now=self.clock(), policy=self.policy, reason=BETWEEN_SCANS)
                alerts = (await tx.alerts(ids, lock=True)).values()
                result = await look.apply(tx, alerts, {object_id: apps[object_id] for object_id in part})
            for alert in result.changed:
                closed = alert.state is AlertState.RESOLVED
                done[alert.closed_reason if closed else alert.state.value] += 1
        if done:
            log.info("between scans: %s", ", ".join(f"{number} {what}" for what, number in sorted(done.items())))
        return done


__all__ = ["ChangeFeed", "ChangeJudge", "Changes"]
