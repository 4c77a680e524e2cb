"""The control endpoints of the practice process: what Steward's practice routes ask of it, and tests too.

Only for who holds the control token (STATE_DIR/practice/address.json). Bodies and answers are JSON;
errors are `{"error": {"code", "message"}}`.
"""

import asyncio
import dataclasses
import hmac
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from sandbox import archive_reader, changes, way_in
from sandbox.chats import Chats
from sandbox.connector_limits import RateLimits
from sandbox.control_views import chat_json, entra_json, find_person, iso, mails_json, people_json
from sandbox.graph_throttle import Throttle
from sandbox.happened import happened_json
from sandbox.refused import Refused
from sandbox.state import MUTATIONS, TwinState
from sandbox.steps import approved, steps_json
from sandbox.story import VENDOR_PORTAL_SYNC
from sandbox.traffic import Fault
from sandbox.truth import truth_json

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATE = web.AppKey("state", TwinState)

#: How long a pulse waits for something to change, and how often it looks.
PULSE_SECONDS, PULSE_STEP = 20.0, 0.2


def make_app(state: TwinState) -> web.Application:
    """The control endpoints; its traffic is not logged, for it is none of Steward's."""
    app = web.Application(middlewares=[_errors, _for_holders_of_the_token], client_max_size=1024 * 1024)
    app[STATE] = state
    app.on_cleanup.append(_hang_up)
    app.router.add_routes(
        [
            web.get("/control/health", health),
            web.post("/control/bot", register_bot),
            web.get("/control/clock", clock),
            web.post("/control/advance", advance),
            web.get("/control/pulse", pulse),
            web.get("/control/people", people),
            web.get("/control/as/{name}/chat", chat),
            web.post("/control/as/{name}/open", open_chat),
            web.post("/control/as/{name}/message", message),
            web.post("/control/as/{name}/invoke", invoke),
            web.post("/control/as/{name}/submit", submit),
            web.post("/control/as/{name}/block", block),
            web.get("/control/mail", mail),
            web.get("/control/truth", truth),
            web.get("/control/entra", entra),
            web.post("/control/entra/renew", renew),
            web.get("/control/archive", archive),
            web.get("/control/story", story),
            web.get("/control/happened", happened),
            web.get("/control/requests", requests),
            web.get("/control/faults", faults),
            web.post("/control/faults", order_fault),
            web.delete("/control/faults", clear_faults),
            web.post("/control/latency", set_latency),
            web.get("/control/throttle", throttle),
            web.post("/control/throttle", set_throttle),
            web.post("/control/tokens", set_tokens),
            web.post("/control/limits", set_limits),
            web.post("/control/change", change),
        ]
    )
    return app


# ---------------------------------------------------------------- edge


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refused as refused:
        return web.json_response({"error": {"code": refused.code, "message": refused.message}}, status=refused.status)


@web.middleware
async def _for_holders_of_the_token(request: web.Request, handler: Handler) -> web.StreamResponse:
    wanted = f"Bearer {request.app[STATE].control_token}"
    if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), wanted.encode()):
        raise Refused(401, "Unauthorized", "The control token is missing or wrong.")
    return await handler(request)


async def _hang_up(app: web.Application) -> None:
    await app[STATE].part(way_in.Line).close()


async def _body(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object, empty when there is none. Raises Refused 400."""
    if not request.can_read_body:
        return {}
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "BadRequest", "The body must be a JSON object.")
    return body


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refused(400, "BadRequest", f"{name} must be a text.")
    return value


def _data(body: dict[str, Any]) -> dict[str, Any]:
    data = body.get("data", {})
    if not isinstance(data, dict):
        raise Refused(400, "BadRequest", "data must be a JSON object.")
    return data


def _moment(state: TwinState) -> dict[str, Any]:
    """Where the log of requests and the clock stand; "What happened" shows what comes after."""
    return {"mark": state.traffic.mark(), "at": iso(state.now())}


# ---------------------------------------------------------------- the process and its clock


async def health(request: web.Request) -> web.Response:
    state = request.app[STATE]
    return web.json_response({"now": iso(state.now()), "apps": len(state.tenant.apps)})


async def register_bot(request: web.Request) -> web.Response:
    """POST {"messages_url"}: where Steward's POST /api/messages is; http on loopback."""
    url = _text(await _body(request), "messages_url")
    if not url.startswith(("http://127.0.0.1:", "http://localhost:", "http://[::1]:")):
        raise Refused(400, "BadRequest", "messages_url must be an http address on loopback.")
    request.app[STATE].part(Chats).messages_url = url
    return web.json_response({"messages_url": url})


async def clock(request: web.Request) -> web.Response:
    return web.json_response({"now": iso(request.app[STATE].now())})


async def advance(request: web.Request) -> web.Response:
    """POST {"days"}: skip days (more than 0, at most 800); clients start anew and show what is stored."""
    state = request.app[STATE]
    days = (await _body(request)).get("days", 1)
    if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= 800:
        raise Refused(400, "BadRequest", "days must be a number above 0 and at most 800.")
    moment = _moment(state)
    state.advance(days)
    chats = state.part(Chats)
    chats.shown.clear()
    chats.redrawn += 1
    return web.json_response({"now": iso(state.now()), "moment": {**moment, "at": iso(state.now())}})


async def pulse(request: web.Request) -> web.Response:
    """GET ?revision=&mark=: answers when either differs, or after a while."""
    state = request.app[STATE]
    known = (request.query.get("revision", ""), request.query.get("mark", ""))
    deadline = time.monotonic() + PULSE_SECONDS
    while True:
        current = (f"{state.revision}.{state.part(Chats).redrawn}", str(state.traffic.mark()))
        if current != known or time.monotonic() >= deadline:
            return web.json_response({"revision": current[0], "mark": current[1], "now": iso(state.now())})
        await asyncio.sleep(PULSE_STEP)


async def change(request: web.Request) -> web.Response:
    """POST {"kind", "data"}: any change that the tenant knows (sandbox/changes.py, sandbox/poison.py), for tests."""
    body = await _body(request)
    kind = _text(body, "kind")
    if kind not in MUTATIONS:
        raise Refused(400, "BadRequest", f"There is no change {kind!r}; there are {', '.join(sorted(MUTATIONS))}.")
    state = request.app[STATE]
    try:
        state.change(kind, **_data(body))
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(400, "BadRequest", f"{kind} does not take this data: {error!r}.") from error
    return web.json_response({"revision": state.revision})


# ---------------------------------------------------------------- people and chats


async def people(request: web.Request) -> web.Response:
    """GET ?search=: the cast, or who is found."""
    return web.json_response(people_json(request.app[STATE], request.query.get("search", "")))


async def chat(request: web.Request) -> web.Response:
    state = request.app[STATE]
    return web.json_response(chat_json(state, find_person(state, request.match_info["name"])))


async def open_chat(request: web.Request) -> web.Response:
    """POST: the person looks at the chat; answers how many cards refreshed themselves."""
    state = request.app[STATE]
    refreshed = await way_in.open_up(state, find_person(state, request.match_info["name"]))
    return web.json_response({"refreshed": refreshed})


def _answer_json(answer: way_in.Answer, moment: dict[str, Any]) -> web.Response:
    return web.json_response(
        {
            "status": answer.status,
            "body": answer.body,
            "activity": answer.activity_id,
            "error": answer.error,
            "moment": moment,
        }
    )


async def message(request: web.Request) -> web.Response:
    """POST {"text"}: the person types something."""
    state = request.app[STATE]
    text = _text(await _body(request), "text")
    moment = _moment(state)
    return _answer_json(await way_in.say(state, find_person(state, request.match_info["name"]), text), moment)


async def invoke(request: web.Request) -> web.Response:
    """POST {"activity", "verb", "data"}: the person presses an Action.Execute button; data holds inputs too."""
    state = request.app[STATE]
    body = await _body(request)
    activity, verb, data = _text(body, "activity"), _text(body, "verb"), _data(body)
    moment = _moment(state)
    person = find_person(state, request.match_info["name"])
    return _answer_json(await way_in.press(state, person, activity, verb, data), moment)


async def submit(request: web.Request) -> web.Response:
    """POST {"activity", "data"}: the person presses an Action.Submit button."""
    state = request.app[STATE]
    body = await _body(request)
    activity, data = _text(body, "activity"), _data(body)
    moment = _moment(state)
    person = find_person(state, request.match_info["name"])
    return _answer_json(await way_in.submit(state, person, activity, data), moment)


async def block(request: web.Request) -> web.Response:
    """POST {"blocked": true|false}: the person blocks the bot, or lets it write again."""
    state = request.app[STATE]
    blocked = (await _body(request)).get("blocked", True)
    person = find_person(state, request.match_info["name"])
    state.change("botBlocked", person=person.id, blocked=bool(blocked))
    return web.json_response({"blocked": bool(blocked)})


# ---------------------------------------------------------------- what the tenant holds


async def mail(request: web.Request) -> web.Response:
    return web.json_response({"mail": mails_json(request.app[STATE])})


async def truth(request: web.Request) -> web.Response:
    return web.json_response(truth_json(request.app[STATE]))


async def entra(request: web.Request) -> web.Response:
    return web.json_response(entra_json(request.app[STATE], request.query.get("search", "")))


async def renew(request: web.Request) -> web.Response:
    """POST {"object_id", "key_id"}: what a person does in Entra to renew; answers the new key id.

    The audit log names an owner of the app, if it has one.
    """
    state = request.app[STATE]
    body = await _body(request)
    object_id, key_id = _text(body, "object_id"), _text(body, "key_id")
    moment = _moment(state)
    app = state.tenant.apps.get(object_id)
    owners = state.tenant.counting_owners(app) if app is not None else []
    by = owners[0].id if owners else ""
    return web.json_response({"key_id": changes.renew(state, object_id, key_id, by=by), "moment": moment})


async def archive(request: web.Request) -> web.Response:
    """GET ?search=: the newest events and the records of the newest scan."""
    state = request.app[STATE]
    search = request.query.get("search", "")
    try:
        events, records = await archive_reader.events(state), await archive_reader.records(state)
    except archive_reader.Unreadable as error:
        return web.json_response({"events": [], "records": [], "error": str(error)})
    return web.json_response(
        {
            "events": archive_reader.matching(events, search)[:200],
            "records": archive_reader.matching(records, search)[:200],
            "error": "",
        }
    )


async def story(request: web.Request) -> web.Response:
    state = request.app[STATE]
    owner = ""
    if approved(state):
        owner = await archive_reader.owner_of(state, state.tenant.app_named(VENDOR_PORTAL_SYNC).object_id)
    return web.json_response({"steps": steps_json(state, owner)})


async def happened(request: web.Request) -> web.Response:
    """GET ?since=&at=: what followed a moment that an earlier answer named."""
    state = request.app[STATE]
    try:
        mark, at = int(request.query.get("since", "0")), datetime.fromisoformat(request.query.get("at", ""))
    except ValueError:
        raise Refused(400, "BadRequest", "since must be a number and at a time.") from None
    if at.tzinfo is None:
        raise Refused(400, "BadRequest", "at must name its time zone.")
    try:
        rows = archive_reader.since(await archive_reader.events(state), at)
    except archive_reader.Unreadable:
        rows = []
    return web.json_response(happened_json(state, mark, at, rows))


# ---------------------------------------------------------------- for tests and load runs


async def requests(request: web.Request) -> web.Response:
    """GET ?since=: the log of requests after a mark, and the mark now."""
    state = request.app[STATE]
    try:
        mark = int(request.query.get("since", "0"))
    except ValueError:
        raise Refused(400, "BadRequest", "since must be a number.") from None
    seen = [{**dataclasses.asdict(each), "at": iso(each.at)} for each in state.traffic.since(mark)]
    return web.json_response({"mark": state.traffic.mark(), "requests": seen})


async def faults(request: web.Request) -> web.Response:
    """GET: the faults that are ordered, each with how many requests it met."""
    ordered = request.app[STATE].traffic.faults
    return web.json_response({"faults": [fault.fields() for fault in ordered]})


async def order_fault(request: web.Request) -> web.Response:
    """POST the fields of a Fault: the next matching requests fail."""
    state = request.app[STATE]
    try:
        fault = Fault(**await _body(request))
    except (TypeError, ValueError) as error:
        raise Refused(400, "BadRequest", str(error)) from None
    if fault.change and fault.change.get("kind") not in MUTATIONS:
        raise Refused(400, "BadRequest", f"There is no change {fault.change.get('kind')!r}.")
    state.traffic.order(fault)
    return web.json_response({"faults": len(state.traffic.faults)})


async def clear_faults(request: web.Request) -> web.Response:
    request.app[STATE].traffic.clear()
    return web.json_response({"faults": 0})


async def set_latency(request: web.Request) -> web.Response:
    """POST {"service", "seconds"}: how long each HTTP answer of a service (graph, or * for all) takes; a $batch is one."""
    body, latency = await _body(request), request.app[STATE].traffic.latency
    seconds = body.get("seconds", 0)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 600:
        raise Refused(400, "BadRequest", "seconds must be a number from 0 to 600.")
    latency[_text(body, "service")] = float(seconds)
    return web.json_response({"latency": latency})


async def throttle(request: web.Request) -> web.Response:
    """GET: what Graph's limits refused, and the most requests for keyCredentials in any 60 seconds."""
    return web.json_response(request.app[STATE].part(Throttle).report())


async def set_throttle(request: web.Request) -> web.Response:
    """POST any of {"on", "shared", "limit", "forget"}: Graph's limits; shared counts both collections together."""
    body, limits = await _body(request), request.app[STATE].part(Throttle)
    limits.on = bool(body.get("on", limits.on))
    limits.shared = bool(body.get("shared", limits.shared))
    limit = body.get("limit", limits.key_credentials_per_minute)
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise Refused(400, "BadRequest", "limit must be a whole number of at least 1.")
    limits.key_credentials_per_minute = limit
    if body.get("forget"):
        limits.forget()
    return web.json_response(limits.report())


async def set_tokens(request: web.Request) -> web.Response:
    """POST any of {"uses", "end"}: tokens of Graph are good for so many requests (0: any); end those issued so far."""
    body, tokens = await _body(request), request.app[STATE].tokens
    uses = body.get("uses", tokens.uses_allowed)
    if isinstance(uses, bool) or not isinstance(uses, int) or uses < 0:
        raise Refused(400, "BadRequest", "uses must be a whole number of at least 0.")
    tokens.uses_allowed = uses
    if body.get("end"):
        tokens.end_all()
    return web.json_response({"uses": uses})


async def set_limits(request: web.Request) -> web.Response:
    """POST any of {"enabled", "overall", "forget"}: the connector's rates, and what was counted of them."""
    body, limits = await _body(request), request.app[STATE].part(RateLimits)
    limits.enabled = bool(body.get("enabled", limits.enabled))
    overall = body.get("overall", limits.overall)
    if isinstance(overall, bool) or not isinstance(overall, int) or overall < 1:
        raise Refused(400, "BadRequest", "overall must be a whole number of at least 1.")
    limits.overall = overall
    if body.get("forget"):
        limits.calls = limits.refused = limits.early = 0
    return web.json_response(limits.report())
