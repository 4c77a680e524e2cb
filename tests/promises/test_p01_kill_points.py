"""P1: a replica that is killed before or after any of its commits, or with its request written, loses nothing."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.model import DeliveryState
from store.store import open_store
from tests.alerts.world import World, sqlite_url
from tests.bot.channel import Authority, Request
from tests.promises.dying import OWNERS, Life, Nursery, connected, tenant
from tests.promises.wired import Conversations, rows
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="replicas are forked, which this system cannot do")

#: The life of a replica whose points are its commits, and which of them: all on SQLite, so that each state of the database
#: is met with everything done that follows from it; on PostgreSQL every other one, with nothing done yet.
POINTS = {"sqlite": ("before", 1), "postgresql": ("after", 2)}


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


async def recovered(url: str, channel: Conversations, authority: Authority) -> dict[str, int]:
    """Another replica takes over once leases are over; how many sends of each person had an unknown outcome."""
    async with World(url) as world:
        tenant(world)
        world.now += timedelta(hours=1)
        wire = connected(world, channel.service_url, authority.ca_file)
        await world.first()
        # What is unclear is repeated.
        world.now += timedelta(minutes=11)
        await world.worker.drain()
        await wire.close()
        done = await rows(world)

    assert {row.state for row in done} == {DeliveryState.SENT}
    return {row.recipient_id: row.unclear for row in done}


def copies(channel: Conversations) -> dict[str, int]:
    """Person -> how many messages came."""
    return {person: channel.messages().count(person) for person in OWNERS}


@pytest.mark.parametrize("engine", POINTS)
async def test_p1_a_replica_that_is_killed_at_any_of_its_commits_loses_nothing(
    new_database: Callable[[], str], nursery: Nursery, authority: Authority, engine: str
) -> None:
    when, step = POINTS[engine]
    killed = 0
    async with Conversations().running(authority) as channel:
        whole = Life(database=new_database(), service_url=channel.service_url, ca_file=authority.ca_file, when=when)
        await nursery.starts(whole)
        commits = (await nursery.ended()).commits
        assert copies(channel) == dict.fromkeys(OWNERS, 1)
        for at in range(1, commits + 1, step):
            channel.requests.clear()
            life = replace(whole, database=new_database(), at=at)
            await nursery.starts(life)
            killed += (await nursery.ended()).status == signal.SIGKILL
            unclear = await recovered(life.database, channel, authority)
            for person, came in copies(channel).items():
                assert 1 <= came <= 1 + unclear[person], (life, person, came)

    # The last ones may not be reached: how many messages share a commit is chance.
    assert killed >= 5


@pytest.mark.parametrize("engine", POINTS)
@pytest.mark.parametrize(("path", "number"), [("/conversations", 1), ("/activities", 1), ("/activities", 2)])
async def test_p1_a_replica_that_is_killed_with_its_request_written_loses_nothing(
    new_database: Callable[[], str], nursery: Nursery, authority: Authority, path: str, number: int
) -> None:
    child: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def meanwhile(request: Request) -> None:
        if sum(each.path.endswith(path) for each in channel.requests) == number:
            channel.meanwhile = None
            os.kill(await child, signal.SIGKILL)

    async with Conversations().running(authority) as channel:
        channel.meanwhile = meanwhile
        life = Life(database=new_database(), service_url=channel.service_url, ca_file=authority.ca_file)
        child.set_result(await nursery.starts(life))
        death = await nursery.ended()
        unclear = await recovered(life.database, channel, authority)

    assert death.status == signal.SIGKILL
    for person, came in copies(channel).items():
        assert 1 <= came <= 1 + unclear[person]
