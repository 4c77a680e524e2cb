"""The bot's HTTP surface: messages, probes and metrics, on a server hardened for the open internet."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from botbuilder.core import Bot
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from bot.adapter import Adapter
from bot.edge import MAX_BODY_BYTES, is_loopback

#: Keyword arguments for web.AppRunner. aiohttp's own defaults inflate compressed bodies before anybody can
#: refuse them, wait ten seconds for the rest of refused ones, and keep idle connections for an hour.
SERVER_LIMITS: dict[str, Any] = {"keepalive_timeout": 30, "lingering_time": 0, "auto_decompress": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """What /readyz says; sentences without names of people or apps."""

    #: False only when the database or the schedule fails; then the bot is taken out of service.
    ready: bool
    problems: tuple[str, ...] = ()
    #: Numbers of the promises (docs/promises.md) that these problems break.
    broken_promises: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pages:
    """What the application is made of.

    Attributes:
        readiness: asked by /readyz.
        metrics_token: bearer token that /metrics wants from callers off loopback; '' refuses them.
        mount: adds more routes (the practice tenant's); None adds none, and / is then 404.
        registry: what /metrics shows.
        before_metrics: brings it up to date; None nothing does.
    """

    adapter: Adapter
    bot: Bot
    readiness: Callable[[], Awaitable[Readiness]]
    metrics_token: str = ""
    mount: Callable[[web.Application], None] | None = None
    registry: CollectorRegistry = REGISTRY
    before_metrics: Callable[[], Awaitable[None]] | None = None


def make_web_app(pages: Pages) -> web.Application:
    """The application; serve it with `make_runner`."""
    app = web.Application(client_max_size=MAX_BODY_BYTES)

    async def messages(request: web.Request) -> web.Response:
        return await pages.adapter.process(request, pages.bot)

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "serving"})

    async def readyz(_: web.Request) -> web.Response:
        state = await pages.readiness()
        body = {
            "ready": state.ready,
            "problems": list(state.problems),
            "broken_promises": list(state.broken_promises),
        }
        return web.json_response(body, status=200 if state.ready else 503)

    async def metrics(request: web.Request) -> web.Response:
        if not _may_read_metrics(request, pages.metrics_token):
            return web.Response(status=401 if pages.metrics_token else 403)
        if pages.before_metrics is not None:
            await pages.before_metrics()
        return web.Response(body=generate_latest(pages.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_post("/api/messages", messages)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    if pages.mount is not None:
        pages.mount(app)
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """A runner with the hardened limits; signals are the caller's."""
    return web.AppRunner(app, handle_signals=False, **SERVER_LIMITS)


def _may_read_metrics(request: web.Request, token: str) -> bool:
    given = request.headers.get("Authorization", "")
    if token and hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    # Behind a proxy on the same machine every caller looks local.
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return is_loopback(request.remote) and not forwarded
