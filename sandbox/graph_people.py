"""Graph twin: users, their changes (delta), managers, deleted users, groups, getByIds."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from sandbox.graph_core import (
    JSON,
    READ_USERS,
    Answer,
    Call,
    Ordered,
    Route,
    context,
    count,
    not_found,
    ok,
    page,
    require_eventual,
)
from sandbox.graph_delta import Span, delta_page
from sandbox.graph_types import (
    DIRECTORY_OBJECT,
    USER,
    directory_object,
    owner_of,
    user_json,
    user_value,
)
from sandbox.odata import Query, bad, parse
from sandbox.refused import Refused
from sandbox.state import TwinState
from sandbox.tenant import TwinUser

READ_GROUPS = frozenset(
    {
        "GroupMember.Read.All",
        "Group.Read.All",
        "Group.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    }
)
READ_DIRECTORY = frozenset({"Directory.Read.All", "Directory.ReadWrite.All"})

#: Most ids of one getByIds.
MAX_IDS = 1000
#: getByIds names these types for directory objects.
TYPES = frozenset({"user", "group", "servicePrincipal", "application", "directoryObject", "device"})


def _render(state: TwinState, user: TwinUser, query: Query) -> bytes:
    values = user_json(user, query.select)
    manager = state.tenant.users.get(user.manager_id)
    if query.expand == "manager" and manager is not None and manager.listed:
        # Whether accountEnabled comes with an expanded manager is not documented: it does not here.
        names = [name for name in query.expand_select if name != "accountEnabled"] if query.expand_select else None
        values["manager"] = {"@odata.type": "#microsoft.graph.user", **user_json(manager, names)}
    return msgspec.json.encode(values)


def _users_of(state: TwinState, query: Query, *, deleted: bool = False) -> Ordered[TwinUser]:
    """The users to search; only the named ones when the filter names ids."""
    users = state.tenant.users

    def shown(user: TwinUser) -> bool:
        return not user.gone and (user.deleted_at is not None) is deleted

    if query.filter is not None and query.filter.ids is not None:
        named = (users.get(user_id) for user_id in dict.fromkeys(query.filter.ids))
        return Ordered.of([user for user in named if user is not None and shown(user)])
    return Ordered.of([user for user in users.values() if shown(user)])


async def users(state: TwinState, call: Call) -> Answer:
    query = parse(call.query, USER, eventual=call.eventual)
    return page(
        state,
        call,
        query,
        f"users({','.join(query.select)})" if query.select else "users",
        _users_of(state, query),
        value=user_value,
        render=lambda user: _render(state, user, query),
    )


async def number(state: TwinState, call: Call) -> Answer:
    require_eventual(call)
    query = parse(call.query + "&$count=true", USER, eventual=True)
    return count(query, _users_of(state, query), user_value)


async def user(state: TwinState, call: Call) -> Answer:
    query = parse(call.query, USER, eventual=call.eventual)
    return _entity(state, _render(state, find(state, call), query), "users/$entity")


async def manager(state: TwinState, call: Call) -> Answer:
    query = parse(call.query, USER, eventual=call.eventual)
    found = state.tenant.users.get(find(state, call).manager_id)
    if found is None or not found.listed:
        raise not_found("manager")
    values = {"@odata.type": "#microsoft.graph.user", **user_json(found, query.select)}
    return _entity(state, msgspec.json.encode(values), "directoryObjects/$entity")


def find(state: TwinState, call: Call) -> TwinUser:
    """The user that the path names by object id or UPN. Raises Refused 404."""
    found = state.tenant.user(call.ids["id"])
    if found is None:
        raise not_found(call.ids["id"])
    return found


def _entity(state: TwinState, text: bytes, what: str) -> Answer:
    head = msgspec.json.encode({"@odata.context": context(state, what)})
    return Answer(body=head[:-1] + b"," + text[1:], headers={"Content-Type": JSON})


# ---------------------------------------------------------------- delta

#: Delta tracks the manager where $select names it (learn: delta-query-overview).
TRACKED_USER = replace(USER, properties=USER.properties | {"manager"})


async def delta(state: TwinState, call: Call) -> Answer:
    """GET /users/delta: all users first, then those that changed since the token."""
    query = parse(call.query, TRACKED_USER, eventual=call.eventual)
    named = query.filter.ids if query.filter is not None else None
    if query.filter is not None and named is None:
        raise bad("Delta takes no filter but on id.")
    select = tuple(name for name in query.select if name != "manager") if query.select else None
    managers = query.select is not None and "manager" in query.select

    def belongs(user: TwinUser, span: Span) -> bool:
        return (named is None or user.id in named) and span.has(user.changed, exists=user.listed)

    def render(user: TwinUser) -> dict[str, Any]:
        if not user.listed:
            return {"id": user.id, "@removed": {"reason": "deleted" if user.gone else "changed"}}
        values = user_json(user, select)
        manager = state.tenant.users.get(user.manager_id)
        if managers and manager is not None and manager.listed:
            values["manager@delta"] = [{"@odata.type": "#microsoft.graph.user", "id": manager.id}]
        return values

    # A user is never taken out of the tenant, so that the position in it is an ordinal.
    items = enumerate(list(state.tenant.users.values()))
    return delta_page(state, call, query, "users", items, belongs=belongs, render=render)


# ---------------------------------------------------------------- deleted users


async def deleted_users(state: TwinState, call: Call) -> Answer:
    query = parse(call.query, USER, eventual=call.eventual)
    return page(
        state,
        call,
        query,
        "users",
        _users_of(state, query, deleted=True),
        value=user_value,
        render=lambda user: msgspec.json.encode(user_json(user, query.select)),
    )


async def deleted_user(state: TwinState, call: Call) -> Answer:
    query = parse(call.query, DIRECTORY_OBJECT, eventual=call.eventual)
    found = state.tenant.users.get(call.ids["id"].lower())
    if found is None or found.gone or found.deleted_at is None:
        raise not_found(call.ids["id"])
    values = {"@odata.type": "#microsoft.graph.user", **user_json(found, query.select)}
    return _entity(state, msgspec.json.encode(values), "directoryObjects/$entity")


# ---------------------------------------------------------------- groups, getByIds


def _members(state: TwinState, group_id: str) -> list[TwinUser]:
    """The users in a group and in the groups in it."""
    found: dict[str, TwinUser] = {}
    seen: set[str] = set()
    waiting = [group_id]
    while waiting:
        group = state.tenant.groups.get(waiting.pop())
        if group is None or group.id in seen:
            continue
        seen.add(group.id)
        for member in group.members:
            person = state.tenant.users.get(member)
            if person is None:
                waiting.append(member)
            elif person.listed:
                found[person.id] = person
    return list(found.values())


async def members(state: TwinState, call: Call) -> Answer:
    group = state.tenant.groups.get(call.ids["id"].lower())
    if group is None:
        raise not_found(call.ids["id"])
    query = parse(call.query, DIRECTORY_OBJECT, eventual=call.eventual)
    select: Iterable[str] | None = query.select if call.may(READ_USERS) else ("id",)
    return page(
        state,
        call,
        query,
        "directoryObjects",
        Ordered.of(_members(state, group.id)),
        value=user_value,
        render=lambda person: msgspec.json.encode(directory_object(person, state.tenant, select)),
    )


async def get_by_ids(state: TwinState, call: Call) -> Answer:
    """POST /directoryObjects/getByIds: those that exist, of the types asked for."""
    body = call.json()
    ids, types = body.get("ids"), body.get("types") or ["directoryObject"]
    if not isinstance(ids, list) or not ids or not all(isinstance(each, str) for each in ids):
        raise Refused(400, "Request_BadRequest", "The collection of ids must not be empty.")
    if len(ids) > MAX_IDS:
        raise Refused(400, "Request_BadRequest", f"The number of ids is {len(ids)}; at most {MAX_IDS} are allowed.")
    if not isinstance(types, list) or not TYPES.issuperset(types):
        raise Refused(400, "Request_BadRequest", f"Invalid types: {types!r}.")
    found = (owner_of(state.tenant, each.lower()) for each in ids)
    values = [directory_object(each, state.tenant, None) for each in found if each is not None]
    if "directoryObject" not in types:
        wanted = {f"#microsoft.graph.{name}" for name in types}
        values = [value for value in values if value["@odata.type"] in wanted]
    answer: dict[str, Any] = {"@odata.context": context(state, "directoryObjects"), "value": values}
    return ok(answer)


USERS = (READ_USERS,)
CASTS = ("microsoft.graph.user", "graph.user")
ROUTES = [
    Route(method="GET", path="/users", handle=users, permissions=USERS, cost=2),
    Route(method="GET", path="/users/$count", handle=number, permissions=USERS),
    Route(method="GET", path="/users/delta", handle=delta, permissions=USERS),
    Route(method="GET", path="/users/{id}", handle=user, permissions=USERS),
    Route(method="GET", path="/users/{id}/manager", handle=manager, permissions=USERS),
    *(
        Route(method="GET", path=f"/directory/deletedItems/{cast}", handle=deleted_users, permissions=USERS)
        for cast in CASTS
    ),
    Route(method="GET", path="/directory/deletedItems/{id}", handle=deleted_user, permissions=USERS),
    Route(method="GET", path="/groups/{id}/transitiveMembers", handle=members, permissions=(READ_GROUPS,), cost=3),
    *(
        Route(
            method="GET",
            path=f"/groups/{{id}}/transitiveMembers/{cast}",
            handle=members,
            permissions=(READ_GROUPS,),
            cost=3,
        )
        for cast in CASTS
    ),
    Route(method="POST", path="/directoryObjects/getByIds", handle=get_by_ids, permissions=(READ_DIRECTORY,), cost=3),
]
