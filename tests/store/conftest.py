"""Every test of the store runs on both engines, each in a database of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from store.store import SqlStore, open_store
from tests.support.postgres import PostgresServer, running_postgres

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One real server for the whole session."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: PostgresServer) -> str:
    """Name of a database that has the tables; copying it is faster than migrating anew."""

    async def make(url: str) -> None:
        await (await open_store(url)).close()

    postgres.sql("CREATE DATABASE steward_template")
    asyncio.run(make(postgres.url("steward_template")))
    return "steward_template"


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def empty_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path}/var/steward.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/steward.db"


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A database that has the tables."""
    address = postgres.new_database(postgres_template)
    yield address
    postgres.drop_database(address)


@pytest.fixture
def url(engine: str, request: pytest.FixtureRequest) -> str:
    """A database that `open_store` finds ready, or makes so."""
    return request.getfixturevalue("sqlite_url" if engine == "sqlite" else "postgres_url")


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    opened = await open_store(url)
    yield opened
    await opened.close()
