"""The card about one app to somebody who looks after it (draft A), in all of its forms."""

from alerts.model import Verb
from alerts.views import AlertView, CardState
from cards.answers import alert_buttons, data_of
from cards.pen import Card, Element, Look, Pen, block, header
from cards.things import thing, what_is_this_app
from cards.wording import CALM, CLOSED, Wording, speaks_to_owner, wording


def draw(view: AlertView, pen: Pen, teams_user_id: str = "") -> Card:
    """The owner's card; one line once a newer card stands below."""
    if view.shrunk:
        return shrunk(view, pen, teams_user_id)
    said = wording(view, pen)
    body = [*head(said), *paragraphs(said), *what_is_this_app(pen, view.application, view.items)]
    buttons = alert_buttons(view, pen)
    return pen.card(body, buttons, summary=summary(view, pen), refresh=refresh_data(view), teams_user_id=teams_user_id)


def shrunk(view: AlertView, pen: Pen, teams_user_id: str) -> Card:
    """One line that points to the newer card."""
    line = pen.line("alert.shrunk", app=pen.app(view.application.display_name), look=Look(subtle=True))
    return pen.card([line], summary=summary(view, pen), refresh=refresh_data(view), teams_user_id=teams_user_id)


def head(said: Wording) -> list[Element]:
    """The coloured title, and below it how things stand."""
    title = block(said.title, Look(size="Large", bold=True))
    return [header(title, said.style), *(block(line) for line in said.state)]


def paragraphs(said: Wording) -> list[Element]:
    return [block(line) for line in said.lines]


def refresh_data(view: AlertView) -> dict[str, object] | None:
    return data_of(view) if Verb.REFRESH in view.verbs else None


def summary(view: AlertView, pen: Pen) -> str:
    """What a notification says: the app and the date."""
    first = view.items[0]
    owner = speaks_to_owner(view)
    app = pen.app_title(view.application.display_name)
    named = thing(pen, first.credential, plain=not owner)
    if first.state is CardState.RENEWED:
        return pen.inert("summary.alert.renewed", app=app)
    if first.state in CLOSED or first.state in CALM:
        return pen.inert("summary.alert.quiet", app=app, thing=named)
    group = "alert" if owner else "manager"
    if first.days_left < 0 or first.credential.end is None:
        return pen.inert(f"summary.{group}.past", app=app, thing=named)
    return pen.inert(f"summary.{group}", app=app, thing=named, date=pen.calendar.day(first.credential.end))


__all__ = ["draw", "head", "paragraphs", "refresh_data", "shrunk", "summary"]
