"""Statements that are run so often that building them anew each time would cost more than the database's own work.

A statement is compiled once for each engine and then given to the driver as it stands. On SQLite it runs on the event
loop's own thread: looking up a few rows by their keys takes some ten microseconds, handing it to another thread and
back takes a hundred times that. Everything that may take long, and what waits for the disk, runs as before.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, Dialect, bindparam
from sqlalchemy.engine import Compiled
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import CompilerElement
from sqlalchemy.types import TypeEngine

#: Up to so many ids or rows a statement counts as quick.
FEW: Final = 8

Change = Callable[[Any], Any]
Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """One statement, compiled for one engine."""

    statement: Any
    sql: str
    #: (name, what is bound where the caller gives nothing, how its value is written), in the order of the driver.
    binds: tuple[tuple[str, Any, Change | None], ...]
    #: How each column of the answer is read; empty where all are as they come.
    reads: tuple[Change | None, ...]
    #: Makes a row of the answer of its values.
    row: Callable[[Iterable[Any]], Any]

    def bound(self, values: Values) -> list[Any]:
        """The values as the driver takes them."""
        found = []
        for name, otherwise, write in self.binds:
            value = values.get(name, otherwise)
            found.append(value if write is None else write(value))
        return found

    def rows(self, rows: Iterable[Iterable[Any]]) -> list[Any]:
        """The driver's rows as ours, whose values have the names of their columns."""
        if not self.reads:
            return [self.row(row) for row in rows]
        return [
            self.row(value if read is None else read(value) for value, read in zip(row, self.reads, strict=True))
            for row in rows
        ]


_prepared: dict[tuple[str, Hashable], Prepared] = {}


def prepared(key: Hashable, build: Callable[[], Any], dialect: Dialect, columns: Sequence[str] = ()) -> Prepared:
    """The statement of this key, built and compiled where it is new; the same key must always mean the same one.

    `columns` are those that an INSERT fills.
    """
    found = _prepared.get((dialect.name, key))
    if found is None:
        found = _prepared[dialect.name, key] = _prepare(build(), dialect, columns)
    return found


def _prepare(statement: CompilerElement, dialect: Dialect, columns: Sequence[str]) -> Prepared:
    compiled: Compiled = statement.compile(dialect=dialect, column_keys=list(columns) or None)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError(f"{type(statement).__name__} is no statement of SQL")
    defaults = compiled.params
    binds = tuple(
        (name, defaults.get(name), _writing(compiled.binds[name].type, dialect)) for name in compiled.positiontup or ()
    )
    selected = list(getattr(statement, "exported_columns", None) or ())
    reads = tuple(_reading(column.type, dialect) for column in selected)
    if all(read is None for read in reads):
        reads = ()
    names = [column.name for column in selected]
    named: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # noqa: PYI024 - made at run time
    row = named._make if selected else tuple
    return Prepared(statement=statement, sql=str(compiled), binds=binds, reads=reads, row=row)


def _writing(type_: TypeEngine[Any], dialect: Dialect) -> Change | None:
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _reading(type_: TypeEngine[Any], dialect: Dialect) -> Change | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def among(column: ColumnElement[Any], count: int) -> ColumnElement[bool]:
    """The column is one of so many values, named `id0`, `id1`, ..."""
    names: list[BindParameter[Any]] = [bindparam(f"id{number}", type_=column.type) for number in range(count)]
    return column == names[0] if count == 1 else column.in_(names)


def ids(values: Sequence[Any]) -> dict[str, Any]:
    """The values of `among`."""
    return {f"id{number}": value for number, value in enumerate(values)}


def run_here(connection: sqlite3.Connection, statement: Prepared, values: Values) -> list[Any]:
    """Run on SQLite, on this very thread."""
    return statement.rows(connection.execute(statement.sql, statement.bound(values)).fetchall())
