"""The card that asks an admin before Steward goes on, and what became of it."""

from alerts.model import Verb
from alerts.views import QuestionView
from cards.pen import Card, Element, Look, Pen, block, header

#: People named before "and 5 more".
MOST_NAMES = 5


def draw(view: QuestionView, pen: Pen, teams_user_id: str = "") -> Card:
    """What happened, what waits, yes or no."""
    title = pen.pieces(f"question.{view.kind}.title", count=view.count, of=view.of)
    style = "emphasis" if view.answer else "attention"
    body: list[Element] = [header(block(title, Look(size="Large", bold=True)), style)]
    if view.answer:
        key = f"question.{view.kind}.{view.answer}"
        body.append(pen.line(key, person=pen.person(view.answered_by)))
    else:
        body.append(pen.line(f"question.{view.kind}.what", date=pen.calendar.day(view.asked_at)))
        body.append(pen.line(f"question.{view.kind}.waits"))
    if view.people:
        body.append(pen.line(f"question.{view.kind}.who", names=pen.names(view.people, MOST_NAMES), count=view.count))
    return pen.card(
        body,
        _buttons(view, pen),
        summary=summary(view, pen),
        refresh={"question": view.question_id},
        teams_user_id=teams_user_id,
    )


def _buttons(view: QuestionView, pen: Pen) -> list[Element]:
    data = {"question": view.question_id}
    buttons = []
    if Verb.APPROVE in view.verbs:
        buttons.append(pen.button(f"question.{view.kind}.approve", Verb.APPROVE, data, style="positive"))
    if Verb.REJECT in view.verbs:
        buttons.append(pen.button(f"question.{view.kind}.reject", Verb.REJECT, data))
    return buttons


def summary(view: QuestionView, pen: Pen) -> str:
    return pen.inert(f"summary.question.{view.kind}", count=view.count)
