"""German and French say all that English says, with the same names in it, and never half of it in another language."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from alerts.model import Person
from alerts.views import Sentence
from bot.commands import COMMANDS, find
from bot.drawing import Drawing
from bot.phrases import split_until
from cards import commands_de, commands_fr
from cards.dates import Calendar
from cards.email import render_mail
from cards.patterns import Entry, Plural
from cards.render import render, summary
from cards.text import CATALOGS, ENGLISH, FRENCH, GERMAN, SENTENCES, render_sentence, spoken, words_for
from cards.words import Words
from tests.cards import forms, samples
from tests.cards.looking import lines, of_type
from tests.cards.samples import WORDS, mail_view, owner_view

ROOT = Path(__file__).resolve().parent.parent.parent


def translated(language: str) -> dict[str, Entry]:
    """What the files of a language hold, whatever their names."""
    found: dict[str, Entry] = {}
    for file in sorted((ROOT / "cards").glob(f"text_{language}*.py")):
        found |= import_module(f"cards.{file.stem}").SENTENCES
    return found


TRANSLATIONS = {language: translated(language) for language in ("de", "fr")}
USAGES = {"de": commands_de.USAGES, "fr": commands_fr.USAGES}
LANGUAGES = sorted(TRANSLATIONS)
_PARAMETER = re.compile(r"\{(\w+)\}")
#: Sentences without a word of their own are the same everywhere.
_WORD = re.compile(r"[^\W\d_]{2,}")


def patterns(entry: Entry) -> tuple[str, ...]:
    return entry.forms() if isinstance(entry, Plural) else (entry,)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_no_key_that_english_has_not(language: str) -> None:
    assert sorted(set(TRANSLATIONS[language]) - set(SENTENCES)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_takes_the_same_parameters(language: str) -> None:
    def named(entry: Entry) -> set[str]:
        return {name for pattern in patterns(entry) for name in _PARAMETER.findall(pattern)}

    odd = {key for key, entry in TRANSLATIONS[language].items() if key in SENTENCES and named(entry) != named(SENTENCES[key])}  # fmt: skip
    assert sorted(odd) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_is_bold_where_english_is(language: str) -> None:
    def shape(entry: Entry) -> list[int]:
        return [pattern.count("**") for pattern in patterns(entry)]

    odd = {key for key, entry in TRANSLATIONS[language].items() if key in SENTENCES and shape(entry) != shape(SENTENCES[key])}  # fmt: skip
    assert sorted(odd) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_forms_of_a_translated_plural_take_the_same_parameters_but_for_the_number(language: str) -> None:
    for key, entry in TRANSLATIONS[language].items():
        if isinstance(entry, Plural):
            one, other = (set(_PARAMETER.findall(form)) | {entry.count} for form in entry.forms())
            assert one == other, key
            assert isinstance(SENTENCES[key], Plural), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_nobody_is_addressed_as_a_friend(language: str) -> None:
    friend = {"de": r"\b(du|dir|dich|dein\w*)\b", "fr": r"\b(tu|toi|ton|tes)\b"}[language]
    said = {key: " ".join(patterns(entry)).lower() for key, entry in TRANSLATIONS[language].items()}

    assert [key for key, text in said.items() if re.search(friend, text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str) -> None:
    assert sorted(key for key in SENTENCES if key not in TRANSLATIONS[language]) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_command_is_explained_in_the_readers_words(language: str) -> None:
    assert sorted(command.usage for command in COMMANDS if command.usage not in USAGES[language]) == []


def test_the_docs_say_how_each_command_is_written() -> None:
    page = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8").replace("\\|", "|")

    for command in COMMANDS:
        spelled = [command.usage, *(USAGES[language].get(command.usage, command.usage) for language in LANGUAGES)]
        assert "| " + " | ".join(f"`{usage}`" for usage in spelled) + " |" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_command_is_understood_as_help_writes_it(language: str) -> None:
    for command in COMMANDS:
        usage = USAGES[language].get(command.usage, command.usage)
        name = re.split(r" [<\[]", usage)[0].partition("|")[0]
        found = find(name)
        assert found is not None, usage
        assert found[0] is command, usage


@pytest.mark.parametrize("language", sorted(CATALOGS))
def test_what_a_button_types_is_understood_as_the_command_that_it_means(language: str) -> None:
    words = replace(WORDS, language=language)
    for name, view in forms.views().items():
        here, english = (typed_by(render(view, each)) for each in (words, WORDS))
        for text, wanted in zip(here, english, strict=True):
            found, meant = find(text), find(wanted)
            assert found is not None, (name, text)
            assert meant is not None, (name, wanted)
            assert found[0] is meant[0], (name, text)


def typed_by(card: Any) -> list[str]:
    return [node["data"]["msteams"]["value"] for node in of_type(card, "Action.Submit") if "msteams" in node["data"]]


def test_a_german_button_types_german() -> None:
    assert GERMAN.spelled("expiring 7") == "ablaufend 7"
    assert GERMAN.spelled("my apps page 2") == "meine Apps Seite 2"
    assert GERMAN.spelled("go all") == "los alle"
    assert FRENCH.spelled("go pilot") == "envoyer pilote"
    assert FRENCH.spelled("something else") == "something else"


@pytest.mark.parametrize("key", ["exclude_past", "exclude_no_date"])
@pytest.mark.parametrize("language", sorted(CATALOGS))
def test_an_example_of_a_command_would_work(language: str, key: str) -> None:
    said = render_sentence(Sentence(key=key), replace(WORDS, language=language))
    found = find(said.rpartition(": ")[2])

    assert found is not None
    assert found[0].name == "exclude"
    until = split_until(found[1])
    assert until is not None
    assert (until.app, until.day) == ("Payroll Feed", date(2027, 3, 31))


def test_no_word_means_two_commands() -> None:
    names = [name for command in COMMANDS for name in command.names]

    assert sorted(name for name in names if names.count(name) > 1) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_is_not_a_copy(language: str) -> None:
    """Equal texts are names, and words that both languages have."""
    same = {
        key
        for key, entry in TRANSLATIONS[language].items()
        if entry == SENTENCES[key] and any(_WORD.search(_PARAMETER.sub("", pattern)) for pattern in patterns(entry))
    }

    assert all(len(_WORD.findall(_PARAMETER.sub("", patterns(SENTENCES[key])[0]))) <= 2 for key in same), sorted(same)


# ---------------------------------------------------------------- whose language


def person(language: str) -> Person:
    return replace(samples.ANA, preferred_language=language)


def drawing(default: str = "en") -> Drawing:
    words = replace(WORDS, language=default)
    return Drawing(lambda locale: words_for(words, locale))


def language_of(card: Any) -> str:
    return str(card.card["lang"])


@pytest.mark.parametrize(
    ("locale", "preferred", "default", "language"),
    [
        ("fr-CA", "de-DE", "en", "fr"),
        ("", "de-AT", "en", "de"),
        ("", "", "fr", "fr"),
        ("pt-BR", "de_CH", "fr", "de"),
        ("pt-BR", "it", "fr", "fr"),
        ("en-GB", "de", "fr", "en"),
        ("FR", "", "en", "fr"),
    ],
)
def test_the_last_message_decides_then_graph_then_the_setting(
    locale: str, preferred: str, default: str, language: str
) -> None:
    view = owner_view(recipient=person(preferred))

    assert language_of(drawing(default).draw(view, locale=locale)) == language
    mail = render_mail(mail_view(view, recipient=person(preferred), locale=locale), replace(WORDS, language=default))
    assert f'<html lang="{language}">' in mail.html


def test_a_view_without_a_reader_is_drawn_in_the_language_that_graph_names() -> None:
    assert language_of(drawing().draw(samples.status_view(), preferred="de")) == "de"
    assert drawing().draw(Sentence(key="refused"), preferred="fr").text == "Je ne peux pas faire cela pour vous ici."


def test_a_language_that_nobody_knows_is_none() -> None:
    assert spoken("xx", "de-DE") == "de-DE"
    assert spoken("xx", "") == ""
    assert spoken() == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_file_of_a_language_is_in_its_catalog(language: str) -> None:
    catalog = CATALOGS[language]

    assert set(catalog.sentences) == set(SENTENCES)
    assert {key for key, entry in TRANSLATIONS[language].items() if catalog.sentences[key] is not entry} == set()


# ---------------------------------------------------------------- what is read


def test_an_owner_reads_german() -> None:
    card = render(owner_view(), replace(WORDS, language="de-DE"))

    assert lines(card)[:2] == [
        "Invoice Export: Clientgeheimnis läuft in 30 Tagen ab",
        "Sa, 2. Januar 2027, 14:20 Uhr (Berlin) · „prod-2025“, ID 3f2a81c4…",
    ]
    assert summary(owner_view(), replace(WORDS, language="de")) == (
        "Invoice Export braucht bis Sa, 2. Januar 2027 ein neues Clientgeheimnis"
    )


def test_an_owner_reads_french() -> None:
    card = render(owner_view(), replace(WORDS, language="fr-FR"))

    assert lines(card)[:2] == [
        "Invoice Export\u00a0: le secret client expire dans 30 jours",
        "sam. 2 janvier 2027 à 14:20 (Berlin) · «\u00a0prod-2025\u00a0», ID 3f2a81c4…",
    ]


def test_numbers_and_their_words_follow_the_language() -> None:
    assert [catalog.number(12_042) for catalog in (ENGLISH, GERMAN, FRENCH)] == ["12,042", "12.042", "12\u202f042"]
    assert FRENCH.plain("expires.in", {"count": 1}) == "expire dans 1 jour"
    assert FRENCH.plain("list.ownerless", {"count": 0}) == "0 application sans propriétaire"
    assert GERMAN.plain("list.ownerless", {"count": 0}) == "0 Apps ohne Besitzer"
    assert GERMAN.joined(["A", "B", "C"]) == "A, B und C"
    assert FRENCH.joined(["A", "B", "C"]) == "A, B et C"


def test_dates_follow_the_language() -> None:
    first = datetime(2027, 1, 1, 13, 20, tzinfo=UTC)

    def moment(catalog: Any, zone: str) -> str:
        return Calendar(words=catalog.dates, zone=zone, now=samples.NOW).moment(first)

    assert moment(FRENCH, "Europe/Brussels") == "ven. 1er janvier 2027 à 14:20 (Bruxelles)"
    assert moment(GERMAN, "Europe/Vienna") == "Fr, 1. Januar 2027, 14:20 Uhr (Wien)"
    assert moment(ENGLISH, "Europe/Vienna") == "Fri 1 January 2027, 14:20 (Vienna)"


def test_a_command_in_an_answer_is_written_in_the_readers_language() -> None:
    nearest = Sentence(key="unknown_command_nearest", params={"nearest": "snooze <app> <days>"})

    assert "„später ‹App› ‹Tage›“" in render_sentence(nearest, Words(language="de"))
    assert "reporter ‹application› ‹jours›" in render_sentence(nearest, Words(language="fr"))


_ENGLISH_ONLY = re.compile(r"\b(the|your|you|expires|until|nobody|newer|somebody|owner|answer|asked)\b", re.IGNORECASE)
_QUOTED = re.compile(r"„[^“]*“|«[^»]*»")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_card_mixes_languages(language: str) -> None:
    """Our own words only: what people wrote is quoted, and English in the samples."""
    quiet = replace(WORDS, language=language, help_text="4711")
    for name, view in forms.views().items():
        text = _QUOTED.sub("", " ".join(lines(render(view, quiet), hidden=True)))
        assert not _ENGLISH_ONLY.search(text), (name, _ENGLISH_ONLY.search(text), text)
