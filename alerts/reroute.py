"""Moves one alert's route on between scans: somebody said "not mine" or cannot be reached."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from alerts.engine import with_nominations
from alerts.escalation import RouteInput, resolve
from alerts.events import alert_event, snooze_ended
from alerts.gate import Gatekeeper
from alerts.judge import Standing, Wanted, place_people, wanted_notice
from alerts.messages import Grouping, card_updates, notice_of
from alerts.model import Alert, AlertState, EventType, Notice, Person, Policy, Recipient, Route
from alerts.ports import Transaction
from alerts.records import newest
from alerts.roles import Roles
from alerts.stages import crossed_stage


@dataclass(frozen=True, kw_only=True)
class Rerouter:
    """Decides routes anew from the last snapshot, by the same rules as a scan."""

    policy: Policy
    roles: Roles
    mail: bool = False
    gatekeeper: Gatekeeper = field(default_factory=Gatekeeper)

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
            if mine is None or not mine.on_route or alert.state not in (AlertState.OPEN, AlertState.SUPERSEDED):
                continue
            if mine.snoozed_until is not None:
                await tx.add_events([snooze_ended(alert, mine, now, reason=reason)])
            places[alert.id][person_id] = replace(mine, off_reason=reason, snoozed_until=None)
            moved.append(alert)
        if moved:
            await self._reroute(tx, moved, places, now)
        return [alert.id for alert in moved]

    async def _reroute(
        self, tx: Transaction, alerts: list[Alert], places: dict[str, dict[str, Recipient]], now: datetime
    ) -> None:
        fallback = tuple(await self.roles.fallback())
        notices: list[Notice] = []
        changed: list[Alert] = []
        shown: dict[tuple[str, str], list[str]] = defaultdict(list)
        people: dict[str, Person] = {}
        for alert in alerts:
            # The stages may have been set anew since the last scan.
            alert = replace(alert, stage=crossed_stage(alert.credential, now, self.policy))
            standing = Standing(
                alert=alert,
                recipients=places[alert.id],
                noticed=frozenset((n.stage, n.recipient_id, n.kind) for n in await tx.notices([alert.id])),
            )
            route = await self._route(tx, alert, standing, fallback)
            recipients = place_people(route, standing, alert.id)
            await tx.save_recipients(recipients)
            moved = replace(alert, path=route.path, version=alert.version + 1, changed_at=now)
            if moved.answer is not None and any(
                r.person.id == moved.answer.by.id and not r.on_route for r in recipients
            ):
                await tx.add_events(
                    [
                        alert_event(
                            EventType.ANSWER_TAKEN_BACK,
                            alert,
                            now,
                            moved.answer.at.isoformat(),
                            actor=moved.answer.by,
                            reason="lapsed",
                        )
                    ]
                )
                moved = replace(moved, answer=None)
            changed.append(moved)
            for recipient in recipients:
                people[recipient.person.id] = recipient.person
                if recipient.on_route:
                    shown[(recipient.person.id, alert.application.object_id)].append(alert.id)
                wanted = wanted_notice(moved, recipient, standing.noticed, now, self.policy)
                if wanted is not None:
                    row = Wanted(recipient=recipient, stage=wanted[0], kind=wanted[1])
                    notices.append(notice_of(row, moved, moved.run_id, now, self.policy))
        await tx.save_alerts(changed)
        fresh = await tx.add_notices(notices)
        gate = await self.gatekeeper.gate(tx, people.values())
        grouping = Grouping(policy=self.policy, now=now, run_id="", first_run=False, mail=self.mail, gate=gate)
        await tx.add_deliveries(grouping.deliveries(fresh, {a.id: a for a in changed}, people, shown))
        cards = [card for card in await tx.cards_of_alerts([a.id for a in changed]) if card.current]
        await tx.add_deliveries(card_updates(cards, now))

    async def _route(self, tx: Transaction, alert: Alert, standing: Standing, fallback: tuple[Person, ...]) -> Route:
        object_id = alert.application.object_id
        records = await tx.snapshot_of_apps([object_id])
        record = newest(records)
        owners = record.owners if record else ()
        previous = record.previous_owners if record else ()
        ids = {o.manager_id for o in owners if o.manager_id}
        for past in previous:
            ids.add(past.person.id)
            if past.manager is not None:
                ids.add(past.manager.id)
        known = await tx.people(sorted(ids))
        known |= await tx.people(sorted({p.manager_id for p in known.values() if p.manager_id} - known.keys()))
        off = {i: place.off_reason for i, place in standing.recipients.items() if place.off_reason}
        route = resolve(
            RouteInput(
                owners=owners,
                previous_owners=previous,
                people=known,
                fallback=fallback,
                skip_users=self.policy.skip_users,
                off=off,
            )
        )
        nominations = [n for n in await tx.nominations_of_app(object_id) if n.pending]
        return with_nominations(route, nominations, known, off.keys() | self.policy.skip_users)
