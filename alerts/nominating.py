"""The verbs of a nomination: naming somebody, saying yes or no, approving; who may is decided here too."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from alerts.answering import Answering
from alerts.authority import Authority, Case, RefusedError, text_of
from alerts.errors import OutsideError
from alerts.model import Action, Nomination, NominationState, Person, Role, Verb
from alerts.nominations import Nominations, OwnerChanges, refresh_cards
from alerts.ports import Clock, People, Store, Transaction
from alerts.records import owners_of
from alerts.roles import Roles
from alerts.viewing import Viewer, stranger
from alerts.views import NominationRole, Sentence, View

log = logging.getLogger(__name__)

#: How long an answer may wait for Graph; Teams gives up after about five seconds.
GRAPH_PATIENCE = 2.0


@dataclass(kw_only=True)
class Nominating:
    """From a pressed button to the steps of `Nominations`, and to the owner's being written."""

    store: Store
    clock: Clock
    roles: Roles
    viewer: Viewer
    authority: Authority
    answering: Answering
    nominations: Nominations
    #: Checks nominees; None in a process without Graph rights: then only known people can be named.
    people: People | None
    owner_changes: OwnerChanges | None
    #: Called when there may be something to send.
    wake: Callable[[], None]
    _background: set[asyncio.Task[None]] = field(default_factory=set)

    async def assign_owner(self, action: Action, ids: Sequence[str], role: Role) -> Sentence | None:
        """Ask the named people whether they take the app over; the sentence says why not."""
        async with self.store.reading() as tx:
            cases = await self.authority.cases(tx, action, ids, role, lock=False)
        case = next((each for each in cases if not each.closed), cases[0])
        if case.closed:
            return None
        wanted = [part.strip() for part in text_of(action.inputs.get("nominees")).split(",") if part.strip()]
        nominees, problem = await self._check_nominees(case, list(dict.fromkeys(wanted))[:5])
        if problem is not None:
            return problem
        async with self.store.transaction() as tx:
            case = (await self.authority.cases(tx, action, [case.alert.id], role))[0]
            await self.answering.saw(tx, case)
            note = text_of(action.inputs.get("note"))
            made = await self.nominations.nominate(tx, case.alert, case.actor, nominees, note, case.now)
            for nomination in made:
                if nomination.nominee.id == case.actor.id and nomination.state is NominationState.ASKED:
                    admins = await self.roles.admins()
                    await self.nominations.accept(tx, nomination, case.alert, admins, "", case.now)
            await self.answering.audit(tx, case, "", ",".join(person.id for person in nominees))
            await refresh_cards(tx, made[0], case.now)
        return None

    async def _check_nominees(self, case: Case, wanted: list[str]) -> tuple[list[Person], Sentence | None]:
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

    async def on_nomination(self, action: Action) -> View:
        nomination_id = str(action.data.get("nomination", ""))
        role = await self.roles.role_of(action.actor_id)
        async with self.store.transaction() as tx:
            nomination = await tx.nomination(nomination_id, lock=True)
            if nomination is None:
                raise RefusedError
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
                raise RefusedError
            return NominationRole.NOMINEE
        if action.verb in (Verb.APPROVE, Verb.REJECT):
            if role is not Role.ADMIN or action.actor_id in involved:
                raise RefusedError
            return NominationRole.APPROVER
        if action.verb == Verb.REFRESH and action.actor_id == nomination.nominee.id:
            return NominationRole.NOMINEE
        if action.verb == Verb.REFRESH and role is Role.ADMIN:
            return NominationRole.APPROVER
        raise RefusedError

    async def _step(self, tx: Transaction, action: Action, nomination: Nomination, side: NominationRole) -> Nomination:
        """Take the step if the nomination is still waiting for it; a repeated click changes nothing."""
        now = self.clock()
        awaited = NominationState.ASKED if side is NominationRole.NOMINEE else NominationState.ACCEPTED
        if action.verb == Verb.REFRESH or nomination.state is not awaited:
            return nomination
        note = text_of(action.inputs.get("note"))
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
