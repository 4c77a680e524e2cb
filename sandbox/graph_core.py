"""What every part of the Graph twin needs: a request, an answer, a route, pages, and Graph's error JSON.

A request is a `Call` whether it came by HTTP or inside a $batch, so that both take the same way.
"""

import bisect
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote
from uuid import uuid4

import msgspec

from sandbox.odata import Query, page_token
from sandbox.refused import Refused
from sandbox.state import TwinState
from sandbox.tokens import Claims

Item = TypeVar("Item")

JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

READ_APPS = frozenset(
    {
        "Application.Read.All",
        "Application.ReadWrite.All",
        "Application.ReadWrite.OwnedBy",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)
READ_USERS = frozenset({"User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to Graph."""

    method: str
    #: v1.0 or beta.
    version: str = "v1.0"
    #: Below the version, decoded: /applications.
    path: str
    #: Query string as sent, without the question mark.
    query: str = ""
    #: Lower-case name -> value.
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    claims: Claims
    #: Number of the HTTP request in the log.
    number: int = 0
    #: How many items of the page before come again on this one, by an ordered fault.
    again: int = 0
    #: Named parts of the path.
    ids: Mapping[str, str] = field(default_factory=dict)

    @property
    def eventual(self) -> bool:
        return self.headers.get("consistencylevel", "").lower() == "eventual"

    def may(self, permissions: frozenset[str]) -> bool:
        """Whether the token has one of these permissions."""
        return bool(self.claims.roles & permissions)

    def json(self) -> dict[str, Any]:
        """The body. Raises Refused 400."""
        try:
            value = msgspec.json.decode(self.body)
        except msgspec.DecodeError as error:
            raise Refused(400, "BadRequest", "Unable to read JSON request payload.") from error
        if not isinstance(value, dict):
            raise Refused(400, "BadRequest", "Unable to read JSON request payload.")
        return value


@dataclass(kw_only=True)
class Answer:
    """One answer of Graph."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    #: The file whose function made it.
    file: str = ""


Handle = Callable[[TwinState, Call], Awaitable[Answer]]


@dataclass(frozen=True, kw_only=True)
class Route:
    """What answers one method of one path."""

    method: str
    #: Path with {name} for a part.
    path: str
    handle: Handle
    #: Of each set one permission is needed.
    permissions: tuple[frozenset[str], ...] = ()
    #: Resource units before $select, $expand and $top (learn: throttling-limits).
    cost: int = 1

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """The named parts, None when it is another route."""
        if method != self.method:
            return None
        found = self._pattern.fullmatch(path)
        return found.groupdict() if found else None

    @property
    def _pattern(self) -> "re.Pattern[str]":
        return _compiled(self.path)


_PATTERNS: dict[str, "re.Pattern[str]"] = {}


def _compiled(path: str) -> "re.Pattern[str]":
    if path not in _PATTERNS:
        parts = re.split(r"\{(\w+)\}", path)
        text = "".join(f"(?P<{part}>[^/]+)" if number % 2 else re.escape(part) for number, part in enumerate(parts))
        _PATTERNS[path] = re.compile(text)
    return _PATTERNS[path]


# ---------------------------------------------------------------- answers


def ok(value: Any, status: int = 200) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(value), headers={"Content-Type": JSON})


def error_body(state: TwinState, refused: Refused, client_request_id: str = "") -> dict[str, Any]:
    """Graph's error JSON."""
    request_id = str(uuid4())
    return {
        "error": {
            "code": refused.code,
            "message": refused.message,
            "innerError": {
                **refused.inner,
                "date": state.now().strftime("%Y-%m-%dT%H:%M:%S"),
                "request-id": request_id,
                "client-request-id": client_request_id or request_id,
            },
        }
    }


def not_found(object_id: str) -> Refused:
    return Refused(
        404,
        "Request_ResourceNotFound",
        f"Resource '{object_id}' does not exist or one of its queried reference-property objects are not present.",
    )


def context(state: TwinState, what: str, version: str = "v1.0") -> str:
    return f"{state.urls['graph']}/{version}/$metadata#{what}"


# ---------------------------------------------------------------- pages


@dataclass(frozen=True, kw_only=True)
class Ordered(Generic[Item]):
    """Objects with their ordinals, ascending: what pages are cut from."""

    items: Sequence[Item]
    ordinals: Sequence[int]

    @classmethod
    def of(cls, items: Sequence[Item]) -> "Ordered[Item]":
        return cls(items=items, ordinals=range(len(items)))

    def after(self, ordinal: int, again: int = 0) -> "Iterable[tuple[int, Item]]":
        """(ordinal, item) behind this ordinal, and so many before it."""
        begin = max(0, bisect.bisect_right(self.ordinals, ordinal) - again)
        for index in range(begin, len(self.items)):
            yield self.ordinals[index], self.items[index]


def page(
    state: TwinState,
    call: Call,
    query: Query,
    what: str,
    ordered: Ordered[Item],
    *,
    value: Callable[[Item, str], Any],
    render: Callable[[Item], bytes],
) -> Answer:
    """One page of a collection, `what` in @odata.context.

    `value` is (item, property) -> what a filter or an order compares, `render` item -> its JSON.
    """
    matches = _matcher(query, value)
    if query.order:
        chosen = [item for item in ordered.items if matches(item)]
        chosen.sort(key=lambda item: str(value(item, query.order) or "").casefold(), reverse=query.descending)
        ordered = Ordered.of(chosen)
    found: list[bytes] = []
    last, more = query.after, False
    for ordinal, item in ordered.after(query.after, call.again):
        if not matches(item):
            continue
        if len(found) == query.top:
            more = True
            break
        found.append(render(item))
        last = ordinal
    head: dict[str, Any] = {"@odata.context": context(state, what, call.version)}
    if query.count and call.eventual and query.after < 0:
        head["@odata.count"] = sum(1 for item in ordered.items if matches(item))
    if more:
        head["@odata.nextLink"] = link(state, call, query, f"$skiptoken={page_token(last, query.page + 1)}")
    start = msgspec.json.encode(head)[:-1]
    body = b"".join((start, b',"value":[', b",".join(found), b"]}"))
    return Answer(body=body, headers={"Content-Type": JSON})


def _matcher(query: Query, value: Callable[[Item, str], Any]) -> Callable[[Item], bool]:
    condition, prefix = query.filter, query.search

    def matches(item: Item) -> bool:
        if condition is not None and not condition.matches(lambda name: value(item, name)):
            return False
        return not prefix or any(
            word.startswith(prefix) for word in str(value(item, "displayName") or "").lower().split()
        )

    return matches if condition is not None or prefix else lambda _: True


def matching(query: Query, ordered: Ordered[Item], value: Callable[[Item, str], Any]) -> Ordered[Item]:
    """Those that the query's filter and search let through, with their ordinals."""
    matches = _matcher(query, value)
    chosen = [(ordinal, item) for ordinal, item in zip(ordered.ordinals, ordered.items, strict=True) if matches(item)]
    return Ordered(items=[item for _, item in chosen], ordinals=[ordinal for ordinal, _ in chosen])


def count(query: Query, ordered: Ordered[Item], value: Callable[[Item, str], Any]) -> Answer:
    """The answer of /$count: a bare number."""
    matches = _matcher(query, value)
    number = sum(1 for item in ordered.items if matches(item))
    return Answer(body=str(number).encode(), headers={"Content-Type": "text/plain"})


def require_eventual(call: Call) -> None:
    """/$count works only with the header. Raises Refused 400."""
    if not call.eventual:
        raise Refused(
            400,
            "Request_UnsupportedQuery",
            "Raw count (/$count) is not supported because the 'ConsistencyLevel:eventual' header is missing. "
            "Refer to https://aka.ms/graph-docs/advanced-queries for more information",
        )


def link(state: TwinState, call: Call, query: Query, token: str) -> str:
    """An absolute link with the options of this request and a token."""
    options = "&".join(f"{name}={quote(value, safe='(),$=:')}" for name, value in query.options)
    return f"{state.urls['graph']}/{call.version}{call.path}?" + "&".join(part for part in (options, token) if part)
