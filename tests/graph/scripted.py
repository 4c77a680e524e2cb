"""A scripted Graph on loopback over TLS: answers in order what a test lays down, and keeps what was asked."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import trustme
from aiohttp import web
from multidict import CIMultiDict

from graph.client import GraphClient, Identity
from graph.gate import SCAN, Gate, RetryPolicy
from graph.reader import GraphReader


@dataclass(kw_only=True)
class Answer:
    """One HTTP answer; `cut` closes the connection in the middle of the body."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    @property
    def payload(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def page(*items: Any, following: str | None = None, **headers: str) -> Answer:
    body: dict[str, Any] = {"value": list(items)}
    if following:
        body["@odata.nextLink"] = following
    return Answer(body=body, headers=headers)


def error(status: int, code: str = "", message: str = "", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(body={"error": {"code": code, "message": message}}, status=status, headers=named)


@dataclass(kw_only=True)
class Asked:
    method: str
    #: Path and query, decoded, without /v1.0; that of the beta with /beta.
    path: str
    headers: CIMultiDict[str]
    body: Any


@dataclass(kw_only=True)
class ScriptedGraph:
    """Paths (decoded, the first that begins so) to answers; the last answer of a path repeats."""

    url: str = ""
    ca_file: str = ""
    script: dict[str, list[Answer]] = field(default_factory=dict)
    #: Answers a part of a $batch by its decoded url; None leaves it to the script.
    part: Callable[[str], Answer | None] = lambda _: None
    asked: list[Asked] = field(default_factory=list)
    #: Collection -> what its $count says, one after the other, the last repeats; without one it is refused.
    counts: dict[str, list[int]] = field(default_factory=dict)
    #: Requests for a $count, which are not among `asked`.
    counted: list[Asked] = field(default_factory=list)
    tokens: int = 0
    #: What the token endpoint was sent.
    forms: list[dict[str, str]] = field(default_factory=list)
    #: Only tokens from this number on are good.
    good_from: int = 0
    #: Entra's error body in place of a token.
    token_refusal: dict[str, str] = field(default_factory=dict)

    def link(self, path: str) -> str:
        return f"{self.url}/v1.0{path}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def answer(self, path: str) -> Answer:
        for prefix, answers in self.script.items():
            if path.startswith(prefix):
                return answers.pop(0) if len(answers) > 1 else answers[0]
        return error(404, "Request_ResourceNotFound", f"nothing at {path}")

    async def token(self, request: web.Request) -> web.Response:
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        if self.token_refusal:
            return web.json_response(self.token_refusal, status=401)
        self.tokens += 1
        return web.json_response({"access_token": f"token-{self.tokens}", "expires_in": 3600, "token_type": "Bearer"})

    async def graph(self, request: web.Request) -> web.StreamResponse:
        path = unquote(request.raw_path.removeprefix("/v1.0"))
        body: Any = None
        if request.can_read_body:
            body = await (request.read() if request.content_type == "text/plain" else request.json())
        asked = Asked(method=request.method, path=path, headers=CIMultiDict(request.headers), body=body)
        if "/$count" in path.partition("?")[0]:
            self.counted.append(asked)
            return await self._write(request, self._count(path))
        self.asked.append(asked)
        number = int(request.headers.get("Authorization", "Bearer token-0").rpartition("-")[2])
        if not number or number < self.good_from:
            return await self._write(request, error(401, "InvalidAuthenticationToken", "Access token has expired."))
        if path == "/$batch":
            return await self._write(request, self._batch(body["requests"]))
        return await self._write(request, self.answer(path))

    def _count(self, path: str) -> Answer:
        counts = self.counts.get(path.split("/")[1], [])
        if not counts:
            return error(400, "Request_BadRequest", "no number was laid down")
        return Answer(body=b"\xef\xbb\xbf%d" % (counts.pop(0) if len(counts) > 1 else counts[0]))

    def _batch(self, parts: list[dict[str, Any]]) -> Answer:
        if len(parts) > 20:
            return error(400, "BadRequest", "more than 20 parts")
        responses = []
        for part in reversed(parts):  # Graph answers in any order
            url = unquote(part["url"])
            answer = self.part(url) or self.answer(url)
            responses.append(
                {"id": part["id"], "status": answer.status, "headers": answer.headers, "body": answer.body}
            )
        return Answer(body={"responses": responses})

    async def _write(self, request: web.Request, answer: Answer) -> web.StreamResponse:
        if not answer.cut:
            return web.Response(
                body=answer.payload, status=answer.status, headers=answer.headers, content_type="application/json"
            )
        response = web.StreamResponse(status=answer.status, headers={"Content-Length": str(len(answer.payload))})
        await response.prepare(request)
        await response.write(answer.payload[: len(answer.payload) // 2])
        assert request.transport is not None
        request.transport.abort()
        return response


class FakeTime:
    """A monotonic clock that sleeping moves, so that waits cost nothing and can be looked at."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@asynccontextmanager
async def scripted_graph(folder: Path) -> AsyncIterator[ScriptedGraph]:
    graph = ScriptedGraph(ca_file=str(folder / "ca.pem"))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(graph.ca_file)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/{tenant}/oauth2/v2.0/token", graph.token)
    app.router.add_route("*", "/{version:v1.0|beta}/{rest:.*}", graph.graph)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    graph.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield graph
    finally:
        await runner.cleanup()
        # TLS connections take some turns of the loop to say goodbye.
        await asyncio.sleep(0.02)


def identity(graph: ScriptedGraph) -> Identity:
    return Identity(
        tenant_id="11111111-1111-1111-1111-111111111111",
        client_id="22222222-2222-2222-2222-222222222222",
        client_secret="a secret of the tests",
        authority_host=graph.url,
        endpoint=graph.url,
        ca_file=graph.ca_file,
    )


@dataclass(kw_only=True)
class Bench:
    """Graph, a client of it, and the time that passes for its retries."""

    graph: ScriptedGraph
    client: GraphClient
    time: FakeTime

    def reader(self, policy: RetryPolicy = SCAN) -> GraphReader:
        return GraphReader(self.client, policy=policy)


@asynccontextmanager
async def graph_bench(folder: Path) -> AsyncIterator[Bench]:
    time = FakeTime()
    async with scripted_graph(folder) as graph:
        client = GraphClient(identity(graph), gate=Gate(sleep=time.sleep, monotonic=time.monotonic))
        try:
            yield Bench(graph=graph, client=client, time=time)
        finally:
            await client.close()
