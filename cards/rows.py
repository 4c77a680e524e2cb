"""Lists of sentences with pages: who cannot be reached, what waits for whom, what is quiet."""

from alerts.views import RowsView, Sentence
from cards.pen import Card, Element, Look, Pen, block, fitting, header, row
from cards.safe import clean
from cards.text import sentence_pieces


def draw(view: RowsView, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """One page; a tap on a line asks for that app."""
    return fitting(lambda most: _draw(view, pen, most), len(view.rows))


def _draw(view: RowsView, pen: Pen, most: int) -> Card:
    key = f"rows.{view.kind}" if view.rows else f"rows.{view.kind}.none"
    title = pen.pieces(key, count=view.total)
    body: list[Element] = [header(block(title, Look(size="Large", bold=True)), "emphasis")]
    for line in view.rows[:most]:
        said = Sentence(key=line.sentence.key, params={**line.sentence.params, "zone": view.time_zone})
        body.append(row(sentence_pieces(said, pen.words), pen.typing(clean(line.typed)) if line.typed else None))
    if len(view.rows) > most:
        body.append(pen.line("list.rest", count=len(view.rows) - most, look=Look(subtle=True)))
    if any(line.typed for line in view.rows):
        body.append(pen.line("rows.hint", look=Look(subtle=True)))
    buttons = [pen.command("button.more", view.more)] if view.more else []
    return pen.card(body, buttons, summary=summary(view, pen))


def summary(view: RowsView, pen: Pen) -> str:
    return pen.inert(f"rows.{view.kind}" if view.rows else f"rows.{view.kind}.none", count=view.total)
