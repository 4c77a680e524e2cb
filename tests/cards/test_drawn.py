"""Every card as it is drawn: nothing is cut off, nothing sticks out, everything can be read in every theme.

Microsoft's renderer with Teams' host configuration, on a phone and on a desk, in each language, with all that can be
unfolded unfolded.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from cards.render import render
from cards.text import CATALOGS
from tests.cards import forms
from tests.cards.samples import TEAMS_USER, WORDS
from tests.support.card_page import Theme, open_card_page
from tests.support.chromium import running_chromium

#: Some two hundred cards each: on a busy machine more than the usual two minutes.
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

WIDE, NARROW = 640, 344
THEMES: tuple[Theme, ...] = ("light", "dark", "contrast")

#: Draws each card, unfolds it, and says what is cut off or sticks out.
_CUT = """async ([cards, width]) => {
  const { drawCard } = await import("/client/js/cards.js");
  const place = document.getElementById("card");
  // Laid out and styled all the same; painting each card would be most of the work.
  document.documentElement.style.visibility = "hidden";
  const found = {};
  const look = (name) => {
    const right = place.getBoundingClientRect().right;
    for (const each of place.querySelectorAll("div, p, button, span, label")) {
      const wide = each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 1;
      const high = each.clientHeight > 0 && each.scrollHeight > each.clientHeight + 2;
      const out = each.getBoundingClientRect().right > right + 1;
      if (!(wide || high || out) || each.closest("svg, input, textarea")) continue;
      const style = getComputedStyle(each);
      if (out || (wide && style.overflowX !== "visible") || (high && style.overflowY === "hidden")) {
        (found[name] ??= []).push(`${each.className || each.tagName}: ${each.textContent.slice(0, 60)}`);
      }
    }
  };
  for (const [name, card] of Object.entries(cards)) {
    place.replaceChildren(drawCard(card, width, { execute() {}, submit() {} }));
    for (const each of place.querySelectorAll(".ac-selectable:not(.ac-pushButton)")) each.click();
    look(name);
    for (const each of place.querySelectorAll(".ac-pushButton.expandable")) {
      each.click();
      look(name);
    }
  }
  return found;
}"""

#: Text whose colour is too near to that of what it stands on. Source: WCAG 2.2, contrast (minimum).
_PALE = """async ([cards, width]) => {
  const { drawCard } = await import("/client/js/cards.js");
  const place = document.getElementById("card");
  // Laid out and styled all the same; painting each card would be most of the work.
  document.documentElement.style.visibility = "hidden";
  const found = {};
  const parse = (colour) => (colour.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (each) => {
    for (let node = each; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.5) return colour;
    }
    return [255, 255, 255];
  };
  for (const [name, card] of Object.entries(cards)) {
    place.replaceChildren(drawCard(card, width, { execute() {}, submit() {} }));
    for (const each of place.querySelectorAll(".ac-selectable:not(.ac-pushButton)")) each.click();
    place.querySelector(".ac-pushButton.expandable")?.click();
    const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const each = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
      if (!text || !each.getBoundingClientRect().width || each.closest(".chart, [disabled]")) continue;
      const style = getComputedStyle(each);
      const [one, two] = [light(parse(style.color)), light(ground(each))].sort((a, b) => b - a);
      const least = parseFloat(style.fontSize) >= 18 && style.fontWeight >= 600 ? 3 : 4.5;
      const ratio = (one + 0.05) / (two + 0.05);
      if (ratio < least) (found[name] ??= []).push(`${ratio.toFixed(2)}: ${text.slice(0, 60)}`);
    }
  }
  return found;
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


def drawn(language: str) -> dict[str, Any]:
    words = replace(WORDS, language=language)
    return {name: render(view, words, teams_user_id=TEAMS_USER) for name, view in forms.views().items()}


def look(page: Page, script: str, cards: dict[str, Any]) -> dict[str, list[str]]:
    """name -> what is wrong."""
    width = page.viewport_size["width"] if page.viewport_size else WIDE
    found: dict[str, list[str]] = page.evaluate(script, [cards, width])
    return found


@pytest.mark.parametrize(("language", "width"), [*((language, NARROW) for language in CATALOGS), ("en", WIDE)])
def test_no_text_is_cut_off_and_nothing_sticks_out(chromium: Browser, language: str, width: int) -> None:
    page = open_card_page(chromium, width=width)
    # What stays open makes every later page slower.
    with closing(page.context):
        found = look(page, _CUT, drawn(language))

    assert found == {}


@pytest.mark.parametrize("theme", THEMES)
def test_every_word_can_be_read_in_every_theme(chromium: Browser, theme: Theme) -> None:
    page = open_card_page(chromium, theme=theme)
    with closing(page.context):
        found = look(page, _PALE, drawn("en"))

    assert found == {}


def test_the_checks_see_what_is_cut_off_and_what_is_pale(chromium: Browser) -> None:
    page = open_card_page(chromium, width=NARROW)
    wide = {"type": "TextBlock", "text": "x" * 200, "wrap": False}
    pale = {"type": "TextBlock", "text": "pale", "color": "Light"}
    cards = {"card": {"type": "AdaptiveCard", "version": "1.5", "body": [wide, pale]}}

    assert list(look(page, _CUT, cards)) == ["card"]
    assert look(page, _PALE, cards)["card"][0].endswith("pale")
