"""The card that asks an admin to approve a new owner, with the steps where an admin must do it by hand."""

from collections.abc import Iterator

from alerts.model import NominationKind, NominationState, Verb
from alerts.views import NominationView
from cards import retiring
from cards.nominee import data_of, with_note
from cards.pen import Card, Element, Look, Pen, block, header
from cards.safe import Limit, Safe, clean
from cards.things import end_of, expires, thing, urgency, what_is_this_app
from cards.wording import Line, Wording, note_of

_DONE = (
    NominationState.ASSIGNED,
    NominationState.REJECTED,
    NominationState.REFUSED,
    NominationState.DECLINED,
    NominationState.EXPIRED,
)


def draw(view: NominationView, pen: Pen, teams_user_id: str = "") -> Card:
    """Who proposes whom for what, what it allows, yes or no."""
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


def wording(view: NominationView, pen: Pen) -> Wording:
    """The lines that card and e-mail share."""
    nomination = view.nomination
    if nomination.kind is NominationKind.RETIRE:
        return retiring.wording(view, pen)
    done = nomination.state in _DONE
    title = pen.pieces(
        "approval.title.done" if done else "approval.title",
        person=pen.person(nomination.nominee),
        app=pen.app(nomination.application.display_name),
    )
    style = urgency(view.item.days_left) if view.item else "accent"
    if nomination.state is not NominationState.ACCEPTED:
        style = "good" if nomination.state is NominationState.ASSIGNED else "emphasis"
    lines = () if done else tuple(_lines(view, pen))
    return Wording(title=title, style=style, state=tuple(_became(view, pen)), lines=lines)


def _lines(view: NominationView, pen: Pen) -> Iterator[Line]:
    nomination = view.nomination
    yield from _who(view, pen)
    if view.item is not None:
        yield pen.pieces(
            "nominee.when",
            thing=thing(pen, view.item.credential),
            runs_out=expires(pen, view.item.days_left, plain=True),
            date=end_of(pen, view.item.credential),
        )
    yield _rights(view, pen)
    waiting = nomination.state is NominationState.ACCEPTED
    if waiting and Verb.APPROVE in view.verbs:
        yield pen.pieces("approval.by_hand" if view.by_hand else "approval.if_approve")
    elif waiting:
        yield pen.pieces("approval.involved")
    elif view.by_hand and nomination.approver is None:
        yield pen.pieces("approval.hand")
    if view.by_hand:
        address = Safe(clean(nomination.nominee.user_principal_name, Limit.ADDRESS))
        yield pen.pieces("approval.step1")
        yield pen.pieces("approval.step2", address=address or pen.person(nomination.nominee))
        yield pen.pieces("approval.step3")
    if waiting and Verb.APPROVE in view.verbs:
        yield pen.pieces("approval.by", date=pen.calendar.day(nomination.answer_by))


def _rights(view: NominationView, pen: Pen) -> Line:
    """What an owner of this app could do; nobody can tell where the rights cannot be read."""
    names = view.nomination.privileges
    if names:
        return pen.pieces("approval.privileged.named", names=pen.catalog.joined(names, clean, Limit.ADDRESS))
    return pen.pieces("approval.privileged" if view.privileged else "approval.harmless")


def _who(view: NominationView, pen: Pen) -> Iterator[Line]:
    nomination = view.nomination
    nominee = pen.person(nomination.nominee)
    params = {
        "nominee": nominee,
        "address": Safe(clean(nomination.nominee.user_principal_name or nomination.nominee.id, Limit.ADDRESS)),
        "note": note_of(pen, nomination.note),
    }
    if nomination.nominator.id == nomination.nominee.id:
        yield pen.pieces("approval.who.self", **params)
        return
    yield pen.pieces("approval.who", nominator=pen.person(nomination.nominator), **params)
    if nomination.state is NominationState.ASKED:
        yield pen.pieces("approval.no_answer", nominee=nominee)
    else:
        yield pen.pieces("approval.said_yes", nominee=nominee, note=note_of(pen, nomination.answer_note))


def _became(view: NominationView, pen: Pen) -> Iterator[Line]:
    nomination = view.nomination
    match nomination.state:
        case NominationState.APPROVED if nomination.approver is None:
            yield pen.pieces("approval.accepted", person=pen.person(nomination.nominee))
        case NominationState.APPROVED:
            yield pen.pieces("approval.approved", person=pen.person(nomination.approver))
        case NominationState.ASSIGNED:
            yield pen.pieces("approval.assigned", person=pen.person(nomination.nominee))
        case NominationState.REJECTED:
            yield pen.pieces(
                "approval.rejected",
                person=pen.person(nomination.approver),
                note=note_of(pen, nomination.failure),
            )
        case NominationState.REFUSED:
            key = f"refusal.{nomination.failure}"
            known = pen.text(key) if key in pen.catalog.sentences else Safe(clean(nomination.failure, Limit.NOTE))
            yield pen.pieces("approval.refused", reason=known or pen.text("refusal.refused"))
        case NominationState.DECLINED:
            yield pen.pieces("approval.declined", person=pen.person(nomination.nominee))
        case NominationState.EXPIRED:
            yield pen.pieces("approval.expired")
        case NominationState.ASKED | NominationState.ACCEPTED | NominationState.GRANTED:
            return


def _buttons(view: NominationView, pen: Pen) -> list[Element]:
    data, buttons = data_of(view.nomination), []
    if Verb.APPROVE in view.verbs:
        buttons.append(pen.button("verb.approve", Verb.APPROVE, data, style="positive"))
    if Verb.REJECT in view.verbs:
        buttons.append(with_note(pen, "verb.reject", Verb.REJECT, data))
    buttons.append(pen.link("button.entra", pen.words.owners_link(view.nomination.application)))
    return buttons


def summary(view: NominationView, pen: Pen) -> str:
    nomination = view.nomination
    app = pen.app_title(nomination.application.display_name)
    if nomination.state is not NominationState.ACCEPTED:
        return pen.inert("summary.approval.done", app=app)
    if nomination.kind is NominationKind.RETIRE:
        return pen.inert("summary.retire", app=app, date=pen.calendar.day(nomination.answer_by))
    return pen.inert("summary.approval", app=app, date=pen.calendar.day(nomination.answer_by))
