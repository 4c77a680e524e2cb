"""One sentence as a card."""

from alerts.views import Sentence
from cards.pen import Card, Pen, block
from cards.text import render_sentence, sentence_pieces


def draw(view: Sentence, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    return pen.card([block(sentence_pieces(view, pen.words))], summary=summary(view, pen))


def summary(view: Sentence, pen: Pen) -> str:
    """The sentence itself: it is short, and all there is."""
    return render_sentence(view, pen.words)
