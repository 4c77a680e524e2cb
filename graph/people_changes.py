"""Whose account changed since it was last asked: users/delta, one request where nobody's did.

From Graph's delta query overview and user: delta: tokens live for seven days, then 410 or another 40X asks to start
again; `$deltatoken=latest` begins now, without listing everybody; the same change may come again; a manager is
tracked only where $select names it; deleted users come with `@removed`. $expand, $top and $orderby are not taken.
"""

import logging
from typing import Any

import msgspec

from alerts.errors import GraphError
from alerts.ports import PeopleChanges
from graph.reader import GraphReader, query
from graph.wire import Unreadable, decode_item, id_of

log = logging.getLogger(__name__)

#: Refusals that say nothing about the link: signed out, no right, too slow, too fast.
_NOT_THE_LINK = frozenset({401, 403, 408, 429})


class _Changed(msgspec.Struct):
    """What a user has now is not taken from here: it is read anew, in the same way as everybody else's."""

    id: str
    removed: Any = msgspec.field(name="@removed", default=None)


_CHANGED = msgspec.json.Decoder(_Changed)


class UserChanges:
    """Asks users/delta about the fields that are kept of a person."""

    def __init__(self, reader: GraphReader, fields: str) -> None:
        """`fields` is the $select that people are read with; marks made with another one are too old."""
        self._reader = reader
        self._fields = fields + ",manager"

    async def from_now(self) -> str:
        """A mark: changes after this moment can be asked for. Raises GraphError."""
        path = query("/users/delta", select=self._fields, deltatoken="latest")
        async for page in self._reader.pages(lambda: self._reader.get(path), cost=1):
            if page.delta_link:
                return self._mark(page.delta_link)
        raise GraphError("Graph gave no deltaLink for users", code="noDeltaLink")

    async def since(self, mark: str, requests: int) -> PeopleChanges | None:
        """Who changed since a mark, in at most so many requests.

        None when that cannot be told, and people must be read anew: the mark is too old or of other fields, or there
        are more changes than fit. Raises GraphError when Graph could not be asked.
        """
        fields, _, link = mark.partition(" ")
        if fields != self._fields or not self._reader.client.same_host(link):
            return None
        ids: set[str] = set()
        removed: set[str] = set()
        try:
            async for page in self._reader.pages(lambda: self._reader.link(link), cost=1):
                requests -= 1
                for raw in page.value:
                    changed = _changed(raw)
                    ids.add(changed.id.lower())
                    if changed.removed is not None:
                        removed.add(changed.id.lower())
                if page.delta_link:
                    return PeopleChanges(
                        ids=frozenset(ids), removed=frozenset(removed), mark=self._mark(page.delta_link)
                    )
                if requests <= 0:
                    log.info("more people changed than can be followed; all are read anew")
                    return None
        except Unreadable as error:
            log.warning("a changed user cannot be told (%s); all people are read anew", error)
        except GraphError as error:
            if not 400 <= error.status < 500 or error.status in _NOT_THE_LINK:
                raise
            log.info("the link to people's changes is no longer valid (%s); all are read anew", error)
        return None

    def _mark(self, link: str) -> str:
        return f"{self._fields} {link}"


def _changed(raw: msgspec.Raw) -> _Changed:
    """Raises Unreadable when not even the id is there."""
    try:
        return decode_item(raw, _CHANGED)
    except Unreadable:
        if not (found := id_of(raw)):
            raise
        return _Changed(found)
