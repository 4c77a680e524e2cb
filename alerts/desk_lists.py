"""Lists that people ask for by command: apps by urgency, people who cannot be reached, what waits and what is quiet."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.desk_base import ADMINS_ONLY, PAGE, DeskBase, first_of_each_app
from alerts.ledger import LedgerState, draw_up
from alerts.model import (
    Alert,
    AlertState,
    AnswerKind,
    Nomination,
    NominationKind,
    NominationState,
)
from alerts.ports import Transaction
from alerts.views import ListKind, Row, RowsView, ScanView, Sentence, View


class Lists(DeskBase):
    """Reads only; what concerns the whole tenant is for admins and support."""

    async def expiring(self, person_id: str, days: int, page: int) -> View:
        """Credentials that expire within so many days, soonest first."""
        if not await self._may_read_all(person_id):
            return ADMINS_ONLY
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
            return ADMINS_ONLY
        async with self.store.reading() as tx:
            records = first_of_each_app(await tx.snapshot_ownerless(), self.clock())
            return await self._listed(tx, person_id, ListKind.OWNERLESS, records, page, f"ownerless page {page + 1}")

    async def my_apps(self, person_id: str, page: int) -> View:
        """The asker's own apps, soonest expiry first."""
        async with self.store.reading() as tx:
            own = [] if await self._is_out(tx, person_id) else await tx.snapshot_of_owner(person_id)
            records = first_of_each_app(own, self.clock())
            return await self._listed(tx, person_id, ListKind.MY_APPS, records, page, f"my apps page {page + 1}")

    async def expired(self, person_id: str, days: int, page: int) -> View:
        """What has expired within so many days, newest first; whatever Steward did about it."""
        if not await self._may_read_all(person_id):
            return ADMINS_ONLY
        now = self.clock()
        async with self.store.reading() as tx:
            records = [
                r
                for r in await tx.snapshot_due(now)
                if r.credential.end is not None and now - timedelta(days=days) <= r.credential.end <= now
            ]
            records.reverse()
            more = f"expired {days} page {page + 1}"
            return await self._listed(tx, person_id, ListKind.EXPIRED, records, page, more, days=days)

    async def last_scan(self, person_id: str) -> View:
        """The report of the newest scan."""
        if not await self._may_read_all(person_id):
            return ADMINS_ONLY
        async with self.store.reading() as tx:
            runs = await tx.runs(1)
            if not runs:
                return Sentence(key="no_scan_yet")
            return ScanView(run=runs[0], time_zone=await self._zone(tx, person_id))

    # ------------------------------------------------------------ rows

    async def _rows(self, tx: Transaction, person_id: str, command: str, rows: Sequence[Row], page: int) -> RowsView:
        shown = rows[(page - 1) * PAGE : page * PAGE]
        return RowsView(
            kind=command,
            rows=tuple(shown),
            total=len(rows),
            now=self.clock(),
            time_zone=await self._zone(tx, person_id),
            more=f"{command} page {page + 1}" if len(rows) > page * PAGE else "",
        )

    async def unreachable(self, person_id: str, page: int) -> View:
        """Who could not be told, apps for which nobody can be told, who has removed Steward; each with the next step."""
        if not await self._may_read_all(person_id):
            return ADMINS_ONLY
        async with self.store.reading() as tx:
            ledger = await draw_up(tx, self.clock(), self.policy)
            alerts = {entry.alert.id: entry.alert for entry in ledger.entries}
            rows = [
                _row("row_nobody", entry.alert)
                for entry in ledger.entries
                if entry.state is LedgerState.UNREACHABLE
                and not any(line.alert_id == entry.alert.id for line in ledger.not_told)
            ]
            for line in ledger.not_told:
                why = "blocked" if "unreachable:" in line.reason else "failed"
                step = "movedOn" if "moved on" in line.next_step else "admin"
                rows.append(_row("row_not_told", alerts.get(line.alert_id), person=line.name, why=why, reason=step))
            dead = await tx.dead_conversations()
            people = await tx.people([each.person_id for each in dead])
            for each in dead:
                person = people.get(each.person_id)
                if person is not None and person.counts:
                    why = "uninstalled" if each.dead_reason == "uninstalled" else "blocked"
                    rows.append(Row(sentence=Sentence(key="row_removed", params={"person": person.name, "why": why})))
            return await self._rows(tx, person_id, "unreachable", rows, page)

    async def nominations(self, person_id: str, page: int) -> View:
        """Who has been asked to take over what, what waits for whom until when."""
        if not await self._may_read_all(person_id):
            return ADMINS_ONLY
        async with self.store.reading() as tx:
            pending = sorted(await tx.nominations_pending(), key=lambda n: (n.answer_by, n.id))
            rows = [_nomination_row(nomination) for nomination in pending]
            return await self._rows(tx, person_id, "nominations", rows, page)

    async def snoozed(self, person_id: str, page: int) -> View:
        """What is snoozed, by whom, until when."""
        if not await self._may_read_all(person_id):
            return ADMINS_ONLY
        now = self.clock()
        async with self.store.reading() as tx:
            alerts = {alert.id: alert for alert in await tx.alerts_unclosed()}
            places = [
                place
                for place in await tx.recipients(list(alerts))
                if place.snoozed_until is not None and place.snoozed_until > now
            ]
            places.sort(key=lambda place: (place.snoozed_until or now, place.alert_id))
            rows = [
                _row(
                    "row_snoozed",
                    alerts[place.alert_id],
                    person=place.person.name,
                    until=_iso(place.snoozed_until),
                    date=_iso(alerts[place.alert_id].credential.end),
                )
                for place in places
            ]
            return await self._rows(tx, person_id, "snoozed", rows, page)

    async def retired(self, person_id: str, page: int) -> View:
        """What is said to be no longer needed, by whom, and when it runs out."""
        if not await self._may_read_all(person_id):
            return ADMINS_ONLY
        async with self.store.reading() as tx:
            rows = []
            for alert in await tx.alerts_unclosed():
                answer = alert.answer
                if answer is None or answer.kind is not AnswerKind.RETIRED or alert.state is AlertState.RESOLVED:
                    continue
                rows.append(
                    _row(
                        "row_retired",
                        alert,
                        person=answer.by.name,
                        since=_iso(answer.at),
                        date=_iso(alert.credential.end),
                        note=answer.note,
                    )
                )
            return await self._rows(tx, person_id, "retired", rows, page)

    async def excluded(self, person_id: str, page: int) -> View:
        """What admins have taken off the reminders, until when and why."""
        if not await self._may_read_all(person_id):
            return ADMINS_ONLY
        async with self.store.reading() as tx:
            rows = [
                Row(
                    sentence=Sentence(
                        key="row_excluded",
                        params={
                            "app": each.application.display_name,
                            "until": _iso(each.until),
                            "person": each.by.name,
                            "note": each.reason,
                        },
                    ),
                    typed=f"status {each.application.object_id}",
                )
                for each in await tx.exclusions()
            ]
            return await self._rows(tx, person_id, "excluded", rows, page)


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at is not None else ""


def _row(key: str, alert: Alert | None, **params: str) -> Row:
    """A row about one app; a tap asks for the whole of it."""
    app = alert.application if alert is not None else None
    return Row(
        sentence=Sentence(key=key, params={"app": app.display_name if app else "", **params}),
        typed=f"status {app.object_id}" if app else "",
    )


def _nomination_row(nomination: Nomination) -> Row:
    waits = {
        NominationState.ASKED: "row_asked",
        NominationState.ACCEPTED: "row_accepted",
        NominationState.APPROVED: "row_approved",
    }
    key = "row_proposed" if nomination.kind is NominationKind.RETIRE else waits[nomination.state]
    return Row(
        sentence=Sentence(
            key=key,
            params={
                "app": nomination.application.display_name,
                "person": nomination.nominee.name,
                "nominator": nomination.nominator.name,
                "until": nomination.answer_by.isoformat(),
            },
        ),
        typed=f"status {nomination.application.object_id}",
    )
