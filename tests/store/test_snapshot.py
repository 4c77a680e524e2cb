"""The snapshot: what was saved last comes back whole, and is found by date, owner, app and name."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select

from alerts.model import ApplicationType, PreviousOwner
from store import schema
from store.store import SqlStore
from tests.store.makers import ANA, BEN, DAY, ELI, MIA, NOW, TOM, application, credential, orphan, record, run


async def count(store: SqlStore, table: str) -> int:
    async with store.reading() as tx:
        return await tx._scalar(select(func.count()).select_from(schema.metadata.tables[table]))


async def test_a_record_comes_back_as_it_was_saved(store: SqlStore) -> None:
    own = credential(thumbprint="AB12", last_used=NOW - DAY)
    whole = record(
        credential=own,
        application=application(
            credentials=(own,), reply_hosts=("a.example",), notes="what for", enabled=False,
            type=ApplicationType.ENTERPRISE_APP, notification_emails=("x@contoso.example",),
        ),
        owners=(ANA, BEN), email_sent=True, alert_type="SecondAlert",
    )  # fmt: skip
    async with store.transaction() as tx:
        await tx.save_snapshot([whole, orphan()])
    async with store.reading() as tx:
        found = await tx.snapshot_of_apps(["app-1", "app-2", "nowhere"])

    assert found == [whole, orphan()]


async def test_the_last_save_of_a_credential_wins(store: SqlStore) -> None:
    first = record(run_id="run-1")
    second = record(run_id="run-2", at=NOW + DAY, owners=(ANA, ELI), email_sent=True)
    async with store.transaction() as tx:
        await tx.save_snapshot([first])
        await tx.save_snapshot([second])
        found = await tx.snapshot_of_apps(["app-1"])
        keys = await tx.snapshot_keys()

    assert found == [second]
    assert keys == {("app-1", "key-1"): "run-2"}


async def test_the_later_of_two_records_in_one_save_wins(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_snapshot([record(run_id="run-1"), record(run_id="run-2", owners=(ELI,))])
        [found] = await tx.snapshot_of_apps(["app-1"])

    assert found.run_id == "run-2"
    assert found.owners == (ELI,)


async def test_an_unread_credential_keeps_its_own_record_beside_newer_ones(store: SqlStore) -> None:
    old = [record(key_id="key-1"), record(key_id="key-2")]
    renamed = application(display_name="Renamed", credentials=(credential("key-2"),))
    new = record(key_id="key-2", run_id="run-2", at=NOW + DAY, application=renamed)
    async with store.transaction() as tx:
        await tx.save_snapshot(old)
        await tx.save_snapshot([new])
        found = await tx.snapshot_of_apps(["app-1"])

    assert found == [old[0], new]


async def test_a_record_like_the_stored_one_is_not_written_again(store: SqlStore) -> None:
    records = [record(f"app-{n}", at=NOW) for n in range(5)]
    later = [
        replace(each, run_id="run-2", scan_date=NOW + DAY, days_left=(each.days_left or 0) - 1) for each in records
    ]
    async with store.transaction() as tx:
        await tx.save_snapshot(records)
    written: list[str] = []
    async with store.transaction() as tx:
        inner = tx._replace

        async def spy(table, rows, key=()):  # type: ignore[no-untyped-def]
            kept = list(rows)
            written.extend(table.name for _ in kept)
            await inner(table, kept, key)

        tx._replace = spy  # type: ignore[method-assign]
        await tx.save_snapshot(later)
    async with store.reading() as tx:
        found = await tx.snapshot_of_apps([f"app-{n}" for n in range(5)])

    assert written == []
    assert found == later


async def test_what_many_credentials_share_is_stored_once(store: SqlStore) -> None:
    credentials = tuple(credential(f"key-{n}") for n in range(500))
    app = application(credentials=credentials)
    async with store.transaction() as tx:
        await tx.save_snapshot(record(key_id=each.key_id, credential=each, application=app) for each in credentials)

    assert await count(store, "contents") == 1
    assert await count(store, "snapshot") == 500


async def test_contents_that_nothing_uses_any_more_go_at_the_end_of_a_run(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_snapshot([record(), orphan()])
        await tx.save_snapshot([record(owners=(ELI,), owner=ELI), orphan()])
        await tx.remove_from_snapshot([("app-2", "key-1")])
        await tx.save_run(run())

    assert await count(store, "contents") == 1
    assert await count(store, "snapshot_owners") == 2  # eli, and ana by the application's own list


async def test_a_removed_credential_is_gone_and_the_others_stay(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_snapshot([record(key_id="key-1"), record(key_id="key-2"), orphan()])
        await tx.remove_from_snapshot([("app-1", "key-1"), ("app-2", "key-1"), ("nowhere", "key-1")])
        keys = await tx.snapshot_keys()
        gone = await tx.find_apps("app-2", 5)

    assert keys == {("app-1", "key-2"): "run-1"}
    assert gone == []


async def test_due_means_up_to_and_including_the_moment(store: SqlStore) -> None:
    exact = record("exact", days=30)
    saved = [record("later", days=31), exact, record("expired", days=-100), record("never", days=None)]
    async with store.transaction() as tx:
        await tx.save_snapshot(saved)
        end = exact.credential.end
        assert end is not None
        at_the_end = await tx.snapshot_due(end)
        just_before = await tx.snapshot_due(end - timedelta(microseconds=1))

    assert [each.application.object_id for each in at_the_end] == ["expired", "exact"]
    assert [each.application.object_id for each in just_before] == ["expired"]


@pytest.mark.parametrize(
    "end",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(999, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 11, 20, tzinfo=timezone(timedelta(hours=14))),
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
    ],
    ids=["year 1", "year 999", "year 9999", "other zone", "before the calendar"],
)
async def test_any_end_date_sorts_and_comes_back(store: SqlStore, end: datetime) -> None:
    odd = record("odd", credential=credential(end=end))
    async with store.transaction() as tx:
        await tx.save_snapshot([odd, record("near", days=1), record("far", days=300)])
        due = await tx.snapshot_due(datetime.max.replace(tzinfo=UTC))

    assert [each.credential.end for each in due] == sorted(each.credential.end for each in due if each.credential.end)
    assert {each.application.object_id: each for each in due}["odd"] == odd


async def test_records_of_an_owner_include_owners_that_do_not_count(store: SqlStore) -> None:
    both = record("app-3", owners=(ANA, BEN), days=5)
    async with store.transaction() as tx:
        await tx.save_snapshot([record(days=30), orphan(), both])
        of_ana, of_ben, of_tom = [await tx.snapshot_of_owner(p.id) for p in (ANA, BEN, TOM)]

    assert [each.application.object_id for each in of_ana] == ["app-3", "app-1"]
    assert {each.application.object_id for each in of_ben} == {"app-2", "app-3"}
    assert of_tom == []


async def test_a_former_owner_is_no_owner_once_the_record_is_replaced(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_snapshot([record()])
        await tx.save_snapshot([record(application=application(owners=(ELI,)), owners=(ELI,), owner=ELI)])

        assert await tx.snapshot_of_owner("ana") == []
        assert len(await tx.snapshot_of_owner("eli")) == 1


async def test_ownerless_come_by_end_date_and_those_without_one_last(store: SqlStore) -> None:
    saved = [orphan("never", days=None), orphan("late", days=90), record("owned"), orphan("soon", days=1)]
    async with store.transaction() as tx:
        await tx.save_snapshot(saved)
        found = await tx.snapshot_ownerless()

    assert [each.application.object_id for each in found] == ["soon", "late", "never"]


async def test_apps_are_found_by_any_part_of_the_name_exact_ones_first(store: SqlStore) -> None:
    names = ["Große Lohn-API", "pay", "PAYROLL", "Old payroll", "100%_pay", "Zahlung"]
    apps = [application(f"id-{n}", display_name=name) for n, name in enumerate(names)]
    async with store.transaction() as tx:
        await tx.save_snapshot(record(app.object_id, application=app) for app in apps)

        async def found(text: str, limit: int = 10) -> list[str]:
            return [app.display_name for app in await tx.find_apps(text, limit)]

        assert await found("PAY") == ["pay", "PAYROLL", "100%_pay", "Old payroll"]
        assert await found("pay", 2) == ["pay", "PAYROLL"]
        assert await found("grosse lohn") == ["Große Lohn-API"]
        assert await found("%_") == ["100%_pay"]
        assert await found(" ID-5 ") == ["Zahlung"]
        assert await found("id-5-CLIENT") == ["Zahlung"]
        assert await found("  ") == []
        assert await found("nothing\x00\ud800") == []


async def test_a_renamed_app_is_found_by_its_new_name_only(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_snapshot([record(application=application(display_name="Before"))])
        await tx.save_snapshot([record(application=application(display_name="After"))])

        assert await tx.find_apps("before", 5) == []
        assert [app.display_name for app in await tx.find_apps("after", 5)] == ["After"]


async def test_owners_seen_are_replaced_per_app(store: SqlStore) -> None:
    ana = PreviousOwner(person=ANA, manager=MIA, seen=NOW)
    eli = PreviousOwner(person=ELI, seen=NOW + DAY)
    async with store.transaction() as tx:
        await tx.save_owners_seen({"app-1": (ana,), "app-2": (ana, eli)})
        await tx.save_owners_seen({"app-2": (eli,), "app-3": ()})
        everything = await tx.owners_seen()
        some = await tx.owners_seen(["app-2", "nowhere"])
        none = await tx.owners_seen([])

    assert everything == {"app-1": (ana,), "app-2": (eli,), "app-3": ()}
    assert some == {"app-2": (eli,)}
    assert none == {}


async def test_thousands_of_ids_are_taken_in_one_call(store: SqlStore) -> None:
    wanted = [f"app-{n}" for n in range(40_000)]
    async with store.transaction() as tx:
        await tx.save_snapshot(record(object_id) for object_id in wanted[:3000])
        found = await tx.snapshot_of_apps(wanted)

    assert [each.application.object_id for each in found] == wanted[:3000]


async def test_others_get_their_turn_while_thousands_of_records_are_saved_and_read(store: SqlStore) -> None:
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(other())
    async with store.transaction() as tx:
        await tx.save_snapshot([record(f"app-{n}") for n in range(3000)])
    saving, turns = turns, 0
    async with store.reading() as tx:
        await tx.snapshot_due(NOW + 60 * DAY)
    reading = turns
    task.cancel()

    assert saving > 30
    assert reading > 10


async def test_a_naive_time_is_refused(store: SqlStore) -> None:
    with pytest.raises(ValueError, match="aware"):
        async with store.transaction() as tx:
            await tx.snapshot_due(datetime(2026, 1, 1))  # noqa: DTZ001
