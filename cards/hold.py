"""The admins' daily card about what is held: how many people would be told, and the buttons that let go."""

from collections.abc import Iterator

from alerts.views import HeldView
from cards.charts import Bar, bars
from cards.pen import Card, Element, Look, Pen, block, header, row
from cards.safe import Limit, Safe, clean, inert
from cards.wording import Line


def draw(view: HeldView, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """How many, by path and department; then what can be done. A button types its command."""
    body: list[Element] = [header(block(_title(view, pen), Look(size="Large", bold=True)), _style(view))]
    body += [block(line) for line in _lines(view, pen)]
    if view.people:
        body.append(_bars("hold.paths", [(pen.text(f"hold.path.{path}"), count) for path, count in view.by_path], pen))
        if any(name for name, _ in view.by_department):
            body.append(_bars("hold.departments", list(_departments(view, pen)), pen))
    return pen.card(body, _buttons(view, pen), summary=summary(view, pen))


def _title(view: HeldView, pen: Pen) -> Line:
    if not view.people:
        return pen.pieces("hold.title.none")
    return pen.pieces("hold.title.braked" if view.braked else "hold.title", count=view.people)


def _style(view: HeldView) -> str:
    if not view.people:
        return "good"
    return "attention" if view.urgent else "warning"


def _lines(view: HeldView, pen: Pen) -> Iterator[Line]:
    if view.paused:
        if view.paused_until is None:
            yield pen.pieces("hold.paused")
        else:
            calendar = pen.calendar
            date, time = calendar.day(view.paused_until), calendar.clock(view.paused_until)
            yield pen.pieces("hold.paused.until", date=date, time=time)
    yield pen.pieces(f"hold.sending.{view.sending}")
    if view.braked:
        yield pen.pieces("hold.braked", count=view.braked, most=view.most)
    if view.urgent:
        yield pen.pieces("hold.urgent", count=view.urgent)
    if view.people:
        yield pen.pieces("hold.one_card")


def _departments(view: HeldView, pen: Pen) -> Iterator[tuple[Safe, int]]:
    """The largest by name, then the others together."""
    for name, count in view.by_department:
        yield Safe(clean(name, Limit.PERSON)) if name else pen.text("hold.department.none"), count
    rest = view.people - sum(count for _, count in view.by_department)
    if rest > 0:
        yield pen.text("hold.department.rest"), rest


def _bars(title: str, parts: list[tuple[Safe, int]], pen: Pen) -> Element:
    rows = [row(pen.pieces("hold.part", part=part, count=count)) for part, count in parts]
    data = [Bar(name=inert(part, Limit.PERSON), number=count) for part, count in parts]
    return bars(pen.inert(title), data, [pen.line(title), *rows])


def _buttons(view: HeldView, pen: Pen) -> list[Element]:
    if not view.people:
        return []
    buttons = [pen.command("button.preview", "preview")]
    if view.has_pilot and view.sending == "hold":
        buttons.append(pen.command("button.pilot", "go pilot"))
    return [*buttons, pen.command("button.send_to_all", "go all")]


def summary(view: HeldView, pen: Pen) -> str:
    return pen.inert("summary.hold", count=view.people) if view.people else pen.inert("summary.hold.none")
