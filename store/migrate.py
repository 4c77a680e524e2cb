"""Brings the tables up to date, or back, in one transaction under a lock.

Both engines undo DDL with the transaction: a process that dies half-way leaves the database as it was,
and one that comes second waits and finds nothing left to do.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from alerts.errors import SettingsError, StoreError
from store.engine import Address, our_errors, postgres_engine, sqlite_engine

#: The number of PostgreSQL's advisory lock under which tables are changed.
MIGRATION_LOCK = 0x5354_4557_4100

_SCRIPTS = Path(__file__).parent / "migrations"


def alembic_config() -> Config:
    """Alembic's configuration, without a file: the scripts stand beside this module."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _migrate(connection: Connection, revision: str, *, down: bool) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection).get_current_heads()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if not known.issuperset(current):
        raise SettingsError(
            [f"DATABASE_URL: the database is of a newer version of Steward (revision {', '.join(current)})"]
        )
    try:
        if down:
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
    except CommandError as error:
        raise StoreError(f"the tables cannot be changed: {error}") from error


async def _under_lock(engine: AsyncEngine, revision: str, *, down: bool) -> None:
    sqlite = engine.dialect.name == "sqlite"
    with our_errors():
        # On SQLite the transaction itself is the lock: it begins with BEGIN IMMEDIATE.
        async with engine.connect() as connection, connection.begin():
            if sqlite:
                mode = (await connection.execute(text("PRAGMA journal_mode"))).scalar()
                if mode != "wal":
                    raise SettingsError(
                        [
                            "DATABASE_URL: the SQLite file must be on a local disk; this one cannot hold a write-ahead log"
                        ]
                    )
            else:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATION_LOCK})
            await connection.run_sync(lambda sync: _migrate(sync, revision, down=down))
            if sqlite:
                broken = (await connection.execute(text("PRAGMA foreign_key_check"))).all()
                if broken:
                    raise StoreError(f"the migration would leave {len(broken)} rows that refer to nothing")


async def migrate(address: Address, revision: str = "head", *, down: bool = False) -> None:
    """Bring the database to a revision: `head` (newest), `base` (no tables, with `down`), or one by its name.

    Raises SettingsError when the database is newer than this code, StoreError when it fails.
    """
    if address.path is not None:
        # With foreign keys on, rebuilding a table as SQLite needs it would delete the rows that refer to it.
        engine = sqlite_engine(address.path, writes=True, foreign_keys=False, pooled=False)
    else:
        engine = postgres_engine(address.dsn, pooled=False)
    try:
        await _under_lock(engine, revision, down=down)
    finally:
        await engine.dispose()
