"""From "somebody should take this over" to an owner in Entra: asked, accepted, approved, written, seen.

Every step is a row and an event before anything is sent; the owner is written by `OwnerChanges`, which
a restart resumes.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.errors import OutsideError, OwnerChangeError
from alerts.events import nomination_event
from alerts.messages import card_updates, message, new_id
from alerts.model import (
    Alert,
    Channel,
    Delivery,
    DeliveryPurpose,
    EventType,
    Nomination,
    NominationState,
    Person,
)
from alerts.ports import AppLookup, Clock, OwnerWriter, Store, Transaction
from alerts.stages import days_left

log = logging.getLogger(__name__)

#: How long a nominee or an approver has (design 3, rule 7).
ANSWER_DAYS = 3


def answer_by(alert: Alert, now: datetime) -> datetime:
    """When an answer is expected: three days, with seven days or less left one working day."""
    if alert.credential.end is None or days_left(alert.credential.end, now) > 7:
        return now + timedelta(days=ANSWER_DAYS)
    day = now + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    return day


def ask(purpose: DeliveryPurpose, person: Person, nomination: Nomination, now: datetime, mail: bool) -> list[Delivery]:
    """The messages that ask one person about a nomination: Teams, and e-mail where that is possible."""
    channels = [Channel.TEAMS] + ([Channel.EMAIL] if mail and (person.mail or person.user_principal_name) else [])
    return [
        message(purpose, person.id, now, channel=channel, nomination_id=nomination.id, alert_ids=(nomination.alert_id,))
        for channel in channels
    ]


async def refresh_cards(tx: Transaction, nomination: Nomination, now: datetime, *, but: str = "") -> None:
    """Bring every card that shows this nomination or its app up to date, but the one just answered on."""
    alerts = [alert.id for alert in await tx.alerts_of_app(nomination.application.object_id)]
    cards = {card.id: card for card in await tx.cards_of_alerts(alerts) if card.current}
    cards |= {card.id: card for card in await tx.cards_of_nominations([nomination.id])}
    await tx.add_deliveries(card_updates((c for c in cards.values() if c.activity_id != but), now))


async def change(tx: Transaction, nomination: Nomination, now: datetime, **fields: object) -> Nomination:
    """Store the nomination with changed fields and the next version; raises VersionConflict."""
    changed = replace(nomination, changed_at=now, version=nomination.version + 1, **fields)  # type: ignore[arg-type]
    await tx.save_nomination(changed)
    return changed


async def record(
    tx: Transaction,
    type: EventType,
    nomination: Nomination,
    now: datetime,
    *,
    actor: Person | None = None,
    reason: str = "",
) -> None:
    """Write down one step of a nomination, under the credential from which it came."""
    alert = (await tx.alerts([nomination.alert_id])).get(nomination.alert_id)
    await tx.add_events([nomination_event(type, nomination, alert, now, actor=actor, reason=reason)])


def told(person: Person, key: str, nomination: Nomination, now: datetime, **params: str) -> Delivery:
    """One short message about how a nomination went on."""
    names = {"app": nomination.application.display_name, "person": nomination.nominee.name}
    return message(
        DeliveryPurpose.INFO, person.id, now, nomination_id=nomination.id, sentence=key, params=names | params
    )


@dataclass(frozen=True, kw_only=True)
class Nominations:
    """The steps that people take; each runs inside the caller's transaction."""

    #: Whether e-mail is configured.
    mail: bool

    async def nominate(
        self, tx: Transaction, alert: Alert, nominator: Person, nominees: Sequence[Person], note: str, now: datetime
    ) -> list[Nomination]:
        """Ask each nominee once; one who nominates themselves has accepted already."""
        pending = [n for n in await tx.nominations_of_app(alert.application.object_id) if n.pending]
        made = []
        for nominee in nominees:
            known = next((n for n in pending if n.nominee.id == nominee.id), None)
            if known is not None:
                made.append(known)
                continue
            nomination = Nomination(
                id=new_id(),
                alert_id=alert.id,
                application=alert.application,
                nominator=nominator,
                nominee=nominee,
                note=note,
                created_at=now,
                changed_at=now,
                answer_by=answer_by(alert, now),
            )
            await tx.save_nomination(nomination)
            await record(tx, EventType.OWNER_NOMINATED, nomination, now, actor=nominator)
            if nominee.id != nominator.id:
                await tx.add_deliveries(ask(DeliveryPurpose.NOMINEE, nominee, nomination, now, self.mail))
            made.append(nomination)
        return made

    async def accept(
        self, tx: Transaction, nomination: Nomination, alert: Alert, admins: Sequence[Person], note: str, now: datetime
    ) -> Nomination:
        """The nominee will do it; every admin who is neither nominator nor nominee is asked to approve.

        Where there is no such admin, the admins get the steps for a change by hand instead.
        """
        accepted = await change(
            tx,
            nomination,
            now,
            state=NominationState.ACCEPTED,
            answer_note=note,
            answer_by=answer_by(alert, now),
        )
        nominee = nomination.nominee
        for step in (EventType.NOMINATION_ACCEPTED, EventType.OWNER_CHANGE_REQUESTED):
            await record(tx, step, accepted, now, actor=nominee)
        involved = (nomination.nominator.id, nominee.id)
        approvers = [admin for admin in admins if admin.id not in involved] or list(admins)
        for admin in approvers:
            await tx.add_deliveries(ask(DeliveryPurpose.APPROVAL, admin, accepted, now, self.mail))
        return accepted

    async def decline(self, tx: Transaction, nomination: Nomination, note: str, now: datetime) -> Nomination:
        """The nominee will not; the nominator is asked again."""
        declined = await change(tx, nomination, now, state=NominationState.DECLINED, answer_note=note)
        await record(tx, EventType.NOMINATION_DECLINED, declined, now, actor=nomination.nominee, reason=note)
        await tx.add_deliveries([told(nomination.nominator, "nomination_declined", declined, now, note=note)])
        return declined

    async def approve(self, tx: Transaction, nomination: Nomination, admin: Person, now: datetime) -> Nomination:
        """A second admin agrees; `OwnerChanges` writes the owner, or an admin does by hand."""
        return await change(tx, nomination, now, state=NominationState.APPROVED, approver=admin)

    async def reject(
        self, tx: Transaction, nomination: Nomination, admin: Person, note: str, now: datetime
    ) -> Nomination:
        """An admin does not agree; nominator and nominee are told."""
        rejected = await change(tx, nomination, now, state=NominationState.REJECTED, approver=admin, failure=note)
        await record(tx, EventType.OWNER_CHANGE_REFUSED, rejected, now, actor=admin, reason=note or "rejected")
        people = {p.id: p for p in (nomination.nominator, nomination.nominee)}
        await tx.add_deliveries([told(p, "nomination_rejected", rejected, now, note=note) for p in people.values()])
        return rejected


async def assigned(tx: Transaction, nomination: Nomination, now: datetime) -> Nomination:
    """Graph shows the new owner: everybody involved is told, every card says so."""
    done = await change(tx, nomination, now, state=NominationState.ASSIGNED)
    await record(tx, EventType.OWNER_ASSIGNED, done, now, actor=nomination.approver)
    people = {p.id: p for p in (nomination.nominator, nomination.nominee)}
    await tx.add_deliveries([told(p, "owner_assigned", done, now) for p in people.values()])
    await refresh_cards(tx, done, now)
    return done


async def settle_nominations(
    tx: Transaction, pending: Sequence[Nomination], owners: Mapping[str, tuple[Person, ...]], now: datetime
) -> None:
    """Close the pending nominations whose nominee stands among the app's owners in this scan."""
    for nomination in pending:
        current = owners.get(nomination.application.object_id, ())
        if any(person.id == nomination.nominee.id and person.counts for person in current):
            await assigned(tx, nomination, now)


@dataclass(frozen=True, kw_only=True)
class OwnerChanges:
    """Writes approved owners through Graph; what a crash interrupted is taken up again."""

    store: Store
    clock: Clock
    #: None: no owner-write identity; an admin changes owners by hand and the scan sees it.
    writer: OwnerWriter | None
    #: Reads the app back after writing: only what Graph shows counts.
    registry: AppLookup | None

    async def run_pending(self) -> int:
        """Write every approved owner; returns how many were settled, whichever way."""
        if self.writer is None:
            return 0
        async with self.store.reading() as tx:
            waiting = [n for n in await tx.nominations_pending() if n.state is NominationState.APPROVED]
        settled = 0
        for nomination in waiting:
            settled += await self._write(nomination)
        return settled

    async def _write(self, nomination: Nomination) -> bool:
        if self.writer is None:
            return False
        failure = ""
        try:
            await self.writer.add_owner(nomination.application, nomination.nominee.id)
            shown = await self._graph_shows(nomination)
        except OwnerChangeError as error:
            failure, shown = error.reason, False
        except OutsideError as error:
            # Adding an owner is idempotent: it is tried again at the next round.
            log.warning("owner of %s not written yet: %s", nomination.application.object_id, error)
            return False
        async with self.store.transaction() as tx:
            fresh = await tx.nomination(nomination.id, lock=True)
            if fresh is None or fresh.state is not NominationState.APPROVED:
                return False
            now = self.clock()
            if failure:
                await self._refused(tx, fresh, failure, now)
            elif shown:
                await assigned(tx, fresh, now)
            else:
                # Written but not visible yet (replication): the scan or the next round will see it.
                return False
        return True

    async def _graph_shows(self, nomination: Nomination) -> bool:
        if self.registry is None:
            return True
        app = await self.registry.application(nomination.application.object_id, nomination.application.type)
        return app is not None and any(owner.id == nomination.nominee.id for owner in app.owners)

    async def _refused(self, tx: Transaction, nomination: Nomination, reason: str, now: datetime) -> None:
        refused = await change(tx, nomination, now, state=NominationState.REFUSED, failure=reason)
        await record(tx, EventType.OWNER_CHANGE_REFUSED, refused, now, actor=refused.approver, reason=reason)
        people = {
            p.id: p for p in (refused.nominator, refused.nominee, *([refused.approver] if refused.approver else []))
        }
        await tx.add_deliveries([told(p, "owner_change_refused", refused, now, reason=reason) for p in people.values()])
        await refresh_cards(tx, refused, now)
