"""What each answer to an alert does; each runs in the caller's transaction, after `Authority` has let it through."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from alerts.authority import Case, RefusedError, text_of
from alerts.events import alert_event, snooze_ended
from alerts.model import Answer, AnswerKind, Event, EventType, Policy, Recipient, Role, Verb
from alerts.ports import Transaction
from alerts.reroute import Rerouter
from alerts.stages import DAY, snooze_latest
from alerts.views import Sentence

#: More days than any snooze may last.
MOST_DAYS = 366

Handler = Callable[[Transaction, Sequence[Case]], Awaitable[Sentence | None]]


@dataclass(frozen=True, kw_only=True)
class Answering:
    """The verbs of one alert's card that need nothing but the store."""

    policy: Policy
    rerouter: Rerouter

    def handlers(self) -> Mapping[str, Handler]:
        """verb -> what it does to the cases of one card."""
        return {
            Verb.ACKNOWLEDGE: _for_each(self._acknowledge),
            Verb.SNOOZE: _for_each(self._snooze),
            Verb.RELEASE: _for_each(self._release),
            Verb.NOT_MINE: self._not_mine,
            Verb.REFRESH: _for_each(self.saw),
            Verb.OPEN: _for_each(self.saw),
        }

    async def saw(self, tx: Transaction, case: Case) -> None:
        """The first press on a card proves that it was seen."""
        if case.place is None or case.place.seen_at is not None or case.action.automatic:
            return
        case.place = replace(case.place, seen_at=case.now)
        await tx.save_recipients([case.place])
        await tx.add_events(
            [alert_event(EventType.SEEN, case.alert, case.now, case.actor.id, recipient=case.actor, actor=case.actor)]
        )

    async def audit(self, tx: Transaction, case: Case, before: object, after: object) -> None:
        await tx.add_audit(case.now, case.actor.id, case.action.verb, case.alert.id, str(before), str(after))

    async def change(self, tx: Transaction, case: Case, event: Event, **fields: object) -> None:
        changed = replace(case.alert, version=case.alert.version + 1, changed_at=case.now, **fields)  # type: ignore[arg-type]
        await tx.save_alerts([changed])
        await tx.add_events([event])
        case.alert = changed

    async def _acknowledge(self, tx: Transaction, case: Case) -> None:
        """The presser has it: the others go quiet until the last stage; another owner may take over by pressing."""
        await self.saw(tx, case)
        before = case.alert.answer
        mine = before is not None and before.by.id == case.actor.id
        if case.closed or (mine and before is not None and before.kind is AnswerKind.ACKNOWLEDGED):
            return
        answer = Answer(kind=AnswerKind.ACKNOWLEDGED, by=case.actor, at=case.now)
        event = alert_event(
            EventType.ACKNOWLEDGED, case.alert, case.now, case.actor.id, case.now.isoformat(), actor=case.actor
        )
        await self.change(tx, case, event, answer=answer)
        if case.place is not None and case.place.snoozed_until is not None:
            await self._end_snooze(tx, case, case.place, "acknowledged")
        await self.audit(tx, case, before.by.id if before else "", case.actor.id)

    async def _release(self, tx: Transaction, case: Case) -> None:
        """Takes back one's own answer or snooze; an admin may take back anybody's."""
        answer = case.alert.answer
        admin = case.role is Role.ADMIN
        if not admin and answer is not None and answer.by.id != case.actor.id:
            raise RefusedError
        await self.saw(tx, case)
        snoozes = case.places if admin else [case.place] if case.place is not None else []
        for place in snoozes:
            if place.snoozed_until is not None:
                await self._end_snooze(tx, case, place, "takenBack")
        if answer is None:
            return
        event = alert_event(
            EventType.ANSWER_TAKEN_BACK,
            case.alert,
            case.now,
            answer.at.isoformat(),
            actor=case.actor,
            reason=answer.kind,
        )
        await self.change(tx, case, event, answer=None)
        await self.audit(tx, case, answer.by.id, "")

    async def _end_snooze(self, tx: Transaction, case: Case, place: Recipient, reason: str) -> None:
        awake = replace(place, snoozed_until=None, snoozed_at=None)
        await tx.save_recipients([awake])
        await tx.add_events([snooze_ended(case.alert, place, case.now, actor=case.actor, reason=reason)])
        await self.audit(tx, case, place.snoozed_until, "")
        if case.place is not None and case.place.person.id == place.person.id:
            case.place = awake

    async def _snooze(self, tx: Transaction, case: Case) -> Sentence | None:
        """Quiets only the one who pressed it, and never past the day that the rules allow."""
        await self.saw(tx, case)
        days = _whole_days(case.action.inputs.get("days", case.action.data.get("days")))
        latest = snooze_latest(case.alert.credential, case.now, self.policy)
        if case.closed or case.place is None or not case.place.on_route:
            return None
        if days is None or latest is None:
            return Sentence(key="snooze_not_possible", params={"why": "tooLate" if latest is None else "noDays"})
        until = min(case.now + days * DAY, latest)
        if case.place.snoozed_until is not None and abs(case.place.snoozed_until - until) < timedelta(hours=1):
            # The same click again (Teams repeats an invoke with a new id): the first answer stands.
            return None
        event = alert_event(
            EventType.SNOOZED,
            case.alert,
            case.now,
            case.actor.id,
            until.isoformat(),
            actor=case.actor,
            recipient=case.actor,
            details={"until": until.isoformat(), "days": days, "capped": until == latest},
        )
        before = case.place.snoozed_until
        await tx.save_recipients([replace(case.place, snoozed_until=until, snoozed_at=case.now)])
        await tx.add_events([event])
        answer = case.alert.answer
        if answer is not None and answer.kind is AnswerKind.ACKNOWLEDGED and answer.by.id == case.actor.id:
            # "Remind me" after "I'll do it" takes the promise back: a snooze is no answer.
            back = alert_event(
                EventType.ANSWER_TAKEN_BACK,
                case.alert,
                case.now,
                answer.at.isoformat(),
                actor=case.actor,
                reason="snoozed",
            )
            await self.change(tx, case, back, answer=None)
        await self.audit(tx, case, before, until)
        return None

    async def _not_mine(self, tx: Transaction, cases: Sequence[Case]) -> None:
        """Takes the actor off these alerts until the owners change; the route moves on, once for all of them."""
        mine = [case for case in cases if case.place is not None and not case.place.stays]
        if not mine:
            raise RefusedError
        for case in mine:
            await self.saw(tx, case)
        ids = [case.alert.id for case in mine if not case.closed]
        first = mine[0]
        moved = await self.rerouter.mark_off(tx, ids, first.actor.id, "notMine", first.now)
        note = text_of(first.action.inputs.get("note"))
        for case in mine:
            if case.alert.id in moved:
                event = alert_event(
                    EventType.NOT_MINE, case.alert, case.now, case.actor.id, actor=case.actor, reason=note
                )
                await tx.add_events([event])
                await self.audit(tx, case, "onRoute", "notMine")


def _for_each(handler: Callable[[Transaction, Case], Awaitable[Sentence | None]]) -> Handler:
    """Does one case after another; what is said is the first thing that any of them says."""

    async def handle(tx: Transaction, cases: Sequence[Case]) -> Sentence | None:
        said = [await handler(tx, case) for case in cases]
        return next((sentence for sentence in said if sentence is not None), None)

    return handle


def _whole_days(value: object) -> int | None:
    """Days from an input: a positive whole number, else None."""
    try:
        days = float(str(value))
    except ValueError:
        return None
    # However long was asked for, the rules cap it.
    return int(min(days, MOST_DAYS)) if days >= 1 and days == days // 1 else None
