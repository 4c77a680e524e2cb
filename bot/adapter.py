"""botbuilder's adapter with an edge of our own: what it gets wrong on the way in and out is replaced here."""

import asyncio
import logging
from typing import Any, cast

from aiohttp import web
from botbuilder.core import Bot, InvokeResponse, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter
from botbuilder.schema import Activity, ActivityTypes, ResourceResponse
from botframework.connector.aio import ConnectorClient
from botframework.connector.auth import (
    AuthenticateRequestResult,
    BotFrameworkAuthentication,
    ClaimsIdentity,
    ConnectorFactory,
    UserTokenClient,
)

from bot.background import Background
from bot.connector import Connector
from bot.edge import Edge
from bot.metrics import INBOUND
from bot.refusals import Refusal

log = logging.getLogger(__name__)

#: Seconds after which a message is acknowledged although its turn still runs; Teams repeats after about 15.
TURN_PATIENCE = 8.0


class _NoOutbound(BotFrameworkAuthentication):
    """botbuilder's authentication, of which nothing may be used: the edge checks, `bot.connector` sends."""

    async def authenticate_request(
        self,
        activity: Activity,  # noqa: ARG002
        auth_header: str,  # noqa: ARG002
    ) -> AuthenticateRequestResult:
        raise PermissionError("the edge authenticates")

    async def authenticate_streaming_request(
        self,
        auth_header: str,  # noqa: ARG002
        channel_id_header: str,  # noqa: ARG002
    ) -> AuthenticateRequestResult:
        raise PermissionError("streaming is not supported")

    def create_connector_factory(self, claims_identity: ClaimsIdentity) -> ConnectorFactory:  # noqa: ARG002
        return _NoConnectorFactory()

    async def create_user_token_client(self, claims_identity: ClaimsIdentity) -> UserTokenClient:  # noqa: ARG002
        # Only OAuth cards would need one.
        return cast(UserTokenClient, None)


class _NoConnectorFactory(ConnectorFactory):
    """Satisfies botbuilder, which insists on some client; it must never be called."""

    async def create(self, service_url: str, audience: str) -> ConnectorClient:  # noqa: ARG002
        return cast(ConnectorClient, object())


class Adapter(CloudAdapter):
    """Takes requests through the edge into botbuilder's turn, and replies through our connector."""

    def __init__(self, *, edge: Edge, connector: Connector, background: Background, app_id: str) -> None:
        super().__init__(_NoOutbound())
        self._edge = edge
        self._connector = connector
        self._background = background
        self._app_id = app_id

    async def process(
        self,
        request: web.Request,
        bot: Bot,
        ws_response: web.WebSocketResponse | None = None,  # noqa: ARG002
    ) -> web.Response:
        """Answer POST /api/messages: never 500, and of a refusal nothing but its status."""
        try:
            activity = await self._edge.activity(request)
        except Refusal as refusal:
            INBOUND.labels("refused", str(refusal.status)).inc()
            log.info("refused a request: %s", refusal)
            return web.Response(status=refusal.status, headers=_closing(refusal))
        response = await self._turn(activity, bot)
        INBOUND.labels("invoke" if activity.type == ActivityTypes.invoke else "activity", str(response.status)).inc()
        return response

    async def _turn(self, activity: Activity, bot: Bot) -> web.Response:
        turn = self._background.start(
            self.process_activity(self._authenticated(), activity, bot.on_turn), "turn of an activity"
        )
        done, _ = await asyncio.wait({turn}, timeout=TURN_PATIENCE)
        if not done:
            return web.Response(status=202)
        if turn.cancelled() or turn.exception() is not None:
            # `background` has logged it. A 500 would only make Teams send the same activity again.
            return _went_wrong() if activity.type == ActivityTypes.invoke else web.Response(status=200)
        result: InvokeResponse | None = turn.result()
        if result is None:
            return web.Response(status=200)
        # The stock adapter serialises this a second time, which crashes on the dictionaries it made itself.
        return web.Response(body=result.body, status=result.status, content_type="application/json", charset="utf-8")

    def _authenticated(self) -> AuthenticateRequestResult:
        result = AuthenticateRequestResult()
        result.audience = self._app_id
        result.claims_identity = self.create_claims_identity(self._app_id)
        result.connector_factory = _NoConnectorFactory()
        return result

    async def send_activities(self, context: TurnContext, activities: list[Activity]) -> list[ResourceResponse]:
        """Replies of a turn; an answer to an invoke is kept for the HTTP response."""
        responses = []
        for activity in activities:
            sent_id = ""
            if activity.type == ActivityTypes.invoke_response:
                context.turn_state[self._INVOKE_RESPONSE_KEY] = activity
            elif activity.type != ActivityTypes.trace:
                body = cast(dict[str, Any], activity.serialize())
                sent_id = await self._connector.send(
                    context.activity.service_url, context.activity.conversation.id, body
                )
            responses.append(ResourceResponse(id=sent_id))
        return responses


def _closing(refusal: Refusal) -> dict[str, str]:
    """A refused body is not read to its end, so the connection cannot be used again."""
    return {"Connection": "close"} if refusal.status in (408, 413, 415) else {}


def _went_wrong() -> web.Response:
    return web.json_response(
        {
            "statusCode": 500,
            "type": "application/vnd.microsoft.error",
            "value": {"code": "InternalError", "message": "Steward could not do that. Please try again."},
        }
    )
