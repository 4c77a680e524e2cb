"""Engines and connections: which driver an address means, and what each database is told at connect."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from alerts.errors import SettingsError, StoreError, VersionConflict

#: How long SQLite waits for another process that writes (milliseconds).
BUSY_MILLISECONDS = 15_000
#: Connections on which this process reads SQLite at once, at most.
READERS = 16
#: What the write-ahead log is cut back to after a big transaction (bytes).
JOURNAL_LIMIT = 64 * 1024 * 1024
#: Connections that PostgreSQL is asked for at most, per process, for writing and again for reading.
POOL_SIZE = 8
#: PostgreSQL ends the transaction of a process that was stopped in the middle of it, so that its locks
#: do not outlive its leases (seconds).
IDLE_SECONDS = 60
#: How long a statement waits for a row that another transaction holds (seconds).
LOCK_SECONDS = 30
CONNECT_SECONDS = 10.0
#: How long a connection may have rested before PostgreSQL is asked whether it still stands.
PING_SECONDS = 5.0
STATEMENT_SECONDS = 300.0

#: SQLSTATEs after which the caller should read and decide again: unique key, serialisation, deadlock.
_CONFLICTS = {"23505", "40001", "40P01"}


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the database is. Exactly one of `path` and `dsn` is filled."""

    #: SQLite: the file.
    path: Path | None = None
    #: PostgreSQL: a URL as libpq and asyncpg read it, with all its parameters (sslmode, host, ...).
    dsn: str = ""


def parse_address(url: str) -> Address:
    """Read a DATABASE_URL: sqlite:///file, postgresql://... or postgres://..., with or without a driver.

    Raises SettingsError. The message never repeats the URL: it may hold a password.
    """
    scheme, _, rest = url.partition("://")
    kind, _, driver = scheme.partition("+")
    if kind in {"postgres", "postgresql"} and driver in {"", "asyncpg"}:
        return Address(dsn=f"postgresql://{rest}")
    if kind == "sqlite" and driver in {"", "aiosqlite"}:
        # As it stands, without escapes: a folder's name may hold % and ?.
        name = rest.removeprefix("/") if rest.startswith("/") else ""
        if not name or ":memory:" in name or name.startswith("file:"):
            raise SettingsError(["DATABASE_URL: SQLite needs a file, such as sqlite:///var/steward.db"])
        return Address(path=Path(name))
    raise SettingsError(
        [f"DATABASE_URL: {scheme or 'nothing'!r} is not known; use sqlite:///file or postgresql://user@host/database"]
    )


# ---------------------------------------------------------------- SQLite


def prepare_file(path: Path) -> None:
    """Make the database's folder and file, readable by their owner only: it holds people's names.

    Raises StoreError when that is not possible.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the database file {path} cannot be made: {error}") from error


def sqlite_engine(path: Path, *, writes: bool, foreign_keys: bool = True, pooled: bool = True) -> AsyncEngine:
    """An engine on the file: a writing one begins with BEGIN IMMEDIATE, a reading one may not write."""
    if not pooled:
        pool: dict[str, Any] = {"poolclass": NullPool}
    else:
        pool = {"pool_size": 1 if writes else READERS, "max_overflow": 0}
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        # Used by one task after another, on the driver's thread or, for what is quick, on the event loop's own.
        connect_args={"check_same_thread": False},
        # Whoever takes a connection begins a transaction and ends it.
        pool_reset_on_return=None,
        **pool,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def connected(connection: Any, _record: object) -> None:
        # The driver must not begin or commit by itself: it would begin late, and end DDL's transactions.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _pragmas(writes=writes, foreign_keys=foreign_keys):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begun(connection: Connection) -> None:
        if _raw(connection).in_transaction:
            # store.connections has begun it.
            return
        # May wait for another process.
        connection.connection.run_async(lambda driver: driver.execute("BEGIN IMMEDIATE" if writes else "BEGIN"))

    if not writes:
        # Ends what was read: nothing is written, so nobody waits.
        engine.sync_engine.dialect.do_commit = _end_reading  # type: ignore[assignment, method-assign]

    @event.listens_for(engine.sync_engine, "invalidate")
    def invalidated(connection: Any, _record: object, _error: object) -> None:
        # A cancelled task's connection is thrown away. Closing it does not end its transaction while a
        # traceback still refers to one of its cursors: the file would stay locked until then.
        with suppress(sqlite3.Error):
            connection.rollback()

    return engine


def _raw(connection: Connection) -> sqlite3.Connection:
    raw: sqlite3.Connection = connection.connection.driver_connection._conn  # type: ignore[union-attr]  # noqa: SLF001 - the one way to it
    return raw


def _end_reading(connection: Any) -> None:
    connection.driver_connection._conn.commit()  # noqa: SLF001 - the one way to it


def sqlite_of(connection: AsyncConnection) -> sqlite3.Connection:
    """SQLite's own connection below: whoever holds the transaction may use it between two statements."""
    if connection.sync_connection is None:
        raise StoreError("the transaction has ended")
    return _raw(connection.sync_connection)


def _pragmas(*, writes: bool, foreign_keys: bool) -> list[str]:
    pragmas = [f"busy_timeout={BUSY_MILLISECONDS}"]
    if not writes:
        return [*pragmas, "query_only=ON"]
    return [
        *pragmas,
        # Readers see the last commit while one writes.
        "journal_mode=WAL",
        # A commit is on the disk before it returns: a claim that a crash forgets would be sent twice.
        "synchronous=FULL",
        # macOS otherwise leaves it in the drive's cache; no effect elsewhere.
        "fullfsync=ON",
        f"journal_size_limit={JOURNAL_LIMIT}",
        # 4 MB: the rest is in the system's own cache, and a scan needs the memory.
        "cache_size=-4000",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
    ]


# ---------------------------------------------------------------- PostgreSQL


def postgres_engine(dsn: str, *, writes: bool = True, pooled: bool = True) -> AsyncEngine:
    """An engine whose connections asyncpg opens from the address as it stands, TLS parameters included.

    Reading and writing have pools of their own: a transaction that also reads aside can then never wait
    for a connection which another such transaction holds.
    """
    settings = {
        "application_name": "steward",
        "timezone": "UTC",
        "idle_in_transaction_session_timeout": str(IDLE_SECONDS * 1000),
        # A migration waits for that of another replica as long as it takes.
        "lock_timeout": str(LOCK_SECONDS * 1000 if pooled else 0),
    }

    async def connect() -> Any:
        return await asyncpg.connect(
            dsn, timeout=CONNECT_SECONDS, command_timeout=STATEMENT_SECONDS, server_settings=settings
        )

    pool: dict[str, Any] = {"pool_size": POOL_SIZE, "max_overflow": 0} if pooled else {"poolclass": NullPool}
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, pool_pre_ping=True, **pool)
    _ping_when_idle(engine)
    if writes:
        return engine
    # One statement after the other must see the same state: a card is built from many of them.
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _ping_when_idle(engine: AsyncEngine) -> None:
    """A connection that a restart of the database has cut is noticed before it is used.

    One that was used a moment ago needs no question to the database: asyncpg hears of a cut by itself.
    """
    dialect = engine.sync_engine.dialect
    ask, used = dialect.do_ping, WeakKeyDictionary[Any, float]()

    def ping(connection: Any) -> bool:
        now = time.monotonic()
        fresh = now - used.get(connection.driver_connection, float("-inf")) < PING_SECONDS
        used[connection.driver_connection] = now
        return not connection.driver_connection.is_closed() if fresh else ask(connection)

    dialect.do_ping = ping  # type: ignore[assignment, method-assign]


# ---------------------------------------------------------------- errors


def _constraint(error: BaseException | None) -> str:
    """The driver's own error names it; SQLAlchemy wraps that."""
    found = getattr(error, "constraint_name", None) or getattr(
        error.__cause__ if error else None, "constraint_name", ""
    )
    return str(found or "")


def as_ours(error: Exception) -> Exception:
    """The error of ours that says what a database's error means to the caller.

    The statement and its values are left out: they hold people's names. What a value itself was refused
    for, before it reached the database, is the caller's mistake and stays what it was.
    """
    if isinstance(error, StatementError) and isinstance(error.orig, ValueError | TypeError):
        return error.orig
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, SQLAlchemyError | OSError):
        return StoreError(f"the database failed: {type(error).__name__}: {str(error).partition('[SQL')[0]}")
    # PostgreSQL names the values of a refused row in the lines after the first.
    text = str(cause).partition("\n")[0] if cause is not None else type(error).__name__
    state = str(getattr(cause, "sqlstate", "") or "")
    lost_content = state == "23503" and _constraint(cause).endswith("content_hash")
    if state in _CONFLICTS or lost_content or "UNIQUE constraint failed" in text:
        return VersionConflict(text)
    return StoreError(f"the database failed: {text}")


#: The last but one is what asyncpg raises when the server ends a connection just as a statement is sent on it.
_THEIRS = (
    SQLAlchemyError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError,
)  # fmt: skip


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what the database and its drivers raise into our errors."""
    try:
        yield
    except _THEIRS as error:
        raise as_ours(error) from error
