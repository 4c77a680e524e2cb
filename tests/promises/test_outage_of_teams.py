"""An hour without Teams while a thousand cards wait: afterwards all arrive within five minutes, each once.

Those that were on their way when the network was cut arrive within fifteen, at most twice.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.pace import Pace
from tests.alerts.world import World, sqlite_url
from tests.bot.channel import Answer, Authority, Request
from tests.promises.wired import Conversations, met, teams_over, ways_to

CARDS, UNDER_WAY = 1000, 5


class Network(Conversations):
    """A Bot Connector behind a network that can be cut; it notes when each message came, by the world's clock."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.cut_after: int | None = None
        self.arrived: list[tuple[str, datetime]] = []

    def default(self, request: Request) -> Answer:
        if request.path.endswith("/activities"):
            self.arrived.append((self.messages()[-1], self.world.now))
            if self.cut_after is not None and len(self.arrived) >= self.cut_after:
                # It arrived; the answer is lost with the network.
                return Answer(fault="reset")
        return super().default(request)


@contextmanager
def pace_of(world: World) -> Iterator[Pace]:
    """SEND_PACE of 20 on the world's clock, which waiting moves."""
    began = world.now

    async def sleep(seconds: float) -> None:
        world.now += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    def monotonic() -> float:
        return (world.now - began).total_seconds()

    yield Pace(20, monotonic=monotonic, sleep=sleep)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_p1_after_an_hour_without_teams_a_thousand_cards_arrive_within_minutes(
    tmp_path: Path, authority: Authority
) -> None:
    async with World(sqlite_url(tmp_path)) as world:
        names = [f"person{number:04d}" for number in range(CARDS)]
        for name in names:
            world.person(name)
            world.app(f"app of {name}", (name,), world.secret(29.5, key_id=name))
        world.worker.mail = None
        await world.scan()
        with pace_of(world) as pace:
            first = Network(world)
            first.cut_after = 1
            async with first.running(authority) as channel:
                await met(world, channel, *names)
                connector = ways_to(channel, authority, turns=pace)
                world.worker.teams = teams_over(world, connector, channel.service_url)
                world.worker.parallel = UNDER_WAY
                await world.worker.once()
                service_url = channel.service_url
            world.worker.parallel = 24
            cut = world.now
            while world.now < cut + timedelta(hours=1):
                await world.worker.drain()
                world.now += timedelta(seconds=30)
            tried = connector
            assert len(first.arrived) == UNDER_WAY

            port = int(service_url.split(":")[2].split("/")[0])
            second = Network(world)
            async with second.running(authority, port=port):
                back = world.now
                while world.now < back + timedelta(minutes=16):
                    await world.worker.drain()
                    world.now += timedelta(seconds=5)
            await tried._wire.close()

    under_way = {person for person, _ in first.arrived}
    copies = Counter(person for person, _ in first.arrived + second.arrived)
    late = [person for person, at in second.arrived if at > back + timedelta(minutes=5) and person not in under_way]
    assert late == []
    assert {copies[name] for name in names if name not in under_way} == {1}
    assert {copies[name] for name in under_way} <= {1, 2}
    assert all(at <= cut + timedelta(hours=1, minutes=15) for _, at in second.arrived)
