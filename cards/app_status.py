"""Everything about one app: its credentials and their states, its owners, who was told."""

from alerts.model import CredentialRecord, Verb
from alerts.stages import days_left
from alerts.views import AppStatusView, Sentence
from cards.pen import Card, Element, Look, Pen, block, fitting, header, row
from cards.status import state_name
from cards.text import Piece, sentence_pieces
from cards.things import expires, federated, label, thing, urgency, what_is_this_app
from cards.wording import Line

#: Owners named one by one, and people who were told.
OWNERS = 10
TOLD = 6
#: Beyond so many days the head of the card is calm.
CALM_DAYS = 30


def draw(view: AppStatusView, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """As many credentials as fit, soonest first."""
    return fitting(lambda most: _draw(view, pen, most), len(view.records))


def _draw(view: AppStatusView, pen: Pen, most: int) -> Card:
    title = pen.pieces("app.title", app=pen.app(view.application.display_name))
    body: list[Element] = [header(block(title, Look(size="Large", bold=True)), _style(view))]
    if view.verdict is not None:
        said = Sentence(key=view.verdict.key, params={**view.verdict.params, "zone": view.time_zone})
        body.append(block(sentence_pieces(said, pen.words), Look(bold=True)))
    body += [row(_credential(view, record, pen)) for record in view.records[:most]]
    if len(view.records) > most:
        body.append(pen.line("app.more", count=len(view.records) - most, look=Look(subtle=True)))
    if not view.records:
        body.append(pen.line("app.none"))
    if view.application.federated:
        body.append(federated(pen, view.application, Look(spacing="Medium")))
    body.append(block(_owners(view, pen), Look(spacing="Medium")))
    body += _told(view, pen)
    body += what_is_this_app(pen, view.application)
    return pen.card(body, _buttons(view, pen), summary=summary(view, pen))


def _style(view: AppStatusView) -> str:
    days = [
        days_left(record.credential.end, view.now)
        for record in view.records
        if record.credential.end is not None and record.credential.key_id in view.states
    ]
    return urgency(min(days)) if days and min(days) <= CALM_DAYS else "emphasis"


def _credential(view: AppStatusView, record: CredentialRecord, pen: Pen) -> Line:
    credential = record.credential
    named = {"thing": thing(pen, credential), "label": label(pen, credential)}
    if credential.end is None:
        said = pen.pieces("app.credential.endless", **named)
    else:
        said = pen.pieces(
            "app.credential",
            date=pen.calendar.moment(credential.end),
            expires=expires(pen, days_left(credential.end, view.now)),
            **named,
        )
    state = view.states.get(credential.key_id, "")
    return (*said, Piece(pen.text("app.credential.state", state=state_name(state, pen)))) if state else said


def _owners(view: AppStatusView, pen: Pen) -> Line:
    owners = [person for person in (view.records[0].owners if view.records else ()) if person.counts]
    return pen.pieces("app.owners", names=pen.names(owners, OWNERS)) if owners else pen.pieces("app.owners.none")


def _told(view: AppStatusView, pen: Pen) -> list[Element]:
    if not view.told:
        return [pen.line("app.told.none", look=Look(subtle=True))]
    lines = [
        row(
            pen.pieces(
                "app.told.row",
                date=pen.calendar.moment(at),
                person=pen.person(person),
                channel=pen.text(f"channel.{channel}"),
            )
        )
        for person, at, channel in view.told[:TOLD]
    ]
    return [pen.line("app.told", look=Look(spacing="Medium")), *lines]


def _buttons(view: AppStatusView, pen: Pen) -> list[Element]:
    buttons = []
    if view.alert_id:
        data = {"alert": view.alert_id, "v": view.version}
        buttons.append(pen.button("button.open", Verb.OPEN, data, style="positive"))
    return [*buttons, pen.link("button.entra", pen.words.renew_link(view.application))]


def summary(view: AppStatusView, pen: Pen) -> str:
    return pen.inert("summary.app", app=pen.app_title(view.application.display_name))
