"""Lists of apps: one's own, expiring ones, ownerless ones, and a choice where several match."""

from alerts.model import Verb
from alerts.views import AppLine, AppListView, ListKind
from cards.pen import Card, Element, Look, Pen, block, fitting, header, row, typed
from cards.safe import clean
from cards.text import Piece
from cards.things import short, thing, urgency
from cards.wording import Line

_KEYS = {
    ListKind.MY_APPS: "list.my_apps",
    ListKind.EXPIRING: "list.expiring",
    ListKind.OWNERLESS: "list.ownerless",
    ListKind.EXPIRED: "list.expired",
    ListKind.CHOICES: "list.choices",
}
#: Stands in `AppListView.query` where the chosen app's id belongs; without it the id comes last.
PLACE = "{app}"


def draw(view: AppListView, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """One page of lines; a tap opens the app's card, or makes the choice."""
    return fitting(lambda most: _draw(view, pen, most), len(view.lines))


def _draw(view: AppListView, pen: Pen, most: int) -> Card:
    key = _KEYS[view.kind]
    none = not view.lines and view.kind is not ListKind.CHOICES
    title = pen.pieces(f"{key}.none", days=view.days) if none else pen.pieces(key, count=view.total, days=view.days)
    body: list[Element] = [header(block(title, Look(size="Large", bold=True)), _style(view))]
    body += rows(view, pen, most)
    if view.kind is ListKind.CHOICES:
        body.append(pen.line("list.choices.hint", look=Look(subtle=True)))
    elif any(line.alert_id for line in view.lines):
        body.append(pen.line("list.open.hint", look=Look(subtle=True)))
    buttons = [pen.command("button.more", view.more)] if view.more else []
    return pen.card(body, buttons, summary=summary(view, pen))


def rows(view: AppListView, pen: Pen, most: int) -> list[Element]:
    """The first lines, and how many more there are on this page."""
    body: list[Element] = [_row(view, line, pen) for line in view.lines[:most]]
    if len(view.lines) > most:
        body.append(pen.line("list.rest", count=len(view.lines) - most, look=Look(subtle=True)))
    return body


def _style(view: AppListView) -> str:
    days = [line.days_left for line in view.lines if line.days_left is not None and line.days_left >= 0]
    if view.kind is ListKind.CHOICES or not view.lines:
        return "emphasis"
    nearest = min(days, default=None)
    # Beyond the first reminder nothing is urgent.
    return "emphasis" if nearest is None or nearest > 30 else urgency(nearest)


def _row(view: AppListView, line: AppLine, pen: Pen) -> Element:
    action: Element | None = None
    if view.kind is ListKind.CHOICES:
        action = typed(chosen(view.query, line.application.object_id))
    elif line.alert_id:
        data = {"alert": line.alert_id, "v": line.version}
        action = {"type": "Action.Execute", "verb": str(Verb.OPEN), "data": data}
    return row(_pieces(view, line, pen), action)


def chosen(query: str, object_id: str) -> str:
    """The command again, with the chosen app's id in its place."""
    query = clean(query)
    return query.replace(PLACE, object_id) if PLACE in query else f"{query} {object_id}".strip()


def _pieces(view: AppListView, line: AppLine, pen: Pen) -> Line:
    app = pen.app(line.application.display_name)
    if line.credential is None or line.credential.end is None:
        said = pen.pieces("list.row.endless", app=app)
    else:
        date = pen.calendar.short(line.credential.end)
        said = pen.pieces("list.row", date=date, app=app, thing=thing(pen, line.credential))
    tails = []
    if line.state:
        tails.append(pen.text(f"state.{line.state}.ledger"))
    if view.kind in (ListKind.EXPIRING, ListKind.EXPIRED):
        owned = pen.text("list.owned", names=pen.names(line.owners)) if line.owners else pen.text("list.ownerless.tail")
        tails.append(owned)
    if view.kind is ListKind.CHOICES:
        # Two apps may have one name.
        tails.append(pen.text("label.unnamed", id=short(line.application.app_id)))
    return (*said, *(Piece(pen.text("list.row.tail", tail=tail)) for tail in tails))


def summary(view: AppListView, pen: Pen) -> str:
    return pen.inert("summary.list", count=view.total) if view.total else pen.inert("summary.list.none")
