"""DuckDB as Steward uses it: one small in-memory engine that reads and writes Parquet files."""

# What is put into SQL here are our own column names, quoted file names and checked run ids.
# ruff: noqa: S608

import json
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from alerts.errors import ArchiveError
from alerts.ports import Table
from archive.tables import TableSchema

#: Rows turned into Python values at a time: each such call holds the interpreter's lock.
FETCH = 256


def quoted(text: str) -> str:
    """A text as SQL literal, for the file names that cannot be bound as parameters."""
    return "'" + text.replace("'", "''") + "'"


def parquet(paths: Sequence[Path]) -> str:
    """`read_parquet(...)` over these files."""
    return f"read_parquet([{', '.join(quoted(path.as_posix()) for path in paths)}])"


def view_sql(table: TableSchema, paths: Sequence[Path]) -> str:
    """A temporary view of the table's name over these files; without files an empty one."""
    types = table.duckdb_types()
    if paths:
        columns = ", ".join(f'"{name}"' for name in types)
        source = f"SELECT {columns} FROM {parquet(paths)}"
    else:
        source = (
            "SELECT " + ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in types.items()) + " WHERE FALSE"
        )
    return f'CREATE OR REPLACE TEMP VIEW "{table.name}" AS {source}'


class Running:
    """One statement under way, so that it can be ended from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._ended = False

    def interrupt(self) -> None:
        """End the statement now, or as soon as it begins."""
        with self._lock:
            self._ended = True
            if self._cursor is not None:
                self._cursor.interrupt()

    @contextmanager
    def on(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """While this cursor runs the statement. Raises ArchiveError when it was ended before it began."""
        with self._lock:
            if self._ended:
                raise ArchiveError("ended before it began")
            self._cursor = cursor
        try:
            yield
        finally:
            with self._lock:
                self._cursor = None


class Duck:
    """A DuckDB engine with a cursor for each thread.

    Args:
        folder: where it may spill what does not fit into memory; made when needed, removed by `close`.
        memory_limit: of the whole engine, such as "256MB".
        threads: how many it may use.
        ordered: whether rows come in the order of their file; it costs memory where several threads work.
    """

    def __init__(self, folder: Path, *, memory_limit: str = "256MB", threads: int = 2, ordered: bool = False) -> None:
        self.folder = folder
        self._root = duckdb.connect(
            ":memory:",
            config={
                "memory_limit": memory_limit,
                "threads": threads,
                "temp_directory": folder.as_posix(),
                "preserve_insertion_order": "true" if ordered else "false",
                # Parquet and JSON are built in: nothing is ever to be fetched.
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            },
        )
        self._root.execute("SET TimeZone='UTC'")
        self._local = threading.local()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's own cursor: a connection shared by threads fails half the time."""
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._root.cursor()
            cursor.execute("SET TimeZone='UTC'")
            self._local.cursor = cursor
        return cursor

    def execute(self, sql: str) -> int:
        """Run a statement that writes; returns the rows it wrote. Raises ArchiveError."""
        with failing("the embedded archive"):
            row = self.cursor().execute(sql).fetchone()
        return int(row[0]) if row and isinstance(row[0], int) else 0

    def close(self) -> None:
        """Let go of everything; a statement under way ends with an error."""
        self._root.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def failing(what: str) -> Iterator[None]:
    """Turn DuckDB's errors into ours."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise ArchiveError(f"{what}: interrupted") from error
    except duckdb.Error as error:
        raise ArchiveError(f"{what}: {error}") from error


def missing_file(error: BaseException) -> bool:
    """Whether DuckDB could not open a file: it was replaced while a reader was on its way."""
    return isinstance(error.__cause__, duckdb.IOException)


def answer(cursor: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object]) -> Table:
    """Run a query and fetch its answer in pieces. DuckDB's own errors come through."""
    cursor.execute(sql, dict(values)) if values else cursor.execute(sql)
    description = cursor.description or []
    kinds = [str(column[1]) for column in description]
    rows: list[tuple[object, ...]] = []
    while part := cursor.fetchmany(FETCH):
        rows += [tuple(native(kind, value) for kind, value in zip(kinds, row, strict=True)) for row in part]
    return Table(columns=tuple(column[0] for column in description), rows=tuple(rows))


def rows(cursor: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, object]) -> Iterator[dict[str, Any]]:
    """The rows of a query one after another. DuckDB's own errors come through."""
    cursor.execute(sql, dict(values)) if values else cursor.execute(sql)
    columns = [(column[0], str(column[1])) for column in cursor.description or []]
    while part := cursor.fetchmany(FETCH):
        for row in part:
            yield {name: native(kind, value) for (name, kind), value in zip(columns, row, strict=True)}


def native(kind: str, value: Any) -> object:
    """A DuckDB value as the archive's callers know it: times aware UTC, dynamics decoded."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if kind == "JSON" and isinstance(value, str):
        return json.loads(value)
    return value
