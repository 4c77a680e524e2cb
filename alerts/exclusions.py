"""Apps that an admin has taken off all reminders until a day: set, ended by hand or by date, each on the record."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.events import app_event
from alerts.judge import BY_ADMIN, state_of
from alerts.messages import card_updates, message
from alerts.model import (
    Alert,
    AlertState,
    Application,
    DeliveryPurpose,
    EventType,
    Exclusion,
    Person,
)
from alerts.ports import Transaction


@dataclass(frozen=True, kw_only=True)
class Exclusions:
    """What an admin decides; each step runs in the caller's transaction and is audited."""

    async def exclude(
        self, tx: Transaction, application: Application, until: datetime, reason: str, by: Person, now: datetime
    ) -> Exclusion:
        """Take the app off all reminders; said again, the newer day and reason hold."""
        before = await find_exclusion(tx, application.object_id)
        exclusion = Exclusion(application=application, until=until, reason=reason, by=by, at=now)
        await tx.save_exclusion(exclusion)
        event = app_event(
            EventType.EXCLUDED,
            application,
            now,
            now.isoformat(),
            actor=by,
            reason=reason,
            details={"until": until.isoformat()},
        )
        await tx.add_events([event])
        await tx.add_audit(
            now,
            by.id,
            "exclude",
            application.object_id,
            before.until.isoformat() if before else "",
            f"{until.isoformat()} {reason}",
        )
        changed = [
            replace(
                alert,
                state=AlertState.EXCLUDED,
                excluded_reason=f"{BY_ADMIN}: {reason}",
                excluded_until=until,
                version=alert.version + 1,
                changed_at=now,
            )
            for alert in await unclosed(tx, application.object_id)
        ]
        await self._show(tx, changed, now)
        return exclusion

    async def include(self, tx: Transaction, application: Application, by: Person, now: datetime) -> bool:
        """Put the app back; the next scan tells whoever must be told. False when it was not excluded."""
        before = await find_exclusion(tx, application.object_id)
        if before is None or not await tx.remove_exclusion(application.object_id):
            return False
        await _ended(tx, before, now, by=by)
        await tx.add_audit(now, by.id, "include", application.object_id, before.until.isoformat(), "")
        records = {record.key: record for record in await tx.snapshot_of_apps([application.object_id])}
        siblings = [record.credential for record in records.values()]
        changed = []
        for alert in await unclosed(tx, application.object_id):
            record = records.get(alert.key)
            if alert.excluded_until is None or record is None:
                continue
            # Whether its enterprise app is disabled only a scan can tell: nobody is told anything before that.
            state, reason, newer = state_of(record, siblings, frozenset(), now)
            changed.append(
                replace(
                    alert,
                    state=state,
                    excluded_reason=reason,
                    excluded_until=None,
                    successor=newer,
                    version=alert.version + 1,
                    changed_at=now,
                )
            )
        await self._show(tx, changed, now)
        return True

    @staticmethod
    async def _show(tx: Transaction, alerts: Sequence[Alert], now: datetime) -> None:
        await tx.save_alerts(alerts)
        cards = [card for card in await tx.cards_of_alerts([alert.id for alert in alerts]) if card.current]
        await tx.add_deliveries(card_updates(cards, now))


async def find_exclusion(tx: Transaction, object_id: str) -> Exclusion | None:
    """The stored exclusion of one app, None without one."""
    return next((each for each in await tx.exclusions() if each.application.object_id == object_id), None)


async def unclosed(tx: Transaction, object_id: str) -> list[Alert]:
    """The app's alerts that are not over, locked."""
    ids = [alert.id for alert in await tx.alerts_of_app(object_id) if alert.closed_at is None]
    return list((await tx.alerts(ids, lock=True)).values())


async def end_exclusions(tx: Transaction, now: datetime) -> dict[str, Exclusion]:
    """Object id -> exclusion in force; those whose day has come are ended, and whoever set them is told."""
    in_force = {}
    for exclusion in await tx.exclusions():
        if exclusion.until > now:
            in_force[exclusion.application.object_id] = exclusion
            continue
        await tx.remove_exclusion(exclusion.application.object_id)
        await _ended(tx, exclusion, now)
        told = message(
            DeliveryPurpose.INFO,
            exclusion.by.id,
            now,
            sentence="exclusion_ended",
            params={"app": exclusion.application.display_name, "reason": exclusion.reason},
        )
        await tx.add_deliveries([told])
    return in_force


async def _ended(tx: Transaction, exclusion: Exclusion, now: datetime, *, by: Person | None = None) -> None:
    event = app_event(
        EventType.EXCLUSION_ENDED,
        exclusion.application,
        now,
        exclusion.at.isoformat(),
        actor=by,
        reason="takenBack" if by is not None else "dayReached",
    )
    await tx.add_events([event])
