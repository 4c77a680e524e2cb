"""What every part of the desk stands on: who asks, what they may see, and how apps are found and listed."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

from alerts.actions import Actions
from alerts.ledger import states_of
from alerts.model import Alert, Application, CredentialRecord, Policy, Role
from alerts.ports import Clock, OwnerHistory, People, Store, Transaction
from alerts.roles import Roles
from alerts.stages import days_left
from alerts.views import AppLine, AppListView, ListKind, Sentence, View

#: Apps on one page of a list.
PAGE = 10
#: Apps offered when several match.
CHOICES = 8

ADMINS_ONLY = Sentence(key="admins_only")


class DeskBase:
    """The desk's means; `Desk` declares them as its fields."""

    store: Store
    policy: Policy
    clock: Clock
    roles: Roles
    actions: Actions
    history_source: OwnerHistory | None
    people: People | None
    start_scan: Callable[[], Awaitable[bool | None]] | None
    time_zone: str

    async def role_of(self, person_id: str) -> Role:
        """Fails closed: MEMBER for anybody not known to be more."""
        return await self.roles.role_of(person_id)

    async def _zone(self, tx: Transaction, person_id: str) -> str:
        known = (await tx.conversations([person_id])).get(person_id)
        return (known.time_zone if known else "") or self.time_zone

    async def _may_read_all(self, person_id: str) -> bool:
        return await self.roles.role_of(person_id) in (Role.ADMIN, Role.SUPPORT)

    @staticmethod
    async def _is_out(tx: Transaction, person_id: str) -> bool:
        """Whether the account was disabled or deleted when it was last read: then nothing is theirs any more."""
        person = (await tx.people([person_id])).get(person_id)
        return person is not None and not person.counts

    async def _is_admin(self, person_id: str) -> bool:
        return await self.roles.role_of(person_id) is Role.ADMIN

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
                if await self._is_out(tx, person_id):
                    apps = []
            if not apps:
                return Sentence(key="no_such_app", params={"query": query})
            exact = [a for a in apps if query.lower() in (a.object_id, a.app_id.lower(), a.display_name.lower())]
            if len(apps) == 1 or len(exact) == 1:
                return exact[0] if exact else apps[0]
            records = await tx.snapshot_of_apps([app.object_id for app in apps[:CHOICES]])
            view = await self._listed(tx, person_id, ListKind.CHOICES, first_of_each_app(records, self.clock()), 1, "")
            return AppListView(
                kind=ListKind.CHOICES,
                lines=view.lines,
                total=len(apps),
                now=view.now,
                time_zone=view.time_zone,
                query=command,
            )


def soonest_first(records: Iterable[CredentialRecord]) -> list[CredentialRecord]:
    return sorted(
        records,
        key=lambda r: (r.credential.end.timestamp() if r.credential.end else float("inf"), r.credential.key_id),
    )


def first_of_each_app(records: Iterable[CredentialRecord], now: datetime) -> list[CredentialRecord]:
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
