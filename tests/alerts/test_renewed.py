"""I renewed it: seen at once, seen later by itself, seen elsewhere, or said that it is not seen."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.errors import GraphError
from alerts.model import Application, ApplicationType, Credential, CredentialType
from alerts.views import AlertView, CardState, Place, RenewalFinding, Sentence
from tests.alerts.world import World


@pytest.fixture
def database_url(tmp_path) -> str:  # type: ignore[no-untyped-def]
    """What is decided here does not depend on the engine."""
    return f"sqlite+aiosqlite:///{(tmp_path / 'steward.db').as_posix()}"


def fresh(world: World, key_id: str = "new", **more: object) -> Credential:
    """A secret made just now for a year."""
    return replace(world.secret(365, key_id), start=world.now, **more)  # type: ignore[arg-type]


async def pressed(world: World) -> AlertView:
    view = await world.press("ana", "renewed")
    assert isinstance(view, AlertView)
    return view


async def invoice(world: World) -> Credential:
    old = world.secret(7.5)
    world.app("invoice", ("ana", "eli"), old)
    world.app("hr", ("ana",), world.secret(300, "hr"))
    await world.first()
    return old


async def test_what_shows_only_later_turns_the_cards_by_itself(world: World) -> None:
    old = await invoice(world)
    view = await pressed(world)
    assert (view.items[0].finding, view.looks_until) == (RenewalFinding.NOT_YET, world.now + timedelta(hours=1))
    assert await world.looks.run_once() == 0
    world.app("invoice", ("ana", "eli"), old, fresh(world))
    world.now += timedelta(minutes=5)
    assert await world.looks.run_once() == 1
    await world.worker.drain()

    assert [world.card(person).items[0].state for person in ("ana", "eli")] == [CardState.SUPERSEDED] * 2
    async with world.store.reading() as tx:
        assert await tx.later_looks(world.now + timedelta(days=9)) == []


async def test_three_looks_in_an_hour_and_then_it_is_said_that_nothing_shows(world: World) -> None:
    await invoice(world)
    await pressed(world)
    for minutes, said in ((5, False), (10, False), (45, True)):
        world.now += timedelta(minutes=minutes)
        await world.looks.run_once()
        await world.worker.drain()
        assert (world.inbox.cards["ana"][-1] == Sentence(key="renewed_still_not", params={"app": "Invoice"})) is said
    world.now += timedelta(hours=5)
    assert await world.looks.run_once() == 0


async def test_looks_that_were_missed_are_made_up_for_by_one(world: World) -> None:
    old = await invoice(world)
    await pressed(world)
    world.app("invoice", ("ana", "eli"), old, fresh(world))
    world.now += timedelta(hours=8)
    assert await world.looks.run_once() == 1


async def test_an_outage_is_no_answer_and_is_looked_at_again(world: World) -> None:
    await invoice(world)

    async def down(object_id: str, type: ApplicationType) -> Application | None:
        raise GraphError("down", status=503)

    working, world.directory.application = world.directory.application, down  # type: ignore[method-assign]
    view = await pressed(world)
    assert view.items[0].finding is RenewalFinding.UNKNOWN
    world.directory.application = working  # type: ignore[method-assign]
    world.app("invoice", ("ana", "eli"), fresh(world))
    world.now += timedelta(minutes=5)
    assert await world.looks.run_once() == 1


@pytest.mark.parametrize("place", list(Place))
async def test_what_was_made_elsewhere_is_named(world: World, place: Place) -> None:
    old = await invoice(world)
    match place:
        case Place.OTHER_TYPE:
            world.app("invoice", ("ana",), old, fresh(world, type=CredentialType.CERTIFICATE))
        case Place.OTHER_SIDE:
            world.app("invoice/other", (), fresh(world))
        case Place.OTHER_APP:
            world.app("hr", ("ana",), world.secret(300, "hr"), fresh(world))
    view = await pressed(world)

    assert view.elsewhere is not None
    assert (view.elsewhere.place, view.elsewhere.credential.key_id) == (place, "new")
    assert view.items[0].state is CardState.OPEN


async def test_another_app_of_somebody_else_is_never_named(world: World) -> None:
    await invoice(world)
    world.app("secret project", ("tom",), fresh(world))
    assert (await pressed(world)).elsewhere is None
