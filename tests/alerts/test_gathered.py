"""A transaction that reads for many messages at once gives for each of them what the store itself would give."""

from contextlib import asynccontextmanager

from alerts.gathered import gathered
from tests.alerts.world import World


class Counted:
    """Counts the reads that reach the store."""

    def __init__(self, tx):
        self.tx = tx
        self.reads = []

    def __getattr__(self, name):
        self.reads.append(name)
        return getattr(self.tx, name)


@asynccontextmanager
async def waiting(world: World, people: int):
    """A transaction, and the messages that wait for so many owners of one app each."""
    for number in range(people):
        world.person(f"person{number}")
        world.app(f"app {number}", (f"person{number}",), world.secret(20, key_id=f"key-{number}"))
    await world.scan()
    async with world.store.transaction() as tx:
        yield tx, await tx.deliveries_overdue(world.now, 100)


async def test_each_read_gives_what_the_store_gives(world: World) -> None:
    async with waiting(world, 3) as (tx, deliveries):
        read = gathered(tx, deliveries, lock=True)
        assert len(deliveries) >= 3
        for each in deliveries:
            alerts = await tx.alerts(each.alert_ids)
            assert await read.alerts(each.alert_ids, lock=True) == alerts
            assert await read.recipients(each.alert_ids) == await tx.recipients(each.alert_ids)
            assert await read.notices(each.alert_ids) == await tx.notices(each.alert_ids)
            assert await read.people([each.recipient_id]) == await tx.people([each.recipient_id])
            assert await read.conversations([each.recipient_id]) == await tx.conversations([each.recipient_id])
            assert await read.cards_of_alerts(each.alert_ids) == await tx.cards_of_alerts(each.alert_ids)
            for object_id in {alert.application.object_id for alert in alerts.values()}:
                assert await read.snapshot_of_apps([object_id]) == await tx.snapshot_of_apps([object_id])
                assert await read.nominations_of_app(object_id) == await tx.nominations_of_app(object_id)


async def test_the_store_is_asked_once_for_all_messages(world: World) -> None:
    async with waiting(world, 3) as (tx, deliveries):
        counted = Counted(tx)
        read = gathered(counted, deliveries, lock=True)
        for each in deliveries:
            await read.alerts(each.alert_ids, lock=True)
            await read.recipients(each.alert_ids)
            await read.notices(each.alert_ids)
            await read.people([each.recipient_id])
            await read.value("sending.pause")

    assert counted.reads == ["alerts", "recipients", "notices", "people", "value"]


async def test_what_is_not_of_these_messages_is_asked_of_the_store(world: World) -> None:
    async with waiting(world, 2) as (tx, deliveries):
        read = gathered(tx, deliveries[:1])
        beyond = next(each for each in deliveries if not set(each.alert_ids) & set(deliveries[0].alert_ids))

        assert list(await read.alerts(beyond.alert_ids)) == list(beyond.alert_ids)
        assert await read.recipients(beyond.alert_ids) == await tx.recipients(beyond.alert_ids)
        assert await read.people([beyond.recipient_id]) == await tx.people([beyond.recipient_id])
