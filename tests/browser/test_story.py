"""The whole loop in a real browser: a secret runs out, the right people are asked, a new owner stands in Entra."""

import asyncio
import os
import re
from datetime import date
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.steward import action_in

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(420)]

INVOICE_EXPORT = "Invoice Export"
VENDOR_PORTAL_SYNC = "Vendor Portal Sync"


def cards(page):
    """The cards in the chat that is open."""
    return page.locator("#messages .card")


def newest(page, text):
    return cards(page).filter(has_text=text).last


async def become(page, name):
    """Choose a person on the left."""
    await page.locator(f'#cast button[data-name="{name}"]').click()
    await expect(page.locator("#chat-as")).to_contain_text(f"You are {name.capitalize()}")


async def picture(page, name):
    """For docs/nominations.md: only where STEWARD_PICTURES names a folder."""
    if folder := os.environ.get("STEWARD_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def ticked(page, number):
    """Wait until the story has ticked a step."""
    await page.get_by_role("tab", name="The story").click()
    await expect(page.locator(".step").nth(number - 1)).to_have_class(re.compile(r"\bdone\b"))


async def owners_of(steward, app):
    found = await steward.call("GET", f"/practice/entra?search={app.replace(' ', '%20')}")
    (only,) = [each for each in found["apps"] if each["display_name"] == app and each["type"] == "appRegistration"]
    return [owner["text"] for owner in only["owners"]]


async def eventually(check, seconds=30):
    """The first true value that the check returns."""
    async with asyncio.timeout(seconds):
        while not (found := await check()):  # noqa: ASYNC110 - what it waits for is in another process
            await asyncio.sleep(0.3)
    return found


async def test_the_story(steward, open_page):
    await steward.card_about("ana", INVOICE_EXPORT)
    await steward.card_about("mia", VENDOR_PORTAL_SYNC)
    async with open_page(steward.address) as page:
        await ana_reads_and_snoozes(page)
        await mia_names_eli(page, steward)
        await eli_accepts(page, steward)
        await ada_approves(page, steward)
        await everybody_sees_it(page)
        await the_next_day(page, steward)


async def ana_reads_and_snoozes(page):
    card = newest(page, INVOICE_EXPORT)
    await expect(card).to_contain_text("30 days")
    await expect(card).to_contain_text("Why you: you are its only owner.")
    await ticked(page, 1)
    await card.get_by_role("button", name="Other answers").click()
    await card.get_by_role("button", name="Remind me then").click()
    await expect(newest(page, INVOICE_EXPORT)).to_contain_text("Quiet until")
    await ticked(page, 2)


async def mia_names_eli(page, steward):
    truth = await steward.call("GET", "/practice/truth")
    (orphan,) = [
        app for app in truth["apps"] if app["display_name"] == VENDOR_PORTAL_SYNC and app["type"] == "appRegistration"
    ]
    proof = date.fromisoformat(orphan["proof"])
    await page.get_by_role("button", name="Be mia").click()
    card = newest(page, VENDOR_PORTAL_SYNC)
    await expect(card).to_contain_text("Why you")
    await expect(card).to_contain_text("Ben Bauer")
    await expect(card).to_contain_text(f"{proof.day} {proof:%B}")
    await ticked(page, 3)

    picker = card.get_by_role("combobox", name="New owner")
    await picker.click()
    await picker.press_sequentially("eli")
    await card.get_by_role("option", name="Eli Okafor").last.click()
    await expect(card.locator(".picker-chip")).to_contain_text("Eli Okafor")
    await picture(page, "1-nominate")
    await card.get_by_role("button", name="Ask this person").click()
    await expect(newest(page, VENDOR_PORTAL_SYNC)).to_contain_text("Eli Okafor has been asked.")
    await ticked(page, 4)


async def eli_accepts(page, steward):
    await steward.card_about("eli", VENDOR_PORTAL_SYNC)
    await page.get_by_role("button", name="Be eli").click()
    card = newest(page, VENDOR_PORTAL_SYNC)
    await expect(card).to_contain_text("Mia Meyer")
    await picture(page, "2-accept")
    await card.get_by_role("button", name="Accept").click()
    await expect(newest(page, VENDOR_PORTAL_SYNC)).to_contain_text("Thank you, Eli.")
    await ticked(page, 5)


async def ada_approves(page, steward):
    assert await owners_of(steward, VENDOR_PORTAL_SYNC) == []
    await steward.card_about("ada", VENDOR_PORTAL_SYNC)
    await page.get_by_role("button", name="Be ada").click()
    card = newest(page, VENDOR_PORTAL_SYNC)
    await expect(card).to_contain_text("Eli Okafor")
    await picture(page, "3-approve")
    await card.get_by_role("button", name="Approve", exact=True).click()
    await expect(newest(page, VENDOR_PORTAL_SYNC)).to_contain_text(re.compile("Approved by|owns it"))
    await ticked(page, 6)
    assert await owners_of(steward, VENDOR_PORTAL_SYNC) == ["Eli Okafor"]


async def everybody_sees_it(page):
    await become(page, "mia")
    await expect(newest(page, VENDOR_PORTAL_SYNC)).to_contain_text("Eli Okafor looks after it now.", timeout=30_000)
    await picture(page, "4-the-one-who-asked")
    await become(page, "eli")
    await expect(cards(page).filter(has_text="You look after it now.").first).to_be_visible(timeout=30_000)
    await picture(page, "5-the-new-owner")
    await page.get_by_role("tab", name="Entra").click()
    await page.get_by_placeholder("Find an app by name or id").fill(VENDOR_PORTAL_SYNC)
    await expect(page.locator(".app").filter(has_text=VENDOR_PORTAL_SYNC)).to_contain_text("Owners: Eli Okafor")


async def the_next_day(page, steward):
    eli = (await steward.call("GET", "/practice/truth"))["cast"]["eli"]
    before = await page.locator("#now").get_attribute("datetime")
    await page.get_by_role("button", name="Next day").click()
    await expect(page.get_by_role("button", name="Next day")).to_be_enabled(timeout=90_000)
    after = await page.locator("#now").get_attribute("datetime")
    assert (date.fromisoformat(after[:10]) - date.fromisoformat(before[:10])).days == 1

    async def record():
        found = await steward.call("GET", "/practice/archive?search=vendor%20portal%20sync")
        return [row for row in found["records"] if row["OwnerId"] == eli]

    await eventually(record)
    await ticked(page, 7)
    archive = await steward.call("GET", "/practice/archive?search=vendor%20portal%20sync")
    kinds = {row["EventType"] for row in archive["events"]}
    assert {
        "OwnerNominated",
        "NominationAccepted",
        "OwnerChangeRequested",
        "OwnerAssigned",
        "NotificationSent",
    } <= kinds
    await page.get_by_role("tab", name="Archive").click()
    await expect(page.locator("#view")).to_contain_text("OwnerAssigned")


async def test_tom_is_refused_with_anas_alert_and_nothing_changes(shared, open_page):
    message = await shared.card_about("ana", INVOICE_EXPORT)
    data = action_in(message["card"], "acknowledge")["data"]
    before = [(each["activity"], each["stored_card"], each["updated"]) for each in await shared.chat("ana")]
    answers = [
        await shared.press("tom", message["activity"], verb, {**data, "days": "7", "nominees": "x", "note": ""})
        for verb in (
            "acknowledge",
            "renewed",
            "snooze",
            "assignOwner",
            "notMine",
            "retire",
            "automatic",
            "release",
            "open",
            "refresh",
        )
    ]
    nowhere = await shared.press("tom", message["activity"], "acknowledge", {"alert": "0" * 32, "v": 1})
    after = [(each["activity"], each["stored_card"], each["updated"]) for each in await shared.chat("ana")]

    bodies = [answer["body"] for answer in [*answers, nowhere]]
    assert {answer["status"] for answer in answers} == {200}
    assert {(body["statusCode"], body["type"]) for body in bodies} == {
        (200, "application/vnd.microsoft.activity.message")
    }
    assert len({body["value"] for body in bodies}) == 1
    assert before == after
    async with open_page(f"{shared.address}/#ana") as page:
        await expect(newest(page, INVOICE_EXPORT).get_by_role("button", name="I'll do it")).to_be_visible()


async def test_a_snoozed_card_comes_back_after_its_quiet_days(steward):
    message = await steward.card_about("ana", INVOICE_EXPORT)
    data = action_in(message["card"], "snooze")["data"]
    answer = await steward.press("ana", message["activity"], "snooze", {**data, "days": "3"})
    assert answer["body"]["type"] == "application/vnd.microsoft.card.adaptive", answer
    known = len(await steward.chat("ana"))
    quiet = []
    for _ in range(2):
        await steward.call("POST", "/practice/next-day")
        quiet.append(len(await steward.chat("ana")) - known)
    await steward.call("POST", "/practice/next-day")
    await steward.call("POST", "/practice/next-day")
    back = (await steward.chat("ana"))[known:]

    assert quiet == [0] * 2
    assert [INVOICE_EXPORT in str(each["card"]) for each in back] == [True]


async def test_typing_a_command_is_answered_in_the_chat(shared, open_page):
    await shared.card_about("ana", INVOICE_EXPORT)
    async with open_page(shared.address) as page:
        await page.locator("#composer-text").click()
        await page.get_by_role("option", name=re.compile("^my apps")).click()
        await page.keyboard.press("Enter")
        await expect(page.locator("#messages .message.mine")).to_contain_text("my apps")
        await expect(page.locator("#messages .message:not(.mine)").last).to_contain_text(INVOICE_EXPORT)
        await page.get_by_role("tab", name="What happened").click()
        await expect(page.locator("#view")).to_contain_text("bot/connector.py")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_fits_a_phone_and_a_laptop(shared, open_page, scheme):
    await shared.card_about("ana", INVOICE_EXPORT)
    for width, height in ((1280, 800), (390, 844)):
        async with open_page(shared.address, viewport={"width": width, "height": height}, color_scheme=scheme) as page:
            await expect(newest(page, INVOICE_EXPORT)).to_be_visible()
            overflow = await page.evaluate(
                "[...document.querySelectorAll('body, .chat, .messages, .card, .ac-adaptiveCard, .ac-pushButton')]"
                ".filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.className || node.tagName)"
            )
            assert overflow == []


async def test_hostile_names_stay_text(shared, open_page):
    found = await shared.call("GET", "/practice/people?search=hana")
    (hana,) = [person["name"] for person in found["people"]]
    await shared.card_about(hana, "evil.example")
    async with open_page(f"{shared.address}/#{hana}") as page:
        await expect(page.locator("#messages .card").first).to_contain_text("[Renew here](https://evil.example/login)")
        for tab in ("Entra", "Archive"):
            await page.get_by_role("tab", name=tab).click()
            await page.get_by_role("searchbox", name=re.compile("Find an app|Only about")).fill("evil.example")
            await expect(page.locator("#view")).to_contain_text("https://evil.example/login")
        made = await page.evaluate(
            "[...document.querySelectorAll('.card, #view, #cast')].flatMap((node) =>"
            " [...node.querySelectorAll('a, img, script, iframe, b b, h1')]).map((node) => node.outerHTML)"
        )

    assert made == []


async def test_the_picker_and_the_buttons_need_no_mouse(steward, open_page):
    await steward.card_about("mia", VENDOR_PORTAL_SYNC)
    async with open_page(f"{steward.address}/#mia") as page:
        picker = newest(page, VENDOR_PORTAL_SYNC).get_by_role("combobox", name="New owner")
        await picker.focus()
        await page.keyboard.type("okafor")
        # News in other chats must not take the focus away.
        await steward.call("POST", "/practice/as/tom/message", {"text": "help"})
        await page.wait_for_timeout(1500)
        await expect(page.get_by_role("option", name="Eli Okafor").last).to_have_attribute("aria-selected", "true")
        await page.keyboard.press("Enter")
        await expect(page.locator(".picker-chip")).to_contain_text("Eli Okafor")
        await newest(page, VENDOR_PORTAL_SYNC).get_by_role("button", name="Ask this person").focus()
        await page.keyboard.press("Enter")
        await expect(newest(page, VENDOR_PORTAL_SYNC)).to_contain_text("Eli Okafor has been asked.")
