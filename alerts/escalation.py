"""Pure: current owners, else previous owners, else their managers, else the fallback; with reasons."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alerts.model import (
    HISTORY_FAILED,
    EscalationPath,
    Nomination,
    NominationKind,
    NominationState,
    Person,
    PersonKind,
    PreviousOwner,
    Route,
    RouteReason,
    RouteStep,
    Skipped,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteInput:
    """What the route of one alert depends on."""

    #: All owners in full, whatever they are.
    owners: tuple[Person, ...]
    previous_owners: tuple[PreviousOwner, ...] = ()
    #: Everybody's account as Graph says now: previous owners and managers are looked up here.
    people: Mapping[str, Person] = field(default_factory=dict)
    #: Named for this app in CONTACTS_FILE; asked before the fallback.
    contacts: tuple[Person, ...] = ()
    fallback: tuple[Person, ...] = ()
    skip_users: frozenset[str] = frozenset()
    #: person id -> notMine | unreachable: off this alert until the owners change.
    off: Mapping[str, str] = field(default_factory=dict)
    #: Why the history could not be asked, '' when it could.
    history_failed: str = ""


def why_not(person: Person | None, given: RouteInput) -> str:
    """'' for somebody who can be told, else a short code (see Skipped)."""
    if person is None:
        return "gone"
    if person.kind is not PersonKind.USER:
        return "notAUser"
    if person.deleted:
        return "deleted"
    if not person.account_enabled:
        return "disabled"
    if person.id in given.skip_users:
        return "skipUser"
    return given.off.get(person.id, "")


def _candidates(
    people: Iterable[tuple[str, str, RouteStep | None]], given: RouteInput, skipped: list[Skipped]
) -> list[RouteStep]:
    """Those who can be told, each once; the others are noted with their reason."""
    chosen: dict[str, RouteStep] = {}
    for person_id, name, step in people:
        reason = why_not(step.person if step else None, given)
        if reason or step is None:
            skipped.append(Skipped(person_id=person_id, name=name, reason=reason))
        else:
            chosen.setdefault(step.person.id, step)
    return list(chosen.values())


def _owner_managers(given: RouteInput) -> Iterable[tuple[str, str, RouteStep | None]]:
    for owner in given.owners:
        if not owner.counts:
            continue
        manager = given.people.get(owner.manager_id) if owner.manager_id else None
        yield (
            owner.manager_id or owner.id,
            manager.name if manager else owner.name,
            RouteStep(person=manager, reason=RouteReason.OWNER_MANAGER, on_behalf_of=owner) if manager else None,
        )


def _previous(given: RouteInput) -> Iterable[tuple[str, str, RouteStep | None]]:
    for previous in given.previous_owners:
        now = given.people.get(previous.person.id)
        step = RouteStep(person=now, reason=RouteReason.PREVIOUS_OWNER, proof=previous.seen) if now else None
        yield previous.person.id, previous.person.name, step


def _previous_managers(given: RouteInput) -> Iterable[tuple[str, str, RouteStep | None]]:
    for previous in given.previous_owners:
        now = given.people.get(previous.person.id)
        recorded = previous.manager.id if previous.manager else ""
        manager = given.people.get((now.manager_id if now else "") or recorded)
        if manager is None and recorded:
            manager = given.people.get(recorded)
        step = None
        if manager is not None:
            step = RouteStep(
                person=manager,
                reason=RouteReason.PREVIOUS_OWNER_MANAGER,
                proof=previous.seen,
                on_behalf_of=now or previous.person,
            )
        yield (manager.id if manager else previous.person.id), previous.person.name, step


def resolve(given: RouteInput) -> Route:
    """Who must be told, by the first path that leads to somebody (design 3, rules 2 and 5).

    An app with counting owners never leads to a previous owner while one of them can be told; when all
    of them are off, their managers are asked, then the previous owners, then those managers.
    """
    skipped: list[Skipped] = []
    owners = [(p.id, p.name, RouteStep(person=p, reason=RouteReason.OWNER)) for p in given.owners]
    if steps := _candidates(owners, given, skipped):
        return Route(path=EscalationPath.CURRENT_OWNERS, steps=tuple(steps), skipped=tuple(skipped))
    ladder = (
        (EscalationPath.CURRENT_OWNERS, _owner_managers),
        (EscalationPath.PREVIOUS_OWNER, _previous),
        (EscalationPath.PREVIOUS_OWNER_MANAGER, _previous_managers),
    )
    for path, candidates in ladder:
        if steps := _candidates(candidates(given), given, skipped):
            return Route(path=path, steps=tuple(steps), skipped=tuple(skipped))
    named = (
        (p.id, p.name, RouteStep(person=given.people.get(p.id, p), reason=RouteReason.CONTACT)) for p in given.contacts
    )
    why = HISTORY_FAILED if given.history_failed and not given.previous_owners else ""
    if why:
        skipped.append(Skipped(person_id="", name="", reason=why))
    if steps := _candidates(named, given, skipped):
        asked = tuple(replace(step, why=why) for step in steps)
        return Route(path=EscalationPath.UNROUTABLE, steps=asked, skipped=tuple(skipped))
    fallback = tuple(
        RouteStep(person=person, reason=RouteReason.FALLBACK, why=why)
        for person in given.fallback
        # Nobody takes the fallback off an alert: somebody must stay.
        if person.counts and given.off.get(person.id) != "unreachable"
    )
    return Route(path=EscalationPath.UNROUTABLE, steps=fallback, skipped=tuple(skipped))


def with_nominations(
    route: Route, nominations: Sequence[Nomination], people: Mapping[str, Person], passed_over: Collection[str]
) -> Route:
    """The route with accepted nominees, who are told like owners, and their nominators, who stay.

    `passed_over` are the ids of people who are off this alert, or recipients on no path.
    """
    steps = {step.person.id: step for step in route.steps}
    for nomination in nominations:
        owner = nomination.kind is NominationKind.OWNER
        if not owner or nomination.state not in (NominationState.ACCEPTED, NominationState.APPROVED):
            continue
        for person, reason in (
            (nomination.nominee, RouteReason.ACCEPTED_NOMINEE),
            (nomination.nominator, RouteReason.NOMINATOR),
        ):
            current = people.get(person.id, person)
            if current.counts and person.id not in passed_over:
                steps.setdefault(person.id, RouteStep(person=current, reason=reason))
    return replace(route, steps=tuple(steps.values()))
