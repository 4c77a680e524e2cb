"""P17: throttles are obeyed: no request before Retry-After in any replica, no window of Teams' is broken."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.model import DeliveryState
from alerts.ports import Clock
from bot.pace import Turnstile
from sandbox.connector_limits import RateLimits
from store.shared_pace import StoredPace
from store.store import open_store
from tests.alerts.world import World
from tests.bot.channel import Answer, Authority, Request
from tests.promises.wired import Conversations, rows, teams_over, ways_to

PEOPLE = 24
PACE = 40.0


class Teams(Conversations):
    """Holds Teams' windows, and throttles now and then besides."""

    def __init__(self, throttle_at: tuple[int, ...]) -> None:
        super().__init__()
        self.limits = RateLimits(overall=50)
        self.throttle_at = throttle_at
        self.until = 0.0
        self.early: list[str] = []
        self.refused = 0

    def default(self, request: Request) -> Answer:
        now = asyncio.get_running_loop().time()
        # A request that was on its way when the first was refused could not know.
        if now < self.until and now > self.until - 1.0 + 0.3:
            self.early.append(request.path)
        wait = self.limits.take() or self.limits.take(self._person(request))
        if wait:
            self.refused += 1
            return Answer(429, {}, {"Retry-After": str(wait)})
        if self.limits.calls in self.throttle_at:
            self.until = now + 1.0
            return Answer(429, {}, {"Retry-After": "1"})
        return super().default(request)

    @staticmethod
    def _person(request: Request) -> str:
        if request.path.endswith("/conversations"):
            return str(request.json()["members"][0]["id"])
        return request.path.split("/")[4].removeprefix("a%3A")


@pytest.mark.timeout(240)
async def test_p17_two_replicas_keep_one_pace_and_stop_together(world: World, authority: Authority) -> None:
    names = [f"person{number:02d}" for number in range(PEOPLE)]
    for name in names:
        world.person(name)
        for app in ("one", "two"):
            world.app(f"{app} of {name}", (name,), world.secret(29.5, key_id=f"{app} {name}"))
    async with world.store.transaction() as tx:
        await tx.set_value("first_notices_at", world.now.isoformat())
    await world.scan()
    async with Teams((9, 31)).running(authority) as channel, await open_store(world.url) as other:
        connectors = []
        workers = []
        for store in (world.store, other):
            turns = Turnstile(StoredPace(store, "teams", PACE), PACE)
            connector = ways_to(channel, authority, turns=turns)
            connectors.append(connector)
            teams = teams_over(world, connector, channel.service_url)
            workers.append(replace(world.worker, store=store, teams=teams, clock=_hastened(world)))
        stop = asyncio.Event()
        running = [asyncio.create_task(worker.run(stop, poll_seconds=0.1)) for worker in workers]
        async with asyncio.timeout(200):
            while any(row.state is not DeliveryState.SENT for row in await rows(world)):
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 0.2)
        stop.set()
        await asyncio.gather(*running)
        for connector in connectors:
            await connector._wire.close()
        done = await rows(world)

    assert (channel.refused, channel.early) == (0, [])
    assert len(done) == 2 * PEOPLE
    # A throttled send is no attempt.
    assert {row.attempts for row in done} == {1}


def _hastened(world: World) -> Clock:
    """The world's time, running on by the second: what is put off by a second comes back."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    return lambda: world.now + timedelta(seconds=loop.time() - began)
