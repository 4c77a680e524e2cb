"""Answers what people ask by command: states of apps and of the tenant; and the commands that act."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.actions import Actions
from alerts.errors import ArchiveError, OutsideError
from alerts.gate import Gatekeeper
from alerts.ledger import LedgerState, draw_up, states_of
from alerts.model import (
    Action,
    Alert,
    AlertState,
    Application,
    CredentialRecord,
    NominationState,
    Person,
    Policy,
    Role,
    RunStatus,
    ScanRun,
    Verb,
)
from alerts.ports import Clock, OwnerHistory, People, Store, Transaction
from alerts.roles import NOBODY, Roles
from alerts.sending_desk import SendingDesk
from alerts.stages import days_left
from alerts.viewing import by_urgency
from alerts.views import (
    AppLine,
    AppListView,
    AppStatusView,
    HelpView,
    HistoryView,
    ListKind,
    Sentence,
    StatusReport,
    View,
)

log = logging.getLogger(__name__)

#: Apps on one page of a list.
PAGE = 10
#: Apps offered when several match.
CHOICES = 8
#: "Needs you": so many days before expiry and nobody has it.
URGENT_DAYS = 3

_TAKEN = (
    LedgerState.ACKNOWLEDGED,
    LedgerState.NOMINATED,
    LedgerState.EXCLUDED,
    LedgerState.EXPIRED,
    LedgerState.SUPERSEDED,
    LedgerState.RETIRED,
)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a command may ask; every answer depends on who asks."""

    store: Store
    policy: Policy
    clock: Clock
    roles: Roles
    actions: Actions
    #: None when the archive cannot be asked from this process.
    history_source: OwnerHistory | None = None
    people: People | None = None
    #: Starts a scan; False when one is running, None where this process does not scan.
    start_scan: Callable[[], Awaitable[bool | None]] | None = None
    next_scan: Callable[[], datetime | None] = lambda: None
    time_zone: str = "UTC"
    gatekeeper: Gatekeeper = field(default_factory=Gatekeeper)
    #: What admins decide about sending; None where nothing can be let go.
    sending: SendingDesk | None = None

    async def role_of(self, person_id: str) -> Role:
        """Fails closed: MEMBER for anybody not known to be more."""
        return await self.roles.role_of(person_id)

    async def _zone(self, tx: Transaction, person_id: str) -> str:
        known = (await tx.conversations([person_id])).get(person_id)
        return (known.time_zone if known else "") or self.time_zone

    async def _may_read_all(self, person_id: str) -> bool:
        return await self.roles.role_of(person_id) in (Role.ADMIN, Role.SUPPORT)

    # ------------------------------------------------------------ the tenant

    async def status(self, person_id: str) -> View:
        """The state of the tenant, for admins and support."""
        if not await self._may_read_all(person_id):
            return Sentence(key="admins_only")
        async with self.store.reading() as tx:
            zone = await self._zone(tx, person_id)
            return await self.report(tx, zone)

    async def report(self, tx: Transaction, zone: str) -> StatusReport:
        """The one report behind command, page and `audit`."""
        now = self.clock()
        ledger = await draw_up(tx, now, self.policy)
        runs = await tx.runs(20)
        good = next((run for run in runs if run.status is not RunStatus.FAILED), None)
        approvals = [n for n in await tx.nominations_pending() if n.state is NominationState.ACCEPTED]
        urgent = [
            e
            for e in ledger.entries
            if e.state not in _TAKEN
            and e.alert.credential.end is not None
            and now < e.alert.credential.end <= now + timedelta(days=URGENT_DAYS)
        ]
        ownerless = {e.alert.application.object_id for e in ledger.entries if e.alert.path != "currentOwners"}
        return StatusReport(
            now=now,
            time_zone=zone,
            last_run=runs[0] if runs else None,
            last_good_run=good,
            next_scan=self.next_scan(),
            sending=await self._sending(tx, now),
            due=ledger.due,
            ledger={state: number for state, number in ledger.states.items() if number},
            difference=ledger.difference,
            urgent=len(urgent),
            not_told=len({line.alert_id for line in ledger.not_told}),
            approvals=len(approvals),
            oldest_approval=min((n.changed_at for n in approvals), default=None),
            ownerless_due=len(ownerless),
            ownerless_total=good.ownerless if good else 0,
            federated_applications=good.federated if good else 0,
            problems=tuple(_problems(runs, ledger.difference, nobody=bool(await tx.value(NOBODY)))),
        )

    async def _sending(self, tx: Transaction, now: datetime) -> str:
        return (await self.gatekeeper.sending(tx)).value if await self.gatekeeper.may_tell(tx, now) else "paused"

    async def expiring(self, person_id: str, days: int, page: int) -> View:
        """Credentials that expire within so many days, soonest first."""
        if not await self._may_read_all(person_id):
            return Sentence(key="admins_only")
        now = self.clock()
        async with self.store.reading() as tx:
            records = [
                r
                for r in await tx.snapshot_due(now + timedelta(days=days))
                if r.credential.end is not None and r.credential.end > now
            ]
            more = f"expiring {days} page {page + 1}"
            return await self._listed(tx, person_id, ListKind.EXPIRING, records, page, more, days=days)

    async def ownerless(self, person_id: str, page: int) -> View:
        """Apps with a credential and without a counting owner, soonest expiry first."""
        if not await self._may_read_all(person_id):
            return Sentence(key="admins_only")
        async with self.store.reading() as tx:
            records = _first_of_each_app(await tx.snapshot_ownerless(), self.clock())
            return await self._listed(tx, person_id, ListKind.OWNERLESS, records, page, f"ownerless page {page + 1}")

    async def my_apps(self, person_id: str, page: int) -> View:
        """The asker's own apps, soonest expiry first."""
        async with self.store.reading() as tx:
            records = _first_of_each_app(await tx.snapshot_of_owner(person_id), self.clock())
            return await self._listed(tx, person_id, ListKind.MY_APPS, records, page, f"my apps page {page + 1}")

    async def _listed(
        self,
        tx: Transaction,
        person_id: str,
        kind: ListKind,
        records: Sequence[CredentialRecord],
        page: int,
        more: str,
        *,
        days: int = 0,
    ) -> AppListView:
        shown = records[(page - 1) * PAGE : page * PAGE]
        now = self.clock()
        alerts = {a.key: a for a in await self._alerts_of(tx, shown)}
        states = await states_of(tx, list(alerts.values()), now)
        lines = []
        for record in shown:
            alert = alerts.get(record.key)
            end = record.credential.end
            lines.append(
                AppLine(
                    application=record.application,
                    credential=record.credential,
                    days_left=None if end is None else days_left(end, now),
                    owners=tuple(p for p in record.owners if p.counts),
                    state=states.get(record.key, ""),
                    alert_id=alert.id if alert else "",
                    version=alert.version if alert else 0,
                )
            )
        return AppListView(
            kind=kind,
            lines=tuple(lines),
            total=len(records),
            now=now,
            time_zone=await self._zone(tx, person_id),
            more=more if len(records) > page * PAGE else "",
            days=days,
        )

    @staticmethod
    async def _alerts_of(tx: Transaction, records: Iterable[CredentialRecord]) -> list[Alert]:
        """The unclosed alerts of these records' apps."""
        found: list[Alert] = []
        for object_id in dict.fromkeys(record.application.object_id for record in records):
            found.extend(a for a in await tx.alerts_of_app(object_id) if a.closed_at is None)
        return found

    # ------------------------------------------------------------ one app

    async def app_status(self, person_id: str, query: str) -> View:
        """Every credential of one app, its owners and who was told; a list when several match."""
        found = await self._find(person_id, query, "status")
        if not isinstance(found, Application):
            return found
        now = self.clock()
        async with self.store.reading() as tx:
            records = await tx.snapshot_of_apps([found.object_id])
            alerts = await tx.alerts_of_app(found.object_id)
            states = await states_of(tx, alerts, now)
            people = await tx.people([r.person.id for r in await tx.recipients([a.id for a in alerts])])
            told = []
            for delivery in await tx.deliveries_of_alerts([a.id for a in alerts]):
                if delivery.notice_ids and delivery.finished_at is not None and delivery.state == "sent":
                    person = people.get(delivery.recipient_id)
                    if person is not None:
                        told.append((person, delivery.finished_at, str(delivery.channel)))
            first = next(iter(by_urgency(a for a in alerts if a.key in states)), None)
            return AppStatusView(
                application=found,
                records=tuple(_soonest_first(records)),
                states={key_id: state.value for (_, key_id), state in states.items()},
                told=tuple(sorted(told, key=lambda line: line[1], reverse=True)[:10]),
                now=now,
                time_zone=await self._zone(tx, person_id),
                alert_id=first.id if first else "",
                version=first.version if first else 0,
            )

    async def history(self, person_id: str, query: str) -> View:
        """Who owned an app over time and what Steward did about it, for admins and support."""
        if not await self._may_read_all(person_id):
            return Sentence(key="admins_only")
        found = await self._find(person_id, query, "history")
        if not isinstance(found, Application):
            return found
        if self.history_source is None:
            return Sentence(key="archive_unreachable")
        try:
            spells, events = await asyncio.gather(
                self.history_source.spells(found.object_id, self.policy.history_days),
                self.history_source.events_of_app(found.app_id, self.policy.history_days),
            )
        except ArchiveError as error:
            log.warning("history of %s could not be read: %s", found.object_id, error)
            return Sentence(key="archive_unreachable")
        async with self.store.reading() as tx:
            zone = await self._zone(tx, person_id)
        return HistoryView(application=found, spells=spells, events=events, now=self.clock(), time_zone=zone)

    async def _find(self, person_id: str, query: str, command: str) -> Application | View:
        """The one app that is meant; a list to choose from; or the sentence that there is none.

        A member finds only apps that they own or were told about: others do not exist for them.
        """
        async with self.store.reading() as tx:
            everything = await self._may_read_all(person_id)
            apps = await tx.find_apps(query, CHOICES + 1 if everything else 200)
            if not everything:
                own = {r.application.object_id for r in await tx.snapshot_of_owner(person_id)}
                places = [p for p in await tx.recipients_of_person(person_id) if p.on_route]
                alerts = await tx.alerts([place.alert_id for place in places])
                own |= {alert.application.object_id for alert in alerts.values()}
                apps = [app for app in apps if app.object_id in own]
            if not apps:
                return Sentence(key="no_such_app", params={"query": query})
            exact = [a for a in apps if query.lower() in (a.object_id, a.app_id.lower(), a.display_name.lower())]
            if len(apps) == 1 or len(exact) == 1:
                return exact[0] if exact else apps[0]
            records = await tx.snapshot_of_apps([app.object_id for app in apps[:CHOICES]])
            view = await self._listed(tx, person_id, ListKind.CHOICES, _first_of_each_app(records, self.clock()), 1, "")
            return AppListView(
                kind=ListKind.CHOICES,
                lines=view.lines,
                total=len(apps),
                now=view.now,
                time_zone=view.time_zone,
                query=command,
            )

    # ------------------------------------------------------------ commands that act

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
            return Sentence(key="admins_only")
        if self.start_scan is None:
            return Sentence(key="scan_elsewhere")
        started = await self.start_scan()
        if started is None:
            return Sentence(key="scan_elsewhere")
        return Sentence(key="scan_started" if started else "scan_running")

    async def greet(self, person_id: str) -> View | None:
        """The first contact: a greeting, once; None when this person has been greeted already."""
        async with self.store.transaction() as tx:
            if await tx.answer_given(f"greeted:{person_id}") is not None:
                return None
            await tx.save_answer_given(f"greeted:{person_id}", "greeted", self.clock())
        return HelpView(commands=(), greeting=True)


def _soonest_first(records: Iterable[CredentialRecord]) -> list[CredentialRecord]:
    return sorted(
        records,
        key=lambda r: (r.credential.end.timestamp() if r.credential.end else float("inf"), r.credential.key_id),
    )


def _first_of_each_app(records: Iterable[CredentialRecord], now: datetime) -> list[CredentialRecord]:
    """Each app once, by the credential that runs out next; long expired ones do not hide a live one."""
    best: dict[str, CredentialRecord] = {}
    for record in records:
        known = best.get(record.application.object_id)
        if known is None or _rank(record, now) < _rank(known, now):
            best[record.application.object_id] = record
    return sorted(best.values(), key=lambda record: _rank(record, now))


def _rank(record: CredentialRecord, now: datetime) -> tuple[int, float, str]:
    """Not yet expired first by nearness, then without an end, then expired ones, newest first."""
    end = record.credential.end
    if end is None:
        return (1, 0.0, record.credential.key_id)
    seconds = (end - now).total_seconds()
    return (0, seconds, record.credential.key_id) if seconds > 0 else (2, -seconds, record.credential.key_id)


def _problems(runs: Sequence[ScanRun], difference: int, *, nobody: bool) -> Iterable[Sentence]:
    """What is wrong, most serious first."""
    last = runs[0] if runs else None
    if last is not None and last.status is not RunStatus.SUCCEEDED:
        yield Sentence(key=f"scan_{last.status}", params={"errors": "; ".join(last.errors)[:400]})
    if nobody:
        yield Sentence(key="nobody_to_tell")
    if difference:
        yield Sentence(key="ledger_differs", params={"difference": str(difference)})
