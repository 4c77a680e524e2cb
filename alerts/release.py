"""Lets go of what is held, pauses and resumes: by an admin's command or when a pause's hours are over; on the record."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.engine import Engine
from alerts.events import sending_event
from alerts.gate import MODE, Pause, read_pause, save_pause
from alerts.holding import refresh_cards
from alerts.model import EventType, Person
from alerts.ports import Clock, Store
from alerts.roles import Roles
from alerts.runs import Anew, Decision
from alerts.sending import Sending

log = logging.getLogger(__name__)

#: One replica at a time ends a pause whose hours are over.
LEASE, LEASE_SECONDS = "sending.resume", 120.0


@dataclass(frozen=True, kw_only=True)
class LetGo:
    """What came of letting go."""

    #: By which it can be recalled.
    run_id: str
    #: How many are told by it.
    people: int
    notices: int
    #: How many of these people are told only when their working hours begin.
    waiting: int
    #: How many are held still.
    held: int


def release_id(now: datetime) -> str:
    """As a scan's run id, and as such on the record."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


@dataclass(kw_only=True)
class Releaser:
    """What an admin decides about sending; who may is decided by the caller."""

    store: Store
    clock: Clock
    engine: Engine
    roles: Roles
    #: This process, among the replicas.
    holder: str = "steward"
    wake: Callable[[], None] = lambda: None

    async def go(self, sending: Sending, by: Person) -> LetGo:
        """Tell the pilot, or everybody, from now on; what is held is decided anew and told by its newest stage.

        The decision is stored first: dying after it loses nothing, for the next scan decides anew as well.
        """
        now = self.clock()
        async with self.store.transaction() as tx:
            before = await self.engine.gatekeeper.sending(tx)
            await tx.set_value(MODE, sending.value)
            await tx.add_audit(now, by.id, "go", "sending", before.value, sending.value)
            event = sending_event(EventType.RELEASED, now, by, reason=sending.value, details={"before": before.value})
            await tx.add_events([event])
        run_id = release_id(now)
        decision = await self.engine.decide_anew(run_id, now, Anew.LET_GO)
        return await self._outcome(run_id, decision, now)

    async def pause(self, hours: int | None, reason: str, by: Person) -> Pause:
        """Stop telling people of alerts, in all replicas, until it is resumed or the hours are over."""
        now = self.clock()
        pause = Pause(by=by.id, at=now, reason=reason, until=now + timedelta(hours=hours) if hours else None)
        async with self.store.transaction() as tx:
            before = await read_pause(tx)
            await save_pause(tx, pause)
            until = pause.until.isoformat() if pause.until else ""
            await tx.add_audit(now, by.id, "pause", "sending", _text(before), _text(pause))
            await tx.add_events([sending_event(EventType.HELD, now, by, reason=reason, details={"until": until})])
            await refresh_cards(tx, now)
        self.wake()
        return pause

    async def resume(self, by: Person | None) -> LetGo | None:
        """End the pause; what has waited through it is decided anew, newest stage only. None when there is none."""
        now = self.clock()
        async with self.store.reading() as tx:
            pause = await read_pause(tx)
        if pause is None:
            return None
        run_id = release_id(now)
        # While it is still in force nothing is claimed, so nothing is sent that is just being replaced.
        decision = await self.engine.decide_anew(run_id, now, Anew.RESUMED)
        async with self.store.transaction() as tx:
            if await read_pause(tx) == pause:
                await save_pause(tx, None)
                await tx.add_audit(now, by.id if by else "", "resume", "sending", _text(pause), "")
                reason = "" if by else "its hours are over"
                await tx.add_events([sending_event(EventType.RELEASED, now, by, reason=reason)])
        return await self._outcome(run_id, decision, now)

    async def tick(self) -> LetGo | None:
        """End a pause whose hours are over; asked every minute by every worker."""
        now = self.clock()
        async with self.store.reading() as tx:
            pause = await read_pause(tx)
        if pause is None or not pause.over(now):
            return None
        async with self.store.transaction() as tx:
            if not await tx.acquire_lease(LEASE, self.holder, now, LEASE_SECONDS):
                return None
        log.info("the pause until %s is over", pause.until)
        return await self.resume(None)

    async def _outcome(self, run_id: str, decision: Decision, now: datetime) -> LetGo:
        async with self.store.transaction() as tx:
            own = await tx.deliveries_of_run(run_id)
            held = await tx.deliveries_held()
            await refresh_cards(tx, now)
        self.wake()
        return LetGo(
            run_id=run_id,
            people=decision.people_told,
            notices=decision.notices_queued,
            waiting=len({d.recipient_id for d in own if d.not_before > now and d.state == "pending"}),
            held=len({d.recipient_id for d in held}),
        )


def _text(pause: Pause | None) -> str:
    if pause is None:
        return ""
    return f"until {pause.until.isoformat() if pause.until else 'resumed'}: {pause.reason}"
