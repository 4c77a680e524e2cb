"""The world of the core's stories, on each of the two engines."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.alerts.world import World, sqlite_url
from tests.support.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database; PostgreSQL starts only where a story asks for it."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with World(database_url) as made:
        yield made
