"""New owners: how a nomination ends in every way that it can end."""

import asyncio
from datetime import timedelta

import pytest

from alerts.errors import OwnerChangeError
from alerts.model import Application, NominationState
from alerts.views import CardState, NominationView, Sentence
from tests.alerts.world import DAY, World


@pytest.fixture
def database_url(tmp_path, request: pytest.FixtureRequest) -> str:  # type: ignore[no-untyped-def]
    """What is decided here does not depend on the engine; races are told in the two-engine tests below."""
    return f"sqlite+aiosqlite:///{(tmp_path / 'steward.db').as_posix()}"


async def invoice(world: World) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    await world.first()


def asked(world: World, person: str) -> NominationView:
    view = world.inbox.now_shown(person)
    assert isinstance(view, NominationView), view
    return view


async def state(world: World, nomination_id: str) -> tuple[str, str]:
    async with world.store.reading() as tx:
        found = await tx.nomination(nomination_id)
    assert found is not None
    return found.state, found.failure


def said(world: World, person: str) -> str:
    view = world.inbox.cards[person][-1]
    return view.key if isinstance(view, Sentence) else type(view).__name__


async def test_a_declined_question_goes_back_to_whoever_asked(world: World) -> None:
    await invoice(world)
    await world.press("ana", "assignOwner", nominees="eli,tom")
    await world.press("eli", "decline", nomination=asked(world, "eli").nomination.id, note="too much")
    assert said(world, "ana") == "nomination_declined"
    assert await state(world, asked(world, "eli").nomination.id) == ("declined", "")
    # Each stands alone.
    await world.press("tom", "accept", nomination=asked(world, "tom").nomination.id)
    assert asked(world, "ada").nomination.nominee.id == "tom"


@pytest.mark.parametrize(
    ("nominees", "key"),
    [
        ("", "nominee_missing"),
        ("nobody", "nominee_not_possible"),
        ("ben", "nominee_not_possible"),
        ("gus", "nominee_not_possible"),
        ("svc", "nominee_not_possible"),
        ("eli,ben", "nominee_not_possible"),
        ("ana", "nominee_is_owner"),
        ("Eli Novak", "nominee_not_possible"),
        ("eli@x.example", "nominee_not_possible"),
    ],
)
async def test_whoever_cannot_own_it_is_named_and_nobody_is_asked(world: World, nominees: str, key: str) -> None:
    world.person("gus", user_type="Guest")
    world.person("svc", kind="servicePrincipal")
    world.disable("ben")
    await invoice(world)
    view = await world.press("ana", "assignOwner", nominees=nominees)

    assert isinstance(view, Sentence)
    assert view.key == key
    assert world.told() == {"ana": 1}
    async with world.store.reading() as tx:
        assert await tx.nominations_pending() == []


async def test_an_app_with_100_owners_takes_no_other(world: World) -> None:
    owners = [f"o{number}" for number in range(100)]
    for name in owners:
        world.person(name)
    world.app("crowd", tuple(owners), world.secret(29.5))
    await world.first()

    assert await world.press("o1", "assignOwner", nominees="eli") == Sentence(
        key="owners_full", params={"app": "Crowd"}
    )


async def test_the_hundredth_owner_who_came_meanwhile_makes_entra_refuse(world: World) -> None:
    await invoice(world)
    await world.press("ana", "assignOwner", nominees="eli")
    nomination = asked(world, "eli").nomination.id
    await world.press("eli", "accept", nomination=nomination)

    async def full(application: Application, person_id: str) -> None:
        raise OwnerChangeError("quota", reason="tooManyOwners")

    world.directory.add_owner = full  # type: ignore[method-assign]
    await world.press("ada", "approve", nomination=nomination)
    assert await state(world, nomination) == ("refused", "tooManyOwners")
    assert {said(world, person) for person in ("ana", "eli", "ada")} == {"owner_change_refused"}


async def test_whoever_names_themselves_waits_for_an_admin_whatever_the_policy(world: World) -> None:
    world.nominations_direct()
    world.disable("ben")
    world.app("vendor", (), world.secret(20.5))
    world.once_owned_by("vendor", "ben", days_ago=100)
    await world.first()
    await world.press("mia", "assignOwner", nominees="mia")
    nomination = asked(world, "ada").nomination
    assert nomination.state is NominationState.ACCEPTED
    assert await world.press("mia", "approve", nomination=nomination.id) == Sentence(key="refused")
    assert world.apps["vendor"].owners == ()
    await world.press("ada", "approve", nomination=nomination.id)
    assert [owner.id for owner in world.apps["vendor"].owners] == ["mia"]


async def test_direct_the_nominees_yes_is_enough_and_the_other_owners_are_told(world: World) -> None:
    world.nominations_direct()
    world.app("invoice", ("ana", "tom"), world.secret(29.5))
    await world.first()
    await world.press("ana", "assignOwner", nominees="eli")
    assert not asked(world, "eli").needs_approval
    await world.press("eli", "accept", nomination=asked(world, "eli").nomination.id)

    assert [owner.id for owner in world.apps["invoice"].owners] == ["ana", "tom", "eli"]
    assert world.told().get("ada") is None
    assert [said(world, person) for person in ("ana", "eli", "tom")] == [
        "owner_assigned", "owner_assigned_you", "owner_added",
    ]  # fmt: skip


@pytest.mark.parametrize("rights", [("Mail.ReadWrite",), None])
async def test_direct_a_privileged_app_and_one_of_which_nobody_can_tell_wait_for_an_admin(
    world: World, rights: tuple[str, ...] | None
) -> None:
    world.nominations_direct()
    world.rights["invoice"] = rights
    await invoice(world)
    await world.press("ana", "assignOwner", nominees="eli")
    await world.press("eli", "accept", nomination=asked(world, "eli").nomination.id)

    assert [owner.id for owner in world.apps["invoice"].owners] == ["ana"]
    assert (asked(world, "ada").privileged, asked(world, "ada").nomination.privileges) == (True, rights or ())


async def test_direct_rights_that_an_app_gets_while_somebody_thinks_it_over_count(world: World) -> None:
    world.nominations_direct()
    await invoice(world)
    await world.press("ana", "assignOwner", nominees="eli")
    world.rights["invoice"] = ("RoleManagement.ReadWrite.Directory",)
    await world.press("eli", "accept", nomination=asked(world, "eli").nomination.id)
    assert asked(world, "ada").nomination.state is NominationState.ACCEPTED


async def test_direct_without_a_writer_the_admins_get_the_steps_and_graph_is_watched(world: World) -> None:
    world.nominations_direct(owner_writes=False)
    await invoice(world)
    await world.press("ana", "assignOwner", nominees="eli")
    nomination = asked(world, "eli").nomination.id
    await world.press("eli", "accept", nomination=nomination)
    assert asked(world, "ada").by_hand
    await world.directory.add_owner(world.apps["invoice"], "eli")
    assert await world.changes.run_pending() == 0
    world.now += timedelta(minutes=5)
    assert await world.changes.run_pending() == 1
    await world.worker.drain()
    assert await state(world, nomination) == ("assigned", "")
    assert (said(world, "ana"), said(world, "eli")) == ("owner_assigned", "owner_assigned_you")
    states = [view.items[0].state for card, view in world.inbox.updates if card.recipient_id == "ana"]  # type: ignore[union-attr]
    assert states[-1] is CardState.ASSIGNED


async def test_a_nominee_who_leaves_before_the_approval_is_not_written(world: World) -> None:
    await invoice(world)
    await world.press("ana", "assignOwner", nominees="eli")
    nomination = asked(world, "eli").nomination.id
    await world.press("eli", "accept", nomination=nomination)
    world.disable("eli")
    await world.press("ada", "approve", nomination=nomination)
    assert await state(world, nomination) == ("refused", "nomineeGone")
    assert [owner.id for owner in world.apps["invoice"].owners] == ["ana"]
    assert said(world, "ana") == "nomination_hopeless"


async def test_a_nominee_who_leaves_while_thinking_it_over_is_noticed_within_the_hour(world: World) -> None:
    await invoice(world)
    await world.press("ana", "assignOwner", nominees="eli")
    nomination = asked(world, "eli").nomination.id
    world.disable("eli")
    world.now += timedelta(hours=1)
    assert await world.changes.run_pending() == 1
    await world.worker.drain()
    assert await state(world, nomination) == ("refused", "nomineeGone")
    assert said(world, "ana") == "nomination_hopeless"


async def test_an_app_that_is_deleted_meanwhile_ends_the_question(world: World) -> None:
    await invoice(world)
    await world.press("ana", "assignOwner", nominees="eli")
    nomination = asked(world, "eli").nomination.id
    await world.press("eli", "accept", nomination=nomination)
    del world.apps["invoice"]
    world.now += DAY
    assert await world.changes.run_pending() == 1
    await world.worker.drain()
    assert await state(world, nomination) == ("refused", "gone")
    assert (said(world, "ana"), said(world, "eli")) == ("nomination_hopeless", "nomination_hopeless")


async def test_somebody_made_owner_by_hand_meanwhile_ends_it_well(world: World) -> None:
    await invoice(world)
    await world.press("ana", "assignOwner", nominees="eli")
    nomination = asked(world, "eli").nomination.id
    await world.directory.add_owner(world.apps["invoice"], "eli")
    world.now += timedelta(hours=1)
    assert await world.changes.run_pending() == 1
    assert await state(world, nomination) == ("assigned", "")


async def test_two_people_who_name_the_same_person_at_once_ask_once(world: World) -> None:
    world.app("invoice", ("ana", "tom"), world.secret(29.5))
    await world.first()
    await asyncio.gather(
        world.press("ana", "assignOwner", nominees="eli"), world.press("tom", "assignOwner", nominees="eli")
    )
    async with world.store.reading() as tx:
        assert len(await tx.nominations_pending()) == 1
    assert world.told()["eli"] == 1
