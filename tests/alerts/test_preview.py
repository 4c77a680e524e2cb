"""A preview says what the coming scans would tell, by the same rules, and changes nothing."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from alerts.preview import COLUMNS, as_json, row, safe_cell, view_of, write_csv
from alerts.rehearsal import Preview, rehearse
from alerts.sending import Sending, SendingRules
from alerts.views import AlertView, DigestView, PreviewView, Sentence
from tests.alerts.world import World

HOLD = SendingRules(sending=Sending.HOLD)


@pytest.fixture
def rules() -> SendingRules:
    return SendingRules()


@pytest.fixture
async def world(database_url: str, rules: SendingRules) -> AsyncIterator[World]:
    async with World(database_url, rules=rules) as made:
        yield made


async def seen(world: World, days: int) -> Preview:
    return await rehearse(world.engine, world.store, world.now, days)


def story(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(31.5))
    world.app("payroll", ("ana", "eli"), world.secret(12.5, "k2"))
    world.app("travel", ("eli",), world.secret(45.5, "k4"))
    world.app("orphan", (), world.secret(5.5, "k3"))
    world.once_owned_by("orphan", "ben", 100)
    world.disable("ben")


async def notices_of_today(world: World) -> set[tuple[str, str, int, str]]:
    """(app, person, stage, kind) of all notices that are on their way or were told."""
    async with world.store.reading() as tx:
        alerts = {alert.id: alert for alert in await tx.alerts_unclosed()}
        return {
            (alerts[n.alert_id].application.object_id, n.recipient_id, n.stage, n.kind.value)
            for n in await tx.notices(list(alerts))
        }


async def test_what_a_preview_says_of_each_day_is_what_the_scans_of_these_days_tell(world: World) -> None:
    story(world)
    await world.first()
    preview = await seen(world, 40)
    planned: dict[int, set[tuple[str, str, int, str]]] = {}
    for line in preview.lines:
        planned.setdefault(line.day, set()).add(
            (line.alert.application.object_id, line.person.id, line.stage, line.kind)
        )

    assert 0 not in planned
    before = await notices_of_today(world)
    for day in range(1, 41):
        await world.day()
        now = await notices_of_today(world)
        # Who gets an escalation or a last call is told by it; a closed alert tells nothing more.
        assert planned.get(day, set()) == now - before, day
        before |= now


async def test_it_writes_nothing_and_sends_nothing(world: World) -> None:
    story(world)
    await world.scan()
    async with world.store.reading() as tx:
        before = (await tx.alerts_unclosed(), await tx.deliveries_waiting(), await tx.value("due"))
    events = await world.events()
    await seen(world, 60)

    async with world.store.reading() as tx:
        assert before == (await tx.alerts_unclosed(), await tx.deliveries_waiting(), await tx.value("due"))
    assert events == await world.events()
    assert world.inbox.cards == {}


@pytest.mark.parametrize("rules", [HOLD])
async def test_what_is_held_is_told_today_with_the_reason_why_it_is_not(world: World) -> None:
    story(world)
    await world.first()
    preview = await seen(world, 0)

    told = {(line.alert.application.object_id, line.person.id): line.held for line in preview.lines}
    assert {("payroll", "ana"): "hold", ("payroll", "eli"): "hold", ("orphan", "mia"): "hold"} == told
    assert (preview.people, preview.sending) == (3, "hold")
    await world.sending.go("ada", Sending.ON)
    await world.worker.drain()
    shown = {
        name for name, cards in world.inbox.cards.items() if any(isinstance(c, AlertView | DigestView) for c in cards)
    }
    assert {line.person.id for line in preview.lines} == shown
    assert (await seen(world, 0)).lines == ()


@pytest.mark.parametrize("rules", [SendingRules(max_people=2)])
async def test_the_brake_of_today_shows_whom_it_would_hold(world: World) -> None:
    story(world)
    # Nothing is decided yet but a scan that saw no due app.
    due, world.apps = world.apps, {}
    world.app("calm", ("tom",), world.secret(300))
    await world.first()
    world.apps |= due
    world.policy = replace(world.policy, alert_days=(3,), saml_alert_days=(3,))
    world.engine.policy = world.policy
    await world.first()
    world.engine.policy = replace(world.policy, alert_days=(30, 14, 7), saml_alert_days=(30, 14, 7))
    preview = await seen(world, 0)

    assert {("mia", ""), ("ana", ""), ("eli", "brake")} == {(line.person.id, line.held) for line in preview.lines}


async def test_without_a_scan_it_says_that_nothing_is_known(world: World) -> None:
    preview = await seen(world, 30)

    assert (preview.run_id, preview.lines) == ("", ())
    view = view_of(preview, 1, "UTC")
    assert (view.as_of, view.people) == (None, 0)


async def test_the_card_has_pages_and_only_admins_get_it(world: World) -> None:
    for number in range(23):
        world.person(f"p{number:02}")
        world.app(f"app{number:02}", (f"p{number:02}",), world.secret(2.5 + number, f"k{number}"))
    await world.scan()
    await world.sending.recall("ada", "last")
    pages = [await world.sending.preview("ada", page) for page in (1, 2, 3)]

    assert Sentence(key="admins_only") == await world.sending.preview("ana", 1)
    assert all(isinstance(page, PreviewView) for page in pages)
    listed = [(len(page.shown), page.first, page.more) for page in pages if isinstance(page, PreviewView)]
    assert [(10, 1, "preview page 2"), (10, 11, "preview page 3"), (3, 21, "")] == listed
    names = [each.person.id for page in pages if isinstance(page, PreviewView) for each in page.shown]
    assert [f"p{number:02}" for number in range(23)] == names


# ---------------------------------------------------------------- CSV


async def test_a_name_that_begins_like_a_formula_stays_text_in_the_csv(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(12.5))
    world.apps["invoice"] = replace(world.apps["invoice"], display_name='=HYPERLINK("https://evil.example","x")')
    world.people["ana"] = replace(world.people["ana"], display_name="+1234", department="\t=1+1")
    await world.scan()
    await world.sending.recall("ada", "last")
    preview = await seen(world, 0)
    out = io.StringIO(newline="")
    assert 1 == write_csv(preview, out, mail=True)

    [header, line] = csv.reader(io.StringIO(out.getvalue(), newline=""))
    cells = dict(zip(header, line, strict=True))
    assert list(COLUMNS) == header
    assert '\'=HYPERLINK("https://evil.example","x")' == cells["application"]
    assert ("'+1234", "'\t=1+1") == (cells["person"], cells["department"])
    assert ("12", "teams email") == (cells["days_left"], cells["channels"])


@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\uff1d1", "\uff201"]
)
def test_no_cell_begins_like_a_formula(text):
    assert safe_cell(text) == f"'{text}"


def test_numbers_below_zero_stay_numbers():
    assert (safe_cell(-3), safe_cell("a=1"), safe_cell("a\x00b")) == ("-3", "a=1", "ab")


async def test_the_json_names_each_line_with_its_reason(world: World) -> None:
    story(world)
    await world.scan()
    await world.sending.recall("ada", "last")
    preview = await seen(world, 2)
    made = as_json(preview, mail=False)

    assert (made["run_id"], made["days"], made["people"], made["notices"]) == ("run-1", 2, 3, len(preview.lines))
    assert {"currentOwners": 2, "previousOwnerManager": 1} == made["by_path"]
    orphan = next(line for line in made["lines"] if line["application"] == "Orphan")
    assert ("mia", "previousOwnerManager", "Ben", ["teams"]) == (
        orphan["person_id"],
        orphan["why"],
        orphan["on_behalf_of"],
        orphan["channels"],
    )
    assert set(COLUMNS) == set(row(preview.lines[0], mail=True))
