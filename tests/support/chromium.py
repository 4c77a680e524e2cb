"""A system Chromium for the checks that look at what a renderer draws."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """The system's Chromium or Chrome, None when there is none: then Playwright's own is used."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """A headless browser that ends with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
