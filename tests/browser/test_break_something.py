"""Break something in the browser: Teams down and the worker stopped, and the ledger adds up until all has arrived."""

import os

import pytest
from playwright.async_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]


def thing(page, title):
    """One row of what can be broken."""
    return page.locator(".breaks > li").filter(has_text=title)


async def adds_up(steward):
    state = await steward.call("GET", "/practice/break")
    assert state["difference"] == 0
    assert sum(state["states"].values()) == state["due"] > 0
    return state


async def test_what_is_broken_waits_and_arrives_once_it_is_mended(steward, open_page):
    await steward.card_about("ana", "Invoice Export")
    async with open_page(steward.address) as page:
        await page.get_by_role("tab", name="Break").click()
        await expect(page.locator("#view")).to_contain_text("accounted for")
        await thing(page, "Stop the worker").get_by_role("button").click()
        await expect(thing(page, "Stop the worker")).to_contain_text("(broken)")
        await thing(page, "Throttle Graph").get_by_role("button").click()
        await expect(thing(page, "Throttle Graph")).to_contain_text("(broken)")
        await thing(page, "Lose a scan").get_by_role("button").click()
        await expect(thing(page, "Lose a scan").get_by_role("button")).to_be_enabled(timeout=120_000)
        # Her card, which a snooze changes, waits for the worker.
        await steward.call("POST", "/practice/as/ana/message", {"text": "snooze Invoice Export 7"})
        broken = await adds_up(steward)
        assert broken["waiting"] > 0
        await page.get_by_role("button", name="Check the books now").click()
        await expect(page.locator("#view")).to_contain_text("worker stopped")
        if shot := os.environ.get("STEWARD_SCREENSHOT"):
            await page.screenshot(path=shot)

        await thing(page, "Throttle Graph").get_by_role("button").click()
        await thing(page, "Stop the worker").get_by_role("button").click()
        await expect(page.locator("#view")).to_contain_text(" 0 messages wait", timeout=120_000)
    mended = await adds_up(steward)
    assert (mended["broken"], mended["worker"]) == ([], True)
