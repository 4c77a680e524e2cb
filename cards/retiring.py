"""What the approval card says when an app is proposed as no longer needed."""

from collections.abc import Iterator

from alerts.model import NominationState, Verb
from alerts.views import NominationView
from cards.pen import Pen
from cards.safe import Limit, Safe, clean
from cards.things import end_of, last_used, thing, urgency
from cards.wording import Line, Wording, note_of


def wording(view: NominationView, pen: Pen) -> Wording:
    """Who says so, what is known of its use, what follows."""
    nomination = view.nomination
    waiting = nomination.state is NominationState.ACCEPTED
    title = pen.pieces(
        "retire.title" if waiting else "retire.title.done", app=pen.app(nomination.application.display_name)
    )
    style = urgency(view.item.days_left) if view.item and waiting else "emphasis"
    lines = tuple(_lines(view, pen)) if waiting else ()
    return Wording(title=title, style=style, state=tuple(_became(view, pen)), lines=lines)


def _lines(view: NominationView, pen: Pen) -> Iterator[Line]:
    nomination = view.nomination
    yield pen.pieces(
        "retire.who",
        nominator=pen.person(nomination.nominator),
        address=Safe(clean(nomination.nominator.user_principal_name or nomination.nominator.id, Limit.ADDRESS)),
        note=note_of(pen, nomination.note),
    )
    if view.item is None:
        return
    credential = view.item.credential
    used = last_used(pen, credential)
    yield pen.pieces("retire.used", thing=thing(pen, credential), when=used) if used else pen.pieces("retire.unused")
    if Verb.APPROVE in view.verbs:
        yield pen.pieces("retire.if_approve", date=end_of(pen, credential))
        yield pen.pieces("approval.by", date=pen.calendar.day(nomination.answer_by))
    else:
        yield pen.pieces("approval.involved")


def _became(view: NominationView, pen: Pen) -> Iterator[Line]:
    nomination = view.nomination
    match nomination.state:
        case NominationState.GRANTED:
            yield pen.pieces("retire.granted", person=pen.person(nomination.approver))
        case NominationState.REJECTED:
            note = note_of(pen, nomination.failure)
            yield pen.pieces("approval.rejected", person=pen.person(nomination.approver), note=note)
        case NominationState.REFUSED:
            yield pen.pieces("retire.refused")
        case NominationState.EXPIRED:
            yield pen.pieces("approval.expired")
        case _:
            return
