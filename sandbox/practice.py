"""The practice routes on Steward's own server: the web client, and calls to play any person and to move time.

They stand only in practice mode and only for this machine: the peer must be loopback, the Host header
must name a loopback address (against DNS rebinding), and a request that a foreign page sent is refused.
Everything is asked of the practice process through its control endpoints.
"""

import asyncio
import contextlib
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp import web

from bot.commands import COMMANDS
from cards.text import catalog_of
from sandbox.breaking import Breaking, House

CLIENT = Path(__file__).with_name("client")

#: The only files of the npm packages that are served.
VENDOR = {
    "adaptivecards.js": CLIENT / "node_modules/adaptivecards/dist/adaptivecards.min.js",
    "markdown-it.js": CLIENT / "node_modules/markdown-it/dist/markdown-it.min.js",
}
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}

#: Nothing inline, nothing from elsewhere. Cards may hold pictures as data.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: An e-mail may style itself and do nothing else.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups; frame-ancestors 'self'"
)

#: Longest wait for the control endpoints; an invoke may take Teams' 15 seconds.
CONTROL_SECONDS = 60.0

#: What the running Steward does for a route; what it says goes to the caller.
Work = Callable[[], Awaitable[dict[str, object]]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Practice(Protocol):
    """A running practice tenant (sandbox/launch.py)."""

    control_url: str
    ca_file: str
    token: str


def add_routes(
    app: web.Application, practice: Practice, next_day: Work, look: Work, house: House | None = None
) -> None:
    """Mount the practice routes of `practice` on `app`.

    `next_day` runs the daily scan and the deliveries after the clock has moved, and returns the run's summary;
    `look` asks Graph what has changed, as it is asked between two scans, and returns what that led to;
    `house` is what can be broken in the running Steward.
    """
    control = Control(practice)
    routes = _Routes(control, next_day, look)
    if house is not None:
        breaking = Breaking(control, house, next_day)
        app.router.add_get("/practice/break", _guarded(breaking.show))
        app.router.add_post("/practice/break", _guarded(breaking.order))
        app.router.add_post("/practice/break/audit", _guarded(breaking.audit))
    app.cleanup_ctx.append(routes.running)
    app.on_shutdown.append(routes.stop)
    for method, path, handler in (
        ("GET", "/", routes.page),
        ("GET", "/practice/client/{file:.+}", routes.client_file),
        ("GET", "/practice/vendor/{file}", routes.vendor_file),
        ("GET", "/practice/people", routes.passed_on),
        ("GET", "/practice/mail", routes.passed_on),
        ("GET", "/practice/mail/{id}", routes.mail_body),
        ("GET", "/practice/truth", routes.passed_on),
        ("GET", "/practice/entra", routes.passed_on),
        ("POST", "/practice/entra/renew", routes.passed_on),
        ("GET", "/practice/archive", routes.passed_on),
        ("GET", "/practice/story", routes.passed_on),
        ("GET", "/practice/happened", routes.passed_on),
        ("GET", "/practice/commands", routes.commands),
        ("GET", "/practice/events", routes.events),
        ("GET", "/practice/as/{name}/chat", routes.passed_on),
        ("POST", "/practice/as/{name}/open", routes.passed_on),
        ("POST", "/practice/as/{name}/message", routes.passed_on),
        ("POST", "/practice/as/{name}/invoke", routes.passed_on),
        ("POST", "/practice/as/{name}/submit", routes.passed_on),
        ("POST", "/practice/next-day", routes.next_day),
        ("POST", "/practice/look", routes.look),
    ):
        app.router.add_route(method, path, _guarded(handler))


# ---------------------------------------------------------------- who may


def _guarded(handler: Handler) -> Handler:
    """Let only this machine's own page and its own programs through; errors become JSON."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        refusal = _refusal(request)
        if refusal:
            return _error(403, "Forbidden", refusal)
        try:
            return await handler(request)
        except ControlError as error:
            return web.Response(status=error.status, body=error.body, content_type="application/json")
        except (aiohttp.ClientError, TimeoutError) as error:
            return _error(502, "PracticeTenantAway", f"The practice tenant does not answer: {error}")

    return guarded


def _refusal(request: web.Request) -> str:
    """Why a request is refused, '' if it is not."""
    if not _is_loopback(request.remote or ""):
        return "The practice routes answer this machine only."
    host = urlsplit(f"//{request.host}").hostname or ""
    if host != "localhost" and not _is_loopback(host):
        return "The Host header must name this machine."
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        return "Requests from other pages are refused."
    if request.method != "GET" and request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return "Requests from other pages are refused."
    return ""


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def _error(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


# ---------------------------------------------------------------- the control endpoints


class ControlError(Exception):
    """The practice process refused; its JSON goes on to the caller."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"control answered {status}")
        self.status = status
        self.body = body


class Control:
    """The control endpoints, over TLS with the practice tenant's own authority."""

    def __init__(self, practice: Practice) -> None:
        self._practice = practice
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        context = ssl.create_default_context(cafile=self._practice.ca_file)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context),
            headers={"Authorization": f"Bearer {self._practice.token}"},
            timeout=aiohttp.ClientTimeout(total=CONTROL_SECONDS),
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def call(self, method: str, path: str, data: bytes | None = None) -> bytes:
        """The body of an answer. Raises ControlError, aiohttp.ClientError, TimeoutError."""
        if self._session is None:
            raise ControlError(503, b"{}")
        headers = {"Content-Type": "application/json"} if data else {}
        async with self._session.request(
            method, self._practice.control_url + path, data=data, headers=headers
        ) as response:
            body = await response.read()
            if response.status >= 400:
                raise ControlError(response.status, body)
            return body

    async def json(self, method: str, path: str, data: object = None) -> Any:
        return json.loads(await self.call(method, path, None if data is None else json.dumps(data).encode()))


# ---------------------------------------------------------------- routes


class _Routes:
    """The handlers, with what they share."""

    def __init__(self, control: Control, next_day: Work, look: Work) -> None:
        self._control = control
        self._next_day = next_day
        self._look = look
        self._moving = asyncio.Lock()
        self._listeners: set[asyncio.Task[Any]] = set()

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        await self._control.open()
        yield
        await self._control.close()

    async def stop(self, _app: web.Application) -> None:
        """End the open event streams, which would hold up the server's end."""
        for listener in tuple(self._listeners):
            listener.cancel()

    # -- the client

    async def page(self, _request: web.Request) -> web.StreamResponse:
        if not all(path.is_file() for path in VENDOR.values()):
            return web.Response(
                status=503,
                text="The web client's packages are missing: run `npm ci` in sandbox/client, or `make run`.\n",
            )
        return _file(CLIENT / "index.html")

    async def client_file(self, request: web.Request) -> web.StreamResponse:
        path = (CLIENT / request.match_info["file"]).resolve()
        inside = path.is_relative_to(CLIENT) and "node_modules" not in path.parts
        if not inside or path.suffix not in TYPES or not path.is_file():
            return _error(404, "NotFound", "There is no such file.")
        return _file(path)

    async def vendor_file(self, request: web.Request) -> web.StreamResponse:
        path = VENDOR.get(request.match_info["file"])
        return _file(path) if path is not None and path.is_file() else _error(404, "NotFound", "There is no such file.")

    async def commands(self, _request: web.Request) -> web.Response:
        """The command table, for suggestions in the message box."""
        english = catalog_of("en")
        listed = [
            {"usage": command.usage, "says": english.plain(command.sentence, {}), "admin": command.help().admin_only}
            for command in COMMANDS
        ]
        return web.json_response({"commands": listed})

    # -- what the practice process answers

    async def passed_on(self, request: web.Request) -> web.Response:
        """The same call to the control endpoints, and its answer."""
        path = "/control" + quote(request.path.removeprefix("/practice"), safe="/@._~-")
        if request.query_string:
            path += "?" + request.rel_url.raw_query_string
        data = await request.read() if request.method == "POST" else None
        body = await self._control.call(request.method, path, data)
        return web.Response(body=body, content_type="application/json")

    async def mail_body(self, request: web.Request) -> web.Response:
        """One e-mail's own HTML, as a page that can do nothing."""
        mails = await self._control.json("GET", "/control/mail")
        found = next((each for each in mails["mail"] if each["id"] == request.match_info["id"]), None)
        if found is None:
            return _error(404, "NotFound", "There is no such e-mail.")
        headers = {"Content-Security-Policy": MAIL_POLICY, "X-Content-Type-Options": "nosniff"}
        if found["html"]:
            return web.Response(text=found["html"], content_type="text/html", headers=headers)
        return web.Response(text=found["text"], content_type="text/plain", headers=headers)

    async def next_day(self, _request: web.Request) -> web.Response:
        """The clock moves on by a day, then the daily scan runs and its messages go out."""
        if self._moving.locked():
            return _error(409, "Busy", "The next day has just begun.")
        async with self._moving:
            moved = await self._control.json("POST", "/control/advance", {"days": 1})
            run = await self._next_day()
        return web.json_response({"date": moved["now"], **run, "moment": moved["moment"]})

    async def look(self, _request: web.Request) -> web.Response:
        """Steward asks Graph now what has changed, not only when it is time to."""
        return web.json_response(await self._look())

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: one whenever a chat or the log of requests changed."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        task = asyncio.current_task()
        if task is not None:
            self._listeners.add(task)
        try:
            with contextlib.suppress(asyncio.CancelledError, ConnectionResetError):
                await self._pulses(response)
        finally:
            if task is not None:
                self._listeners.discard(task)
        return response

    async def _pulses(self, response: web.StreamResponse) -> None:
        known = {"revision": "", "mark": ""}
        while True:
            try:
                known = await self._control.json(
                    "GET", f"/control/pulse?revision={known['revision']}&mark={known['mark']}"
                )
            except (ControlError, aiohttp.ClientError, TimeoutError):
                # The practice process is away for a moment, or for good: the page shows a stale clock meanwhile.
                await response.write(b": away\n\n")
                await asyncio.sleep(2.0)
                continue
            await response.write(b"data: " + json.dumps(known).encode() + b"\n\n")


def _file(path: Path) -> web.Response:
    """A file of the client; small enough to be read at once."""
    return web.Response(
        body=path.read_bytes(),
        content_type=TYPES[path.suffix],
        charset="utf-8",
        headers={
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        },
    )
