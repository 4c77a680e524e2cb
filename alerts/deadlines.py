"""Time limits of nominations, looked at between scans too: who did not answer in time, and who is next (rule 7)."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from alerts.messages import message
from alerts.model import (
    Alert,
    AlertState,
    Channel,
    Delivery,
    DeliveryPurpose,
    EventType,
    Nomination,
    NominationKind,
    NominationState,
    Person,
    RouteReason,
    RouteStep,
)
from alerts.nominations import answer_by, ask, change, record, refresh_cards
from alerts.ports import Clock, Store, Transaction
from alerts.reroute import Rerouter
from alerts.roles import Roles

log = logging.getLogger(__name__)

#: Store value: nomination id -> until when its nominator should have named somebody else, as JSON.
ASKED_AGAIN = "nominations.askedAgain"
#: One replica looks at a time.
LEASE, LEASE_SECONDS = "deadlines", 60.0


class Next(StrEnum):
    """Who is next once a time limit has passed."""

    #: Nobody need do anything any more.
    NOBODY = "nobody"
    #: Other people are asked already, and have their own time.
    OTHER_NOMINEES = "otherNominees"
    NOMINATOR = "nominator"
    #: All admins and the fallback.
    EVERYBODY = "everybody"
    #: The approvers once more, and the fallback beside them.
    APPROVERS = "approvers"


def after_nomination(nomination: Nomination, alert: Alert | None, others: Sequence[Nomination]) -> Next:
    """Who is next when this nomination was not answered in time; `others` are the app's other pending ones."""
    if nomination.state is NominationState.ACCEPTED:
        # Once; then the stages and the last call go on, and the question stays open.
        return Next.APPROVERS
    if alert is None or alert.state not in (AlertState.OPEN, AlertState.AHEAD):
        return Next.NOBODY
    if others:
        return Next.OTHER_NOMINEES
    # Who named themselves and said nothing more is not asked again.
    return Next.EVERYBODY if nomination.nominator.id == nomination.nominee.id else Next.NOMINATOR


def after_nominator(alert: Alert | None, pending: Sequence[Nomination]) -> Next:
    """Who is next when the nominator was asked again and has named nobody."""
    if alert is None or alert.state is not AlertState.OPEN or alert.answer is not None:
        return Next.NOBODY
    return Next.OTHER_NOMINEES if pending else Next.EVERYBODY


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """One look at all time limits; two replicas never look at once."""

    store: Store
    clock: Clock
    roles: Roles
    rerouter: Rerouter
    #: Whether e-mail is configured.
    mail: bool = False

    async def run_once(self) -> int:
        """Take every step that is due; returns how many were."""
        now = self.clock()
        async with self.store.reading() as tx:
            late = [n for n in await tx.nominations_pending() if _late(n, now)]
            again = _times(await tx.value(ASKED_AGAIN))
        if not late and not any(at <= now for at in again.values()):
            return 0
        admins, fallback = await self.roles.admins(), await self.roles.fallback()
        everybody = list({person.id: person for person in (*admins, *fallback)}.values())
        async with self.store.transaction() as tx:
            if not await tx.acquire_lease(LEASE, "look", now, 0.0):
                return 0
            again = _times(await tx.value(ASKED_AGAIN))
            asked = [nomination_id for nomination_id, at in again.items() if at <= now]
            # Alerts before nominations, as a scan's decision locks them: neither waits for the other in a circle.
            about = [await tx.nomination(nomination_id) for nomination_id in asked]
            await tx.alerts([n.alert_id for n in (*late, *about) if n is not None], lock=True)
            steps = 0
            for nomination in late:
                steps += await self._not_answered(tx, nomination.id, again, admins, everybody, now)
            for nomination_id in asked:
                del again[nomination_id]
                steps += await self._nobody_named(tx, nomination_id, everybody, now)
            await tx.set_value(ASKED_AGAIN, json.dumps({key: at.isoformat() for key, at in again.items()}))
        return steps

    async def _not_answered(
        self,
        tx: Transaction,
        nomination_id: str,
        again: dict[str, datetime],
        admins: Sequence[Person],
        everybody: Sequence[Person],
        now: datetime,
    ) -> int:
        nomination = await tx.nomination(nomination_id, lock=True)
        if nomination is None or not _late(nomination, now):
            return 0
        alert = (await tx.alerts([nomination.alert_id])).get(nomination.alert_id)
        others = [n for n in await self._pending(tx, nomination) if n.id != nomination_id]
        following = after_nomination(nomination, alert, others)
        log.info("nomination %s was not answered in time; next: %s", nomination_id, following)
        if following is Next.APPROVERS and alert is not None:
            await self._ask_approvers(tx, nomination, alert, admins, everybody, now)
            return 1
        nomination = await change(tx, nomination, now, state=NominationState.EXPIRED)
        await record(tx, EventType.NOMINATION_EXPIRED, nomination, now, reason="nominee")
        if following is Next.NOMINATOR and alert is not None:
            again[nomination_id] = answer_by(alert, now)
            await tx.add_deliveries(self._tell(nomination.nominator, "nomination_expired", nomination, now))
        elif following is Next.EVERYBODY and alert is not None:
            await self._tell_everybody(tx, alert, everybody, now)
        await refresh_cards(tx, nomination, now)
        return 1

    async def _ask_approvers(
        self,
        tx: Transaction,
        nomination: Nomination,
        alert: Alert,
        admins: Sequence[Person],
        everybody: Sequence[Person],
        now: datetime,
    ) -> None:
        """All who may approve get the question again; the fallback hears that it waits, and so does the nominator."""
        nomination = await change(
            tx, nomination, now, reminded=nomination.reminded + 1, answer_by=answer_by(alert, now)
        )
        await record(tx, EventType.NOMINATION_EXPIRED, nomination, now, reason="approver")
        involved = (nomination.nominator.id, nomination.nominee.id)
        approvers = [admin for admin in admins if admin.id not in involved] or list(admins)
        for admin in approvers:
            await tx.add_deliveries(ask(DeliveryPurpose.APPROVAL, admin, nomination, now, self.mail))
        asked = {admin.id for admin in approvers}
        others = {person.id: person for person in (*everybody, nomination.nominator) if person.id not in asked}
        key = "retire_late" if nomination.kind is NominationKind.RETIRE else "approval_late"
        for person in others.values():
            await tx.add_deliveries(self._tell(person, key, nomination, now))

    async def _nobody_named(
        self, tx: Transaction, nomination_id: str, everybody: Sequence[Person], now: datetime
    ) -> int:
        nomination = await tx.nomination(nomination_id)
        if nomination is None:
            return 0
        alert = (await tx.alerts([nomination.alert_id])).get(nomination.alert_id)
        pending = await self._pending(tx, nomination)
        if alert is None or after_nominator(alert, pending) is not Next.EVERYBODY:
            return 0
        log.info("nobody else was named for %s; all admins and the fallback are told", nomination_id)
        await self._tell_everybody(tx, alert, everybody, now)
        return 1

    @staticmethod
    async def _pending(tx: Transaction, nomination: Nomination) -> list[Nomination]:
        """Who else may become an owner of the same app."""
        found = await tx.nominations_of_app(nomination.application.object_id)
        return [n for n in found if n.pending and n.kind is NominationKind.OWNER]

    async def _tell_everybody(self, tx: Transaction, alert: Alert, everybody: Sequence[Person], now: datetime) -> None:
        steps = [RouteStep(person=person, reason=RouteReason.NOMINATION_EXPIRED) for person in everybody]
        await self.rerouter.tell_beside(tx, alert.id, steps, "nominationExpired", now)

    def _tell(self, person: Person, key: str, nomination: Nomination, now: datetime) -> list[Delivery]:
        by_mail = self.mail and (person.mail or person.user_principal_name)
        params = {"app": nomination.application.display_name, "person": nomination.nominee.name}
        return [
            message(
                DeliveryPurpose.INFO,
                person.id,
                now,
                channel=channel,
                # An e-mail about a nomination would ask its reader for an answer.
                nomination_id=nomination.id if channel is Channel.TEAMS else "",
                sentence=key,
                params=params,
            )
            for channel in (Channel.TEAMS, *((Channel.EMAIL,) if by_mail else ()))
        ]


def _late(nomination: Nomination, now: datetime) -> bool:
    """Whether its time is over and nothing has followed from that yet."""
    if nomination.state is NominationState.ACCEPTED and nomination.reminded:
        return False
    return nomination.state in (NominationState.ASKED, NominationState.ACCEPTED) and nomination.answer_by <= now


def _times(text: str | None) -> dict[str, datetime]:
    return {key: datetime.fromisoformat(at) for key, at in json.loads(text or "{}").items()}


__all__ = ["ASKED_AGAIN", "Deadlines", "Next", "after_nomination", "after_nominator"]
