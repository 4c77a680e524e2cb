"""Runs, events, the audit's chain, answers given, small values, leases, people and conversations."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from alerts.errors import VersionConflict
from alerts.model import Conversation, PersonKind, RunStatus
from store import schema
from store.journal import GENESIS
from store.store import SqlStore
from tests.store.makers import ANA, BEN, DAY, ELI, MIA, MINUTE, NOW, TOM, event, run


async def test_runs_come_newest_first_and_the_same_run_replaces_itself(store: SqlStore) -> None:
    runs = [run(f"run-{n}", NOW + n * DAY) for n in range(3)]
    done = replace(runs[1], status=RunStatus.PARTIAL, records_uploaded=7, errors=("a", "b"))
    async with store.transaction() as tx:
        for each in (runs[1], runs[0], runs[2], done):
            await tx.save_run(each)

        assert await tx.runs(2) == [runs[2], done]
        assert len(await tx.runs(10)) == 3


async def test_an_event_is_kept_once_and_waits_until_it_is_archived(store: SqlStore) -> None:
    first, second, third = event("z"), event("a"), event("m", details={"deep": {"list": [1, None, "x"]}})
    async with store.transaction() as tx:
        await tx.add_events([first, second])
        await tx.add_events([replace(first, reason="again"), third])
        assert await tx.events_waiting(2) == [first, second]
        await tx.events_archived(["z", "a", "nowhere"])
        assert await tx.events_waiting(10) == [third]
        await tx.add_events([first])

        assert await tx.events_waiting(10) == [third]


async def test_each_audit_row_carries_the_hash_of_the_one_before(store: SqlStore) -> None:
    for number in range(3):
        async with store.transaction() as tx:
            await tx.add_audit(NOW + number * MINUTE, "ana", "snooze", f"alert-{number}", "", "until\nMonday")
            await tx.add_audit(NOW, "mia", "assignOwner", "app-1", "[]", "[eli]")
    async with store.reading() as tx:
        rows = list(reversed(await tx.audit_last(10)))
        broken = await tx.audit_broken_at()

    assert [each.seq for each in rows] == [1, 2, 3, 4, 5, 6]
    assert [each.previous_hash for each in rows] == [GENESIS, *(each.hash for each in rows[:-1])]
    assert [each.subject for each in rows[::2]] == ["alert-0", "alert-1", "alert-2"]
    assert broken is None


async def test_the_audit_of_a_transaction_that_failed_is_not_written(store: SqlStore) -> None:

    async def fail() -> None:
        async with store.transaction() as tx:
            await tx.add_audit(NOW, "tom", "approve", "nomination-1", "", "")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    async with store.reading() as tx:
        assert await tx.audit_last(1) == []


@pytest.mark.parametrize(
    "tamper",
    [
        update(schema.audit).where(schema.audit.c.seq == 2).values(after="nothing"),
        update(schema.audit).where(schema.audit.c.seq == 2).values(at=NOW + timedelta(microseconds=1)),
        update(schema.audit).where(schema.audit.c.seq == 2).values(actor_id="tom"),
        delete(schema.audit).where(schema.audit.c.seq == 2),
        insert(schema.audit).values(
            seq=4, at=NOW, actor_id="tom", verb="x", subject="x", before="", after="", previous_hash="0", hash="0"
        ),
    ],
    ids=["after", "time", "actor", "taken out", "put in"],
)
async def test_a_tampered_audit_shows(store: SqlStore, tamper) -> None:  # type: ignore[no-untyped-def]
    async with store.transaction() as tx:
        for number in range(3):
            await tx.add_audit(NOW, "ana", "snooze", f"alert-{number}", "a", "b")
    async with store.transaction() as tx:
        await tx._run(tamper)
    async with store.reading() as tx:
        broken = await tx.audit_broken_at()

    assert broken == (4 if tamper.is_insert else 2)


async def test_an_answer_is_given_once(store: SqlStore) -> None:
    key = "x" * 10_000 + "\x00\ud800"
    async with store.transaction() as tx:
        assert await tx.answer_given(key) is None
        await tx.save_answer_given(key, '{"statusCode":200}', NOW)
        assert await tx.answer_given(key) == '{"statusCode":200}'
    with pytest.raises(VersionConflict):
        async with store.transaction() as tx:
            await tx.save_answer_given(key, "another", NOW)
    async with store.reading() as tx:
        assert await tx.answer_given(key) == '{"statusCode":200}'


async def test_a_value_is_replaced(store: SqlStore) -> None:
    async with store.transaction() as tx:
        assert await tx.value("delta") is None
        await tx.set_value("delta", "one")
        await tx.set_value("delta", "two\x00")
        assert await tx.value("delta") == "two\x00"


async def test_a_lease_has_one_holder_until_it_ends_or_is_given_back(store: SqlStore) -> None:
    async with store.transaction() as tx:
        assert await tx.acquire_lease("scan", "a", NOW, 60)
        assert not await tx.acquire_lease("scan", "b", NOW + timedelta(seconds=59), 60)
        assert await tx.acquire_lease("scan", "a", NOW + timedelta(seconds=30), 60)
        assert not await tx.acquire_lease("scan", "b", NOW + timedelta(seconds=60), 60)
        assert await tx.acquire_lease("scan", "b", NOW + timedelta(seconds=90), 60)
        assert await tx.acquire_lease("other", "a", NOW, 60)
        await tx.release_lease("scan", "a")
        assert not await tx.acquire_lease("scan", "a", NOW + timedelta(seconds=91), 60)
        await tx.release_lease("scan", "b")
        assert await tx.acquire_lease("scan", "a", NOW + timedelta(seconds=91), 60)


async def test_people_are_those_last_read(store: SqlStore) -> None:
    service = replace(TOM, id="robot", kind=PersonKind.SERVICE_PRINCIPAL)
    async with store.transaction() as tx:
        await tx.save_people([ANA, BEN, service])
        await tx.save_people(replace(each, department="Finance") for each in (ANA,))
        found = await tx.people(["ana", "ben", "robot", "nowhere"])

    assert found == {"ana": replace(ANA, department="Finance"), "ben": BEN, "robot": service}


async def test_the_people_of_a_manager_are_the_enabled_ones_by_id(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_people([ELI, ANA, BEN, MIA, TOM])

        assert await tx.people_managed_by("mia") == [ANA, ELI]
        assert await tx.people_managed_by("mia", 1) == [ANA]
        assert await tx.people_managed_by("") == []
        await tx.save_people([replace(ANA, manager_id="tom"), replace(ELI, account_enabled=False)])
        assert await tx.people_managed_by("mia") == []


async def test_a_conversation_is_replaced_per_person(store: SqlStore) -> None:
    first = Conversation(person_id="ana", conversation_id="a:1", service_url="https://smba.example/")
    second = replace(first, conversation_id="a:2", locale="de-DE", dead_reason="blocked")
    async with store.transaction() as tx:
        await tx.save_conversation(first)
        await tx.save_conversation(second)

        assert await tx.conversations(["ana", "tom"]) == {"ana": second}
