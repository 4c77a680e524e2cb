"""People who answer: each press goes to the real actions and to the reference, in the same order."""

from typing import TYPE_CHECKING

from alerts.actions import REFUSED
from alerts.model import Action, Alert, AlertState, Nomination, NominationState
from tests.reference.book import File
from tests.simulation.tenant import ADMINS

if TYPE_CHECKING:
    from tests.simulation.drive import Simulation

Key = tuple[str, str]


class People:
    """One round of answers on one day."""

    def __init__(self, simulation: "Simulation") -> None:
        self.s, self.random, self.book = simulation, simulation.random, simulation.book
        self.verbs = simulation.verbs

    async def answer(self) -> None:
        async with self.s.store.reading() as tx:
            self.alerts = {alert.key: alert for alert in await tx.alerts_unclosed()}
            nominations = await tx.nominations_pending()
        for nomination in sorted(nominations, key=lambda n: (n.application.object_id, n.nominee.id)):
            await self._go_on(nomination)
        for key in sorted(self._fresh() | self._some(4)):
            file, alert = self.book.files.get(key), self.alerts.get(key)
            if file is not None and alert is not None and alert.state in (AlertState.OPEN, AlertState.SUPERSEDED):
                await self._press_one(key, file, alert)
        await self.s.worker.drain()

    def _fresh(self) -> set[Key]:
        """A fifth of what was told today."""
        told = sorted({(t.app, t.key) for t in self.s.expected.tells})
        return set(self.random.sample(told, len(told) // 5))

    def _some(self, number: int) -> set[Key]:
        """And some that were told before."""
        known = sorted(self.book.files)
        return set(self.random.sample(known, min(number, len(known))))

    def _who(self, file: File) -> list[str]:
        told = file.told.keys() | file.calmed.keys()
        here = [p for p in file.route.people if p in told and p not in self.s.tenant.unreachable]
        return sorted(p for p in here if self.s.people[p].counts)

    async def _press_one(self, key: Key, file: File, alert: Alert) -> None:
        who = self._who(file)
        if not who:
            return
        person = self.random.choice(who)
        mine = file.answer is not None and file.answer[1] == person
        if (mine or (person in file.snoozes and file.answer is None)) and person not in ADMINS:
            if self.random.random() < 0.5:
                await self._press(person, "release", alert)
                self.book.release(self.s.moment(), person, key)
            return
        verb = self.random.choice(self.verbs)
        if verb == "snooze":
            days = self.random.choice((3, 7, 14))
            await self._press(person, verb, alert, days=str(days))
            self.book.snooze(self.s.moment(), person, key, days)
        elif verb == "notMine":
            if file.route.people[person] in ("fallback", "beside"):
                return
            await self._press(person, verb, alert)
            self.book.not_mine(self.s.moment(), person, key)
            await self.s.worker.drain()
        elif verb == "assignOwner":
            await self._nominate(key, person, alert, file)
        elif verb in ("retire", "automatic"):
            if verb == "automatic" and file.route.people[person] != "owner":
                return
            if file.answer is not None or file.route.people[person] != "owner":
                return
            await self._press(person, verb, alert)
            (self.book.retire if verb == "retire" else self.book.automatic)(self.s.moment(), person, key)
        else:
            await self._press(person, verb, alert)
            self.book.acknowledge(self.s.moment(), person, key)

    async def _nominate(self, key: Key, person: str, alert: Alert, file: File) -> None:
        staff = [p for p in self.s.tenant.staff() if p not in file.app.owners and p != person]
        nominee = self.random.choice([p for p in staff if p not in self.s.tenant.unreachable])
        if any(n.pending and n.app == key[0] for n in self.book.nominations):
            return
        await self._press(person, "assignOwner", alert, nominees=nominee)
        self.book.nominate(self.s.moment(), person, key, nominee)

    async def _go_on(self, nomination: Nomination) -> None:
        """The nominee accepts, declines or says nothing; ada approves, rejects or says nothing."""
        app, nominee = nomination.application.object_id, nomination.nominee.id
        involved = (nominee, nomination.nominator.id)
        if not self.s.people.get(nominee) or not self.s.people[nominee].counts:
            return
        if nomination.state is NominationState.ASKED:
            verb, who = self.random.choice((("accept", nominee),) * 3 + (("decline", nominee), ("", "")))
        elif nomination.state is NominationState.ACCEPTED and "ada" not in involved:
            verb, who = self.random.choice((("approve", "ada"),) * 2 + (("reject", "ada"), ("", "")))
        else:
            return
        if not verb:
            return
        await self._send(Action(verb=verb, actor_id=who, data={"nomination": nomination.id}))
        self.book.answer_nomination(self.s.moment(), app, nominee, verb)
        if verb == "approve":
            self.book.owner_shown(app, nominee)

    async def _press(self, person: str, verb: str, alert: Alert, **inputs: str) -> None:
        await self._send(
            Action(verb=verb, actor_id=person, data={"alert": alert.id, "v": alert.version}, inputs=inputs)
        )

    async def _send(self, action: Action) -> None:
        self.s.pressed[action.verb] += 1
        self.s.said.append(f"{action.actor_id} {action.verb} {dict(action.inputs)} {dict(action.data)}")
        view = await self.s.actions.perform(action)
        assert view is not REFUSED, (self.s.seed, self.s.date, action)
