"""The reader against a Graph that throttles, breaks off, forgets page tokens and sends one elsewhere."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from alerts.errors import GraphError
from graph.client import NO_ANSWER, NOT_SENT, GraphClient
from graph.gate import INTERACTIVE, ONCE, Gate, retry_after
from graph.reader import GraphReader, Pace, Part
from graph.wire import decode_page
from tests.graph.scripted import Answer, Bench, error, identity, page

THINGS = "/things"


async def read_all(reader: GraphReader) -> list[bytes]:
    items: list[bytes] = []
    async for one in reader.pages(lambda: reader.get(THINGS), cost=2):
        items += [bytes(item) for item in one.value]
    return items


async def read_one(reader: GraphReader) -> int:
    return len((await reader.call(reader.get(THINGS), decode_page, cost=2)).value)


async def test_an_empty_page_with_a_next_link_is_not_the_end(bench: Bench) -> None:
    bench.graph.script = {
        "/things?page=3": [page(3)],
        "/things?page=2": [page(following=bench.graph.link("/things?page=3"))],
        THINGS: [page(1, following=bench.graph.link("/things?page=2"))],
    }

    assert await read_all(bench.reader()) == [b"1", b"3"]


async def test_a_next_link_to_another_host_is_refused_and_never_asked(bench: Bench) -> None:
    other = bench.graph.url.replace("127.0.0.1", "localhost")
    bench.graph.script = {THINGS: [page(1, following=f"{other}/v1.0/things?page=2")]}

    with pytest.raises(GraphError) as caught:
        await read_all(bench.reader())

    assert caught.value.code == "foreignNextLink"
    assert bench.graph.paths() == [THINGS]


async def test_another_port_of_the_same_host_is_another_host(bench: Bench) -> None:
    assert bench.client.same_host(bench.graph.url + "/v1.0/x")
    for url in ("https://127.0.0.1/v1.0/x", "http" + bench.graph.url[5:], "https://127.0.0.1:99999/", "/v1.0/x"):
        assert not bench.client.same_host(url)


async def test_a_repeated_next_link_ends_the_listing_with_an_error(bench: Bench) -> None:
    bench.graph.script = {THINGS: [page(1, following=bench.graph.link("/things?page=2"))]}

    with pytest.raises(GraphError) as caught:
        await read_all(bench.reader())

    assert caught.value.code == "repeatedNextLink"
    assert len(bench.graph.asked) == 2


async def test_an_expired_page_token_begins_the_listing_again(bench: Bench) -> None:
    first = page(1, following=bench.graph.link("/things?page=2"))
    bench.graph.script = {
        "/things?page=2": [error(400, "Directory_ExpiredPageToken"), page(2)],
        THINGS: [first],
    }

    assert await read_all(bench.reader()) == [b"1", b"1", b"2"]


async def test_a_page_token_that_always_expires_is_given_up(bench: Bench) -> None:
    bench.graph.script = {
        "/things?page=2": [error(400, "Directory_ExpiredPageToken")],
        THINGS: [page(1, following=bench.graph.link("/things?page=2"))],
    }

    with pytest.raises(GraphError, match="ExpiredPageToken"):
        await read_all(bench.reader())

    assert len(bench.graph.asked) == 6


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), ("2.128", 2.128), ("date", 40.0)], ids=["integer", "decimal", "date"]
)
async def test_retry_after_is_obeyed_in_every_form(bench: Bench, value: str, seconds: float) -> None:
    now = datetime(2031, 5, 1, tzinfo=UTC)
    headers = {"Retry-After": value, "Date": format_datetime(now, usegmt=True)}
    if value == "date":
        headers["Retry-After"] = format_datetime(now + timedelta(seconds=40), usegmt=True)
    refusal = error(429, "TooManyRequests")
    refusal.headers = headers
    bench.graph.script = {THINGS: [refusal, page(1)]}
    reader = bench.reader()

    assert await read_one(reader) == 1
    assert bench.time.slept == [pytest.approx(seconds)]
    assert (reader.usage.requests, reader.usage.throttled) == (2, 1)


@pytest.mark.parametrize("value", ["", "soon", "nan", "inf", "Mon, 99 Foo 2031"])
def test_a_retry_after_that_is_none_counts_as_not_said(value: str) -> None:
    assert retry_after({"Retry-After": value}) is None


async def test_a_retry_after_of_zero_does_not_make_a_busy_loop(bench: Bench) -> None:
    bench.graph.script = {THINGS: [error(429, Retry_After="0"), page(1)]}

    assert await read_one(bench.reader()) == 1
    assert bench.time.slept[0] > 0.5


async def test_parallel_readers_wait_together_at_one_gate(bench: Bench) -> None:
    bench.graph.script = {THINGS: [error(429, Retry_After="30"), page(1)]}
    await bench.reader(ONCE).send(bench.reader().get("/other"))
    first, second = bench.reader(), bench.reader()
    started = bench.time.now

    assert await read_one(first) == 1
    bench.client.gate.close_for(50)
    assert await read_one(second) == 1

    assert bench.time.now - started == pytest.approx(80)
    assert second.usage.requests == 1


async def test_somebody_who_waits_for_an_answer_is_told_at_once_that_graph_is_throttled(bench: Bench) -> None:
    bench.client.gate.close_for(120)

    with pytest.raises(GraphError) as caught:
        await read_one(bench.reader(INTERACTIVE))

    assert caught.value.retry_after == pytest.approx(120)
    assert bench.graph.asked == []


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_server_errors_are_tried_again(bench: Bench, status: int) -> None:
    bench.graph.script = {THINGS: [error(status), error(status), page(1)]}
    reader = bench.reader()

    assert await read_one(reader) == 1
    assert reader.usage.requests == 3
    assert len(bench.time.slept) == 2


async def test_an_error_page_of_a_gateway_is_an_error_like_any_other(bench: Bench) -> None:
    bench.graph.script = {THINGS: [Answer(body=b"<html>502 Bad Gateway</html>", status=502), page(1)]}

    assert await read_one(bench.reader()) == 1


async def test_a_body_that_breaks_off_is_read_again(bench: Bench) -> None:
    whole = page(*range(500))
    cut = Answer(body=whole.body, cut=True)
    truncated = Answer(body=whole.payload[:300])
    bench.graph.script = {THINGS: [cut, truncated, whole]}

    assert await read_one(bench.reader()) == 500


async def test_the_last_failure_is_raised_when_patience_ends(bench: Bench) -> None:
    bench.graph.script = {THINGS: [error(503, "ServiceUnavailable", "come back")]}
    reader = bench.reader()

    with pytest.raises(GraphError, match="ServiceUnavailable: come back") as caught:
        await read_one(reader)

    assert caught.value.status == 503
    assert reader.usage.requests == 8


async def test_a_wait_longer_than_the_policy_is_not_begun(bench: Bench) -> None:
    bench.graph.script = {THINGS: [error(429, Retry_After="3600")]}

    with pytest.raises(GraphError) as caught:
        await read_one(bench.reader())

    assert caught.value.retry_after == 3600
    assert bench.time.slept == []


async def test_a_refusal_is_not_repeated(bench: Bench) -> None:
    bench.graph.script = {THINGS: [error(403, "Authorization_RequestDenied", "Insufficient privileges")]}
    reader = bench.reader()

    with pytest.raises(GraphError) as caught:
        await read_one(reader)

    assert (caught.value.status, caught.value.code) == (403, "Authorization_RequestDenied")
    assert (reader.usage.requests, reader.usage.resource_units) == (1, 0)


async def test_a_token_that_expired_under_way_is_renewed_once(bench: Bench) -> None:
    bench.graph.script = {THINGS: [page(1)]}
    reader = bench.reader()
    assert await read_one(reader) == 1
    bench.graph.good_from = 2

    assert await read_one(reader) == 1
    assert (bench.graph.tokens, reader.usage.requests) == (2, 3)


async def test_ten_parallel_refusals_cost_one_new_token(bench: Bench) -> None:
    bench.graph.script = {THINGS: [page(1)]}
    reader = bench.reader()
    assert await read_one(reader) == 1
    bench.graph.good_from = 2

    assert await asyncio.gather(*(read_one(reader) for _ in range(10))) == [1] * 10
    assert bench.graph.tokens == 2


async def test_a_token_that_is_refused_again_is_an_error(bench: Bench) -> None:
    bench.graph.script = {THINGS: [page(1)]}
    bench.graph.good_from = 99

    with pytest.raises(GraphError) as caught:
        await read_one(bench.reader())

    assert caught.value.status == 401
    assert len(bench.graph.asked) == 2


async def test_a_scan_asks_to_be_throttled_first_and_says_who_it_is(bench: Bench) -> None:
    bench.graph.script = {THINGS: [page(1)]}

    await read_one(bench.reader())

    headers = bench.graph.asked[0].headers
    assert headers["x-ms-throttle-priority"] == "low"
    assert headers["Authorization"] == "Bearer token-1"


async def test_resource_units_are_graphs_own_or_the_documented_cost(bench: Bench) -> None:
    answer = page(1)
    answer.headers["x-ms-resource-unit"] = "5"
    bench.graph.script = {THINGS: [answer, page(1)]}
    reader = bench.reader()

    await read_one(reader)
    assert reader.usage.resource_units == 5
    await read_one(reader)
    assert reader.usage.resource_units == 7


async def test_only_throttled_parts_of_a_batch_are_posted_again(bench: Bench) -> None:
    refused = {"/things/3": 2, "/things/17": 1}

    def part(url: str) -> Answer | None:
        if refused.get(url, 0):
            refused[url] -= 1
            return error(429, "TooManyRequests", Retry_After="4")
        return None

    bench.graph.part = part
    bench.graph.script = {f"/things/{number}": [page(number)] for number in reversed(range(45))}
    reader = bench.reader()

    answers = await reader.batch([Part(path=f"/things/{number}", cost=1) for number in range(45)])

    assert [bytes(decode_page(answer.body).value[0]) for answer in answers] == [b"%d" % n for n in range(45)]
    posted = sorted(len(asked.body["requests"]) for asked in bench.graph.asked)
    assert posted == [1, 2, 5, 20, 20]
    assert (reader.usage.requests, reader.usage.throttled, reader.usage.resource_units) == (5, 3, 45)
    assert bench.time.slept == [4, 4]


async def test_a_refused_part_is_the_callers_affair(bench: Bench) -> None:
    bench.graph.script = {"/things/1": [page(1)]}

    answers = await bench.reader().batch([Part(path="/things/1"), Part(path="/gone")])

    assert [answer.status for answer in answers] == [200, 404]


async def test_a_part_that_keeps_failing_fails_the_batch(bench: Bench) -> None:
    bench.graph.script = {"/things": [error(503, "ServiceUnavailable")]}

    with pytest.raises(GraphError, match="ServiceUnavailable"):
        await bench.reader().batch([Part(path="/things")])


async def test_requests_that_select_key_credentials_keep_below_150_a_minute(bench: Bench) -> None:
    for _ in range(280):
        await bench.client.gate.wait_for_turn()

    assert bench.time.now - 1000 == pytest.approx(61)


async def test_turns_that_are_reserved_are_not_taken_by_others(bench: Bench) -> None:
    gate = bench.client.gate
    gate.reserve(100)
    for _ in range(40):
        await gate.wait_for_turn()
    waiting = asyncio.create_task(gate.wait_for_turn())
    for _ in range(100):
        await gate.wait_for_turn(reserved=True)

    assert bench.time.slept == []
    await waiting
    assert bench.time.now - 1000 == pytest.approx(61)


async def test_reserved_turns_never_shut_out_the_others(bench: Bench) -> None:
    bench.client.gate.reserve(1000)

    for _ in range(20):
        await bench.client.gate.wait_for_turn()

    assert bench.time.slept == []


async def test_somebody_who_waits_for_an_answer_takes_a_turn_at_once(bench: Bench) -> None:
    bench.graph.script = {THINGS: [page(1)]}
    await bench.client.gate.wait_for_turn(140)
    reader = bench.reader(INTERACTIVE)

    await reader.call(reader.get(THINGS), decode_page, pace=Pace(dear=1))

    assert bench.time.slept == []


async def test_every_part_of_a_batch_takes_its_own_turn(bench: Bench) -> None:
    bench.graph.script = {THINGS: [page(1)]}

    await bench.reader().batch([Part(path=THINGS)] * 150, Pace(dear=1))

    assert bench.time.now - 1000 == pytest.approx(61)


async def test_a_server_that_is_not_there_is_known_as_nothing_sent(bench: Bench) -> None:
    who = identity(bench.graph)
    client = GraphClient(who, gate=Gate(sleep=bench.time.sleep, monotonic=bench.time.monotonic))
    reader = GraphReader(client, policy=ONCE)
    request = reader.get(THINGS)
    request.url = "https://127.0.0.1:9/v1.0/things"

    with pytest.raises(GraphError) as caught:
        await reader.send(request)

    assert caught.value.code == NOT_SENT
    await client.close()


async def test_a_broken_answer_is_known_as_perhaps_arrived(bench: Bench) -> None:
    bench.graph.script = {THINGS: [Answer(body=page(*range(100)).body, cut=True)]}
    reader = bench.reader(ONCE)

    with pytest.raises(GraphError) as caught:
        await reader.send(reader.get(THINGS))

    assert caught.value.code == NO_ANSWER
