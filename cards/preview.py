"""Who would be told what: a page of people for today, the days ahead in figures."""

from collections.abc import Iterator

from alerts.views import PreviewPerson, PreviewView
from cards.charts import Bar, bars
from cards.pen import Card, Element, Look, Pen, block, container, fitting, header, row
from cards.safe import Limit, Safe, clean
from cards.text import Piece
from cards.things import thing
from cards.wording import Line

#: Days ahead that are listed; the others are counted together.
DAYS = 7


def draw(view: PreviewView, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """As many people of the page as fit."""
    return fitting(lambda most: _draw(view, pen, most), len(view.shown))


def _draw(view: PreviewView, pen: Pen, most: int) -> Card:
    key = "preview.title" if view.people else "preview.title.none"
    body: list[Element] = [
        header(block(pen.pieces(key, count=view.people), Look(size="Large", bold=True)), "emphasis"),
        *(block(line) for line in _lines(view, pen)),
    ]
    if view.by_path:
        parts = [pen.text("hold.part", part=pen.text(f"hold.path.{path}"), count=count) for path, count in view.by_path]
        body.append(pen.line("preview.paths", paths=pen.catalog.joined(parts)))
    if view.shown:
        body.append(pen.line("preview.people", look=Look(spacing="Medium")))
        body += [row(_person(each, view.first + number, pen)) for number, each in enumerate(view.shown[:most])]
        rest = view.people - view.first + 1 - len(view.shown[:most])
        if rest > 0:
            body.append(pen.line("list.rest", count=rest, look=Look(subtle=True)))
    if view.ahead:
        body.append(_ahead(view, pen))
    buttons = [pen.command("button.more", view.more)] if view.more else []
    if view.people:
        buttons.append(pen.command("button.send_to_all", "go all"))
    return pen.card(body, buttons, summary=summary(view, pen))


def _lines(view: PreviewView, pen: Pen) -> Iterator[Line]:
    if view.as_of is None:
        yield pen.pieces("preview.no_scan")
        return
    yield pen.pieces("preview.as_of", date=pen.calendar.day(view.as_of), time=pen.calendar.clock(view.as_of))
    yield pen.pieces(f"hold.sending.{view.sending}")
    if view.held:
        yield pen.pieces("preview.held", count=view.held)


def _person(each: PreviewPerson, number: int, pen: Pen) -> Line:
    end = each.credential.end
    said = pen.pieces(
        "preview.person",
        number=number,
        person=pen.person(each.person),
        app=pen.app(each.application.display_name),
        thing=thing(pen, each.credential),
        date=pen.calendar.short(end) if end is not None else "",
    )
    tails = [pen.text(f"preview.why.{each.reason}")]
    if each.person.department.strip():
        tails.append(Safe(clean(each.person.department, Limit.PERSON)))
    if each.apps > 1:
        tails.append(pen.text("preview.more_apps", count=each.apps - 1))
    if each.held:
        tails.append(pen.text(f"preview.held.{each.held}"))
    return (*said, *(Piece(pen.text("list.row.tail", tail=tail)) for tail in tails))


def _ahead(view: PreviewView, pen: Pen) -> Element:
    """The days ahead as bars, else in words."""
    lines = [row(pen.pieces("preview.day", date=pen.calendar.day(at), count=n)) for at, n, _ in view.ahead[:DAYS]]
    rest = view.ahead[DAYS:]
    later = []
    if rest:
        notices = sum(number for _, _, number in rest)
        later = [pen.line("preview.later", date=pen.calendar.day(rest[-1][0]), count=notices)]
    data = [Bar(name=pen.calendar.short(at), number=number) for at, number, _ in view.ahead[:DAYS]]
    chart = bars(pen.inert("preview.ahead"), data, [pen.line("preview.ahead"), *lines])
    return container([chart, *later], spacing="Medium")


def summary(view: PreviewView, pen: Pen) -> str:
    return pen.inert("summary.preview", count=view.people) if view.people else pen.inert("summary.preview.none")
