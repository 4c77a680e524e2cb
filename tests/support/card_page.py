"""Draws cards in Chromium with Microsoft's own renderer, as the practice tenant's client does."""

import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, Route

ROOT = Path(__file__).resolve().parent.parent.parent
CLIENT = ROOT / "sandbox" / "client"
VENDOR = {
    "adaptivecards.js": ROOT / "tests/node/node_modules/adaptivecards/dist/adaptivecards.min.js",
    "markdown-it.js": ROOT / "tests/node/node_modules/markdown-it/dist/markdown-it.min.js",
}
Theme = Literal["light", "dark", "contrast"]
ORIGIN = "http://cards.invalid"

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<link rel="stylesheet" href="/client/css/page.css"><link rel="stylesheet" href="/client/css/cards.css">
<script src="/vendor/adaptivecards.js"></script><script src="/vendor/markdown-it.js"></script>
<style>
  html, body { height: auto; overflow: visible; display: block; grid-template: none; background: Canvas; }
  body { margin: 0; padding: 12px; background: light-dark(#f5f5f5, #1f1f1f); }
  #card { border-radius: 8px; overflow: hidden; box-shadow: 0 1px 4px #0005; }
  @media (prefers-contrast: more) { body { background: #000; } #card { box-shadow: none; border: 1px solid #fff; } }
</style></head><body><div id="card" class="card wide"></div></body></html>"""


def open_card_page(browser: Browser, *, theme: Theme = "light", width: int = 640) -> Page:
    """A page with the renderer, Teams' host configuration and nothing from the network."""
    missing = [str(file) for file in VENDOR.values() if not file.is_file()]
    if missing:
        raise FileNotFoundError(f"npm packages of the checks are missing (python dev.py setup): {missing}")
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="light" if theme == "light" else "dark",
        contrast="more" if theme == "contrast" else "no-preference",
        device_scale_factor=1,
    )
    page = context.new_page()
    page.route("**/*", _answer)
    page.goto(f"{ORIGIN}/")
    return page


def _answer(route: Route) -> None:
    path = route.request.url.removeprefix(ORIGIN)
    if path == "/":
        route.fulfill(body=_PAGE, content_type="text/html")
        return
    file = VENDOR.get(path.removeprefix("/vendor/")) or CLIENT / path.removeprefix("/client/")
    if path.startswith(("/vendor/", "/client/")) and file.is_file():
        kind = mimetypes.guess_type(file.name)[0] or "text/plain"
        route.fulfill(body=file.read_text(encoding="utf-8"), content_type=kind)
    else:
        route.abort()


_DRAW = """async ([card, width]) => {
  const { drawCard } = await import("/client/js/cards.js");
  const place = document.getElementById("card");
  place.replaceChildren(drawCard(card, width, { execute() {}, submit() {} }));
}"""


def draw(page: Page, card: Mapping[str, Any]) -> None:
    """Show one card in place of the one before."""
    width = page.viewport_size["width"] if page.viewport_size else 640
    page.evaluate(_DRAW, [card, width])
