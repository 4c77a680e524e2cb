"""What has changed in Graph's apps since it was last asked, by delta: one request where nothing has.

From Graph's delta query overview: tokens of directory objects live for seven days, then 410 or another 4xx asks
to start again; the same change may come twice, and one app several times in one round, in no sure order; an item
holds at least what was changed and may leave out the rest.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from alerts.changes import Changes
from alerts.errors import GraphError
from alerts.model import ApplicationType, Credential
from graph.applications import PAGE_SIZE
from graph.credentials import LooseCredential, credentials
from graph.items import BREATH
from graph.reader import DEAR, GraphReader, Part, query
from graph.wire import Page, Unreadable, decode_item, decode_single, id_of

log = logging.getLogger(__name__)

#: Apps that are read one by one; more of them are read with the whole collection, 999 to a request.
LOOKUPS = 60
#: Refusals that say nothing about the link: signed out, no right, too slow, too fast.
_NOT_THE_LINK = frozenset({401, 403, 408, 429})

_CREDENTIALS = "id,passwordCredentials,keyCredentials"
#: Type -> (collection, what is selected and tracked, documented resource units of a page).
_COLLECTIONS = {
    ApplicationType.APP_REGISTRATION: ("applications", _CREDENTIALS, 2),
    ApplicationType.ENTERPRISE_APP: ("servicePrincipals", _CREDENTIALS + ",preferredTokenSigningKeyThumbprint", 1),
}

#: All credentials of an app; None when they are not sure, and the app must be read.
_Seen = tuple[Credential, ...] | None


class _Item(msgspec.Struct, rename="camel"):
    """An app of which only the id is sure; what is left out stays UNSET, which is not the same as empty."""

    id: str
    removed: Any = msgspec.field(name="@removed", default=None)
    password_credentials: list[LooseCredential] | msgspec.UnsetType | None = msgspec.UNSET
    key_credentials: list[LooseCredential] | msgspec.UnsetType | None = msgspec.UNSET
    preferred_token_signing_key_thumbprint: str | msgspec.UnsetType | None = msgspec.UNSET


_ITEM = msgspec.json.Decoder(_Item)


class GraphChanges:
    """The ChangeFeed over Graph."""

    def __init__(self, reader: GraphReader) -> None:
        self._reader = reader

    async def changes(self, type: ApplicationType, link: str, wanted: Collection[str]) -> Changes:
        """What has changed since `link` was made; see the port."""
        collection, fields, _ = _COLLECTIONS[type]
        if link and self._reader.client.same_host(link):
            try:
                return await self._round(link, wanted)
            except GraphError as error:
                if not 400 <= error.status < 500 or error.status in _NOT_THE_LINK:
                    raise
                log.info("Graph: the changes of %s start again (%s)", collection, error)
        fresh = await self._round(
            self._reader.client.identity.base_url + query(f"/{collection}/delta", select=fields, deltatoken="latest"),
            (),
        )
        return Changes(link=fresh.link, started_anew=True)

    async def _round(self, link: str, wanted: Collection[str]) -> Changes:
        seen: dict[str, _Seen] = {}
        page: Page | None = None
        async for page in self._reader.pages(lambda: self._reader.link(link), cost=1, pace=DEAR):
            async for object_id, found in _items(page, wanted):
                # Which of two came last cannot be told.
                seen[object_id] = found if seen.get(object_id, found) == found else None
        following = page.delta_link if page is not None else None
        if not following or not self._reader.client.same_host(following):
            raise GraphError(f"Graph ended a round of changes without a link of its own: {(following or '')[:120]}")
        return Changes(
            link=following,
            apps={object_id: found for object_id, found in seen.items() if found is not None},
            unsure=frozenset(object_id for object_id, found in seen.items() if found is None),
        )

    async def credentials(
        self, type: ApplicationType, object_ids: Collection[str]
    ) -> dict[str, tuple[Credential, ...]]:
        """All credentials of these apps as Graph shows them now; see the port."""
        if len(object_ids) <= LOOKUPS:
            return await self._one_by_one(type, sorted(object_ids))
        collection, fields, cost = _COLLECTIONS[type]
        seen: dict[str, _Seen] = {}

        def first() -> Any:
            return self._reader.get(query("/" + collection, select=fields, top=PAGE_SIZE))

        async for page in self._reader.pages(first, cost=cost, pace=DEAR):
            seen |= {object_id: found async for object_id, found in _items(page, object_ids)}
        known = {object_id: found for object_id, found in seen.items() if found is not None}
        missing = sorted(set(object_ids) - seen.keys())
        if len(missing) <= LOOKUPS:
            # An app that a listing lacks is gone only if Graph says so when asked for it.
            known |= await self._one_by_one(type, missing)
        _warn_of(set(object_ids) - known.keys())
        return known

    async def _one_by_one(self, type: ApplicationType, object_ids: Sequence[str]) -> dict[str, tuple[Credential, ...]]:
        if not object_ids:
            return {}
        collection, fields, _ = _COLLECTIONS[type]
        paths = (query(f"/{collection}/{quote(object_id, safe='')}", select=fields) for object_id in object_ids)
        answers = await self._reader.batch([Part(path=path) for path in paths], DEAR)
        known: dict[str, tuple[Credential, ...]] = {}
        for object_id, answer in zip(object_ids, answers, strict=True):
            found: _Seen = () if answer.status == 404 else None
            if answer.status == 200:
                try:
                    found = _credentials(decode_item(decode_single(answer.body), _ITEM))
                except (Unreadable, msgspec.DecodeError) as error:
                    log.info("Graph's answer about %s cannot be read: %s", object_id, error)
            if found is not None:
                known[object_id] = found
        _warn_of(set(object_ids) - known.keys())
        return known


async def _items(page: Page, wanted: Collection[str]) -> AsyncIterator[tuple[str, _Seen]]:
    """(object id, credentials or None) of the wanted apps on a page."""
    for number, raw in enumerate(page.value, start=1):
        try:
            item = decode_item(raw, _ITEM)
        except Unreadable as error:
            object_id = id_of(raw)
            log.info("Graph's change of %s cannot be read: %s", object_id or "an app without id", error)
            if object_id in wanted:
                yield object_id, None
            continue
        if item.id in wanted:
            yield item.id, _credentials(item)
        if number % BREATH == 0:
            await asyncio.sleep(0)


def _credentials(item: _Item) -> _Seen:
    """All credentials of the item, () for one that was removed, None unless it says all and all can be read."""
    if item.removed is not None:
        return ()
    passwords, keys, preferred = (
        item.password_credentials,
        item.key_credentials,
        item.preferred_token_signing_key_thumbprint,
    )
    if not isinstance(passwords, list) or not isinstance(keys, list):
        return None
    signs = any(key.usage == "Sign" for key in keys)
    if signs and preferred is msgspec.UNSET:
        return None
    found, quarantined = credentials(item.id, passwords, keys, preferred if isinstance(preferred, str) else "")
    return None if quarantined else found


def _warn_of(object_ids: Iterable[str]) -> None:
    unread = sorted(object_ids)
    if unread:
        log.warning(
            "%d apps could not be read between scans, first %s: the next scan judges them", len(unread), unread[0]
        )


__all__ = ["GraphChanges"]
