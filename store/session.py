"""What all parts of a transaction share: running statements, chunks, upserts, and pauses for the event loop."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Executable, Row, Table, any_, literal, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from store.engine import our_errors, sqlite_of
from store.quick import FEW, among, ids, prepared, run_here

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

#: Ids per IN list and rows per statement: a few milliseconds of work between two awaits.
CHUNK = 500
#: Longest stretch of pure computing between two looks of the event loop at everybody else (seconds).
STRETCH = 0.01

Upsert = sqlite.Insert | postgresql.Insert


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def distinct(items: Iterable[K]) -> list[K]:
    """Each item once, in order of first appearance."""
    return list(dict.fromkeys(items))


class Pauses:
    """Lets others run when a loop has computed for a while: `await pauses()` costs little when not due."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    async def __call__(self) -> None:
        if time.monotonic() - self._since > STRETCH:
            await asyncio.sleep(0)
            self._since = time.monotonic()


async def _to_the_end(step: Coroutine[Any, Any, T]) -> T:
    """Await a step that must not be broken off; a cancellation comes after it.

    asyncpg, cancelled between the rows of one statement, waits for the server while the server waits
    for the next row (asyncpg 0.32).
    """
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        if not task.cancelled():
            # Looked at, so that it is not reported as forgotten: the cancellation is what counts.
            task.exception()
        raise


class Session:
    """One open transaction on one connection; the parts of the store build on it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"
        #: The driver's own connection, once it was needed.
        self._driver: Any = None
        #: Answers that were read ahead (store.ahead), each for the first who asks.
        self._foreseen: dict[Hashable, list[Any]] = {}

    def _foresee(self, key: Hashable, values: Mapping[str, Any], rows: list[Any]) -> None:
        """What `_quick` will return when it is asked this for the first time."""
        self._foreseen[key, tuple(values.values())] = rows

    async def _quick(
        self, key: Hashable, build: Callable[[], Any], values: Mapping[str, Any], columns: Sequence[str] = ()
    ) -> list[Any]:
        """Run one of the statements of `store.quick`: one that touches a few rows, found by their keys."""
        if (
            self._foreseen
            and not columns
            and (known := self._foreseen.pop((key, tuple(values.values())), None)) is not None
        ):
            return known
        statement = prepared(key, build, self._connection.dialect, columns)
        with our_errors():
            if self._sqlite:
                if self._driver is None:
                    self._driver = sqlite_of(self._connection)
                return run_here(self._driver, statement, values)
            if self._driver is None:
                self._driver = self._connection.sync_connection.connection.driver_connection  # type: ignore[union-attr]
            return statement.rows(await self._driver.fetch(statement.sql, *statement.bound(values)))

    async def _rows_by(
        self, key: Hashable, column: ColumnElement[Any], values: Iterable[Any], build: Callable[[Any], Any]
    ) -> AsyncIterator[Sequence[Any]]:
        """The rows whose column is one of the values, a part at a time; `build` makes the statement of a condition."""
        for part in chunks(distinct(values)):
            count = len(part)
            if count <= FEW:
                yield await self._quick((key, count), lambda count=count: build(among(column, count)), ids(part))  # type: ignore[misc]
            else:
                yield await self._rows(build(self._among(column, part)))

    async def _write_few(self, key: Hashable, build: Callable[[], Any], rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Run an INSERT for each row, which all fill the same columns; what it returns of them."""
        found = []
        for row in rows:
            found.extend(await self._quick(key, build, row, columns=tuple(row)))
        return found

    async def _rows(self, statement: Executable) -> Sequence[Row[Any]]:
        with our_errors():
            return (await self._connection.execute(statement)).all()

    async def _row(self, statement: Executable) -> Row[Any] | None:
        with our_errors():
            return (await self._connection.execute(statement)).first()

    async def _scalar(self, statement: Executable) -> Any:
        with our_errors():
            return (await self._connection.execute(statement)).scalar()

    async def _parts(self, statement: Executable, size: int = CHUNK) -> AsyncIterator[Sequence[Row[Any]]]:
        """The rows of a long answer, a part at a time, so that none of them holds up the event loop."""
        with our_errors():
            result = await self._connection.stream(statement)
        try:
            while True:
                with our_errors():
                    part = await result.fetchmany(size)
                if not part:
                    return
                yield part
        finally:
            with our_errors():
                await result.close()

    async def _all(self, statement: Executable) -> list[Row[Any]]:
        """All rows of an answer that may be long."""
        rows: list[Row[Any]] = []
        async for part in self._parts(statement):
            rows.extend(part)
        return rows

    async def _run(self, statement: Executable) -> int:
        """Run one statement that changes rows; how many it changed."""
        with our_errors():
            result = await self._connection.execute(statement)
        return int(getattr(result, "rowcount", -1))

    async def _run_many(self, statement: Executable, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run one statement for each row, in order; the rows may come from a generator."""
        for part in chunks(rows):
            with our_errors():
                if len(part) == 1:
                    await self._connection.execute(statement, part[0])
                else:
                    await _to_the_end(self._connection.execute(statement, part))

    async def _written(self, statement: Executable, rows: Iterable[Mapping[str, Any]]) -> list[Any]:
        """Run an INSERT with RETURNING of one column for each row; that column of the rows written."""
        found: list[Any] = []
        for part in chunks(rows):
            with our_errors():
                found.extend((await self._connection.execute(statement, part)).scalars())
        return found

    def _among(self, column: ColumnElement[Any], values: Sequence[Any]) -> ColumnElement[bool]:
        """The column is one of the values, at most a chunk of them.

        PostgreSQL takes them as one array: half the time, and one prepared statement for any number.
        """
        if self._sqlite:
            return column.in_(values)
        return column == any_(literal(values, ARRAY(column.type)))

    def _insert(self, table: Table) -> Upsert:
        """INSERT with the ON CONFLICT of the engine at hand; both spell it alike."""
        return sqlite.insert(table) if self._sqlite else postgresql.insert(table)

    async def _insert_all(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that all fill the same columns."""
        if len(rows) <= FEW:
            await self._write_few(("insert", table.name), lambda: self._insert(table), rows)
        else:
            await self._run_many(self._insert(table), rows)

    def _replacing(self, table: Table, key: Sequence[str] = ()) -> Executable:
        """INSERT that replaces the row with the same key, the primary one by default.

        A row in which nothing changes is not written.
        """
        insert = self._insert(table)
        numbered = table.autoincrement_column
        key = list(key) or [column.name for column in table.primary_key]
        others = [c.name for c in table.columns if c.name not in key and c is not numbered]
        changed = or_(*(table.c[name].is_distinct_from(insert.excluded[name]) for name in others))
        return insert.on_conflict_do_update(
            index_elements=key, set_={name: insert.excluded[name] for name in others}, where=changed
        )

    async def _replace(self, table: Table, rows: Iterable[Mapping[str, Any]], key: Sequence[str] = ()) -> None:
        """Insert rows, or replace those with the same key; the later of two equal ones wins."""
        rows = iter(rows)
        first = list(islice(rows, FEW + 1))
        if len(first) <= FEW:
            await self._write_few(("replace", table.name, *key), lambda: self._replacing(table, key), first)
        else:
            await self._run_many(self._replacing(table, key), chain(first, rows))
