"""Every card as it is drawn: nothing is cut off, nothing sticks out, everything can be read in every theme.

Microsoft's renderer with Teams' host configuration, on a phone and on a desk, in each language, with all that can be
unfolded unfolded.
"""

from collections.abc import Iterator
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

WIDE, NARROW = 640, 344
THEMES: tuple[Theme, ...] = ("light", "dark", "contrast")

#: Draws each card, unfolds it, and says what is cut off or sticks out.
_CUT = """async ([cards, width]) => {
  const { drawCard } = await import("/client/js/cards.js");
  const place = document.getElementById("card");
  const found = {};
  const look = (name) => {
    const right = place.getBoundingClientRect().right;
    for (const each of place.querySelectorAll("div, p, button, span, label")) {
      const style = getComputedStyle(each), box = each.getBoundingClientRect();
      if (!box.width || !box.height || each.closest("svg, input, textarea")) continue;
      const cut = each.scrollWidth > each.clientWidth + 1 && each.clientWidth > 0 && style.overflowX !== "visible";
      const low = each.scrollHeight > each.clientHeight + 2 && each.clientHeight > 0 && style.overflowY === "hidden";
      if (cut || low || box.right > right + 1) {
        (found[name] ??= []).push(`${each.className || each.tagName}: ${each.textContent.slice(0, 60)}`);
      }
    }
  };
  for (const [name, card] of Object.entries(cards)) {
    place.replaceChildren(drawCard(card, width, { execute() {}, submit() {} }));
    for (const each of place.querySelectorAll(".ac-selectable")) each.click();
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
    for (const each of place.querySelectorAll(".ac-selectable, .ac-pushButton.expandable")) each.click();
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


@pytest.mark.browser
@pytest.mark.parametrize(("language", "width"), [*((language, NARROW) for language in CATALOGS), ("en", WIDE)])
def test_no_text_is_cut_off_and_nothing_sticks_out(chromium: Browser, language: str, width: int) -> None:
    page = open_card_page(chromium, width=width)

    assert look(page, _CUT, drawn(language)) == {}


@pytest.mark.browser
@pytest.mark.parametrize("theme", THEMES)
def test_every_word_can_be_read_in_every_theme(chromium: Browser, theme: Theme) -> None:
    page = open_card_page(chromium, theme=theme)

    assert look(page, _PALE, drawn("en")) == {}


@pytest.mark.browser
def test_the_checks_see_what_is_cut_off_and_what_is_pale(chromium: Browser) -> None:
    page = open_card_page(chromium, width=NARROW)
    wide = {"type": "TextBlock", "text": "x" * 200, "wrap": False}
    pale = {"type": "TextBlock", "text": "pale", "color": "Light"}
    cards = {"card": {"type": "AdaptiveCard", "version": "1.5", "body": [wide, pale]}}

    assert list(look(page, _CUT, cards)) == ["card"]
    assert look(page, _PALE, cards)["card"][0].endswith("pale")
