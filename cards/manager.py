"""The card to a previous owner, a manager, a contact or an admin, who are asked for a name (draft B)."""

from alerts.model import Verb
from alerts.views import AlertView
from cards import alert
from cards.answers import manager_buttons, note_input, people_picker
from cards.pen import Card, Element, Pen
from cards.things import what_is_this_app
from cards.wording import UNTAKEN, wording


def draw(view: AlertView, pen: Pen, teams_user_id: str = "") -> Card:
    """The question, the people picker, and three answers."""
    if view.shrunk:
        return alert.shrunk(view, pen, teams_user_id)
    said = wording(view, pen)
    body = [
        *alert.head(said),
        *alert.paragraphs(said),
        *_choose(view, pen),
        *what_is_this_app(pen, view.application, view.items),
    ]
    return pen.card(
        body,
        manager_buttons(view, pen),
        summary=alert.summary(view, pen),
        refresh=alert.refresh_data(view),
        teams_user_id=teams_user_id,
    )


def _choose(view: AlertView, pen: Pen) -> list[Element]:
    if Verb.ASSIGN_OWNER not in view.verbs or view.items[0].state not in UNTAKEN:
        return []
    people = [person for person, _ in view.suggestions]
    suggested = [
        pen.line("manager.suggested", person=pen.person(person), count=count) for person, count in view.suggestions[:1]
    ]
    return [*suggested, people_picker(pen, people), note_input(pen)]
