"""What happened: runs, events on their way to the archive, and the audit, whose rows are chained by hash."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, text, update

from alerts.model import Event, ScanRun
from store import schema
from store.codec import Codec, encode
from store.contents import Contents
from store.quick import FEW
from store.session import Pauses, chunks, distinct
from store.types import to_utc

_runs: Codec[ScanRun] = Codec(ScanRun)
_events: Codec[Event] = Codec(Event)

#: `previous_hash` of the first row.
GENESIS = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    """Who did what to what, and what it was before and after."""

    seq: int
    at: datetime
    actor_id: str
    verb: str
    subject: str
    before: str
    after: str
    previous_hash: str
    hash: str

    def expected_hash(self) -> str:
        """sha256 over all other fields, in this order, as a JSON array in ASCII."""
        text = f'[{self.seq}, {self.what_was_done()}, "{self.previous_hash}"]'
        return hashlib.sha256(text.encode("ascii")).hexdigest()

    def what_was_done(self) -> str:
        """The part of that text that does not depend on the row's place in the chain."""
        at = to_utc(self.at).isoformat(timespec="microseconds")
        return json.dumps([at, self.actor_id, self.verb, self.subject, self.before, self.after])[1:-1]


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**row._asdict())


def _unchained(entry: AuditEntry) -> AuditEntry:
    """As PostgreSQL wants it, which gives it its place in the last step of the commit (migration 0006)."""
    return replace(entry, seq=-secrets.randbits(62) - 1, hash=entry.what_was_done())


class Journal(Contents):
    """The journal's part of a transaction."""

    # ------------------------------------------------------------ runs

    async def save_run(self, run: ScanRun) -> None:
        """Insert, or replace by run id. A run ends with dropping the contents that nothing uses any more."""
        await self._replace(schema.runs, [{"run_id": run.run_id, "started_at": run.started_at, "body": encode(run)}])
        await self._forget_contents()

    async def runs(self, limit: int) -> list[ScanRun]:
        """Newest first."""
        table = schema.runs
        newest = select(table.c.body).order_by(table.c.started_at.desc(), table.c.run_id.desc()).limit(limit)
        return [_runs.decode(row.body) for row in await self._rows(newest)]

    # ------------------------------------------------------------ events

    async def add_events(self, events: Sequence[Event]) -> None:
        """Insert those whose event_id is new."""

        def build() -> Any:
            return self._insert(schema.events).on_conflict_do_nothing(index_elements=["event_id"])

        rows = ({"event_id": event.event_id, "archived": False, "body": encode(event)} for event in events)
        if len(events) <= FEW:
            await self._write_few("events", build, list(rows))
        else:
            await self._run_many(build(), rows)

    async def events_waiting(self, limit: int) -> list[Event]:
        """Those not yet archived, in the order in which they were added."""
        table = schema.events
        waiting = select(table.c.body).where(text("NOT archived")).order_by(table.c.seq).limit(limit)
        found, pauses = [], Pauses()
        for row in await self._rows(waiting):
            found.append(_events.decode(row.body))
            await pauses()
        return found

    async def events_known(self, event_ids: Sequence[str]) -> set[str]:
        """Those of the ids that are stored."""
        table = schema.events
        found: set[str] = set()
        for part in chunks(distinct(event_ids)):
            rows = await self._rows(select(table.c.event_id).where(self._among(table.c.event_id, part)))
            found.update(row.event_id for row in rows)
        return found

    async def events_archived(self, event_ids: Sequence[str]) -> None:
        table = schema.events
        for part in chunks(distinct(event_ids)):
            await self._run(update(table).where(self._among(table.c.event_id, part)).values(archived=True))

    async def forget_archived(self, keep: int) -> int:
        """Delete archived events, but the newest `keep` of all; how many there were. The archive has them."""
        table = schema.events
        newest = await self._scalar(select(func.max(table.c.seq)))
        if newest is None:
            return 0
        return await self._run(delete(table).where(table.c.archived.is_(True), table.c.seq <= newest - keep))

    # ------------------------------------------------------------ audit

    #: Entries of this transaction, written when it commits.
    _audit: list[tuple[datetime, str, str, str, str, str]]

    async def add_audit(self, at: datetime, actor_id: str, verb: str, subject: str, before: str, after: str) -> None:
        """Append to the audit; committed rows are never changed.

        The row is written at the end: a chain has one end, and whoever holds it holds up all others.
        """
        self._audit.append((at, actor_id, verb, subject, before, after))

    async def _write_audit(self) -> None:
        if not self._audit:
            return
        entries = [
            AuditEntry(
                seq=0, at=at, actor_id=actor_id, verb=verb, subject=subject, before=before, after=after,
                previous_hash="", hash="",
            )
            for at, actor_id, verb, subject, before, after in self._audit
        ]  # fmt: skip
        self._audit.clear()
        chained = await self._chained(entries) if self._sqlite else [_unchained(entry) for entry in entries]
        await self._insert_all(schema.audit, [asdict(entry) for entry in chained])

    async def _chained(self, entries: Sequence[AuditEntry]) -> list[AuditEntry]:
        """With their places behind the newest row: on SQLite nobody else can write by now."""
        table = schema.audit
        newest = await self._quick(
            "audit_end", lambda: select(table.c.seq, table.c.hash).order_by(table.c.seq.desc()).limit(1), {}
        )
        seq, previous = (newest[0].seq, newest[0].hash) if newest else (0, GENESIS)
        found = []
        for entry in entries:
            seq += 1
            placed = replace(entry, seq=seq, previous_hash=previous)
            previous = placed.expected_hash()
            found.append(replace(placed, hash=previous))
        return found

    async def audit_broken_at(self) -> int | None:
        """Number of the first audit row that does not fit the chain; None when all fit.

        It proves that no row was changed, taken out or put in between; rows cut off at the end do not
        show, unless the last hash is kept elsewhere.
        """
        previous, seq = GENESIS, 0
        pauses = Pauses()
        async for part in self._parts(select(schema.audit).order_by(schema.audit.c.seq)):
            for row in part:
                entry, seq = _entry(row), seq + 1
                if entry.seq != seq or entry.previous_hash != previous or entry.hash != entry.expected_hash():
                    return seq
                previous = entry.hash
                await pauses()
        return None

    async def audit_last(self, limit: int) -> list[AuditEntry]:
        """Newest first."""
        newest = select(schema.audit).order_by(schema.audit.c.seq.desc()).limit(limit)
        return [_entry(row) for row in await self._rows(newest)]
