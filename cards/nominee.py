"""The card that asks somebody to look after an app (draft C), and what became of it."""

from collections.abc import Iterator
from typing import Any

from alerts.model import Nomination, NominationState, Verb
from alerts.views import NominationView
from cards.answers import note_input
from cards.pen import Card, Element, Look, Pen, block, header
from cards.safe import Limit, Safe, clean
from cards.things import URGENT_DAYS, end_of, expires, thing, urgency, what_is_this_app
from cards.wording import Line, Wording, note_of


def draw(view: NominationView, pen: Pen, teams_user_id: str = "") -> Card:
    """Who asks, why, what it means, yes or no."""
    said = wording(view, pen)
    items = [view.item] if view.item else []
    body = [
        header(block(said.title, Look(size="Large", bold=True)), said.style),
        *(block(line) for line in (*said.state, *said.lines)),
        *what_is_this_app(pen, view.nomination.application, items),
    ]
    return pen.card(
        body,
        _buttons(view, pen),
        summary=summary(view, pen),
        refresh=data_of(view.nomination) if Verb.REFRESH in view.verbs else None,
        teams_user_id=teams_user_id,
    )


def data_of(nomination: Nomination) -> dict[str, Any]:
    return {"nomination": nomination.id, "v": nomination.version}


def wording(view: NominationView, pen: Pen) -> Wording:
    """The lines that card and e-mail share."""
    nomination = view.nomination
    done = nomination.state is NominationState.ASSIGNED
    title = pen.pieces(
        "nominee.title.assigned" if done else "nominee.title", app=pen.app(nomination.application.display_name)
    )
    if nomination.state is not NominationState.ASKED:
        style = "good" if nomination.state is NominationState.ASSIGNED else "emphasis"
        lines = tuple(_when(view, pen)) if nomination.pending else ()
        return Wording(title=title, style=style, state=(_became(view, pen),), lines=lines)
    style = urgency(view.item.days_left) if view.item else "accent"
    return Wording(title=title, style=style, state=(), lines=tuple(_question(view, pen)))


def _question(view: NominationView, pen: Pen) -> Iterator[Line]:
    nomination = view.nomination
    asker = pen.person(nomination.nominator)
    note = clean(nomination.note, Limit.NOTE)
    yield (
        pen.pieces("nominee.asks.note", person=asker, note=Safe(note))
        if note
        else pen.pieces("nominee.asks", person=asker)
    )
    yield from _when(view, pen)
    yield pen.pieces("nominee.means", days=pen.catalog.joined([str(days) for days in view.alert_days]))
    if view.privileged and nomination.privileges:
        yield pen.pieces("nominee.privileged")
    yield pen.pieces("nominee.if_accept" if view.needs_approval else "nominee.if_accept.direct")
    yield pen.pieces("nominee.if_decline", person=asker, date=pen.calendar.day(nomination.answer_by))


def _when(view: NominationView, pen: Pen) -> Iterator[Line]:
    item = view.item
    if item is None:
        return
    yield pen.pieces(
        "nominee.urgent" if item.days_left <= URGENT_DAYS else "nominee.when",
        thing=thing(pen, item.credential, plain=True),
        runs_out=expires(pen, item.days_left, plain=True),
        date=end_of(pen, item.credential),
    )


def _became(view: NominationView, pen: Pen) -> Line:
    nomination = view.nomination
    first = pen.first(nomination.nominee) or pen.person(nomination.nominee)
    match nomination.state:
        case NominationState.ACCEPTED:
            return pen.pieces("nominee.accepted", first=first)
        case NominationState.APPROVED if nomination.approver is None:
            return pen.pieces("nominee.approved.direct", first=first)
        case NominationState.DECLINED:
            return pen.pieces("nominee.declined", person=pen.person(nomination.nominator))
        case NominationState.REJECTED:
            return pen.pieces("nominee.rejected", note=note_of(pen, nomination.failure))
        case NominationState.GRANTED:
            # Only proposals are granted, and these ask nobody but admins.
            return pen.pieces("nominee.expired")
        case _:
            return pen.pieces(f"nominee.{nomination.state}")


def _buttons(view: NominationView, pen: Pen) -> list[Element]:
    nomination, buttons = view.nomination, []
    data = data_of(nomination)
    if Verb.ACCEPT in view.verbs:
        buttons.append(pen.button("verb.accept", Verb.ACCEPT, data, style="positive"))
    if Verb.DECLINE in view.verbs:
        buttons.append(with_note(pen, "verb.decline", Verb.DECLINE, data))
    if nomination.state is NominationState.ASSIGNED:
        buttons.append(pen.link("button.entra", pen.words.renew_link(nomination.application)))
    chat = pen.words.chat_with(nomination.nominator)
    if chat and nomination.nominator.id != nomination.nominee.id:
        name = pen.first(nomination.nominator) or pen.person(nomination.nominator)
        buttons.append(pen.link("button.chat", chat, person=name))
    return buttons


def with_note(pen: Pen, title: str, verb: Verb, data: dict[str, Any]) -> Element:
    """A button that first asks for a few words, which may be left out."""
    card = {"type": "AdaptiveCard", "body": [note_input(pen)], "actions": [pen.button(title, verb, data, inputs=True)]}
    return {"type": "Action.ShowCard", "title": pen.inert(title), "card": card}


def summary(view: NominationView, pen: Pen) -> str:
    nomination = view.nomination
    app = pen.app_title(nomination.application.display_name)
    if nomination.state is not NominationState.ASKED:
        return pen.inert("summary.nominee.done", app=app)
    return pen.inert("summary.nominee", app=app, date=pen.calendar.day(nomination.answer_by))
