"""Alerts and nominations with their versions, and the people on an alert's route."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from alerts.errors import StoreError, VersionConflict
from alerts.model import AlertState, Answer, AnswerKind, NominationState, RouteReason
from store import schema
from store.alerts import PENDING_NOMINATIONS
from store.store import SqlStore
from tests.store.makers import (
    ANA,
    BEN,
    DAY,
    ELI,
    MIA,
    NOW,
    alert,
    application,
    credential,
    nomination,
    recipient,
)


async def test_an_alert_comes_back_as_it_was_saved(store: SqlStore) -> None:
    whole = alert(
        state=AlertState.SUPERSEDED,
        closed_at=NOW + DAY,
        closed_reason="renewed",
        successor=credential("key-2", 400),
        answer=Answer(kind=AnswerKind.ACKNOWLEDGED, by=ANA, at=NOW, note="on Monday"),
        as_of=NOW - DAY,
    )
    async with store.transaction() as tx:
        await tx.save_alerts([whole])
    async with store.reading() as tx:
        found = await tx.alerts(["alert-1", "nowhere", "alert-1"])

    assert found == {"alert-1": whole}


async def test_alerts_come_in_the_order_of_the_ids_asked_for(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([alert(f"alert-{n}") for n in range(5)])
        asked = ["alert-3", "alert-0", "alert-4"]

        assert list(await tx.alerts(asked)) == asked
        assert list(await tx.alerts(asked, lock=True)) == asked


async def test_a_change_follows_the_stored_version(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([alert()])
    second = alert(version=2, stage=14, application=application(display_name="Renamed"))
    async with store.transaction() as tx:
        await tx.save_alerts([second])
        found = await tx.alerts(["alert-1"])

    assert found == {"alert-1": second}


@pytest.mark.parametrize(
    "version", [1, 2, 4], ids=["a new one of an id that exists", "the stored version again", "a version left out"]
)
async def test_a_save_that_does_not_follow_the_stored_version_is_refused(store: SqlStore, version: int) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([alert()])
        await tx.save_alerts([alert(version=2, stage=14)])
    with pytest.raises(VersionConflict):
        async with store.transaction() as tx:
            await tx.save_alerts([alert(version=version, stage=7)])
    async with store.reading() as tx:
        assert (await tx.alerts(["alert-1"]))["alert-1"] == alert(version=2, stage=14)


async def test_a_change_of_an_alert_that_is_not_there_is_refused(store: SqlStore) -> None:
    with pytest.raises(VersionConflict):
        async with store.transaction() as tx:
            await tx.save_alerts([alert(version=2)])


async def test_one_conflict_undoes_the_whole_transaction(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([alert("alert-1"), alert("alert-2")])

    async def change() -> None:
        async with store.transaction() as tx:
            await tx.set_value("name", "value")
            await tx.save_alerts([alert("alert-1", version=2), alert("alert-2", version=3)])

    with pytest.raises(VersionConflict):
        await change()
    async with store.reading() as tx:
        assert {each.version for each in (await tx.alerts(["alert-1", "alert-2"])).values()} == {1}
        assert await tx.value("name") is None


async def test_two_versions_of_one_alert_may_be_saved_in_one_call(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([alert(), alert("alert-2"), alert(version=2), alert(version=3, stage=7)])
        found = await tx.alerts(["alert-1", "alert-2"])

    assert {id_: each.version for id_, each in found.items()} == {"alert-1": 3, "alert-2": 1}


async def test_thousands_of_alerts_are_saved_and_changed(store: SqlStore) -> None:
    many = [alert(f"alert-{n:05d}", f"app-{n % 700}") for n in range(2100)]
    async with store.transaction() as tx:
        await tx.save_alerts(many)
        await tx.save_alerts([replace(each, version=2) for each in many])
        found = await tx.alerts_unclosed()

    assert sorted(found, key=lambda each: each.id) == [replace(each, version=2) for each in many]


async def test_unclosed_means_not_resolved(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([alert(state.value, state=state) for state in AlertState])
        found = {each.state for each in await tx.alerts_unclosed()}

        ids = await tx.unclosed_keys()

    assert found == set(AlertState) - {AlertState.RESOLVED}
    assert set(ids) == {state.value for state in found}


async def test_the_keys_of_what_is_unclosed_come_without_the_rest_the_oldest_first(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts([replace(alert(f"alert-{n}", f"app-{n}"), opened_at=NOW - n * DAY) for n in range(3)])
        ids = await tx.unclosed_keys()
        by_id = {each.id: each for each in await tx.alerts_unclosed()}

    assert list(ids.items()) == [(each, by_id[each].key) for each in ("alert-2", "alert-1", "alert-0")]
    assert list(ids) == list(by_id)


async def test_the_alerts_of_an_app_are_all_of_them_newest_first(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_alerts(
            [
                alert("old", opened_at=NOW - 90 * DAY, state=AlertState.RESOLVED, closed_at=NOW),
                alert("new"),
                alert("other", "app-2"),
            ]
        )
        found = [each.id for each in await tx.alerts_of_app("app-1")]

    assert found == ["new", "old"]


async def test_the_alerts_of_one_app_share_its_body(store: SqlStore) -> None:
    app = application(credentials=tuple(credential(f"key-{n}") for n in range(300)))
    async with store.transaction() as tx:
        await tx.save_alerts(
            [alert(f"alert-{n}", application=app, credential=each) for n, each in enumerate(app.credentials)]
        )
        bodies = await tx._scalar(select(func.count()).select_from(schema.contents))
        found = await tx.alerts_of_app("app-1")

    assert bodies == 1
    assert len(found) == 300
    assert all(each.application == app for each in found)


async def test_recipients_are_kept_per_alert_and_person(store: SqlStore) -> None:
    ana, mia = recipient(), recipient(person=MIA, reason=RouteReason.OWNER_MANAGER, on_behalf_of=ANA)
    other = recipient("alert-2", BEN, proof=NOW - DAY)
    snoozed = replace(ana, snoozed_until=NOW + DAY, seen_at=NOW, off_reason="notMine", on_route=False)
    async with store.transaction() as tx:
        await tx.save_alerts([alert("alert-1"), alert("alert-2")])
        await tx.save_recipients([ana, mia, other])
        await tx.save_recipients([snoozed])
    async with store.reading() as tx:
        assert await tx.recipients(["alert-2", "alert-1", "nowhere"]) == [other, snoozed, mia]
        assert await tx.recipients_of_person("ana") == [snoozed]
        assert await tx.recipients_of_person("tom") == []


async def test_recipients_may_be_written_before_their_alert_but_not_without_it(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_recipients([recipient()])
        await tx.save_alerts([alert()])
    with pytest.raises(StoreError):
        async with store.transaction() as tx:
            await tx.save_recipients([recipient("nowhere")])


async def test_a_nomination_comes_back_as_it_was_saved(store: SqlStore) -> None:
    first = nomination(note="please")
    second = replace(
        first, version=2, state=NominationState.REFUSED, approver=ANA, failure="Graph said no", answer_note="yes"
    )
    async with store.transaction() as tx:
        await tx.save_nomination(first)
        assert await tx.nomination("nomination-1") == first
        await tx.save_nomination(second)
        assert await tx.nomination("nomination-1", lock=True) == second
        assert await tx.nomination("nowhere") is None


@pytest.mark.parametrize("version", [1, 3])
async def test_a_nomination_that_does_not_follow_is_refused(store: SqlStore, version: int) -> None:
    async with store.transaction() as tx:
        await tx.save_nomination(nomination())
    with pytest.raises(VersionConflict):
        async with store.transaction() as tx:
            await tx.save_nomination(nomination(version=version))


async def test_pending_nominations_are_those_that_say_so(store: SqlStore) -> None:
    every = [nomination(state.value, state=state) for state in NominationState]
    async with store.transaction() as tx:
        for each in every:
            await tx.save_nomination(each)
        found = await tx.nominations_pending()

    assert {each.id for each in found} == {each.id for each in every if each.pending}
    assert set(PENDING_NOMINATIONS) == {each.state for each in every if each.pending}


async def test_the_nominations_of_an_app_come_newest_first(store: SqlStore) -> None:
    async with store.transaction() as tx:
        await tx.save_nomination(nomination("first"))
        await tx.save_nomination(nomination("second", created_at=NOW + DAY, nominee=ELI))
        await tx.save_nomination(nomination("other", application=application("app-2")))
        found = [each.id for each in await tx.nominations_of_app("app-1")]
        of_several = [each.id for each in await tx.nominations_of_apps(["app-1", "nowhere"])]

    assert found == of_several == ["second", "first"]
