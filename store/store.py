"""The store: opens the database, brings its tables up to date, and hands out transactions."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from alerts.errors import StewardError, StoreError
from store.connections import Connections
from store.engine import (
    POOL_SIZE,
    READERS,
    Address,
    our_errors,
    parse_address,
    postgres_engine,
    prepare_file,
    sqlite_engine,
    sqlite_of,
)
from store.migrate import migrate
from store.transaction import SqlTransaction


class _Group:
    """Brief transactions of SQLite that are one commit: each is undone by itself, none of them ends before the commit."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        #: Done once all of it is on the disk; fails where that did not come to be.
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closing: asyncio.Task[None] | None = None

    def fail(self, error: BaseException) -> None:
        if not self.ended.done():
            self.ended.set_exception(
                error if isinstance(error, StewardError) else StoreError("the transaction was broken off")
            )
            # Looked at, so that it is not reported as forgotten.
            self.ended.exception()


class SqlStore:
    """Implements alerts.ports.Store on SQLite or PostgreSQL.

    SQLite takes one writer at a time: transactions of this process queue up in order of arrival, those
    of other processes wait at the database. PostgreSQL lets transactions run side by side at READ
    COMMITTED; what must not change in between is locked or carries a version.
    """

    def __init__(self, address: Address) -> None:
        self._writer_lock: asyncio.Lock | None = None
        self._writing: asyncio.Task[Any] | None = None
        self._group: _Group | None = None
        if address.path is not None:
            self._engines = sqlite_engine(address.path, writes=True), sqlite_engine(address.path, writes=False)
            self._writer = Connections(self._engines[0], most=1, writes=True)
            self._reader = Connections(self._engines[1], most=READERS, writes=False)
            self._writer_lock = asyncio.Lock()
        else:
            self._engines = postgres_engine(address.dsn), postgres_engine(address.dsn, writes=False)
            self._writer = Connections(self._engines[0], most=POOL_SIZE, writes=True)
            self._reader = Connections(self._engines[1], most=POOL_SIZE, writes=False)

    @asynccontextmanager
    async def transaction(self, *, brief: bool = False) -> AsyncIterator[SqlTransaction]:
        """A read-write transaction; committed at the end, rolled back on an exception.

        A brief one is a matter of milliseconds and may share its commit with others that come at the same time: it
        ends when that is on the disk.

        Raises VersionConflict when another transaction was faster, StoreError when the database fails;
        RuntimeError when the task is in a transaction already, which on SQLite would wait for ever.
        """
        if self._writer_lock is None:
            async with self._alone() as transaction:
                yield transaction
            return
        if self._writing is asyncio.current_task() and self._writing is not None:
            raise RuntimeError("a transaction inside a transaction")
        group = None
        try:
            async with self._writer_lock:
                self._writing = asyncio.current_task()
                try:
                    if brief:
                        group = self._group or await self._begin_group(self._writer_lock)
                        async with self._part_of(group) as transaction:
                            yield transaction
                    else:
                        await self._end_group()
                        async with self._alone() as transaction:
                            yield transaction
                finally:
                    self._writing = None
        finally:
            # An error too may come of what others in the group have written: it stands only with that.
            if group is not None:
                await asyncio.shield(group.ended)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        """A read-only view that does not wait for writers. Raises StoreError when the database fails."""
        async with self._reader.begun() as connection:
            yield SqlTransaction(connection)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[SqlTransaction]:
        async with self._writer.begun() as connection:
            transaction = SqlTransaction(connection)
            yield transaction
            await transaction.finish()

    # ------------------------------------------------------------ several with one commit

    async def _begin_group(self, lock: asyncio.Lock) -> _Group:
        """Those who stand in line by now can be part of it: who ends it takes the place behind them."""
        self._group = group = _Group(await self._writer.begin())

        async def close() -> None:
            async with lock:
                if self._group is group:
                    await self._end_group()

        group.closing = asyncio.create_task(close())
        return group

    @asynccontextmanager
    async def _part_of(self, group: _Group) -> AsyncIterator[SqlTransaction]:
        driver = sqlite_of(group.connection)
        try:
            with our_errors():
                driver.execute("SAVEPOINT part")
            transaction = SqlTransaction(group.connection)
            yield transaction
            await transaction.finish()
            with our_errors():
                driver.execute("RELEASE part")
        except BaseException as error:
            await self._undo_part(group, driver, error)
            raise

    async def _undo_part(self, group: _Group, driver: sqlite3.Connection, error: BaseException) -> None:
        """Undo what one of the group has written; where that cannot be done, nothing of the group stays."""
        # SQLAlchemy gives a connection up on which a statement was cancelled.
        broken_off = group.connection.invalidated
        if not broken_off:
            try:
                with our_errors():
                    # After a full disk or the like SQLite has undone everything by itself: this then fails.
                    driver.execute("ROLLBACK TO part")
                    driver.execute("RELEASE part")
            except StewardError as failure:
                error, broken_off = failure, True
        if broken_off:
            self._group = None
            group.fail(error)
            await self._writer.give_up(group.connection)

    async def _end_group(self) -> None:
        group, self._group = self._group, None
        if group is None:
            return
        try:
            await self._writer.commit(group.connection)
        except BaseException as error:
            group.fail(error)
            await self._writer.give_up(group.connection)
            if not isinstance(error, StewardError):
                raise
        else:
            group.ended.set_result(None)
            await self._writer.keep(group.connection)

    async def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        await self._reader.close()
        await self._engines[1].dispose()
        # Last: where SQLite's last connection closes, the write-ahead log is folded into the file.
        await self._writer.close()
        await self._engines[0].dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def open_store(url: str) -> SqlStore:
    """Open the database of a DATABASE_URL and bring its tables up to date; several processes may at once.

    Args:
        url: sqlite:///file, postgresql://user@host/database or postgres://..., with or without a driver.

    Raises SettingsError for an unknown or newer database, StoreError when it cannot be reached.
    """
    address = parse_address(url)
    if address.path is not None:
        prepare_file(address.path)
    await migrate(address)
    return SqlStore(address)
