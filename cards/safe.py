"""Makes names from the directory harmless: no renderer shows anything else than their letters.

An app's display name is written by whoever may create apps, a note by whoever was asked. On a card such text stands
in a TextRun, which is never read as Markdown or HTML; `clean` is enough there. Where a renderer might interpret it (a
choice's title, a plain message), `inert` is needed as well. E-mail programs turn addresses into links: `unlinked`.
"""

import re
import unicodedata
from enum import IntEnum

#: Needed inside Persian and Indic words and inside emoji; every other invisible format character goes.
_JOINERS = "\u200c\u200d"
#: Zero width, and no renderer sees through it.
_WALL = "\u2060"
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
#: Marks stacked on one letter beyond so many paint over the lines around it.
_MAX_MARKS = 4

_ASCII_PRINTABLE = re.compile(r"[ -~]*")
#: Functions and bindings of cards, mentions of Teams.
_CARD_SYNTAX = re.compile(r"(?<=\{)(?=\{)|(?<=\$)(?=\{)|(?<=<)(?=/?at\b)", re.IGNORECASE)
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BLOCK_START = re.compile(r"^\s*(?:[-+#=]|\d+[.)])")
_OUTER_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_BACKSLASH = re.compile(r"\\(?=[^\w\s]|$)")
_SCHEME = re.compile(r":(?=//)")
_WWW = re.compile(r"\bwww\.", re.IGNORECASE)
_MAILTO = re.compile(r"\b(mailto|tel|data|javascript):", re.IGNORECASE)
#: Looks alike, means nothing.
_LOOK_ALIKES = str.maketrans(
    {"*": "\u2217", "`": "\u02cb", "[": "\uff3b", "]": "\uff3d", "<": "\u2039", ">": "\u203a", "~": "\u223c"}
)


class Safe(str):
    """Text that has been cleaned, or is our own: not treated a second time."""

    __slots__ = ()


class Limit(IntEnum):
    """Longest text of each kind, in characters."""

    APP = 80
    PERSON = 60
    CREDENTIAL = 60
    ADDRESS = 100
    NOTE = 300
    LINE = 400


def clean(text: str, limit: int = Limit.LINE) -> str:
    """One line of visible characters, cut to the limit, that no text function of a card interprets."""
    if not _ASCII_PRINTABLE.fullmatch(text):
        text = _visible(text[: limit * 8])
    text = cut(" ".join(text.split()), limit)
    text = _CARD_SYNTAX.sub(_WALL, text)
    return isolated(text)


def _visible(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        if category[0] == "Z" or category == "Cc":
            kept.append(" ")
        elif category in ("Cs", "Co") or (category == "Cf" and character not in _JOINERS):
            continue
        elif category[0] == "M":
            marks += 1
            if marks <= _MAX_MARKS:
                kept.append(character)
            continue
        else:
            kept.append(character)
        marks = 0
    return "".join(kept)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, never in the middle of a letter with its marks or of a joined emoji."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and (_continues(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[: end or limit - 1].rstrip() + "…"


def _continues(character: str) -> bool:
    return (
        character in _JOINERS or unicodedata.category(character)[0] == "M" or "\U0001f3fb" <= character <= "\U0001f3ff"
    )


def isolated(text: str) -> str:
    """With isolates around it when its direction could reorder the words beside it."""
    if text.isascii() or not any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in text):
        return text
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"


def inert(text: str, limit: int = Limit.LINE) -> str:
    """Clean, and without anything that Markdown or HTML gives a meaning."""
    text = clean(text, limit).translate(_LOOK_ALIKES)
    text = _BACKSLASH.sub("\\\\" + _WALL, text)
    text = _ENTITY.sub("&" + _WALL, text)
    text = _OUTER_UNDERSCORE.sub("\u02cd", text)
    if _BLOCK_START.match(text):
        text = _WALL + text
    return unlinked(text)


def unlinked(text: str) -> str:
    """Without anything that a program makes a link of by itself: schemes and www."""
    text = _SCHEME.sub("\u2236", text)
    text = _MAILTO.sub(lambda found: f"{found[1]}\u2236", text)
    return _WWW.sub(lambda found: f"{found[0][:-1]}\u2024", text)


def first_name(name: str) -> str:
    """How to address somebody: "Ana" of "Ana Silva" and of "Silva, Ana"."""
    name = clean(name, Limit.PERSON)
    given = name.partition(",")[2].split() or name.split()
    return isolated(given[0].strip(_FIRST_STRONG_ISOLATE + _POP_ISOLATE)) if given else ""
