"""Numbers as bars where the client draws Teams' charts, and in words everywhere else.

Source: learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/charts-in-adaptive-cards.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cards.pen import Element, container


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    #: Inert: a client may interpret it.
    name: str
    number: int
    #: One of Teams' colours.
    color: str = "categoricalBlue"


def bars(title: str, data: Iterable[Bar], words: list[Element]) -> Element:
    """Horizontal bars; `words` say the same to a client that draws none.

    Args:
        title: inert.
        data: top to bottom.
        words: the fallback, an element or several.
    """
    return {
        "type": "Chart.HorizontalBar",
        "title": title,
        "displayMode": "AbsoluteWithAxis",
        "data": [{"x": bar.name, "y": bar.number, "color": bar.color} for bar in data],
        "fallback": words[0] if len(words) == 1 else container(words),
    }
