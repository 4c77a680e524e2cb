"""Steward's bot around a small core of its own: what the tests of the edge and of the handler stand on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import aiohttp
from aiohttp import web

from alerts.model import Action, Conversation, Person, Role
from alerts.sending import Sending
from alerts.views import AppListView, HelpView, ListKind, Sentence, View
from bot.adapter import Adapter
from bot.background import Background
from bot.connector import Brakes, Connector
from bot.contacts import Contacts
from bot.drawing import Drawing
from bot.edge import Edge
from bot.flood import Budget
from bot.handler import Bot
from bot.hosts import ServiceHosts
from bot.pace import Pace
from bot.pages import Pages, Readiness, make_runner, make_web_app
from bot.replies import Replies
from bot.tokens import KeyRing, TokenValidator
from bot.wire import Wire
from cards.render import Words
from tests.bot.channel import ADA, APP_ID, ISSUER, TENANT, Authority, Channel

NOW = datetime(2026, 12, 3, 8, 0, tzinfo=UTC)


class Conversations:
    """A store that knows conversations only."""

    def __init__(self) -> None:
        self.rows: dict[str, Conversation] = {}
        self.persons: dict[str, Person] = {}
        self.saves = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Conversations"]:
        yield self

    reading = transaction

    async def conversations(self, person_ids: list[str]) -> dict[str, Conversation]:
        return {person: self.rows[person] for person in person_ids if person in self.rows}

    async def people(self, ids: list[str]) -> dict[str, Person]:
        return {person: self.persons[person] for person in ids if person in self.persons}

    async def save_conversations(self, conversations: list[Conversation]) -> None:
        self.saves += len(conversations)
        self.rows.update({each.person_id: each for each in conversations})


class Desk:
    """Notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.greeted: set[str] = set()

    def note(self, *asked: Any) -> View:
        self.asked.append(asked)
        return Sentence(key="scan_started")

    async def role_of(self, person_id: str) -> Role:
        return Role.ADMIN if person_id == ADA else Role.MEMBER

    async def status(self, person_id: str) -> View:
        return self.note("status", person_id)

    async def expiring(self, person_id: str, days: int, page: int) -> View:
        return self.note("expiring", person_id, days, page)

    async def ownerless(self, person_id: str, page: int) -> View:
        return self.note("ownerless", person_id, page)

    async def my_apps(self, person_id: str, page: int) -> View:
        self.note("my_apps", person_id, page)
        return AppListView(kind=ListKind.MY_APPS, lines=(), total=0, now=NOW, time_zone="UTC")

    async def app_status(self, person_id: str, query: str, *, asked: str = "") -> View:
        return self.note("app_status", person_id, query, *([asked] if asked else []))

    async def expired(self, person_id: str, days: int, page: int) -> View:
        return self.note("expired", person_id, days, page)

    async def unreachable(self, person_id: str, page: int) -> View:
        return self.note("unreachable", person_id, page)

    async def nominations(self, person_id: str, page: int) -> View:
        return self.note("nominations", person_id, page)

    async def snoozed(self, person_id: str, page: int) -> View:
        return self.note("snoozed", person_id, page)

    async def retired(self, person_id: str, page: int) -> View:
        return self.note("retired", person_id, page)

    async def excluded(self, person_id: str, page: int) -> View:
        return self.note("excluded", person_id, page)

    async def last_scan(self, person_id: str) -> View:
        return self.note("last_scan", person_id)

    async def why(self, person_id: str) -> View:
        return self.note("why", person_id)

    async def exclude(self, person_id: str, query: str, until: date, reason: str) -> View:
        return self.note("exclude", person_id, query, until.isoformat(), reason)

    async def include(self, person_id: str, query: str) -> View:
        return self.note("include", person_id, query)

    async def unsnooze(self, person_id: str, query: str) -> View:
        return self.note("unsnooze", person_id, query)

    async def history(self, person_id: str, query: str) -> View:
        return self.note("history", person_id, query)

    async def snooze(self, person_id: str, query: str, days: int) -> View:
        return self.note("snooze", person_id, query, days)

    async def assign(self, person_id: str, query: str, person_text: str) -> View:
        return self.note("assign", person_id, query, person_text)

    async def scan(self, person_id: str) -> View:
        return self.note("scan", person_id)

    @property
    def sending(self) -> "Desk":
        return self

    async def go(self, person_id: str, whom: Sending) -> View:
        return self.note("go", person_id, whom)

    async def pause(self, person_id: str, hours: int | None, reason: str) -> View:
        return self.note("pause", person_id, hours, reason)

    async def resume(self, person_id: str) -> View:
        return self.note("resume", person_id)

    async def preview(self, person_id: str, page: int) -> View:
        return self.note("preview", person_id, page)

    async def recall(self, person_id: str, text: str) -> View:
        return self.note("recall", person_id, text)

    async def greet(self, person_id: str) -> View | None:
        if person_id in self.greeted:
            return None
        self.greeted.add(person_id)
        return HelpView(commands=(), greeting=True)


class Actions:
    """Answers every action with `view`; notes the actions."""

    def __init__(self) -> None:
        self.performed: list[Action] = []
        self.view: View = Sentence(key="refused")
        self.error: Exception | None = None
        #: When set, `perform` waits for it.
        self.gate: asyncio.Event | None = None

    async def perform(self, action: Action) -> View:
        self.performed.append(action)
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.view


class FixedToken:
    """A token source that never fails; notes when a new one is forced."""

    def __init__(self) -> None:
        self.value = "token-1"
        self.forced = 0

    async def token(self, *, force: bool = False) -> str:
        if force:
            self.forced += 1
            self.value = f"token-{self.forced + 1}"
        return self.value


@dataclass(kw_only=True)
class House:
    """A running bot, and what stands around it."""

    channel: Channel
    desk: Desk
    actions: Actions
    store: Conversations
    background: Background
    wire: Wire
    keys: KeyRing
    clock: list[float]
    url: str = ""
    client: aiohttp.ClientSession = field(init=False)
    ready: Readiness = field(default_factory=lambda: Readiness(ready=True))

    async def post(self, activity: Any, token: str | None = None, **headers: str) -> tuple[int, Any]:
        """Post an activity as the channel does; (status, body)."""
        body = activity if isinstance(activity, bytes) else aiohttp.JsonPayload(activity)
        all_headers = {"Content-Type": "application/json", **headers}
        if "Authorization" not in headers and token != "":
            all_headers["Authorization"] = f"Bearer {token or self.channel.token()}"
        all_headers = {name: value for name, value in all_headers.items() if value}
        async with self.client.post(f"{self.url}/api/messages", data=body, headers=all_headers) as response:
            text = await response.text()
            answer = await response.json() if response.content_type == "application/json" else text
            return response.status, answer

    async def settle(self) -> None:
        """Let work in the background end."""
        await self.background.drain(5)

    def said(self) -> list[dict[str, Any]]:
        """What was posted to chats, oldest first."""
        return [request.json() for request in self.channel.calls("POST")]

    def texts(self) -> list[str]:
        return [activity.get("text", "") for activity in self.said()]


@asynccontextmanager
async def house(authority: Authority, **options: Any) -> AsyncIterator[House]:
    """A bot on loopback with its channel; `options` go to `build`."""
    async with Channel().running(authority) as channel:
        built, runner = await build(authority, channel, **options)  # type: ignore[arg-type]
        async with aiohttp.ClientSession(auto_decompress=False) as client:
            built.client = client
            try:
                yield built
            finally:
                await built.background.drain(1)
                await runner.cleanup()
                await built.wire.close()


async def build(
    authority: Authority,
    channel: Channel,
    *,
    unauthenticated: bool = False,
    invoke_patience: float = 2.5,
    metrics_token: str = "",
    per_minute: int = 1000,
    body_timeout: float = 5.0,
    core: Any = None,
    receipts: Any = None,
) -> tuple[House, web.AppRunner]:
    wire = Wire(ca_file=authority.ca_file)
    clock = [0.0]
    keys = KeyRing(wire, channel.metadata_url, monotonic=lambda: clock[0])
    hosts = ServiceHosts([], service_url=channel.service_url, plain_loopback=unauthenticated)
    background, desk, actions, store = Background(), Desk(), Actions(), Conversations()
    if core is not None:
        # The real core in place of the small one: tests.alerts.world.World.
        desk, actions, store = core.desk, core.actions, core.store
    connector = Connector(
        wire=wire,
        tokens=FixedToken(),
        hosts=hosts,
        brakes=Brakes(pace=Pace(10_000)),
        bot_id=f"28:{APP_ID}",
        tenant_id=TENANT,
    )
    drawing = Drawing(lambda locale: Words())
    edge = Edge(
        TokenValidator(keys, app_id=APP_ID, issuer=ISSUER),
        hosts,
        tenant_id=TENANT,
        unauthenticated_loopback=unauthenticated,
        body_timeout=body_timeout,
    )
    bot = Bot(
        desk=desk,
        actions=actions,
        contacts=Contacts(store),  # type: ignore[arg-type]
        replies=Replies(connector, drawing),
        drawing=drawing,
        receipts=receipts,
        background=background,
        budget=Budget(per_minute=per_minute),
        invoke_patience=invoke_patience,
    )
    built = House(
        channel=channel,
        desk=desk,
        actions=actions,
        store=store,
        background=background,
        wire=wire,
        keys=keys,
        clock=clock,
    )

    async def readiness() -> Readiness:
        return built.ready

    adapter = Adapter(edge=edge, connector=connector, background=background, app_id=APP_ID)
    runner = make_runner(
        make_web_app(Pages(adapter=adapter, bot=bot, readiness=readiness, metrics_token=metrics_token))
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    built.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    return built, runner
