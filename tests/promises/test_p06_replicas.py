"""P6: several replicas behave as one: one scan a day, and nothing is taken from one who has lost the lease."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scanner.lease import LEASE, Lease, LeaseLost
from tests.alerts.world import World


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
