"""What an answer does, and who may give it; judged against today's state, never against the card's."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.errors import OutsideError, VersionConflict
from alerts.events import alert_event, snooze_ended
from alerts.messages import card_updates
from alerts.model import (
    Action,
    Alert,
    AlertState,
    Answer,
    AnswerKind,
    Event,
    EventType,
    Nomination,
    NominationState,
    Person,
    Policy,
    PostedCard,
    Recipient,
    Role,
    RouteReason,
    Verb,
)
from alerts.nominations import Nominations, OwnerChanges, refresh_cards
from alerts.ports import AppLookup, Clock, People, Store, Transaction
from alerts.records import owners_of
from alerts.renewal import RenewalCheck
from alerts.reroute import Rerouter
from alerts.roles import Roles
from alerts.stages import DAY, snooze_latest
from alerts.viewing import Viewer, by_urgency, stranger
from alerts.views import DigestMode, NominationRole, RenewalFinding, Sentence, View

log = logging.getLogger(__name__)

#: One fixed sentence for a refused action and for an unknown id: a stranger learns nothing from it.
REFUSED = Sentence(key="refused")

#: How long an answer may wait for Graph; Teams gives up after about five seconds.
GRAPH_PATIENCE = 2.0

#: More days than any snooze may last.
MOST_DAYS = 366

#: Two people may press at the same moment: read again and decide again, so many times.
CONFLICT_TRIES = 5


class _RefusedError(Exception):
    """The actor may not do this, or the id names nothing."""


@dataclass(kw_only=True)
class _Case:
    """One action on one alert, with everything that was read for it."""

    action: Action
    alert: Alert
    actor: Person
    role: Role
    #: The actor's place on this alert's route, None for an admin from outside.
    place: Recipient | None
    places: list[Recipient]
    now: datetime


_Handler = Callable[[Transaction, Sequence[_Case]], Awaitable[Sentence | None]]


@dataclass(kw_only=True)
class Actions:
    """Every verb of design 1.5 that this version knows; a verb it does not know is refused."""

    store: Store
    policy: Policy
    clock: Clock
    roles: Roles
    viewer: Viewer
    nominations: Nominations
    rerouter: Rerouter
    #: Looks at Graph for "I renewed it"; None in a process without Graph rights.
    registry: AppLookup | None = None
    #: Checks nominees; None in a process without Graph rights: then only known people can be named.
    people: People | None = None
    owner_changes: OwnerChanges | None = None
    #: Called when there may be something to send.
    wake: Callable[[], None] = lambda: None
    _background: set[asyncio.Task[None]] = field(default_factory=set)

    async def perform(self, action: Action) -> View:
        """Do what was pressed and return what the presser sees; refused actions change nothing."""
        for attempt in range(CONFLICT_TRIES):
            try:
                view = await self._perform(action)
            except _RefusedError:
                return REFUSED
            except VersionConflict:
                if attempt == CONFLICT_TRIES - 1:
                    raise
                continue
            self.wake()
            return view
        return REFUSED

    async def _perform(self, action: Action) -> View:
        if action.data.get("nomination"):
            return await self._on_nomination(action)
        if action.data.get("digest"):
            return await self._on_digest(action)
        ids = [str(action.data.get("alert", ""))]
        return await self._on_alerts(action, await self._alerts_of_card(action, ids))

    async def _alerts_of_card(self, action: Action, ids: list[str]) -> list[str]:
        """All alerts of the card that was pressed: a card about one app is answered as a whole."""
        if not action.card_activity_id:
            return ids
        async with self.store.reading() as tx:
            card = await tx.card_by_activity(action.card_activity_id, action.actor_id)
        if card is None or ids[0] not in card.alert_ids or card.purpose != "alert":
            return ids
        return ids + [other for other in card.alert_ids if other != ids[0]]

    # ------------------------------------------------------------ alerts

    async def _on_alerts(self, action: Action, ids: Sequence[str]) -> View:
        handlers: dict[str, _Handler] = {
            Verb.ACKNOWLEDGE: _for_each(self._acknowledge),
            Verb.SNOOZE: _for_each(self._snooze),
            Verb.RELEASE: _for_each(self._release),
            Verb.NOT_MINE: self._not_mine,
            Verb.REFRESH: _for_each(self._look),
            Verb.OPEN: _for_each(self._look),
        }
        role = await self.roles.role_of(action.actor_id)
        if action.verb == Verb.ASSIGN_OWNER:
            return await self._assign_owner(action, ids, role)
        if action.verb == Verb.RENEWED:
            return await self._renewed(action, ids, role)
        handler = handlers.get(action.verb)
        if handler is None:
            raise _RefusedError
        async with self.store.transaction() as tx:
            cases = await self._authorise(tx, action, ids, role)
            said = await handler(tx, cases)
            if action.verb not in (Verb.REFRESH, Verb.OPEN):
                await self._update_others(tx, cases)
        if said is not None:
            return said
        return await self._card(action, [case.alert.id for case in cases], role)

    async def _authorise(
        self, tx: Transaction, action: Action, ids: Sequence[str], role: Role, *, lock: bool = True
    ) -> list[_Case]:
        """The cases this actor may act on; the first id must be among them, else refused.

        May: a recipient (also one who has left the route, for looking), a current owner, an admin.
        """
        alerts = await tx.alerts([i for i in ids if i], lock=lock)
        places = await tx.recipients(list(alerts))
        actor = (await tx.people([action.actor_id])).get(action.actor_id, stranger(action.actor_id))
        cases = []
        for alert_id in ids:
            alert = alerts.get(alert_id)
            if alert is None:
                continue
            own = [place for place in places if place.alert_id == alert_id]
            mine = next((place for place in own if place.person.id == action.actor_id), None)
            owner = (mine is None or not mine.on_route) and await self._is_owner(tx, alert, action.actor_id)
            looking = action.verb in (Verb.REFRESH, Verb.OPEN)
            by_route = mine is not None and (mine.on_route or looking or mine.off_reason == "notMine")
            if role is Role.ADMIN or owner or by_route:
                cases.append(
                    _Case(
                        action=action,
                        alert=alert,
                        actor=mine.person if mine else actor,
                        role=role,
                        place=mine,
                        places=own,
                        now=self.clock(),
                    )
                )
        if not cases or cases[0].alert.id != ids[0]:
            raise _RefusedError
        return cases

    @staticmethod
    async def _is_owner(tx: Transaction, alert: Alert, person_id: str) -> bool:
        owners = owners_of(await tx.snapshot_of_apps([alert.application.object_id]))
        return any(p.id == person_id and p.counts for p in owners)

    async def _card(
        self,
        action: Action,
        ids: Sequence[str],
        role: Role,
        findings: Mapping[str, RenewalFinding] | None = None,
    ) -> View:
        async with self.store.reading() as tx:
            card = None
            if action.card_activity_id:
                card = await tx.card_by_activity(action.card_activity_id, action.actor_id)
            view = await self.viewer.alert(
                tx,
                ids,
                action.actor_id,
                role=role,
                posted_at=card.posted_at if card else None,
                # The alert stays reachable from a shrunk card, but its line stays a line.
                shrunk=card is not None and not card.current and action.verb == Verb.REFRESH,
                digest_id=str(action.data.get("digest", "")),
                findings=findings,
            )
        return view or REFUSED

    async def _update_others(self, tx: Transaction, cases: Sequence[_Case]) -> None:
        """Bring all posted cards up to date, the pressed one too: its answer is not stored by Teams."""
        alerts = [case.alert.id for case in cases]
        cards = [card for card in await tx.cards_of_alerts(alerts) if card.current]
        await tx.add_deliveries(card_updates(cards, self.clock()))

    @staticmethod
    def _closed(alert: Alert) -> bool:
        return alert.state not in (AlertState.OPEN, AlertState.SUPERSEDED)

    async def _saw(self, tx: Transaction, case: _Case) -> None:
        """The first press on a card proves that it was seen."""
        if case.place is None or case.place.seen_at is not None or case.action.automatic:
            return
        case.place = replace(case.place, seen_at=case.now)
        await tx.save_recipients([case.place])
        await tx.add_events(
            [alert_event(EventType.SEEN, case.alert, case.now, case.actor.id, recipient=case.actor, actor=case.actor)]
        )

    async def _look(self, tx: Transaction, case: _Case) -> None:
        await self._saw(tx, case)

    async def _audit(self, tx: Transaction, case: _Case, before: object, after: object) -> None:
        await tx.add_audit(case.now, case.actor.id, case.action.verb, case.alert.id, str(before), str(after))

    async def _change(self, tx: Transaction, case: _Case, event: Event, **fields: object) -> None:
        changed = replace(case.alert, version=case.alert.version + 1, changed_at=case.now, **fields)  # type: ignore[arg-type]
        await tx.save_alerts([changed])
        await tx.add_events([event])
        case.alert = changed

    async def _acknowledge(self, tx: Transaction, case: _Case) -> None:
        """The presser has it: the others go quiet until the last stage; another owner may take over by pressing."""
        await self._saw(tx, case)
        before = case.alert.answer
        if self._closed(case.alert) or (before is not None and before.by.id == case.actor.id):
            return
        answer = Answer(kind=AnswerKind.ACKNOWLEDGED, by=case.actor, at=case.now)
        event = alert_event(
            EventType.ACKNOWLEDGED, case.alert, case.now, case.actor.id, case.now.isoformat(), actor=case.actor
        )
        await self._change(tx, case, event, answer=answer)
        if case.place is not None and case.place.snoozed_until is not None:
            await self._end_snooze(tx, case, case.place, "acknowledged")
        await self._audit(tx, case, before.by.id if before else "", case.actor.id)

    async def _release(self, tx: Transaction, case: _Case) -> None:
        """Takes back one's own answer or snooze; an admin may take back anybody's."""
        answer = case.alert.answer
        admin = case.role is Role.ADMIN
        if not admin and answer is not None and answer.by.id != case.actor.id:
            raise _RefusedError
        await self._saw(tx, case)
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
        await self._change(tx, case, event, answer=None)
        await self._audit(tx, case, answer.by.id, "")

    async def _end_snooze(self, tx: Transaction, case: _Case, place: Recipient, reason: str) -> None:
        awake = replace(place, snoozed_until=None)
        await tx.save_recipients([awake])
        await tx.add_events([snooze_ended(case.alert, place, case.now, actor=case.actor, reason=reason)])
        await self._audit(tx, case, place.snoozed_until, "")
        if case.place is not None and case.place.person.id == place.person.id:
            case.place = awake

    async def _snooze(self, tx: Transaction, case: _Case) -> Sentence | None:
        """Quiets only the one who pressed it, and never past the day that the rules allow."""
        await self._saw(tx, case)
        days = _whole_days(case.action.inputs.get("days", case.action.data.get("days")))
        latest = snooze_latest(case.alert.credential, case.now, self.policy)
        if self._closed(case.alert) or case.place is None or not case.place.on_route:
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
        await tx.save_recipients([replace(case.place, snoozed_until=until)])
        await tx.add_events([event])
        if case.alert.answer is not None and case.alert.answer.by.id == case.actor.id:
            # "Remind me" after "I'll do it" takes the promise back: a snooze is no answer.
            back = alert_event(
                EventType.ANSWER_TAKEN_BACK,
                case.alert,
                case.now,
                case.alert.answer.at.isoformat(),
                actor=case.actor,
                reason="snoozed",
            )
            await self._change(tx, case, back, answer=None)
        await self._audit(tx, case, before, until)
        return None

    async def _not_mine(self, tx: Transaction, cases: Sequence[_Case]) -> None:
        """Takes the actor off these alerts until the owners change; the route moves on, once for all of them."""
        mine = [case for case in cases if case.place is not None and case.place.reason is not RouteReason.FALLBACK]
        if not mine:
            raise _RefusedError
        for case in mine:
            await self._saw(tx, case)
        ids = [case.alert.id for case in mine if not self._closed(case.alert)]
        first = mine[0]
        moved = await self.rerouter.mark_off(tx, ids, first.actor.id, "notMine", first.now)
        note = _text(first.action.inputs.get("note"))
        for case in mine:
            if case.alert.id in moved:
                event = alert_event(
                    EventType.NOT_MINE, case.alert, case.now, case.actor.id, actor=case.actor, reason=note
                )
                await tx.add_events([event])
                await self._audit(tx, case, "onRoute", "notMine")

    # ------------------------------------------------------------ "I renewed it"

    async def _renewed(self, action: Action, ids: Sequence[str], role: Role) -> View:
        """Look at Graph at once and say what it shows; only what it shows changes anything."""
        async with self.store.transaction() as tx:
            cases = await self._authorise(tx, action, ids, role)
            for case in cases:
                await self._saw(tx, case)
        open_ids = [case.alert.id for case in cases if not self._closed(case.alert)]
        findings: dict[str, RenewalFinding] = {}
        if open_ids:
            check = RenewalCheck(
                store=self.store,
                clock=self.clock,
                policy=self.policy,
                registry=self.registry,
                patience=GRAPH_PATIENCE,
            )
            findings = await check.look(cases[0].alert, open_ids)
        return await self._card(action, [case.alert.id for case in cases], role, findings)

    # ------------------------------------------------------------ nominations

    async def _assign_owner(self, action: Action, ids: Sequence[str], role: Role) -> View:
        """Ask the named people whether they take the app over."""
        async with self.store.reading() as tx:
            cases = await self._authorise(tx, action, ids, role, lock=False)
        case = next((each for each in cases if not self._closed(each.alert)), cases[0])
        if self._closed(case.alert):
            return await self._card(action, [case.alert.id], role)
        wanted = [part.strip() for part in _text(action.inputs.get("nominees")).split(",") if part.strip()]
        nominees, problem = await self._check_nominees(case, list(dict.fromkeys(wanted))[:5])
        if problem is not None:
            return problem
        async with self.store.transaction() as tx:
            case = (await self._authorise(tx, action, [case.alert.id], role))[0]
            await self._saw(tx, case)
            note = _text(action.inputs.get("note"))
            made = await self.nominations.nominate(tx, case.alert, case.actor, nominees, note, case.now)
            for nomination in made:
                if nomination.nominee.id == case.actor.id and nomination.state is NominationState.ASKED:
                    admins = await self.roles.admins()
                    await self.nominations.accept(tx, nomination, case.alert, admins, "", case.now)
            await self._audit(tx, case, "", ",".join(person.id for person in nominees))
            await refresh_cards(tx, made[0], case.now)
        return await self._card(action, ids, role)

    async def _check_nominees(self, case: _Case, wanted: list[str]) -> tuple[list[Person], Sentence | None]:
        """The nominees as enabled members of this tenant; the picker's value is only a string."""
        if not wanted:
            return [], Sentence(key="nominee_missing")
        async with self.store.reading() as tx:
            known = await tx.people(wanted)
            records = await tx.snapshot_of_apps([case.alert.application.object_id])
        try:
            if self.people is not None:
                async with asyncio.timeout(GRAPH_PATIENCE):
                    known = await self.people.people(wanted)
        except (OutsideError, TimeoutError) as error:
            log.warning("nominees could not be checked: %s", error)
            return [], Sentence(key="graph_unreachable")
        owners = {p.id for p in owners_of(records) if p.counts}
        for person_id in wanted:
            person = known.get(person_id)
            if person is None or not person.counts or person.user_type == "Guest":
                return [], Sentence(key="nominee_not_possible", params={"name": person.name if person else person_id})
            if person_id in owners:
                return [], Sentence(key="nominee_is_owner", params={"name": person.name})
        async with self.store.transaction() as tx:
            await tx.save_people([known[person_id] for person_id in wanted])
        return [known[person_id] for person_id in wanted], None

    async def _on_nomination(self, action: Action) -> View:
        nomination_id = str(action.data.get("nomination", ""))
        role = await self.roles.role_of(action.actor_id)
        async with self.store.transaction() as tx:
            nomination = await tx.nomination(nomination_id, lock=True)
            if nomination is None:
                raise _RefusedError
            side = self._side(action, nomination, role)
            nomination = await self._step(tx, action, nomination, side)
        if nomination.state is NominationState.APPROVED and action.verb == Verb.APPROVE:
            await self._write_owner_soon()
        async with self.store.reading() as tx:
            fresh = await tx.nomination(nomination_id)
            return await self.viewer.nomination(tx, fresh or nomination, action.actor_id, side)

    @staticmethod
    def _side(action: Action, nomination: Nomination, role: Role) -> NominationRole:
        """Which card the actor holds; refuses everybody else, and a second pair of eyes that is the first."""
        involved = (nomination.nominator.id, nomination.nominee.id)
        if action.verb in (Verb.ACCEPT, Verb.DECLINE):
            if action.actor_id != nomination.nominee.id:
                raise _RefusedError
            return NominationRole.NOMINEE
        if action.verb in (Verb.APPROVE, Verb.REJECT):
            if role is not Role.ADMIN or action.actor_id in involved:
                raise _RefusedError
            return NominationRole.APPROVER
        if action.verb == Verb.REFRESH and action.actor_id == nomination.nominee.id:
            return NominationRole.NOMINEE
        if action.verb == Verb.REFRESH and role is Role.ADMIN:
            return NominationRole.APPROVER
        raise _RefusedError

    async def _step(self, tx: Transaction, action: Action, nomination: Nomination, side: NominationRole) -> Nomination:
        """Take the step if the nomination is still waiting for it; a repeated click changes nothing."""
        now = self.clock()
        awaited = NominationState.ASKED if side is NominationRole.NOMINEE else NominationState.ACCEPTED
        if action.verb == Verb.REFRESH or nomination.state is not awaited:
            return nomination
        note = _text(action.inputs.get("note"))
        actor = (await tx.people([action.actor_id])).get(action.actor_id, stranger(action.actor_id))
        alert = (await tx.alerts([nomination.alert_id]))[nomination.alert_id]
        before = nomination.state
        if action.verb == Verb.ACCEPT:
            nomination = await self.nominations.accept(tx, nomination, alert, await self.roles.admins(), note, now)
        elif action.verb == Verb.DECLINE:
            nomination = await self.nominations.decline(tx, nomination, note, now)
        elif action.verb == Verb.APPROVE:
            nomination = await self.nominations.approve(tx, nomination, actor, now)
        else:
            nomination = await self.nominations.reject(tx, nomination, actor, note, now)
        await refresh_cards(tx, nomination, now)
        await tx.add_audit(now, action.actor_id, action.verb, nomination.id, before, nomination.state)
        return nomination

    async def _write_owner_soon(self) -> None:
        """Start writing the owner; the answer waits for it as long as Teams lets it."""
        if self.owner_changes is None:
            return
        task = asyncio.create_task(self._write_owner())
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        await asyncio.wait([task], timeout=GRAPH_PATIENCE)

    async def _write_owner(self) -> None:
        if self.owner_changes is not None:
            await self.owner_changes.run_pending()
            self.wake()

    # ------------------------------------------------------------ digests

    async def _on_digest(self, action: Action) -> View:
        """A digest's own verbs: open one alert, tick several, answer the ticked ones."""
        digest_id = str(action.data.get("digest", ""))
        async with self.store.reading() as tx:
            card = await tx.card_by_delivery(digest_id)
        if card is None or card.recipient_id != action.actor_id:
            raise _RefusedError
        if action.data.get("alert"):
            alert_id = str(action.data["alert"])
            return await self._on_alerts(action, await self._app_of_digest(card, alert_id))
        given = action.inputs.get("alerts")
        ticked = [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else []
        ticked = list(dict.fromkeys(ticked))[: len(card.alert_ids) + 1]
        if action.verb in (Verb.OPEN, Verb.REFRESH) or not ticked:
            mode = DigestMode.CHOOSE if action.verb != Verb.REFRESH and not action.data.get("all") else DigestMode.LIST
            return await self._digest(action, card, mode)
        return await self._answer_ticked(action, card, ticked)

    async def _app_of_digest(self, card: PostedCard, alert_id: str) -> list[str]:
        """The opened alert and its app's other alerts on the same digest."""
        async with self.store.reading() as tx:
            alerts = await tx.alerts(card.alert_ids)
        chosen = alerts.get(alert_id)
        if chosen is None:
            raise _RefusedError
        same = [a for a in by_urgency(alerts.values()) if a.application.object_id == chosen.application.object_id]
        return [alert_id] + [a.id for a in same if a.id != alert_id]

    async def _answer_ticked(self, action: Action, card: PostedCard, ticked: list[str]) -> View:
        """The same answer to each ticked alert, each authorised by itself; refused ones are named."""
        role = await self.roles.role_of(action.actor_id)
        done, notes = 0, []
        for alert_id in ticked:
            single = replace(action, data={"alert": alert_id}, card_activity_id="")
            try:
                if alert_id not in card.alert_ids:
                    raise _RefusedError
                view = await self._on_alerts(single, [alert_id])
            except _RefusedError:
                view = REFUSED
            if isinstance(view, Sentence):
                notes.append((view.key, dict(view.params)))
            else:
                done += 1
        log.info("%s of %s answered by %s from a digest (%s)", done, len(ticked), action.actor_id, role)
        notes.insert(0, ("digest_answered", {"done": str(done), "total": str(len(ticked))}))
        return await self._digest(action, card, DigestMode.LIST, tuple(notes))

    async def _digest(
        self,
        action: Action,
        card: PostedCard,
        mode: DigestMode,
        notes: tuple[tuple[str, Mapping[str, str]], ...] = (),
    ) -> View:
        async with self.store.reading() as tx:
            return await self.viewer.digest(
                tx,
                card.delivery_id,
                card.alert_ids,
                action.actor_id,
                mode=mode,
                show_all=bool(action.data.get("all")),
                notes=notes,
            )


def _for_each(handler: Callable[[Transaction, _Case], Awaitable[Sentence | None]]) -> _Handler:
    """Does one case after another; what is said is the first thing that any of them says."""

    async def handle(tx: Transaction, cases: Sequence[_Case]) -> Sentence | None:
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


def _text(value: object) -> str:
    """An input's text, trimmed and cut; anything else is empty."""
    return value.strip()[:1000] if isinstance(value, str) else ""


__all__ = ["REFUSED", "Actions"]
