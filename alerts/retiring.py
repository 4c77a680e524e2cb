"""The answers "no longer needed" and "a pipeline renews it": what they quiet, and who may give them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.answering import Answering
from alerts.authority import Case, RefusedError, text_of
from alerts.events import alert_event
from alerts.messages import new_id
from alerts.model import (
    Alert,
    Answer,
    AnswerKind,
    DeliveryPurpose,
    EventType,
    Nomination,
    NominationKind,
    NominationState,
    Person,
    Role,
)
from alerts.nominations import answer_by, approvers_of, ask, change, told
from alerts.ports import Transaction
from alerts.roles import Roles
from alerts.views import Sentence

#: What has signed in so lately is still needed by something (design 1.5).
STILL_USED = timedelta(days=30)


def still_used(alert: Alert, now: datetime) -> datetime | None:
    """When the credential was used last, if that is too lately for "no longer needed"."""
    used = alert.credential.last_used
    return used if used is not None and now - used < STILL_USED else None


@dataclass(frozen=True, kw_only=True)
class Retiring:
    """The verbs `retire` and `automatic`; what somebody who owns nothing says is a proposal for an admin."""

    answering: Answering
    roles: Roles
    #: Whether e-mail is configured.
    mail: bool

    async def automatic(self, tx: Transaction, cases: Sequence[Case]) -> Sentence | None:
        """Only the last stage and the last call speak from now on; a current owner or an admin may say so."""
        if not all(_decides(case) for case in cases):
            raise RefusedError
        for case in cases:
            await self.answering.saw(tx, case)
            await self._answer(tx, case, AnswerKind.AUTOMATIC, EventType.MARKED_AUTOMATIC)
        return None

    async def retire(self, tx: Transaction, cases: Sequence[Case]) -> Sentence | None:
        """Quiet until expiry; refused with the date where it was used lately."""
        for case in cases:
            await self.answering.saw(tx, case)
        live = [case for case in cases if not case.closed]
        used = [at for case in live if (at := still_used(case.alert, case.now)) is not None]
        if used:
            params = {"app": cases[0].alert.application.display_name, "date": max(used).isoformat()}
            return Sentence(key="retire_in_use", params=params)
        if not live:
            return None
        if all(_decides(case) for case in live):
            for case in live:
                await self._answer(tx, case, AnswerKind.RETIRED, EventType.RETIRED)
            return None
        await self._propose(tx, live)
        return None

    async def _answer(self, tx: Transaction, case: Case, kind: AnswerKind, event: EventType) -> None:
        before = case.alert.answer
        if case.closed or (before is not None and before.kind is kind and before.by.id == case.actor.id):
            return
        note = text_of(case.action.inputs.get("note"))
        answer = Answer(kind=kind, by=case.actor, at=case.now, note=note)
        said = alert_event(event, case.alert, case.now, case.now.isoformat(), actor=case.actor, reason=note)
        await self.answering.change(tx, case, said, answer=answer)
        await self.answering.audit(tx, case, f"{before.kind} {before.by.id}" if before else "", kind)

    async def _propose(self, tx: Transaction, cases: Sequence[Case]) -> None:
        """Ask the admins, once for each app however often it is proposed."""
        first = cases[0]
        app, actor, now = first.alert.application, first.actor, first.now
        for known in await tx.nominations_of_app(app.object_id):
            if known.pending and known.kind is NominationKind.RETIRE:
                return
        proposal = Nomination(
            id=new_id(),
            kind=NominationKind.RETIRE,
            alert_id=first.alert.id,
            alert_ids=tuple(case.alert.id for case in cases),
            application=app,
            nominator=actor,
            nominee=actor,
            note=text_of(first.action.inputs.get("note")),
            state=NominationState.ACCEPTED,
            created_at=now,
            changed_at=now,
            answer_by=answer_by(first.alert, now),
        )
        await tx.save_nomination(proposal)
        for admin in approvers_of(proposal, await self.roles.admins()):
            await tx.add_deliveries(ask(DeliveryPurpose.APPROVAL, admin, proposal, now, self.mail))
        await tx.add_audit(now, actor.id, "retire", proposal.id, "", f"proposed for {app.object_id}")


def _decides(case: Case) -> bool:
    """Whether this person's word is enough: an admin, or somebody who owns the app now."""
    return case.role is Role.ADMIN or case.owns


async def grant_retirement(tx: Transaction, proposal: Nomination, admin: Person, now: datetime) -> Nomination:
    """An admin agrees: the alerts of the proposal are answered in the proposer's name."""
    alerts = await tx.alerts([i for i in (proposal.alert_ids or (proposal.alert_id,)) if i], lock=True)
    live = [alert for alert in alerts.values() if alert.closed_at is None]
    used = [at for alert in live if (at := still_used(alert, now)) is not None]
    if used:
        refused = await change(
            tx, proposal, now, state=NominationState.REFUSED, approver=admin, failure=f"inUse {max(used).isoformat()}"
        )
        key = {"app": proposal.application.display_name, "date": max(used).isoformat()}
        await tx.add_deliveries([told(proposal.nominator, "retire_in_use", refused, now, **key)])
        return refused
    answer = Answer(kind=AnswerKind.RETIRED, by=proposal.nominator, at=now, note=proposal.note)
    await tx.save_alerts([replace(a, answer=answer, version=a.version + 1, changed_at=now) for a in live])
    await tx.add_events(
        [
            alert_event(
                EventType.RETIRED,
                alert,
                now,
                now.isoformat(),
                actor=proposal.nominator,
                reason=proposal.note,
                details={"approvedBy": admin.id},
            )
            for alert in live
        ]
    )
    granted = await change(tx, proposal, now, state=NominationState.GRANTED, approver=admin)
    await tx.add_deliveries([told(proposal.nominator, "retire_granted", granted, now)])
    return granted
