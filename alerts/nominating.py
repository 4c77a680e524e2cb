"""The verbs of a nomination: naming somebody, saying yes or no, approving; who may is decided here too."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from alerts.answering import Answering
from alerts.authority import Authority, Case, RefusedError, text_of
from alerts.errors import OutsideError
from alerts.model import Action, Alert, Application, Nomination, NominationKind, NominationState, Person, Role, Verb
from alerts.nominations import Nominations, hopeless, refresh_cards
from alerts.once import remember
from alerts.owner_changes import NOMINEE_GONE, OwnerChanges, may_own
from alerts.ports import Clock, People, Privileges, Store, Transaction
from alerts.records import owners_of
from alerts.retiring import grant_retirement
from alerts.roles import Roles
from alerts.viewing import Viewer, stranger
from alerts.views import NominationRole, Sentence, View

log = logging.getLogger(__name__)

#: How long an answer may wait for Graph; Teams gives up after about five seconds.
GRAPH_PATIENCE = 1.5
#: Most owners of an app (Entra service limits).
MOST_OWNERS = 100
#: People that one answer may name.
MOST_NOMINEES = 5


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
    #: None in a process without Graph rights: then every owner change counts as privileged.
    privileges: Privileges | None
    owner_changes: OwnerChanges | None
    #: Called when there may be something to send.
    wake: Callable[[], None]
    _background: set[asyncio.Task[None]] = field(default_factory=set)

    # ------------------------------------------------------------ naming somebody

    async def assign_owner(self, action: Action, ids: Sequence[str], role: Role) -> Sentence | None:
        """Ask the named people whether they take the app over; the sentence says why nobody was asked."""
        async with self.store.reading() as tx:
            cases = await self.authority.cases(tx, action, ids, role, lock=False)
        case = next((each for each in cases if not each.closed), cases[0])
        if case.closed:
            return None
        wanted = [part.strip() for part in text_of(action.inputs.get("nominees")).split(",") if part.strip()]
        (nominees, problem), privileges = await asyncio.gather(
            self._check_nominees(case, list(dict.fromkeys(wanted))[:MOST_NOMINEES]),
            self._privileges(case.alert.application),
        )
        if problem is not None:
            return problem
        async with self.store.transaction() as tx:
            # The app's alerts are locked: of two people who name somebody at once one goes first.
            unclosed = [a.id for a in await tx.alerts_of_app(case.alert.application.object_id) if a.closed_at is None]
            await tx.alerts(unclosed, lock=True)
            case = (await self.authority.cases(tx, action, [case.alert.id], role))[0]
            await self.answering.saw(tx, case)
            note = text_of(action.inputs.get("note"))
            made = await self.nominations.nominate(
                tx, case.alert, case.actor, nominees, note, case.now, privileges=privileges
            )
            for nomination in made:
                if nomination.nominee.id == case.actor.id and nomination.state is NominationState.ASKED:
                    admins = await self.roles.admins()
                    await self.nominations.accept(
                        tx, nomination, case.alert, admins, "", case.now, privileges=privileges
                    )
            await self.answering.audit(tx, case, "", ",".join(person.id for person in nominees))
            await refresh_cards(tx, made[0], case.now)
            await remember(tx, action, None, case.now)
        return None

    async def _check_nominees(self, case: Case, wanted: list[str]) -> tuple[list[Person], Sentence | None]:
        """The nominees as enabled members of this tenant; the picker's value is only a string.

        If one of them cannot be asked nobody is: the answer names that person.
        """
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
            if not all(person_id in known for person_id in wanted):
                return [], Sentence(key="graph_unreachable")
            # As last read; they are read again before anything is written.
        owners = owners_of(records)
        if len(owners) >= MOST_OWNERS:
            return [], Sentence(key="owners_full", params={"app": case.alert.application.display_name})
        for person_id in wanted:
            person = known.get(person_id)
            if person is None or not may_own(person):
                return [], Sentence(key="nominee_not_possible", params={"name": person.name if person else person_id})
            if any(owner.id == person_id and owner.counts for owner in owners):
                return [], Sentence(key="nominee_is_owner", params={"name": person.name})
        async with self.store.transaction() as tx:
            await tx.save_people([known[person_id] for person_id in wanted])
        return [known[person_id] for person_id in wanted], None

    async def _privileges(self, application: Application) -> tuple[str, ...] | None:
        """What the app may do; None, which counts as privileged, where that cannot be told in time."""
        if self.privileges is None:
            return None
        try:
            async with asyncio.timeout(GRAPH_PATIENCE):
                return await self.privileges.privileges(application)
        except (OutsideError, TimeoutError) as error:
            log.warning("the rights of %s could not be read: %s", application.object_id, error)
            return None

    # ------------------------------------------------------------ answering a nomination

    async def on_nomination(self, action: Action) -> View:
        """What was pressed on a nominee's or an approver's card."""
        nomination_id = str(action.data.get("nomination", ""))
        role = await self.roles.role_of(action.actor_id)
        async with self.store.reading() as tx:
            seen = await tx.nomination(nomination_id)
            if seen is None:
                raise RefusedError
            self._side(action, seen, role)
            if await self._is_disabled(tx, action.actor_id):
                raise RefusedError
        privileges = await self._privileges(seen.application) if action.verb == Verb.ACCEPT else None
        possible = await self._still_possible(seen) if action.verb == Verb.APPROVE else True
        async with self.store.transaction() as tx:
            nomination = await tx.nomination(nomination_id, lock=True)
            if nomination is None:
                raise RefusedError
            side = self._side(action, nomination, role)
            if not possible and nomination.state is NominationState.ACCEPTED:
                nomination = await hopeless(tx, nomination, NOMINEE_GONE, self.clock())
            else:
                nomination = await self._step(tx, action, nomination, side, privileges)
            await remember(tx, action, None, self.clock())
        if nomination.state is NominationState.APPROVED and action.verb in (Verb.APPROVE, Verb.ACCEPT):
            await self._write_owner_soon()
        async with self.store.reading() as tx:
            fresh = await tx.nomination(nomination_id)
            return await self.viewer.nomination(tx, fresh or nomination, action.actor_id, side)

    @staticmethod
    async def _is_disabled(tx: Transaction, person_id: str) -> bool:
        """Whether the last look at the account found it disabled, deleted or no account at all."""
        person = (await tx.people([person_id])).get(person_id)
        return person is not None and not person.counts

    async def _still_possible(self, nomination: Nomination) -> bool:
        """Whether the nominee may own it yet; yes where nobody can tell now: it is read again before writing."""
        if self.people is None or nomination.kind is not NominationKind.OWNER:
            return True
        try:
            async with asyncio.timeout(GRAPH_PATIENCE):
                found = await self.people.people([nomination.nominee.id])
        except (OutsideError, TimeoutError) as error:
            log.warning("the nominee of %s could not be checked: %s", nomination.id, error)
            return True
        return may_own(found.get(nomination.nominee.id))

    @staticmethod
    def _side(action: Action, nomination: Nomination, role: Role) -> NominationRole:
        """Which card the actor holds; refuses everybody else, and a second pair of eyes that is the first."""
        involved = (nomination.nominator.id, nomination.nominee.id)
        asked = nomination.kind is NominationKind.OWNER and action.actor_id == nomination.nominee.id
        if action.verb in (Verb.ACCEPT, Verb.DECLINE):
            if not asked:
                raise RefusedError
            return NominationRole.NOMINEE
        if action.verb in (Verb.APPROVE, Verb.REJECT):
            if role is not Role.ADMIN or action.actor_id in involved:
                raise RefusedError
            return NominationRole.APPROVER
        if action.verb == Verb.REFRESH and asked:
            return NominationRole.NOMINEE
        if action.verb == Verb.REFRESH and role is Role.ADMIN:
            return NominationRole.APPROVER
        raise RefusedError

    async def _step(
        self,
        tx: Transaction,
        action: Action,
        nomination: Nomination,
        side: NominationRole,
        privileges: tuple[str, ...] | None,
    ) -> Nomination:
        """Take the step if the nomination is still waiting for it; a repeated click changes nothing."""
        now = self.clock()
        awaited = NominationState.ASKED if side is NominationRole.NOMINEE else NominationState.ACCEPTED
        if action.verb == Verb.REFRESH or nomination.state is not awaited:
            return nomination
        note = text_of(action.inputs.get("note"))
        actor = (await tx.people([action.actor_id])).get(action.actor_id, stranger(action.actor_id))
        alert: Alert = (await tx.alerts([nomination.alert_id]))[nomination.alert_id]
        before = nomination.state
        if action.verb == Verb.ACCEPT:
            admins = await self.roles.admins()
            nomination = await self.nominations.accept(tx, nomination, alert, admins, note, now, privileges=privileges)
        elif action.verb == Verb.DECLINE:
            nomination = await self.nominations.decline(tx, nomination, note, now)
        elif action.verb == Verb.REJECT:
            nomination = await self.nominations.reject(tx, nomination, actor, note, now)
        elif nomination.kind is NominationKind.RETIRE:
            nomination = await grant_retirement(tx, nomination, actor, now)
        else:
            nomination = await self.nominations.approve(tx, nomination, actor, now)
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
