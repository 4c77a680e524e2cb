"""A practice tenant on loopback with the connector's and the control endpoints, and a bot that keeps what it gets."""

import json
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web

from sandbox import connector, control, entra, graph
from sandbox.server import start
from sandbox.state import TwinState
from sandbox.tls import make_tls
from sandbox.tokens import BOT_FRAMEWORK

CARD = "application/vnd.microsoft.card.adaptive"
SERVICES = {
    "entra": entra.make_app,
    "graph": graph.make_app,
    "connector": connector.make_app,
    "control": control.make_app,
}


class Clock:
    """A wall clock that tests move."""

    def __init__(self):
        self.now = datetime(2026, 12, 3, 8, 7, tzinfo=UTC)

    def __call__(self):
        return self.now

    def move(self, **span):
        self.now += timedelta(**span)


class Bot:
    """Steward's place: keeps every activity, answers invokes with what the test lays out."""

    def __init__(self):
        self.activities = []
        self.tokens = []
        #: The next answers to invokes; without one, an empty message.
        self.answers = []
        self.status = 200

    async def messages(self, request):
        activity = await request.json()
        self.activities.append(activity)
        self.tokens.append(request.headers.get("Authorization", ""))
        if activity["type"] != "invoke":
            return web.Response(status=self.status if self.status != 200 else 201)
        answer = self.answers.pop(0) if self.answers else message_answer("")
        return web.json_response(answer, status=self.status)

    @property
    def kinds(self):
        return [activity["type"] for activity in self.activities]


def card(text="Invoice Export", **more):
    return {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "TextBlock", "text": text}], **more}


def card_answer(content):
    return {"statusCode": 200, "type": CARD, "value": content}


def message_answer(text):
    return {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": text}


def message(content=None, **more):
    attachments = [{"contentType": CARD, "content": content}] if content is not None else []
    return {"type": "message", "attachments": attachments, **more}


class Teams:
    """What tests ask: as the bot (create, post, put, delete) and of the control endpoints."""

    def __init__(self, state, session, bot, clock, messages_url):
        self.state = state
        self.session = session
        self.bot = bot
        self.clock = clock
        self.messages_url = messages_url

    def id_of(self, name):
        return self.state.tenant.cast[name]

    def token(self, identity="bot", audience=BOT_FRAMEWORK):
        return self.state.tokens.access_token(self.state.identities.by_name[identity], audience)

    async def request(self, method, path, body=None, *, token=None, data=None):
        """(status, decoded body, headers) of one call as the bot."""
        headers = {"Authorization": f"Bearer {self.token() if token is None else token}"}
        url = f"{self.state.urls['connector']}/teams/v3/conversations{path}"
        async with self.session.request(method, url, json=body, data=data, headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text else None, response.headers

    async def create(self, member, **more):
        tenant = {"tenant": {"id": self.state.tenant.tenant_id}}
        body = {"isGroup": False, "members": [{"id": member}], "channelData": tenant, **more}
        return await self.request("POST", "", body)

    async def chat_with(self, name):
        """The conversation id of the chat with a member of the cast."""
        status, body, _ = await self.create(self.id_of(name))
        assert status == 201, body
        return body["id"]

    async def post(self, conversation, activity):
        return await self.request("POST", f"/{conversation}/activities", activity)

    async def sent(self, name, content):
        """Post a card to somebody; (conversation id, activity id)."""
        conversation = await self.chat_with(name)
        status, body, _ = await self.post(conversation, message(content))
        assert status == 201, body
        return conversation, body["id"]

    async def control(self, method, path, body=None, *, expected=200):
        headers = {"Authorization": f"Bearer {self.state.control_token}"}
        async with self.session.request(
            method, self.state.urls["control"] + path, json=body, headers=headers
        ) as response:
            assert response.status == expected, await response.text()
            return await response.json()

    async def chat(self, name):
        """The messages that a person sees."""
        return (await self.control("GET", f"/control/as/{name}/chat"))["messages"]


def open_state(folder, clock):
    return TwinState.open(folder, 100, 1, real_now=clock)


@asynccontextmanager
async def teams(folder):
    """A running tenant with a registered bot."""
    clock, bot = Clock(), Bot()
    state = open_state(folder, clock)
    tls = make_tls(state.folder)
    runners = await start(state, SERVICES, tls)
    app = web.Application()
    app.router.add_post("/api/messages", bot.messages)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    runners.append(runner)
    context = ssl.create_default_context(cafile=str(tls.ca_file))
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/messages"
            world = Teams(state, session, bot, clock, url)
            await world.control("POST", "/control/bot", {"messages_url": url})
            yield world
    finally:
        for each in reversed(runners):
            await each.cleanup()
