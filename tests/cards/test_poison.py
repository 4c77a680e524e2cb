"""Hostile names do nothing on a drawn card: no link, no picture, no list, no bold, no date; only letters."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

from alerts.views import Sentence, View
from cards.render import render, render_sentence, summary
from cards.safe import clean, inert
from tests.cards.forms import views
from tests.cards.poison import NAMES, poisoned
from tests.cards.samples import TEAMS_USER, WORDS, owner_view
from tests.support.card_page import draw

#: Forms with every place where a name can stand; others are made of the same elements.
_RICHEST = (
    "owner-several", "owner-declined", "owner-taken-by-other", "manager", "manager-waiting-nominee", "fallback",
    "nominee-asked", "nominee-rejected", "approval-accepted", "approval-by-hand", "approval-refused", "digest-all",
    "digest-choose", "digest-answered", "status-partial", "list-expiring", "list-choices", "app-status", "history",
    "help", "scan-partial", "sentence-note",
)  # fmt: skip


def one_of_each() -> Iterator[str]:
    """These, and the first form of every other kind of view: a new kind is drawn without being named here."""
    yield from _RICHEST
    kinds = {type(views()[name]) for name in _RICHEST}
    for name, view in views().items():
        if type(view) not in kinds:
            kinds.add(type(view))
            yield name


DRAWN = tuple(one_of_each())
MARKED = [text for text in NAMES if "Marker" in text]

#: The most credulous renderer there could be: all of Markdown, HTML, addresses become links.
_CREDULOUS = """async () => {
  await import("/client/js/cards.js");
  window.credulous = window.markdownit({ html: true, linkify: true, breaks: true, typographer: true });
  credulous.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
  window.AdaptiveCards.AdaptiveCard.onProcessMarkdown = (text, result) => {
    result.outputHtml = credulous.render(text);
    result.didProcess = true;
  };
}"""

#: Draws cards and tells which elements were drawn that only markup could have made, and what can be read.
_DRAW_ALL = """async (cards) => {
  const { drawCard } = await import("/client/js/cards.js");
  const place = document.getElementById("card");
  const found = {};
  for (const [name, json] of Object.entries(cards)) {
    place.replaceChildren(drawCard(json, 640, { execute() {}, submit() {} }));
    for (const show of place.querySelectorAll("button.expandable")) show.click();
    const made = [...place.querySelectorAll(
      "a, img, picture, svg, script, style, iframe, object, embed, form, link, meta, base, video, audio, " +
      "ul, ol, li, table, blockquote, code, pre, strong, b, em, i, s, del, h1, h2, h4, h5, h6, hr, mark, at, [onerror]"
    )].filter((each) => !each.closest(".picker, .chart")).map((each) => each.outerHTML.slice(0, 200));
    if (made.length) found[name] = made;
  }
  return found;
}"""


@pytest.fixture(scope="module")
def credulous(card_page: Page) -> Page:
    card_page.evaluate(_CREDULOUS)
    return card_page


@pytest.mark.browser
@pytest.mark.parametrize("text", NAMES, ids=range(len(NAMES)))
def test_no_name_becomes_markup_on_any_card(credulous: Page, text: str) -> None:
    cards = {name: render(poisoned(views()[name], text), WORDS, teams_user_id=TEAMS_USER) for name in DRAWN}

    assert credulous.evaluate(_DRAW_ALL, cards) == {}


@pytest.mark.browser
def test_the_check_sees_markup_where_there_is_some(credulous: Page) -> None:
    card = {
        "type": "AdaptiveCard",
        "version": "1.5",
        "body": [{"type": "TextBlock", "text": "Marker [click](https://evil.example) **bold** <img src=x>"}],
    }

    made = " ".join(credulous.evaluate(_DRAW_ALL, {"card": card})["card"])
    assert "<a " in made
    assert "<strong" in made
    assert "<img" in made


@pytest.mark.browser
@pytest.mark.parametrize("text", MARKED, ids=range(len(MARKED)))
def test_a_hostile_name_can_still_be_read(credulous: Page, text: str) -> None:
    draw(credulous, render(poisoned(owner_view(), text), WORDS))

    assert clean(text, 80)[:20].strip() in credulous.locator("#card").inner_text()


@pytest.mark.browser
def test_functions_of_cards_are_shown_and_not_run(credulous: Page) -> None:
    text = "{{DATE(2026-12-03T10:00:00Z,LONG)}} ${1+1}"
    draw(credulous, render(poisoned(owner_view(), text), WORDS))

    shown = credulous.locator("#card").inner_text().replace("\u2060", "")
    assert "{{DATE(2026-12-03T10:00:00Z,LONG)}}" in shown
    assert "${1+1}" in shown


@pytest.mark.parametrize("text", NAMES, ids=range(len(NAMES)))
def test_every_card_and_notification_can_be_sent(text: str) -> None:
    for name, view in views().items():
        hostile = poisoned(view, text)
        sent = json.dumps([render(hostile, WORDS), summary(hostile, WORDS)], ensure_ascii=False).encode()

        assert b"\x00" not in sent, name
        assert summary(hostile, WORDS).strip(), name


#: What a renderer of Markdown or HTML, or one that makes links by itself, would act upon.
_ACTIVE = re.compile(r"[\[\]*`<>]|://|\bwww\.|[\x00-\x1f\u2028\u202e]", re.IGNORECASE)
#: Fields of a card that hold no text: ids, addresses and data, all of them ours.
_SILENT = {"type", "id", "url", "verb", "data", "fallback", "$schema", "choices.data", "refresh", "value"}


def interpreted(node: Any) -> Iterator[str]:
    """Every text of a card that a renderer may interpret: all but that of TextRuns."""
    if isinstance(node, Mapping):
        for name, child in node.items():
            if name not in _SILENT and not (node.get("type") == "TextRun" and name == "text"):
                yield from interpreted(child)
    elif isinstance(node, list):
        for child in node:
            yield from interpreted(child)
    elif isinstance(node, str):
        yield node


@pytest.mark.parametrize("text", NAMES, ids=range(len(NAMES)))
def test_outside_text_runs_a_name_is_inert_on_every_card(text: str) -> None:
    for name, view in views().items():
        card = render(poisoned(view, text), WORDS, teams_user_id=TEAMS_USER)
        active = [each for each in interpreted(card) if _ACTIVE.search(each)]

        assert active == [], name


def test_every_kind_of_view_has_a_sample() -> None:
    assert {type(view) for view in views().values()} == set(get_args(View))
    assert {type(views()[name]) for name in DRAWN} == set(get_args(View))


def test_a_name_that_nobody_can_see_is_called_nameless() -> None:
    assert summary(poisoned(owner_view(), "\u202e\u200b"), WORDS).startswith("(no name) needs a new client secret")


@pytest.mark.parametrize("text", NAMES, ids=range(len(NAMES)))
def test_a_sentence_shows_names_without_line_breaks_or_tags(text: str) -> None:
    said = render_sentence(Sentence(key="nothing_due", params={"app": text}), WORDS)

    assert said.startswith("Nothing of ")
    assert not set(said) & set("<>[]*`\n\r\x00\u202e\u2028")


# ---------------------------------------------------------------- any text at all

anything = st.text(st.characters(), max_size=200)


@given(anything)
def test_clean_text_is_one_visible_line_within_its_limit(text: str) -> None:
    safe = clean(text, 50)

    assert safe.encode() or not safe
    assert "\n" not in safe
    assert "{{" not in safe
    assert "${" not in safe
    assert not set(safe) & set(
        map(chr, [*range(32), *range(0x7F, 0xA0), *range(0x202A, 0x202F), 0x2066, 0x2067, 0x200F])
    )
    # The cut, a pair of isolates and walls inside what cards would interpret.
    assert len(safe.replace("\u2060", "")) <= 52


@given(anything)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text, 60)

    assert clean(once, 200) == once


@given(st.text("abc ABC123.-'()&/", max_size=60))
def test_ordinary_names_stay_as_they_are(text: str) -> None:
    assert clean(text) == " ".join(text.split())


@pytest.mark.browser
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.text(st.sampled_from("ab1 .*_`[]()!<>&;#-+~|\\:/'\"=\n{}$@www."), max_size=40), max_size=40))
def test_inert_text_is_never_markdown(credulous: Page, texts: list[str]) -> None:
    safe = [inert(text) for text in texts]

    made = credulous.evaluate("(texts) => texts.map((text) => credulous.render(text))", safe)
    for text, html in zip(safe, made, strict=True):
        assert html.count("<") == (2 if text else 0), (text, html)
