"""Finds things in a card, as a dict."""

from collections.abc import Iterator, Mapping
from typing import Any

Node = Mapping[str, Any]


def nodes(node: Any) -> Iterator[Node]:
    """Every object of a card that has a type, outermost first; data of buttons is not looked into."""
    if isinstance(node, Mapping):
        if "type" in node:
            yield node
        for name, child in node.items():
            if name not in ("data", "msteams", "choices.data"):
                yield from nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from nodes(child)


def of_type(card: Node, *types: str) -> list[Node]:
    return [node for node in nodes(card) if node["type"] in types]


def text_of(node: Node) -> str:
    """All text of an element, its runs put together."""
    return "".join(run["text"] for run in of_type(node, "TextRun"))


def lines(card: Node, *, hidden: bool = False) -> list[str]:
    """The visible lines of a card's body, top to bottom."""
    found: list[str] = []

    def walk(elements: list[Node]) -> None:
        for element in elements:
            if element.get("isVisible") is False and not hidden:
                continue
            if element["type"] == "RichTextBlock":
                found.append(text_of(element))
            walk(element.get("items", []))

    walk(card["body"])
    return found


def buttons(card: Node) -> list[str]:
    """Titles of the buttons at the bottom."""
    return [action["title"] for action in card.get("actions", [])]


def executes(card: Node) -> list[Node]:
    return of_type(card, "Action.Execute")


def pressed(card: Node, title: str) -> Node:
    """The button with this title, wherever it stands."""
    return next(action for action in nodes(card) if action.get("title") == title and "Action" in action["type"])
