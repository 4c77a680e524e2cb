"""The twin of Teams' Bot Connector: creates conversations, posts, updates and deletes messages.

It refuses what Teams refuses, with Teams' words: a person without the app (403), one who blocked the bot
(403), a conversation or message that is not there (404), a message that is too large (413), too many
calls (429 with Retry-After). Sources: learn.microsoft.com/microsoftteams/platform/bots/how-to,
conversations/conversation-messages, rate-limit, format-your-bot-messages.
"""

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from aiohttp import web

from sandbox.chats import (
    CARD,
    Chat,
    Chats,
    bot_id,
    conversation_id,
    find_member,
    next_activity_id,
    open_chat,
    post,
    stored,
    teams_user_id,
)
from sandbox.connector_limits import RateLimits
from sandbox.refused import Refused
from sandbox.state import TwinState
from sandbox.tenant import TwinUser
from sandbox.tokens import BOT_FRAMEWORK
from sandbox.traffic import middlewares
from sandbox.way_in import announce_install

#: Under which path of the connector's address the service lives, as in Teams.
BASE = "/teams"
#: Largest bot message in bytes of UTF-16.
MAX_MESSAGE = 100 * 1024
#: What this twin reads at all; larger bodies are refused by the web server with the same 413.
MAX_BODY = 4 * 1024 * 1024

STATE = web.AppKey("state", TwinState)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(state: TwinState) -> web.Application:
    """The connector's routes under /teams/."""
    app = web.Application(
        middlewares=[*middlewares(state.traffic, "connector"), _refusals, _authenticated], client_max_size=MAX_BODY
    )
    app[STATE] = state
    state.on_install.append(partial(announce_install, state))
    conversations = f"{BASE}/v3/conversations"
    app.router.add_post(conversations, create_conversation)
    app.router.add_post(f"{conversations}/{{conversation}}/activities", post_activity)
    app.router.add_post(f"{conversations}/{{conversation}}/activities/{{activity}}", post_activity)
    app.router.add_put(f"{conversations}/{{conversation}}/activities/{{activity}}", update_activity)
    app.router.add_delete(f"{conversations}/{{conversation}}/activities/{{activity}}", delete_activity)
    app.router.add_get(f"{conversations}/{{conversation}}/members", list_members)
    app.router.add_get(f"{conversations}/{{conversation}}/pagedmembers", page_members)
    app.router.add_get(f"{conversations}/{{conversation}}/members/{{member}}", get_member)
    return app


# ---------------------------------------------------------------- edge


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write a refusal in the connector's error JSON."""
    try:
        return await handler(request)
    except Refused as refused:
        return web.json_response(_error_body(refused), status=refused.status, headers=refused.headers)
    except web.HTTPRequestEntityTooLarge:
        return web.json_response(_error_body(_too_large()), status=413)


def _error_body(refused: Refused) -> dict[str, object]:
    """The error as this service writes it; refused writes come in its older form."""
    if refused.code != "MessageWritesBlocked":
        return {"error": {"code": refused.code, "message": refused.message}}
    inner = {"subCode": refused.code, "details": refused.message, "errorCode": None, "errorSubCode": None}
    return {"errorCode": 209, "message": json.dumps(inner, indent=2)}


@web.middleware
async def _authenticated(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only the bot's own token through, within the rates."""
    state = request.app[STATE]
    try:
        claims = state.claims(request, BOT_FRAMEWORK)
    except Refused as refused:
        raise Refused(401, "Unauthorized", "Authorization has been denied for this request.") from refused
    if claims.client_id != state.identities.bot.client_id:
        raise Refused(401, "BotNotRegistered", "No registered bot found with this id.")
    _within_rates(state)
    if request.method != "GET" and (conversation := request.match_info.get("conversation", "")):
        _within_rates(state, conversation)
    return await handler(request)


def _within_rates(state: TwinState, conversation: str = "") -> None:
    """Count a call. Raises Refused 429."""
    wait = state.part(RateLimits).take(conversation)
    if wait:
        raise Refused(429, "TooManyRequests", "API calls quota exceeded.", headers={"Retry-After": str(wait)})


async def _json(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object. Raises Refused 400."""
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(400, "BadSyntax", "Bad format of the request body.")
    return body


def _too_large() -> Refused:
    return Refused(413, "MessageSizeTooBig", "Message size too large.")


# ---------------------------------------------------------------- conversations


async def create_conversation(request: web.Request) -> web.Response:
    """POST /v3/conversations: the one-to-one chat with a person, the same one every time."""
    state = request.app[STATE]
    body = await _json(request)
    person = _one_member(state, body)
    if not person.active or not person.has_teams_app:
        raise Refused(403, "ForbiddenOperationException", "Bot is not installed in user's personal scope")
    # Creating counts as a send to that conversation.
    _within_rates(state, conversation_id(state, person.id))
    return web.json_response({"id": open_chat(state, person.id).id}, status=201)


def _one_member(state: TwinState, body: dict[str, Any]) -> TwinUser:
    """The person that a new conversation is for. Raises Refused 400 or 403."""
    if body.get("isGroup"):
        raise Refused(400, "BadArgument", "Group conversations cannot be created by this bot.")
    members = body.get("members")
    if not isinstance(members, list) or len(members) != 1 or not isinstance(members[0], dict):
        raise Refused(400, "BadSyntax", "Incorrect conversation creation parameters: one member is expected.")
    asking = (body.get("bot") or {}).get("id", bot_id(state))
    if asking not in (bot_id(state), state.identities.bot.client_id):
        raise Refused(403, "NotEnoughPermissions", "The bot is not the one that signed in.")
    tenant = ((body.get("channelData") or {}).get("tenant") or {}).get("id") or body.get("tenantId")
    if tenant != state.tenant.tenant_id:
        raise Refused(400, "BadArgument", "Missing or unknown tenant in the conversation parameters.")
    person = find_member(state, str(members[0].get("id") or ""))
    if person is None:
        raise Refused(400, "BadArgument", "Failed to decrypt pairwise id")
    return person


def _chat(state: TwinState, request: web.Request) -> Chat:
    """The conversation of a request. Raises Refused 404."""
    chat = state.part(Chats).chats.get(request.match_info["conversation"])
    if chat is None:
        raise Refused(404, "ConversationNotFound", "Conversation not found.")
    return chat


def _writable(state: TwinState, request: web.Request) -> Chat:
    """A conversation into which the bot may write. Raises Refused 403 or 404."""
    chat = _chat(state, request)
    person = state.tenant.users[chat.person_id]
    if person.id in state.part(Chats).blocked:
        raise Refused(403, "MessageWritesBlocked", "Thread is not writable")
    if not person.active or not person.has_teams_app:
        raise Refused(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")
    return chat


# ---------------------------------------------------------------- activities


async def post_activity(request: web.Request) -> web.Response:
    """POST .../activities (with or without the id replied to): a new message; 201 with its activity id."""
    state = request.app[STATE]
    chat = _writable(state, request)
    activity = _checked(await _json(request))
    if activity["type"] == "typing":
        return web.json_response({"id": next_activity_id(state)}, status=201)
    if activity.get("text") and activity.get("attachments"):
        # Teams makes two messages of it and names neither: the card can never be updated.
        post(state, chat, {**activity, "attachments": []})
        post(state, chat, {**activity, "text": ""})
        return web.json_response({}, status=201)
    return web.json_response({"id": post(state, chat, activity)}, status=201)


async def update_activity(request: web.Request) -> web.Response:
    """PUT .../activities/{id}: replaces one of the bot's messages in place; it does not become unread."""
    state = request.app[STATE]
    chat = _writable(state, request)
    activity = _checked(await _json(request))
    message = stored(chat, request.match_info["activity"])
    state.change("messageUpdated", conversation=chat.id, id=message.id, activity=activity)
    return web.json_response({"id": message.id})


async def delete_activity(request: web.Request) -> web.Response:
    """DELETE .../activities/{id}: takes one of the bot's messages away."""
    state = request.app[STATE]
    chat = _writable(state, request)
    message = stored(chat, request.match_info["activity"])
    state.change("messageDeleted", conversation=chat.id, id=message.id)
    return web.Response(status=200)


def _checked(activity: dict[str, Any]) -> dict[str, Any]:
    """The activity if Teams would take it. Raises Refused 400 or 413."""
    if activity.get("type") not in ("message", "typing"):
        raise Refused(400, "BadSyntax", "Invalid or missing activity type.")
    if len(json.dumps(activity, ensure_ascii=False).encode("utf-16-le", "surrogatepass")) > MAX_MESSAGE:
        raise _too_large()
    attachments = activity.get("attachments") or []
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        raise Refused(400, "BadSyntax", "Bad format of the attachments.")
    if activity["type"] == "message" and not activity.get("text") and not attachments:
        raise Refused(400, "BadSyntax", "Activity must have a text or an attachment.")
    for attachment in attachments:
        content = attachment.get("content")
        if attachment.get("contentType") == CARD and (
            not isinstance(content, dict) or content.get("type") != "AdaptiveCard"
        ):
            raise Refused(400, "BadArgument", "Invalid Adaptive Card in the attachment.")
    return activity


# ---------------------------------------------------------------- members


def _member(state: TwinState, person: TwinUser) -> dict[str, object]:
    first, _, last = person.display_name.partition(" ")
    return {
        "id": teams_user_id(state, person.id),
        "name": person.display_name,
        "objectId": person.id,
        "aadObjectId": person.id,
        "givenName": first,
        "surname": last,
        "email": person.mail or person.upn,
        "userPrincipalName": person.upn,
        "tenantId": state.tenant.tenant_id,
        "userRole": "user",
    }


async def list_members(request: web.Request) -> web.Response:
    """GET .../members: the person (the bot is not in its own roster)."""
    state = request.app[STATE]
    return web.json_response([_member(state, state.tenant.users[_chat(state, request).person_id])])


async def page_members(request: web.Request) -> web.Response:
    """GET .../pagedmembers: the same as one page."""
    state = request.app[STATE]
    return web.json_response({"members": [_member(state, state.tenant.users[_chat(state, request).person_id])]})


async def get_member(request: web.Request) -> web.Response:
    """GET .../members/{id} by Teams id or Entra object id."""
    state = request.app[STATE]
    chat = _chat(state, request)
    person = find_member(state, request.match_info["member"])
    if person is None or person.id != chat.person_id:
        raise Refused(404, "MemberNotFoundInConversation", "The member was not found in the conversation.")
    return web.json_response(_member(state, person))
