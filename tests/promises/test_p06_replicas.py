"""P6: several replicas behave as one: one scan a day, and nothing is taken from one who has lost the lease."""

import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scanner.lease import LEASE, Lease, LeaseLost
from tests.alerts.world import World
from tests.bot.channel import Authority
from tests.promises.dying import OWNERS, Life, Nursery, copies, recovered
from tests.promises.wired import Conversations, rows


async def test_a_zombie_that_wakes_up_in_mid_scan_writes_nothing(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    asleep = Lease(store=world.store, holder="one")
    async with world.store.transaction() as tx:
        # It was stopped for longer than its lease...
        assert await tx.acquire_lease(LEASE, "one", datetime.now(UTC) - timedelta(minutes=5), 30)
    # ... another has taken the scan over, and finished it.
    assert await Lease(store=world.store, holder="two").take()
    await world.scan()
    world.app("invoice", ("tom",), world.secret(29.5))
    world.engine = replace(world.engine, store=asleep.fenced())
    with pytest.raises(LeaseLost, match="taken over by two"):
        await world.scan()

    async with world.store.reading() as tx:
        (record,) = await tx.snapshot_of_apps(["invoice"])
        assert ["ana"] == [owner.id for owner in record.owners]
    await world.worker.drain()
    assert {"ana": 1} == world.told()


async def test_a_lease_lost_while_a_transaction_is_open_keeps_nothing_of_it(world: World) -> None:
    mine = Lease(store=world.store, holder="one")
    await mine.take()

    async def lose_it_inside() -> None:
        async with mine.fenced().transaction() as tx:
            await tx.set_value("written", "yes")
            # As another replica's commit would show by then.
            await tx.release_lease(LEASE, "one")

    with pytest.raises(LeaseLost):
        await lose_it_inside()
    async with world.store.reading() as tx:
        assert await tx.value("written") is None
        assert "one" == await tx.lease_holder(LEASE)


async def test_a_lease_whose_time_is_over_and_that_nobody_took_does_no_harm(world: World) -> None:
    async with world.store.transaction() as tx:
        await tx.acquire_lease(LEASE, "one", datetime.now(UTC) - timedelta(minutes=5), 30)
    async with Lease(store=world.store, holder="one").fenced().transaction() as tx:
        await tx.set_value("written", "yes")

    async with world.store.reading() as tx:
        assert "yes" == await tx.value("written")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="replicas are forked, which this system cannot do")
@pytest.mark.parametrize(
    ("engine", "points"), [("sqlite", (1, 3, 5, 7, 10)), ("postgresql", (1, 4, 8))], ids=["sqlite", "postgresql"]
)
async def test_p6_a_replica_that_slept_past_its_lease_sends_nothing_again_and_writes_nothing(
    new_database: Callable[[], str], nursery: Nursery, authority: Authority, points: Sequence[int]
) -> None:
    slept = 0
    async with Conversations().running(authority) as channel:
        for at in points:
            channel.requests.clear()
            life = Life(
                database=new_database(),
                service_url=channel.service_url,
                ca_file=authority.ca_file,
                when="after",
                at=at,
                signal=signal.SIGSTOP,
            )
            process_id = await nursery.starts(life)
            asleep = (await nursery.news()).stopped
            unclear = await recovered(life.database, channel, authority)
            before = await stored(life.database)
            if asleep:
                slept += 1
                os.kill(process_id, signal.SIGCONT)
                await nursery.news()

            assert await stored(life.database) == before
            for person, came in copies(channel).items():
                # It may have been stopped with its request about to be written.
                assert 1 <= came <= 1 + unclear[person], (life, person, came)
    assert slept >= 2


async def stored(url: str) -> tuple[set[tuple[object, ...]], list[str]]:
    """What the database says of messages, and of what was read of the tenant."""
    async with World(url) as world:
        done = await rows(world)
        async with world.store.reading() as tx:
            known = [
                record.credential.key_id for record in await tx.snapshot_of_apps([f"app of {name}" for name in OWNERS])
            ]
    return {(row.id, row.state, row.attempts, row.fence, row.unclear) for row in done}, sorted(known)
