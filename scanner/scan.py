"""One scan of the tenant: read, decide, write records, upload, and the run's row last of all."""

import asyncio
import json
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from alerts.errors import ArchiveError, GraphError
from alerts.events import event_id
from alerts.model import (
    Decision,
    Event,
    EventType,
    Person,
    PersonKind,
    PreviousOwner,
    Quarantine,
    RunStatus,
    ScannedTenant,
    ScanRun,
)
from alerts.ports import (
    AppPage,
    AppRegistry,
    Archive,
    Clock,
    Completeness,
    GraphUsage,
    LastUse,
    OwnerHistory,
    People,
    Store,
)
from alerts.slices import slices
from scanner.listing import Listing
from scanner.memory import give_back, undisturbed
from scanner.metrics import SCAN_PROGRESS, note_scan
from scanner.people import ScanPeople
from scanner.scratch import Scratch
from scanner.stall import StallMonitor

log = logging.getLogger(__name__)

T = TypeVar("T")

#: (phase, done, total); total 0 when it is not known.
Progress = Callable[[str, int, int], None]

APPLICATIONS, ENTERPRISE, PEOPLE, HISTORY = "applications", "enterprise_applications", "people", "history"
FEDERATED, LAST_USE = "federated_credentials", "last_use"
DECIDE, RECORDS, UPLOAD = "decide", "records", "upload"

#: Beside the phases: the longest time for which the event loop stood still.
LONGEST_STALL = "longest_stall"

#: Store value: object id -> app id of the enterprise apps that were disabled at the last complete look, as JSON.
DISABLED = "scan.disabled"
#: Store value: object id -> names of its federated credentials as last read, as JSON.
FEDERATED_NAMES = "scan.federated"
#: Store value: creation dates at which the next listing is cut into parts, as JSON.
CUTS = "scan.cuts"
#: Owners of these kinds need no account to be known: they are never counting owners.
NEVER_COUNT = (PersonKind.SERVICE_PRINCIPAL, PersonKind.GROUP)
#: Apps worked through before the event loop gets a turn.
BREATH = 500


class Decider(Protocol):
    """The core's engine."""

    async def decide(self, scan: ScannedTenant) -> Decision:
        """Judge a scan, write records' snapshot, alerts, notices and deliveries to the store."""


def no_progress(phase: str, done: int, total: int) -> None:
    """For whoever does not watch."""


async def _no_roles() -> list[str]:
    return []


@dataclass(kw_only=True)
class Scanner:
    """Runs scans; one at a time is the schedule's affair.

    1. app registrations and enterprise apps, side by side; enterprise apps without credentials are forgotten at
       once, but for the app ids of disabled ones;
    2. people: all owners with their managers, in bulk;
    3. previous owners of ownerless apps: from the store, the rest by one query of the archive;
    4. the engine decides; records go to the archive's spool and from there to Log Analytics;
    5. the run's row, only now.

    What could not be read is named in the run's errors, and the run is partial; nothing is closed by it.
    """

    registry: AppRegistry
    people: People
    history: OwnerHistory
    archive: Archive
    store: Store
    engine: Decider
    clock: Clock
    tenant_id: str
    history_days: int
    #: Reads admins and fallback recipients anew before the decision; returns problems as sentences.
    refresh_roles: Callable[[], Awaitable[list[str]]] = _no_roles
    #: None where the setting is off.
    last_use: LastUse | None = None
    #: Where a large tenant's apps may stand during a scan; the system's temporary folder when None.
    scratch_folder: Path | None = None
    #: Seconds for which the event loop stood still at most during the last scan, and those of them that it was busy.
    longest_stall: float = field(default=0.0, init=False)
    longest_busy: float = field(default=0.0, init=False)

    async def scan(self, progress: Progress = no_progress) -> ScanRun:
        """Run one scan to its end and return its report; outside failures end up in the report.

        Raises:
            StewardError: the store failed, so nothing could be decided.
        """
        async with StallMonitor() as monitor:
            run = await _Scan(self, progress, monitor).run()
        self.longest_stall, self.longest_busy = monitor.longest, monitor.longest_busy
        log.info(
            "scan %s %s: %d app registrations, %d enterprise apps, %d credentials, %d requests to Graph (%d throttled, "
            "%d resource units), %.1f s, longest event loop stall %.0f ms",
            run.run_id, run.status, run.applications, run.enterprise_applications, run.credentials, run.requests,
            run.throttled, run.resource_units, run.seconds, 1000 * monitor.longest,
        )  # fmt: skip
        for error in run.errors:
            log.warning("scan %s: %s", run.run_id, error)
        note_scan(run)
        return run


class _Scan:
    """One run and what it has gathered so far."""

    def __init__(self, scanner: Scanner, progress: Progress, monitor: StallMonitor) -> None:
        self._is = scanner
        self._progress = progress
        self._monitor = monitor
        self._began = time.perf_counter()
        self._started_at = scanner.clock()
        self._run_id = f"{self._started_at:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
        self._seconds: dict[str, float] = {}
        self._missing: list[str] = []
        self._problems: list[str] = []
        self._quarantined: list[Quarantine] = []
        # Readers may be shared with other work and with each other: what counts is what this run adds.
        usages = {id(usage): usage for usage in (scanner.registry.usage, scanner.people.usage)}
        if scanner.last_use is not None:
            usages[id(scanner.last_use.usage)] = scanner.last_use.usage
        self._usages = [(usage, replace(usage)) for usage in usages.values()]
        self._expected: dict[str, int] = {}
        self._people = ScanPeople(scanner.people, scanner.store, self._started_at)

    async def run(self) -> ScanRun:
        with undisturbed(), closing(Scratch(self._is.scratch_folder)) as apps:
            run, decision = await self._read_and_decide(apps)
            # What was read is garbage by now: writing the records down needs the room.
            give_back()
            run, spooled = await self._keep_records(run, decision)
        give_back()
        return await self._write_down(run, spooled)

    async def _read_and_decide(self, apps: Scratch) -> tuple[ScanRun, Decision]:
        cuts = await self._remembered()
        # Its report has a slow pace of its own, and nothing waits for it until the decision.
        last_used = asyncio.create_task(self._last_used())
        try:
            return await self._read_beside(apps, cuts, last_used)
        finally:
            last_used.cancel()

    async def _read_beside(
        self, apps: Scratch, cuts: list[datetime], last_used: "asyncio.Task[Mapping[str, datetime]]"
    ) -> tuple[ScanRun, Decision]:
        is_ = self._is
        registrations, enterprise, found, _ = await asyncio.gather(
            self._read(APPLICATIONS, partial(is_.registry.applications, cuts=cuts), Listing(apps)),
            self._read(ENTERPRISE, is_.registry.enterprise_applications, Listing(apps)),
            self._extra(FEDERATED, "federated credentials", is_.registry.federated),
            self._people.begin(),
        )
        disabled = await self._disabled(enterprise)
        federated = await self._federated(found)
        await self._remember_cuts(registrations)
        unreadable = bool(self._missing) and not registrations.seen and not enterprise.seen
        applications, enterprise_applications = len(registrations.seen), len(enterprise.seen)
        owner_ids = registrations.owner_ids | enterprise.owner_ids
        # A large tenant's ids are of no more use, and the decision needs the room.
        del registrations, enterprise
        give_back()
        people = await self._owners(apps, owner_ids)
        previous, history_failed = await self._previous_owners(apps, people)
        people = await self._previous_people(previous, people)
        self._problems += await is_.refresh_roles()
        tenant = ScannedTenant(
            run_id=self._run_id,
            started_at=self._started_at,
            tenant_id=is_.tenant_id,
            applications=apps,
            disabled_app_ids=disabled,
            people=people,
            previous_owners=previous,
            history_failed=history_failed,
            last_used=await last_used,
            federated=federated,
            quarantined=tuple(self._quarantined),
            missing=tuple(self._missing),
        )
        give_back()
        with self._phase(DECIDE):
            decision = await is_.engine.decide(tenant)
            # The engine has saved this scan's people.
            await self._people.commit()
        status = RunStatus.FAILED if unreadable else RunStatus.PARTIAL if self._missing else RunStatus.SUCCEEDED
        run = ScanRun(
            run_id=self._run_id,
            status=status,
            started_at=self._started_at,
            finished_at=self._started_at,
            applications=applications,
            enterprise_applications=enterprise_applications,
            credentials=decision.credentials,
            quarantined=len(self._quarantined),
            ownerless=decision.ownerless,
            ownerless_without_any=decision.ownerless_without_any,
            federated=len(tenant.federated),
            due=decision.due,
            expired=decision.expired,
            notices_queued=decision.notices_queued,
        )
        return run, decision

    # ------------------------------------------------------------ reading

    async def _remembered(self) -> list[datetime]:
        """Where to cut the listing; the last good run's numbers become the progress bar's totals."""
        async with self._is.store.reading() as tx:
            cuts = json.loads(await tx.value(CUTS) or "[]")
            for run in await tx.runs(5):
                if run.status is RunStatus.SUCCEEDED:
                    self._expected = {APPLICATIONS: run.applications, ENTERPRISE: run.enterprise_applications}
                    break
        return [datetime.fromisoformat(cut) for cut in cuts]

    async def _remember_cuts(self, registrations: Listing) -> None:
        if registrations.complete:
            cuts = self._is.registry.cuts(registrations.created)
            async with self._is.store.transaction() as tx:
                await tx.set_value(CUTS, json.dumps([cut.isoformat() for cut in cuts]))

    async def _read(
        self, phase: str, listing: Callable[[Completeness], AsyncIterator[AppPage]], found: Listing
    ) -> Listing:
        completeness = Completeness()
        SCAN_PROGRESS.labels(phase).set(0)
        with self._phase(phase):
            try:
                async for page in listing(completeness):
                    found.add(page)
                    SCAN_PROGRESS.labels(phase).set(len(found.seen))
                    self._progress(phase, len(found.seen), max(self._expected.get(phase, 0), len(found.seen)))
            except GraphError as error:
                completeness.missing.append(f"all {phase.replace('_', ' ')}: {error}")
        found.complete = not completeness.missing
        self._missing += completeness.missing
        self._quarantined += completeness.quarantined
        self._quarantined += [note for notes in found.quarantined.values() for note in notes]
        return found

    async def _extra(self, phase: str, name: str, read: Callable[[], Awaitable[T]]) -> T | None:
        """What a scan is no less complete without: a failure is a problem, nothing is missing, and None comes back."""
        with self._phase(phase):
            try:
                return await read()
            except GraphError as error:
                self._problems.append(f"{name}: {error}")
                return None

    async def _last_used(self) -> Mapping[str, datetime]:
        report = self._is.last_use
        return (await self._extra(LAST_USE, "last use of credentials", report.last_used) if report else None) or {}

    async def _federated(self, found: dict[str, tuple[str, ...]] | None) -> dict[str, tuple[str, ...]]:
        """Names of federated credentials; as last read where this run could not."""
        if found is None:
            async with self._is.store.reading() as tx:
                known: dict[str, list[str]] = json.loads(await tx.value(FEDERATED_NAMES) or "{}")
            return {object_id: tuple(names) for object_id, names in known.items()}
        async with self._is.store.transaction() as tx:
            await tx.set_value(FEDERATED_NAMES, json.dumps(found))
        return found

    async def _disabled(self, enterprise: Listing) -> frozenset[str]:
        """App ids whose enterprise app is disabled; what this run could not see is as it was."""
        disabled = enterprise.disabled
        if enterprise.complete:
            async with self._is.store.transaction() as tx:
                await tx.set_value(DISABLED, json.dumps(disabled))
        else:
            async with self._is.store.reading() as tx:
                known: dict[str, str] = json.loads(await tx.value(DISABLED) or "{}")
            disabled = {
                **{object_id: app_id for object_id, app_id in known.items() if object_id not in enterprise.seen},
                **disabled,
            }
        return frozenset(disabled.values())

    async def _owners(self, apps: Scratch, ids: set[str]) -> dict[str, Person]:
        """Owners and their managers; apps whose owners nobody knows now are left to their last record."""
        ids |= await self._people_at_work()
        with self._phase(PEOPLE):
            SCAN_PROGRESS.labels(PEOPLE).set(0)
            self._progress(PEOPLE, 0, len(ids))
            try:
                people = await self._people.read(ids)
            except GraphError as error:
                self._missing.append(f"owners and managers: {error}")
                people = await self._known(ids)
                async for app in breathing(apps.owners()):
                    if not all(owner.id in people or owner.kind in NEVER_COUNT for owner in app.owners):
                        apps.discard(app.object_id)
            SCAN_PROGRESS.labels(PEOPLE).set(len(ids))
            self._progress(PEOPLE, len(ids), len(ids))
        return people

    async def _people_at_work(self) -> set[str]:
        """Ids of those who answered, take part in a nomination, or were told beside the route: their accounts decide too."""
        async with self._is.store.reading() as tx:
            ids: set[str] = set()
            for part in slices(await tx.unclosed_keys(), BREATH):
                alerts = await tx.alerts(part)
                ids |= {alert.answer.by.id for alert in alerts.values() if alert.answer is not None}
                places = await tx.recipients(part)
                ids |= {place.person.id for place in places if place.on_route and place.beside}
            for nomination in await tx.nominations_pending():
                ids |= {nomination.nominee.id, nomination.nominator.id}
        return ids

    async def _known(self, ids: set[str]) -> dict[str, Person]:
        """These people and their managers as last read."""
        async with self._is.store.reading() as tx:
            people = await tx.people(sorted(ids))
            managers = {person.manager_id for person in people.values()} - people.keys() - {""}
            return {**await tx.people(sorted(managers)), **people}

    async def _previous_owners(
        self, apps: Scratch, people: Mapping[str, Person]
    ) -> tuple[dict[str, tuple[PreviousOwner, ...]], str]:
        """Previous owners of ownerless apps, and why the archive could not be asked ('' when it could)."""
        counting = {person_id for person_id, person in people.items() if person.counts}
        ownerless = [
            app.object_id
            async for app in breathing(apps.owners())
            if not any(owner.id in counting for owner in app.owners)
        ]
        if not ownerless:
            return {}, ""
        with self._phase(HISTORY):
            async with self._is.store.reading() as tx:
                remembered = await tx.owners_seen(ownerless)
            previous = {object_id: self._fresh(owners) for object_id, owners in remembered.items()}
            previous = {object_id: owners for object_id, owners in previous.items() if owners}
            unknown = [object_id for object_id in ownerless if object_id not in previous]
            if not unknown:
                return previous, ""
            try:
                found = await self._is.history.previous_owners(unknown, self._is.history_days)
            except ArchiveError as error:
                self._problems.append(f"previous owners of {len(unknown)} apps: {error}")
                return previous, str(error)
            return {**found, **previous}, ""

    def _fresh(self, owners: Sequence[PreviousOwner]) -> tuple[PreviousOwner, ...]:
        return tuple(owner for owner in owners if (self._started_at - owner.seen).days < self._is.history_days)

    async def _previous_people(
        self, previous: Mapping[str, Sequence[PreviousOwner]], people: dict[str, Person]
    ) -> dict[str, Person]:
        """Everybody, previous owners and their managers of then and now included."""
        entries = [entry for owners in previous.values() for entry in owners]
        ids = {entry.person.id for entry in entries}
        ids |= {entry.manager.id for entry in entries if entry.manager is not None}
        unknown = ids - people.keys()
        if not unknown:
            return people
        with self._phase(PEOPLE):
            try:
                more = await self._people.read(unknown)
            except GraphError as error:
                self._missing.append(f"previous owners and their managers: {error}")
                more = await self._known(unknown)
        return {**more, **people}

    # ------------------------------------------------------------ writing down

    async def _keep_records(self, run: ScanRun, decision: Decision) -> tuple[ScanRun, bool]:
        """Records into the spool; the run, partial if that failed, and whether it did not."""
        with self._phase(RECORDS):
            try:
                await self._is.archive.append_records(run, decision.records)
            except ArchiveError as error:
                self._missing.append(f"the records of this run could not be kept: {error}")
                return (replace(run, status=RunStatus.PARTIAL) if run.status is RunStatus.SUCCEEDED else run), False
        return run, True

    async def _write_down(self, run: ScanRun, spooled: bool) -> ScanRun:
        """The spool to Log Analytics, the run into the store, its row last."""
        is_ = self._is
        uploaded = False
        with self._phase(UPLOAD):
            try:
                await is_.archive.upload()
                uploaded = True
            except ArchiveError as error:
                self._problems.append(f"upload to Log Analytics: {error}")
        run = self._finished(replace(run, records_uploaded=is_.archive.records_uploaded(run.run_id)))
        async with is_.store.transaction() as tx:
            await tx.save_run(run)
            await tx.add_events(self._error_events(run))
        if spooled:
            try:
                await is_.archive.append_run(run)
                if uploaded:
                    await is_.archive.upload()
            except ArchiveError as error:
                # The row waits in the spool; the run in the store says so.
                run = replace(run, errors=(*run.errors, f"the row of this run: {error}"))
                async with is_.store.transaction() as tx:
                    await tx.save_run(run)
        return run

    def _finished(self, run: ScanRun) -> ScanRun:
        spent = GraphUsage()
        for now, before in self._usages:
            spent.requests += now.requests - before.requests
            spent.throttled += now.throttled - before.throttled
            spent.resource_units += now.resource_units - before.resource_units
        elapsed = time.perf_counter() - self._began
        seconds = {**self._seconds, LONGEST_STALL: self._monitor.longest}
        return replace(
            run,
            # The clock of a practice tenant may leap a day in mid-scan; the duration is what was measured.
            finished_at=_later(self._started_at, elapsed),
            requests=spent.requests,
            throttled=spent.throttled,
            resource_units=spent.resource_units,
            phase_seconds={phase: round(spell, 3) for phase, spell in seconds.items()},
            errors=(*self._missing, *self._problems),
        )

    def _error_events(self, run: ScanRun) -> list[Event]:
        return [
            Event(
                event_id=event_id(EventType.SCAN_ERROR, run.run_id, number),
                at=run.finished_at,
                type=EventType.SCAN_ERROR,
                run_id=run.run_id,
                reason=error,
            )
            for number, error in enumerate(run.errors)
        ]

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - began


async def breathing(items: Iterable[T]) -> AsyncIterator[T]:
    """The same items; the event loop gets a turn every BREATH of them."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % BREATH == 0:
            await asyncio.sleep(0)


def _later(start: datetime, seconds: float) -> datetime:
    return datetime.fromtimestamp(start.timestamp() + seconds, start.tzinfo)
