"""From what a scan read to records, alerts, notices and deliveries, in the store before anything is sent."""

import asyncio
import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.contacts import Contacts
from alerts.errors import GraphError, VersionConflict
from alerts.gate import Gatekeeper
from alerts.handover import MEMORY, memory_of
from alerts.judge import ENTERPRISE_APP_DISABLED
from alerts.leavers import orphan_of
from alerts.material import Key, Material
from alerts.model import Anew, Application, CredentialRecord, Decision, Person, Policy, PreviousOwner, ScannedTenant
from alerts.ports import People, Store, Transaction
from alerts.records import mark_queued, owners_to_remember, records_of
from alerts.roles import Roles
from alerts.round import Round
from alerts.slices import let_go, slices
from alerts.stages import horizon, is_due

log = logging.getLogger(__name__)

#: Apps judged before the event loop gets a turn, and whose records make one transaction.
SLICE = 200

#: How often a decision starts afresh because somebody answered in the same moment.
CONFLICT_TRIES = 5

#: People saved in one transaction.
PEOPLE_SLICE = 500


@dataclass(frozen=True, kw_only=True)
class _Records:
    """The records of a scan, made anew each time: a large tenant's need not stand in memory."""

    scan: ScannedTenant
    policy: Policy
    fallback: tuple[Person, ...]
    #: Those for which the run queued a notice.
    queued: Collection[Key]

    def __iter__(self) -> Iterator[CredentialRecord]:
        for application in self.scan.applications:
            records, _ = records_of(application, self.scan, self.policy, self.fallback)
            for record in sorted(records, key=lambda record: record.credential.key_id):
                yield mark_queued(record, record.key in self.queued)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Watched:
    """What the decision is about although nothing of it may be due."""

    #: Keys of the unclosed alerts.
    alerts: frozenset[Key]
    #: Object ids of their apps, and of those with a pending nomination.
    apps: frozenset[str]
    #: From when on departures of owners are news.
    since: datetime | None


@dataclass(kw_only=True)
class Engine:
    """Decides, once per scan, who must be told what.

    1. one record per credential, with its route;
    2. the snapshot: last record of every credential, who owned what;
    3. in one transaction: alerts opened, judged, closed; notices, deliveries, card updates, events.

    A second run on the same day finds every notice there already and sends nothing twice.
    """

    store: Store
    policy: Policy
    roles: Roles
    #: Whether e-mail is configured.
    mail: bool = False
    #: Reads managers' managers; None in a process without Graph rights: then as last known.
    lookup: People | None = None
    contacts: Contacts | None = None
    #: Whether messages are let go.
    gatekeeper: Gatekeeper = field(default_factory=Gatekeeper)

    async def decide_anew(self, run_id: str, now: datetime, why: Anew) -> Decision:
        """Judge what is known of every open alert with today's date, without a scan: what an admin lets go now.

        It opens and closes no alert, that is a scan's business; what was decided and never said is said by its
        newest stage, or held again.
        """
        async with self.store.reading() as tx:
            unclosed = await tx.alerts_unclosed()
        disabled = {a.application.app_id for a in unclosed if a.excluded_reason == ENTERPRISE_APP_DISABLED}
        return await self.decide(
            ScannedTenant(
                run_id=run_id,
                started_at=now,
                tenant_id=unclosed[0].tenant_id if unclosed else "",
                applications=(),
                disabled_app_ids=frozenset(disabled),
                missing=("nothing was read: decided anew",),
                anew=why,
            )
        )

    async def decide(self, scan: ScannedTenant) -> Decision:
        """Judge a scan and write everything down; returns records and counts."""
        fallback = tuple(await self.roles.fallback())
        async with self.store.reading() as tx:
            stored_people = {} if scan.complete else await self.known_people(tx, scan)
        if not scan.complete:
            # What could not be read is judged as last known: an outage makes nobody an orphan.
            scan = replace(scan, people={**stored_people, **scan.people})
        if self.contacts is not None:
            scan = replace(scan, contacts=await self.contacts.current())
        material = await self._read_through(scan, fallback, await self._watched())
        await self._look_above(material)
        material.admins = tuple(await self.roles.admins()) or fallback
        decision = await self._decide_alerts(scan, material)
        await let_go((material.records, material.siblings, material.routes), SLICE)
        return decision

    # ------------------------------------------------------------ records and snapshot

    async def known_people(self, tx: Transaction, scan: ScannedTenant) -> dict[str, Person]:
        """Everybody on the routes of what is due, and whom silence may lead to, as last read from Graph."""
        ids = {ref.id for app in scan.applications for ref in app.owners}
        due = await tx.snapshot_due(horizon(scan.started_at, self.policy))
        for record in due:
            ids.update(person.id for person in record.owners)
            for previous in record.previous_owners:
                ids.add(previous.person.id)
                if previous.manager is not None:
                    ids.add(previous.manager.id)
        known = await tx.people(sorted(ids))
        for _ in range(2):
            # Their managers, and the managers' managers: silence may lead there.
            known.update(await tx.people(sorted({p.manager_id for p in known.values() if p.manager_id} - known.keys())))
        return known

    async def _read_through(self, scan: ScannedTenant, fallback: tuple[Person, ...], watched: _Watched) -> Material:
        """Judge the routes of all apps, save their records as the snapshot, and keep what the decision is about.

        In slices: the writer is free for the bot in between, and a large tenant takes no more memory.
        """
        material = Material(fallback=fallback, people=scan.people, watched_since=watched.since)
        for people in slices(scan.people.values(), PEOPLE_SLICE):
            async with self.store.transaction() as tx:
                await tx.save_people(people)
        for applications in slices(scan.applications, SLICE):
            records: list[CredentialRecord] = []
            seen: dict[str, tuple[PreviousOwner, ...]] = {}
            for application in applications:
                own = self._look_at(application, scan, material, watched)
                seen.update(owners_to_remember(own, scan, self.policy))
                records += own
            await asyncio.sleep(0)
            async with self.store.transaction() as tx:
                await tx.save_snapshot(records)
                await tx.save_owners_seen(seen)
        return material

    def _look_at(
        self, application: Application, scan: ScannedTenant, material: Material, watched: _Watched
    ) -> list[CredentialRecord]:
        """The app's records; counted, and kept in the material if the decision is about this app."""
        object_id = application.object_id
        records, route = records_of(application, scan, self.policy, material.fallback)
        material.credentials += len(records)
        if records and records[0].ownerless:
            material.ownerless += 1
            material.ownerless_without_any += not records[0].owners
            orphan = orphan_of(records, scan.started_at)
            material.orphaned(orphan)
        elif records:
            material.owners.update(person.id for person in records[0].owners if person.counts)
        due = [r for r in records if r.key in watched.alerts or is_due(r.credential, scan.started_at, self.policy)]
        if due or object_id in watched.apps:
            material.siblings[object_id] = [record.credential for record in records]
            material.routes[object_id] = route
            # One of them speaks for the app where the decision is about none of its credentials.
            material.records.update((record.key, record) for record in due or records[:1])
        return records

    async def _watched(self) -> _Watched:
        """What has an unclosed alert or a pending nomination."""
        async with self.store.reading() as tx:
            alerts = frozenset((await tx.unclosed_keys()).values())
            nominated = {nomination.application.object_id for nomination in await tx.nominations_pending()}
            since = memory_of(await tx.value(MEMORY)).since
        apps = frozenset(nominated.union(object_id for object_id, _ in alerts))
        return _Watched(alerts=alerts, apps=apps, since=since)

    async def _look_above(self, material: Material) -> None:
        """Add the managers' managers of everybody on a route: silence may lead to them."""
        people = material.people
        told = {step.person.id: step.person for route in material.routes.values() for step in route.steps}
        chiefs = {people.get(i, person).manager_id for i, person in told.items()} - {""}
        wanted = chiefs - people.keys()
        wanted |= {people[i].manager_id for i in chiefs if i in people and people[i].manager_id} - people.keys()
        if not wanted:
            return
        async with self.store.reading() as tx:
            known = await tx.people(sorted(wanted))
        if self.lookup is not None:
            try:
                known |= await self.lookup.people(wanted, managers=True)
            except GraphError as error:
                log.warning("managers' managers are taken as last known: %s", error)
        material.people = {**known, **people}

    # ------------------------------------------------------------ the decision

    async def _decide_alerts(self, scan: ScannedTenant, material: Material) -> Decision:
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                return await self._one_round(scan, material)
            except VersionConflict as conflict:
                # Somebody answered in the same moment: their answer counts, so read again and decide again.
                log.info("the decision met an answer (try %s): %s", attempt, conflict)
        raise VersionConflict("the decision met an answer each time it was tried")

    async def _one_round(self, scan: ScannedTenant, material: Material) -> Decision:
        round_ = Round(self.policy, scan, material, self.gatekeeper, mail=self.mail)
        async with self.store.transaction() as tx:
            await round_.run(tx)
        due = round_.due_records()
        decision = Decision(
            records=_Records(scan=scan, policy=self.policy, fallback=material.fallback, queued=round_.queued_keys),
            credentials=material.credentials,
            due=len(due),
            expired=sum(1 for r in due if r.credential.end is not None and r.credential.end <= scan.started_at),
            ownerless=material.ownerless,
            ownerless_without_any=material.ownerless_without_any,
            notices_queued=round_.notices_queued,
            people_told=round_.people_told,
        )
        del due
        await round_.let_go()
        return decision
