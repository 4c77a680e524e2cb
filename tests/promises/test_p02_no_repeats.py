"""P2: without a fault nobody gets the same notice twice, however many workers there are."""

import asyncio
from collections import Counter
from dataclasses import replace

from store.store import open_store
from tests.alerts.world import World
from tests.bot.channel import Authority
from tests.promises.wired import teams_over, ways_to, wired

PEOPLE = 30


async def test_p2_three_workers_send_each_notice_once_and_the_engine_adds_none(
    world: World, authority: Authority
) -> None:
    names = [f"person{number:02d}" for number in range(PEOPLE)]
    for name in names:
        world.person(name)
        world.app(f"app of {name}", (name,), world.secret(29.5, key_id=name))
    async with (
        wired(world, authority) as channel,
        await open_store(world.url) as second,
        await open_store(world.url) as third,
    ):
        connectors = [ways_to(channel, authority) for _ in range(2)]
        workers = [
            world.worker,
            *(
                replace(world.worker, store=store, teams=teams_over(world, connector, channel.service_url))
                for store, connector in zip((second, third), connectors, strict=True)
            ),
        ]
        for _ in range(2):
            # The same scan again must not tell anybody again.
            await world.scan()
            await asyncio.gather(*(worker.drain() for worker in workers))
        for connector in connectors:
            await connector._wire.close()

    assert Counter(channel.messages()) == Counter(names)
    assert Counter(mail.recipient.id for mail in world.mailbox.mails) == Counter(names)
