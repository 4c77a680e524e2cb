"""Answers what people ask by command: states of apps and of the tenant; and the commands that act."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from alerts.actions import Actions
from alerts.desk_acting import Acting
from alerts.desk_app import OneApp
from alerts.desk_lists import Lists
from alerts.errors import VersionConflict
from alerts.gate import Gatekeeper
from alerts.ledger import LedgerState, draw_up
from alerts.model import (
    Channel,
    DeliveryState,
    NominationState,
    Policy,
    RunStatus,
    ScanRun,
)
from alerts.ports import Clock, OwnerHistory, People, Store, Transaction
from alerts.problems import AuditReport, ProblemKind, stored_report
from alerts.roles import NOBODY, Roles
from alerts.sending_desk import SendingDesk
from alerts.views import (
    AppListView,
    HelpView,
    Sentence,
    StatusReport,
    View,
)

log = logging.getLogger(__name__)

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
class Desk(Lists, OneApp, Acting):
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
            problems=(
                *_problems(runs, ledger.difference, nobody=bool(await tx.value(NOBODY))),
                *_found_by_the_auditor(await stored_report(tx), zone),
            ),
        )

    async def _sending(self, tx: Transaction, now: datetime) -> str:
        return (await self.gatekeeper.sending(tx)).value if await self.gatekeeper.may_tell(tx, now) else "paused"

    async def greet(self, person_id: str) -> View | None:
        """The first contact: a greeting with the person's own apps, once.

        None when they were greeted already, or when it was a card that brought them here: that says who writes and why.
        """
        try:
            async with self.store.transaction() as tx:
                if await tx.answer_given(f"greeted:{person_id}") is not None:
                    return None
                await tx.save_answer_given(f"greeted:{person_id}", "greeted", self.clock())
                if await self._has_a_card(tx, person_id):
                    return None
        except VersionConflict:
            # An installation comes as two activities at once: the other one greets.
            return None
        own = await self.my_apps(person_id, 1)
        return HelpView(commands=(), greeting=True, own=own if isinstance(own, AppListView) and own.lines else None)

    async def _has_a_card(self, tx: Transaction, person_id: str) -> bool:
        """Whether a card was sent to this person in Teams, or is on its way now."""
        alerts = [place.alert_id for place in (await tx.recipients_of_person(person_id))[:MOST_LOOKED_AT]]
        # Nominees and approvers have no place on the route.
        alerts += [nomination.alert_id for nomination in await tx.nominations_pending()]
        soon = self.clock() + SOON
        return any(
            delivery.recipient_id == person_id
            and delivery.channel is Channel.TEAMS
            and (delivery.state in _CAME or (delivery.state is DeliveryState.PENDING and delivery.not_before <= soon))
            for delivery in await tx.deliveries_of_alerts(alerts)
        )


#: A card that waits for a later hour is not what brought somebody here.
SOON = timedelta(minutes=1)
#: Alerts of one person that are looked at for that.
MOST_LOOKED_AT = 50
_CAME = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCLEAR)

#: Problems that the report looks up by itself.
_LOOKED_UP = frozenset(
    {
        ProblemKind.SCAN_FAILED,
        ProblemKind.SCAN_PARTIAL,
        ProblemKind.NOBODY_TO_TELL,
        ProblemKind.LEDGER_DIFFERS,
    }
)


def _found_by_the_auditor(report: AuditReport | None, zone: str) -> Iterable[Sentence]:
    """What he said last, beside what is looked up afresh here."""
    for problem in report.problems if report is not None else ():
        if problem.kind not in _LOOKED_UP:
            said = problem.sentence()
            yield Sentence(key=said.key, params={**said.params, "zone": zone})


def _problems(runs: Sequence[ScanRun], difference: int, *, nobody: bool) -> Iterable[Sentence]:
    """What is wrong, most serious first."""
    last = runs[0] if runs else None
    if last is not None and last.status is not RunStatus.SUCCEEDED:
        yield Sentence(key=f"scan_{last.status}", params={"errors": "; ".join(last.errors)[:400]})
    if nobody:
        yield Sentence(key="nobody_to_tell")
    if difference:
        yield Sentence(key="ledger_differs", params={"difference": str(difference)})
