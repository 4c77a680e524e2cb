"""From "somebody should take this over" to an owner in Entra: asked, accepted, approved, written, seen.

Every step is a row and an event before anything is sent; the owner is written and watched for by
`owner_changes.py`, which a restart resumes.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.events import nomination_event
from alerts.messages import card_updates, message, new_id
from alerts.model import (
    Alert,
    Channel,
    Delivery,
    DeliveryPurpose,
    EventType,
    Nomination,
    NominationKind,
    NominationState,
    Person,
    Policy,
)
from alerts.ports import Transaction
from alerts.records import owners_of
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


def approvers_of(nomination: Nomination, admins: Sequence[Person]) -> list[Person]:
    """Every admin who is neither nominator nor nominee; where there is none, all: they get the steps by hand."""
    involved = (nomination.nominator.id, nomination.nominee.id)
    return [admin for admin in admins if admin.id not in involved] or list(admins)


def needs_approval(nomination: Nomination, policy: Policy) -> bool:
    """Whether an admin must agree before the owner is written.

    Each where OWNER_CHANGES is "request"; where it is "direct" those of privileged apps, and people who have
    named themselves: their acceptance would be an approval of their own.
    """
    return (
        not policy.owner_changes_direct
        or nomination.kind is NominationKind.RETIRE
        or nomination.privileged
        or nomination.nominator.id == nomination.nominee.id
    )


@dataclass(frozen=True, kw_only=True)
class Nominations:
    """The steps that people take; each runs inside the caller's transaction."""

    #: Whether e-mail is configured.
    mail: bool
    policy: Policy = field(default_factory=Policy)

    async def nominate(
        self,
        tx: Transaction,
        alert: Alert,
        nominator: Person,
        nominees: Sequence[Person],
        note: str,
        now: datetime,
        *,
        privileges: tuple[str, ...] | None = None,
    ) -> list[Nomination]:
        """Ask each nominee once, whoever named them first; one who nominates themselves has accepted already.

        `privileges` are the app's far-reaching rights, None where nobody can tell: then it counts as privileged.
        """
        pending = [
            n
            for n in await tx.nominations_of_app(alert.application.object_id)
            if n.pending and n.kind is NominationKind.OWNER
        ]
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
                privileged=privileges is None or bool(privileges),
                privileges=privileges or (),
            )
            await tx.save_nomination(nomination)
            await record(tx, EventType.OWNER_NOMINATED, nomination, now, actor=nominator)
            if nominee.id != nominator.id:
                await tx.add_deliveries(ask(DeliveryPurpose.NOMINEE, nominee, nomination, now, self.mail))
            made.append(nomination)
        return made

    async def accept(
        self,
        tx: Transaction,
        nomination: Nomination,
        alert: Alert,
        admins: Sequence[Person],
        note: str,
        now: datetime,
        *,
        privileges: tuple[str, ...] | None = None,
    ) -> Nomination:
        """The nominee will do it; the admins are asked to approve, where that is needed, or to add the owner by hand.

        What the app may do is looked at again: it may have got more rights since somebody was named.
        """
        nomination = replace(nomination, privileged=privileges is None or bool(privileges), privileges=privileges or ())
        waits = needs_approval(nomination, self.policy)
        accepted = await change(
            tx,
            nomination,
            now,
            state=NominationState.ACCEPTED if waits else NominationState.APPROVED,
            answer_note=note,
            answer_by=answer_by(alert, now),
        )
        for step in (EventType.NOMINATION_ACCEPTED, EventType.OWNER_CHANGE_REQUESTED):
            await record(tx, step, accepted, now, actor=nomination.nominee)
        if waits or not self.policy.owner_writes:
            for admin in approvers_of(accepted, admins):
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
        people = {p.id: p for p in (nomination.nominator, nomination.nominee)}
        if nomination.kind is NominationKind.RETIRE:
            told_so = [told(p, "retire_rejected", rejected, now, note=note) for p in people.values()]
            await tx.add_deliveries(told_so)
            return rejected
        await record(tx, EventType.OWNER_CHANGE_REFUSED, rejected, now, actor=admin, reason=note or "rejected")
        await tx.add_deliveries([told(p, "nomination_rejected", rejected, now, note=note) for p in people.values()])
        return rejected


async def assigned(tx: Transaction, nomination: Nomination, now: datetime) -> Nomination:
    """Graph shows the new owner: everybody involved and the app's other owners are told, every card says so."""
    done = await change(tx, nomination, now, state=NominationState.ASSIGNED)
    await record(tx, EventType.OWNER_ASSIGNED, done, now, actor=nomination.approver)
    people = {p.id: p for p in (nomination.nominator, nomination.nominee)}
    if nomination.approver is not None:
        people[nomination.approver.id] = nomination.approver
    said = {p.id: "owner_assigned_you" if p.id == done.nominee.id else "owner_assigned" for p in people.values()}
    await tx.add_deliveries([told(p, said[p.id], done, now) for p in people.values()])
    records = await tx.snapshot_of_apps([nomination.application.object_id])
    others = {p.id: p for p in owners_of(records) if p.counts and p.id not in people}
    await tx.add_deliveries([told(p, "owner_added", done, now) for p in others.values()])
    await refresh_cards(tx, done, now)
    return done


async def hopeless(tx: Transaction, nomination: Nomination, reason: str, now: datetime) -> Nomination:
    """It can lead to no owner any more: whoever asked is told to name somebody else, unless the app is gone.

    `reason`: nomineeGone (disabled, deleted, a guest by now), gone (the app).
    """
    ended = await change(tx, nomination, now, state=NominationState.REFUSED, failure=reason)
    await record(tx, EventType.OWNER_CHANGE_REFUSED, ended, now, reason=reason)
    people = {nomination.nominator.id: nomination.nominator}
    if nomination.state is not NominationState.ASKED and reason == "gone":
        people[nomination.nominee.id] = nomination.nominee
    await tx.add_deliveries([told(p, "nomination_hopeless", ended, now, reason=reason) for p in people.values()])
    await refresh_cards(tx, ended, now)
    return ended


async def settle_nominations(
    tx: Transaction, pending: Sequence[Nomination], owners: Mapping[str, tuple[Person, ...]], now: datetime
) -> None:
    """Close the pending nominations whose nominee stands among the app's owners in this scan."""
    for nomination in pending:
        if nomination.kind is not NominationKind.OWNER:
            continue
        current = owners.get(nomination.application.object_id, ())
        if any(person.id == nomination.nominee.id and person.counts for person in current):
            await assigned(tx, nomination, now)
