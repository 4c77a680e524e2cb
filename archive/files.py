"""The Parquet files of the embedded archive: written, merged by month, and dropped when too old.

Everything here blocks and is called from the writer's thread only.
"""

# What is put into SQL here are our own column names, quoted file names and checked run ids.
# ruff: noqa: S608

import logging
import re
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from alerts.errors import ArchiveError
from archive.duck import Duck, parquet, quoted
from archive.lock import locked
from archive.manifest import DataFile, Manifest, Waiting, publish, read_manifest, sync_file, sync_folder, write_manifest
from archive.tables import EVENTS, RECORDS, RUNS, TABLES, TableSchema

log = logging.getLogger(__name__)

FOLDERS = {RECORDS.name: "records", EVENTS.name: "events", RUNS.name: "runs"}

#: Rows per group of a file that is read for two years.
ROW_GROUP = 122880
#: Rows per group, and memory, of an append; it is merged into a larger file within the month.
APPEND_ROW_GROUP, APPEND_MEMORY = 4096, "64MB"
#: Small files of a month before they are merged into one.
MANY = 32
#: How long a file that is no longer live is kept for readers under way.
GRACE = timedelta(minutes=15)
#: Seconds after which a leftover of a crashed writer is swept.
LEFTOVER = 24 * 3600.0


class ArchiveFiles:
    """All changes to one archive's folder, each one atomic and durable.

    Args:
        folder: the archive.
        duck: the engine that writes Parquet.
        clock: aware UTC.
        history_days: rows older than this are dropped, a month at a time.
        lock_wait: seconds to wait for another writer.
        spooling: whether written rows wait for Log Analytics.
        distinct: whether merging leaves one of several equal events; False keeps what was written.
    """

    def __init__(
        self,
        folder: Path,
        duck: Duck,
        clock: Callable[[], datetime],
        *,
        history_days: int,
        lock_wait: float,
        spooling: bool,
        distinct: bool = True,
    ) -> None:
        self.folder = folder
        self._duck = duck
        self._clock = clock
        self._history_days = history_days
        self._lock_wait = lock_wait
        self._spooling = spooling
        self._distinct = distinct
        for name in (*FOLDERS.values(), "tmp", "ledger"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    # ------------------------------------------------------------ appending

    def new_lines_file(self) -> Path:
        """A name for the lines of one append (rows.row_csv)."""
        return self.folder / "tmp" / f"{uuid4().hex}.csv"

    def add_records(self, lines: Path, run_id: str, scan_date: datetime) -> int:
        """Make a run's records live from a file of lines, in place of what it wrote before; returns the rows."""
        return self._add(RECORDS, lines, scan_date, f"run-{scan_date:%d%H%M%S}", run_id)

    def add_run(self, lines: Path, run_id: str, finished: datetime) -> int:
        """Make a run's row live, in place of what it wrote before."""
        return self._add(RUNS, lines, finished, f"run-{finished:%d%H%M%S}", run_id)

    def add_batch(self, table: TableSchema, lines: Path, at: datetime) -> int:
        """Make a batch of rows live, beside whatever is there."""
        return self._add(table, lines, at, f"batch-{at:%d%H%M%S}", "")

    def add_month(self, table: TableSchema, month: str, source: str) -> int:
        """Make the rows of a SELECT live as a month's sorted file; for histories that are made, not recorded."""
        fresh, path = self._fresh(table, month, "month")
        rows = self._write(f"SELECT {_columns(table.names)} FROM ({source}) ORDER BY {_columns(table.order)}", fresh)
        with self.writing("append"):
            file = DataFile(path=path, table=table.name, month=month, rows=rows, compacted=True)
            publish(fresh, self.folder / path)
            write_manifest(self.folder, read_manifest(self.folder).swapped(add=[file], at=self._clock()))
        return rows

    def _add(self, table: TableSchema, lines: Path, at: datetime, stem: str, run_id: str) -> int:
        month = f"{at:%Y-%m}"
        columns = ", ".join(f"'{name}': '{kind}'" for name, kind in table.duckdb_types().items())
        # CSV, because DuckDB's buffer for JSON is 32 MB at least; parallel=false would keep all buffers to the end.
        largest = max(1 << 19, 2 * _longest_line(lines))
        source = (
            f"SELECT * FROM read_csv({quoted(lines.as_posix())}, auto_detect=false, header=false, delim=',', quote='\"', "
            f"escape='\"', nullstr='', allow_quoted_nulls=false, columns={{{columns}}}, "
            f"max_line_size={largest}, buffer_size={4 * largest})"
        )
        fresh, path = self._fresh(table, month, stem)
        # An engine of its own, small and gone afterwards: one thread keeps the rows in the order in which they were
        # written, and small row groups stream, so that a large tenant's day takes no more memory than a small one's.
        duck = Duck(self._duck.folder / "append", memory_limit=APPEND_MEMORY, threads=1, ordered=True)
        try:
            rows = self._write(source, fresh, duck=duck, row_group=APPEND_ROW_GROUP)
        finally:
            duck.close()
        lines.unlink(missing_ok=True)
        with self.writing("append"):
            manifest = read_manifest(self.folder)
            file = DataFile(path=path, table=table.name, month=month, rows=rows, runs={run_id: rows} if run_id else {})
            drop, rest = self._without_run(manifest, table, run_id)
            if drop:
                # Other rows under the same name: what was acknowledged of the old ones says nothing of them.
                ledger_path(self.folder, table.name, run_id).unlink(missing_ok=True)
            waiting = list(manifest.waiting)
            if self._spooling and rows:
                item = Waiting(table=table.name, id=run_id or path, since=self._clock().isoformat())
                waiting = [each for each in waiting if (each.table, each.id) != (item.table, item.id)] + [item]
            publish(fresh, self.folder / path)
            write_manifest(
                self.folder,
                manifest.swapped(
                    add=[*rest, file],
                    drop=drop,
                    at=self._clock(),
                    waiting=waiting,
                ),
            )
        return rows

    def _without_run(
        self, manifest: Manifest, table: TableSchema, run_id: str
    ) -> tuple[list[DataFile], list[DataFile]]:
        """The files that hold a run already, and their copies without it."""
        drop = [each for each in manifest.of(table.name) if run_id and run_id in each.runs]
        rest = []
        for file in drop:
            others = {each: rows for each, rows in file.runs.items() if each != run_id}
            if not others:
                continue
            source = f"SELECT * FROM {parquet([self.folder / file.path])} WHERE RunId <> {quoted(run_id)} ORDER BY {_columns(table.order)}"
            fresh, path = self._fresh(table, file.month, "month" if file.compacted else "merged")
            rows = self._write(source, fresh)
            publish(fresh, self.folder / path)
            rest.append(replace(file, path=path, rows=rows, runs=others))
        return drop, rest

    def _fresh(self, table: TableSchema, month: str, stem: str) -> tuple[Path, str]:
        """Where to write a new file, and the relative path it gets; each name is used once only."""
        folder = f"{FOLDERS[table.name]}/{month}"
        if not (self.folder / folder).exists():
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
            sync_folder(self.folder / FOLDERS[table.name])
        name = f"{stem}-{uuid4().hex[:12]}.parquet"
        return self.folder / folder / f".{name}.new", f"{folder}/{name}"

    def _write(self, source: str, path: Path, *, duck: Duck | None = None, row_group: int = ROW_GROUP) -> int:
        """Write a query's rows as Parquet and wait for the disk; returns the rows."""
        rows = (duck or self._duck).execute(
            f"COPY ({source}) TO {quoted(path.as_posix())} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {row_group})"
        )
        sync_file(path)
        return rows

    def writing(self, purpose: str) -> AbstractContextManager[None]:
        """Hold the writer's lock of this folder."""
        return locked(self.folder / "writer.lock", self._lock_wait, purpose)

    def uploading(self, wait: float) -> AbstractContextManager[None]:
        """Hold the uploader's lock: one process uploads, and what it uploads keeps its name."""
        return locked(self.folder / "upload.lock", wait, "upload")

    # ------------------------------------------------------------ upload's book

    def acknowledged(self, items: Iterable[Waiting]) -> None:
        """These rows are in Log Analytics: they no longer wait."""
        done = {(each.table, each.id) for each in items}
        with self.writing("note an upload"):
            manifest = read_manifest(self.folder)
            left = [each for each in manifest.waiting if (each.table, each.id) not in done]
            write_manifest(self.folder, manifest.swapped(at=self._clock(), waiting=left))

    # ------------------------------------------------------------ upkeep

    def tidy(self) -> None:
        """Merge what has become many, compact ended months, drop old months, sweep leftovers."""
        now = self._clock()
        this_month = f"{now:%Y-%m}"
        for table in TABLES.values():
            manifest = read_manifest(self.folder)
            for month in sorted({each.month for each in manifest.of(table.name) if not each.compacted}):
                if month < this_month:
                    self._merge(table, month, whole=True)
                else:
                    self._merge(table, month, whole=False)
        self._drop_old(now)
        self._sweep(now)

    def merge_batches(self, at: datetime, table: TableSchema = EVENTS) -> None:
        """Merge a month's small files when there are many, those that wait for upload among themselves."""
        month = f"{at:%Y-%m}"
        self._merge(table, month, whole=False)
        if table is EVENTS and len(self._waiting_batches(month)) >= MANY:
            # Somebody uploads just now: the next append tries again.
            with suppress(ArchiveError), self.uploading(0):
                self._merge_waiting(month)

    def _waiting_batches(self, month: str) -> list[DataFile]:
        """Batches that wait for upload and of which nothing was sent yet."""
        manifest = read_manifest(self.folder)
        waiting = {each.id for each in manifest.waiting if each.table == EVENTS.name}
        return [
            each
            for each in manifest.of(EVENTS.name)
            if each.month == month
            and each.path in waiting
            and not ledger_path(self.folder, EVENTS.name, each.path).exists()
        ]

    def _merge_waiting(self, month: str) -> None:
        """Make one waiting batch out of many, or a long outage would leave thousands of files."""
        with self.writing("merge"):
            files = self._waiting_batches(month)
            manifest = read_manifest(self.folder)
            merged = self._merged(EVENTS, month, files, whole=False)
            names = {each.path for each in files}
            first = next(each for each in manifest.waiting if each.id in names)
            waiting = [each for each in manifest.waiting if each.id not in names]
            write_manifest(
                self.folder,
                manifest.swapped(
                    add=[merged],
                    drop=files,
                    at=self._clock(),
                    waiting=[replace(first, id=merged.path), *waiting],
                ),
            )

    def _merge(self, table: TableSchema, month: str, *, whole: bool) -> None:
        """Rewrite a month's files as one sorted file.

        `whole` takes the compacted file in and marks the result compacted. Batches that wait for upload are
        named by their file, so they are left alone until they are acknowledged.
        """
        if not whole and len(self._mergeable(table, month, whole)) < MANY:
            return
        with self.writing("merge"):
            manifest = read_manifest(self.folder)
            files = self._mergeable(table, month, whole)
            if len(files) < 2 and not (whole and files and not files[0].compacted):
                return
            merged = self._merged(table, month, files, whole=whole)
            write_manifest(self.folder, manifest.swapped(add=[merged], drop=files, at=self._clock()))

    def _merged(self, table: TableSchema, month: str, files: list[DataFile], *, whole: bool) -> DataFile:
        """One sorted file in place of these, not live yet."""
        source = f"SELECT * FROM {parquet([self.folder / each.path for each in files])}"
        if table is EVENTS and self._distinct:
            source = f"SELECT DISTINCT ON (EventId) * FROM ({source})"
        fresh, path = self._fresh(table, month, "month" if whole else "merged")
        rows = self._write(f"SELECT * FROM ({source}) ORDER BY {_columns(table.order)}", fresh)
        publish(fresh, self.folder / path)
        runs = {run: count for each in files for run, count in each.runs.items()}
        return DataFile(path=path, table=table.name, month=month, rows=rows, runs=runs, compacted=whole)

    def _mergeable(self, table: TableSchema, month: str, whole: bool) -> list[DataFile]:
        manifest = read_manifest(self.folder)
        waiting = {each.id for each in manifest.waiting if each.table == EVENTS.name}
        return [
            each
            for each in manifest.of(table.name)
            if each.month == month and each.path not in waiting and (whole or not each.compacted)
        ]

    def _drop_old(self, now: datetime) -> None:
        """Drop months that ended before the history begins."""
        first = now - timedelta(days=self._history_days)
        old = [each for each in read_manifest(self.folder).files if each.month < f"{first:%Y-%m}"]
        if not old:
            return
        with self.writing("drop old months"):
            manifest = read_manifest(self.folder)
            gone = {run for each in old for run in each.runs} | {each.path for each in old}
            left = [each for each in manifest.waiting if each.id not in gone]
            write_manifest(self.folder, manifest.swapped(drop=old, at=now, waiting=left))

    def _sweep(self, now: datetime) -> None:
        """Delete files that stopped being live a while ago, and what crashed writers left."""
        with self.writing("sweep"):
            manifest = read_manifest(self.folder)
            # An older date than the grace, or one in the future: the clock was set back.
            due = [
                path
                for path, when in manifest.retired.items()
                if not timedelta() <= now - datetime.fromisoformat(when) < GRACE
            ]
            for path in due:
                (self.folder / path).unlink(missing_ok=True)
            if due:
                write_manifest(self.folder, manifest.forgotten(due))
            known = {each.path for each in manifest.files} | manifest.retired.keys()
        oldest = time.time() - LEFTOVER
        for name in (*FOLDERS.values(), "tmp"):
            for file in (self.folder / name).rglob("*"):
                if (
                    file.is_file()
                    and file.relative_to(self.folder).as_posix() not in known
                    and file.stat().st_mtime < oldest
                ):
                    log.warning("archive: sweeping %s, left behind by a writer that crashed", file)
                    file.unlink(missing_ok=True)


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def ledger_path(folder: Path, table: str, item_id: str) -> Path:
    """Where it is noted which chunks of a waiting item are acknowledged."""
    return folder / "ledger" / (re.sub(r"[^A-Za-z0-9._-]", "_", f"{table}-{item_id}") + ".json")


def check_run_id(run_id: str) -> str:
    """Run ids enter SQL and file lists. Raises ArchiveError for one that Steward would not make."""
    if not re.fullmatch(r"[A-Za-z0-9._:+-]{1,128}", run_id):
        raise ArchiveError(f"a run id must be letters, digits, and . _ : + -, got {run_id!r}")
    return run_id


def _longest_line(path: Path) -> int:
    """Bytes of a file's longest line."""
    with path.open("rb") as lines:
        return max(map(len, lines), default=0)
