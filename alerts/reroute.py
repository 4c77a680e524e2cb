"""Moves one alert's route on between scans: somebody said "not mine" or cannot be reached."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.contacts import Contacts
from alerts.escalation import RouteInput, resolve, with_nominations
from alerts.events import alert_event, snooze_ended
from alerts.gate import Gatekeeper
from alerts.judge import place_people
from alerts.messages import Grouping, card_updates, notice_of
from alerts.model import (
    ANSWERABLE,
    Alert,
    AlertState,
    AnswerKind,
    CredentialRecord,
    Event,
    EventType,
    Nomination,
    Notice,
    NoticeKind,
    Person,
    Policy,
    Recipient,
    Route,
    RouteStep,
)
from alerts.ports import Transaction
from alerts.records import newest, previous_of
from alerts.roles import Roles
from alerts.silence import Silence, beside
from alerts.stages import crossed_stage
from alerts.wanted import Standing, Wanted, wanted_notice


@dataclass(kw_only=True)
class _Books:
    """What is stored about the apps whose routes move."""

    places: dict[str, dict[str, Recipient]]
    told: dict[str, dict[tuple[int, str, NoticeKind], datetime]] = field(default_factory=lambda: defaultdict(dict))
    #: object id -> the record read last.
    records: dict[str, CredentialRecord] = field(default_factory=dict)
    #: object id -> pending nominations.
    nominations: dict[str, list[Nomination]] = field(default_factory=lambda: defaultdict(list))
    people: Mapping[str, Person] = field(default_factory=dict)
    fallback: tuple[Person, ...] = ()
    #: App id in lower case -> contacts.
    contacts: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)


@dataclass(kw_only=True)
class _Moved:
    """One alert after its route moved."""

    alert: Alert
    places: list[Recipient]
    notices: list[Notice]
    events: list[Event]


@dataclass(frozen=True, kw_only=True)
class Rerouter:
    """Decides routes anew from the last snapshot, by the same rules as a scan."""

    policy: Policy
    roles: Roles
    mail: bool = False
    gatekeeper: Gatekeeper = field(default_factory=Gatekeeper)
    contacts: Contacts | None = None

    async def mark_off(
        self, tx: Transaction, alert_ids: Sequence[str], person_id: str, reason: str, now: datetime
    ) -> list[str]:
        """Take a person off these alerts until the owners change, and tell whoever is next.

        Returns the ids of the alerts from which the person was really taken off. A fallback recipient
        stays: somebody must.
        """
        alerts = await tx.alerts(alert_ids, lock=True)
        places: dict[str, dict[str, Recipient]] = defaultdict(dict)
        for place in await tx.recipients(list(alerts)):
            places[place.alert_id][place.person.id] = place
        moved: list[Alert] = []
        for alert in alerts.values():
            mine = places[alert.id].get(person_id)
            if mine is None or not mine.on_route or alert.state not in ANSWERABLE:
                continue
            if mine.snoozed_until is not None:
                await tx.add_events([snooze_ended(alert, mine, now, reason=reason)])
            places[alert.id][person_id] = replace(mine, off_reason=reason, snoozed_until=None, snoozed_at=None)
            # The stages may have been set anew since the last scan.
            moved.append(replace(alert, stage=crossed_stage(alert.credential, now, self.policy)))
        if moved:
            books = await self._read(tx, moved, places)
            await self._write(tx, [self._move(alert, books, now) for alert in moved], now)
        return [alert.id for alert in moved]

    async def tell_beside(
        self, tx: Transaction, alert_id: str, steps: Sequence[RouteStep], reason: str, now: datetime
    ) -> list[str]:
        """Tell these people beside the route, but those who stand on it; returns their ids."""
        alert = (await tx.alerts([alert_id], lock=True)).get(alert_id)
        if alert is None or alert.state is not AlertState.OPEN:
            return []
        places = {place.person.id: place for place in await tx.recipients([alert_id])}
        new = [step for step in steps if step.person.counts and not _on_route(places.get(step.person.id))]
        if not new:
            return []
        for place in beside(alert, new, list(places.values())):
            places[place.person.id] = place
        books = await self._read(tx, [alert], {alert_id: places})
        moved = self._move(replace(alert, stage=crossed_stage(alert.credential, now, self.policy)), books, now)
        moved.events += [
            alert_event(
                EventType.ESCALATED,
                alert,
                now,
                step.person.id,
                reason,
                recipient=step.person,
                reason=reason,
                run_id=alert.run_id,
            )
            for step in new
        ]
        await self._write(tx, [moved], now)
        return [step.person.id for step in new]

    async def _read(self, tx: Transaction, alerts: Sequence[Alert], places: dict[str, dict[str, Recipient]]) -> _Books:
        books = _Books(places=places, fallback=tuple(await self.roles.fallback()))
        if self.contacts is not None:
            books.contacts = await self.contacts.current()
        for notice in await tx.notices([alert.id for alert in alerts]):
            books.told[notice.alert_id][notice.stage, notice.recipient_id, notice.kind] = notice.created_at
        apps = sorted({alert.application.object_id for alert in alerts})
        by_app: dict[str, list[CredentialRecord]] = defaultdict(list)
        for record in await tx.snapshot_of_apps(apps):
            by_app[record.application.object_id].append(record)
        for object_id, records in by_app.items():
            last = newest(records)
            if last is not None:
                books.records[object_id] = last
        for nomination in await tx.nominations_pending():
            books.nominations[nomination.application.object_id].append(nomination)
        books.people = await self._people(tx, books)
        return books

    @staticmethod
    async def _people(tx: Transaction, books: _Books) -> Mapping[str, Person]:
        """Everybody whom these routes may lead to, as last read: two managers up from anybody on them."""
        ids = {person_id for own in books.places.values() for person_id in own}
        for record in books.records.values():
            ids |= {owner.id for owner in record.owners}
            for past in record.previous_owners:
                ids.add(past.person.id)
                if past.manager is not None:
                    ids.add(past.manager.id)
        known = await tx.people(sorted(ids))
        for _ in range(2):
            known |= await tx.people(sorted({p.manager_id for p in known.values() if p.manager_id} - known.keys()))
        return known

    def _move(self, alert: Alert, books: _Books, now: datetime) -> _Moved:
        """Decide one alert's route anew and who is told because of it."""
        own = books.nominations.get(alert.application.object_id, [])
        standing = Standing(
            alert=alert,
            recipients=books.places[alert.id],
            told=books.told.get(alert.id, {}),
            nominated=bool(own),
        )
        route = self._route(alert, books, own)
        places = place_people(route, standing, alert.id, books.people)
        events: list[Event] = []
        moved = replace(alert, path=route.path, version=alert.version + 1, changed_at=now)
        answer = moved.answer
        if (
            answer is not None
            and answer.kind is AnswerKind.ACKNOWLEDGED
            and any(place.person.id == answer.by.id and not place.on_route for place in places)
        ):
            lapsed = alert_event(
                EventType.ANSWER_TAKEN_BACK, alert, now, answer.at.isoformat(), actor=answer.by, reason="lapsed"
            )
            events.append(lapsed)
            moved = replace(moved, answer=None)
        silence = Silence(
            policy=self.policy, now=now, run_id=alert.run_id, people=books.people, fallback=books.fallback
        )
        more, escalated = silence.broken(moved, places, standing.told, nominated=standing.nominated)
        fresh = {place.person.id for place in more}
        places = [place for place in places if place.person.id not in fresh] + more
        notices = []
        for place in places:
            wanted = wanted_notice(moved, place, standing.told, now, self.policy)
            if wanted is not None:
                row = Wanted(recipient=place, stage=wanted[0], kind=wanted[1])
                notices.append(notice_of(row, moved, moved.run_id, now, self.policy))
        return _Moved(alert=moved, places=places, notices=notices, events=events + escalated)

    def _route(self, alert: Alert, books: _Books, nominations: Sequence[Nomination]) -> Route:
        record = books.records.get(alert.application.object_id)
        off = {i: place.off_reason for i, place in books.places[alert.id].items() if place.off_reason}
        route = resolve(
            RouteInput(
                owners=tuple(books.people.get(owner.id, owner) for owner in record.owners) if record else (),
                previous_owners=previous_of(record, books.people) if record else (),
                people=books.people,
                contacts=books.contacts.get(alert.application.app_id.lower(), ()),
                fallback=books.fallback,
                skip_users=self.policy.skip_users,
                off=off,
            )
        )
        return with_nominations(route, nominations, books.people, off.keys() | self.policy.skip_users)

    async def _write(self, tx: Transaction, moved: Sequence[_Moved], now: datetime) -> None:
        alerts = {each.alert.id: each.alert for each in moved}
        await tx.save_alerts(list(alerts.values()))
        await tx.save_recipients([place for each in moved for place in each.places])
        await tx.add_events([event for each in moved for event in each.events])
        shown: dict[tuple[str, str], list[str]] = defaultdict(list)
        people: dict[str, Person] = {}
        for each in moved:
            for place in each.places:
                people[place.person.id] = place.person
                if place.on_route:
                    shown[(place.person.id, each.alert.application.object_id)].append(each.alert.id)
        fresh = await tx.add_notices([notice for each in moved for notice in each.notices])
        gate = await self.gatekeeper.gate(tx, people.values())
        grouping = Grouping(policy=self.policy, now=now, run_id="", first_run=False, mail=self.mail, gate=gate)
        await tx.add_deliveries(grouping.deliveries(fresh, alerts, people, shown))
        cards = [card for card in await tx.cards_of_alerts(list(alerts)) if card.current]
        await tx.add_deliveries(card_updates(cards, now))


def _on_route(place: Recipient | None) -> bool:
    return place is not None and place.on_route
