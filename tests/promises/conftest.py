"""Each promise is tested on both engines where it speaks of several replicas, on SQLite where it speaks of one."""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from store.store import open_store
from tests.alerts.conftest import database_url, postgres, world
from tests.alerts.world import sqlite_url
from tests.bot.conftest import authority
from tests.promises.dying import Nursery
from tests.support.postgres import PostgresServer

__all__ = ["authority", "database_url", "postgres", "world"]


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


@pytest.fixture
async def new_database(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> AsyncIterator[Callable[[], str]]:
    """Gives empty databases whose tables are made."""
    if engine == "sqlite":
        template = tmp_path / "template"
        template.mkdir()
        await (await open_store(sqlite_url(template))).close()
        number = iter(range(1000))

        def copied() -> str:
            folder = tmp_path / str(next(number))
            shutil.copytree(template, folder)
            return sqlite_url(folder)

        yield copied
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    first = server.new_database()
    await (await open_store(first)).close()
    made = [first]

    def created() -> str:
        made.append(server.new_database(template=first.partition("?")[0].rpartition("/")[2]))
        return made[-1]

    yield created
    for url in made:
        server.drop_database(url)
