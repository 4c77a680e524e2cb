"""Finds sentences and fills them in: every word that a person reads comes from a catalog (`text_en.py`, ...).

A sentence is a pattern: {name} stands for a parameter, ** begins and ends what is bold. Parameters are cleaned here,
whoever they come from; patterns are ours. Another language is one more catalog with the same keys; what a translation
lacks is said in English, and `tests/cards/test_languages.py` lists it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache

from alerts.views import Sentence
from cards import (
    commands_de,
    commands_en,
    commands_fr,
    text_de,
    text_de_alarms,
    text_de_answers,
    text_de_sending,
    text_de_talk,
    text_en,
    text_en_alarms,
    text_en_answers,
    text_en_sending,
    text_en_talk,
    text_fr,
    text_fr_alarms,
    text_fr_answers,
    text_fr_sending,
    text_fr_talk,
)
from cards.dates import Calendar, DateWords
from cards.patterns import Entry, Plural
from cards.safe import Limit, Safe, clean, inert
from cards.words import Words

_PARAMETER = re.compile(r"\{(\w+)\}")
#: Where a usage's name ends: "status <app>", "expiring [days]", "go pilot|all".
_NAME_OF = re.compile(r" (?=[<\[]|\w+\|)")

#: Makes a parameter harmless for where it will stand: `clean` for a TextRun, `inert` for anything else.
Treat = Callable[[str, int], str]

#: Parameters of a Sentence that hold a time in ISO 8601; `zone` beside them says whose.
TIME_PARAMETERS = frozenset({"date", "when", "until", "since", "at"})
#: Parameters of a Sentence whose value may be a code with words of its own: `<sentence>.<value>`.
CODE_PARAMETERS = frozenset({"why", "reason"})
#: Parameters of a Sentence that say how a command is written.
USAGE_PARAMETERS = frozenset({"usage", "nearest"})
#: Parameters of a Sentence that are numbers: written as the language writes them.
NUMBER_PARAMETERS = frozenset(
    {"count", "total", "done", "difference", "people", "waiting", "held", "cards", "cancelled", "mails", "notices"}
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text in one weight."""

    text: str
    bold: bool = False


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """All that one language needs."""

    language: str
    sentences: Mapping[str, Entry]
    dates: DateWords
    #: Names of the plural forms by number: "one", "other", ...
    plural: "PluralRule"
    #: ", " and " and ".
    comma: str
    conjunction: str
    #: Stands between thousands.
    thousands: str
    #: How a command is written in this language, by how it is written in English: "status <app>".
    usages: Mapping[str, str]
    #: What may be typed for a command besides its name, by that name.
    typed: Mapping[str, tuple[str, ...]]
    #: Words that may follow a command's name: "page", "all".
    arguments: Mapping[str, str] = field(default_factory=dict)

    def pattern(self, key: str, params: Mapping[str, object]) -> str:
        """The pattern of a key, in the form that its count asks for. Raises KeyError for an unknown key."""
        entry = self.sentences[key]
        if isinstance(entry, Plural):
            count = params[entry.count]
            return entry.form(self.plural(int(str(count))))
        return entry

    def pieces(self, key: str, params: Mapping[str, object], treat: Treat = clean) -> tuple[Piece, ...]:
        """The filled-in sentence, its parameters made harmless. Raises KeyError when one is missing."""
        found: list[Piece] = []
        for part, named, bold in _parts(self.pattern(key, params)):
            text = self._value(params[part], treat) if named else part
            if found and found[-1].bold == bold:
                # Neighbours of one weight are one piece.
                found[-1] = Piece(found[-1].text + text, bold)
            elif text:
                found.append(Piece(text, bold))
        return tuple(found)

    def plain(self, key: str, params: Mapping[str, object], treat: Treat = clean) -> Safe:
        """The same without bold; it may be a parameter of another sentence."""
        parts = _parts(self.pattern(key, params))
        return Safe("".join([self._value(params[part], treat) if named else part for part, named, _ in parts]))

    def joined(self, names: Iterable[str], treat: Treat = clean, limit: int = Limit.PERSON) -> Safe:
        """A, B and C"""
        safe = [name if isinstance(name, Safe) else treat(name, limit) for name in names]
        if len(safe) < 2:
            return Safe("".join(safe))
        return Safe(self.comma.join(safe[:-1]) + self.conjunction + safe[-1])

    def number(self, value: int) -> str:
        """12,042 in English, 12.042 in German"""
        return f"{value:,}".replace(",", self.thousands)

    def spelled(self, command: str) -> str:
        """A command that a button types, as this language writes it: "expiring 7" is "ablaufend 7" in German."""
        for usage, own in self.usages.items():
            name, written = (_NAME_OF.split(text, maxsplit=1)[0] for text in (usage, own))
            if command == name or command.startswith(f"{name} "):
                rest = [self.arguments.get(word, word) for word in command[len(name) :].split()]
                return " ".join([written, *rest])
        return command

    def _value(self, value: object, treat: Treat) -> str:
        if isinstance(value, Safe):
            return value
        if isinstance(value, int):
            return self.number(value)
        return treat(str(value), Limit.LINE)


@dataclass(frozen=True, slots=True)
class PluralRule:
    """Which form a number takes: one or other. Source: Unicode CLDR, language plural rules."""

    #: English and German: 1. French: 0 and 1.
    singular: frozenset[int] = frozenset({1})

    def __call__(self, count: int) -> str:
        return "one" if count in self.singular else "other"


@lru_cache(maxsize=4096)
def _parts(pattern: str) -> tuple[tuple[str, bool, bool], ...]:
    """A pattern's (text or name of a parameter, whether it is a name, whether it is bold), in order."""
    return tuple(
        # Odd parts of a split by one group are the parameters' names.
        (part, place % 2 == 1, index % 2 == 1)
        for index, stretch in enumerate(pattern.split("**"))
        for place, part in enumerate(_PARAMETER.split(stretch))
        if part
    )


ENGLISH = Catalog(
    language="en",
    sentences={
        **text_en.SENTENCES,
        **text_en_alarms.SENTENCES,
        **text_en_answers.SENTENCES,
        **text_en_talk.SENTENCES,
        **text_en_sending.SENTENCES,
    },
    dates=text_en.DATES,
    plural=PluralRule(),
    comma=", ",
    conjunction=" and ",
    thousands=",",
    usages={},
    typed=commands_en.TYPED,
)

GERMAN = Catalog(
    language="de",
    sentences={
        **ENGLISH.sentences,
        **text_de.SENTENCES,
        **text_de_alarms.SENTENCES,
        **text_de_answers.SENTENCES,
        **text_de_sending.SENTENCES,
        **text_de_talk.SENTENCES,
    },
    dates=text_de.DATES,
    plural=PluralRule(),
    comma=", ",
    conjunction=" und ",
    thousands=".",
    usages=commands_de.USAGES,
    typed=commands_de.TYPED,
    arguments=commands_de.ARGUMENTS,
)

FRENCH = Catalog(
    language="fr",
    sentences={
        **ENGLISH.sentences,
        **text_fr.SENTENCES,
        **text_fr_alarms.SENTENCES,
        **text_fr_answers.SENTENCES,
        **text_fr_sending.SENTENCES,
        **text_fr_talk.SENTENCES,
    },
    dates=text_fr.DATES,
    plural=PluralRule(frozenset({0, 1})),
    comma=", ",
    conjunction=" et ",
    # Narrow and not broken at the end of a line.
    thousands="\u202f",
    usages=commands_fr.USAGES,
    typed=commands_fr.TYPED,
    arguments=commands_fr.ARGUMENTS,
)

CATALOGS: dict[str, Catalog] = {catalog.language: catalog for catalog in (ENGLISH, GERMAN, FRENCH)}

#: Every key with its English pattern: what `Sentence.key` may be, and what a translation must hold.
SENTENCES: Mapping[str, Entry] = ENGLISH.sentences


def _language(locale: str) -> str:
    """The language of "de-CH" is "de"."""
    return locale.replace("_", "-").partition("-")[0].lower()


@lru_cache(maxsize=64)
def catalog_of(language: str) -> Catalog:
    """The catalog of "de-CH" is that of "de"; English where there is none."""
    return CATALOGS.get(_language(language), ENGLISH)


def spoken(*locales: str) -> str:
    """The first of a person's locales whose language Steward speaks, '' for none of them."""
    return next((locale for locale in locales if _language(locale) in CATALOGS), "")


def words_for(words: Words, *locales: str) -> Words:
    """The words in the first of these languages that Steward speaks, else in the language that they have."""
    return replace(words, language=spoken(*locales) or words.language)


def parameters(key: str) -> frozenset[str]:
    """Names of the parameters that a sentence needs. Raises KeyError for an unknown key."""
    entry = SENTENCES[key]
    forms = entry.forms() if isinstance(entry, Plural) else (entry,)
    named = {name for form in forms for name in _PARAMETER.findall(form)}
    return frozenset(named | ({entry.count} if isinstance(entry, Plural) else set()))


def sentence_pieces(sentence: Sentence, words: Words, treat: Treat = clean) -> tuple[Piece, ...]:
    """A Sentence filled in; see TIME_PARAMETERS and CODE_PARAMETERS for what its parameters may hold.

    A parameter that the caller left out is read as empty: a person is rather told half than nothing.
    Raises KeyError for an unknown key.
    """
    catalog = catalog_of(words.language)
    params: dict[str, object] = dict.fromkeys(parameters(sentence.key), "")
    params |= {name: _prepared(catalog, sentence, name, value, treat) for name, value in sentence.params.items()}
    entry = catalog.sentences[sentence.key]
    if isinstance(entry, Plural):
        count = sentence.params.get(entry.count, "")
        params[entry.count] = int(count[:18]) if count.isdecimal() else 0
    return catalog.pieces(sentence.key, params, treat)


def render_sentence(sentence: Sentence, words: Words) -> str:
    """A Sentence as plain text, inert wherever it is shown. Raises KeyError for an unknown key."""
    return "".join(piece.text for piece in sentence_pieces(sentence, words, inert)).strip()


def _prepared(catalog: Catalog, sentence: Sentence, name: str, value: str, treat: Treat) -> Safe:
    """One parameter in words."""
    if name in CODE_PARAMETERS and f"{sentence.key}.{value}" in catalog.sentences:
        return catalog.plain(f"{sentence.key}.{value}", {})
    if name == "note":
        note = treat(value, Limit.NOTE)
        return catalog.plain("quoted_note", {"note": Safe(note)}) if note else Safe("")
    if name == "names":
        return catalog.joined([part for part in value.split("\n") if part.strip()], treat)
    if name in NUMBER_PARAMETERS and value.isdecimal():
        return Safe(catalog.number(int(value[:18])))
    if name in USAGE_PARAMETERS:
        return Safe(treat(catalog.usages.get(value, value), Limit.LINE))
    if name in TIME_PARAMETERS:
        value = _in_words(catalog, value, sentence.params.get("zone", ""))
    return Safe(treat(value, Limit.LINE))


def _in_words(catalog: Catalog, value: str, zone: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    if at.tzinfo is None:
        return value
    # There is no clock here: "now" in another year lets the date say its own.
    now = datetime(1970 if at.year != 1970 else 1971, 1, 1, tzinfo=UTC)
    return Calendar(words=catalog.dates, zone=zone, now=now).moment(at)
