"""Open connections that go from one transaction to the next.

SQLAlchemy's way from its pool into a transaction and back costs more than what most of our transactions do in between,
so that a connection is kept as it is after one that ended well. What went wrong in any way goes back to SQLAlchemy,
which knows how to find out whether the connection can be used again.
"""

import asyncio
import logging
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alerts.errors import StewardError, StoreError
from store.engine import PING_SECONDS, our_errors, sqlite_of

log = logging.getLogger(__name__)

#: How long one waits for another's connection (seconds).
PATIENCE = 30.0
#: Connections that are kept without being used.
KEPT = 8


@dataclass(slots=True)
class _Idle:
    connection: AsyncConnection
    since: float


class Connections:
    """Those of one engine, each in one transaction at a time.

    Args:
        engine: makes them; its own pool must hold `most`.
        most: how many are open at once; whoever comes later waits.
        writes: whether transactions on SQLite begin as writing ones.
    """

    def __init__(self, engine: AsyncEngine, *, most: int, writes: bool) -> None:
        self._engine = engine
        self._sqlite = engine.dialect.name == "sqlite"
        self._writes = writes
        self._places = asyncio.Semaphore(most)
        self._idle: deque[_Idle] = deque()

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction: committed when the block ends well, rolled back otherwise."""
        connection = await self.begin()
        try:
            yield connection
            await self.commit(connection)
        except BaseException:
            await self.give_up(connection)
            raise
        await self.keep(connection)

    async def begin(self) -> AsyncConnection:
        """A connection in a transaction; `commit` and `keep`, or `give_up`, end it. Raises StoreError."""
        await self._place()
        connection = None
        try:
            while True:
                connection, rested = await self._usable()
                try:
                    with our_errors():
                        await self._begin(connection)
                except StoreError:
                    if self._sqlite or not rested:
                        raise
                    # Cut while it rested: nothing has happened on it yet.
                    await asyncio.shield(_give_back(connection, sqlite=False))
                else:
                    return connection
        except BaseException:
            await self._let_go(connection)
            raise

    async def commit(self, connection: AsyncConnection) -> None:
        """Commit; `keep` must follow, or `give_up` where this raises."""
        with our_errors():
            if connection.in_transaction():
                await connection.commit()
            elif not self._sqlite:
                adapted = _adapted(connection)
                try:
                    await adapted._transaction.commit()  # noqa: SLF001 - see _begin
                finally:
                    adapted._transaction = None  # noqa: SLF001
            elif self._writes:
                # Waits for the disk.
                await _aiosqlite(connection).commit()
            else:
                sqlite_of(connection).commit()

    async def keep(self, connection: AsyncConnection) -> None:
        """Leave the connection to the next transaction."""
        if len(self._idle) < KEPT:
            self._idle.append(_Idle(connection, time.monotonic()))
            self._places.release()
        else:
            await self._let_go(connection)

    async def give_up(self, connection: AsyncConnection) -> None:
        """Roll back what was not committed, whatever became of the connection."""
        await self._let_go(connection)

    async def close(self) -> None:
        """Close those that are not in use."""
        while self._idle:
            await _give_back(self._idle.pop().connection, sqlite=self._sqlite)

    # ------------------------------------------------------------ one connection

    async def _place(self) -> None:
        if not self._places.locked():
            await self._places.acquire()
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self._places.acquire()
        except TimeoutError as error:
            raise StoreError("all connections to the database are in use") from error

    async def _usable(self) -> tuple[AsyncConnection, bool]:
        """A connection, and whether it has rested."""
        while self._idle:
            idle = self._idle.pop()
            if self._sqlite or await self._stands(idle):
                return idle.connection, True
            await asyncio.shield(_give_back(idle.connection, sqlite=False))
        connection = self._engine.connect()
        with our_errors():
            await connection.start()
        return connection, False

    @staticmethod
    async def _stands(idle: _Idle) -> bool:
        """Whether the database still answers on it; one that was used a moment ago needs no question."""
        driver = _adapted(idle.connection).driver_connection
        if driver.is_closed():
            return False
        if time.monotonic() - idle.since < PING_SECONDS:
            return True
        try:
            with our_errors():
                await driver.execute("SELECT 1")
        except StoreError:
            return False
        return True

    async def _begin(self, connection: AsyncConnection) -> None:
        if not self._sqlite:
            # What SQLAlchemy does before the first statement; it then knows of the transaction and does not begin one.
            adapted = _adapted(connection)
            transaction = adapted.driver_connection.transaction(
                isolation=adapted.isolation_level, readonly=adapted.readonly, deferrable=adapted.deferrable
            )
            await transaction.start()
            adapted._transaction = transaction  # noqa: SLF001 - the one way to say so
        elif self._writes:
            # May wait for another process.
            await _aiosqlite(connection).execute("BEGIN IMMEDIATE")
        else:
            sqlite_of(connection).execute("BEGIN")

    async def _let_go(self, connection: AsyncConnection | None) -> None:
        """Shielded: a cancelled task must not leave a connection behind that still holds its locks."""
        try:
            if connection is not None:
                await asyncio.shield(_give_back(connection, sqlite=self._sqlite))
        finally:
            self._places.release()


def _adapted(connection: AsyncConnection) -> Any:
    """SQLAlchemy's face of asyncpg's connection."""
    if connection.sync_connection is None:
        raise StoreError("the connection is closed")
    return connection.sync_connection.connection.dbapi_connection


def _aiosqlite(connection: AsyncConnection) -> Any:
    """The driver, which runs SQLite on a thread of its own."""
    if connection.sync_connection is None:
        raise StoreError("the connection is closed")
    return connection.sync_connection.connection.driver_connection


def _is_cut(connection: AsyncConnection) -> bool:
    """Whether PostgreSQL has ended it."""
    if connection.closed or connection.invalidated:
        return False
    return bool(_adapted(connection).driver_connection.is_closed())


async def _give_back(connection: AsyncConnection, *, sqlite: bool) -> None:
    """Roll back and close; one that is gone has nothing left to give back."""
    try:
        with our_errors():
            if sqlite and not connection.closed and not connection.invalidated and not connection.in_transaction():
                # After what may still run on its thread.
                await _aiosqlite(connection).rollback()
            elif not sqlite and _is_cut(connection):
                # There is nothing left to roll back on it.
                _adapted(connection)._transaction = None  # noqa: SLF001 - see Connections._begin
                await connection.invalidate()
            await connection.close()
    except (StewardError, sqlite3.Error) as error:
        log.warning("a connection to the database could not be closed in order: %s", error)
