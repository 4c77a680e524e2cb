"""Claim, re-check, send, record: the workers that turn rows of the outbox into messages.

Nothing is sent that has no row; nothing that has a row is forgotten. The connector takes no idempotency
key, so a send whose outcome is unknown is repeated at most once, ten minutes later. That a request is about
to be written is stored before it is: whoever finds such a row after a crash knows that it may have arrived.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.accounting import Accounts, Arrived
from alerts.errors import CalledOff, DeliveryError, Outcome, StewardError
from alerts.gate import may_tell
from alerts.gathered import gathered
from alerts.grouped import Grouped
from alerts.model import Channel, Delivery, DeliveryPurpose, DeliveryState
from alerts.outcomes import UNCLEAR_HOLD, after_failure, after_unclear, ended, handed_back
from alerts.ports import Clock, MailChannel, Sent, Store, TeamsChannel, Transaction
from alerts.preparing import Prepared, Preparer
from alerts.reroute import Rerouter
from alerts.viewing import Viewer
from alerts.views import MailView

log = logging.getLogger(__name__)

#: A claim is void after this long; longer than any send may take.
LEASE_SECONDS = 60.0
#: How long a worker that is told to stop waits for requests that are under way (seconds).
DRAIN_SECONDS = 5.0
#: Messages that are tried first after a service has asked to wait, or could not be reached.
PROBES = 3
#: Graph serves so many requests for one mailbox at a time. Source: learn.microsoft.com/graph/throttling-limits
#: (Outlook service limits).
MAILS_AT_ONCE = 4
#: Seconds for which a send that may begin, and one that has ended, wait for others: they share one commit. Those of one
#: burst come at the same moment.
BEGIN_WAIT, ARRIVAL_WAIT = 0.002, 0.05


@dataclass(kw_only=True, eq=False)
class Job:
    """One claimed row in the hands of this worker."""

    delivery: Delivery
    #: True from the moment at which its request may be written until the outcome is stored.
    begun: bool = False


@dataclass(kw_only=True)
class Deliverer:
    """One worker; several may run on one store, in one process or many."""

    store: Store
    viewer: Viewer
    clock: Clock
    teams: TeamsChannel | None
    mail: MailChannel | None
    rerouter: Rerouter
    #: Cards that are being sent at once by this worker: at 50 calls a second each may take half a second.
    parallel: int = 32
    lease_seconds: float = LEASE_SECONDS
    #: Before the one repeat of a send whose outcome is unknown.
    hold: timedelta = UNCLEAR_HOLD
    #: Why nothing may be claimed now (the clock is not trusted), '' it may.
    stopped: Callable[[], str] = lambda: ""
    #: When each loop last went round, by the monotonic clock: this worker lives.
    _rounds: dict[Channel, float] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    #: Channel -> until when its service has asked everybody to wait; kept until a message has gone through again.
    _shut_until: dict[Channel, datetime] = field(default_factory=dict)
    #: Sends that have not ended.
    _sending: int = field(init=False, repr=False)
    _prepare: Grouped[Delivery, tuple[Prepared | None, str]] = field(init=False, repr=False)
    _begin: Grouped[Job, str] = field(init=False, repr=False)
    _arrive: Grouped[Arrived, None] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._prepare = Grouped(self._prepare_all)
        self._begin = Grouped(self._begin_all, wait=BEGIN_WAIT)
        self._sending = 0
        self._arrive = Grouped(self._arrive_all, wait=ARRIVAL_WAIT, more=lambda: self._sending > 0)

    @property
    def _preparer(self) -> Preparer:
        return Preparer(viewer=self.viewer)

    @property
    def _accounts(self) -> Accounts:
        return Accounts(clock=self.clock, rerouter=self.rerouter, preparer=self._preparer)

    def wake(self) -> None:
        """There may be something to send: do not wait for the next look."""
        self._wake.set()

    def silent_for(self) -> float:
        """Seconds since the loop that is furthest behind went round; 0.0 before they began."""
        return time.monotonic() - min(self._rounds.values(), default=time.monotonic())

    # ------------------------------------------------------------ the loops

    async def run(self, stop: asyncio.Event, poll_seconds: float = 5.0) -> None:
        """Work until `stop`; requests that are under way then are finished, what is not begun is given back."""
        await asyncio.gather(
            self._work(Channel.TEAMS, self.parallel, stop, poll_seconds),
            self._work(Channel.EMAIL, MAILS_AT_ONCE, stop, poll_seconds),
        )

    async def drain(self) -> int:
        """Send all that is due now; returns how many messages were handled."""
        handled = 0
        while count := await self.once():
            handled += count
        return handled

    async def once(self) -> int:
        """Claim a batch and handle it; returns its size."""
        claimed = await self._claim((Channel.TEAMS, self.parallel), (Channel.EMAIL, MAILS_AT_ONCE))
        await asyncio.gather(*(self._safely(Job(delivery=delivery)) for delivery in claimed))
        return len(claimed)

    async def _work(self, channel: Channel, parallel: int, stop: asyncio.Event, poll_seconds: float) -> None:
        jobs: dict[asyncio.Task[None], Job] = {}
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                self._rounds[channel] = time.monotonic()
                self._wake.clear()
                room = parallel - len(jobs)
                # A claim is a write: worth it for several rows, or when there is nothing else to do.
                if room >= max(1, parallel // 4):
                    for delivery in await self._claimed(channel, room):
                        job = Job(delivery=delivery)
                        jobs[asyncio.create_task(self._safely(job))] = job
                waking = asyncio.create_task(self._wake.wait())
                done, _ = await asyncio.wait(
                    {stopping, waking, *jobs}, timeout=poll_seconds, return_when=asyncio.FIRST_COMPLETED
                )
                waking.cancel()
                for task in done & jobs.keys():
                    del jobs[task]  # type: ignore[arg-type]
        finally:
            stopping.cancel()
            await _let_end(jobs)

    async def _claimed(self, channel: Channel, limit: int) -> list[Delivery]:
        try:
            return await self._claim((channel, limit))
        except Exception:
            # The outermost loop: a database that is away must not end delivery.
            log.exception("messages could not be claimed; tried again")
            return []

    async def _claim(self, *wanted: tuple[Channel, int]) -> list[Delivery]:
        """At most so many rows of each channel that is open."""
        if self.stopped():
            return []
        now = self.clock()
        claimed: list[Delivery] = []
        wanted = tuple(each for each in wanted if now >= self._shut_until.get(each[0], now))
        if not wanted:
            return claimed
        async with self.store.transaction() as tx:
            notices = await may_tell(tx, now)
            for channel, room in wanted:
                # After a stop a few find out whether it is over.
                limit = min(room, PROBES) if channel in self._shut_until else room
                most = MAILS_AT_ONCE if channel is Channel.EMAIL else None
                claimed += await tx.claim_deliveries(
                    now, self.lease_seconds, limit, channel=channel, most=most, notices=notices
                )
        return claimed

    async def _safely(self, job: Job) -> None:
        """Handle a row; whatever happens, it must not keep the others from being sent."""
        try:
            await self._handle(job)
        except asyncio.CancelledError:
            await asyncio.shield(self._give_back(job))
        except Exception:
            # The lease runs out by itself.
            log.exception("a delivery failed in an unforeseen way")

    async def _give_back(self, job: Job) -> None:
        """The worker stops: what was not begun is as if it had not been claimed; a request that hangs is unclear."""
        if job.begun:
            await self._failed(job, DeliveryError("the worker was stopped", outcome=Outcome.UNCLEAR, code="stopped"), 0)
            return
        try:
            async with self.store.transaction() as tx:
                await tx.save_delivery(handed_back(job.delivery))
        except StewardError as error:
            log.warning("a message could not be given back, its lease runs out: %s", error)

    # ------------------------------------------------------------ one delivery

    async def _handle(self, job: Job) -> None:
        if job.delivery.begun_at is not None:
            # A worker died with its request under way.
            await self._accounts.settle(
                self.store,
                after_unclear(job.delivery, "interrupted", self.clock(), job.delivery.begun_at + self.hold),
            )
            return
        prepared, reason = await self._prepare(job.delivery)
        if prepared is None:
            await self._call_off(job.delivery, reason or "nothing to say")
            return
        started = time.monotonic()
        self._sending += 1
        try:
            sent = await self._send(job, prepared)
        except CalledOff as why:
            log.info("delivery %s was called off: %s", job.delivery.id, why)
            return
        except DeliveryError as error:
            await self._failed(job, error, _since(started))
            return
        finally:
            self._sending -= 1
        self._shut_until.pop(job.delivery.channel, None)
        await self._arrive(
            Arrived(delivery=job.delivery, sent=sent, took_ms=_since(started), versions=prepared.versions)
        )
        job.begun = False

    async def _send(self, job: Job, prepared: Prepared) -> Sent | None:
        async def last_word() -> None:
            if not job.begun:
                await self._may_begin(job)

        if isinstance(prepared.view, MailView):
            if self.mail is None:
                raise DeliveryError("e-mail is not configured", outcome=Outcome.UNREACHABLE, code="noMail")
            await self.mail.send(prepared.view, last_word)
            return None
        if self.teams is None:
            raise DeliveryError("Teams is not configured", outcome=Outcome.UNREACHABLE, code="noTeams")
        if prepared.card is not None:
            await self.teams.update(prepared.card, prepared.view)
            return None
        return await self.teams.send(prepared.person, prepared.view, last_word)

    async def _may_begin(self, job: Job) -> None:
        """Store that the request is about to be written, unless somebody has answered meanwhile. Raises CalledOff."""
        try:
            reason = await self._begin(job)
        except asyncio.CancelledError:
            # Stored or not: the request is not written.
            job.begun = False
            raise
        if reason:
            raise CalledOff(reason)

    async def _call_off(self, delivery: Delivery, reason: str) -> None:
        async with self.store.transaction() as tx:
            await tx.save_delivery(ended(delivery, DeliveryState.CANCELLED, reason, self.clock()))

    # ------------------------------------------------------------ several at a time

    async def _prepare_all(self, deliveries: Sequence[Delivery]) -> list[tuple[Prepared | None, str]]:
        """What each says now; where it has nothing to say, why not."""
        made = []
        async with self.store.reading() as tx:
            read = gathered(tx, deliveries)
            for delivery in deliveries:
                prepared = await self._preparer.prepare(read, delivery)
                made.append((prepared, "" if prepared else await self._preparer.why_not(read, delivery)))
                # Each is some computing: others may have their turn.
                await asyncio.sleep(0)
        return made

    async def _begin_all(self, jobs: Sequence[Job]) -> list[str]:
        """Store that these are about to be sent; '' for each that may be, else the reason."""
        now = self.clock()
        lease = now + timedelta(seconds=self.lease_seconds)
        begun = {job.delivery.id: replace(job.delivery, begun_at=now, lease_until=lease) for job in jobs}
        async with self.store.transaction() as tx:
            read = gathered(tx, [job.delivery for job in jobs], lock=True)
            decided = [await self._decided(read, job.delivery, begun[job.delivery.id], now) for job in jobs]
            kept = await tx.save_deliveries([row for _, row in decided])
        reasons = [reason if row.id in kept else reason or "another worker has it" for reason, row in decided]
        for job, reason in zip(jobs, reasons, strict=True):
            if not reason:
                job.delivery, job.begun = begun[job.delivery.id], True
        return reasons

    async def _decided(
        self, tx: Transaction, delivery: Delivery, begun: Delivery, now: datetime
    ) -> tuple[str, Delivery]:
        """Why it may not be sent, '' when it may, and the row as it is to be stored."""
        if reason := await self._preparer.why_not(tx, delivery, lock=True):
            return reason, ended(delivery, DeliveryState.CANCELLED, reason, now)
        if delivery.notice_ids and not await may_tell(tx, now):
            return "paused", handed_back(delivery)
        if self.stopped():
            return "stopped", handed_back(delivery)
        return "", begun

    async def _arrive_all(self, arrived: Sequence[Arrived]) -> list[None]:
        await self._accounts.sent(self.store, arrived)
        return [None] * len(arrived)

    # ------------------------------------------------------------ it did not arrive

    async def _failed(self, job: Job, error: DeliveryError, took_ms: int) -> None:
        if error.outcome is Outcome.OURS:
            log.error("our own configuration keeps messages from being sent: %s", error)
        if error.retry_after:
            # Nobody is to try: rows that are claimed meanwhile would only be put back.
            self._shut_until[job.delivery.channel] = self.clock() + timedelta(seconds=error.retry_after)
        jitter = random.uniform(0.5, 1.0)  # noqa: S311 - not a secret
        follows = after_failure(job.delivery, error, self.clock(), jitter=jitter, hold=self.hold)
        if follows.alarm and follows.delivery.state is DeliveryState.FAILED:
            log.error("delivery %s is refused as it is and put aside: %s", job.delivery.id, error)
        if await self._accounts.settle(self.store, follows, took_ms):
            self.wake()
        job.begun = False


async def _let_end(jobs: dict[asyncio.Task[None], Job]) -> None:
    """Give back what is not begun, and wait for requests that are under way."""
    if not jobs:
        return
    for task, job in jobs.items():
        if not job.begun and job.delivery.purpose is not DeliveryPurpose.UPDATE:
            task.cancel()
    _, late = await asyncio.wait(jobs, timeout=DRAIN_SECONDS)
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=1.0)


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
