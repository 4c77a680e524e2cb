"""The answer to `why`: the last card's reasons in plain words, and what comes next."""

from collections.abc import Iterator

from alerts.views import AlertView, ExplainView, NominationRole, NominationView
from cards.pen import Card, Look, Pen, block, header
from cards.wording import Line, explained


def draw(view: ExplainView, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """Which card, why this person, how things stand, what happens next."""
    app = pen.app(view.about.application.display_name if isinstance(view.about, AlertView) else _app(view.about))
    body = [
        header(block(pen.pieces("why.title", app=app), Look(size="Large", bold=True)), "emphasis"),
        pen.line("why.posted", date=pen.calendar.moment(view.posted_at)),
        *(block(line) for line in _lines(view, pen)),
    ]
    return pen.card(body, summary=summary(view, pen))


def _app(view: NominationView) -> str:
    return view.nomination.application.display_name


def _lines(view: ExplainView, pen: Pen) -> Iterator[Line]:
    about = view.about
    if isinstance(about, AlertView):
        yield from explained(about, pen)
        return
    nomination = about.nomination
    params = {"nominator": pen.person(nomination.nominator), "nominee": pen.person(nomination.nominee)}
    yield pen.pieces("why.nominee" if about.role is NominationRole.NOMINEE else "why.approver", **params)
    if nomination.pending:
        yield pen.pieces("why.until", date=pen.calendar.day(nomination.answer_by))


def summary(view: ExplainView, pen: Pen) -> str:
    about = view.about
    name = about.application.display_name if isinstance(about, AlertView) else _app(about)
    return pen.inert("summary.why", app=pen.app_title(name))
