"""The embedded archive: Parquet files under a manifest, asked through DuckDB; no service and no server.

Several processes may read while one writes. Nothing here runs on the event loop but taking records from
the caller, a few hundred at a time: one thread writes, two answer.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TypeVar
from uuid import uuid4

from alerts.errors import ArchiveError
from alerts.model import CredentialRecord, Event, ScanRun
from alerts.ports import Clock, Table
from archive.duck import Duck, Running, answer, failing, missing_file, parquet, rows, view_sql
from archive.files import ArchiveFiles, check_run_id
from archive.kql import Query, bound_values, load
from archive.manifest import NAME, Manifest, Waiting, read_manifest
from archive.rows import Row, event_row, record_row, row_csv, run_row
from archive.tables import EVENTS, RECORDS, RETENTION_DAYS, RUNS, TABLES, TableSchema

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Of the engine that reads a run's rows for the upload; more is spilt to the disk.
UPLOAD_MEMORY = "96MB"
#: Records converted at a time, between which the event loop and the other threads get their turn.
CHUNK = 200
#: Queries under way at once.
READERS = 2


class EmbeddedArchive:
    """Implements ports.Archive on a folder.

    Args:
        folder: made when it does not exist.
        clock: the time that queries mean by now.
        version: Steward's version, for the rows of runs.
        history_days: rows older than this are dropped, a month at a time.
        names: False keeps object ids only of people (setting PERSON_DATA=ids).
        spooling: True notes every append as waiting for Log Analytics (see spool.py).
        memory_limit: of DuckDB in this process.
        query_seconds: a query that takes longer is ended.
        lock_wait: seconds to wait for another process that writes.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        version: str = "",
        history_days: int = RETENTION_DAYS,
        names: bool = True,
        spooling: bool = False,
        memory_limit: str = "256MB",
        query_seconds: float = 60.0,
        lock_wait: float = 60.0,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._clock = clock
        self._version = version
        self._names = names
        self._query_seconds = query_seconds
        self.duck = Duck(folder / "tmp" / f"spill-{os.getpid()}-{id(self):x}", memory_limit=memory_limit)
        self.files = ArchiveFiles(
            folder,
            self.duck,
            clock,
            history_days=history_days,
            lock_wait=lock_wait,
            spooling=spooling,
        )
        self._views = Views(folder, self.duck)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="archive-writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="archive-reader")

    # ------------------------------------------------------------ appending

    async def append_records(self, run: ScanRun, records: Iterable[CredentialRecord]) -> None:
        """Make one run's records durable; the same run again replaces them. Raises ArchiveError."""
        check_run_id(run.run_id)
        convert = partial(record_row, names=self._names)
        lines = await self._write_lines(RECORDS, records, convert)
        await self.in_writer(self.files.add_records, lines, run.run_id, run.started_at)

    async def append_events(self, events: Sequence[Event]) -> None:
        """Make events durable. Raises ArchiveError."""
        if not events:
            return
        lines = await self._write_lines(EVENTS, events, partial(event_row, names=self._names))
        newest = max(event.at for event in events)
        await self.in_writer(self.files.add_batch, EVENTS, lines, newest)
        await self.in_writer(self._cared_for, self.files.merge_batches, newest)

    async def append_run(self, run: ScanRun) -> None:
        """Write the run's row, then merge and drop what is due. Raises ArchiveError."""
        check_run_id(run.run_id)
        lines = await self._write_lines(RUNS, [run], partial(run_row, version=self._version))
        await self.in_writer(self.files.add_run, lines, run.run_id, run.finished_at)
        await self.tidy()

    async def upload(self) -> int:
        """Nothing to send to: 0."""
        return 0

    def records_uploaded(self, run_id: str) -> int:  # noqa: ARG002 - the port's signature
        """Nothing is sent anywhere: 0."""
        return 0

    async def tidy(self) -> None:
        """Merge, compact, drop and sweep what is due; a failure is logged and tried again another time."""
        await self.in_writer(self._cared_for, self.files.tidy)

    def _cared_for(self, upkeep: Callable[..., None], *arguments: object) -> None:
        # What was appended is durable already: upkeep that fails costs speed, not rows.
        try:
            upkeep(*arguments)
        except (ArchiveError, OSError) as error:
            log.warning("archive: upkeep failed, it will be tried again: %s", error)

    async def _write_lines(
        self, table: TableSchema, items: Iterable[T], convert: Callable[[T], dict[str, object]]
    ) -> Path:
        """Write rows as lines into a file of their own; items are taken on the event loop, in chunks."""
        path = self.files.new_lines_file()
        iterator = iter(items)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            while chunk := list(islice(iterator, CHUNK)):
                await self.in_writer(_write_chunk, file, table.names, chunk, convert)
        return path

    async def in_writer(self, work: Callable[..., T], *arguments: object) -> T:
        """Run something that blocks in the writer's thread. Raises ArchiveError for a full or failing disk."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._writer, work, *arguments)
        except OSError as error:
            raise ArchiveError(f"the embedded archive in {self.folder}: {error}") from error

    # ------------------------------------------------------------ asking

    async def query(self, name: str, **values: object) -> Table:
        """Answer `queries/<name>.kql`. Raises ArchiveError."""
        query = load(name)
        bound = bound_values(query, values, self._clock())
        running = Running()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._query_seconds):
                return await loop.run_in_executor(self._readers, self._views.ask, query, bound, running)
        except TimeoutError as error:
            raise ArchiveError(f"{name}: no answer within {self._query_seconds:g} s") from error
        finally:
            # A thread cannot be cancelled, its statement can; after an answer this does nothing.
            running.interrupt()

    def manifest(self) -> Manifest:
        """What the archive holds now."""
        return read_manifest(self.folder)

    def rows_of(self, item: Waiting) -> Iterator[Row]:
        """The rows that wait under this name, always in the same order.

        Blocks: for the uploader's one thread. Raises ArchiveError.
        """
        table = TABLES[item.table]
        files = [each for each in self.manifest().of(item.table) if item.id == each.path or item.id in each.runs]
        if not files:
            return
        sql = f"SELECT * FROM {parquet([self.folder / each.path for each in files])}"  # noqa: S608 - our file names
        order = ", ".join(f'"{name}"' for name in (*table.order, *table.key))
        values: dict[str, object] = {}
        if table is not EVENTS:
            sql, values = f"{sql} WHERE RunId = $Run", {"Run": item.id}
        # A run's file is in this order already, and sorting it again would take 60 MB for 33,000 rows.
        if len(files) == 1 and table is RECORDS:
            order = ""
        # An engine of its own: what it took is given back when the last row is read.
        duck = Duck(self.folder / "tmp" / f"upload-{uuid4().hex}", memory_limit=UPLOAD_MEMORY, threads=1, ordered=True)
        try:
            with failing("the spool"):
                yield from rows(duck.cursor(), sql + (f" ORDER BY {order}" if order else ""), values)
        finally:
            duck.close()

    async def close(self) -> None:
        """Finish what is being written, then let go of the files."""
        for pool in (self._readers, self._writer):
            await asyncio.get_running_loop().run_in_executor(None, pool.shutdown)
        self.duck.close()


def _write_chunk(
    file: IO[str], names: Sequence[str], chunk: list[T], convert: Callable[[T], dict[str, object]]
) -> None:
    for item in chunk:
        file.write(row_csv(convert(item), names) + "\n")


class Views:
    """The tables by name over the manifest's files, one set for each reader's thread."""

    def __init__(self, folder: Path, duck: Duck) -> None:
        self._folder = folder
        self._duck = duck
        self._seen: dict[int, tuple[int, int]] = {}

    def ask(self, query: Query, bound: Mapping[str, object], running: Running) -> Table:
        """Run a query's committed SQL. Raises ArchiveError."""
        try:
            return self._ask(query, bound, running)
        except ArchiveError as error:
            if not missing_file(error):
                raise
            # A writer replaced a file between reading the manifest and opening it.
            self._seen.clear()
            return self._ask(query, bound, running)

    def _ask(self, query: Query, bound: Mapping[str, object], running: Running) -> Table:
        cursor = self._duck.cursor()
        with failing(query.name), running.on(cursor):
            stamp = self._stamp()
            if self._seen.get(id(cursor)) != stamp:
                manifest = read_manifest(self._folder)
                for table in TABLES.values():
                    cursor.execute(view_sql(table, [self._folder / each.path for each in manifest.of(table.name)]))
                self._seen[id(cursor)] = stamp
            return answer(cursor, query.sql, bound)

    def _stamp(self) -> tuple[int, int]:
        """Changes whenever the manifest does."""
        try:
            status = (self._folder / NAME).stat()
        except FileNotFoundError:
            return (0, 0)
        return (status.st_mtime_ns, status.st_ino)
