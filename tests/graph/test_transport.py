"""The wire itself: limits on every answer, encodings, trust, and which failures may have reached Graph."""

import base64
import gzip
import ssl

import httpx
import pytest

from alerts.errors import GraphError
from graph.client import NO_ANSWER, TOO_LARGE, GraphClient
from graph.gate import Gate
from graph.reader import MOST_PAGES, GraphReader
from graph.transport import AiohttpTransport, _proxy_for
from graph.wire import decode_page
from tests.graph.scripted import Answer, Bench, identity, page

THINGS = "/things"


def small_client(bench: Bench, largest_body: int = 100_000) -> GraphClient:
    gate = Gate(sleep=bench.time.sleep, monotonic=bench.time.monotonic)
    return GraphClient(identity(bench.graph), gate=gate, largest_body=largest_body)


async def test_a_compressed_page_is_read_like_any_other(bench: Bench) -> None:
    body = gzip.compress(page(*range(500)).payload)
    bench.graph.script = {THINGS: [Answer(body=body, headers={"Content-Encoding": "gzip"})]}
    reader = bench.reader()

    assert len((await reader.call(reader.get(THINGS), decode_page)).value) == 500
    assert "gzip" in bench.graph.asked[0].headers["Accept-Encoding"]


@pytest.mark.parametrize("compressed", [False, True])
async def test_an_answer_that_would_fill_the_memory_is_refused_and_not_asked_for_again(
    bench: Bench, compressed: bool
) -> None:
    body, headers = b" " * 2_000_000, {}
    if compressed:
        body, headers = gzip.compress(body), {"Content-Encoding": "gzip"}
    bench.graph.script = {THINGS: [Answer(body=body, headers=headers)]}
    client = small_client(bench)
    reader = GraphReader(client)

    with pytest.raises(GraphError, match="more than 100000 bytes") as caught:
        await reader.call(reader.get(THINGS), decode_page)

    assert (caught.value.code, reader.usage.requests) == (TOO_LARGE, 1)
    # The connection is of no more use; the next request has its own.
    bench.graph.script = {THINGS: [page(1)]}
    assert len((await reader.call(reader.get(THINGS), decode_page)).value) == 1
    await client.close()


async def test_a_listing_without_end_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.reader.MOST_PAGES", 30)
    assert MOST_PAGES * 999 > 1_000_000
    bench.graph.script = {
        **{f"/things?page={n}!": [page(n, following=bench.graph.link(f"/things?page={n + 1}!"))] for n in range(40)},
        THINGS: [page(0, following=bench.graph.link("/things?page=1!"))],
    }
    reader = bench.reader()

    with pytest.raises(GraphError) as caught:
        async for _ in reader.pages(lambda: reader.get(THINGS), cost=1):
            pass

    assert (caught.value.code, len(bench.graph.asked)) == ("tooManyPages", 30)


async def test_a_server_that_cannot_prove_who_it_is_gets_no_request(bench: Bench) -> None:
    transport = AiohttpTransport("127.0.0.1", ssl.create_default_context(), timeout=5, longest=5)

    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        await transport.handle_async_request(httpx.Request("GET", bench.graph.link(THINGS)))

    assert bench.graph.asked == []
    await transport.aclose()


async def test_a_silent_server_is_known_as_perhaps_arrived(bench: Bench) -> None:
    bench.graph.script = {THINGS: [Answer(body=page(*range(100)).body, cut=True)]}

    with pytest.raises(GraphError) as caught:
        await bench.client.send(bench.reader().get(THINGS))

    assert caught.value.code == NO_ANSWER


@pytest.mark.parametrize(
    ("environment", "proxy", "opener"),
    [
        ({"HTTPS_PROXY": "http://proxy:3128"}, "http://proxy:3128", None),
        ({"HTTPS_PROXY": "proxy:3128"}, "http://proxy:3128", None),
        ({"ALL_PROXY": "http://proxy:3128"}, "http://proxy:3128", None),
        ({"HTTPS_PROXY": "http://me:p%40ss@proxy:3128"}, "http://proxy:3128", "me:p@ss"),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".microsoft.com"}, None, None),
        ({"HTTP_PROXY": "http://proxy:3128"}, None, None),
    ],
    ids=str,
)
def test_the_environment_says_which_proxy(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], proxy: str | None, opener: str | None
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    address, headers = _proxy_for("graph.microsoft.com")

    assert address == proxy
    said = headers["Proxy-Authorization"].removeprefix("Basic ") if headers else None
    assert (base64.b64decode(said).decode() if said else None) == opener
