"""Alerts with their version check, their people on the route, and nominations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, select

from alerts.errors import VersionConflict
from alerts.model import Alert, AlertState, Application, ApplicationType, Nomination, NominationState, Recipient
from store import schema
from store.codec import Codec, encode
from store.contents import Contents, content_hash
from store.quick import FEW
from store.session import Pauses, chunks, distinct
from store.sharing import Sharer
from store.types import SafeText

T = TypeVar("T")

_NO_APPLICATION = Application(object_id="", app_id="", display_name="", type=ApplicationType.APP_REGISTRATION)

_UNCLOSED = [state.value for state in AlertState if state is not AlertState.RESOLVED]

#: The states of `Nomination.pending`.
PENDING_NOMINATIONS = (NominationState.ASKED, NominationState.ACCEPTED, NominationState.APPROVED)

_alerts: Codec[Alert] = Codec(Alert)
_applications: Codec[Application] = Codec(Application)
_recipients: Codec[Recipient] = Codec(Recipient)
_nominations: Codec[Nomination] = Codec(Nomination)

Versioned = Alert | Nomination


def _batches(alerts: Iterable[Alert]) -> Iterator[list[Alert]]:
    """Batches in which no id stands twice: one statement may change a row only once."""
    for part in chunks(alerts):
        batch: dict[str, Alert] = {}
        for alert in part:
            if alert.id in batch:
                yield list(batch.values())
                batch = {}
            batch[alert.id] = alert
        yield list(batch.values())


def _must_follow(table: str, item: Versioned, stored: int) -> None:
    """Raises VersionConflict unless the item's version is the stored one's next; 0 stands for no row."""
    if stored != item.version - 1:
        raise VersionConflict(f"{table} {item.id}: version {item.version} does not follow {stored or 'no'} version")


def _keep_few(kept: dict[str, T], found: Mapping[str, T]) -> None:
    """A transaction that goes through thousands of alerts one by one needs none of them twice."""
    if len(kept) > 8 * FEW:
        kept.clear()
    kept.update(found)


class Alerts(Contents):
    """The alerts' part of a transaction."""

    #: Alerts that this transaction has read and locked: id -> (version, hash of the application).
    _locked: dict[str, tuple[int, str]]
    #: The same, if they were few, as they stand now: nobody else can change them.
    _held: dict[str, Alert]
    #: Recipients of few alerts, as this transaction has read them: what was decided by them is also shown by them.
    _places: dict[str, list[Recipient]]

    # ------------------------------------------------------------ alerts

    async def alerts(self, ids: Sequence[str], *, lock: bool = False) -> dict[str, Alert]:
        """With `lock` the rows are locked until the transaction ends, in the order of their ids.

        The same order everywhere keeps two transactions from waiting for each other. Those that it has locked are not
        read again.
        """
        if self._held.keys() >= set(ids):
            return {id_: self._held[id_] for id_ in distinct(ids)}
        table, sharer = schema.alerts, Sharer()
        found: dict[str, Alert] = {}

        def build(condition: ColumnElement[bool]) -> Select[Any]:
            statement = select(table).where(condition)
            return statement.order_by(table.c.id).with_for_update() if lock else statement

        wanted = sorted(set(ids)) if lock else ids
        async for rows in self._rows_by(("alerts", lock), table.c.id, wanted, build):
            found.update({alert.id: alert for alert in await self._read_alerts(rows, sharer)})
            if lock:
                self._locked.update({row.id: (row.version, row.content_hash) for row in rows})
        if lock and len(found) <= FEW:
            _keep_few(self._held, found)
        return {id_: found[id_] for id_ in distinct(ids) if id_ in found}

    async def alerts_unclosed(self) -> list[Alert]:
        """Every alert whose state is not resolved."""
        table = schema.alerts
        statement = select(table).where(table.c.state.in_(_UNCLOSED)).order_by(table.c.opened_at, table.c.id)
        return await self._read_alerts(await self._all(statement), Sharer())

    async def unclosed_keys(self) -> dict[str, tuple[str, str]]:
        """Alert id -> (object id, key id), of every alert whose state is not resolved, the oldest first."""
        table = schema.alerts
        statement = select(table.c.id, table.c.object_id, table.c.key_id).where(table.c.state.in_(_UNCLOSED))
        rows = await self._all(statement.order_by(table.c.opened_at, table.c.id))
        return {row.id: (row.object_id, row.key_id) for row in rows}

    async def alerts_of_app(self, object_id: str) -> list[Alert]:
        """All of an app's alerts, closed ones too, newest first."""
        table = schema.alerts
        own = select(table).where(table.c.object_id == object_id)
        return await self._read_alerts(await self._rows(own.order_by(table.c.opened_at.desc(), table.c.id)), Sharer())

    async def _read_alerts(self, rows: Sequence[Row[Any]], sharer: Sharer) -> list[Alert]:
        pauses = Pauses()
        applications = await self._contents((row.content_hash for row in rows), _applications, sharer.application)
        found = []
        for row in rows:
            alert, application = _alerts.decode(row.body), applications[row.content_hash]
            own = next((each for each in application.credentials if each == alert.credential), alert.credential)
            found.append(replace(alert, application=application, credential=own))
            await pauses()
        return found

    async def save_alerts(self, alerts: Sequence[Alert]) -> None:
        """Insert, or replace where the stored version is exactly one less. Raises VersionConflict."""
        table, pauses = schema.alerts, Pauses()
        for batch in _batches(alerts):
            kept = await self._check_alerts(batch)
            rows: list[dict[str, Any]] = []
            bodies: dict[str, str] = {}
            for alert in batch:
                body = encode(alert.application)
                hash_ = content_hash(body)
                bodies[hash_] = body
                rows.append(
                    {
                        "id": alert.id,
                        "version": alert.version,
                        "object_id": alert.application.object_id,
                        "key_id": alert.credential.key_id,
                        "state": alert.state.value,
                        "opened_at": alert.opened_at,
                        "content_hash": hash_,
                        "body": encode(replace(alert, application=_NO_APPLICATION)),
                    }
                )
                await pauses()
            # What the stored row refers to is kept as long as the row is, which is locked.
            for hash_ in kept:
                bodies.pop(hash_, None)
            await self._keep(bodies)
            await self._write_versioned(table, rows)
            self._locked.update({row["id"]: (row["version"], row["content_hash"]) for row in rows})
            self._held.update({alert.id: alert for alert in batch if alert.id in self._held})

    async def _check_alerts(self, batch: Sequence[Alert]) -> set[str]:
        """Refuse the batch unless each new version follows the stored one; the hashes of their applications.

        Rows that this transaction has locked are as it knows them.
        """
        if not all(alert.id in self._locked for alert in batch):
            return await self._check_versions(schema.alerts, batch, schema.alerts.c.content_hash)
        for alert in batch:
            _must_follow("alerts", alert, self._locked[alert.id][0])
        return {self._locked[alert.id][1] for alert in batch}

    # ------------------------------------------------------------ versions

    async def _check_versions(
        self, table: Table, batch: Sequence[Versioned], also: ColumnElement[str] | None = None
    ) -> set[str]:
        """Lock the stored rows and refuse the batch unless each new version follows the stored one.

        Returns what stands in the column `also` of the stored rows.
        """
        columns = (table.c.id, table.c.version, *([also] if also is not None else []))
        found: set[str] = set()

        def build(condition: ColumnElement[bool]) -> Select[Any]:
            return select(*columns).where(condition).order_by(table.c.id).with_for_update()

        stored: dict[str, int] = {}
        async for rows in self._rows_by(("versions", table.name), table.c.id, sorted(item.id for item in batch), build):
            stored.update({row.id: row.version for row in rows})
            found.update(row[2] for row in rows if also is not None)
        for item in batch:
            _must_follow(table.name, item, stored.get(item.id, 0))
        return found

    async def _write_versioned(self, table: Table, rows: list[dict[str, Any]]) -> None:
        """Insert or replace rows whose versions were checked; each must be written.

        Two transactions may both have seen that an id is new: the second waits at the unique key for
        the first, then finds a version that its own does not follow.
        """

        def build() -> Any:
            insert = self._insert(table)
            others = [column.name for column in table.columns if column.name != "id"]
            return insert.on_conflict_do_update(
                index_elements=["id"],
                set_={name: insert.excluded[name] for name in others},
                where=table.c.version == insert.excluded.version - 1,
            ).returning(table.c.id)

        if len(rows) <= FEW:
            written = await self._write_few(("versioned", table.name), build, rows)
        else:
            written = await self._written(build(), rows)
        if len(written) != len(rows):
            raise VersionConflict(f"{table.name}: {len(rows) - len(written)} of {len(rows)} were changed meanwhile")

    # ------------------------------------------------------------ recipients

    async def recipients(self, alert_ids: Sequence[str]) -> list[Recipient]:
        """By alert in the order of the ids, then by person."""
        wanted = distinct(alert_ids)
        if not self._places.keys() >= set(wanted):
            found = await self._read_recipients(wanted)
            if len(wanted) > FEW:
                return [recipient for alert_id in wanted for recipient in found[alert_id]]
            _keep_few(self._places, found)
        return [recipient for alert_id in wanted for recipient in self._places[alert_id]]

    async def _read_recipients(self, alert_ids: Sequence[str]) -> dict[str, list[Recipient]]:
        table = schema.recipients
        found: dict[str, list[Recipient]] = {alert_id: [] for alert_id in alert_ids}
        sharer, pauses = Sharer(), Pauses()

        def build(condition: ColumnElement[bool]) -> Select[Any]:
            return select(table.c.body).where(condition).order_by(table.c.person_id)

        async for rows in self._rows_by("recipients", table.c.alert_id, alert_ids, build):
            for row in rows:
                recipient = sharer.recipient(_recipients.decode(row.body))
                found[recipient.alert_id].append(recipient)
                await pauses()
        return found

    async def recipients_of_person(self, person_id: str) -> list[Recipient]:
        table = schema.recipients
        statement = select(table.c.body).where(table.c.person_id == person_id).order_by(table.c.alert_id)
        return [_recipients.decode(row.body) for row in await self._rows(statement)]

    async def save_recipients(self, recipients: Sequence[Recipient]) -> None:
        """Insert, or replace by (alert id, person id)."""
        for recipient in recipients:
            self._places.pop(recipient.alert_id, None)
        await self._replace(
            schema.recipients,
            (
                {
                    "alert_id": recipient.alert_id,
                    "person_id": recipient.person.id,
                    "on_route": recipient.on_route,
                    "body": encode(recipient),
                }
                for recipient in recipients
            ),
        )

    # ------------------------------------------------------------ nominations

    async def nomination(self, nomination_id: str, *, lock: bool = False) -> Nomination | None:
        table = schema.nominations
        statement = select(table.c.body).where(table.c.id == nomination_id)
        row = await self._row(statement.with_for_update() if lock else statement)
        return None if row is None else _nominations.decode(row.body)

    async def nominations_of_app(self, object_id: str) -> list[Nomination]:
        """Newest first."""
        table = schema.nominations
        rows = await self._quick(
            "nominations_of_app",
            lambda: (
                select(table.c.body)
                .where(table.c.object_id == bindparam("app", type_=SafeText))
                .order_by(table.c.created_at.desc(), table.c.id)
            ),
            {"app": object_id},
        )
        return [_nominations.decode(row.body) for row in rows]

    async def nominations_of_apps(self, object_ids: Sequence[str]) -> list[Nomination]:
        """Newest first."""
        table = schema.nominations
        found: list[Nomination] = []
        for part in chunks(distinct(object_ids)):
            found.extend(await self._read_nominations(select(table.c.body).where(self._among(table.c.object_id, part))))
        # Equal ones in the order of their ids.
        found.sort(key=lambda nomination: nomination.id)
        return sorted(found, key=lambda nomination: nomination.created_at, reverse=True)

    async def nominations_pending(self) -> list[Nomination]:
        """Oldest first."""
        table = schema.nominations
        pending = [state.value for state in PENDING_NOMINATIONS]
        return await self._read_nominations(
            select(table.c.body).where(table.c.state.in_(pending)).order_by(table.c.created_at, table.c.id)
        )

    async def _read_nominations(self, statement: Select[Any]) -> list[Nomination]:
        found, pauses = [], Pauses()
        for row in await self._rows(statement):
            found.append(_nominations.decode(row.body))
            await pauses()
        return found

    async def save_nomination(self, nomination: Nomination) -> None:
        """Insert, or replace where the stored version is exactly one less. Raises VersionConflict."""
        await self._check_versions(schema.nominations, [nomination])
        row = {
            "id": nomination.id,
            "version": nomination.version,
            "object_id": nomination.application.object_id,
            "state": nomination.state.value,
            "created_at": nomination.created_at,
            "body": encode(nomination),
        }
        await self._write_versioned(schema.nominations, [row])
