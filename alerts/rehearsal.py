"""The decisions of the coming days, made from what is stored, by the same rules as a scan's; nothing is written."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.engine import Engine
from alerts.gate import read_pause
from alerts.judge import ENTERPRISE_APP_DISABLED
from alerts.material import Material
from alerts.model import Alert, CredentialRecord, Exclusion, Person, Recipient, RunStatus, ScannedTenant
from alerts.ports import Store, Transaction
from alerts.round import Round
from alerts.runs import Anew
from alerts.sending import Gate, HeldReason
from alerts.stages import days_left, horizon, is_due, long_expired
from alerts.wanted import Wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """One notice that one person would get, if nothing changed until then."""

    #: 0 today.
    day: int
    at: datetime
    person: Person
    #: The person's place on the route: why them.
    place: Recipient
    alert: Alert
    #: As a notice's.
    stage: int
    kind: str
    days_left: int
    #: '' or why it would be held as sending is set now: hold, notInPilot, brake.
    held: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What the coming days would bring."""

    now: datetime
    days: int
    #: The scan whose records these are, and when it began; None when there has been none: then nothing is known.
    run_id: str
    as_of: datetime | None
    #: hold | pilot | on.
    sending: str
    paused: bool
    #: By day, then by the person, the most urgent first.
    lines: tuple[Planned, ...] = ()

    @property
    def people(self) -> int:
        return len({line.person.id for line in self.lines})


class _Rehearsal(Round):
    """One day after another; what a day decides counts as told on the next."""

    async def load(self, tx: Transaction, until: datetime) -> None:
        self.tx = tx
        await self._load_alerts({alert.id: alert for alert in await tx.alerts_unclosed()})
        self._stored: list[Exclusion] = await tx.exclusions()
        self._records: list[CredentialRecord] = [
            record
            for record in await tx.snapshot_due(horizon(until, self.policy))
            # Long expired ones are shown and never told.
            if not long_expired(record.credential, self.scan.started_at)
        ]
        apps = sorted({record.application.object_id for record in self._records})
        for sibling in await tx.snapshot_of_apps(apps):
            self.material.siblings.setdefault(sibling.application.object_id, []).append(sibling.credential)
        for record in self._records:
            object_id = record.application.object_id
            if object_id not in self.material.routes:
                self.material.routes[object_id] = self._stale_route(record)

    async def _gather_due(self) -> None:
        for record in self._records:
            if is_due(record.credential, self.now, self.policy) and not long_expired(record.credential, self.now):
                self._due[record.key] = record

    async def _proven_gone(self) -> list[tuple[str, str]]:
        return []

    async def decide(self, now: datetime) -> list[tuple[Alert, Wanted]]:
        """What this day would tell."""
        self.now = now
        self.judged, self.closed, self.events, self._due = [], [], [], {}
        self.exclusions = {each.application.object_id: each for each in self._stored if each.until > now}
        await self._find_due()
        await self._judge_all()
        told = []
        for judged in self.judged:
            alert = judged.alert
            self.unclosed[alert.key] = alert
            self.recipients[alert.id] = {place.person.id: place for place in judged.recipients}
            for wanted in judged.wanted:
                self.told[alert.id][wanted.stage, wanted.recipient.person.id, wanted.kind] = now
                told.append((alert, wanted))
        self.judged_before = now
        return told


async def rehearse(engine: Engine, store: Store, now: datetime, days: int) -> Preview:
    """Decide today and each of the next days as if nothing changed: nobody answers, nothing is renewed."""
    fallback = tuple(await engine.roles.fallback())
    contacts = await engine.contacts.current() if engine.contacts is not None else {}
    async with store.reading() as tx:
        runs = await tx.runs(20)
        good = next((run for run in runs if run.status is not RunStatus.FAILED), None)
        preview = Preview(
            now=now,
            days=days,
            run_id=good.run_id if good else "",
            as_of=good.started_at if good else None,
            sending=(await engine.gatekeeper.sending(tx)).value,
            paused=await read_pause(tx) is not None,
        )
        if good is None:
            return preview
        until = now + timedelta(days=days)
        scan = replace(await _scan(tx, now), contacts=contacts)
        material = Material(fallback=fallback, people=await engine.known_people(tx, replace(scan, started_at=until)))
        rehearsal = _Rehearsal(engine.policy, scan, material, engine.gatekeeper, mail=engine.mail)
        await rehearsal.load(tx, until)
        gate = await engine.gatekeeper.gate(tx, ())
    lines: list[Planned] = []
    for day in range(days + 1):
        at = now + timedelta(days=day)
        told = [_planned(day, at, alert, wanted, gate) for alert, wanted in await rehearsal.decide(at)]
        told.sort(key=lambda line: (line.days_left, line.person.id, line.alert.application.object_id))
        lines += _braked(told, gate.rules.max_people) if not day else told
        await asyncio.sleep(0)
    return replace(preview, lines=tuple(lines))


async def _scan(tx: Transaction, now: datetime) -> ScannedTenant:
    """A scan that has read nothing: all is judged from its last record."""
    unclosed = await tx.alerts_unclosed()
    disabled = {a.application.app_id for a in unclosed if a.excluded_reason == ENTERPRISE_APP_DISABLED}
    return ScannedTenant(
        run_id="preview",
        started_at=now,
        tenant_id=unclosed[0].tenant_id if unclosed else "",
        applications=(),
        disabled_app_ids=frozenset(disabled),
        missing=("nothing was read: a preview",),
        anew=Anew.LET_GO,
    )


def _braked(lines: list[Planned], most: int) -> list[Planned]:
    """Today's lines, the most urgent first: with more people than one run may tell the rest is held."""
    free = dict.fromkeys(line.person.id for line in lines if not line.held)
    if not most or len(free) <= most:
        return lines
    late = set(list(free)[most:])
    return [replace(line, held=HeldReason.BRAKE) if line.person.id in late else line for line in lines]


def _planned(day: int, at: datetime, alert: Alert, wanted: Wanted, gate: Gate) -> Planned:
    person, end = wanted.recipient.person, alert.credential.end
    return Planned(
        day=day,
        at=at,
        person=person,
        place=wanted.recipient,
        alert=alert,
        stage=wanted.stage,
        kind=wanted.kind.value,
        days_left=days_left(end, at) if end is not None else 0,
        held=gate.held(person.id, person) or "",
    )


__all__ = ["Planned", "Preview", "rehearse"]
