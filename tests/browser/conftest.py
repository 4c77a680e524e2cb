"""A system Chromium, driven by Playwright; each test gets pages that fail it on any error of the page."""

from contextlib import asynccontextmanager

import aiohttp
import pytest
from playwright.async_api import async_playwright, expect

from tests.browser.steward import Steward, serving
from tests.support.chromium import ARGUMENTS, chromium

#: Milliseconds; a loaded machine is slow, and a test that passes does not wait.
expect.set_options(timeout=20_000)


@pytest.fixture
async def browser():
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium(), headless=True, args=ARGUMENTS)
        yield running
        await running.close()


@pytest.fixture
async def open_page(browser):
    """open_page(url, **context) -> page; afterwards no error may have been reported by any of them."""
    errors = []

    @asynccontextmanager
    async def opened(url, **options):
        context = await browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(20_000)
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        await page.goto(url)
        yield page
        await context.close()

    yield opened
    assert errors == []


@pytest.fixture(scope="session")
def shared_address(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("steward")) as address:
        yield address


@pytest.fixture
async def shared(shared_address):
    """For tests that move neither time nor owners."""
    async with aiohttp.ClientSession() as session:
        yield Steward(shared_address, session)


@pytest.fixture
async def steward(tmp_path):
    """For one test alone."""
    with serving(tmp_path) as address:
        async with aiohttp.ClientSession() as session:
            yield Steward(address, session)
