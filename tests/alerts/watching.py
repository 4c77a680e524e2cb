"""A world with a watchman: its auditor, its alarms, and ways to break what they watch."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text

from alerts.alarms import Alarms
from alerts.auditor import WORKER_SEEN, Auditor
from alerts.errors import ArchiveError
from alerts.model import RunStatus, ScanRun
from alerts.problems import AuditReport
from alerts.views import AlarmView
from tests.alerts.world import World


@dataclass
class FullSpool:
    """Rows that wait for Log Analytics, and a service that may be away."""

    since: datetime | None = None
    away: bool = True
    asked: int = 0

    def waiting_since(self) -> datetime | None:
        return self.since

    async def upload(self) -> int:
        self.asked += 1
        if self.away:
            raise ArchiveError("503")
        self.since = None
        return 1


@dataclass
class Watched:
    """The watchman of a world; time is the world's."""

    world: World
    spool: FullSpool = field(default_factory=FullSpool)
    settled: bool = True
    clock_trouble: str = ""
    worker_lives: bool = True

    def __post_init__(self) -> None:
        world = self.world
        self.auditor = Auditor(
            store=world.store,
            policy=world.policy,
            clock=world.clock,
            archive=self.spool,
            mail=True,
            gatekeeper=world.gatekeeper,
            clock_trouble=lambda: self.clock_trouble,
            settled=lambda: self.settled,
        )
        self.alarms = Alarms(
            store=world.store, clock=world.clock, roles=world.roles, teams=world.inbox, mail=world.mailbox
        )

    async def look(self) -> AuditReport:
        """One round of the watchman: audit, then tell."""
        if self.worker_lives:
            async with self.world.store.transaction() as tx:
                await tx.set_value(WORKER_SEEN, self.world.now.isoformat())
        # The archive takes everything at once.
        async with self.world.store.transaction() as tx:
            await tx.events_archived([event.event_id for event in await tx.events_waiting(10_000)])
        report = await self.auditor.once()
        await self.alarms.tell(report)
        return report

    async def kinds(self) -> list[str]:
        return [problem.kind.value for problem in (await self.look()).problems]

    async def run_ended(self, status: RunStatus, *errors: str, age: timedelta = timedelta()) -> None:
        """The newest run ended like this."""
        at = self.world.now - age
        async with self.world.store.transaction() as tx:
            last = (await tx.runs(1))[0]
            await tx.save_run(
                ScanRun(
                    run_id=f"{last.run_id}-later",
                    status=status,
                    started_at=at,
                    finished_at=at,
                    applications=5_994,
                    errors=errors,
                    due=last.due,
                )
            )

    async def lose(self, person: str) -> None:
        """Rows of the outbox vanish, as by a bug or a hand in the database."""
        async with self.world.store.transaction() as tx:
            await tx._run(  # type: ignore[attr-defined]
                text("DELETE FROM deliveries WHERE recipient_id = :person").bindparams(person=person)
            )

    def alarm_cards(self, person: str = "ada") -> list[AlarmView]:
        """Alarm cards in somebody's chat, as they stand now."""
        shown = []
        for number, view in enumerate(self.world.inbox.cards[person], 1):
            updates = [new for card, new in self.world.inbox.updates if card.activity_id == f"{person}-{number}"]
            newest = updates[-1] if updates else view
            if isinstance(newest, AlarmView):
                shown.append(newest)
        return shown
