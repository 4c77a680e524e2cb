"""The archive that Steward writes to: the embedded one always, and from there Log Analytics when configured.

Everything is durable in the embedded archive before anything is sent. What is not acknowledged yet waits in
its manifest, over restarts and outages, and goes out in order: records, events, and the row of a run last.
"""

import asyncio
import gzip
import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from itertools import islice
from typing import TypeVar

from alerts.errors import ArchiveError
from alerts.model import CredentialRecord, Event, ScanRun
from alerts.ports import Table
from archive.embedded import EmbeddedArchive
from archive.files import ledger_path
from archive.ledger import Chunk, Ledger, chunks
from archive.log_analytics import LogAnalytics, Rejected
from archive.manifest import Waiting
from archive.rows import Row
from archive.tables import EVENTS, RECORDS, RUNS, TABLES

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Records before events before runs: a run's row says that all of it is there.
_ORDER = {RECORDS.name: 0, EVENTS.name: 1, RUNS.name: 2}
#: Seconds to wait for another process that uploads.
UPLOAD_WAIT = 120.0


class SpooledArchive:
    """Implements ports.Archive.

    Args:
        embedded: made with `spooling=True` when there is a Log Analytics.
        log_analytics: None: the embedded archive alone.
    """

    def __init__(self, embedded: EmbeddedArchive, log_analytics: LogAnalytics | None = None) -> None:
        self._embedded = embedded
        self._logs = log_analytics
        self._uploading = asyncio.Lock()
        #: Reads rows, makes chunks, keeps ledgers: DuckDB's cursor belongs to its thread.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="archive-upload")
        self._uploaded: dict[str, int] = {}

    @property
    def here(self) -> EmbeddedArchive:
        """The part on this machine's own disk."""
        return self._embedded

    @property
    def remote(self) -> bool:
        """Whether there is a Log Analytics, which other machines write to as well."""
        return self._logs is not None

    async def append_records(self, run: ScanRun, records: Iterable[CredentialRecord]) -> None:
        """Make one run's records durable; the same run again replaces them. Raises ArchiveError."""
        await self._embedded.append_records(run, records)

    async def append_events(self, events: Sequence[Event]) -> None:
        """Make events durable. Raises ArchiveError."""
        await self._embedded.append_events(events)

    async def append_run(self, run: ScanRun) -> None:
        """Write the run's row; it is sent only after each of its records was acknowledged. Raises ArchiveError."""
        await self._embedded.append_run(run)

    async def query(self, name: str, **values: object) -> Table:
        """Ask Log Analytics when it is configured, else the embedded archive. Raises ArchiveError."""
        return await (self._logs or self._embedded).query(name, **values)

    # ------------------------------------------------------------ uploading

    async def upload(self) -> int:
        """Send what waits; returns the rows acknowledged by this call.

        Raises ArchiveError when something could not be sent; it stays and is sent again by the next call.
        """
        if self._logs is None:
            return 0
        async with self._uploading:
            if not self._embedded.manifest().waiting:
                return 0
            with ExitStack() as stack:
                await self._run(stack.enter_context, self._embedded.files.uploading(UPLOAD_WAIT))
                return await self._upload_all(self._logs)

    async def _upload_all(self, logs: LogAnalytics) -> int:
        sent, problems = 0, list[str]()
        waiting = sorted(self._embedded.manifest().waiting, key=lambda each: _ORDER.get(each.table, 1))
        records = {each.id for each in waiting if each.table == RECORDS.name}
        for item in waiting:
            if item.table == RUNS.name and item.id in records:
                continue
            rows, error = await self._send(logs, item)
            sent += rows
            if error is None:
                records.discard(item.id)
                continue
            problems.append(str(error))
            if not isinstance(error, Rejected):
                # The service is out of reach: the others would only wait for the same answer.
                break
        if problems:
            raise ArchiveError(f"{sent} rows acknowledged, the rest waits in the spool: {'; '.join(problems)}")
        return sent

    async def _send(self, logs: LogAnalytics, item: Waiting) -> tuple[int, ArchiveError | None]:
        """Send what is left of one item: the rows acknowledged now, and what went wrong."""
        ledger = await self._run(Ledger, ledger_path(self._embedded.folder, item.table, item.id), item.id)
        before = ledger.acknowledged_rows
        rows = self._rows(item)
        pieces = (chunk for chunk in chunks(rows) if ledger.state(chunk) != "acknowledged")
        problem: ArchiveError | None = None
        try:
            while batch := await self._run(_take, pieces, logs.parallel):
                stream = TABLES[item.table].stream
                outcomes = await asyncio.gather(
                    *(self._send_chunk(logs, stream, ledger, chunk) for chunk in batch),
                    return_exceptions=True,
                )
                errors = [each for each in outcomes if isinstance(each, BaseException)]
                for error in errors:
                    if not isinstance(error, ArchiveError):
                        raise error
                    problem = error if not isinstance(error, Rejected) else problem or error
                if problem is not None and not isinstance(problem, Rejected):
                    break
            if problem is None:
                await self._run(self._finish, item, ledger)
        except ArchiveError as error:
            problem = error
        finally:
            await self._run(rows.close)
        now = ledger.acknowledged_rows
        if item.table == RECORDS.name:
            self._uploaded[item.id] = now
        return now - before, problem

    async def _send_chunk(self, logs: LogAnalytics, stream: str, ledger: Ledger, chunk: Chunk) -> None:
        if ledger.state(chunk) == "sending":
            log.warning("archive: chunk %d of %s is sent again, its outcome is unknown", chunk.number, ledger.id)
        await self._run(ledger.note, chunk, "sending")
        body = await self._run(gzip.compress, chunk.body, 6)
        await logs.send(stream, body)
        await self._run(ledger.note, chunk, "acknowledged")

    def _rows(self, item: Waiting) -> Generator[Row, None, None]:
        """The rows of an item; a run's row says how many of its records were acknowledged."""
        for row in self._embedded.rows_of(item):
            if item.table == RUNS.name:
                row["RecordsUploaded"] = max(int(row["RecordsUploaded"] or 0), self._acknowledged(item.id))
            yield row

    def _acknowledged(self, run_id: str) -> int:
        return Ledger(ledger_path(self._embedded.folder, RECORDS.name, run_id), run_id).acknowledged_rows

    def _finish(self, item: Waiting, ledger: Ledger) -> None:
        """All of it is acknowledged. The ledger of a run's records is kept until its row has said so."""
        self._embedded.files.acknowledged([item])
        if item.table != RECORDS.name:
            ledger.remove()
        if item.table == RUNS.name:
            ledger_path(self._embedded.folder, RECORDS.name, item.id).unlink(missing_ok=True)

    # ------------------------------------------------------------ looking

    def records_uploaded(self, run_id: str) -> int:
        """How many of a run's records this process knows to be acknowledged by Log Analytics."""
        return self._uploaded.get(run_id, 0)

    def waiting_since(self) -> datetime | None:
        """When the oldest rows were written that still wait for Log Analytics; None when nothing waits.

        Azure replaces the time of rows older than two days, so a spool that old is a fault to be told.
        """
        waiting = self._embedded.manifest().waiting
        return min((datetime.fromisoformat(each.since) for each in waiting), default=None)

    async def close(self) -> None:
        """Finish what is under way and let go of files and connections."""
        async with self._uploading:
            await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
        if self._logs is not None:
            await self._logs.close()
        await self._embedded.close()

    async def _run(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def _take(pieces: Iterator[Chunk], count: int) -> list[Chunk]:
    return list(islice(pieces, count))
