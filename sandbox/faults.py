"""Faults that tests and "Break something" order: an answer that fails, comes late, is cut short, or comes with a change."""

import asyncio
import math
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from aiohttp import web

from sandbox.odata import EXPIRED_TOKEN, read_token
from sandbox.refused import Refused

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_CODES = {
    429: ("TooManyRequests", "Too many requests, please try again later."),
    500: ("InternalServerError", "An internal error occurred."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
}
#: Forms with a status of their own: name -> (status, form of Retry-After).
_STATUSES = {
    "429 integer": (429, "integer"),
    "429 decimal": (429, "decimal"),
    "429 date": (429, "date"),
    "429 absent": (429, ""),
    "500": (500, ""),
    "503": (503, ""),
}
#: Forms that need the answer and its connection; a part of a $batch has neither.
_BROKEN = ("reset", "truncated")
FORMS = (*_STATUSES, *_BROKEN, "expired page token")


@dataclass(kw_only=True, slots=True)
class Fault:
    """An order to fail: the next `count` matching requests get this instead of their answer."""

    service: str = "graph"
    #: '' any method.
    method: str = ""
    #: Matches the start of the path with its query, '' any.
    path: str = ""
    #: Matches this page of a chain only, counted from 1; 0 any.
    page: int = 0
    #: How many requests it meets, -1 until it is cleared.
    count: int = 1
    #: Matching requests that go through unharmed first.
    after: int = 0
    #: Share of the matching requests that it meets, drawn from `seed`.
    probability: float = 1.0
    seed: int = 0
    #: Names of FORMS, one of which is drawn for each request that it meets; they set status, headers and body.
    forms: list[str] = field(default_factory=list)
    #: Seconds that the Retry-After of a form asks for.
    wait: float = 1.0
    #: 0: only the delay, then the true answer.
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    content_type: str = "application/json"
    #: Seconds before anything happens.
    delay: float = 0.0
    #: Cut the connection instead of answering.
    cut: bool = False
    #: With `status` or `cut`: do what was asked first, then lose the answer.
    act: bool = False
    #: How many items of the page before come again on this one.
    again: int = 0
    #: {"kind": ..., "data": {...}}: a change of the tenant, made after the answer, between two pages of a listing.
    change: dict[str, Any] = field(default_factory=dict)
    #: How many requests it met so far.
    met: int = 0
    _chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises ValueError for a form that there is not."""
        if unknown := set(self.forms) - set(FORMS):
            raise ValueError(f"there is no fault {', '.join(sorted(unknown))}; there are {', '.join(FORMS)}")
        self._chance = random.Random(f"fault {self.seed}")

    def fields(self) -> dict[str, Any]:
        """Its public fields by name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if not each.name.startswith("_")}

    def matches(self, service: str, method: str, path: str) -> bool:
        return (
            self.count != 0
            and self.service in (service, "*")
            and self.method in (method, "")
            and path.startswith(self.path)
            and self.page in (0, page_of(path))
        )

    def strikes(self) -> bool:
        """Whether it meets the matching request that has just come; counts down."""
        if self.probability < 1 and self._chance.random() >= self.probability:
            return False
        self.met += 1
        if self.count > 0:
            self.count -= 1
        return True

    def failure(self, now: datetime, *, whole: bool = True) -> "Failure":
        """What one request gets; drawn from the forms if there are any.

        Args:
            now: the practice tenant's time.
            whole: False for a part of a $batch, which cannot be cut short and gets a 500 instead.
        """
        if not self.forms:
            return Failure(
                status=self.status, headers=self.headers, body=self.body, content_type=self.content_type, cut=self.cut
            )
        form = self._chance.choice(self.forms)
        if form in _BROKEN and whole:
            return Failure(broken=form)
        if form == "expired page token":
            return Failure(status=400, body=_error(*EXPIRED_TOKEN))
        status, retry = _STATUSES.get(form, (500, ""))
        headers = {"Retry-After": _retry_after(retry, self.wait, now)} if retry else {}
        return Failure(status=status, headers=headers, body=_error(*_CODES[status]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """What one request gets instead of its answer; without a status, a cut or a break the true answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    content_type: str = "application/json"
    cut: bool = False
    #: reset: the connection dies in mid-body; truncated: a body that ends too early, as if that were all.
    broken: str = ""


def _error(code: str, message: str) -> str:
    return f'{{"error":{{"code":"{code}","message":"{message}"}}}}'


def _retry_after(form: str, wait: float, now: datetime) -> str:
    match form:
        case "integer":
            return str(max(1, math.ceil(wait)))
        case "decimal":
            return f"{wait + 0.128:.3f}"
        case _:
            # Dates have whole seconds; the answer's own Date is cut off, not rounded.
            return format_datetime(now.replace(microsecond=0) + timedelta(seconds=max(1, math.ceil(wait))), usegmt=True)


_TOKEN = re.compile(r"[?&](?:\$|%24)skiptoken=([^&]*)", re.IGNORECASE)


def page_of(path: str) -> int:
    """Which page of its chain a request asks for, counted from 1; 0 for a token that is not ours."""
    found = _TOKEN.search(path)
    try:
        return read_token(found.group(1) if found else None)[1]
    except Refused:
        return 0


async def carry_out(fault: Fault, request: web.Request, handler: Handler, now: datetime) -> web.StreamResponse:
    """Let a fault meet one request. Raises ConnectionResetError where it cuts the connection."""
    if fault.delay:
        await asyncio.sleep(fault.delay)
    failure = fault.failure(now)
    if failure.broken:
        return await _break(failure.broken, request, await handler(request))
    if not failure.status and not failure.cut:
        request["again"] = fault.again
        return await handler(request)
    if fault.act:
        await handler(request)
    if failure.cut:
        _cut(request)
    return web.Response(
        status=failure.status, text=failure.body, content_type=failure.content_type, headers=failure.headers
    )


async def _break(form: str, request: web.Request, true: web.StreamResponse) -> web.StreamResponse:
    """The first half of the true answer: as a whole answer, or before the connection dies."""
    body = true.body if isinstance(true, web.Response) and isinstance(true.body, bytes) else b""
    half = body[: len(body) // 2]
    headers = {name: value for name, value in true.headers.items() if name not in ("Content-Length", "Date")}
    if form == "truncated":
        return web.Response(status=true.status, body=half, headers=headers)
    partial = web.StreamResponse(status=true.status, headers={**headers, "Content-Length": str(len(body))})
    await partial.prepare(request)
    await partial.write(half)
    _cut(request)
    return partial


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError("cut by an ordered fault")
