"""Drives the real engine and the reference side by side: scans, answers, and what both say of each day."""

import gc
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from alerts.errors import DeliveryError, Outcome
from alerts.model import (
    Alert,
    AlertState,
    Application,
    CredentialUsage,
    Notice,
    NoticeKind,
    Person,
    Policy,
    PreviousOwner,
    RunStatus,
    ScannedTenant,
    ScanRun,
)
from alerts.ports import LastWord, Sent
from alerts.views import MailView, View
from tests.alerts.world import World
from tests.reference.book import Book
from tests.reference.tenant import Account, App, Cred, Day, Expected, Rules, Tell
from tests.simulation.people import People
from tests.simulation.tenant import ADMINS, Tenant

Why = tuple[str, str]
FILES = Path("/proc/self/fd")

#: What somebody presses, one as likely as the other.
VERBS = (
    *("acknowledge",) * 3,
    *("snooze",) * 3,
    "notMine",
    "notMine",
    "assignOwner",
    "assignOwner",
    "retire",
    "automatic",
)


class Receivers:
    """Teams and the mailbox: they count, refuse whom they cannot reach, and keep no message."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant, self.cards, self.updates, self.mails, self.number = tenant, Counter(), Counter(), Counter(), 0

    async def send(self, person: Person, view: View, last_word: LastWord | None = None) -> Sent:
        if last_word is not None:
            await last_word()
        self._reach(person.id, self.tenant.no_teams)
        self.cards[person.id] += 1
        self.number += 1
        return Sent(conversation_id=f"c-{person.id}", service_url="https://x/", activity_id=f"a{self.number}")

    async def update(self, card: object, view: View) -> None:
        self.updates["all"] += 1

    def _reach(self, person: str, also: Iterable[str] = ()) -> None:
        if person in self.tenant.unreachable or person in also:
            raise DeliveryError("nobody there", outcome=Outcome.UNREACHABLE, code="blocked")


class Mails:
    def __init__(self, receivers: Receivers) -> None:
        self.receivers = receivers

    async def send(self, view: MailView, last_word: LastWord | None = None) -> None:
        if last_word is not None:
            await last_word()
        self.receivers._reach(view.recipient.id)
        self.receivers.mails[view.recipient.id] += 1


class Simulation(World):
    """A tenant of its own kind on the wiring of the core's stories."""

    def __init__(self, url: str, *, seed: int, start: date, zone: str, apps: int, people: int) -> None:
        super().__init__(url, Policy(owner_writes=True))
        self.seed, self.zone, self.date = seed, ZoneInfo(zone), start
        self.random = Random(seed)
        self.now = self._morning(start)
        self.tenant = Tenant(Random(seed + 1), self.now)
        self.tenant.fill(apps, people)
        self.people, self.apps = self.tenant.people, self.tenant.apps
        self.inbox = Receivers(self.tenant)  # type: ignore[assignment]
        self.mailbox = Mails(self.inbox)  # type: ignore[assignment,arg-type]
        self.book = Book(Rules(admins=ADMINS, fallback=ADMINS))
        #: The archive's answer: app -> its latest record with a counting owner.
        self.archive: dict[str, tuple[PreviousOwner, ...]] = {}
        self.seen: set[str] = set()
        self.expected = Expected()
        self.said_today: dict[Tell, Why] = {}
        self.handed: set[tuple[str, str, str]] = set()
        self.unread: set[str] = set()
        self.pressed: Counter[str] = Counter()
        self.said: list[str] = []
        #: Day by day: (resident kilobytes, open files).
        self.used: list[tuple[int, int]] = []
        self.verbs = VERBS
        self.kinds: Counter[str] = Counter()

    def _morning(self, day: date) -> datetime:
        """06:00 on the local clock, whichever way it was turned in the night."""
        return datetime.combine(day, time(6), self.zone).astimezone(ZoneInfo("UTC"))

    # ------------------------------------------------------------ a day

    async def next_day(self, *, scanned: bool = True, partial: bool = False) -> None:
        """The night's changes, and the scan of the morning unless it is missed."""
        self.date += timedelta(days=1)
        self.now = self._morning(self.date)
        self.tenant.change(self.now)
        self.book.today = self.expected = Expected()
        self.said_today, self.handed, self.said = {}, set(), []
        if scanned:
            await self.morning(partial=partial)

    async def morning(self, *, partial: bool = False) -> None:
        """One scan by both, and every message of it."""
        apps = {name: app for name, app in self.apps.items() if app.credentials}
        self.unread = set(self.random.sample(sorted(apps), len(apps) // 4)) if partial else set()
        read = {name: app for name, app in apps.items() if name not in self.unread}
        self.expected = self.book.scan(self._day(read, complete=not partial))
        await self._scan(read, partial)
        self._archive(read)
        await self.worker.drain()

    async def _scan(self, read: Mapping[str, Application], partial: bool) -> None:
        self.runs += 1
        run_id = f"run-{self.runs}"
        missing = ("page 7 could not be read",) if partial else ()
        scan = ScannedTenant(
            run_id=run_id,
            started_at=self.now,
            tenant_id="tenant",
            applications=list(read.values()),
            disabled_app_ids=frozenset(app.app_id for app in read.values() if not app.enabled),
            people=dict(self.people),
            previous_owners={
                name: self.archive[name]
                for name, app in read.items()
                if name in self.archive and not any(self._counts(o.id) for o in app.owners)
            },
            missing=missing,
        )
        await self.roles.refresh()
        decision = await self.engine.decide(scan)
        status = RunStatus.PARTIAL if partial else RunStatus.SUCCEEDED
        run = ScanRun(run_id=run_id, status=status, started_at=self.now, finished_at=self.now, due=decision.due)
        async with self.store.transaction() as tx:
            await tx.save_run(run)

    def _counts(self, person: str) -> bool:
        return person in self.people and self.people[person].counts

    def _archive(self, read: Mapping[str, Application]) -> None:
        for name, app in read.items():
            owners = sorted(o.id for o in app.owners if self._counts(o.id))[:3]
            if owners:
                self.archive[name] = tuple(
                    PreviousOwner(
                        person=self.people[o], manager=self.people.get(self.people[o].manager_id), seen=self.now
                    )
                    for o in owners
                )

    # ------------------------------------------------------------ people answer

    async def answers(self, *, answer: bool = True) -> None:
        """Three hours after the scan time limits are looked at, and some of those who were told press something; nominations go on."""
        self.now += timedelta(hours=3)
        self.book.keep_time_limits(self.moment())
        await self.deadlines.run_once()
        await self.worker.drain()
        if answer:
            await People(self).answer()

    async def all_days(self, days: int, *, missed: Collection[int] = (), partial: Collection[int] = ()) -> None:
        """So many days, each of them compared after the scan and again after the answers."""
        await self.morning()
        for day in range(days):
            self.compare(await self.differences(), "after the scan")
            await self.answers(answer=day not in missed)
            self.compare(await self.differences(), "after the answers")
            self.used.append(_use())
            await self.next_day(scanned=day + 1 not in missed, partial=day + 1 in partial)
        self.compare(await self.differences(), "after the last scan")

    def compare(self, lines: list[str], when: str) -> None:
        """Fails with everything that lets a person play the day again."""
        if lines:
            told = [f"seed {self.seed}, {self.date} {when}: {len(lines)} differences", *lines[:40]]
            raise AssertionError("\n".join([*told, "that night:", *self.tenant.log, "that day:", *self.said]))

    # ------------------------------------------------------------ in the reference's words

    def _day(self, read: Mapping[str, Application], *, complete: bool = True) -> Day:
        return Day(
            now=self.now,
            accounts={
                p.id: Account(p.id, p.account_enabled, p.manager_id) for p in self.people.values() if not p.deleted
            },
            apps={name: _app(app) for name, app in read.items()},
            complete=complete,
            unreachable=frozenset(self.tenant.unreachable),
        )

    def moment(self) -> Day:
        return replace(self.book.finder.day, now=self.now)

    # ------------------------------------------------------------ what each says

    async def differences(self) -> list[str]:
        """Everything in which the engine and the reference differ about this day."""
        async with self.store.reading() as tx:
            alerts = {alert.id: alert for alert in await tx.alerts_unclosed()}
            notices = await tx.notices(list(alerts))
        fresh = [notice for notice in notices if notice.id not in self.seen]
        self.seen = {notice.id for notice in notices}
        told, lines = self.said_today, []
        for notice in fresh:
            if notice.kind is NoticeKind.HANDOVER:
                self.handed.add((notice.recipient_id, notice.about, alerts[notice.alert_id].application.object_id))
                continue
            tell, why = _tell(notice, alerts[notice.alert_id])
            if tell in told:
                lines.append(f"twice: {tell}")
            told[tell] = why
        self.kinds.update(_tell(notice, alerts[notice.alert_id])[0].kind for notice in fresh)
        for tell in sorted(told.keys() | self.expected.tells.keys()):
            mine, theirs = told.get(tell), self.expected.tells.get(tell)
            if mine is None:
                lines.append(f"engine does not tell {tell} {theirs}")
            elif theirs is None:
                quiet = self.expected.quiet.get((tell.person, tell.app, tell.key), "not on the route")
                lines.append(f"engine tells {tell} {mine}; reference: {quiet}")
            elif mine != theirs:
                lines.append(f"{tell}: engine {mine}, reference {theirs}")
        lines += [f"engine hands over {each}" for each in sorted(self.handed - self.expected.handovers)]
        lines += [f"engine does not hand over {each}" for each in sorted(self.expected.handovers - self.handed)]
        return lines + await self._ledger_lines()

    async def _ledger_lines(self) -> list[str]:
        ledger = await self.ledger()
        self.book.settle(self.moment())
        states = {entry.alert.key: entry.state.value for entry in ledger.entries}
        lines = [f"the ledger's sum differs by {ledger.difference}"] if ledger.difference else []
        return lines + [
            f"{key}: engine {states.get(key)}, reference {self.expected.states.get(key)}"
            for key in sorted(states.keys() | self.expected.states.keys())
            if states.get(key) != self.expected.states.get(key)
        ]


async def rows(simulation: Simulation) -> dict[str, int]:
    """How much waits, is kept of the tenant, and is open."""
    async with simulation.store.reading() as tx:
        waiting, snapshot = await tx.deliveries_waiting(), await tx.snapshot_keys()
        return {"waiting": waiting, "snapshot": len(snapshot), "unclosed": len(await tx.alerts_unclosed())}


def _use() -> tuple[int, int]:
    """Resident memory in kilobytes and open file descriptors; zeros where the system does not say."""
    if not FILES.is_dir():
        return 0, 0
    gc.collect()
    pages = int((FILES.parent / "statm").read_text().split()[1])
    return pages * 4, len(list(FILES.iterdir()))


def _app(app: Application) -> App:
    creds = []
    for c in app.credentials:
        saml = c.usage is not CredentialUsage.SIGN_IN
        kind = "saml" if saml else "secret" if c.type == "clientSecret" else "certificate"
        creds.append(Cred(c.key_id, kind, c.start, c.end, c.usage is not CredentialUsage.SAML_INACTIVE))  # type: ignore[arg-type]
    return App(app.object_id, tuple(creds), tuple(o.id for o in app.owners), app.owner_organization_id, not app.enabled)


def _tell(notice: Notice, alert: Alert) -> tuple[Tell, Why]:
    kind = str(notice.kind)
    if notice.kind is NoticeKind.STAGE and alert.state is AlertState.SUPERSEDED:
        kind = "calm"
    stage = notice.stage if kind in ("stage", "calm") else 0
    reason = "beside" if notice.reason in ("silence", "lastCall", "nominationExpired") else str(notice.reason)
    return Tell(notice.recipient_id, *alert.key, kind, stage), (str(notice.path), reason)


__all__ = ["Receivers", "Simulation", "rows"]
