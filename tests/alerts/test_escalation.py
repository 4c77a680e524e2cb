"""Who is told, and why: owners, previous owners, their managers, the fallback; against a plain reference."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from alerts.escalation import RouteInput, resolve
from alerts.model import EscalationPath, Person, PersonKind, PreviousOwner, RouteReason

SEEN = datetime(2026, 3, 12, 6, 0, tzinfo=UTC)


def person(name: str, *, enabled: bool = True, manager: str = "", **more: object) -> Person:
    return Person(id=name, display_name=name, account_enabled=enabled, manager_id=manager, **more)  # type: ignore[arg-type]


ANA, MIA, ELI, ADA = person("ana"), person("mia"), person("eli"), person("ada")
BEN_LEFT = person("ben", enabled=False, manager="mia")


def test_all_counting_owners_are_told_and_others_are_named_with_the_reason() -> None:
    robot = person("robot", kind=PersonKind.SERVICE_PRINCIPAL)

    route = resolve(RouteInput(owners=(ANA, BEN_LEFT, ELI, robot)))

    assert route.path == EscalationPath.CURRENT_OWNERS
    assert route.recipient_ids == ("ana", "eli")
    assert {s.person_id: s.reason for s in route.skipped} == {"ben": "disabled", "robot": "notAUser"}


def test_an_active_previous_owner_is_told_with_the_proof() -> None:
    past = PreviousOwner(person=ELI, seen=SEEN)

    route = resolve(RouteInput(owners=(), previous_owners=(past,), people={"eli": ELI}))

    assert route.path == EscalationPath.PREVIOUS_OWNER
    assert [(s.reason, s.proof) for s in route.steps] == [(RouteReason.PREVIOUS_OWNER, SEEN)]


def test_a_disabled_previous_owner_leads_to_the_manager_of_now() -> None:
    past = PreviousOwner(person=person("ben"), manager=person("old-boss"), seen=SEEN)

    route = resolve(
        RouteInput(owners=(), previous_owners=(past,), people={"ben": BEN_LEFT, "mia": MIA, "old-boss": person("x")})
    )

    assert route.path == EscalationPath.PREVIOUS_OWNER_MANAGER
    assert route.recipient_ids == ("mia",)
    assert route.steps[0].on_behalf_of == BEN_LEFT
    assert route.steps[0].proof == SEEN


def test_a_previous_owner_who_is_gone_leads_to_the_manager_that_the_record_names() -> None:
    past = PreviousOwner(person=person("ben"), manager=person("mia"), seen=SEEN)

    route = resolve(RouteInput(owners=(), previous_owners=(past,), people={"mia": MIA}))

    assert route.recipient_ids == ("mia",)


def test_a_disabled_manager_leads_to_the_fallback() -> None:
    past = PreviousOwner(person=person("ben"), manager=person("mia"), seen=SEEN)

    route = resolve(
        RouteInput(owners=(), previous_owners=(past,), people={"mia": person("mia", enabled=False)}, fallback=(ADA,))
    )

    assert route.path == EscalationPath.UNROUTABLE
    assert route.recipient_ids == ("ada",)
    assert "disabled" in {s.reason for s in route.skipped}


def test_a_failed_history_is_not_an_empty_history() -> None:
    route = resolve(RouteInput(owners=(), fallback=(ADA,), history_failed="throttled"))

    assert route.path == EscalationPath.UNROUTABLE
    assert [s.reason for s in route.skipped] == ["historyFailed"]


def test_when_every_owner_says_not_mine_their_managers_are_asked_before_the_fallback() -> None:
    ana = person("ana", manager="mia")

    route = resolve(RouteInput(owners=(ana,), people={"ana": ana, "mia": MIA}, fallback=(ADA,), off={"ana": "notMine"}))

    assert [(s.person.id, s.reason) for s in route.steps] == [("mia", RouteReason.OWNER_MANAGER)]


def test_nobody_takes_the_fallback_off_by_not_mine() -> None:
    route = resolve(RouteInput(owners=(), fallback=(ADA,), off={"ada": "notMine"}))

    assert route.recipient_ids == ("ada",)


names = st.sampled_from(["ana", "ben", "mia", "eli", "tom"])


def reference(given_: RouteInput) -> tuple[str, set[str]]:
    """The rule in its plainest words, written apart from the code under test."""
    owners = {o.id for o in given_.owners if o.kind == "user" and o.account_enabled and not o.deleted}
    if owners:
        return "currentOwners", owners
    now = given_.people
    previous = {p.person.id for p in given_.previous_owners if p.person.id in now and now[p.person.id].counts}
    if previous:
        return "previousOwner", previous
    managers = set()
    for past in given_.previous_owners:
        today = now.get(past.person.id)
        candidate = today.manager_id if today and today.manager_id in now else past.manager.id if past.manager else ""
        if candidate in now and now[candidate].counts:
            managers.add(candidate)
    if managers:
        return "previousOwnerManager", managers
    return "unroutable", {p.id for p in given_.fallback if p.counts}


people_now = st.dictionaries(
    names, st.builds(person, st.just("x"), enabled=st.booleans(), manager=st.sampled_from(["", "mia", "tom"]))
)


@given(
    owners=st.lists(st.builds(person, names, enabled=st.booleans(), deleted=st.booleans()), max_size=3),
    past=st.lists(st.tuples(names, st.one_of(st.none(), names)), max_size=3),
    now=people_now,
)
def test_the_route_is_what_a_plain_reading_of_the_rule_gives(
    owners: list[Person], past: list[tuple[str, str | None]], now: dict[str, Person]
) -> None:
    people = {name: person(name, enabled=p.account_enabled, manager=p.manager_id) for name, p in now.items()}
    given_ = RouteInput(
        owners=tuple(owners),
        previous_owners=tuple(
            PreviousOwner(person=person(who), manager=person(boss) if boss else None, seen=SEEN) for who, boss in past
        ),
        people=people,
        fallback=(ADA,),
    )

    route = resolve(given_)

    assert reference(given_) == (route.path.value, set(route.recipient_ids))
