"""From what a scan read to records, alerts, notices and deliveries, in the store before anything is sent."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from alerts.closing import Closing
from alerts.errors import VersionConflict
from alerts.escalation import resolve
from alerts.events import held_event
from alerts.exclusions import end_exclusions
from alerts.gate import Gatekeeper
from alerts.judge import ENTERPRISE_APP_DISABLED, Judge, Judged, Standing
from alerts.ledger import DUE
from alerts.messages import Grouping, card_updates, new_id, notice_of
from alerts.model import (
    Alert,
    AlertState,
    Anew,
    Application,
    Credential,
    CredentialRecord,
    Decision,
    Delivery,
    DeliveryState,
    Event,
    EventType,
    Nomination,
    NominationState,
    Notice,
    NoticeKind,
    Person,
    Policy,
    PreviousOwner,
    Recipient,
    Route,
    RouteReason,
    RouteStep,
    ScannedTenant,
)
from alerts.nominations import settle_nominations
from alerts.ports import Store, Transaction
from alerts.records import mark_queued, owners_of, owners_to_remember, records_of, route_input
from alerts.roles import Roles
from alerts.sending import UNSAID, Sifted, is_held, is_waiting, replace_held
from alerts.stages import is_due

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Apps judged before the event loop gets a turn, and whose records make one transaction.
SLICE = 200

#: How often a decision starts afresh because somebody answered in the same moment.
CONFLICT_TRIES = 5

#: People saved in one transaction.
PEOPLE_SLICE = 500

Key = tuple[str, str]


@dataclass(kw_only=True)
class _Material:
    """What the decision needs beside the scan itself: of a tenant's apps the few that it is about."""

    fallback: tuple[Person, ...]
    people: Mapping[str, Person]
    #: Of all apps that have something due, or an unclosed alert, or a pending nomination.
    records: dict[Key, CredentialRecord] = field(default_factory=dict)
    siblings: dict[str, list[Credential]] = field(default_factory=dict)
    routes: dict[str, Route] = field(default_factory=dict)
    #: Counted over all apps.
    credentials: int = 0
    ownerless: int = 0
    ownerless_without_any: int = 0


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
            stored_people = {} if scan.complete else await self._all_people(tx, scan)
        if not scan.complete:
            # What could not be read is judged as last known: an outage makes nobody an orphan.
            scan = replace(scan, people={**stored_people, **scan.people})
        before = await self._owners_before()
        material = await self._read_through(scan, fallback, before.keys() | await self._nominated())
        return await self._decide_alerts(scan, material, before)

    # ------------------------------------------------------------ records and snapshot

    async def _all_people(self, tx: Transaction, scan: ScannedTenant) -> dict[str, Person]:
        ids = {ref.id for app in scan.applications for ref in app.owners}
        due = await tx.snapshot_due(self.horizon(scan.started_at))
        for record in due:
            ids.update(person.id for person in record.owners)
            for previous in record.previous_owners:
                ids.add(previous.person.id)
                if previous.manager is not None:
                    ids.add(previous.manager.id)
        known = await tx.people(sorted(ids))
        known.update(await tx.people(sorted({p.manager_id for p in known.values() if p.manager_id} - known.keys())))
        return known

    def horizon(self, now: datetime) -> datetime:
        """No credential that ends later than this can be due now."""
        longest = max(self.policy.alert_days[0], self.policy.saml_alert_days[0])
        return now + timedelta(days=longest + 1)

    async def _read_through(
        self, scan: ScannedTenant, fallback: tuple[Person, ...], watched: Collection[str]
    ) -> _Material:
        """Judge the routes of all apps, save their records as the snapshot, and keep what the decision is about.

        In slices: the writer is free for the bot in between, and a large tenant takes no more memory.
        """
        material = _Material(fallback=fallback, people=scan.people)
        for people in _slices(scan.people.values(), PEOPLE_SLICE):
            async with self.store.transaction() as tx:
                await tx.save_people(people)
        for applications in _slices(scan.applications, SLICE):
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
        self, application: Application, scan: ScannedTenant, material: _Material, watched: Collection[str]
    ) -> list[CredentialRecord]:
        """The app's records; counted, and kept in the material if the decision is about this app."""
        object_id = application.object_id
        records, route = records_of(application, scan, self.policy, material.fallback)
        material.credentials += len(records)
        if records and records[0].ownerless:
            material.ownerless += 1
            material.ownerless_without_any += not records[0].owners
        if object_id in watched or any(is_due(each, scan.started_at, self.policy) for each in application.credentials):
            material.siblings[object_id] = [record.credential for record in records]
            material.routes[object_id] = route
            material.records.update((record.key, record) for record in records)
        return records

    async def _nominated(self) -> set[str]:
        async with self.store.reading() as tx:
            return {nomination.application.object_id for nomination in await tx.nominations_pending()}

    async def _owners_before(self) -> dict[str, frozenset[str]]:
        """object id -> counting owners' ids as of the last snapshot, for apps with an unclosed alert."""
        async with self.store.reading() as tx:
            apps = {alert.application.object_id for alert in await tx.alerts_unclosed()}
            records: dict[str, list[CredentialRecord]] = defaultdict(list)
            for record in await tx.snapshot_of_apps(sorted(apps)):
                records[record.application.object_id].append(record)
        return {object_id: frozenset(p.id for p in owners_of(own) if p.counts) for object_id, own in records.items()}

    # ------------------------------------------------------------ the decision

    async def _decide_alerts(
        self, scan: ScannedTenant, material: _Material, before: dict[str, frozenset[str]]
    ) -> Decision:
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                return await self._one_round(scan, material, before)
            except VersionConflict as conflict:
                # Somebody answered in the same moment: their answer counts, so read again and decide again.
                log.info("the decision met an answer (try %s): %s", attempt, conflict)
        raise VersionConflict("the decision met an answer each time it was tried")

    async def _one_round(self, scan: ScannedTenant, material: _Material, before: dict[str, frozenset[str]]) -> Decision:
        round_ = _Round(self, scan, material, before)
        async with self.store.transaction() as tx:
            await round_.run(tx)
        due = round_.due_records()
        return Decision(
            records=_Records(scan=scan, policy=self.policy, fallback=material.fallback, queued=round_.queued_keys),
            credentials=material.credentials,
            due=len(due),
            expired=sum(1 for r in due if r.credential.end is not None and r.credential.end <= scan.started_at),
            ownerless=material.ownerless,
            ownerless_without_any=material.ownerless_without_any,
            notices_queued=round_.notices_queued,
            people_told=round_.people_told,
        )


class _Round:
    """One decision inside its transaction."""

    def __init__(
        self,
        engine: Engine,
        scan: ScannedTenant,
        material: _Material,
        before: dict[str, frozenset[str]],
    ) -> None:
        self.engine, self.scan, self.material, self.before = engine, scan, material, before
        self.policy, self.now = engine.policy, scan.started_at
        self.judged: list[Judged] = []
        self.closed: list[Alert] = []
        self.events: list[Event] = []
        self.notices_queued = 0
        self.people_told = 0
        self.queued_keys: set[Key] = set()
        self._due: dict[Key, CredentialRecord] = {}

    def due_records(self) -> list[CredentialRecord]:
        """Every credential that the ledger must account for, read now or judged from its last record."""
        return list(self._due.values())

    async def run(self, tx: Transaction) -> None:
        """Load, judge, write: all of it or nothing."""
        self.tx = tx
        await self._load()
        await self._judge_all()
        await self._write()

    async def _load(self) -> None:
        tx = self.tx
        ids = [alert.id for alert in await tx.alerts_unclosed()]
        # Locked before anything that hangs on them is read: an answer waits for the decision, or goes first.
        self.unclosed = {alert.key: alert for alert in (await tx.alerts(ids, lock=True)).values()}
        self.recipients: dict[str, dict[str, Recipient]] = defaultdict(dict)
        for recipient in await tx.recipients(ids):
            self.recipients[recipient.alert_id][recipient.person.id] = recipient
        self.noticed: dict[str, set[tuple[int, str, NoticeKind]]] = defaultdict(set)
        notices = await tx.notices(ids)
        #: Messages that wait for an admin: this decision decides anew what they say.
        self.held: list[Delivery] = []
        alive = await self._told_or_waiting(ids, notices)
        #: Notices that were decided and then never said, since somebody had answered: they may be said yet.
        self.unsaid: dict[tuple[str, int, str, NoticeKind], Notice] = {}
        for notice in notices:
            if notice.id in alive:
                self.noticed[notice.alert_id].add((notice.stage, notice.recipient_id, notice.kind))
            else:
                self.unsaid[(notice.alert_id, notice.stage, notice.recipient_id, notice.kind)] = notice
        self.nominations: dict[str, list[Nomination]] = defaultdict(list)
        for nomination in await tx.nominations_pending():
            self.nominations[nomination.application.object_id].append(nomination)
        self.exclusions = await end_exclusions(tx, self.now)
        runs = await tx.runs(1)
        self.judged_before = runs[0].started_at if runs else None
        self.first_run = await tx.value("first_notices_at") is None
        await self._find_due()
        # An app's newest record speaks for all its credentials: another may be unreadable and tell of former owners.
        self.newest: dict[str, CredentialRecord] = {}
        for record in (*self.material.records.values(), *self._due.values()):
            object_id = record.application.object_id
            if object_id in self.material.routes:
                known = self.newest.get(object_id)
                if known is None or known.scan_date < record.scan_date:
                    self.newest[object_id] = record

    async def _told_or_waiting(self, ids: Sequence[str], notices: Sequence[Notice]) -> set[str]:
        """Ids of the notices that were not cancelled, held or recalled on every channel."""
        tries: dict[str, list[DeliveryState]] = defaultdict(list)
        for delivery in await self.tx.deliveries_of_alerts(ids):
            # Through a pause nothing was claimed: what has waited is decided anew with what is held.
            if is_held(delivery) or (self.scan.anew is Anew.RESUMED and is_waiting(delivery)):
                self.held.append(delivery)
                for notice_id in delivery.notice_ids:
                    tries[notice_id].append(DeliveryState.HELD)
                continue
            for notice_id in delivery.notice_ids:
                tries[notice_id].append(delivery.state)
        return {
            notice.id
            for notice in notices
            if not tries[notice.id] or any(state not in UNSAID for state in tries[notice.id])
        }

    async def _find_due(self) -> None:
        """Due credentials of this scan; where it could not read, those of the last record."""
        for key, record in self.material.records.items():
            if is_due(record.credential, self.now, self.policy):
                self._due[key] = record
        stale = [
            record
            for record in await self.tx.snapshot_due(self.engine.horizon(self.now), unseen_by=self.scan.run_id)
            if self._may_still_exist(record) and is_due(record.credential, self.now, self.policy)
        ]
        lacking = {record.application.object_id for record in stale} - self.material.siblings.keys()
        for sibling in await self.tx.snapshot_of_apps(sorted(lacking)):
            self.material.siblings.setdefault(sibling.application.object_id, []).append(sibling.credential)
        for record in stale:
            self._due[record.key] = record
            object_id = record.application.object_id
            if object_id not in self.material.routes:
                self.material.routes[object_id] = self._stale_route(record)

    def _may_still_exist(self, record: CredentialRecord) -> bool:
        """Whether an unread credential must be taken for alive: the scan is short, or it is quarantined."""
        if self.scan.anew:
            known = self.unclosed.get(record.key)
            return known is not None and known.credential.end == record.credential.end
        if not self.scan.complete:
            return True
        object_id, key_id = record.key
        return any(q.object_id == object_id and q.key_id in ("", key_id) for q in self.scan.quarantined)

    def _stale_route(self, record: CredentialRecord) -> Route:
        people = self.material.people
        owners = tuple(people.get(person.id, person) for person in record.owners)
        known = {p.id: p for p in (*record.owners, *(o.person for o in record.previous_owners))}
        known |= {o.manager.id: o.manager for o in record.previous_owners if o.manager is not None}
        given = route_input(owners, record.previous_owners, self.scan, self.policy, self.material.fallback)
        return resolve(replace(given, people={**known, **people}))

    async def _judge_all(self) -> None:
        judge = Judge(
            policy=self.policy,
            now=self.now,
            run_id=self.scan.run_id,
            people=self.material.people,
            disabled_app_ids=self.scan.disabled_app_ids,
            exclusions=self.exclusions,
            judged_before=self.judged_before,
            complete=self.scan.complete,
            anew=self.scan.anew is not None,
        )
        closing = Closing(now=self.now, run_id=self.scan.run_id)
        for key in await self._proven_gone():
            del self._due[key]
        for number, (key, record) in enumerate(self._due.items()):
            old = self.unclosed.get(key)
            if old is not None and old.credential.end != record.credential.end:
                alert, events = closing.end_date_moved(old, record.credential)
                self.closed.append(alert)
                self.events.extend(events)
                old = None
            standing = self._standing(old, record.application.object_id)
            route = self._route_for(record, standing)
            siblings = self.material.siblings[record.application.object_id]
            self.judged.append(judge.judge(record, siblings, route, standing, new_id()))
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
        for key, old in self.unclosed.items():
            if key in self._due or self.scan.anew:
                continue
            now_record = self.material.records.get(key)
            same_end = now_record is None or now_record.credential.end == old.credential.end
            if same_end and not is_due(old.credential, self.now, self.policy):
                # The stages were set anew: nothing was renewed, it is only not due any more.
                alert, events = closing.not_due(old), []
            elif now_record is not None:
                alert, events = closing.end_date_moved(old, now_record.credential)
            elif self.scan.complete and not any(
                q.object_id == key[0] and q.key_id in ("", key[1]) for q in self.scan.quarantined
            ):
                alert, events = closing.removed(old, self.material.siblings.get(key[0], []))
            else:
                continue
            self.closed.append(alert)
            self.events.extend(events)

    async def _proven_gone(self) -> list[Key]:
        """Due by this scan, but seen to be gone by somebody who asked Graph after the scan had read it."""
        if self.judged_before is None:
            return []
        gone = []
        for key, record in self._due.items():
            if key in self.unclosed:
                continue
            for alert in await self.tx.alerts_of_app(key[0]):
                closed = alert.closed_at
                if alert.key == key and alert.credential.end == record.credential.end and closed is not None:
                    if closed >= self.now and alert.closed_reason == "removed":
                        gone.append(key)
                    break
        return gone

    def _standing(self, old: Alert | None, object_id: str) -> Standing:
        if old is None:
            return Standing()
        recipients = self.recipients.get(old.id, {})
        owners_now = frozenset(p.id for p in self.newest[object_id].owners if p.counts)
        if object_id in self.before and self.before[object_id] != owners_now:
            # New owners: whoever was off this alert may be asked again.
            recipients = {i: replace(r, off_reason="") for i, r in recipients.items()}
        return Standing(alert=old, recipients=recipients, noticed=frozenset(self.noticed.get(old.id, ())))

    def _route_for(self, record: CredentialRecord, standing: Standing) -> Route:
        """The app's route, without people who are off this alert, with those whom a nomination adds."""
        object_id = record.application.object_id
        route = self.material.routes[object_id]
        off = {i: r.off_reason for i, r in standing.recipients.items() if r.off_reason}
        if off:
            last = self.newest[object_id]
            given = route_input(last.owners, last.previous_owners, self.scan, self.policy, self.material.fallback)
            route = resolve(replace(given, off=off))
        passed_over = off.keys() | self.policy.skip_users
        return with_nominations(route, self.nominations.get(object_id, []), self.material.people, passed_over)

    async def _write(self) -> None:
        tx, now = self.tx, self.now
        await self._settle_nominations()
        stored = {alert.id: alert for alert in self.unclosed.values()}
        changed = [j for j in self.judged if stored.get(j.alert.id) != j.alert]
        for judged in changed:
            if judged.alert.id in stored:
                judged.alert = replace(judged.alert, version=stored[judged.alert.id].version + 1)
        await tx.save_alerts([*(j.alert for j in changed), *self.closed])
        await tx.save_recipients([r for j in self.judged for r in j.changed_recipients])
        await self._queue_notices()
        if not self.scan.anew:
            await tx.set_value(DUE, str(len(self._due)))
        visible = [j.alert.id for j in self.judged if j.visible_change] + [a.id for a in self.closed]
        cards = [card for card in await tx.cards_of_alerts(visible) if card.current]
        await tx.add_deliveries(card_updates(cards, now, run_id=self.scan.run_id))
        self.events.extend(event for judged in self.judged for event in judged.events)
        await tx.add_events(self.events)
        gone = await tx.snapshot_unseen(self.scan.run_id) if self.scan.complete else []
        if gone:
            keep = {(q.object_id, q.key_id) for q in self.scan.quarantined}
            await tx.remove_from_snapshot([k for k in gone if k not in keep and (k[0], "") not in keep])

    async def _queue_notices(self) -> None:
        tx, now, run_id = self.tx, self.now, self.scan.run_id
        alerts = {j.alert.id: j.alert for j in self.judged}
        wanted = [(j, w) for j in self.judged for w in j.wanted]
        notices = await tx.add_notices([notice_of(w, j.alert, run_id, now, self.policy) for j, w in wanted])
        again = (self.unsaid.get((j.alert.id, w.stage, w.recipient.person.id, w.kind)) for j, w in wanted)
        notices += [notice for notice in again if notice is not None]
        if not notices and not self.held:
            return
        people = {w.recipient.person.id: w.recipient.person for _, w in wanted}
        shown: dict[tuple[str, str], list[str]] = defaultdict(list)
        for judged in self.judged:
            if judged.alert.state in (AlertState.OPEN, AlertState.SUPERSEDED):
                for recipient in judged.recipients:
                    if recipient.on_route:
                        shown[(recipient.person.id, judged.alert.application.object_id)].append(judged.alert.id)
        grouping = Grouping(
            policy=self.policy,
            now=now,
            run_id=run_id,
            first_run=self.first_run,
            mail=self.engine.mail,
            gate=await self.engine.gatekeeper.gate(tx, people.values(), anew=self.scan.anew),
            one_card=frozenset(delivery.recipient_id for delivery in self.held),
        )
        sifted = replace_held(self.held, grouping.deliveries(notices, alerts, people, shown))
        self.held_events(sifted, notices, alerts, people)
        for delivery in sifted.dropped:
            await tx.save_delivery(replace(delivery, state=DeliveryState.CANCELLED, finished_at=now))
        await tx.add_deliveries(sifted.added)
        queued = [notice for notice in notices if notice.id in sifted.let_go]
        self.notices_queued = len(queued)
        self.queued_keys = {alerts[notice.alert_id].key for notice in queued}
        self.people_told = len({notice.recipient_id for notice in queued})
        if self.first_run and queued:
            await tx.set_value("first_notices_at", now.isoformat())

    def held_events(
        self, sifted: Sifted, notices: Sequence[Notice], alerts: Mapping[str, Alert], people: Mapping[str, Person]
    ) -> None:
        """Held once per notice, Released once per notice and run."""
        for notice in notices:
            recipient = people.get(notice.recipient_id)
            alert = alerts[notice.alert_id]
            if notice.id in sifted.newly_held:
                self.events.append(held_event(EventType.HELD, notice, alert, recipient, self.now))
            elif notice.id in sifted.released:
                event = held_event(EventType.RELEASED, notice, alert, recipient, self.now, self.scan.run_id)
                self.events.append(event)

    async def _settle_nominations(self) -> None:
        """Nominations whose owner Graph now shows are done; everybody involved is told."""
        pending = [n for nominations in self.nominations.values() for n in nominations]
        owners = {r.application.object_id: r.owners for r in self.material.records.values()}
        await settle_nominations(self.tx, pending, owners, self.now)


def _slices(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def with_nominations(
    route: Route, nominations: Sequence[Nomination], people: Mapping[str, Person], passed_over: Collection[str]
) -> Route:
    """The route with accepted nominees, who are told like owners, and their nominators, who stay.

    `passed_over` are the ids of people who are off this alert, or recipients on no path.
    """
    steps = {step.person.id: step for step in route.steps}
    for nomination in nominations:
        if nomination.state not in (NominationState.ACCEPTED, NominationState.APPROVED):
            continue
        for person, reason in (
            (nomination.nominee, RouteReason.ACCEPTED_NOMINEE),
            (nomination.nominator, RouteReason.NOMINATOR),
        ):
            current = people.get(person.id, person)
            if current.counts and person.id not in passed_over:
                steps.setdefault(person.id, RouteStep(person=current, reason=reason))
    return replace(route, steps=tuple(steps.values()))
