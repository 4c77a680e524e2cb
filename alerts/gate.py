"""What is stored about letting go: what an admin decided, and whether sending is paused; the same in all replicas."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.model import Delivery, Notice, Person
from alerts.ports import Transaction
from alerts.roles import PILOT
from alerts.runs import Anew
from alerts.sending import UNSAID, Gate, HeldReason, Sending, SendingRules

#: Names of the stored values; a recalled run's id follows the last.
MODE, PAUSE, RECALL = "sending.mode", "sending.pause", "sending.recalled."

#: A message that waited for so long may have been overtaken by one of a newer stage.
LONG_WAIT = timedelta(minutes=30)

#: How long after its hours a pause still keeps waiting messages back, so that they are decided anew first.
GRACE = timedelta(minutes=10)

#: Name of the stored reason why a restored database tells nothing yet (see restore.py); '' nothing holds.
RESTORE_HOLD = "restore.hold"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """An admin has stopped what tells people of alerts."""

    by: str
    at: datetime
    reason: str
    #: None until somebody resumes.
    until: datetime | None = None

    def over(self, now: datetime) -> bool:
        """Whether its hours are over."""
        return self.until is not None and self.until <= now

    def stops(self, now: datetime) -> bool:
        """Whether nothing may be claimed yet: beyond its hours it is about to be decided anew, for a while."""
        return self.until is None or now < self.until + GRACE


async def read_pause(tx: Transaction) -> Pause | None:
    """The pause that is stored, whether its hours are over or not; None without one."""
    text = await tx.value(PAUSE)
    if not text:
        return None
    stored = json.loads(text)
    until = stored["until"]
    return Pause(
        by=stored["by"],
        at=datetime.fromisoformat(stored["at"]),
        reason=stored["reason"],
        until=datetime.fromisoformat(until) if until else None,
    )


async def save_pause(tx: Transaction, pause: Pause | None) -> None:
    """None ends it."""
    if pause is None:
        await tx.set_value(PAUSE, "")
        return
    fields = {
        "by": pause.by,
        "at": pause.at.isoformat(),
        "reason": pause.reason,
        "until": pause.until.isoformat() if pause.until else None,
    }
    await tx.set_value(PAUSE, json.dumps(fields))


async def may_tell(tx: Transaction, now: datetime) -> bool:
    """Whether what tells people of alerts may be claimed now; asked in every claim of every replica."""
    if await tx.value(RESTORE_HOLD):
        return False
    pause = await read_pause(tx)
    return pause is None or not pause.stops(now)


async def recalled(tx: Transaction, run_id: str) -> bool:
    """Whether an admin has taken back what this run told."""
    return bool(run_id) and await tx.value(f"{RECALL}{run_id}") is not None


async def taken_back(tx: Transaction, delivery: Delivery) -> bool:
    """Whether a message must not go out any more: its run was recalled, or while it waited newer ones took its place."""
    if await recalled(tx, delivery.run_id):
        return True
    if delivery.not_before - delivery.created_at < LONG_WAIT:
        return False
    own = set(delivery.notice_ids)
    notices = [n for n in await tx.notices(delivery.alert_ids) if n.recipient_id == delivery.recipient_id]
    alive = {
        notice_id
        for other in await tx.deliveries_of_alerts(delivery.alert_ids)
        if other.id != delivery.id and other.state not in UNSAID
        for notice_id in other.notice_ids
    }
    newest: dict[str, Notice] = {}
    for notice in notices:
        if notice.id in own or notice.id in alive:
            newest[notice.alert_id] = notice
    return bool(newest) and all(notice.id not in own for notice in newest.values())


@dataclass(frozen=True, kw_only=True)
class Gatekeeper:
    """Makes the gate of a decision, inside its transaction."""

    rules: SendingRules = field(default_factory=SendingRules)

    async def sending(self, tx: Transaction) -> Sending:
        """What is in force: what an admin decided by `go`, else the setting."""
        return Sending(await tx.value(MODE) or self.rules.sending)

    async def may_tell(self, tx: Transaction, now: datetime) -> bool:
        """Whether sending is not paused."""
        return await may_tell(tx, now)

    async def gate(self, tx: Transaction, people: Iterable[Person], *, anew: Anew | None = None) -> Gate:
        """The gate for messages to these people; the brake is for scans and what follows from them."""
        ids = sorted({person.id for person in people})
        sending = await self.sending(tx)
        pilot = frozenset(((await tx.value(PILOT)) or "").split(",")) if sending is Sending.PILOT else frozenset()
        held = [] if anew is Anew.LET_GO or sending is Sending.HOLD else await tx.deliveries_held()
        return Gate(
            rules=self.rules,
            sending=sending,
            pilot_people=pilot - {""},
            braked=frozenset(each.recipient_id for each in held if each.held_reason == HeldReason.BRAKE),
            zones={
                person_id: known.time_zone
                for person_id, known in (await tx.conversations(ids)).items()
                if known.time_zone
            }
            if self.rules.window.hours
            else {},
            brake=anew is None,
        )
