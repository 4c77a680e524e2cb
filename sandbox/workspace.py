"""The practice tenant's Log Analytics workspace: the archive's own file layout, asked in KQL through duckdb-kql."""

import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alerts.ports import Table
from archive.duck import Duck
from archive.files import ArchiveFiles
from archive.kusto import Kusto
from archive.rows import Row, row_csv
from archive.tables import RETENTION_DAYS, TableSchema
from sandbox.history import seed_history
from sandbox.tenant import Tenant

#: Written when the seeded history is complete.
SEEDED = "seeded"


class Workspace:
    """Rows as they were sent, doubled ones included; kept over restarts.

    Args:
        folder: of its own.
        now: the practice tenant's time.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        folder.mkdir(parents=True, exist_ok=True)
        self._duck = Duck(folder / "tmp" / "spill", memory_limit="512MB")
        self._files = self._open()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="workspace")
        self._kusto = Kusto(folder, self._duck, now)

    def _open(self) -> ArchiveFiles:
        return ArchiveFiles(
            self._folder,
            self._duck,
            self._now,
            history_days=RETENTION_DAYS,
            lock_wait=10.0,
            spooling=False,
            distinct=False,
        )

    def seed(self, tenant: Tenant) -> int:
        """Write the tenant's past, once; returns the rows written. Blocks."""
        if (self._folder / SEEDED).exists():
            return 0
        # What a start that was cut off has left would be there twice.
        shutil.rmtree(self._folder)
        self._files = self._open()
        rows = seed_history(tenant, self._files, self._duck)
        (self._folder / SEEDED).touch()
        return rows

    # ------------------------------------------------------------ writing

    def add(self, table: TableSchema, rows: Sequence[Row]) -> None:
        """Keep rows; they can be queried when this returns. Blocks."""
        if not rows:
            return
        lines = self._files.new_lines_file()
        lines.write_text("".join(row_csv(row, table.names) + "\n" for row in rows), encoding="utf-8")
        newest = max(row["TimeGenerated"] for row in rows)
        self._files.add_batch(table, lines, newest)
        self._files.merge_batches(newest, table)

    # ------------------------------------------------------------ asking

    def ask(self, kql: str) -> tuple[list[tuple[str, str]], Table]:
        """Column names with their types, and the answer. Blocks. Raises BadQuery."""
        return self._kusto.ask(kql)

    @property
    def pool(self) -> ThreadPoolExecutor:
        """Where its blocking calls belong."""
        return self._pool

    def close(self) -> None:
        """Finish what is under way and let go of the files."""
        self._pool.shutdown()
        self._duck.close()


def wire_value(kind: str, value: Any) -> Any:
    """A value as the query service writes it: times with seven decimals, dynamics as JSON text."""
    if value is None:
        return "" if kind == "string" else None
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
    if kind == "dynamic":
        return json.dumps(value, ensure_ascii=False, default=str)
    if kind == "real":
        number = float(value)
        return number if number == number and abs(number) != float("inf") else str(number)
    if kind in ("int", "long"):
        return int(value)
    return value if isinstance(value, bool) else str(value)
