"""A page of Chromium with Microsoft's renderer, shared by the checks that look at drawn cards."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.support.card_page import open_card_page
from tests.support.chromium import running_chromium


@pytest.fixture(scope="module")
def card_page() -> Iterator[Page]:
    with running_chromium() as browser:
        yield open_card_page(browser)
