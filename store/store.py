"""The store: opens the database, brings its tables up to date, and hands out transactions."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from alerts.errors import StewardError
from store.engine import Address, our_errors, parse_address, postgres_engine, prepare_file, sqlite_engine
from store.migrate import migrate
from store.transaction import SqlTransaction

log = logging.getLogger(__name__)


class SqlStore:
    """Implements alerts.ports.Store on SQLite or PostgreSQL.

    SQLite takes one writer at a time: transactions of this process queue up in order of arrival, those
    of other processes wait at the database. PostgreSQL lets transactions run side by side at READ
    COMMITTED; what must not change in between is locked or carries a version.
    """

    def __init__(self, address: Address) -> None:
        self._writer_lock: asyncio.Lock | None = None
        self._writing: asyncio.Task[Any] | None = None
        if address.path is not None:
            self._writer = sqlite_engine(address.path, writes=True)
            self._reader = sqlite_engine(address.path, writes=False)
            self._writer_lock = asyncio.Lock()
        else:
            self._writer = postgres_engine(address.dsn)
            self._reader = postgres_engine(address.dsn, writes=False)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SqlTransaction]:
        """A read-write transaction; committed at the end, rolled back on an exception.

        Raises VersionConflict when another transaction was faster, StoreError when the database fails;
        RuntimeError when the task is in a transaction already, which on SQLite would wait for ever.
        """
        if self._writer_lock is None:
            async with self._begun(self._writer) as connection:
                transaction = SqlTransaction(connection)
                yield transaction
                await transaction.finish()
            return
        if self._writing is asyncio.current_task() and self._writing is not None:
            raise RuntimeError("a transaction inside a transaction")
        async with self._writer_lock:
            self._writing = asyncio.current_task()
            try:
                async with self._begun(self._writer) as connection:
                    transaction = SqlTransaction(connection)
                    yield transaction
                    await transaction.finish()
            finally:
                self._writing = None

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[SqlTransaction]:
        """A read-only view that does not wait for writers. Raises StoreError when the database fails."""
        async with self._begun(self._reader) as connection:
            yield SqlTransaction(connection)

    @asynccontextmanager
    async def _begun(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction: committed when the block ends well, rolled back otherwise."""
        connection = engine.connect()
        with our_errors():
            await connection.start()
        try:
            with our_errors():
                transaction = await connection.begin()
            yield connection
            with our_errors():
                await transaction.commit()
        finally:
            # Rolls back what was not committed. Shielded: a cancelled task must not leave a connection
            # behind that still holds its locks.
            await asyncio.shield(_give_back(connection))

    async def close(self) -> None:
        """Close all connections; the store cannot be used afterwards."""
        await self._reader.dispose()
        # Last: where SQLite's last connection closes, the write-ahead log is folded into the file.
        await self._writer.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


async def _give_back(connection: AsyncConnection) -> None:
    """Close a connection; one that is gone has nothing left to give back."""
    try:
        with our_errors():
            await connection.close()
    except StewardError as error:
        log.warning("a connection to the database could not be closed in order: %s", error)


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
