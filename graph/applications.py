"""Reads app registrations and enterprise apps with their credentials and owners: one request per 999 of them.

What was read is held against Graph's own $count: a listing that ended is not yet a listing that is whole.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from alerts.errors import GraphError
from alerts.model import Application, ApplicationType, Person, Quarantine
from alerts.ports import AppPage, Completeness, GraphUsage
from graph import partitions
from graph.federated import federated_credentials
from graph.items import EXPANDED_AT_MOST, ItemPage, Maker, decode_items, loose_item
from graph.parallel import Failed, Lanes, side_by_side
from graph.people_search import IDS_PER_FILTER
from graph.reader import DEAR, GraphReader, Pace, Part, query
from graph.wire import (
    Page,
    Reference,
    Unreadable,
    decode_count,
    decode_item,
    decode_page,
    decode_single,
    fault,
)

log = logging.getLogger(__name__)

PAGE_SIZE = str(partitions.PAGE)

APPLICATION_FIELDS = (
    "id,appId,displayName,createdDateTime,signInAudience,notes,serviceManagementReference,web,spa,publicClient,"
    "passwordCredentials,keyCredentials"
)
ENTERPRISE_FIELDS = (
    "id,appId,displayName,accountEnabled,appOwnerOrganizationId,servicePrincipalType,signInAudience,notes,replyUrls,"
    "notificationEmailAddresses,preferredTokenSigningKeyThumbprint,passwordCredentials,keyCredentials"
)
#: The types beside Application and ManagedIdentity (Graph: servicePrincipal resource).
RARE_TYPES = ("Legacy", "SocialIdp")
NO_MANAGED_IDENTITY = "servicePrincipalType ne 'ManagedIdentity'"
#: Every request of an advanced query needs it, each page of one too (Graph: advanced query capabilities).
EVENTUAL = {"ConsistencyLevel": "eventual"}

_REFERENCE = msgspec.json.Decoder(Reference)


class _Reading:
    """What one reading of a collection has met so far."""

    def __init__(self, type: ApplicationType, name: str, completeness: Completeness, maker: Maker) -> None:
        self.type = type
        self.name = name
        self.completeness = completeness
        #: Object ids, those of unreadable apps too.
        self.seen: set[str] = set()
        #: Items, doubles too.
        self.read = 0
        #: Object id -> app of whose owners only the first 20 are known.
        self.crowded: dict[str, Application] = {}
        self._maker = maker

    async def nouns(self, page: ItemPage | Page) -> AppPage:
        """The page without its crowded apps."""
        self.read += len(page.value)
        made, crowded = await self._maker.page(page, self.type, self._unreadable)
        self.seen.update(made.ids)
        self.crowded.update({app.object_id: app for app in crowded})
        return made

    def _unreadable(self, note: Quarantine, number: int) -> None:
        # Parts overlap and listings begin again: one note is enough, and one app is one, with or without an id.
        name = note.object_id or f"unreadable {number}"
        if name not in self.seen:
            self.completeness.quarantined.append(note)
        self.seen.add(name)

    def fewer_than(self, counted: int) -> bool:
        return len(self.seen) < counted

    def missing(self, reason: str) -> None:
        self.completeness.missing.append(reason)


class GraphApplications:
    """The AppRegistry over Graph."""

    def __init__(self, reader: GraphReader) -> None:
        self._reader = reader
        self._maker = Maker()
        #: Whether Graph refused a $select inside $expand=owners; sources disagree, so the first page asks.
        self._plain_owners = False

    @property
    def usage(self) -> GraphUsage:
        return self._reader.usage

    async def applications(self, completeness: Completeness, cuts: Sequence[datetime] = ()) -> AsyncIterator[AppPage]:
        """All app registrations with all their owners' ids; see the port."""
        own = Completeness(quarantined=completeness.quarantined)
        reading = _Reading(ApplicationType.APP_REGISTRATION, "app registrations", own, self._maker)
        # Before the enterprise apps take a turn: what is known to be needed, then what is counted.
        self._reserve(len(cuts) + 1)
        count = asyncio.create_task(self._count_and_reserve(len(cuts) + 1))
        undated = asyncio.create_task(self._undated_ids()) if cuts else None
        crowded: asyncio.Task[AppPage] | None = None
        try:
            with self._maker.listing():
                async with aclosing(self._parts(reading, partitions.conditions(cuts))) as pages:
                    async for page in pages:
                        yield page
            crowded = asyncio.create_task(self._crowded(reading))
            if not own.missing:  # else Graph has just used up all patience
                async for page in self._rest_of_applications(reading, await count, undated):
                    yield page
            yield await crowded
            if reading.crowded:
                yield await self._crowded(reading)
        finally:
            for task in (count, undated, crowded):
                if task is not None:
                    task.cancel()
            self._reserve(0)
            completeness.missing += own.missing

    def cuts(self, created: Sequence[datetime]) -> list[datetime]:
        """Where to cut the next listing; see the port."""
        return partitions.cuts(created)

    async def enterprise_applications(self, completeness: Completeness) -> AsyncIterator[AppPage]:
        """All enterprise apps but managed identities, whose credentials the platform rotates; see the port.

        Those of type Application come with their owners. All other types together are one advanced query, which
        excludes $expand, so that a type which Graph adds tomorrow is not overlooked in silence.
        """
        own = Completeness(quarantined=completeness.quarantined)
        reading = _Reading(ApplicationType.ENTERPRISE_APP, "enterprise applications", own, self._maker)
        try:
            with self._maker.listing():
                async for page in self._enterprise(reading):
                    yield page
            if not own.missing:
                counted = await self._count("servicePrincipals", NO_MANAGED_IDENTITY)
                if isinstance(counted, int) and reading.fewer_than(counted):
                    async for page in self._enterprise(reading):
                        yield page
                    await self._note_difference(reading, "servicePrincipals", NO_MANAGED_IDENTITY)
            if reading.crowded:
                yield await self._crowded(reading)
        finally:
            completeness.missing += own.missing

    async def application(self, object_id: str, type: ApplicationType) -> Application | None:
        """One app as Graph shows it now, None if it is gone. Raises GraphError, on an unreadable app too."""
        return await self._single(f"/{quote(object_id, safe='')}", object_id, type)

    async def other_side(self, application: Application) -> Application | None:
        """The app registration's enterprise app, or the reverse; see the port."""
        registration = application.type is ApplicationType.APP_REGISTRATION
        other = ApplicationType.ENTERPRISE_APP if registration else ApplicationType.APP_REGISTRATION
        return await self._single(f"(appId='{quote(application.app_id, safe='')}')", application.app_id, other)

    async def _single(self, named: str, object_id: str, type: ApplicationType) -> Application | None:
        collection, fields, cost = _collection(type)
        path = query(f"/{collection}{named}", select=fields, expand=self._expand())
        try:
            raw = await self._reader.call(self._reader.get(path), decode_single, cost=cost, pace=DEAR)
        except GraphError as error:
            if error.status == 404:
                return None
            if error.status == 400 and not self._plain_owners:
                self._plain_owners = True
                return await self._single(named, object_id, type)
            raise
        try:
            item = loose_item(raw)
            app = self._maker.application(item, type)
        except Unreadable as error:
            raise GraphError(f"Graph's answer about {object_id} cannot be read: {error}") from error
        if len(item.owners or ()) != EXPANDED_AT_MOST:
            return app
        completeness = Completeness()
        apps = await self._with_all_owners([app], completeness)
        if completeness.missing:
            raise GraphError(completeness.missing[0])
        return apps[0] if apps else None

    async def federated(self) -> dict[str, tuple[str, ...]]:
        """Object id -> names of an app registration's federated identity credentials; see the port."""
        return await federated_credentials(self._reader)

    # ------------------------------------------------------------ app registrations

    async def _parts(self, reading: _Reading, conditions: Sequence[str]) -> AsyncGenerator[AppPage, None]:
        """A listing for every condition, side by side. Raises GraphError when not one page could be read."""
        pace = Pace(dear=1, reserved=True, lanes=Lanes(partitions.MOST_PARTS))
        refusal: GraphError | None = None
        async with aclosing(side_by_side([self._chain(reading, each, pace) for each in conditions])) as pages:
            async for page in pages:
                if not isinstance(page, Failed):
                    yield page
                elif reading.read:
                    part = f" where {conditions[page.index]}," if conditions[page.index] else ""
                    reading.missing(f"{reading.name}{part} after the first {reading.read}: {page.error}")
                else:
                    refusal = page.error
                    break
        if refusal is None:
            return
        if refusal.status != 400 or len(conditions) == 1:
            raise refusal
        log.warning(
            "Graph refused to list app registrations by creation date (%s); they are read in one chain", refusal
        )
        async for whole in self._parts(reading, [""]):
            yield whole

    async def _rest_of_applications(
        self, reading: _Reading, counted: int | GraphError, undated: "asyncio.Task[list[str] | GraphError] | None"
    ) -> AsyncIterator[AppPage]:
        """What Graph counts and the listing did not bring: undated ones, then everything once more, in one chain."""
        if isinstance(counted, GraphError):
            if undated is not None:  # one chain that has come to its end is proof enough
                reading.missing(f"whether all {reading.name} were read: Graph did not count them: {counted}")
            return
        try:
            if undated is not None and reading.fewer_than(counted):
                page = await self._undated(reading, await undated)
                if page is not None:
                    yield page
            if not reading.fewer_than(counted):
                return
            log.warning(
                "Graph counts %d %s, %d were listed; they are listed again", counted, reading.name, len(reading.seen)
            )
            async for page in self._chain(reading, "", Pace(dear=1, reserved=True)):
                yield page
        except GraphError as error:
            reading.missing(f"some of {counted} {reading.name}, of which {len(reading.seen)} were listed: {error}")
            return
        await self._note_difference(reading, "applications", "")

    async def _undated_ids(self) -> list[str] | GraphError:
        """Those without a creation date, which no part lists: by an advanced query, which excludes $expand.

        Asked for beside the parts; an error is returned, since only who misses apps needs the answer.
        """
        path = query("/applications", select="id", filter="createdDateTime eq null", count="true", top=PAGE_SIZE)
        ids: dict[str, None] = {}
        try:
            async for page in self._reader.pages(lambda: self._reader.get(path), cost=1, headers=EVENTUAL):
                ids |= dict.fromkeys(found.id for found in _references(page) if found.id)
        except GraphError as error:
            return error
        return list(ids)

    async def _undated(self, reading: _Reading, ids: list[str] | GraphError) -> AppPage | None:
        """The apps without a creation date, with their owners. Raises GraphError."""
        if isinstance(ids, GraphError):
            raise ids
        wanted = [object_id for object_id in ids if object_id not in reading.seen]
        if not wanted:
            return None
        try:
            found = await self._apps_in(wanted)
        except GraphError as error:
            if error.status != 400:
                raise
            log.info("Graph refused to list app registrations by id (%s); they are read one by one", error)
            found = await self._apps_one_by_one(wanted)
        return await reading.nouns(Page(found))

    async def _apps_in(self, ids: Sequence[str]) -> list[msgspec.Raw]:
        """Some to a request that selects keyCredentials, of which a minute has few. Raises GraphError."""
        some = [ids[start : start + IDS_PER_FILTER] for start in range(0, len(ids), IDS_PER_FILTER)]
        conditions = ["id in ('" + "','".join(each.replace("'", "''") for each in part) + "')" for part in some]
        options = {"select": APPLICATION_FIELDS, "expand": self._expand(), "top": PAGE_SIZE}
        parts = [Part(path=query("/applications", filter=condition, **options), cost=2) for condition in conditions]
        found: list[msgspec.Raw] = []
        for answer in await self._reader.batch(parts, Pace(dear=1, reserved=True)):
            if answer.status != 200:
                raise fault(answer.status, answer.body)
            try:
                found += decode_page(answer.body).value
            except msgspec.DecodeError as error:
                raise GraphError(f"Graph's answer about app registrations cannot be read: {error}") from error
        return found

    async def _apps_one_by_one(self, ids: Sequence[str]) -> list[msgspec.Raw]:
        options = {"select": APPLICATION_FIELDS, "expand": self._expand()}
        parts = [Part(path=query(f"/applications/{object_id}", **options), cost=2) for object_id in ids]
        found: list[msgspec.Raw] = []
        for answer in await self._reader.batch(parts, Pace(dear=1, reserved=True)):
            if answer.status == 200:
                found.append(decode_single(answer.body))
            elif answer.status != 404:  # deleted meanwhile
                raise fault(answer.status, answer.body)
        return found

    # ------------------------------------------------------------ enterprise apps

    async def _enterprise(self, reading: _Reading) -> AsyncIterator[AppPage]:
        async for page in self._type(reading, "Application"):
            yield page
        if not reading.completeness.missing:
            async for page in self._rare(reading):
                yield page

    async def _type(self, reading: _Reading, type: str) -> AsyncIterator[AppPage]:
        """All of one servicePrincipalType. Raises GraphError when not one page could be read."""
        began = reading.read
        try:
            async for page in self._chain(reading, f"servicePrincipalType eq '{type}'", DEAR):
                yield page
        except GraphError as error:
            if reading.read == began:
                raise
            reading.missing(f"{reading.name} after the first {reading.read}: {error}")

    async def _rare(self, reading: _Reading) -> AsyncIterator[AppPage]:
        name = "enterprise applications of rare types"
        try:
            pages = self._reader.pages_of(decode_items, self._rare_request, cost=1, pace=DEAR, headers=EVENTUAL)
            async for listed in pages:
                page = await reading.nouns(listed)
                # Nothing was expanded: owners of those that have something to watch are read one by one.
                yield replace(page, apps=await self._with_all_owners(page.apps, reading.completeness))
            return
        except GraphError as error:
            if error.status != 400:
                reading.missing(f"{name}: {error}")
                return
            log.info("Graph refused the query for rare types (%s); the known ones are listed one by one", error)
        for rare in RARE_TYPES:
            try:
                async for page in self._type(reading, rare):
                    yield page
            except GraphError as error:
                reading.missing(f"{name}: {error}")

    def _rare_request(self) -> Any:
        condition = f"servicePrincipalType ne 'Application' and {NO_MANAGED_IDENTITY}"
        return self._reader.get(
            query("/servicePrincipals", select=ENTERPRISE_FIELDS, filter=condition, count="true", top=PAGE_SIZE)
        )

    # ------------------------------------------------------------ both

    async def _chain(self, reading: _Reading, condition: str, pace: Pace) -> AsyncIterator[AppPage]:
        """One listing with its owners; with plain $expand=owners when the first page is refused with 400."""
        collection, fields, cost = _collection(reading.type)

        def first() -> Any:
            options = {"select": fields, "expand": self._expand(), **({"filter": condition} if condition else {})}
            return self._reader.get(query("/" + collection, **options, top=PAGE_SIZE))

        for plain in (self._plain_owners, True):
            began = False
            try:
                async for page in self._reader.pages_of(decode_items, first, cost=cost, pace=pace):
                    began = True
                    yield await reading.nouns(page)
                return
            except GraphError as error:
                if began or error.status != 400 or plain:
                    raise
                log.info("Graph refused $select inside $expand=owners (%s); owners are read whole", error)
                self._plain_owners = True

    def _expand(self) -> str:
        return "owners" if self._plain_owners else "owners($select=id)"

    async def _count(self, collection: str, condition: str = "") -> int | GraphError:
        """How many Graph counts; returned, not raised: it is a check and no part of what is read."""
        path = f"/{collection}/$count"
        request = self._reader.get(query(path, filter=condition) if condition else path)
        for name, value in EVENTUAL.items():
            request.headers.try_add(name, value)
        try:
            return await self._reader.call(request, decode_count, cost=1)
        except GraphError as error:
            return error

    async def _count_and_reserve(self, parts: int) -> int | GraphError:
        counted = await self._count("applications")
        if isinstance(counted, int):
            self._reserve(parts + counted // partitions.PAGE)
        return counted

    def _reserve(self, turns: int) -> None:
        self._reader.client.gate.reserve(turns)

    async def _note_difference(self, reading: _Reading, collection: str, condition: str) -> None:
        """Hold what was read against a fresh count: apps may have been deleted since the first."""
        counted = await self._count(collection, condition)
        if isinstance(counted, GraphError):
            reading.missing(f"whether all {reading.name} were read: Graph did not count them: {counted}")
        elif reading.fewer_than(counted):
            reading.missing(
                f"{counted - len(reading.seen)} of {counted} {reading.name}: Graph counts them and does not list them"
            )

    async def _crowded(self, reading: _Reading) -> AppPage:
        """Apps with 20 expanded owners, with all of theirs; their ids were on their pages."""
        apps = list(reading.crowded.values())
        reading.crowded.clear()
        return AppPage(ids=(), apps=await self._with_all_owners(apps, reading.completeness))

    async def _with_all_owners(self, apps: Sequence[Application], completeness: Completeness) -> list[Application]:
        """The same apps with their owner lists read whole, 20 apps to a request; apps gone meanwhile are left out."""
        parts = [
            Part(path=query(f"/{_collection(app.type)[0]}/{app.object_id}/owners", select="id", top=PAGE_SIZE))
            for app in apps
        ]
        try:
            answers = await self._reader.batch(parts)
        except GraphError as error:
            completeness.missing.append(f"all owners of {len(apps)} apps with {EXPANDED_AT_MOST} or more: {error}")
            return []
        complete: list[Application] = []
        for app, answer in zip(apps, answers, strict=True):
            if answer.status == 404:  # deleted while the scan was under way
                continue
            try:
                if answer.status != 200:
                    raise fault(answer.status, answer.body)
                owners = await self._owner_pages(decode_page(answer.body))
            except (GraphError, msgspec.DecodeError) as error:
                completeness.missing.append(f"all owners of {app.object_id}: {error}")
                continue
            complete.append(replace(app, owners=owners))
        return complete

    async def _owner_pages(self, page: Page) -> tuple[Person, ...]:
        references = _references(page)
        if page.next_link:
            if not self._reader.client.same_host(page.next_link):
                raise GraphError("Graph's nextLink leads to another host", code="foreignNextLink")
            async for more in self._reader.pages(lambda: self._reader.link(page.next_link or ""), cost=1):
                references += _references(more)
        return self._maker.owners(references)


def _references(page: Page) -> list[Reference]:
    found: list[Reference] = []
    for raw in page.value:
        try:
            found.append(decode_item(raw, _REFERENCE))
        except Unreadable:
            log.warning("an owner reference of Graph cannot be read")
    return found


def _collection(type: ApplicationType) -> tuple[str, str, int]:
    """Name, selected fields, documented resource units of a page."""
    if type is ApplicationType.APP_REGISTRATION:
        return "applications", APPLICATION_FIELDS, 2
    return "servicePrincipals", ENTERPRISE_FIELDS, 1
