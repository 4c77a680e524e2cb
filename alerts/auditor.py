"""Every 15 minutes: do the books add up, does anything wait too long, is anybody silent? Repairs once, then reports."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.errors import ArchiveError, Outcome
from alerts.gate import RESTORE_HOLD, Gatekeeper, may_tell
from alerts.ledger import UNREACHABLE, Entry, Ledger, LedgerState, draw_up
from alerts.messages import message
from alerts.model import Channel, Delivery, DeliveryPurpose, Event, Notice, Policy, RunStatus, ScanRun
from alerts.ports import Clock, Spool, Store
from alerts.problems import REPORT, AuditReport, Problem, ProblemKind, stored_report
from alerts.roles import NOBODY

log = logging.getLogger(__name__)

#: Between two looks.
EVERY = timedelta(minutes=15)
#: A message that could have been sent for so long is overdue; so are events on their way to the archive.
OVERDUE = timedelta(minutes=15)
#: A day and a bit: both clock changes, a long scan, another try after a failed one.
SCAN_AGE = timedelta(hours=26)
#: Rows that wait for Log Analytics for longer than an outage of minutes.
UPLOAD_AGE = timedelta(hours=1)
#: A worker says that it lives every few seconds.
WORKER_AGE = timedelta(minutes=5)
#: How long a message that nobody can deliver is spoken of.
DEAD_LETTER_AGE = timedelta(days=1)
#: Tries after which a message that certainly did not arrive says that its channel fails: some minutes of them.
TRIES = 8
#: So many sends with an unknown outcome at once are no chance.
MANY = 10
#: Rows that are looked at of each kind; more are counted as so many.
MOST = 500

#: Name of the stored moment at which a worker was last heard of.
WORKER_SEEN = "seen.worker"

#: States in which somebody must hear of it again, or in which it must be sent yet.
_GOES_ON = frozenset(
    {
        LedgerState.NOMINATED,
        LedgerState.ACKNOWLEDGED,
        LedgerState.SNOOZED,
        LedgerState.READ,
        LedgerState.DELIVERED,
        LedgerState.PENDING,
    }
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that the auditor has seen; what is wrong follows from it alone."""

    now: datetime
    ledger: Ledger
    #: The newest run, and the newest that could read something.
    last_run: ScanRun | None = None
    last_good: ScanRun | None = None
    overdue: tuple[Delivery, ...] = ()
    retried: tuple[Delivery, ...] = ()
    failed: tuple[Delivery, ...] = ()
    #: The oldest event on its way to the archive.
    oldest_event: Event | None = None
    #: When the oldest rows were written that wait for Log Analytics.
    upload_since: datetime | None = None
    nobody: bool = False
    worker_seen: datetime | None = None
    #: Why the clock is not trusted, '' it is.
    clock_trouble: str = ""
    #: Why a restored database tells nothing yet, '' nothing holds.
    restored: str = ""
    #: Whether the process has run, and its clock has not been moved, for as long as `OVERDUE`: until then what
    #: waits may have had no chance.
    settled: bool = True


Found = tuple[ProblemKind, Mapping[str, str]]


def problems_of(facts: Facts) -> Iterator[Found]:
    """Pure: what is wrong, each with what its sentences need."""
    if facts.clock_trouble:
        yield ProblemKind.CLOCK_JUMPED, {"errors": facts.clock_trouble}
    if facts.restored:
        yield ProblemKind.RESTORED, {"errors": facts.restored}
    if facts.nobody:
        yield ProblemKind.NOBODY_TO_TELL, {}
    yield from _scans(facts)
    yield from _channels(facts)
    if facts.ledger.difference:
        yield ProblemKind.LEDGER_DIFFERS, {"difference": str(facts.ledger.difference)}
    if facts.ledger.lost:
        yield ProblemKind.LOST, {"count": str(len(facts.ledger.lost))}
    if stuck := [entry for entry in facts.ledger.entries if _stuck(entry, facts)]:
        yield ProblemKind.NO_NEXT_STEP, {"count": str(len(stuck))}
    if facts.settled:
        yield from _late(facts)
    dead = [d for d in facts.failed if _dead_letter(d, facts.now)]
    if dead:
        yield ProblemKind.DEAD_LETTERS, {"count": str(len(dead)), "errors": _codes(dead)}


def _scans(facts: Facts) -> Iterator[Found]:
    last, good = facts.last_run, facts.last_good
    if last is not None and last.status is not RunStatus.SUCCEEDED:
        kind = ProblemKind.SCAN_FAILED if last.status is RunStatus.FAILED else ProblemKind.SCAN_PARTIAL
        known = good.started_at.isoformat() if good is not None else ""
        read = str(last.applications + last.enterprise_applications)
        yield kind, {"errors": "; ".join(last.errors)[:400], "count": read, "at": known}
    if facts.settled and (last is None or facts.now - last.started_at > SCAN_AGE):
        yield ProblemKind.SCAN_MISSED, {"at": last.started_at.isoformat() if last is not None else ""}


def _channels(facts: Facts) -> Iterator[Found]:
    """A channel fails by our own fault, after minutes of tries in vain, or when many sends end in nobody knows what."""
    for channel, kind in ((Channel.TEAMS, ProblemKind.TEAMS_FAILING), (Channel.EMAIL, ProblemKind.MAIL_FAILING)):
        own = [d for d in facts.retried if d.channel is channel]
        unclear = [d for d in own if d.trouble == Outcome.UNCLEAR]
        failing = [d for d in own if d.trouble == Outcome.OURS or d.attempts >= TRIES]
        if len(unclear) >= MANY:
            failing += unclear
        if failing:
            yield kind, {"count": str(len(failing)), "errors": failing[-1].error[:200]}


def _late(facts: Facts) -> Iterator[Found]:
    if facts.overdue:
        yield ProblemKind.OVERDUE, {"count": str(len(facts.overdue))}
    if facts.worker_seen is None or facts.now - facts.worker_seen > WORKER_AGE:
        yield ProblemKind.WORKERS_SILENT, {"at": facts.worker_seen.isoformat() if facts.worker_seen else ""}
    if facts.oldest_event is not None and facts.now - facts.oldest_event.at > OVERDUE:
        yield ProblemKind.EVENTS_STUCK, {"at": facts.oldest_event.at.isoformat()}
    if facts.upload_since is not None and facts.now - facts.upload_since > UPLOAD_AGE:
        yield ProblemKind.UPLOAD_FAILING, {"at": facts.upload_since.isoformat()}


def _stuck(entry: Entry, facts: Facts) -> bool:
    """Nothing lies ahead of it although it has not run out, or what lies ahead should have come long ago.

    A message that waits for too long is late, which is a problem of its own.
    """
    end, now = entry.alert.credential.end, facts.now
    if entry.state not in _GOES_ON or end is None or end <= now:
        return False
    if entry.next_at is None:
        return True
    return facts.settled and entry.state is not LedgerState.PENDING and now - entry.next_at > SCAN_AGE


def _dead_letter(delivery: Delivery, now: datetime) -> bool:
    unreachable = delivery.error_code.startswith(UNREACHABLE)
    return not unreachable and delivery.finished_at is not None and now - delivery.finished_at < DEAD_LETTER_AGE


def _codes(deliveries: list[Delivery]) -> str:
    return ", ".join(sorted({d.error_code or d.state for d in deliveries})[:5])


@dataclass(kw_only=True)
class Auditor:
    """One look, by one replica at a time."""

    store: Store
    policy: Policy
    clock: Clock
    archive: Spool | None = None
    #: Whether e-mail is configured: what is repaired goes out on every channel.
    mail: bool = False
    #: What is repaired is held like everything else.
    gatekeeper: Gatekeeper = field(default_factory=Gatekeeper)
    clock_trouble: Callable[[], str] = lambda: ""
    #: Whether the process has run for `OVERDUE` and nobody has moved its clock meanwhile.
    settled: Callable[[], bool] = lambda: True

    async def once(self) -> AuditReport:
        """Look, repair what can be repaired, look again, and keep the report."""
        facts = await self._look()
        repaired = 0
        if facts.ledger.lost:
            repaired = await self._repair(facts.ledger.lost)
        uploaded = await self._upload(facts)
        if repaired or uploaded:
            facts = await self._look()
        return await self._keep(facts, repaired)

    async def _look(self) -> Facts:
        now = self.clock()
        async with self.store.reading() as tx:
            runs = await tx.runs(20)
            events = await tx.events_waiting(1)
            telling = await may_tell(tx, now)
            overdue = await tx.deliveries_overdue(now - OVERDUE, MOST)
            seen = await tx.value(WORKER_SEEN)
            return Facts(
                now=now,
                ledger=await draw_up(tx, now, self.policy),
                last_run=runs[0] if runs else None,
                last_good=next((run for run in runs if run.status is not RunStatus.FAILED), None),
                # What is paused on purpose is not late.
                overdue=tuple(each for each in overdue if telling or not each.notice_ids),
                retried=tuple(await tx.deliveries_retried(MOST)),
                failed=tuple(await tx.deliveries_failed(MOST)),
                oldest_event=events[0] if events else None,
                upload_since=self.archive.waiting_since() if self.archive is not None else None,
                nobody=bool(await tx.value(NOBODY)),
                worker_seen=datetime.fromisoformat(seen) if seen else None,
                clock_trouble=self.clock_trouble(),
                restored=await tx.value(RESTORE_HOLD) or "",
                settled=self.settled(),
            )

    async def _repair(self, lost: tuple[Notice, ...]) -> int:
        """Put what stands in no message into one; the transaction makes sure that it still stands in none."""
        now = self.clock()
        made: list[Delivery] = []
        async with self.store.transaction() as tx:
            alerts = await tx.alerts([notice.alert_id for notice in lost], lock=True)
            still = {notice.id for notice in (await draw_up(tx, now, self.policy)).lost}
            for notice in lost:
                if notice.id in still and notice.alert_id in alerts:
                    made += [self._carrier(notice, channel, now) for channel in self._channels()]
            people = await tx.people(sorted({delivery.recipient_id for delivery in made}))
            gate = await self.gatekeeper.gate(tx, people.values())
            await tx.add_deliveries(gate.sift(made, alerts, people, now))
        log.error("%s notices stood in no message; they do now", len(made))
        return len(made)

    def _channels(self) -> tuple[Channel, ...]:
        return (Channel.TEAMS, Channel.EMAIL) if self.mail else (Channel.TEAMS,)

    @staticmethod
    def _carrier(notice: Notice, channel: Channel, now: datetime) -> Delivery:
        return message(
            DeliveryPurpose.ALERT,
            notice.recipient_id,
            now,
            channel=channel,
            run_id=notice.run_id,
            notice_ids=[notice.id],
            alert_ids=[notice.alert_id],
        )

    async def _upload(self, facts: Facts) -> bool:
        """Try again what Log Analytics has not acknowledged for long."""
        if self.archive is None or facts.upload_since is None or facts.now - facts.upload_since <= UPLOAD_AGE:
            return False
        try:
            await self.archive.upload()
        except ArchiveError as error:
            log.warning("the spool could not be uploaded: %s", error)
            return False
        return True

    async def _keep(self, facts: Facts, repaired: int) -> AuditReport:
        async with self.store.transaction() as tx:
            before = await stored_report(tx)
            known = {problem.kind: problem.since for problem in before.problems} if before else {}
            report = AuditReport(
                at=facts.now,
                run_id=facts.ledger.run_id,
                due=facts.ledger.due,
                states={state: number for state, number in facts.ledger.states.items() if number},
                difference=facts.ledger.difference,
                overdue=len(facts.overdue),
                not_told=len(facts.ledger.not_told),
                repaired=repaired,
                last_scan_at=facts.last_run.started_at if facts.last_run else None,
                problems=tuple(
                    Problem(kind=kind, since=known.get(kind, _began(kind, facts)), params=params)
                    for kind, params in problems_of(facts)
                ),
            )
            await tx.set_value(REPORT, report.to_json())
        return report


def _began(kind: ProblemKind, facts: Facts) -> datetime:
    """A problem of a scan begins with the scan; any other when it is first seen."""
    if kind in (ProblemKind.SCAN_FAILED, ProblemKind.SCAN_PARTIAL) and facts.last_run is not None:
        return facts.last_run.started_at
    return facts.now


__all__ = ["EVERY", "WORKER_SEEN", "Auditor", "Facts", "problems_of"]
