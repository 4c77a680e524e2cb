"""Reads from Graph and never lies about it: one retry loop, paging without the SDK's losses, $batch, usage counted."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

import httpx
import msgspec
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from alerts.errors import GraphError
from alerts.ports import GraphUsage
from graph.client import NO_ANSWER, NOT_SENT, TOKEN_REFUSED, GraphClient
from graph.gate import INTERACTIVE as INTERACTIVE
from graph.gate import SCAN, WINDOW, RetryPolicy, backoff, retry_after
from graph.parallel import Lanes
from graph.wire import Page, decode_page, fault, graph_error, header, units

log = logging.getLogger(__name__)

T = TypeVar("T")

RETRIED = frozenset({429, 500, 502, 503, 504})
BATCH_SIZE = 20
#: Bytes from which an answer takes a millisecond to decode.
ONE_AT_A_TIME = 200_000
#: How often a listing is begun again when a page token has expired.
RESTARTS = 2
#: Pages of one listing, five million objects: more is a server that never ends.
MOST_PAGES = 5000


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One GET inside a $batch; `path` is relative to /v1.0 and already encoded."""

    path: str
    #: Documented resource units, counted when the answer does not say.
    cost: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class PartAnswer:
    status: int
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How a request takes its turn.

    Attributes:
        dear: how many times it selects keyCredentials, of which Graph allows 150 a minute.
        reserved: whether it uses up what was reserved at the gate.
        lanes: shared with requests that run side by side.
    """

    dear: int = 0
    reserved: bool = False
    lanes: Lanes | None = None

    def lane(self) -> AbstractAsyncContextManager[int]:
        return self.lanes.lane() if self.lanes is not None else nullcontext(0)


FREELY = Pace()
#: One that selects keyCredentials.
DEAR = Pace(dear=1)


class _HasNextLink(Protocol):
    next_link: str | None


P = TypeVar("P", bound=_HasNextLink)


class _Response(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, Any] | None = None
    body: msgspec.Raw = msgspec.Raw(b"null")


class _Batch(msgspec.Struct):
    responses: list[_Response]


_BATCH = msgspec.json.Decoder(_Batch)


def query(path: str, **options: str) -> str:
    """`path?$select=...&$filter=...`, values encoded; keywords are OData options without their dollar sign."""
    return path + "?" + "&".join(f"${name}={quote(value, safe='(),$=')}" for name, value in options.items())


class GraphReader:
    """Asks Graph on behalf of one part of Steward, and counts what that costs.

    Readers that share a client wait together when Graph throttles one of them.
    """

    def __init__(
        self,
        client: GraphClient,
        *,
        policy: RetryPolicy = SCAN,
        priority: str = "low",
        parallel_batches: int = 10,
    ) -> None:
        """Args:
        client: the SDK's client for one identity.
        policy: how patiently to repeat.
        priority: x-ms-throttle-priority: low is throttled first.
        parallel_batches: $batch requests under way at the same time.
        """
        self.client = client
        self.usage = GraphUsage()
        self._policy = policy
        self._priority = priority
        self.parallel_batches = parallel_batches
        self._batches = asyncio.Semaphore(parallel_batches)

    def get(self, path: str) -> RequestInformation:
        """A GET of a path below /v1.0, with its query already encoded."""
        request = RequestInformation(Method.GET)
        request.url = self.client.identity.base_url + path
        return request

    async def call(
        self,
        request: RequestInformation,
        decode: Callable[[bytes], T],
        *,
        cost: int = 1,
        pace: Pace = FREELY,
    ) -> T:
        """Send a request that changes nothing, as often as the policy allows, and decode its answer.

        Args:
            request: from the SDK's builders, or `get`.
            decode: raises msgspec.DecodeError on a body that is not whole; that is asked for again.
            cost: documented resource units.
            pace: when it may be sent.

        Raises:
            GraphError: refused, or still failing after the last try.
        """
        tries, waited, renewed = 0, 0.0, False
        while True:
            async with pace.lane() as entered:
                await self._pass_gate(pace)
                generation = self.client.token_generation
                try:
                    response = await self.send(request, cost=cost)
                    if response.is_success:
                        if pace.lanes is not None:
                            pace.lanes.went_well()
                        return await self._decoded(response.content, decode)
                    failure = graph_error(response, retry_after(response.headers))
                except GraphError as error:
                    failure = error
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    failure = GraphError(f"Graph's answer is not whole: {error}", code=NO_ANSWER)
                    failure.__cause__ = error
                if failure.status == 429 and pace.lanes is not None:
                    pace.lanes.throttled(entered)
            if failure.status == 401 and failure.code != TOKEN_REFUSED and not renewed:
                renewed = True
                self.client.renew_token(generation)
                continue
            tries += 1
            wait = self._wait_before_retry(failure, tries, waited)
            if wait is None:
                raise failure
            waited += wait
            log.info("Graph: %s; try %d after %.1f s", failure, tries + 1, wait)
            if not failure.retry_after:
                await self.client.gate.pause(wait)

    async def _decoded(self, body: bytes, decode: Callable[[bytes], T]) -> T:
        """Pages that arrive together are decoded one in a turn of the event loop, which a dozen would hold up."""
        if len(body) < ONE_AT_A_TIME:
            return decode(body)
        async with self.client.decoding:
            decoded = decode(body)
            await asyncio.sleep(0)
            return decoded

    async def send(self, request: RequestInformation, *, cost: int = 1) -> httpx.Response:
        """Send a request exactly once and count it. Raises GraphError when no whole answer came."""
        request.headers.try_add("x-ms-throttle-priority", self._priority)
        self.usage.requests += 1
        response = await self.client.send(request)
        self.usage.bytes += len(response.content)
        if response.status_code == 429:
            self.usage.throttled += 1
        # A refused request costs nothing (seen in the field for 400 and 403); a $batch is metered by part.
        documented = cost if response.is_success else 0
        self.usage.resource_units += units(response.headers.get("x-ms-resource-unit"), documented)
        return response

    def pages(
        self,
        first: Callable[[], RequestInformation],
        *,
        cost: int,
        pace: Pace = FREELY,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Page]:
        """Every page of a collection, its items as JSON; see `pages_of`."""
        return self.pages_of(decode_page, first, cost=cost, pace=pace, headers=headers)

    async def pages_of(
        self,
        decode: Callable[[bytes], P],
        first: Callable[[], RequestInformation],
        *,
        cost: int,
        pace: Pace = FREELY,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[P]:
        """Every page of a collection; after a restart items come again, so callers drop doubles by id.

        An empty page with a nextLink is not the end. A page token that Graph no longer knows begins the listing
        again: a token from a repeated request may be invalid from the start (Graph: paging, error handling).

        Args:
            decode: see `call`.
            first: builds the request for the first page.
            cost: documented resource units of a page.
            pace: see `call`.
            headers: sent with every page.

        Raises:
            GraphError: what was yielded before is right but not all.
        """
        restarts = 0
        link: str | None = None
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            request = first() if link is None else self.link(link)
            for name, value in (headers or {}).items():
                request.headers.try_add(name, value)
            try:
                page = await self.call(request, decode, cost=cost, pace=pace)
            except GraphError as error:
                if link is None or error.status not in (400, 404, 410) or restarts == RESTARTS:
                    raise
                log.info("Graph: a page token is no longer valid (%s); the listing begins again", error)
                restarts, link = restarts + 1, None
                seen.clear()
                continue
            link = page.next_link
            yield page
            del page  # not to be kept while the next one is fetched
            if not link:
                return
            if not self.client.same_host(link):
                raise GraphError(f"Graph's nextLink leads to another host: {link[:120]}", code="foreignNextLink")
            if link in seen:
                raise GraphError("Graph repeated a nextLink: the listing would never end", code="repeatedNextLink")
            seen.add(link)
        raise GraphError(f"Graph's listing has more than {MOST_PAGES} pages", code="tooManyPages")

    async def batch(self, parts: Sequence[Part], pace: Pace = FREELY) -> list[PartAnswer]:
        """Answers in the order of `parts`, 20 to a request, some requests in parallel; `pace` is that of one part.

        The envelope is 200 even where parts fail: throttled and failed parts alone are posted again.

        Raises:
            GraphError: a part still fails with a status that is worth a retry, or an envelope does.
        """
        chunks = [parts[start : start + BATCH_SIZE] for start in range(0, len(parts), BATCH_SIZE)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._batch_or_error(chunk, pace)) for chunk in chunks]
        answers: list[PartAnswer] = []
        for task in tasks:
            result = task.result()
            if isinstance(result, GraphError):
                raise result
            answers.extend(result)
        return answers

    async def _batch_or_error(self, parts: Sequence[Part], pace: Pace) -> list[PartAnswer] | GraphError:
        # Returned, not raised: a task group would wrap it in an exception group and lose its class.
        async with self._batches:
            try:
                return await self._batch_of_20(parts, pace)
            except GraphError as error:
                return error

    async def _batch_of_20(self, parts: Sequence[Part], pace: Pace) -> list[PartAnswer]:
        answers: dict[int, PartAnswer] = {}
        tries, waited = 0, 0.0
        while True:
            open_parts = [index for index in range(len(parts)) if index not in answers]
            failure = await self._post(parts, open_parts, answers, pace)
            if failure is None and len(answers) == len(parts):
                return [answers[index] for index in range(len(parts))]
            failure = failure or GraphError("Graph left parts of a $batch unanswered", code=NO_ANSWER)
            tries += 1
            wait = self._wait_before_retry(failure, tries, waited)
            if wait is None:
                raise failure
            waited += wait
            if not failure.retry_after:
                await self.client.gate.pause(wait)

    async def _post(
        self, parts: Sequence[Part], indexes: Sequence[int], answers: dict[int, PartAnswer], pace: Pace
    ) -> GraphError | None:
        """Post some parts; fills `answers` with what is final and returns the failure of the rest."""
        requests = [{"id": str(index), "method": "GET", "url": parts[index].path} for index in indexes]
        request = RequestInformation(Method.POST)
        request.url = self.client.identity.base_url + "/$batch"
        request.set_stream_content(json.dumps({"requests": requests}).encode(), "application/json")
        # Each part is metered alone.
        batch = await self.call(request, _BATCH.decode, cost=0, pace=replace(pace, dear=pace.dear * len(indexes)))
        failure: GraphError | None = None
        for response in batch.responses:
            index = int(response.id) if response.id.isdigit() else -1
            if index not in indexes:
                continue
            headers = response.headers or {}
            body = bytes(response.body)
            if response.status in RETRIED:
                self.usage.throttled += response.status == 429
                asked = retry_after({"Retry-After": header(headers, "Retry-After")})
                if failure is None or (asked or 0) > (failure.retry_after or 0):
                    failure = fault(response.status, body, asked)
                continue
            cost = parts[index].cost if response.status < 400 else 0
            self.usage.resource_units += units(header(headers, "x-ms-resource-unit"), cost)
            answers[index] = PartAnswer(status=response.status, body=body)
        return failure

    def link(self, link: str) -> RequestInformation:
        """A GET of a whole URL that Graph sent; the caller has checked its host."""
        request = RequestInformation(Method.GET)
        request.url = link
        return request

    async def _pass_gate(self, pace: Pace) -> None:
        closed = self.client.gate.closed_for()
        if closed > self._policy.longest_wait:
            raise GraphError(
                f"Graph asked everybody to wait {closed:.0f} s more", status=429, code="gateClosed", retry_after=closed
            )
        await self.client.gate.wait()
        if pace.dear:
            urgent = self._policy.longest_wait < WINDOW
            await self.client.gate.wait_for_turn(pace.dear, reserved=pace.reserved, urgent=urgent)

    def _wait_before_retry(self, failure: GraphError, tries: int, waited: float) -> float | None:
        """Seconds to wait, None to give up. A wait that Graph asked for closes the gate for all readers."""
        transport = failure.status == 0 and failure.code in (NOT_SENT, NO_ANSWER)
        if failure.status not in RETRIED and not transport:
            return None
        if failure.retry_after:
            self.client.gate.close_for(failure.retry_after)
        # Retry-After: 0 is no invitation to ask eight times in a millisecond.
        wait = failure.retry_after or backoff(tries)
        if tries >= self._policy.tries or wait > self._policy.longest_wait or waited + wait > self._policy.total_wait:
            return None
        return wait
