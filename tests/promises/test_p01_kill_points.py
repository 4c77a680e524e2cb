"""P1: a replica that is killed before or after any of its commits, or with its request written, loses nothing."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.bot.channel import Authority, Request
from tests.promises.dying import OWNERS, Life, Nursery, copies, recovered
from tests.promises.wired import Conversations

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="replicas are forked, which this system cannot do")

#: The life of a replica whose points are its commits, and which of them: all on SQLite, so that each state of the database
#: is met with everything done that follows from it; on PostgreSQL every other one, with nothing done yet.
POINTS = {"sqlite": ("before", 1), "postgresql": ("after", 2)}


@pytest.mark.parametrize("engine", POINTS)
async def test_p1_a_replica_that_is_killed_at_any_of_its_commits_loses_nothing(
    new_database: Callable[[], str], nursery: Nursery, authority: Authority, engine: str
) -> None:
    when, step = POINTS[engine]
    killed = 0
    async with Conversations().running(authority) as channel:
        whole = Life(database=new_database(), service_url=channel.service_url, ca_file=authority.ca_file, when=when)
        await nursery.starts(whole)
        commits = (await nursery.news()).commits
        assert copies(channel) == dict.fromkeys(OWNERS, 1)
        for at in range(1, commits + 1, step):
            channel.requests.clear()
            life = replace(whole, database=new_database(), at=at)
            await nursery.starts(life)
            killed += (await nursery.news()).status == signal.SIGKILL
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
        death = await nursery.news()
        unclear = await recovered(life.database, channel, authority)

    assert death.status == signal.SIGKILL
    for person, came in copies(channel).items():
        assert 1 <= came <= 1 + unclear[person]
