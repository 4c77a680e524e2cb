"""Writes the elements of a card: text only as TextRuns, buttons with opaque ids only.

Everything that holds a name stands in a TextRun, which no renderer reads as Markdown or HTML; where a card has only
plain titles (buttons, choices), names go through `inert`.
Source: learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model; docs of Teams' cards.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from alerts.model import Person
from cards.dates import Calendar
from cards.safe import Limit, Safe, clean, first_name, inert
from cards.text import Catalog, Piece, catalog_of
from cards.words import Words, is_https

Element = dict[str, Any]
Card = dict[str, Any]

SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
#: The newest that Teams takes from bots.
VERSION = "1.5"
#: Bytes of one card as Teams counts them, UTF-16; it then also fits webhooks and Power Automate.
BUDGET = 25_000
#: Names listed before "and 5 more".
NAMES = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Pen:
    """Words, language, zone and moment of one card."""

    words: Words
    catalog: Catalog
    calendar: Calendar

    # ------------------------------------------------------------ words

    def pieces(self, key: str, **params: object) -> tuple[Piece, ...]:
        return self.catalog.pieces(key, params)

    def text(self, key: str, **params: object) -> Safe:
        """For a TextRun, or as a parameter of another sentence."""
        return self.catalog.plain(key, params)

    def inert(self, key: str, **params: object) -> str:
        """For titles of buttons and choices, and for notifications."""
        return self.catalog.plain(key, params, inert)

    def app(self, name: str) -> Safe:
        return self._named(name, Limit.APP)

    def app_title(self, name: str) -> Safe:
        """The app's name where a renderer might interpret it: choices, notifications."""
        return Safe(inert(name, Limit.APP)) or self.text("no_name")

    def person(self, person: Person | None) -> Safe:
        return self._named(person.name, Limit.PERSON) if person is not None else self.text("somebody")

    def first(self, person: Person | None) -> Safe:
        return Safe(first_name(person.name)) if person is not None and person.name != person.id else Safe("")

    def _named(self, name: str, limit: int) -> Safe:
        return Safe(clean(name, limit)) or self.text("no_name")

    def names(self, people: Sequence[Person], shown: int = NAMES) -> Safe:
        """A, B, C and 5 more"""
        names = self.catalog.joined([self.person(person) for person in people[:shown]])
        if len(people) <= shown:
            return names
        listed = self.catalog.comma.join(self.person(person) for person in people[:shown])
        return self.text("more_names", names=Safe(listed), count=len(people) - shown)

    def usage(self, usage: str) -> str:
        """How a command is written in the reader's language."""
        return self.catalog.usages.get(usage, usage)

    # ------------------------------------------------------------ text elements

    def line(self, key: str, *, look: "Look | None" = None, **params: object) -> Element:
        """One sentence as an element."""
        return block(self.pieces(key, **params), look)

    def footer_pieces(self) -> tuple[Piece, ...]:
        """Who sent this, and whom to ask."""
        org, help_text = clean(self.words.org_name, Limit.APP), clean(self.words.help_text, Limit.ADDRESS)
        known = {(True, True): "org_help", (True, False): "org", (False, True): "help", (False, False): "plain"}
        return self.pieces(f"footer.{known[bool(org), bool(help_text)]}", org=Safe(org), help=Safe(help_text))

    def footer(self) -> Element:
        text = block(self.footer_pieces(), Look(size="Small", subtle=True))
        element: Element = {"type": "Container", "spacing": "Medium", "separator": True, "items": [text]}
        if is_https(self.words.help_url):
            element["selectAction"] = {"type": "Action.OpenUrl", "url": self.words.help_url}
        return element

    # ------------------------------------------------------------ buttons

    def button(
        self, title: str, verb: str, data: Mapping[str, Any], *, inputs: bool = False, style: str = "", **params: object
    ) -> Element:
        """A verb of design 1.5: Action.Execute, and for clients without it Action.Submit with the same data."""
        return execute(verb, data, title=self.inert(title, **params), inputs=inputs, style=style)

    def link(self, title: str, url: str, **params: object) -> Element:
        return {"type": "Action.OpenUrl", "title": self.inert(title, **params), "url": url}

    def command(self, title: str, text: str, **params: object) -> Element:
        """Types a command for the reader, in their language."""
        return {**self.typing(text), "title": self.inert(title, **params)}

    def typing(self, text: str) -> Element:
        """The same without a title, for a line that can be tapped."""
        return typed(self.catalog.spelled(text))

    def card(
        self,
        body: Iterable[Element],
        actions: Iterable[Element] = (),
        *,
        summary: str,
        refresh: Mapping[str, Any] | None = None,
        teams_user_id: str = "",
    ) -> Card:
        """The whole card with footer.

        `refresh` is the data of the verb of that name; without `teams_user_id` no client would ask by itself, so it
        is left out.
        """
        card: Card = {
            "type": "AdaptiveCard",
            "$schema": SCHEMA,
            "version": VERSION,
            "lang": self.catalog.language,
            "fallbackText": summary,
            "msteams": {"width": "Full"},
        }
        if refresh is not None and teams_user_id:
            action = {"type": "Action.Execute", "verb": "refresh", "data": dict(refresh)}
            card["refresh"] = {"action": action, "userIds": [teams_user_id]}
        card["body"] = [*body, self.footer()]
        if buttons := list(actions):
            card["actions"] = buttons
        return card


def pen_for(words: Words, *, zone: str, now: datetime) -> Pen:
    """The pen for one reader."""
    catalog = catalog_of(words.language)
    return Pen(words=words, catalog=catalog, calendar=Calendar(words=catalog.dates, zone=zone, now=now))


# ---------------------------------------------------------------- elements without words of their own


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How a line looks; '' and False are the client's own."""

    size: str = ""
    color: str = ""
    subtle: bool = False
    spacing: str = ""
    bold: bool = False


def block(pieces: Iterable[Piece], look: Look | None = None) -> Element:
    """Text as TextRuns."""
    look = look or Look()
    style = {"size": look.size, "color": look.color}
    inlines = []
    for piece in pieces:
        run: Element = {"type": "TextRun", "text": piece.text}
        run |= {name: value for name, value in style.items() if value}
        if look.subtle:
            run["isSubtle"] = True
        if piece.bold or look.bold:
            run["weight"] = "Bolder"
        inlines.append(run)
    element: Element = {"type": "RichTextBlock", "inlines": inlines}
    if look.spacing:
        element["spacing"] = look.spacing
    return element


def row(pieces: Iterable[Piece], action: Element | None = None) -> Element:
    """A line of a list; with an action it shows that it can be tapped."""
    if action is None:
        return container([block(pieces)], spacing="Small")
    line = block(pieces)
    line["inlines"][-1]["text"] += "\N{NO-BREAK SPACE}›"
    return container([line], spacing="Small", selectAction=action)


def header(title: Element, style: str, *more: Element) -> Element:
    """The coloured head of a card; its colour says how urgent it is."""
    return {"type": "Container", "style": style, "bleed": True, "items": [title, *more]}


def container(items: list[Element], **extra: Any) -> Element:
    return {"type": "Container", "items": items, **extra}


def action_set(actions: list[Element]) -> Element:
    return {"type": "ActionSet", "actions": actions}


def execute(verb: str, data: Mapping[str, Any], *, title: str = "", inputs: bool = False, style: str = "") -> Element:
    """Action.Execute with its Action.Submit fallback, which has no verb of its own and carries it in its data.

    With `inputs` the inputs of the card go along; those that the verb does not take are to be ignored.
    """
    common: Element = {"title": title} if title else {}
    if style:
        common["style"] = style
    if not inputs:
        common["associatedInputs"] = "none"
    submit = {"type": "Action.Submit", **common, "data": {**data, "verb": str(verb)}}
    return {"type": "Action.Execute", **common, "verb": str(verb), "data": dict(data), "fallback": submit}


def typed(text: str) -> Element:
    """Sends a command as if the reader had typed it."""
    return {
        "type": "Action.Submit",
        "associatedInputs": "none",
        "data": {"msteams": {"type": "imBack", "value": text}},
    }


def toggle(targets: Sequence[str]) -> Element:
    return {"type": "Action.ToggleVisibility", "targetElements": list(targets)}


def size(card: Mapping[str, Any]) -> int:
    """Bytes of a card as Teams counts them."""
    return len(json.dumps(card, ensure_ascii=False).encode("utf-16-le", "surrogatepass"))


def fitting(draw: Callable[[int], Card], most: int, budget: int = BUDGET) -> Card:
    """The card with as many lines as fit: `draw` takes their number. With none at all it must fit by itself."""
    low, high = 0, most
    card = draw(high)
    if size(card) <= budget:
        return card
    while low < high:
        middle = (low + high + 1) // 2
        if size(draw(middle)) <= budget:
            low = middle
        else:
            high = middle - 1
    return draw(low)
