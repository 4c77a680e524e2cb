"""The twin of Microsoft Graph, v1.0 and one report of the beta: the edge that every request passes, alone or as a part of a $batch.

Only the documented surface that Steward needs exists; anything else is refused with Graph's error JSON.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import msgspec
from aiohttp import web

from sandbox import graph_applications, graph_audits, graph_mail, graph_people, graph_reports, graph_roles, graph_teams
from sandbox.graph_core import JSON, Answer, Call, Route, error_body
from sandbox.graph_throttle import Throttle, cost_of
from sandbox.graph_types import APPLICATION, SERVICE_PRINCIPAL, USER
from sandbox.odata import parse
from sandbox.refused import Refused
from sandbox.state import TwinState
from sandbox.tokens import GRAPH
from sandbox.traffic import middlewares

STATE = web.AppKey("state", TwinState)

#: Most requests of one $batch, and bytes that are read at all.
MAX_PARTS = 20
MAX_BODY = 8 * 1024 * 1024

ROUTES: list[Route] = [
    *graph_roles.ROUTES,
    *graph_audits.ROUTES,
    *graph_applications.ROUTES,
    *graph_people.ROUTES,
    *graph_mail.ROUTES,
    *graph_teams.ROUTES,
]
#: Version -> its routes.
VERSIONS = {"v1.0": ROUTES, "beta": graph_reports.ROUTES}
SEGMENTS = frozenset(route.path.split("/")[1] for route in ROUTES)


def make_app(state: TwinState) -> web.Application:
    """Everything below /v1.0, and what there is of /beta; the rest is refused."""
    app = web.Application(middlewares=list(middlewares(state.traffic, "graph")), client_max_size=MAX_BODY)
    app[STATE] = state
    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def answer(request: web.Request) -> web.Response:
    """One HTTP request."""
    state = request.app[STATE]
    client_request_id = request.headers.get("client-request-id", "")
    try:
        claims = state.claims(request, GRAPH)
        version, _, rest = request.rel_url.raw_path.lstrip("/").partition("/")
        if version not in VERSIONS:
            raise Refused(400, "BadRequest", f"Invalid version: {version}")
        call = Call(
            method=request.method,
            version=version,
            path=_normal(rest),
            query=request.rel_url.raw_query_string,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
            claims=claims,
            number=request["number"],
            again=request.get("again", 0),
        )
        if call.path == "/$batch" and call.method == "POST" and version == "v1.0":
            made = await batch(state, call)
        else:
            made = await dispatch(state, call)
    except Refused as refused:
        made = refusal(state, refused, client_request_id)
    if made.file:
        request["file"] = made.file
    headers = {
        "request-id": str(uuid4()),
        "OData-Version": "4.0",
        "Cache-Control": "no-cache",
        **made.headers,
        "x-ms-ags-diagnostic": '{"ServerInfo":{"DataCenter":"Practice","Slice":"E","Ring":"1","RoleInstance":"twin"}}',
    }
    if client_request_id:
        headers["client-request-id"] = client_request_id
    return web.Response(status=made.status, body=made.body, headers=headers)


def _normal(path: str) -> str:
    """The path below the version: decoded, without a trailing slash, keys in parentheses as a segment."""
    decoded = unquote(path).rstrip("/")
    head, bracket, key = decoded.partition("(")
    if bracket:
        key, _, rest = key.partition(")")
        decoded = f"{head}/{key.strip(chr(39))}{rest}" if "=" not in key else f"{head}/{key}{rest}"
    return "/" + decoded


def refusal(state: TwinState, refused: Refused, client_request_id: str = "") -> Answer:
    headers = {"Content-Type": JSON, **refused.headers}
    if refused.status == 401:
        headers["WWW-Authenticate"] = (
            f'Bearer realm="", authorization_uri="{state.urls["entra"]}/common/oauth2/authorize"'
        )
    return Answer(
        status=refused.status,
        headers=headers,
        body=msgspec.json.encode(error_body(state, refused, client_request_id)),
    )


async def dispatch(state: TwinState, call: Call) -> Answer:
    """Authorise, throttle and answer one request. Raises Refused."""
    found, ids = route_of(call)
    for permissions in found.permissions:
        if not call.may(permissions):
            raise Refused(403, *_forbidden(found))
    cost = _charge(state, call, found)
    made = await found.handle(state, replace(call, ids=ids))
    made.file = found.handle.__module__.replace(".", "/") + ".py"
    made.headers.setdefault("x-ms-resource-unit", str(cost))
    return made


def _forbidden(route: Route) -> tuple[str, str]:
    """The two ways in which Graph says that a permission is missing: directory and mail."""
    if route in graph_mail.ROUTES:
        return "ErrorAccessDenied", "Access is denied. Check credentials and try again."
    if route in graph_teams.ROUTES:
        names = ", ".join(sorted(route.permissions[0]))
        return "Forbidden", f"Missing scope permissions on the request. API requires one of '{names}'."
    return "Authorization_RequestDenied", "Insufficient privileges to complete the operation."


def route_of(call: Call) -> tuple[Route, Mapping[str, str]]:
    """The route and the named parts of its path. Raises Refused 400, 404 or 405."""
    other_method = False
    for route in VERSIONS[call.version]:
        ids = route.match(call.method, call.path)
        if ids is not None:
            return route, ids
        other_method = other_method or route.match(route.method, call.path) is not None
    if other_method:
        raise Refused(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
    first, *rest = call.path.strip("/").split("/")
    segment = rest[-1] if first in SEGMENTS and rest else first
    raise Refused(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def _charge(state: TwinState, call: Call, route: Route) -> int:
    """The cost in resource units; counted. Raises Refused 429, and 400 for options that are wrong."""
    collection = route.path.split("/")[1]
    resource = {"applications": APPLICATION, "servicePrincipals": SERVICE_PRINCIPAL, "users": USER}.get(collection)
    if call.method != "GET" or resource is None or route.path.count("/") > 2 or route.path == "/users/delta":
        query, cost = None, route.cost
    else:
        query = parse(
            call.query + "&$count=true" if "$count" in call.path else call.query, resource, eventual=call.eventual
        )
        cost = cost_of(
            route.cost,
            select=query.select is not None,
            expand=bool(query.expand),
            small=query.asked_top and query.top < 20,
        )
    state.part(Throttle).check(collection, query, cost, len(state.tenant.users))
    return cost


# ---------------------------------------------------------------- $batch


async def batch(state: TwinState, call: Call) -> Answer:
    """POST /$batch: up to 20 parts, each authorised, throttled and refused on its own; the envelope is 200."""
    requests = call.json().get("requests")
    if not isinstance(requests, list) or not requests:
        raise Refused(400, "BadRequest", "Invalid batch payload format.")
    if len(requests) > MAX_PARTS:
        raise Refused(
            400, "MaximumValueExceeded", f"Number of batch request steps exceeds the maximum value of {MAX_PARTS}."
        )
    ids = [part.get("id") for part in requests if isinstance(part, dict)]
    if len(set(ids)) != len(requests) or not all(isinstance(each, str) and each for each in ids):
        raise Refused(400, "BadRequest", "Each batch request step must have a unique id.")
    responses = [await _part(state, call, part) for part in requests]
    # Graph answers in any order: the caller has to go by the ids.
    responses.reverse()
    return Answer(
        body=msgspec.json.encode({"responses": responses}), headers={"Content-Type": JSON}, file="sandbox/graph.py"
    )


async def _part(state: TwinState, call: Call, part: dict[str, Any]) -> dict[str, Any]:
    url, method = str(part.get("url", "")), str(part.get("method", "")).upper()
    try:
        made = await _answer_part(state, call, part, url, method)
    except Refused as refused:
        made = refusal(state, refused)
    response: dict[str, Any] = {"id": part["id"], "status": made.status, "headers": made.headers}
    if made.body:
        plain = not made.headers.get("Content-Type", "").startswith("application/json")
        response["body"] = made.body.decode() if plain else msgspec.Raw(made.body)
    state.traffic.note(
        "graph",
        method,
        "/v1.0" + url,
        made.status,
        made.file or "sandbox/graph.py",
        len(made.body),
        part_of=call.number,
    )
    return response


async def _answer_part(state: TwinState, call: Call, part: dict[str, Any], url: str, method: str) -> Answer:
    """Raises Refused."""
    if "://" in url:
        # The SDK writes absolute URLs; Graph takes the scheme for a resource.
        raise Refused(400, "BadRequest", f"Resource not found for the segment '{url.partition('/')[0]}'.")
    if method not in ("GET", "POST", "PATCH", "PUT", "DELETE"):
        raise Refused(400, "BadRequest", f"Invalid batch request step method '{method}'.")
    path, _, query = url.partition("?")
    headers = {str(name).lower(): str(value) for name, value in (part.get("headers") or {}).items()}
    body = part.get("body")
    if body is not None and "content-type" not in headers:
        raise Refused(400, "BadRequest", "Content-Type header is required for a batch request step with a body.")
    inner = Call(
        method=method,
        path=_normal(path.lstrip("/")),
        query=query,
        headers=headers,
        body=b"" if body is None else msgspec.json.encode(body),
        claims=call.claims,
        number=call.number,
    )
    fault = state.traffic.take("graph", method, "/v1.0/" + url.lstrip("/"))
    if fault is not None:
        if fault.delay:
            await asyncio.sleep(fault.delay)
        failure = fault.failure(state.now(), whole=False)
        if failure.status:
            if fault.act:
                await dispatch(state, inner)
            return Answer(
                status=failure.status,
                body=failure.body.encode(),
                headers={"Content-Type": failure.content_type, **failure.headers},
            )
        made = await dispatch(state, replace(inner, again=fault.again))
        state.traffic.follow(fault)
        return made
    return await dispatch(state, inner)
