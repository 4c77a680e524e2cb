"""Graph twin: applications, servicePrincipals, their owners, and their changes (delta)."""

import bisect
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec

from sandbox.changes import disown, own
from sandbox.graph_core import (
    JSON,
    READ_APPS,
    READ_USERS,
    Answer,
    Call,
    Ordered,
    Route,
    context,
    count,
    matching,
    not_found,
    page,
    require_eventual,
)
from sandbox.graph_delta import delta_page
from sandbox.graph_types import (
    APPLICATION,
    DIRECTORY_OBJECT,
    EXPANDED,
    FEDERATED_CREDENTIAL,
    SERVICE_PRINCIPAL,
    app_json,
    app_value,
    directory_object,
    federated_json,
    overridden,
    owner_of,
)
from sandbox.odata import Query, Resource, bad, parse
from sandbox.refused import Refused
from sandbox.state import TwinState
from sandbox.tenant import TwinApp, TwinGroup, TwinUser

#: Most owners of an application (Entra service limits).
MAX_OWNERS = 100
#: Bytes of rendered apps that are kept for the next scan: 100,000 app registrations and 150,000 enterprise apps.
CACHE_BYTES = 700_000_000
#: Filters whose result is kept.
KEPT_FILTERS = 64

WRITE_OWNERS = (
    frozenset({"Application.ReadWrite.All", "Directory.ReadWrite.All"}),
    frozenset({"Directory.Read.All", "Directory.ReadWrite.All"}),
)
OWNER_BASE = ("/v1.0/directoryObjects/", "/v1.0/users/", "/v1.0/servicePrincipals/")


class Lists:
    """The tenant's apps in Graph's order, and how each looked when it was last sent."""

    def __init__(self) -> None:
        self._revision = -1
        self._lists: dict[str, Ordered[TwinApp]] = {}
        #: Creation dates of the app registrations that have one, ascending, and these apps.
        self._by_creation: tuple[list[datetime], list[TwinApp]] = ([], [])
        #: (collection, $filter) -> those that it lets through.
        self._chosen: dict[tuple[str, str], Ordered[TwinApp]] = {}
        #: (select, expand select) -> object id -> (version, JSON).
        self._rendered: dict[Any, dict[str, tuple[int, bytes]]] = {}
        self._bytes = 0

    def of(self, state: TwinState, collection: str) -> Ordered[TwinApp]:
        """All living apps of a collection."""
        if self._revision != state.revision:
            for name, apps in (
                ("applications", state.tenant.registrations()),
                ("servicePrincipals", state.tenant.enterprise_apps()),
            ):
                self._lists[name] = Ordered(items=apps, ordinals=[app.ordinal for app in apps])
            dated = [(app.created, app.ordinal, app) for app in state.tenant.registrations() if app.created is not None]
            dated.sort(key=lambda entry: entry[:2])
            self._by_creation = ([entry[0] for entry in dated], [entry[2] for entry in dated])
            self._chosen.clear()
            self._revision = state.revision
        return self._lists[collection]

    def chosen(self, state: TwinState, collection: str, query: Query) -> tuple[Query, Ordered[TwinApp]]:
        """The apps that the filter lets through, and the query without it; from memory until something changes."""
        everything = self.of(state, collection)
        if query.filter is None:
            return query, everything
        key = (collection, query.filter.text)
        if key not in self._chosen:
            while len(self._chosen) >= KEPT_FILTERS:
                del self._chosen[next(iter(self._chosen))]
            span = query.filter.created
            self._chosen[key] = (
                matching(replace(query, search=""), everything, lambda app, name: app_value(app, state.tenant, name))
                if span is None
                else self._created_between(*span)
            )
        return replace(query, filter=None), self._chosen[key]

    def _created_between(self, first: datetime | None, last: datetime | None) -> Ordered[TwinApp]:
        """The app registrations of that span, both ends included."""
        dates, apps = self._by_creation
        begin = 0 if first is None else bisect.bisect_left(dates, first)
        end = len(dates) if last is None else bisect.bisect_right(dates, last)
        found = sorted(apps[begin:end], key=lambda app: app.ordinal)
        return Ordered(items=found, ordinals=[app.ordinal for app in found])

    def render(self, state: TwinState, app: TwinApp, query: Query, names_allowed: bool) -> bytes:
        """The app's JSON; from memory where nothing but the app itself can have changed it."""
        plain = not query.expand or query.expand_select == ("id",)
        if not plain:
            return _render(state, app, query, names_allowed)
        kept = self._rendered.setdefault((query.select, query.expand, query.expand_select), {})
        version, text = kept.get(app.object_id, (-1, b""))
        if version != app.version:
            text = _render(state, app, query, names_allowed)
            if self._bytes < CACHE_BYTES:
                kept[app.object_id] = (app.version, text)
                self._bytes += len(text)
        return text


def _render(state: TwinState, app: TwinApp, query: Query, names_allowed: bool) -> bytes:
    values = app_json(app, state.tenant, query.select)
    if query.expand:
        owners = [found for owner in app.owners if (found := owner_of(state.tenant, owner)) is not None]
        select = ("id",) if not names_allowed else query.expand_select
        values["owners"] = [directory_object(owner, state.tenant, select) for owner in owners[:EXPANDED]]
    return msgspec.json.encode(overridden(values, app))


def _resource(call: Call) -> tuple[str, Resource]:
    collection = call.path.split("/")[1]
    return collection, APPLICATION if collection == "applications" else SERVICE_PRINCIPAL


def _query(call: Call, resource: Resource) -> Query:
    query = parse(call.query, resource, eventual=call.eventual)
    if query.expand_select not in (None, ("id",)):
        # Owners are typed directoryObject, which has no further property to select.
        raise bad("Invalid $select properties: owners can be expanded with $select=id only.", "BadRequest")
    return query


# ---------------------------------------------------------------- reading


async def listing(state: TwinState, call: Call) -> Answer:
    collection, resource = _resource(call)
    query = _query(call, resource)
    lists = state.part(Lists)
    names = call.may(READ_USERS)
    what = _context_of(collection, query)
    query, apps = lists.chosen(state, collection, query)
    return page(
        state,
        call,
        query,
        what,
        apps,
        value=lambda app, name: app_value(app, state.tenant, name),
        render=lambda app: lists.render(state, app, query, names),
    )


def _context_of(collection: str, query: Query) -> str:
    names = list(query.select or ())
    if query.expand:
        names.append(f"{query.expand}({','.join(query.expand_select or ())})")
    return f"{collection}({','.join(names)})" if names else collection


async def number(state: TwinState, call: Call) -> Answer:
    collection, resource = _resource(call)
    require_eventual(call)
    # The raw count needs no $count=true beside it.
    query = parse(call.query + "&$count=true", resource, eventual=True)
    query, apps = state.part(Lists).chosen(state, collection, query)
    return count(query, apps, lambda app, name: app_value(app, state.tenant, name))


async def single(state: TwinState, call: Call) -> Answer:
    collection, resource = _resource(call)
    query = _query(call, resource)
    app = find(state, call)
    text = _render(state, app, query, call.may(READ_USERS))
    head = msgspec.json.encode({"@odata.context": context(state, _context_of(collection, query) + "/$entity")})
    return Answer(body=head[:-1] + b"," + text[1:], headers={"Content-Type": JSON})


def find(state: TwinState, call: Call) -> TwinApp:
    """The app that the path names by object id or appId. Raises Refused 404."""
    registrations = call.path.startswith("/applications")
    named = call.ids["id"]
    if named.startswith("appId="):
        wanted = named.removeprefix("appId=").strip("'").lower()
        for app in state.tenant.apps.values():
            if app.app_id == wanted and app.is_registration is registrations and app.deleted_at is None:
                return app
        raise not_found(wanted)
    found = state.tenant.apps.get(named.lower())
    if found is None or found.deleted_at is not None or found.is_registration is not registrations:
        raise not_found(named)
    return found


async def owners(state: TwinState, call: Call) -> Answer:
    app = find(state, call)
    query = parse(call.query, DIRECTORY_OBJECT, eventual=call.eventual)
    found = [each for owner in app.owners if (each := owner_of(state.tenant, owner)) is not None]
    select = query.select if call.may(READ_USERS) else ("id",)

    def value(item: TwinUser | TwinApp | TwinGroup, name: str) -> Any:
        return directory_object(item, state.tenant, [name]).get(name)

    return page(
        state,
        call,
        query,
        "directoryObjects",
        Ordered.of(found),
        value=value,
        render=lambda item: msgspec.json.encode(directory_object(item, state.tenant, select)),
    )


async def federated(state: TwinState, call: Call) -> Answer:
    """GET federatedIdentityCredentials: what other identity providers' workloads sign in with."""
    app = find(state, call)
    query = parse(call.query, FEDERATED_CREDENTIAL, eventual=call.eventual)
    return page(
        state,
        call,
        query,
        f"applications('{app.object_id}')/federatedIdentityCredentials",
        Ordered.of(range(app.federated_credentials)),
        value=lambda index, name: federated_json(app, index, [name]).get(name),
        render=lambda index: msgspec.json.encode(federated_json(app, index, query.select)),
    )


# ---------------------------------------------------------------- writing owners


async def add_owner(state: TwinState, call: Call) -> Answer:
    """POST owners/$ref; 204. Raises Refused as Graph does."""
    app = find(state, call)
    target = call.json().get("@odata.id")
    if not isinstance(target, str) or not target:
        raise Refused(400, "Request_BadRequest", "A resource URI in '@odata.id' is required.")
    base = next((base for base in OWNER_BASE if base in target), None)
    if base is None or not target.startswith(("https://graph.microsoft.com/", state.urls["graph"] + "/")):
        raise Refused(400, "Request_BadRequest", f"Invalid URL format specified in @odata.id: '{target}'.")
    owner_id = target.rpartition("/")[2].lower()
    owner = owner_of(state.tenant, owner_id)
    if owner is None:
        raise not_found(owner_id)
    if not isinstance(owner, TwinUser) and not (isinstance(owner, TwinApp) and not owner.is_registration):
        kind = "Group" if isinstance(owner, TwinGroup) else "Application"
        raise Refused(
            400,
            "Request_BadRequest",
            f"The reference target '{kind}_{owner_id}' of type '{kind}' is invalid for the 'owners' reference.",
        )
    if owner_id in app.owners:
        raise Refused(
            400,
            "Request_BadRequest",
            "One or more added object references already exist for the following modified properties: 'owners'.",
        )
    if len(app.owners) >= MAX_OWNERS:
        raise Refused(
            403,
            "Directory_QuotaExceeded",
            f"The directory object quota limit for the Principal has been exceeded: {MAX_OWNERS} owners.",
        )
    own(state, app.object_id, owner_id, by=call.claims.client_id)
    return Answer(status=204)


async def remove_owner(state: TwinState, call: Call) -> Answer:
    """DELETE owners/{id}/$ref; 204."""
    app = find(state, call)
    owner_id = call.ids["owner"].lower()
    if owner_id not in app.owners:
        raise not_found(owner_id)
    disown(state, app.object_id, owner_id, by=call.claims.client_id)
    return Answer(status=204)


# ---------------------------------------------------------------- delta


async def delta(state: TwinState, call: Call) -> Answer:
    """All apps first, then what changed since the token; owners are not tracked, as in Graph."""
    collection, resource = _resource(call)
    query = parse(call.query, resource, eventual=call.eventual)
    registrations = collection == "applications"
    apps = ((app.ordinal, app) for app in state.tenant.apps.values() if app.is_registration is registrations)

    def render(app: TwinApp) -> dict[str, Any]:
        if app.deleted_at is not None:
            return {"id": app.object_id, "@removed": {"reason": "deleted"}}
        return app_json(app, state.tenant, query.select)

    return delta_page(
        state,
        call,
        query,
        collection,
        apps,
        belongs=lambda app, span: span.has(app.changed, exists=app.deleted_at is None),
        render=render,
    )


def _both(
    method: str, path: str, handle: Any, permissions: tuple[frozenset[str], ...], costs: tuple[int, int]
) -> list[Route]:
    return [
        Route(method=method, path=f"/{name}{path}", handle=handle, permissions=permissions, cost=cost)
        for name, cost in zip(("applications", "servicePrincipals"), costs, strict=True)
    ]


READ = (READ_APPS,)
ROUTES = [
    *_both("GET", "", listing, READ, (2, 1)),
    *_both("GET", "/$count", number, READ, (1, 1)),
    *_both("GET", "/delta", delta, READ, (1, 1)),
    *_both("GET", "/{id}", single, READ, (1, 1)),
    *_both("GET", "/{id}/owners", owners, READ, (1, 1)),
    Route(method="GET", path="/applications/{id}/federatedIdentityCredentials", handle=federated, permissions=READ),
    *_both("POST", "/{id}/owners/$ref", add_owner, WRITE_OWNERS, (1, 1)),
    *_both("DELETE", "/{id}/owners/{owner}/$ref", remove_owner, WRITE_OWNERS, (1, 1)),
]
