"""Graph twin: change tracking (delta) over any collection: everything first, then what changed since a token.

Sources: learn.microsoft.com/graph delta-query-overview, user-delta, application-delta.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.graph_core import Answer, Call, context, link, ok
from sandbox.odata import Query, bad, page_token
from sandbox.refused import Refused
from sandbox.state import TwinState

Item = TypeVar("Item")

#: Objects on a page of delta; the caller cannot choose.
DELTA_PAGE = 200


@dataclass(frozen=True, kw_only=True)
class Span:
    """A span of changes, as a token: changes after `since` up to `until`; since -1: everything that is there, until -1: now."""

    since: int
    until: int = -1

    def __str__(self) -> str:
        return f"d{self.since}_{self.until}"

    def has(self, changed: int, *, exists: bool) -> bool:
        """Whether an object belongs here whose last change had this number."""
        return exists if self.since < 0 else self.since < changed <= self.until


def delta_page(
    state: TwinState,
    call: Call,
    query: Query,
    collection: str,
    items: Iterable[tuple[int, Item]],
    *,
    belongs: Callable[[Item, Span], bool],
    render: Callable[[Item], dict[str, Any]],
) -> Answer:
    """One page of changes; `items` are (ordinal, object) with ascending ordinals.

    Raises Refused 400 for options that delta does not take, 410 for a token that is not ours.
    """
    if query.expand or query.asked_top or query.order or query.search:
        raise bad("The request uses query options that are not supported by delta.")
    if query.delta_token == "latest":
        return _answer(state, call, query, collection, [], Span(since=state.revision))
    span = _read(query.delta_token, state.revision)
    found: list[Any] = []
    last = -1
    for ordinal, item in items:
        if ordinal <= query.after or not belongs(item, span):
            continue
        if len(found) == DELTA_PAGE:
            return _answer(state, call, query, collection, found, span, after=last)
        found.append(render(item))
        last = ordinal
    return _answer(state, call, query, collection, found, Span(since=span.until))


def _answer(
    state: TwinState, call: Call, query: Query, collection: str, found: list[Any], span: Span, after: int = -1
) -> Answer:
    """A page with its nextLink when it ends after an ordinal, with its deltaLink otherwise."""
    token = f"$deltatoken={span}" + (f"&$skiptoken={page_token(after)}" if after >= 0 else "")
    name = "@odata.nextLink" if after >= 0 else "@odata.deltaLink"
    return ok({"@odata.context": context(state, collection), name: link(state, call, query, token), "value": found})


def _read(token: str, now: int) -> Span:
    """The span of a round that begins or goes on. Raises Refused 410 for a token that is not ours."""
    if not token:
        return Span(since=-1, until=now)
    found = re.fullmatch(r"d(-1|\d+)_(-1|\d+)", token)
    if found is None or int(found.group(1)) > now:
        raise Refused(410, "SyncStateNotFound", "The sync state generation is not found; start again without a token.")
    until = int(found.group(2))
    return Span(since=int(found.group(1)), until=now if until < 0 else until)
