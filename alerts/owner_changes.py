"""Approved owners are written, or watched for until Graph shows them; what can lead to no owner any more is ended.

A crash between two steps costs nothing: each round begins with what is stored.
"""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.errors import OutsideError, OwnerChangeError
from alerts.model import Application, EventType, Nomination, NominationKind, NominationState, Person
from alerts.nominations import assigned, change, hopeless, record, refresh_cards, told
from alerts.ports import AppLookup, Clock, OwnerWriter, People, Store, Transaction
from alerts.roles import Roles

log = logging.getLogger(__name__)

#: How often Graph is asked about an owner whom an admin adds by hand, and about nominations that people think over.
WATCH_APPROVED = timedelta(minutes=5)
WATCH_OTHERS = timedelta(hours=1)
#: Seconds that one change may take; then Graph is asked again in the next round.
PATIENCE = 8.0
#: Why a nomination is ended: the person is disabled, deleted or a guest by now; the app is gone.
NOMINEE_GONE, APP_GONE = "nomineeGone", "gone"


def may_own(person: Person | None) -> bool:
    """Whether somebody can be asked to own an app: an enabled member of this tenant."""
    return person is not None and person.counts and person.user_type != "Guest"


@dataclass(kw_only=True)
class OwnerChanges:
    """One round after another, by the worker and right after an approval."""

    store: Store
    clock: Clock
    #: None: no owner-write identity; an admin changes owners by hand and Graph is watched.
    writer: OwnerWriter | None
    #: Reads the app back after writing: only what Graph shows counts.
    registry: AppLookup | None
    #: Reads nominees once more before they are written; None in a process without Graph rights.
    people: People | None = None
    #: Whom to tell when Graph refuses what no admin had to approve.
    roles: Roles | None = None
    #: Nomination id -> when Graph was asked about it last; a restart may ask once more.
    _looked: dict[str, datetime] = field(default_factory=dict)

    async def run_pending(self) -> int:
        """Write every approved owner and look after the others; returns how many were settled, whichever way."""
        async with self.store.reading() as tx:
            waiting = [n for n in await tx.nominations_pending() if n.kind is NominationKind.OWNER]
        settled = 0
        rest = []
        for nomination in waiting:
            if nomination.state is NominationState.APPROVED and self.writer is not None:
                settled += await self._write(nomination)
            else:
                rest.append(nomination)
        return settled + await self._watch(rest)

    # ------------------------------------------------------------ watching

    async def _watch(self, nominations: Sequence[Nomination]) -> int:
        now = self.clock()
        self._looked = {n.id: self._looked[n.id] for n in nominations if n.id in self._looked}
        due = [n for n in nominations if self._is_due(n, now)]
        if self.registry is None or self.people is None or not due:
            return 0
        try:
            async with asyncio.timeout(PATIENCE * 4):
                people = await self.people.people(sorted({n.nominee.id for n in due}))
                apps = await self._apps(n.application for n in due)
        except (OutsideError, TimeoutError) as error:
            log.warning("nominations could not be looked after: %s", error)
            return 0
        settled = 0
        for nomination in due:
            self._looked[nomination.id] = now
            app = apps[nomination.application.object_id]
            if app is None:
                settled += await self._end(nomination, APP_GONE)
            elif any(owner.id == nomination.nominee.id for owner in app.owners):
                settled += await self._seen(nomination)
            elif not may_own(people.get(nomination.nominee.id)):
                settled += await self._end(nomination, NOMINEE_GONE)
        return settled

    def _is_due(self, nomination: Nomination, now: datetime) -> bool:
        # A nomination that has just been made was looked at when it was made.
        last = self._looked.get(nomination.id, nomination.changed_at)
        by_hand = nomination.state is NominationState.APPROVED
        return now - last >= (WATCH_APPROVED if by_hand else WATCH_OTHERS)

    async def _apps(self, applications: Iterable[Application]) -> dict[str, Application | None]:
        """Object id -> the app as Graph shows it now. Raises GraphError."""
        found: dict[str, Application | None] = {}
        for app in applications:
            if app.object_id not in found and self.registry is not None:
                found[app.object_id] = await self.registry.application(app.object_id, app.type)
        return found

    async def _seen(self, nomination: Nomination) -> bool:
        async with self.store.transaction() as tx:
            fresh = await tx.nomination(nomination.id, lock=True)
            if fresh is None or not fresh.pending:
                return False
            await assigned(tx, fresh, self.clock())
        return True

    async def _end(self, nomination: Nomination, reason: str) -> bool:
        async with self.store.transaction() as tx:
            fresh = await tx.nomination(nomination.id, lock=True)
            if fresh is None or not fresh.pending:
                return False
            await hopeless(tx, fresh, reason, self.clock())
        return True

    # ------------------------------------------------------------ writing

    async def _still_possible(self, nomination: Nomination) -> bool:
        """Whether the nominee may still own it; read anew, for days may lie between. Raises GraphError."""
        if self.people is None:
            return True
        return may_own((await self.people.people([nomination.nominee.id])).get(nomination.nominee.id))

    async def _write(self, nomination: Nomination) -> bool:
        if self.writer is None:
            return False
        failure = ""
        try:
            async with asyncio.timeout(PATIENCE):
                possible = await self._still_possible(nomination)
                if possible:
                    await self.writer.add_owner(nomination.application, nomination.nominee.id)
                shown = possible and await self._graph_shows(nomination)
            if not possible:
                return await self._end(nomination, NOMINEE_GONE)
        except OwnerChangeError as error:
            failure, shown = error.reason, False
        except (OutsideError, TimeoutError) as error:
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
        people = {p.id: p for p in (refused.nominator, refused.nominee)}
        if refused.approver is not None:
            people[refused.approver.id] = refused.approver
        elif self.roles is not None:
            people |= {admin.id: admin for admin in await self.roles.admins()}
        await tx.add_deliveries([told(p, "owner_change_refused", refused, now, reason=reason) for p in people.values()])
        await refresh_cards(tx, refused, now)
