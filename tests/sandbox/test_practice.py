"""The practice routes answer this machine's own page and programs, and nobody else; they move people and time."""

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from sandbox import practice
from tests.sandbox.teams import card, card_answer, message_answer, teams

CLIENT = Path(practice.__file__).with_name("client")
SCRIPT_POLICY = "script-src 'self'"


class Page:
    """A caller of the practice routes of a Steward on loopback."""

    def __init__(self, world, session, address, scans, looks):
        self.world = world
        self.session = session
        self.address = address
        #: The practice clock at each daily scan.
        self.scans = scans
        #: The practice clock at each look at what has changed.
        self.looks = looks

    async def call(self, method, path, body=None, **headers):
        async with self.session.request(method, self.address + path, json=body, headers=headers) as response:
            text = await response.text()
            kind = response.content_type
            return response.status, json.loads(text) if kind == "application/json" else text, response.headers


@asynccontextmanager
async def page_of(folder):
    async with teams(folder) as world:
        scans, looks = [], []

        async def next_day():
            scans.append(world.state.now())
            return {"run": {"applications": 100}}

        async def look():
            looks.append(world.state.now())
            return {"found": {"removed": 1}, "messages": 2}

        class Running:
            control_url = world.state.urls["control"]
            ca_file = str(world.state.ca_file)
            token = world.state.control_token

        app = web.Application()
        practice.add_routes(app, Running(), next_day, look)
        runner = web.AppRunner(app, shutdown_timeout=30)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        try:
            async with aiohttp.ClientSession() as session:
                yield Page(world, session, f"http://127.0.0.1:{runner.addresses[0][1]}", scans, looks)
        finally:
            await runner.cleanup()


@pytest.fixture
async def page(tmp_path):
    async with page_of(tmp_path) as running:
        yield running


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "192.168.1.5:3978"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
async def test_a_foreign_page_can_do_nothing(page, headers):
    before = page.world.state.now()
    status, body, _ = await page.call("POST", "/practice/next-day", **headers)

    assert (403, "Forbidden") == (status, body["error"]["code"])
    assert before == page.world.state.now()
    assert [] == page.scans


@pytest.mark.parametrize("path", ["/", "/practice/people", "/practice/truth", "/practice/client/js/main.js"])
async def test_a_rebound_name_can_read_nothing(page, path):
    status, _, _ = await page.call("GET", path, Host="evil.example")

    assert 403 == status


async def test_its_own_page_may(page):
    status, _, _ = await page.call("POST", "/practice/as/ana/open", {}, Origin=page.address)

    assert 200 == status


async def test_localhost_is_this_machine_too(page):
    status, _, _ = await page.call("GET", "/practice/people", Host="localhost:3978")

    assert 200 == status


# ---------------------------------------------------------------- the client's files


async def test_the_page_comes_with_a_policy_without_inline_script(page):
    status, text, headers = await page.call("GET", "/")

    assert 200 == status
    assert "Practice tenant. Nothing leaves this machine." in text
    assert SCRIPT_POLICY in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "<script>" not in text
    assert "style=" not in text


async def test_every_file_that_the_page_names_is_served(page):
    _, text, _ = await page.call("GET", "/")
    named = [piece.split('"')[0] for piece in text.split('="/practice/')[1:]]
    statuses = {name: (await page.call("GET", f"/practice/{name}"))[0] for name in named}

    assert len(named) >= 7
    assert {200} == set(statuses.values()), statuses


@pytest.mark.parametrize(
    "path",
    [
        "/practice/client/package.json",
        "/practice/client/%2e%2e/practice.py",
        "/practice/client/..%2fpractice.py",
        "/practice/client/node_modules/adaptivecards/dist/adaptivecards.js",
        "/practice/client/js/missing.js",
        "/practice/vendor/swiper.js",
        "/practice/client/js",
    ],
)
async def test_no_other_file_is_served(page, path):
    status, _, _ = await page.call("GET", path)

    assert 404 == status


def test_nothing_in_the_client_is_loaded_from_elsewhere():
    sources = [file for pattern in ("*.html", "js/*.js", "css/*.css") for file in CLIENT.glob(pattern)]
    outside = {
        (file.name, line.strip())
        for file in sources
        for line in file.read_text(encoding="utf-8").splitlines()
        if ("http://" in line or "https://" in line) and "www.w3.org" not in line
    }

    assert len(sources) > 10
    assert set() == outside


# ---------------------------------------------------------------- people, chats, time


async def test_the_cast_comes_first_and_others_are_found_by_name(page):
    _, cast, _ = await page.call("GET", "/practice/people")
    _, found, _ = await page.call("GET", "/practice/people?search=dora%20dig")

    assert ["ana", "ben", "mia", "eli", "tom", "ada"] == [each["name"] for each in cast["people"]]
    assert "owns Invoice Export" == cast["people"][0]["role"]
    assert ["Dora Digest"] == [each["display_name"] for each in found["people"]]


async def test_who_left_cannot_be_picked(page):
    _, found, _ = await page.call("GET", "/practice/people?search=ben")

    assert "ben" not in [each["name"] for each in found["people"]]


@pytest.mark.parametrize("form", ["first name", "upn", "start of the upn", "id"])
async def test_anybody_can_be_addressed(page, form):
    dora = next(user for user in page.world.state.tenant.users.values() if user.display_name == "Dora Digest")
    name = {"first name": "ana", "upn": dora.upn, "start of the upn": "dora.digest", "id": dora.id}[form]
    status, chat, _ = await page.call("GET", f"/practice/as/{name}/chat")

    assert 200 == status
    assert ("Ana Alvarez" if form == "first name" else "Dora Digest") == chat["person"]["display_name"]


async def test_nobody_of_that_name_is_a_json_error(page):
    status, body, _ = await page.call("GET", "/practice/as/nobody-here/chat")

    assert (404, "NotFound") == (status, body["error"]["code"])


async def test_a_card_is_read_and_answered_through_the_routes(page):
    _, activity = await page.world.sent("ana", card("open"))
    page.world.bot.answers = [card_answer(card("taken")), message_answer("no")]
    _, before, _ = await page.call("GET", "/practice/as/ana/chat")
    _, answer, _ = await page.call(
        "POST", "/practice/as/ana/invoke", {"activity": activity, "verb": "acknowledge", "data": {"alert": "a1"}}
    )
    _, after, _ = await page.call("GET", "/practice/as/ana/chat")
    _, refused, _ = await page.call(
        "POST", "/practice/as/tom/invoke", {"activity": activity, "verb": "acknowledge", "data": {"alert": "a1"}}
    )

    assert (1, True, activity) == (before["unread"], before["messages"][0]["unread"], before["messages"][0]["activity"])
    assert (200, "taken") == (answer["status"], answer["body"]["value"]["body"][0]["text"])
    assert "taken" == after["messages"][0]["card"]["body"][0]["text"]
    assert "no" == refused["body"]["value"]


async def test_the_next_day_moves_the_clock_before_the_scan(page):
    before = page.world.state.now()
    status, body, _ = await page.call("POST", "/practice/next-day")

    assert 200 == status
    assert [1] == [(scan - before).days for scan in page.scans]
    assert {"applications": 100} == body["run"]
    assert page.world.state.now().isoformat() == body["date"]


async def test_a_look_at_what_has_changed_moves_no_clock(page):
    before = page.world.state.offset
    status, body, _ = await page.call("POST", "/practice/look")

    assert (200, {"found": {"removed": 1}, "messages": 2}) == (status, body)
    assert 1 == len(page.looks)
    assert before == page.world.state.offset


async def test_renewing_in_entra_replaces_the_secret(page):
    app = page.world.state.tenant.app_named("Invoice Export")
    old = app.credentials[0].key_id
    status, body, _ = await page.call("POST", "/practice/entra/renew", {"object_id": app.object_id, "key_id": old})
    _, shown, _ = await page.call("GET", "/practice/entra?search=invoice%20export")

    assert 200 == status
    assert [body["key_id"]] == [each["key_id"] for each in shown["apps"][0]["credentials"]]


async def test_the_suggestions_are_the_command_table(page):
    _, body, _ = await page.call("GET", "/practice/commands")

    assert {"help", "my apps"} <= {each["usage"] for each in body["commands"]}
    assert all(each["says"] for each in body["commands"])


async def test_an_e_mail_is_shown_as_a_page_that_can_do_nothing(page):
    html = "<p>Invoice Export</p><script>alert(1)</script>"
    page.world.state.change(
        "mailSent",
        id="m1",
        sender="steward@larkfield.example",
        to=[page.world.state.tenant.person("ana").mail],
        subject="Invoice Export",
        content_type="html",
        content=html,
        headers={},
    )
    _, listed, _ = await page.call("GET", "/practice/mail")
    status, text, headers = await page.call("GET", "/practice/mail/m1")

    assert [["ana"]] == [mail["names"] for mail in listed["mail"]]
    assert (200, html) == (status, text)
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "sandbox" in headers["Content-Security-Policy"]


# ---------------------------------------------------------------- events


async def test_a_new_message_is_announced_to_the_open_page(page):
    async with page.session.get(page.address + "/practice/events") as stream, asyncio.timeout(10):
        first = json.loads((await stream.content.readuntil(b"\n\n")).removeprefix(b"data: "))
        await page.world.sent("ana", card())
        second = json.loads((await stream.content.readuntil(b"\n\n")).removeprefix(b"data: "))

    assert "text/event-stream" == stream.content_type
    assert first["revision"] != second["revision"]


async def test_an_open_page_does_not_hold_up_the_end(tmp_path):
    async with asyncio.timeout(20), aiohttp.ClientSession() as reader:
        async with page_of(tmp_path) as page:
            stream = await reader.get(page.address + "/practice/events")
            await stream.content.readuntil(b"\n\n")
        rest = await stream.read()

    assert b"" == rest
