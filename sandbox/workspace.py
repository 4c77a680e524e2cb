"""The practice tenant's Log Analytics workspace: the archive's own file layout, asked in KQL through duckdb-kql."""

import json
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import duckdb_kql

from alerts.ports import Table
from archive.duck import Duck, answer, view_sql
from archive.files import ArchiveFiles
from archive.manifest import read_manifest
from archive.rows import Row, row_json
from archive.tables import RETENTION_DAYS, TABLES, TableSchema
from archive.translate import schema
from sandbox.history import seed_history
from sandbox.tenant import Tenant

#: Written when the seeded history is complete.
SEEDED = "seeded"
#: Translated queries that are remembered; Steward asks some twenty.
REMEMBERED = 200

_KQL_TYPES: Mapping[str, str] = {
    "VARCHAR": "string", "TIMESTAMP": "datetime", "DATE": "datetime", "TIMESTAMP WITH TIME ZONE": "datetime",
    "INTEGER": "int", "SMALLINT": "int", "BIGINT": "long", "HUGEINT": "long", "UBIGINT": "long", "DOUBLE": "real",
    "FLOAT": "real", "BOOLEAN": "bool", "JSON": "dynamic", "INTERVAL": "timespan", "UUID": "guid",
}


class BadQuery(ValueError):
    """The service would refuse this query.

    Attributes:
        code: of the inner error: SyntaxError or SemanticError.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


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
        self._translated: dict[str, duckdb_kql.TranslationResult] = {}
        self._translating = threading.Lock()

    def _open(self) -> ArchiveFiles:
        return ArchiveFiles(
            self._folder, self._duck, self._now, history_days=RETENTION_DAYS, lock_wait=10.0, spooling=False, distinct=False,
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
        lines.write_text("".join(row_json(row) + "\n" for row in rows), encoding="utf-8")
        newest = max(row["TimeGenerated"] for row in rows)
        self._files.add_batch(table, lines, newest)
        self._files.merge_batches(newest, table)

    # ------------------------------------------------------------ asking

    def ask(self, kql: str) -> tuple[list[tuple[str, str]], Table]:
        """Column names with their types, and the answer. Blocks. Raises BadQuery."""
        translated = self._translate(kql)
        values = {**translated.parameters}
        if "kqlnow" in values:
            values["kqlnow"] = self._now().astimezone(UTC).replace(tzinfo=None)
        cursor = self._duck.cursor()
        manifest = read_manifest(self._folder)
        for table in TABLES.values():
            cursor.execute(view_sql(table, [self._folder / each.path for each in manifest.of(table.name)]))
        try:
            result = answer(cursor, str(translated), values)
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
            raise BadQuery("SemanticError", str(error).splitlines()[0]) from error
        kinds = [str(column[1]) for column in cursor.description or []]
        return [(name, kql_type(kind)) for name, kind in zip(result.columns, kinds, strict=True)], result

    def _translate(self, kql: str) -> duckdb_kql.TranslationResult:
        with self._translating:
            found = self._translated.get(kql)
            if found is None:
                try:
                    found = duckdb_kql.to_sql(kql, schema=schema(), query_now=self._now(), allow_write=False)
                except duckdb_kql.KqlSyntaxError as error:
                    raise BadQuery("SyntaxError", str(error)) from error
                except duckdb_kql.KqlError as error:
                    raise BadQuery("SemanticError", str(error)) from error
                if len(self._translated) >= REMEMBERED:
                    self._translated.clear()
                self._translated[kql] = found
            return found

    @property
    def pool(self) -> ThreadPoolExecutor:
        """Where its blocking calls belong."""
        return self._pool

    def close(self) -> None:
        """Finish what is under way and let go of the files."""
        self._pool.shutdown()
        self._duck.close()


def kql_type(duckdb_type: str) -> str:
    """The Kusto type of a DuckDB type; lists and structs are dynamic."""
    return _KQL_TYPES.get(duckdb_type, "real" if duckdb_type.startswith("DECIMAL") else "dynamic")


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
