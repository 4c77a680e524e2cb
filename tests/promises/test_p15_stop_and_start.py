"""P15: a worker that is told to stop finishes what is under way and gives back the rest; nobody gets anything twice."""

import asyncio

from alerts.model import DeliveryState
from tests.alerts.world import World
from tests.bot.channel import Authority, Request
from tests.promises.wired import met, rows, wired

PEOPLE, UNDER_WAY = 40, 20


def crowd(world: World) -> list[str]:
    names = [f"person{number:02d}" for number in range(PEOPLE)]
    for name in names:
        world.person(name)
        world.app(f"app of {name}", (name,), world.secret(29.5, key_id=name))
    return names


async def test_p15_stopping_finishes_what_is_under_way_and_gives_back_the_rest(
    world: World, authority: Authority
) -> None:
    names = crowd(world)
    stop, enough, go_on = asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with wired(world, authority) as channel:
        await met(world, channel, *names)

        async def meanwhile(request: Request) -> None:
            if request.path.endswith("/activities"):
                if len(channel.messages()) >= UNDER_WAY:
                    enough.set()
                await go_on.wait()

        channel.meanwhile = meanwhile
        world.worker.parallel = UNDER_WAY
        await world.scan()
        work = asyncio.create_task(world.worker.run(stop, poll_seconds=0.05))
        await asyncio.wait_for(enough.wait(), 60)
        stop.set()
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait_for(work, 60)
        sent = [row for row in await rows(world) if row.state is DeliveryState.SENT]
        left = [row for row in await rows(world) if row.state is not DeliveryState.SENT]

        assert len(channel.messages()) == len(sent) == UNDER_WAY
        assert {(row.state, row.attempts, row.lease_until, row.begun_at) for row in left} == {
            (DeliveryState.PENDING, 0, None, None)
        }
        # The next worker takes them at once: no lease has to run out.
        await world.worker.drain()

    assert sorted(channel.messages()) == names


async def test_p15_a_request_that_hangs_is_unclear_and_not_forgotten(world: World, authority: Authority) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    stop, begun = asyncio.Event(), asyncio.Event()
    async with wired(world, authority) as channel:
        await met(world, channel, "ana")

        async def meanwhile(request: Request) -> None:
            begun.set()
            await asyncio.sleep(3600)

        channel.meanwhile = meanwhile
        await world.scan()
        work = asyncio.create_task(world.worker.run(stop, poll_seconds=0.05))
        await asyncio.wait_for(begun.wait(), 60)
        stop.set()
        await asyncio.wait_for(work, 60)
        [row] = await rows(world)

    assert (row.state, row.unclear, row.error_code, row.begun_at) == (DeliveryState.PENDING, 1, "stopped", None)
    assert row.not_before == world.now + world.worker.hold
