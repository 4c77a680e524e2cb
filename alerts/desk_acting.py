"""Commands that act: as the buttons of cards do, and what only admins may."""

import logging
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.desk_base import ADMINS_ONLY, DeskBase
from alerts.errors import OutsideError
from alerts.events import snooze_ended
from alerts.exclusions import Exclusions, unclosed
from alerts.messages import card_updates, message
from alerts.model import Action, AlertState, Application, DeliveryPurpose, Person, Role, Verb
from alerts.viewing import by_urgency, stranger
from alerts.views import Sentence, View

log = logging.getLogger(__name__)

#: Longest exclusion: whoever wants it for longer says so again.
MOST_EXCLUDED = timedelta(days=732)
#: The last day that has a day after it.
LAST_DAY = date.max - timedelta(days=1)


class Acting(DeskBase):
    """Each command decides itself who may use it."""

    async def snooze(self, person_id: str, query: str, days: int) -> View:
        """`snooze <app> <days>`: as the button on the app's card."""
        return await self._act(person_id, query, f"snooze {{app}} {days}", Verb.SNOOZE, {"days": str(days)})

    async def assign(self, person_id: str, query: str, person_text: str) -> View:
        """`assign <app> <person>`: as the people picker on the app's card.

        Where the app's name ends is not said: when no app answers to the words before the last, fewer are tried.
        """
        app = await self._find(person_id, query, "assign")
        if isinstance(app, Sentence) and " " in query:
            head, _, tail = query.rpartition(" ")
            shorter = await self.assign(person_id, head, f"{tail} {person_text}".strip())
            nothing = isinstance(shorter, Sentence) and shorter.key == "no_such_app"
            return app if nothing else shorter
        if isinstance(app, Sentence):
            return app
        found = await self._people(person_text)
        if isinstance(found, Sentence):
            return found
        # Choosing among several apps must not forget the person.
        again = "assign {app} to " + found.user_principal_name
        return await self._act(person_id, query, again, Verb.ASSIGN_OWNER, {"nominees": found.id})

    async def _people(self, text: str) -> Person | Sentence:
        if self.people is None:
            return Sentence(key="graph_unreachable")
        try:
            found = await self.people.find(text)
        except OutsideError as error:
            log.warning("people could not be searched: %s", error)
            return Sentence(key="graph_unreachable")
        exact = [
            p
            for p in found
            if text.lower() in (p.id, p.user_principal_name.lower(), p.mail.lower(), p.display_name.lower())
        ]
        if len(exact) == 1 or len(found) == 1:
            return (exact or found)[0]
        if not found:
            return Sentence(key="no_such_person", params={"query": text})
        return Sentence(
            key="several_people", params={"query": text, "names": ", ".join(p.user_principal_name for p in found)}
        )

    async def _act(self, person_id: str, query: str, command: str, verb: Verb, inputs: dict[str, str]) -> View:
        found = await self._find(person_id, query, command)
        if not isinstance(found, Application):
            return found
        async with self.store.reading() as tx:
            answerable = (AlertState.OPEN, AlertState.SUPERSEDED)
            alerts = by_urgency(a for a in await tx.alerts_of_app(found.object_id) if a.state in answerable)
        if not alerts:
            return Sentence(key="nothing_due", params={"app": found.display_name})
        return await self.actions.perform(
            Action(verb=verb, actor_id=person_id, data={"alert": alerts[0].id, "v": alerts[0].version}, inputs=inputs)
        )

    async def scan(self, person_id: str) -> View:
        """Starts a scan, for admins; one that runs already is joined."""
        if await self.roles.role_of(person_id) is not Role.ADMIN:
            return ADMINS_ONLY
        if self.start_scan is None:
            return Sentence(key="scan_elsewhere")
        started = await self.start_scan()
        if started is None:
            return Sentence(key="scan_elsewhere")
        return Sentence(key="scan_started" if started else "scan_running")

    # ------------------------------------------------------------ for admins

    async def exclude(self, person_id: str, query: str, until: date, reason: str) -> View:
        """`exclude <app> until <date> <reason>`: off all reminders until the end of that day."""
        if not await self._is_admin(person_id):
            return ADMINS_ONLY
        found = await self._find(person_id, query, f"exclude {{app}} until {until.isoformat()} {reason}")
        if not isinstance(found, Application):
            return found
        now = self.clock()
        async with self.store.transaction() as tx:
            zone = ZoneInfo(await self._zone(tx, person_id))
            end = datetime.combine(min(until, LAST_DAY) + timedelta(days=1), time(), zone)
            if end <= now:
                return Sentence(key="exclude_past")
            if end - now > MOST_EXCLUDED:
                return Sentence(key="exclude_too_long")
            admin = (await tx.people([person_id])).get(person_id, stranger(person_id))
            await Exclusions().exclude(tx, found, end.astimezone(UTC), reason, admin, now)
        self.actions.wake()
        params = {"app": found.display_name, "date": end.isoformat(), "zone": str(zone)}
        return Sentence(key="exclude_done", params=params)

    async def include(self, person_id: str, query: str) -> View:
        """`include <app>`: takes an exclusion back."""
        if not await self._is_admin(person_id):
            return ADMINS_ONLY
        found = await self._find(person_id, query, "include")
        if not isinstance(found, Application):
            return found
        async with self.store.transaction() as tx:
            admin = (await tx.people([person_id])).get(person_id, stranger(person_id))
            done = await Exclusions().include(tx, found, admin, self.clock())
        self.actions.wake()
        return Sentence(key="include_done" if done else "include_nothing", params={"app": found.display_name})

    async def unsnooze(self, person_id: str, query: str) -> View:
        """`unsnooze <app>`: ends everybody's snooze of it; they are told."""
        if not await self._is_admin(person_id):
            return ADMINS_ONLY
        found = await self._find(person_id, query, "unsnooze")
        if not isinstance(found, Application):
            return found
        now = self.clock()
        async with self.store.transaction() as tx:
            admin = (await tx.people([person_id])).get(person_id, stranger(person_id))
            alerts = {alert.id: alert for alert in await unclosed(tx, found.object_id)}
            places = [p for p in await tx.recipients(list(alerts)) if p.snoozed_until is not None]
            await tx.save_recipients([replace(place, snoozed_until=None) for place in places])
            for place in places:
                event = snooze_ended(alerts[place.alert_id], place, now, actor=admin, reason="takenBack")
                await tx.add_events([event])
                before = place.snoozed_until.isoformat() if place.snoozed_until else ""
                await tx.add_audit(now, person_id, "unsnooze", f"{place.alert_id} {place.person.id}", before, "")
            params = {"app": found.display_name, "person": admin.name}
            told = {place.person.id for place in places} - {person_id}
            await tx.add_deliveries(
                [
                    message(DeliveryPurpose.INFO, each, now, sentence="snooze_ended_by", params=params)
                    for each in sorted(told)
                ]
            )
            cards = [card for card in await tx.cards_of_alerts(list(alerts)) if card.current]
            await tx.add_deliveries(card_updates(cards, now) if places else [])
        self.actions.wake()
        params = {"app": found.display_name, "count": str(len({place.person.id for place in places}))}
        return Sentence(key="unsnooze_done" if places else "unsnooze_nothing", params=params)
