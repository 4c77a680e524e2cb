"""The last record of every credential, what is remembered of owners, and finding apps by name."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, case, delete, exists, or_, select, text, update

from alerts.model import (
    Application,
    Credential,
    CredentialRecord,
    CredentialType,
    EscalationPath,
    PreviousOwner,
)
from store import schema
from store.codec import Codec, encode
from store.contents import Contents, content_hash
from store.quick import FEW
from store.session import Pauses, chunks, distinct
from store.sharing import Sharer
from store.types import LATEST

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_CREDENTIAL = Credential(key_id="", type=CredentialType.CLIENT_SECRET)

_records: Codec[CredentialRecord] = Codec(CredentialRecord)
_credentials: Codec[Credential] = Codec(Credential)
_previous: Codec[tuple[PreviousOwner, ...]] = Codec(tuple[PreviousOwner, ...])


def fold(text: str) -> str:
    """Text as names are compared: compatibility forms, case and spaces do not count."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


DAY = timedelta(days=1)


def days_left(end: datetime | None, at: datetime) -> int | None:
    """floor((end - at) / 24 h), None without an end: the definition of CredentialRecord.days_left."""
    return None if end is None else (end - at) // DAY


def shared_part(record: CredentialRecord) -> CredentialRecord:
    """What a record has in common with the other records of its app."""
    return replace(
        record,
        run_id="",
        scan_date=_EPOCH,
        days_left=None,
        credential=_NO_CREDENTIAL,
        path=EscalationPath.UNROUTABLE,
        email_sent=False,
        alert_type="",
    )


@dataclass
class _Sharing:
    """Encodes what records share; consecutive records of one app are encoded once."""

    last: CredentialRecord | None = None
    hash: str = ""
    body: str = ""

    def of(self, record: CredentialRecord) -> tuple[str, str]:
        """(hash, body) of the shared part."""
        last = self.last
        same = (
            last is not None
            and last.application is record.application
            and last.owners is record.owners
            and last.owner is record.owner
            and last.owner_manager is record.owner_manager
            and last.previous_owners is record.previous_owners
            and last.tenant_id == record.tenant_id
        )
        if not same:
            self.body = encode(shared_part(record))
            self.hash = content_hash(self.body)
        self.last = record
        return self.hash, self.body


def _row(record: CredentialRecord, hash_: str, run_no: int) -> dict[str, Any]:
    return {
        "object_id": record.application.object_id,
        "key_id": record.credential.key_id,
        "run_no": run_no,
        "ends_at": record.credential.end,
        "ownerless": record.ownerless,
        "path": record.path.value,
        "alert_type": record.alert_type,
        "email_sent": record.email_sent,
        "content_hash": hash_,
        "body": encode(record.credential),
    }


#: What must be the same for a row to need only its new run number; all else follows from these.
_COMPARED = ("content_hash", "path", "alert_type", "email_sent", "body")


class Snapshot(Contents):
    """The snapshot's part of a transaction."""

    async def save_snapshot(self, records: Iterable[CredentialRecord]) -> None:
        """Insert or replace by (object id, key id).

        A record like the stored one costs its row only a new run number; what records of one app share
        is written only when it is new.
        """
        sharing, pauses = _Sharing(), Pauses()
        runs: dict[tuple[str, datetime], int] = {}
        for part in chunks(records):
            rows: dict[tuple[str, str], dict[str, Any]] = {}
            bodies: dict[str, str] = {}
            shared: dict[str, CredentialRecord] = {}
            for record in part:
                hash_, bodies[hash_] = sharing.of(record)
                shared[hash_] = record
                run = (record.run_id, record.scan_date)
                if run not in runs:
                    runs[run] = await self._run_no(*run)
                rows[record.key] = _row(record, hash_, runs[run])
                await pauses()
            new = await self._keep(bodies)
            await self._save_owners_of({hash_: shared[hash_] for hash_ in new})
            await self._save_apps({row["object_id"]: row["content_hash"] for row in rows.values()}, shared)
            await self._save_rows(rows)

    async def _run_no(self, run_id: str, scan_date: datetime) -> int:
        table = schema.snapshot_runs
        await self._run(self._insert(table).values(run_id=run_id, scan_date=scan_date).on_conflict_do_nothing())
        statement = select(table.c.run_no).where(table.c.run_id == run_id, table.c.scan_date == scan_date)
        return int(await self._scalar(statement))

    async def _save_rows(self, rows: Mapping[tuple[str, str], dict[str, Any]]) -> None:
        table = schema.snapshot
        columns = (table.c[name] for name in ("row_no", "object_id", "key_id", *_COMPARED))
        stored = select(*columns).where(self._among(table.c.object_id, distinct(object_id for object_id, _ in rows)))
        changed = dict(rows)
        same: dict[int, list[int]] = {}
        for old in await self._rows(stored):
            row = changed.get((old.object_id, old.key_id))
            if row is not None and all(row[name] == getattr(old, name) for name in _COMPARED):
                same.setdefault(row["run_no"], []).append(old.row_no)
                del changed[old.object_id, old.key_id]
        for run_no, row_nos in same.items():
            for part in chunks(row_nos):
                await self._run(update(table).where(self._among(table.c.row_no, part)).values(run_no=run_no))
        await self._replace(table, changed.values(), key=("object_id", "key_id"))
        if len(changed) == len(rows) and not self._sqlite:
            await self._take_statistics()

    async def _take_statistics(self) -> None:
        """Tell PostgreSQL how much there is now, when that has doubled since it last looked.

        It looks by itself once a minute: too late for the first scan, whose own lookups would read
        whole tables.
        """
        grown = text(
            "SELECT pg_relation_size(oid) / 8192 > 2 * relpages FROM pg_class WHERE oid = 'snapshot'::regclass"
        )
        if await self._scalar(grown):
            await self._run(text("ANALYZE snapshot, snapshot_apps, snapshot_owners, contents"))

    async def _save_owners_of(self, shared: Mapping[str, CredentialRecord]) -> None:
        rows = [
            {"content_hash": hash_, "person_id": person_id}
            for hash_, record in shared.items()
            for person_id in distinct(p.id for p in (*record.owners, *record.application.owners))
        ]
        await self._run_many(self._insert(schema.snapshot_owners).on_conflict_do_nothing(), rows)

    async def _save_apps(self, hashes: Mapping[str, str], shared: Mapping[str, CredentialRecord]) -> None:
        """Point each app's row at its newest content; unchanged ones are left alone."""
        table = schema.snapshot_apps
        known = select(table.c.object_id, table.c.content_hash).where(self._among(table.c.object_id, list(hashes)))
        stored = {row.object_id: row.content_hash for row in await self._rows(known)}
        changed = [
            {
                "object_id": object_id,
                "app_id": shared[hash_].application.app_id,
                "name": fold(shared[hash_].application.display_name),
                "content_hash": hash_,
            }
            for object_id, hash_ in hashes.items()
            if stored.get(object_id) != hash_
        ]
        await self._replace(table, changed)

    async def remove_from_snapshot(self, keys: Sequence[tuple[str, str]]) -> None:
        table, apps = schema.snapshot, schema.snapshot_apps
        one = delete(table).where(table.c.object_id == bindparam("o"), table.c.key_id == bindparam("k"))
        await self._run_many(one, ({"o": object_id, "k": key_id} for object_id, key_id in keys))
        for part in chunks(distinct(object_id for object_id, _ in keys)):
            left = exists().where(table.c.object_id == apps.c.object_id)
            await self._run(delete(apps).where(self._among(apps.c.object_id, part), ~left))

    async def snapshot_keys(self) -> dict[tuple[str, str], str]:
        """(object id, key id) -> run_id in which it was last seen."""
        table = schema.snapshot
        runs = {run_no: run_id for run_no, (run_id, _) in (await self._runs_by_no()).items()}
        keys: dict[tuple[str, str], str] = {}
        async for part in self._parts(select(table.c.object_id, table.c.key_id, table.c.run_no)):
            keys.update({(row.object_id, row.key_id): runs[row.run_no] for row in part})
        return keys

    async def _runs_by_no(self) -> dict[int, tuple[str, datetime]]:
        rows = await self._rows(select(schema.snapshot_runs))
        return {row.run_no: (row.run_id, row.scan_date) for row in rows}

    async def snapshot_unseen(self, run_id: str) -> list[tuple[str, str]]:
        """(object id, key id) of the records that this run has not saved."""
        table = schema.snapshot
        statement = select(table.c.object_id, table.c.key_id).where(await self._unseen_by(run_id))
        return [(row.object_id, row.key_id) for row in await self._all(statement)]

    async def _unseen_by(self, run_id: str) -> ColumnElement[bool]:
        runs = schema.snapshot_runs
        numbers = [row.run_no for row in await self._rows(select(runs.c.run_no).where(runs.c.run_id == run_id))]
        return schema.snapshot.c.run_no.not_in(numbers)

    async def snapshot_due(self, until: datetime, *, unseen_by: str = "") -> list[CredentialRecord]:
        """Records whose end date is at or before `until`, expired ones included, by end date.

        With `unseen_by` only those that this run has not saved.
        """
        statement = select(schema.snapshot).where(schema.snapshot.c.ends_at <= until)
        if unseen_by:
            statement = statement.where(await self._unseen_by(unseen_by))
        return await self._read(await self._all(statement))

    async def snapshot_of_apps(self, object_ids: Sequence[str]) -> list[CredentialRecord]:
        """In the order of the ids, each app's by end date."""
        wanted = distinct(object_ids)
        found: dict[str, list[CredentialRecord]] = {}
        if len(wanted) <= FEW:
            records = await self._records_of_few(wanted)
        else:
            records = await self._read(await self._rows_among(schema.snapshot.c.object_id, wanted))
        for record in records:
            found.setdefault(record.application.object_id, []).append(record)
        return [record for object_id in wanted for record in found.get(object_id, [])]

    async def _records_of_few(self, object_ids: Sequence[str]) -> list[CredentialRecord]:
        """With the run that each was seen in, at once."""
        table, runs = schema.snapshot, schema.snapshot_runs
        joined = select(table, runs.c.run_id, runs.c.scan_date).join(runs, runs.c.run_no == table.c.run_no)
        found: list[Any] = []
        async for rows in self._rows_by("records", table.c.object_id, object_ids, joined.where):
            found.extend(rows)
        return await self._read(found, {row.run_no: (row.run_id, row.scan_date) for row in found})

    async def snapshot_of_owner(self, person_id: str) -> list[CredentialRecord]:
        """Records of apps whose owners (counting or not) include the person, by end date."""
        owners = schema.snapshot_owners
        # In two steps, so that a database without statistics (first scan) cannot choose to read it all.
        own = await self._rows(select(owners.c.content_hash).where(owners.c.person_id == person_id))
        return await self._read(
            await self._rows_among(schema.snapshot.c.content_hash, [row.content_hash for row in own])
        )

    async def _rows_among(self, column: ColumnElement[Any], values: Sequence[str]) -> list[Row[Any]]:
        rows: list[Row[Any]] = []
        for part in chunks(values):
            rows.extend(await self._rows(select(schema.snapshot).where(self._among(column, part))))
        return rows

    async def snapshot_ownerless(self) -> list[CredentialRecord]:
        """Records without a counting owner, by end date; those without an end date last."""
        return await self._read(await self._all(select(schema.snapshot).where(schema.snapshot.c.ownerless.is_(True))))

    async def _read(
        self, rows: list[Row[Any]], runs: Mapping[int, tuple[str, datetime]] | None = None
    ) -> list[CredentialRecord]:
        """The records of these rows, by end date, those without one last; `runs` by their numbers, where known."""
        rows.sort(key=lambda row: (row.ends_at or LATEST, row.ends_at is None, row.object_id, row.key_id))
        if runs is None:
            runs = await self._runs_by_no()
        sharer = Sharer()
        shared = await self._contents((row.content_hash for row in rows), _records, sharer.record)
        records, pauses = [], Pauses()
        for row in rows:
            run_id, scan_date = runs[row.run_no]
            credential = _credentials.decode(row.body)
            records.append(
                replace(
                    shared[row.content_hash],
                    run_id=run_id,
                    scan_date=scan_date,
                    days_left=days_left(credential.end, scan_date),
                    credential=credential,
                    path=EscalationPath(row.path),
                    email_sent=row.email_sent,
                    alert_type=row.alert_type,
                )
            )
            await pauses()
        return records

    async def find_apps(self, text: str, limit: int) -> list[Application]:
        """Apps by object id, app id, or part of the display name (any case); exact ones first."""
        apps, contents = schema.snapshot_apps, schema.contents
        name, ids = fold(text), (text.strip(), text.strip().lower())
        if not name:
            return []
        by_id = or_(apps.c.object_id.in_(ids), apps.c.app_id.in_(ids))
        by_part = apps.c.name.contains(name, autoescape=True)
        begins = apps.c.name.startswith(name, autoescape=True)
        rank = case((by_id, 0), (apps.c.name == name, 1), (begins, 2), else_=3)
        statement = (
            select(contents.c.body)
            .join(apps, apps.c.content_hash == contents.c.hash)
            .where(or_(by_id, by_part))
            .order_by(rank, apps.c.name, apps.c.object_id)
            .limit(limit)
        )
        found, pauses = [], Pauses()
        for row in await self._rows(statement):
            found.append(_records.decode(row.body).application)
            await pauses()
        return found

    async def save_owners_seen(self, seen: Mapping[str, tuple[PreviousOwner, ...]]) -> None:
        """object id -> the counting owners (at most 3) with their managers and the date; replaces."""
        rows = ({"object_id": object_id, "body": encode(owners)} for object_id, owners in seen.items())
        await self._replace(schema.owners_seen, rows)

    async def owners_seen(self, object_ids: Sequence[str] | None = None) -> dict[str, tuple[PreviousOwner, ...]]:
        table = schema.owners_seen
        if object_ids is None:
            statements = [select(table)]
        else:
            statements = [
                select(table).where(self._among(table.c.object_id, part)) for part in chunks(distinct(object_ids))
            ]
        found: dict[str, tuple[PreviousOwner, ...]] = {}
        sharer, pauses = Sharer(), Pauses()
        for statement in statements:
            async for rows in self._parts(statement):
                for row in rows:
                    found[row.object_id] = sharer.previous_owners(_previous.decode(row.body))
                    await pauses()
        return found
