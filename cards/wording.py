"""What is said about one app's due credentials to one person: the lines that card and e-mail share."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from alerts.model import HISTORY_FAILED, EscalationPath, NominationState, RouteReason
from alerts.views import AlertItem, AlertView, CardState, Outcome, RenewalFinding
from cards.pen import Pen
from cards.safe import Limit, Safe, clean
from cards.text import Piece
from cards.things import end_of, expires, kind, label, last_used, thing, urgency

Line = tuple[Piece, ...]

#: Nothing is left to do for this person.
CLOSED = frozenset({CardState.RENEWED, CardState.NOT_DUE, CardState.ASSIGNED, CardState.EXCLUDED, CardState.NOT_MINE})
#: Somebody has it, or it can wait: the card is calm.
CALM = frozenset(
    {
        CardState.TAKEN_BY_YOU,
        CardState.TAKEN_BY_OTHER,
        CardState.SNOOZED,
        CardState.WAITING_NOMINEE,
        CardState.WAITING_APPROVAL,
        CardState.WAITING_OWNER,
        CardState.SUPERSEDED,
        CardState.NOT_DUE,
        CardState.EXCLUDED,
        CardState.NOT_MINE,
        CardState.RETIRED,
        CardState.RETIRE_PROPOSED,
        CardState.AUTOMATIC,
    }
)
#: The reader has something to do, now or later.
YOURS = frozenset({CardState.OPEN, CardState.EXPIRED, CardState.TAKEN_BY_YOU, CardState.SNOOZED})
#: Nobody has it yet.
UNTAKEN = frozenset({CardState.OPEN, CardState.EXPIRED})
#: Credentials named one by one before "and 5 more".
MOST_ITEMS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """The text of a card or of a part of an e-mail, top to bottom."""

    title: Line
    #: Container style of the title.
    style: str
    #: How things stand: taken, snoozed, renewed, ...
    state: tuple[Line, ...]
    lines: tuple[Line, ...]


def speaks_to_owner(view: AlertView) -> bool:
    """Whether the reader looks after the app; everybody else is asked who should."""
    if view.reason is RouteReason.NOMINATOR:
        return view.path is EscalationPath.CURRENT_OWNERS
    return view.reason in (RouteReason.OWNER, RouteReason.ACCEPTED_NOMINEE, RouteReason.ADMIN)


def wording(view: AlertView, pen: Pen) -> Wording:
    """What this person is told."""
    state = tuple(_state(view, pen))
    first = view.items[0]
    owner = speaks_to_owner(view)
    closed = first.state in CLOSED
    title = _owner_title(view, pen) if owner else _manager_title(view, pen, closed)
    if closed:
        lines = tuple(_items(view, pen)) if owner and first.state is not CardState.RENEWED else ()
    else:
        lines = tuple(_owner_lines(view, pen) if owner else _manager_lines(view, pen))
    return Wording(title=title, style=_style(first), state=state, lines=lines)


def _style(item: AlertItem) -> str:
    if item.state in (CardState.RENEWED, CardState.ASSIGNED):
        return "good"
    return "emphasis" if item.state in CALM else urgency(item.days_left)


# ---------------------------------------------------------------- owners (draft A)


def _owner_title(view: AlertView, pen: Pen) -> Line:
    first, app = view.items[0], pen.app(view.application.display_name)
    own = {
        CardState.RENEWED: "alert.title.renewed",
        CardState.NOT_DUE: "alert.title.notDue",
        CardState.SUPERSEDED: "alert.title.superseded",
        CardState.ASSIGNED: "alert.title.assigned",
        CardState.EXCLUDED: "alert.title.excluded",
        CardState.NOT_MINE: "alert.title.notMine",
        CardState.RETIRED: "alert.title.retired",
        CardState.AUTOMATIC: "alert.title.automatic",
    }.get(first.state)
    named = thing(pen, first.credential)
    if own is not None:
        # Not every one of these names the thing; what a pattern does not use is left aside.
        return pen.pieces(own, app=app, thing=named)
    when = expires(pen, first.days_left)
    if len(view.items) > 1:
        return pen.pieces("alert.title.many", app=app, count=len(view.items), expires=when)
    return pen.pieces("alert.title", app=app, thing=named, expires=when)


def _owner_lines(view: AlertView, pen: Pen) -> Iterator[Line]:
    first = view.items[0]
    yield from _items(view, pen)
    if first.state is not CardState.SUPERSEDED:
        yield _consequence(first, pen)
    yield _why(view, pen)
    yield from _so_far(view, pen)
    if first.state in YOURS:
        yield pen.pieces(f"alert.todo.{kind(first.credential)}")
    yield from _otherwise(view, "alert", pen)
    yield from _remarks(view, pen)
    if len(view.items) > 1 and view.verbs:
        yield pen.pieces("alert.all")


def _items(view: AlertView, pen: Pen) -> Iterator[Line]:
    several = len(view.items) > 1
    for item in view.items[:MOST_ITEMS]:
        described = label(pen, item.credential)
        if several:
            described = pen.text("label.thing", thing=thing(pen, item.credential), label=described)
        params = {"date": end_of(pen, item.credential), "label": described}
        if several and item.state is not view.items[0].state:
            yield pen.pieces("alert.item.state", state=short_state(item, pen), **params)
        else:
            yield pen.pieces("alert.item.past" if item.days_left < 0 else "alert.item", **params)
    if len(view.items) > MOST_ITEMS:
        yield pen.pieces("app.more", count=len(view.items) - MOST_ITEMS)


def _consequence(item: AlertItem, pen: Pen) -> Line:
    tense = "since" if item.days_left < 0 else "then"
    consequence = pen.text(f"alert.{tense}.{kind(item.credential)}")
    if used := last_used(pen, item.credential):
        return pen.pieces("alert.used", consequence=consequence, when=used)
    return (Piece(consequence),)


# ---------------------------------------------------------------- everybody else (draft B)


def _manager_title(view: AlertView, pen: Pen, closed: bool) -> Line:
    if view.items[0].state is CardState.NOT_DUE:
        return pen.pieces("alert.title.notDue", app=pen.app(view.application.display_name))
    done = closed and view.items[0].state in (CardState.RENEWED, CardState.ASSIGNED)
    return pen.pieces("manager.title.done" if done else "manager.title", app=pen.app(view.application.display_name))


def _manager_lines(view: AlertView, pen: Pen) -> Iterator[Line]:
    first = view.items[0]
    params = {"thing": thing(pen, first.credential, plain=True), "date": end_of(pen, first.credential)}
    if first.days_left < 0:
        yield pen.pieces("manager.intro.past", **params)
    else:
        key = "manager.intro.saml" if kind(first.credential) == "saml" else "manager.intro"
        yield pen.pieces(key, runs_out=expires(pen, first.days_left, plain=True), **params)
    yield _why(view, pen)
    yield from _so_far(view, pen)
    if first.state in UNTAKEN:
        yield pen.pieces("manager.ask")
        yield from _otherwise(view, "manager", pen)
    yield from _remarks(view, pen)


# ---------------------------------------------------------------- for both


def _why(view: AlertView, pen: Pen) -> Line:
    reason = _reason(view, pen)
    if not view.also_told:
        return reason
    return (*reason, Piece(" "), *pen.pieces("told", names=pen.names(view.also_told)))


def explained(view: AlertView, pen: Pen) -> Iterator[Line]:
    """How things stand, why this person is told, who else is, and what comes next."""
    yield from _state(view, pen)
    yield from _items(view, pen)
    yield _why(view, pen)
    if view.next_reminder is not None and view.items[0].state not in CLOSED:
        yield pen.pieces("why.next", date=pen.calendar.day(view.next_reminder))


def _reason(view: AlertView, pen: Pen) -> Line:
    reason = view.reason
    if reason is RouteReason.OWNER:
        return pen.pieces("why.owner", count=view.owner_count) if view.owner_count else pen.pieces("why.owner.some")
    params: dict[str, object] = {"person": pen.person(view.on_behalf_of)}
    params["first"] = pen.first(view.on_behalf_of) or params["person"]
    if reason is RouteReason.SILENCE and view.on_behalf_of is None:
        return pen.pieces("why.silence.fallback")
    if reason is RouteReason.FALLBACK and view.why == HISTORY_FAILED:
        return pen.pieces("why.fallback.historyFailed")
    if reason not in (RouteReason.PREVIOUS_OWNER, RouteReason.PREVIOUS_OWNER_MANAGER):
        return pen.pieces(f"why.{reason}", **params)
    if view.proof is None:
        return pen.pieces(f"why.{reason}.undated", **params)
    return pen.pieces(f"why.{reason}", date=pen.calendar.full(view.proof), **params)


#: How many people a line about what happened so far names.
MOST_SO_FAR = 3


def _so_far(view: AlertView, pen: Pen) -> Iterator[Line]:
    """What came of telling others: one line, for whoever is asked next."""
    if not view.so_far or view.items[0].state not in UNTAKEN:
        return
    line: list[Piece] = list(pen.pieces("sofar.begin"))
    for outcome in Outcome:
        own = [each for each in view.so_far if each.outcome is outcome]
        if own:
            names = pen.names([each.person for each in own[:MOST_SO_FAR]])
            params = {"names": names, "date": pen.calendar.day(own[0].at), "count": len(own)}
            line += [Piece(" "), *pen.pieces(f"sofar.{outcome}", **params)]
    yield tuple(line)


def _otherwise(view: AlertView, group: str, pen: Pen) -> Iterator[Line]:
    """What happens if nobody does anything."""
    first, reminder = view.items[0], view.next_reminder
    if reminder is None or first.state not in UNTAKEN:
        return
    last = first.credential.end is not None and reminder >= first.credential.end
    yield pen.pieces(f"{group}.nothing.last" if last else f"{group}.nothing", date=pen.calendar.day(reminder))


def _remarks(view: AlertView, pen: Pen) -> Iterator[Line]:
    """What the reader should know besides: an old record, leads."""
    if view.as_of is not None:
        yield pen.pieces("alert.as_of", date=pen.calendar.day(view.as_of))
    if view.leads:
        yield pen.pieces("alert.leads")
    for name, value in view.leads:
        text = Safe(clean(value, Limit.NOTE))
        key = f"lead.{name}"
        if key in pen.catalog.sentences:
            yield pen.pieces(key, value=text)
        else:
            yield pen.pieces("lead.other", label=Safe(clean(name, Limit.ADDRESS)), value=text)


def _news(view: AlertView, pen: Pen) -> Iterator[Line]:
    """What has just come of an answer, and how late it is."""
    first = view.items[0]
    if view.last_call and first.state not in CLOSED and first.days_left >= 0:
        yield pen.pieces("state.lastCall")
    if view.snooze_ended is not None:
        yield pen.pieces("state.snooze.ended", date=pen.calendar.day(view.snooze_ended))
    if first.finding is not None:
        yield _finding(view, first, pen)
    ended = _ended_nomination(view, pen)
    if ended is not None:
        yield ended


def _state(view: AlertView, pen: Pen) -> Iterator[Line]:
    """How things stand, above everything else."""
    first = view.items[0]
    yield from _news(view, pen)
    match first.state:
        case CardState.TAKEN_BY_YOU:
            yield _taken_by_you(view, pen)
        case CardState.TAKEN_BY_OTHER:
            yield _taken_by_other(view, first, pen)
        case CardState.SNOOZED:
            yield _snoozed(view, first, pen)
        case CardState.WAITING_NOMINEE | CardState.WAITING_APPROVAL | CardState.WAITING_OWNER:
            yield _waiting(view, first.state, pen)
        case CardState.ASSIGNED:
            yield _assigned(view, pen)
        case CardState.RENEWED:
            yield pen.pieces("state.renewed", thing=thing(pen, first.credential, plain=not speaks_to_owner(view)))
        case CardState.SUPERSEDED if first.finding is not RenewalFinding.FOUND:
            yield _superseded(first, pen)
        case CardState.RETIRED | CardState.AUTOMATIC:
            yield _quieted(view, first, pen)
        case CardState.RETIRE_PROPOSED:
            yield _waiting(view, first.state, pen)
        case CardState.NOT_DUE | CardState.EXCLUDED | CardState.NOT_MINE:
            yield pen.pieces(f"state.{first.state}")
        case _:
            pass
    if first.done_by and first.state in (CardState.RENEWED, CardState.SUPERSEDED):
        yield pen.pieces("state.done_by", person=Safe(clean(first.done_by, Limit.PERSON)))
    if first.state is CardState.TAKEN_BY_YOU and view.next_reminder is not None:
        yield pen.pieces("state.reminder", date=pen.calendar.day(view.next_reminder))


def _taken_by_you(view: AlertView, pen: Pen) -> Line:
    first = pen.first(view.recipient) or pen.person(view.recipient)
    if not view.also_told:
        return pen.pieces("state.takenByYou", first=first)
    return pen.pieces("state.takenByYou.known", first=first, names=pen.names(view.also_told))


def _taken_by_other(view: AlertView, item: AlertItem, pen: Pen) -> Line:
    params = {"person": pen.person(item.taken_by), "date": pen.calendar.day(item.taken_at or view.now)}
    if view.next_reminder is None:
        return pen.pieces("state.takenByOther", **params)
    return pen.pieces("state.takenByOther.quiet", reminder=pen.calendar.day(view.next_reminder), **params)


def _snoozed(view: AlertView, item: AlertItem, pen: Pen) -> Line:
    until = item.snoozed_until or view.now
    date = pen.calendar.day(until)
    if view.snooze_latest is None or abs(until - view.snooze_latest) > timedelta(hours=1):
        return pen.pieces("state.snoozed", date=date)
    return pen.pieces("state.snoozed.capped" if _capped(view, item) else "state.snoozed.max", date=date)


def _capped(view: AlertView, item: AlertItem) -> bool:
    """Whether the snooze ends where the rules end it: a whole number of days before the end (design 3, rule 5)."""
    end, latest, until = item.credential.end, view.snooze_latest, item.snoozed_until
    if end is None or latest is None or until is None or abs(until - latest) > timedelta(hours=1):
        return False
    return (end - latest) % timedelta(days=1) == timedelta(0)


def _quieted(view: AlertView, item: AlertItem, pen: Pen) -> Line:
    if item.taken_by is not None and item.taken_by.id == view.recipient.id:
        return pen.pieces(f"state.{item.state}.you")
    date = pen.calendar.day(item.taken_at or view.now)
    return pen.pieces(f"state.{item.state}", person=pen.person(item.taken_by), date=date)


def _waiting(view: AlertView, state: CardState, pen: Pen) -> Line:
    nomination = view.nomination
    person = pen.person(nomination.nominee if nomination else None)
    date = pen.calendar.day(nomination.answer_by if nomination else view.now)
    if state is CardState.WAITING_NOMINEE and nomination and nomination.nominator.id != view.recipient.id:
        return pen.pieces(
            "state.waitingNominee.other", person=person, nominator=pen.person(nomination.nominator), date=date
        )
    if state is CardState.WAITING_OWNER and nomination and nomination.approver is None:
        return pen.pieces("state.waitingOwner.direct", person=person)
    return pen.pieces(f"state.{state}", person=person, date=date)


def _assigned(view: AlertView, pen: Pen) -> Line:
    nominee = view.nomination.nominee if view.nomination else None
    if nominee is not None and nominee.id == view.recipient.id:
        return pen.pieces("state.assigned.you")
    return pen.pieces("state.assigned", person=pen.person(nominee))


def _superseded(item: AlertItem, pen: Pen) -> Line:
    date = end_of(pen, item.credential)
    if item.successor is None:
        return pen.pieces("state.superseded.endless", date=date)
    return pen.pieces("state.superseded", label=label(pen, item.successor), date=date)


def _finding(view: AlertView, item: AlertItem, pen: Pen) -> Line:
    finding, successor = item.finding, item.successor
    if finding is RenewalFinding.FOUND and (successor is None or successor.end is None):
        return pen.pieces("finding.found.plain")
    if finding is RenewalFinding.FOUND and successor is not None and successor.end is not None:
        return pen.pieces("finding.found", label=label(pen, successor), date=pen.calendar.day(successor.end))
    found = view.elsewhere
    if finding is RenewalFinding.ELSEWHERE and found is not None:
        return pen.pieces(
            f"finding.{found.place}",
            label=label(pen, found.credential),
            other=pen.app(found.application.display_name),
            thing=thing(pen, found.credential),
            needed=thing(pen, item.credential),
        )
    if finding is RenewalFinding.NOT_YET and view.looks_until is not None:
        return pen.pieces("finding.notYet.again", time=pen.calendar.clock(view.looks_until))
    return pen.pieces("finding.notYet" if finding is RenewalFinding.ELSEWHERE else f"finding.{finding}")


_ENDED = {
    NominationState.DECLINED: "state.declined",
    NominationState.REJECTED: "state.rejected",
    NominationState.REFUSED: "state.refused",
    NominationState.EXPIRED: "state.unanswered",
}


def _ended_nomination(view: AlertView, pen: Pen) -> Line | None:
    nomination = view.nomination
    if nomination is None or nomination.state not in _ENDED or view.items[0].state in CLOSED:
        return None
    words = nomination.answer_note if nomination.state is NominationState.DECLINED else nomination.failure
    note = note_of(pen, words) if nomination.state is not NominationState.REFUSED else Safe("")
    return pen.pieces(_ENDED[nomination.state], person=pen.person(nomination.nominee), note=note)


def note_of(pen: Pen, note: str) -> Safe:
    """What somebody wrote, led in and quoted; '' without a note."""
    safe = clean(note, Limit.NOTE)
    return pen.text("quoted_note", note=Safe(safe)) if safe else Safe("")


def short_state(item: AlertItem, pen: Pen) -> Safe:
    """The state in two or three words, for lists; '' when open."""
    if item.state is CardState.OPEN:
        return Safe("")
    date = pen.calendar.short(item.snoozed_until) if item.snoozed_until else ""
    return pen.text(f"short.{item.state}", person=pen.first(item.taken_by) or pen.person(item.taken_by), date=date)
