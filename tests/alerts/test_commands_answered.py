"""What each command answers to whom, on a real store."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import pytest

from alerts.errors import DeliveryError, Outcome
from alerts.model import Conversation
from alerts.views import AlertView, AppStatusView, ExplainView, ListKind, RowsView, ScanView, Sentence, View
from tests.alerts.world import DAY, World


@pytest.fixture
def database_url(tmp_path) -> str:  # type: ignore[no-untyped-def]
    """What is decided here does not depend on the engine."""
    return f"sqlite+aiosqlite:///{(tmp_path / 'steward.db').as_posix()}"


async def two_apps(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    world.app("hr", ("eli",), world.secret(-3.5, "old"), world.secret(200, "young"))
    await world.first()


async def rows(answer: Awaitable[View]) -> list[tuple[str, dict[str, str]]]:
    view = await answer
    assert isinstance(view, RowsView), view
    assert view.total >= len(view.rows)
    return [(row.sentence.key, dict(row.sentence.params)) for row in view.rows]


async def test_why_explains_the_last_card(world: World) -> None:
    await two_apps(world)
    view = await world.desk.why("ana")
    assert isinstance(view, ExplainView)
    assert isinstance(view.about, AlertView)
    assert view.about.application.display_name == "Invoice"
    assert await world.desk.why("tom") == Sentence(key="why_nothing")


async def test_an_exclusion_by_command_holds_until_the_end_of_its_day(world: World) -> None:
    await two_apps(world)
    day = (world.now + 2 * DAY).date()
    said = await world.desk.exclude("ada", "invoice", day, "moves away")
    assert isinstance(said, Sentence)
    assert (said.key, said.params["app"]) == ("exclude_done", "Invoice")
    assert [(key, params["note"]) for key, params in await rows(world.desk.excluded("ada", 1))] == [
        ("row_excluded", "moves away")
    ]
    await world.day(2)
    assert (await world.states())["excluded"] == 1
    await world.day(1)
    assert "excluded" not in await world.states()


async def test_exclude_refuses_days_that_cannot_be_meant(world: World) -> None:
    await two_apps(world)
    today = world.now.date()
    assert await world.desk.exclude("ada", "invoice", today - DAY, "x") == Sentence(key="exclude_past")
    assert await world.desk.exclude("ada", "invoice", date.min, "x") == Sentence(key="exclude_past")
    for far in (today + 732 * DAY, date(2999, 1, 1), date.max):
        assert await world.desk.exclude("ada", "invoice", far, "x") == Sentence(key="exclude_too_long")
    assert await world.desk.include("ada", "invoice") == Sentence(key="include_nothing", params={"app": "Invoice"})


async def test_snoozed_lists_whose_until_when_and_unsnooze_ends_it_and_says_so(world: World) -> None:
    await two_apps(world)
    await world.press("ana", "snooze", days="7")
    found = await rows(world.desk.snoozed("ada", 1))
    assert [(key, params["person"], params["until"]) for key, params in found] == [
        ("row_snoozed", "Ana", (world.now + 7 * DAY).isoformat())
    ]
    assert await world.desk.unsnooze("ada", "invoice") == Sentence(
        key="unsnooze_done", params={"app": "Invoice", "count": "1"}
    )
    await world.worker.drain()
    assert world.inbox.cards["ana"][-1] == Sentence(key="snooze_ended_by", params={"app": "Invoice", "person": "Ada"})
    assert await rows(world.desk.snoozed("ada", 1)) == []
    assert [event.reason for event in await world.events() if event.type == "SnoozeEnded"] == ["takenBack"]


async def test_retired_and_nominations_are_listed(world: World) -> None:
    world.app("feed", ("eli",), world.secret(15.5))
    await two_apps(world)
    await world.press("ana", "retire", note="replaced")
    assert [params["note"] for _, params in await rows(world.desk.retired("ada", 1))] == ["replaced"]
    await world.press("eli", "assignOwner", nominees="tom")
    assert [key for key, _ in await rows(world.desk.nominations("ada", 1))] == ["row_asked"]
    asked = world.inbox.now_shown("tom")
    await world.press("tom", "accept", nomination=asked.nomination.id)  # type: ignore[union-attr]
    assert [key for key, _ in await rows(world.desk.nominations("ada", 1))] == ["row_accepted"]


async def test_whoever_blocks_or_removes_steward_is_listed_with_the_next_step(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(20.5))
    refused = DeliveryError("no", outcome=Outcome.UNREACHABLE, code="MessageWritesBlocked")
    world.inbox.failures["ana"].append(refused)
    world.mailbox.failures.append(DeliveryError("no", outcome=Outcome.UNREACHABLE, code="noMailbox"))
    await world.first()
    async with world.store.transaction() as tx:
        for person, reason in (("eli", "uninstalled"), ("tom", "blocked"), ("ada", "")):
            await tx.save_conversation(
                Conversation(person_id=person, conversation_id="c", service_url="s", dead_reason=reason)
            )
    found = await rows(world.desk.unreachable("ada", 1))
    assert ("row_not_told", "Ana", "blocked") in [(k, p["person"], p["why"]) for k, p in found]
    assert [(p["person"], p["why"]) for k, p in found if k == "row_removed"] == [
        ("Eli", "uninstalled"),
        ("Tom", "blocked"),
    ]


async def test_long_lists_come_in_pages(world: World) -> None:
    for number in range(23):
        world.app(f"app{number}", ("ana",), world.secret(20.5, key_id=f"k{number}"))
    await world.first()
    for number in range(23):
        await world.desk.exclude("ada", f"app{number:02}".replace("app0", "app"), (world.now + 9 * DAY).date(), "x")
    pages = [await world.desk.excluded("ada", page) for page in (1, 2, 3)]
    assert [len(page.rows) for page in pages if isinstance(page, RowsView)] == [10, 10, 3]
    assert [page.more for page in pages if isinstance(page, RowsView)] == ["excluded page 2", "excluded page 3", ""]


async def test_an_error_text_is_answered_with_what_has_expired(world: World) -> None:
    await two_apps(world)
    for person, app, key in (("eli", "hr", "verdict_expired"), ("ana", "invoice", "verdict_valid")):
        view = await world.desk.app_status(person, f"app-{app}", asked="AADSTS7000222")
        assert isinstance(view, AppStatusView)
        assert view.verdict is not None
        assert view.verdict.key == key
    told = await world.desk.app_status("eli", "app-hr", asked="AADSTS7000222")
    assert isinstance(told, AppStatusView)
    assert told.verdict is not None
    assert told.verdict.params["since"] == (world.now - timedelta(days=3.5)).isoformat()


async def test_expired_and_last_scan(world: World) -> None:
    await two_apps(world)
    view = await world.desk.expired("ada", 30, 1)
    assert [(line.application.display_name, line.days_left) for line in view.lines] == [("Hr", -4)]  # type: ignore[union-attr]
    assert view.kind is ListKind.EXPIRED  # type: ignore[union-attr]
    assert isinstance(await world.desk.last_scan("ada"), ScanView)


READ_BY_ALL: dict[str, Callable[[World, str], Awaitable[View]]] = {
    "expired": lambda world, who: world.desk.expired(who, 30, 1),
    "unreachable": lambda world, who: world.desk.unreachable(who, 1),
    "nominations": lambda world, who: world.desk.nominations(who, 1),
    "snoozed": lambda world, who: world.desk.snoozed(who, 1),
    "retired": lambda world, who: world.desk.retired(who, 1),
    "excluded": lambda world, who: world.desk.excluded(who, 1),
    "last scan": lambda world, who: world.desk.last_scan(who),
}


@pytest.mark.parametrize("command", READ_BY_ALL)
async def test_support_reads_and_members_do_not(world: World, command: str) -> None:
    await two_apps(world)
    world.roles.support_users = ("tom",)
    await world.roles.refresh()
    for person in ("ana", "eli", "mia", "nobody"):
        assert await READ_BY_ALL[command](world, person) == Sentence(key="admins_only")
    for person in ("ada", "tom"):
        assert await READ_BY_ALL[command](world, person) != Sentence(key="admins_only")


async def test_support_changes_nothing(world: World) -> None:
    await two_apps(world)
    world.roles.support_users = ("tom",)
    await world.roles.refresh()
    before = len(await world.events())
    day = (world.now + DAY).date()
    assert await world.desk.exclude("tom", "invoice", day, "x") == Sentence(key="admins_only")
    assert await world.desk.include("tom", "invoice") == Sentence(key="admins_only")
    assert await world.desk.unsnooze("tom", "invoice") == Sentence(key="admins_only")
    assert await world.desk.snooze("tom", "invoice", 3) == Sentence(key="refused")
    assert await world.desk.assign("tom", "invoice", "eli") == Sentence(key="refused")
    assert len(await world.events()) == before
