"""Many at once: each of these stands for replicas, workers or two people pressing at the same moment."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from alerts.errors import StewardError, VersionConflict
from alerts.model import Delivery, DeliveryState
from store.store import SqlStore, open_store
from tests.store.makers import DAY, NOW, alert, delivery, event, nomination, notice, orphan, recipient, record, run


async def test_twenty_claimers_get_each_delivery_once(url: str) -> None:
    stores = [await open_store(url) for _ in range(4)]
    async with stores[0].transaction() as tx:
        await tx.add_deliveries([delivery(f"d-{n:03d}", recipient_id=f"person-{n}") for n in range(200)])

    async def work(store: SqlStore) -> list[Delivery]:
        own: list[Delivery] = []
        while True:
            async with store.transaction() as tx:
                claimed = await tx.claim_deliveries(NOW, 60.0, 3)
                # Holds the claim open while others look.
                await asyncio.sleep(0)
            if not claimed:
                return own
            own.extend(claimed)

    per_worker = await asyncio.gather(*(work(stores[n % 4]) for n in range(20)))
    times = Counter(each.id for own in per_worker for each in own)
    for store in stores:
        await store.close()

    assert times == Counter({f"d-{n:03d}": 1 for n in range(200)})
    assert all((each.attempts, each.fence) == (1, 1) for own in per_worker for each in own)


async def test_on_postgresql_a_claim_sees_what_the_one_before_it_holds(postgres_url: str) -> None:
    store = await open_store(postgres_url)
    people = {"d-1": "ana", "d-2": "ben", "d-3": "ana", "d-4": "mia"}
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery(each, recipient_id=person) for each, person in people.items()])

    async def claim() -> list[Delivery]:
        async with store.transaction() as tx:
            return await tx.claim_deliveries(NOW, 60.0, 4)

    async with asyncio.timeout(10):
        async with store.transaction() as first:
            one = await first.claim_deliveries(NOW, 60.0, 2)
            second = asyncio.create_task(claim())
            # Long enough for it to have claimed ana's second one, if it did not wait.
            await asyncio.sleep(0.2)
        other = await second
    await store.close()

    assert [each.id for each in one] == ["d-1", "d-2"]
    assert [each.id for each in other] == ["d-4"]


async def both(*attempts) -> list[BaseException | None]:  # type: ignore[no-untyped-def]
    """Run attempts at the same time; their errors of ours, None for those that succeeded."""
    results = await asyncio.gather(*attempts, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, StewardError):
            raise result
    return [result if isinstance(result, BaseException) else None for result in results]


@pytest.mark.parametrize("locked", [False, True], ids=["read only", "read with lock"])
async def test_of_two_who_change_an_alert_from_the_same_version_one_is_refused(url: str, *, locked: bool) -> None:
    one, two = await open_store(url), await open_store(url)
    async with one.transaction() as tx:
        await tx.save_alerts([alert()])
    known = alert()

    async def change(store: SqlStore, stage: int) -> None:
        async with store.transaction() as tx:
            if locked:
                await tx.alerts(["alert-1"], lock=True)
            await tx.save_alerts([replace(known, version=2, stage=stage)])

    results = await both(change(one, 14), change(two, 7))
    async with one.reading() as tx:
        stored = (await tx.alerts(["alert-1"]))["alert-1"]
    await one.close()
    await two.close()

    assert sorted(str(type(each)) for each in results) == sorted([str(type(None)), str(VersionConflict)])
    assert stored.stage == (14 if results[0] is None else 7)


async def test_of_two_who_insert_the_same_alert_one_is_refused(url: str) -> None:
    one, two = await open_store(url), await open_store(url)

    async def insert(store: SqlStore, stage: int) -> None:
        async with store.transaction() as tx:
            await tx.save_alerts([alert("alert-0", stage=stage), alert("alert-1", stage=stage)])

    results = await both(insert(one, 14), insert(two, 7))
    async with one.reading() as tx:
        stages = {each.stage for each in (await tx.alerts(["alert-0", "alert-1"])).values()}
    await one.close()
    await two.close()

    assert [type(each) for each in results].count(VersionConflict) == 1
    assert stages == {14 if results[0] is None else 7}


async def test_two_who_lock_the_same_alerts_in_another_order_do_not_block_each_other(url: str) -> None:
    one, two = await open_store(url), await open_store(url)
    async with one.transaction() as tx:
        await tx.save_alerts([alert(f"alert-{n}") for n in range(50)])
    ids = [f"alert-{n}" for n in range(50)]

    async def lock(store: SqlStore, wanted: list[str]) -> None:
        for _ in range(10):
            async with store.transaction() as tx:
                found = await tx.alerts(wanted, lock=True)
                await tx.save_alerts([replace(each, version=each.version + 1) for each in found.values()])

    results = await both(lock(one, ids), lock(two, ids[::-1]))
    async with one.reading() as tx:
        versions = {each.version for each in (await tx.alerts(ids)).values()}
    await one.close()
    await two.close()

    assert results == [None, None]
    assert versions == {21}


async def test_a_nomination_is_answered_once(url: str) -> None:
    one, two = await open_store(url), await open_store(url)
    async with one.transaction() as tx:
        await tx.save_nomination(nomination())

    async def answer(store: SqlStore, note: str) -> None:
        async with store.transaction() as tx:
            await tx.save_nomination(nomination(version=2, answer_note=note))

    results = await both(answer(one, "yes"), answer(two, "no"))
    await one.close()
    await two.close()

    assert [type(each) for each in results].count(VersionConflict) == 1


async def test_twenty_equal_requests_take_effect_once(url: str) -> None:
    stores = [await open_store(url) for _ in range(4)]

    async def handle(store: SqlStore) -> None:
        async with store.transaction() as tx:
            if await tx.answer_given("invoke-1") is not None:
                return
            await tx.add_deliveries([delivery(f"d-{id(asyncio.current_task())}")])
            await tx.save_answer_given("invoke-1", "done", NOW)

    results = await both(*(handle(stores[n % 4]) for n in range(20)))
    async with stores[0].reading() as tx:
        effects = await tx.deliveries_waiting()
    for store in stores:
        await store.close()

    assert effects == 1
    assert all(each is None or isinstance(each, VersionConflict) for each in results)


async def test_a_notice_that_ten_scans_decide_is_written_once(url: str) -> None:
    stores = [await open_store(url) for _ in range(2)]
    async with stores[0].transaction() as tx:
        await tx.save_alerts([alert()])

    async def decide(number: int) -> int:
        async with stores[number % 2].transaction() as tx:
            return len(await tx.add_notices([notice(f"n-{number}"), notice(f"m-{number}", stage=14)]))

    written = await asyncio.gather(*(decide(number) for number in range(10)))
    async with stores[0].reading() as tx:
        stored = await tx.notices(["alert-1"])
    for store in stores:
        await store.close()

    assert sum(written) == len(stored) == 2


async def test_a_lease_is_won_by_one_of_ten(url: str) -> None:
    stores = [await open_store(url) for _ in range(2)]

    async def acquire(number: int) -> bool:
        async with stores[number % 2].transaction() as tx:
            return await tx.acquire_lease("scan", f"replica-{number}", NOW, 60)

    won = await asyncio.gather(*(acquire(number) for number in range(10)))
    for store in stores:
        await store.close()

    assert won.count(True) == 1


async def test_the_audit_stays_one_chain_when_many_write_it(url: str) -> None:
    stores = [await open_store(url) for _ in range(3)]

    async def act(number: int) -> None:
        async with stores[number % 3].transaction() as tx:
            await tx.add_audit(NOW, f"person-{number}", "snooze", "alert-1", "", "")
            await tx.set_value(f"value-{number}", "x")

    await asyncio.gather(*(act(number) for number in range(30)))
    async with stores[0].reading() as tx:
        entries, broken = await tx.audit_last(100), await tx.audit_broken_at()
    for store in stores:
        await store.close()

    assert broken is None
    assert {each.actor_id for each in entries} == {f"person-{number}" for number in range(30)}


async def test_contents_in_use_survive_a_run_that_ends_at_the_same_time(url: str) -> None:
    one, two = await open_store(url), await open_store(url)
    async with one.transaction() as tx:
        await tx.save_snapshot([record()])

    async def change(number: int) -> None:
        # Away from a content and back to it, while the other drops what nothing uses.
        async with one.transaction() as tx:
            await tx.save_snapshot([orphan("app-1") if number % 2 else record()])
            await tx.save_alerts([alert(f"alert-{number}")])

    async def end_runs() -> None:
        for number in range(20):
            async with two.transaction() as tx:
                await tx.save_run(run(f"run-{number}"))
            await asyncio.sleep(0)

    async def change_often() -> None:
        for number in range(40):
            await change(number)

    results = await both(change_often(), end_runs())
    async with one.reading() as tx:
        found = await tx.snapshot_of_apps(["app-1"])
        alerts = await tx.alerts_unclosed()
    await one.close()
    await two.close()

    assert results == [None, None]
    assert found == [orphan("app-1")]
    assert len(alerts) == 40


async def test_readers_see_the_last_commit_while_a_transaction_writes(url: str) -> None:
    store = await open_store(url)
    async with store.transaction() as tx:
        await tx.save_alerts([alert()])
    async with store.transaction() as writing:
        await writing.save_alerts([alert(version=2)])
        await writing.save_recipients([recipient()])
        async with asyncio.timeout(10), store.reading() as tx:
            seen = (await tx.alerts(["alert-1"]))["alert-1"].version
            recipients = await tx.recipients(["alert-1"])
    async with store.reading() as tx:
        after = (await tx.alerts(["alert-1"]))["alert-1"].version
    await store.close()

    assert (seen, recipients, after) == (1, [], 2)


async def test_a_reader_sees_one_state_from_beginning_to_end(url: str) -> None:
    store = await open_store(url)
    async with store.transaction() as tx:
        await tx.save_alerts([alert()])
    async with store.reading() as reading:
        before = await reading.alerts(["alert-1"])
        async with store.transaction() as tx:
            await tx.save_alerts([alert(version=2)])
            await tx.add_events([event()])
        after = await reading.alerts(["alert-1"])
        events = await reading.events_waiting(10)
    await store.close()

    assert before == after
    assert events == []


async def test_a_long_scan_does_not_hold_up_small_changes_for_good(url: str) -> None:
    store = await open_store(url)
    done: list[str] = []

    async def scan() -> None:
        for number in range(10):
            async with store.transaction() as tx:
                await tx.save_snapshot([record(f"app-{number}-{n}", at=NOW + DAY) for n in range(50)])
        done.append("scan")

    async def click() -> None:
        await asyncio.sleep(0)
        async with store.transaction() as tx:
            await tx.set_value("clicked", "yes")
        done.append("click")

    await asyncio.gather(scan(), click())
    await store.close()

    assert done == ["click", "scan"]


async def test_a_cancelled_delivery_loses_to_a_worker_that_claimed_it_first(url: str) -> None:
    store = await open_store(url)
    async with store.transaction() as tx:
        await tx.add_deliveries([delivery()])
    async with store.reading() as tx:
        seen = (await tx.deliveries(["delivery-1"]))["delivery-1"]
    async with store.transaction() as tx:
        await tx.claim_deliveries(NOW, 60.0, 1)
    async with store.transaction() as tx:
        cancelled = await tx.save_delivery(replace(seen, state=DeliveryState.CANCELLED, finished_at=NOW))
    await store.close()

    assert cancelled is False
