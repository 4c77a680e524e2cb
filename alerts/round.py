"""One decision inside its transaction: load, judge, write; all of it or nothing."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from alerts.closing import Closing
from alerts.escalation import resolve, with_nominations
from alerts.events import held_event
from alerts.exclusions import end_exclusions
from alerts.gate import Gatekeeper
from alerts.handover import MEMORY, HandingOver, memory_of, settled_by, text_of
from alerts.holding import tell_admins
from alerts.judge import Judge, Judged
from alerts.leavers import Memory
from alerts.ledger import DUE
from alerts.material import Key, Material
from alerts.messages import Grouping, by_recipient, card_updates, new_id, notice_of
from alerts.model import (
    ANSWERABLE,
    Alert,
    AlertState,
    Anew,
    CredentialRecord,
    Delivery,
    DeliveryState,
    Event,
    EventType,
    Nomination,
    Notice,
    NoticeKind,
    Person,
    Policy,
    Recipient,
    Route,
    ScannedTenant,
)
from alerts.nominations import settle_nominations
from alerts.ports import Transaction
from alerts.questions import ask_admins, read_questions
from alerts.records import previous_of, route_input
from alerts.restore import settle_told
from alerts.sending import UNSAID, Sifted, is_held, is_waiting, replace_held, was_said
from alerts.slices import let_go, slices
from alerts.stages import horizon, is_due
from alerts.wanted import Standing
from alerts.who import ask_who

#: Alerts judged before the event loop gets a turn.
SLICE = 200

#: Alerts read at once: their rows need not all stand in memory beside what is made of them.
READ_SLICE = 500

#: Runs looked at for each scan of LEAVER_GRACE_DAYS: some are partial, some on the same day.
RUNS_A_DAY = 5


class Round:
    """One decision: what the scan read, against what is stored."""

    def __init__(
        self, policy: Policy, scan: ScannedTenant, material: Material, gatekeeper: Gatekeeper, *, mail: bool
    ) -> None:
        self.policy, self.scan, self.material, self.gatekeeper, self.mail = policy, scan, material, gatekeeper, mail
        self.now = scan.started_at
        self.judged: list[Judged] = []
        self.closed: list[Alert] = []
        self.events: list[Event] = []
        self.notices_queued = 0
        self.people_told = 0
        #: Ids of leavers whose handover is on its way.
        self.handed_over: frozenset[str] = frozenset()
        self.queued_keys: set[Key] = set()
        self._due: dict[Key, CredentialRecord] = {}

    def due_records(self) -> list[CredentialRecord]:
        """Every credential that the ledger must account for, read now or judged from its last record."""
        return list(self._due.values())

    async def let_go(self) -> None:
        """Forget what was judged, once the decision is written and counted."""
        while self.judged:
            del self.judged[-SLICE:]
            await asyncio.sleep(0)
        await let_go((self._due, self.newest, self.unclosed, self.recipients, self.told, self.unsaid), SLICE)

    async def run(self, tx: Transaction) -> None:
        """Load, judge, write: all of it or nothing."""
        self.tx = tx
        await self._load()
        await self._judge_all()
        await self._hand_over()
        await self._write()

    async def _load(self) -> None:
        ids = list(await self.tx.unclosed_keys())
        # Locked before anything that hangs on them is read: an answer waits for the decision, or goes first.
        found: dict[str, Alert] = {}
        for part in slices(sorted(ids), READ_SLICE):
            alerts = await self.tx.alerts(part, lock=True)
            found.update((alert_id, self.material.shared_alert(alert)) for alert_id, alert in alerts.items())
        await self._load_alerts({alert_id: found[alert_id] for alert_id in ids if alert_id in found})
        self.exclusions = await end_exclusions(self.tx, self.now)
        await self._find_due()

    async def _load_alerts(self, alerts: Mapping[str, Alert]) -> None:
        tx, ids = self.tx, list(alerts)
        self.unclosed = {alert.key: alert for alert in alerts.values()}
        self.recipients: dict[str, dict[str, Recipient]] = defaultdict(dict)
        for part in slices(ids, READ_SLICE):
            own = {alert_id: alert_id for alert_id in part}
            for read in await tx.recipients(part):
                place = self.material.shared_recipient(read, own[read.alert_id])
                self.recipients[place.alert_id][place.person.id] = place
        self.told: dict[str, dict[tuple[int, str, NoticeKind], datetime]] = defaultdict(dict)
        notices: list[Notice] = []
        for part in slices(ids, READ_SLICE):
            notices += map(self.material.shared_notice, await tx.notices(part))
        #: Messages that wait for an admin: this decision decides anew what they say.
        self.held: list[Delivery] = []
        #: People for whom something comes out of hold, or was recalled: one card, whatever has gathered.
        self.one_card: set[str] = set()
        alive = await self._told_or_waiting(ids, notices)
        #: Notices that were decided and then never said, since somebody had answered: they may be said yet.
        self.unsaid: dict[tuple[str, int, str, NoticeKind], Notice] = {}
        for notice in notices:
            if notice.id in alive:
                self.told[notice.alert_id][notice.stage, notice.recipient_id, notice.kind] = alive[notice.id]
            else:
                self.unsaid[(notice.alert_id, notice.stage, notice.recipient_id, notice.kind)] = notice
        self.nominations: dict[str, list[Nomination]] = defaultdict(list)
        for nomination in await tx.nominations_pending():
            self.nominations[nomination.application.object_id].append(nomination)
        runs = await tx.runs(1)
        self.judged_before = runs[0].started_at if runs else None
        self.first_run = await tx.value("first_notices_at") is None

    async def _find_due(self) -> None:
        """Due credentials of this scan; where it could not read, those of the last record."""
        await self._gather_due()
        # An app's newest record speaks for all its credentials: another may be unreadable and tell of former owners.
        self.newest: dict[str, CredentialRecord] = {}
        for record in (*self.material.records.values(), *self._due.values()):
            object_id = record.application.object_id
            if object_id in self.material.routes:
                known = self.newest.get(object_id)
                if known is None or known.scan_date < record.scan_date:
                    self.newest[object_id] = record

    async def _told_or_waiting(self, ids: Sequence[str], notices: Sequence[Notice]) -> dict[str, datetime]:
        """Notice id -> when it was first put on its way; not those cancelled, held or recalled on every channel."""
        tries: dict[str, list[tuple[DeliveryState, datetime]]] = defaultdict(list)
        # A handover is decided by complete scans alone: what waits of it is sent as it is.
        handovers = {notice.id for notice in notices if notice.kind is NoticeKind.HANDOVER}
        seen: set[str] = set()
        for part in slices(ids, READ_SLICE):
            for delivery in await self.tx.deliveries_of_alerts(part):
                if delivery.id in seen:  # a digest is about alerts of many parts
                    continue
                seen.add(delivery.id)
                # Through a pause nothing was claimed: what has waited is decided anew with what is held.
                waited = self.scan.anew is Anew.RESUMED and is_waiting(delivery)
                again = is_held(delivery) or (waited and handovers.isdisjoint(delivery.notice_ids))
                if again:
                    self.held.append(self.material.shared_delivery(delivery))
                state = DeliveryState.HELD if again else delivery.state
                for notice_id in delivery.notice_ids:
                    tries[self.material.same(notice_id)].append((state, self.material.same(delivery.created_at)))
        said = {
            notice.id: min((at for state, at in tries[notice.id] if state not in UNSAID), default=notice.created_at)
            for notice in notices
            if was_said([state for state, _ in tries[notice.id]])
        }
        recalled = (
            notice
            for notice in notices
            if notice.id not in said and any(state is DeliveryState.RECALLED for state, _ in tries[notice.id])
        )
        self.one_card = {d.recipient_id for d in self.held} | {notice.recipient_id for notice in recalled}
        return said

    async def _gather_due(self) -> None:
        for key, record in self.material.records.items():
            if is_due(record.credential, self.now, self.policy):
                self._due[key] = record
        stale = [
            record
            for record in await self.tx.snapshot_due(horizon(self.now, self.policy), unseen_by=self.scan.run_id)
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
        people, owners = self.material.people, self._owners(record)
        previous = previous_of(record, people)
        known = {p.id: p for p in (*record.owners, *(o.person for o in previous))}
        known |= {o.manager.id: o.manager for o in previous if o.manager is not None}
        app_id = record.application.app_id
        given = route_input(owners, previous, self.scan, self.policy, self.material.fallback, app_id)
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
            fallback=self.material.fallback,
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
            owners = self._owners_now(record.application.object_id)
            judged = judge.judge(record, siblings, route, standing, new_id(), owners)
            self.judged.append(_without_doubles(judged, standing))
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
        for key, old in self.unclosed.items():
            if key in self._due or self.scan.anew:
                continue
            now_record = self.material.records.get(key)
            moved = now_record is not None and now_record.credential.end != old.credential.end
            gone = now_record is None and self._surely_gone(key)
            ahead = old.state is AlertState.AHEAD
            if not moved and not ahead and not is_due(old.credential, self.now, self.policy):
                # The stages were set anew: nothing was renewed, it is only not due any more.
                alert, events = closing.not_due(old), []
            elif moved and now_record is not None:
                alert, events = closing.end_date_moved(old, now_record.credential)
            elif gone:
                alert, events = closing.removed(old, self.material.siblings.get(key[0], []))
            else:
                # It could not be read, or was handed over and waits for its day.
                continue
            self.closed.append(alert)
            self.events.extend(events)

    def _surely_gone(self, key: Key) -> bool:
        """Whether a credential that was not read is gone: the scan is complete, and it is not quarantined."""
        quarantined = any(q.object_id == key[0] and q.key_id in ("", key[1]) for q in self.scan.quarantined)
        return self.scan.complete and not quarantined

    async def _hand_over(self) -> None:
        """Leavers' apps go to their managers; only a complete scan knows who is gone."""
        self.memory: Memory | None = None
        if not self.scan.complete:
            return
        memory = memory_of(await self.tx.value(MEMORY))
        handing = HandingOver(
            policy=self.policy,
            now=self.now,
            run_id=self.scan.run_id,
            people=self.material.people,
            fallback=self.material.fallback,
            runs=await self.tx.runs(RUNS_A_DAY * self.policy.leaver_grace_days),
            questions=await read_questions(self.tx, memory.held.values()),
        )
        due = {judged.alert.key: judged for judged in self.judged}
        owners = frozenset(self.material.owners)
        result = handing.decide(memory, self.material.orphans, owners, due, self.unclosed, self.material.gone)
        self.judged += result.judged
        self.memory = result.memory
        if result.question is not None:
            await ask_admins(self.tx, result.question, self.material.admins, self.now, mail=self.mail)

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

    def _owners_now(self, object_id: str) -> tuple[str, ...]:
        return tuple(sorted(person.id for person in self._owners(self.newest[object_id]) if person.counts))

    def _owners(self, record: CredentialRecord) -> tuple[Person, ...]:
        """Its owners with their accounts as known now: a record from before a short scan knows them as they were."""
        return tuple(self.material.people.get(person.id, person) for person in record.owners)

    def _standing(self, old: Alert | None, object_id: str) -> Standing:
        nominated = bool(self.nominations.get(object_id))
        if old is None:
            return Standing(nominated=nominated)
        recipients = self.recipients.get(old.id, {})
        # As of the last decision, not of the snapshot: a crash between the two must not hide the change.
        changed = old.owner_ids is not None and old.owner_ids != self._owners_now(object_id)
        return Standing(
            alert=old,
            recipients=recipients,
            told=self.told.get(old.id, {}),
            nominated=nominated,
            owners_changed=changed,
        )

    def _route_for(self, record: CredentialRecord, standing: Standing) -> Route:
        """The app's route, without people who are off this alert, with those whom a nomination adds."""
        object_id = record.application.object_id
        route = self.material.routes[object_id]
        off = standing.off
        if off:
            last = self.newest[object_id]
            given = route_input(
                self._owners(last),
                last.previous_owners,
                self.scan,
                self.policy,
                self.material.fallback,
                record.application.app_id,
            )
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
        calmed = [j.alert for j in changed if j.alert.id in stored and _newly_superseded(stored[j.alert.id], j.alert)]
        renewed = [alert for alert in self.closed if alert.closed_reason != "notDue"]
        await ask_who(tx, [*calmed, *renewed], now, self.policy)
        # Against what is stored, not against what was judged from: an "off" that new owners end must be written, too.
        await tx.save_recipients(
            [r for j in self.judged for r in j.recipients if self.recipients[j.alert.id].get(r.person.id) != r]
        )
        # A first scan has tens of thousands, which need not wait in memory for what else is written.
        for judged in self.judged:
            self.events += judged.events
            judged.events = []
        await tx.add_events(self.events)
        self.events.clear()
        await self._queue_notices()
        if self.memory is not None:
            await tx.set_value(MEMORY, text_of(settled_by(self.memory, self.handed_over)))
        if not self.scan.anew:
            zone = self.gatekeeper.rules.time_zone
            await tell_admins(tx, self.material.admins, zone, now, mail=self.mail)
            await tx.set_value(DUE, str(len(self._due)))
        visible = [j.alert.id for j in self.judged if j.visible_change] + [a.id for a in self.closed]
        cards = [card for card in await tx.cards_of_alerts(visible) if card.current]
        await tx.add_deliveries(card_updates(cards, now, run_id=self.scan.run_id))
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
        notices = await settle_told(tx, notices, alerts, now)
        if not notices and not self.held:
            return
        people = {w.recipient.person.id: w.recipient.person for _, w in wanted}
        grouping = Grouping(
            policy=self.policy,
            now=now,
            run_id=run_id,
            first_run=self.first_run,
            mail=self.mail,
            gate=await self.gatekeeper.gate(tx, people.values(), anew=self.scan.anew),
            one_card=frozenset(self.one_card),
        )
        sifted = await self._sifted(grouping, notices, alerts, people)
        for events in slices(self._held_events(sifted, notices, alerts, people), READ_SLICE):
            await tx.add_events(events)
        for delivery in sifted.dropped:
            await tx.save_delivery(replace(delivery, state=DeliveryState.CANCELLED, finished_at=now))
        await tx.add_deliveries(sifted.added)
        queued = [notice for notice in notices if notice.id in sifted.let_go]
        self.notices_queued = len(queued)
        self.handed_over = frozenset(notice.about for notice in queued if notice.kind is NoticeKind.HANDOVER)
        self.queued_keys = {alerts[notice.alert_id].key for notice in queued}
        self.people_told = len({notice.recipient_id for notice in queued})
        if self.first_run and queued:
            await tx.set_value("first_notices_at", now.isoformat())

    async def _sifted(
        self, grouping: Grouping, notices: Sequence[Notice], alerts: Mapping[str, Alert], people: Mapping[str, Person]
    ) -> Sifted:
        """The messages that carry these notices, against those that were held; a first scan has tens of thousands."""
        shown: dict[tuple[str, str], list[str]] = defaultdict(list)
        for judged in self.judged:
            if judged.alert.state in ANSWERABLE:
                for recipient in judged.recipients:
                    if recipient.on_route:
                        shown[(recipient.person.id, judged.alert.application.object_id)].append(judged.alert.id)
        made: list[Delivery] = []
        for part in slices(by_recipient(notices).items(), SLICE):
            made += grouping.unsifted(dict(part), alerts, people, shown)
            await asyncio.sleep(0)
        shown.clear()
        grouping.gate.sift(made, alerts, people, self.now)
        await asyncio.sleep(0)
        sifted = replace_held(self.held, made)
        # What stays as it is, mostly all of it, is of no more use.
        self.held.clear()
        return sifted

    def _held_events(
        self, sifted: Sifted, notices: Sequence[Notice], alerts: Mapping[str, Alert], people: Mapping[str, Person]
    ) -> Iterator[Event]:
        """Held once per notice, Released once per notice and run."""
        for notice in notices:
            recipient = people.get(notice.recipient_id)
            alert = alerts[notice.alert_id]
            if notice.id in sifted.newly_held:
                yield held_event(EventType.HELD, notice, alert, recipient, self.now)
            elif notice.id in sifted.released:
                yield held_event(EventType.RELEASED, notice, alert, recipient, self.now, self.scan.run_id)

    async def _settle_nominations(self) -> None:
        """Nominations whose owner Graph now shows are done; everybody involved is told."""
        pending = [n for nominations in self.nominations.values() for n in nominations]
        owners = {r.application.object_id: r.owners for r in self.material.records.values()}
        await settle_nominations(self.tx, pending, owners, self.now)


def _without_doubles(judged: Judged, standing: Standing) -> Judged:
    """The same, holding what is stored where nothing changed."""
    if judged.alert == standing.alert:
        judged.alert = standing.alert
    for number, place in enumerate(judged.recipients):
        known = standing.recipients.get(place.person.id)
        if known == place:
            judged.recipients[number] = known
    return judged


def _newly_superseded(before: Alert, now_is: Alert) -> bool:
    return before.state is not AlertState.SUPERSEDED and now_is.state is AlertState.SUPERSEDED
