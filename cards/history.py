"""Who owned an app over time, and what Steward did about it."""

from alerts.model import Event
from alerts.views import HistoryView, OwnershipSpell
from cards.pen import Card, Element, Look, Pen, block, fitting, header, row
from cards.safe import Limit, Safe, clean
from cards.wording import Line

#: Newest spells of ownership that are listed, and names in one of them.
SPELLS = 8
NAMES = 4


def draw(view: HistoryView, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """Owners first, then as many events as fit, newest first."""
    return fitting(lambda most: _draw(view, pen, most), len(view.events))


def _draw(view: HistoryView, pen: Pen, most: int) -> Card:
    title = pen.pieces("history.title", app=pen.app(view.application.display_name))
    body: list[Element] = [header(block(title, Look(size="Large", bold=True)), "emphasis")]
    body.append(pen.line("history.owners", look=Look(spacing="Medium")))
    # Oldest first in the view; the newest are worth most.
    body += [row(_spell(spell, pen)) for spell in view.spells[-SPELLS:]]
    if not view.spells:
        body.append(pen.line("history.owners.none"))
    body.append(pen.line("history.events", look=Look(spacing="Medium")))
    body += [row(_event(event, pen)) for event in view.events[:most]]
    if len(view.events) > most:
        body.append(pen.line("history.cut", count=len(view.events) - most, look=Look(subtle=True)))
    if not view.events:
        body.append(pen.line("history.events.none"))
    return pen.card(body, summary=summary(view, pen))


def _spell(spell: OwnershipSpell, pen: Pen) -> Line:
    dates = {"first": pen.calendar.full(spell.first), "last": pen.calendar.full(spell.last)}
    if not spell.owners:
        return pen.pieces("history.spell.none", **dates)
    names = pen.catalog.joined(spell.owners[:NAMES])
    if len(spell.owners) > NAMES:
        names = pen.text("more_names", names=names, count=len(spell.owners) - NAMES)
    return pen.pieces("history.spell", names=names, **dates)


def _event(event: Event, pen: Pen) -> Line:
    who = clean(event.recipient_upn or event.actor_upn, Limit.PERSON)
    params: dict[str, object] = {
        "date": pen.calendar.short(event.at),
        "time": pen.calendar.clock(event.at),
        "what": pen.text(f"event.{event.type}"),
    }
    return pen.pieces("history.event.by", who=Safe(who), **params) if who else pen.pieces("history.event", **params)


def summary(view: HistoryView, pen: Pen) -> str:
    return pen.inert("summary.history", app=pen.app_title(view.application.display_name))
