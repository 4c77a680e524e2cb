"""Migrations make exactly the tables of schema.py, come back down, and lose nothing that waits."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from alerts import model
from alerts.errors import SettingsError
from store import schema
from store.codec import Codec, encode
from store.engine import parse_address, postgres_engine, sqlite_engine
from store.migrate import alembic_config, migrate
from store.store import open_store
from tests.store.makers import delivery


async def ask(url: str, question: Callable[[Connection], Any]) -> Any:
    """Put a question to the database on a connection of its own."""
    address = parse_address(url)
    if address.path is not None:
        engine = sqlite_engine(address.path, writes=True, pooled=False)
    else:
        engine = postgres_engine(address.dsn, pooled=False)
    try:
        async with engine.connect() as connection, connection.begin():
            return await connection.run_sync(question)
    finally:
        await engine.dispose()


def differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True, "render_as_batch": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def test_the_migrations_make_the_tables_of_the_schema(url: str) -> None:
    await (await open_store(url)).close()

    assert await ask(url, differences) == []
    assert await ask(url, tables) == set(schema.metadata.tables)


async def test_a_table_that_differs_would_show(url: str) -> None:
    await (await open_store(url)).close()

    def change(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE runs ADD COLUMN extra INTEGER"))
        connection.execute(text("DROP INDEX ix_deliveries_state_not_before"))

    await ask(url, change)

    assert len(await ask(url, differences)) == 2


async def test_every_revision_comes_down_and_up_again(url: str) -> None:
    await (await open_store(url)).close()
    for revision in ScriptDirectory.from_config(alembic_config()).walk_revisions():
        down = revision.down_revision or "base"
        assert isinstance(down, str)
        await migrate(parse_address(url), down, down=True)
        await migrate(parse_address(url), revision.revision)
        await migrate(parse_address(url), down, down=True)

    assert await ask(url, tables) == set()
    await (await open_store(url)).close()
    assert await ask(url, differences) == []


async def test_opening_again_changes_nothing(url: str) -> None:
    store = await open_store(url)
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery(f"d-{n}") for n in range(500)])
    await store.close()
    again = await open_store(url)
    async with again.reading() as tx:
        waiting = await tx.deliveries_waiting()
    await again.close()

    assert waiting == 500


async def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    await (await open_store(url)).close()

    def newer(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    await ask(url, newer)
    with pytest.raises(SettingsError, match="newer version"):
        await open_store(url)


async def test_names_of_constraints_are_the_same_on_both_engines(sqlite_url: str, postgres_url: str) -> None:
    # Without primary keys: SQLite cannot name one that counts by itself.
    def names(connection: Connection) -> set[str | None]:
        found: set[str | None] = set()
        seen = inspect(connection)
        for table in schema.metadata.tables:
            found.update(each["name"] for each in seen.get_foreign_keys(table))
            found.update(each["name"] for each in seen.get_unique_constraints(table))
        return found

    await (await open_store(sqlite_url)).close()
    on_sqlite = await ask(sqlite_url, names)

    assert None not in on_sqlite
    assert on_sqlite == await ask(postgres_url, names)


def test_a_developer_can_migrate_with_alembics_own_command_line(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "-c", "store/migrations/alembic.ini", "-x", f"url=sqlite:///{tmp_path}/x.db",
         "upgrade", "head"],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (tmp_path / "x.db").stat().st_size > 0


STORED = json.loads((Path(__file__).parent / "stored_by_0001.json").read_text(encoding="utf-8"))


#: Was always 0; names stand in `federated` since.
FORMER = {"federated_credentials"}


def is_within(stored: Any, now: Any) -> bool:
    """Whether everything that was stored is still there; what was added since does not count."""
    if isinstance(stored, dict):
        return all(key in FORMER or (key in now and is_within(each, now[key])) for key, each in stored.items())
    if isinstance(stored, list):
        return len(stored) == len(now) and all(map(is_within, stored, now))
    return bool(stored == now)


@pytest.mark.parametrize("name", sorted(STORED))
def test_what_the_first_version_stored_can_still_be_read(name: str) -> None:
    # A field that was renamed, or added without a default, needs a migration of the stored bodies.
    value = Codec[Any](getattr(model, name)).decode(json.dumps(STORED[name]))

    assert is_within(STORED[name], json.loads(encode(value)))
