"""The Bot Connector client: creates conversations, sends, updates and deletes activities.

botbuilder's own sender fetches a token and opens a connection per message, blocks the loop meanwhile and hides
failures; this one is pooled, paced, and says of each failure what it means for the delivery.
Source: learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from alerts.errors import DeliveryError, Outcome
from alerts.ports import LastWord
from bot.answers import classify
from bot.credentials import TokenSource
from bot.hosts import ServiceHosts
from bot.metrics import CONNECTOR_CALLS
from bot.pace import Sleep, Spacing, TooBusy, Turns
from bot.wire import Wire, read_limited

#: Seconds for a whole call; a delivery is leased for a minute and may need four: create, install, create, send.
TIMEOUT = 12.0
#: Seconds of it for connecting: until then certainly nothing was written.
CONNECT_TIMEOUT = 5.0
#: So many connections that are not made, one after the other, are an outage: all senders pause, each time for twice as
#: long, and a few of them try again then. A thousand waiting cards are so sent within minutes once it is over.
OUTAGE, FIRST_PAUSE, LONGEST_PAUSE = 3, 5.0, 60.0
#: Seconds that a call waits for a shut gate or a full conversation; beyond that it is given back to the queue.
PATIENCE = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    """One call, before it is made."""

    kind: str
    method: str
    service_url: str
    #: Encoded path segments below v3/conversations.
    path: tuple[str, ...] = ()
    #: What is spaced: a conversation, or the person for whom one is created.
    lane: str
    body: Mapping[str, Any] | None = None
    #: Whether doing it twice does no harm.
    repeatable: bool = True
    last_word: LastWord | None = None

    def url(self) -> URL:
        base = self.service_url.rstrip("/") + "/v3/conversations"
        return URL("/".join((base, *(quote(segment, safe="") for segment in self.path))), encoded=True)


@dataclass(kw_only=True, slots=True)
class Brakes:
    """What slows calls down; one for everything in the process that calls the Bot Connector."""

    pace: Turns
    spacing: Spacing = field(default_factory=Spacing)
    sleep: Sleep = asyncio.sleep


class Connector:
    """Calls the Bot Connector; no retries but one with a new token after a 401.

    All methods raise DeliveryError with its outcome.

    Args:
        bot_id: Teams' id of the bot, "28:<app id>".
        tenant_id: tenant of the people who are written to.
        timeout: seconds for a whole call.
    """

    def __init__(
        self,
        *,
        wire: Wire,
        tokens: TokenSource,
        hosts: ServiceHosts,
        brakes: Brakes,
        bot_id: str,
        tenant_id: str,
        timeout: float = TIMEOUT,
    ) -> None:
        self._wire = wire
        self._tokens = tokens
        self._hosts = hosts
        self._brakes = brakes
        self._bot_id = bot_id
        self._tenant_id = tenant_id
        self._not_reached_in_row = 0
        self._not_reached_at = float("-inf")
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT, sock_connect=CONNECT_TIMEOUT)

    async def create_conversation(self, service_url: str, member_id: str) -> str:
        """The id of the personal conversation with a member (Entra object id, or Teams' own "29:..." id).

        Creating it again gives the same one, so an unclear outcome is repeatable.
        """
        body = {
            "isGroup": False,
            "bot": {"id": self._bot_id},
            "members": [{"id": member_id}],
            # The REST reference says tenantId, Teams reads channelData; both carry it.
            "channelData": {"tenant": {"id": self._tenant_id}},
            "tenantId": self._tenant_id,
        }
        return await self._for_id(
            _Call(
                kind="create",
                method="POST",
                service_url=service_url,
                lane=f"create:{member_id}",
                body=body,
            )
        )

    async def send(
        self,
        service_url: str,
        conversation_id: str,
        activity: Mapping[str, Any],
        last_word: LastWord | None = None,
    ) -> str:
        """Post an activity; returns its activity id. `last_word` is asked right before the request is written."""
        return await self._for_id(
            _Call(
                kind="send",
                method="POST",
                service_url=service_url,
                path=(conversation_id, "activities"),
                lane=conversation_id,
                body=self._addressed(conversation_id, activity),
                repeatable=False,
                last_word=last_word,
            )
        )

    async def update(
        self, service_url: str, conversation_id: str, activity_id: str, activity: Mapping[str, Any]
    ) -> None:
        """Replace an activity in place."""
        body = {**self._addressed(conversation_id, activity), "id": activity_id}
        await self._call(
            _Call(
                kind="update",
                method="PUT",
                service_url=service_url,
                path=(conversation_id, "activities", activity_id),
                lane=conversation_id,
                body=body,
            )
        )

    async def delete(self, service_url: str, conversation_id: str, activity_id: str) -> None:
        """Delete an activity."""
        await self._call(
            _Call(
                kind="delete",
                method="DELETE",
                service_url=service_url,
                path=(conversation_id, "activities", activity_id),
                lane=conversation_id,
            )
        )

    def _addressed(self, conversation_id: str, activity: Mapping[str, Any]) -> dict[str, Any]:
        return {"from": {"id": self._bot_id}, "conversation": {"id": conversation_id}, **activity}

    async def _for_id(self, call: _Call) -> str:
        """Make a call whose answer holds the id of what it made."""
        body = await self._call(call)
        try:
            answer = msgspec.json.decode(body)
        except (ValueError, RecursionError) as error:
            raise _unclear(call, "unreadable") from error
        made = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(made, str) or not made:
            raise _unclear(call, "noId")
        return made

    async def _call(self, call: _Call) -> bytes:
        try:
            body = await self._paced(call)
        except DeliveryError as error:
            CONNECTOR_CALLS.labels(call.kind, error.outcome.value).inc()
            raise
        CONNECTOR_CALLS.labels(call.kind, "done").inc()
        return body

    async def _paced(self, call: _Call) -> bytes:
        if not self._hosts.trusts(call.service_url):
            raise DeliveryError("service URL is not trusted", outcome=Outcome.OURS, code="untrustedHost")
        try:
            async with self._brakes.spacing.slot(call.lane, PATIENCE):
                status, headers, body = await self._authorized(call)
        except TooBusy as error:
            raise DeliveryError(str(error), outcome=Outcome.SAFE, code="conversationFull") from error
        if 200 <= status < 300:
            return body
        failure = classify(status, headers, body, repeatable=call.repeatable)
        if failure.retry_after is not None:
            await self._brakes.pace.shut(failure.retry_after)
        raise failure

    async def _authorized(self, call: _Call) -> tuple[int, Mapping[str, str], bytes]:
        token = await self._token(call)
        answer = await self._exchange(call, token)
        if answer[0] == 401 and token:
            # Entra's keys or our secret may have changed: once more, with a token made now.
            answer = await self._exchange(call, await self._token(call, force=True))
        return answer

    async def _token(self, call: _Call, *, force: bool = False) -> str:
        if self._hosts.is_plain_loopback(call.service_url):
            return ""
        return await self._tokens.token(force=force)

    async def _exchange(self, call: _Call, token: str) -> tuple[int, Mapping[str, str], bytes]:
        """One request. Raises DeliveryError when no whole answer came."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # Before the turn: nothing but the writing itself is to stand between it and the request.
        content = None if call.body is None else json.dumps(call.body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        turn = await self._my_turn()
        if call.last_word is not None:
            await call.last_word()
        await self._brakes.pace.in_time(turn)
        async with self._brakes.pace.place():
            if (wait := await self._brakes.pace.shut_for()) > 0:
                raise _told_to_wait(wait)
            return await self._written(call, headers, content)

    async def _written(
        self, call: _Call, headers: Mapping[str, str], content: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        began = time.monotonic()
        try:
            async with self._wire.session().request(
                call.method,
                call.url(),
                data=content,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                answer = response.status, response.headers, await read_limited(response)
                self._not_reached_in_row = 0
                return answer
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, ssl.SSLError) as error:
            raise await self._not_reached(error, began) from error
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _unclear(call, type(error).__name__) from error

    async def _not_reached(self, error: Exception, began: float) -> DeliveryError:
        """What a connection that was not made means: several, one after the other, are an outage.

        Those that were tried side by side count as one: this process may have been stopped for a while.
        """
        if began >= self._not_reached_at:
            self._not_reached_in_row += 1
            self._not_reached_at = time.monotonic()
        beyond = self._not_reached_in_row - OUTAGE
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**beyond) if beyond >= 0 else None
        if pause is not None:
            await self._brakes.pace.shut(pause)
        return DeliveryError(
            f"Bot Connector not reached: {type(error).__name__}",
            outcome=Outcome.SAFE,
            code="notReached",
            retry_after=pause,
        )

    async def _my_turn(self) -> float:
        """Wait for the turn; the service may have asked everybody to wait while this call waited for it."""
        turn = await self._brakes.pace.turn()
        while (wait := await self._brakes.pace.shut_for()) > 0:
            if wait > PATIENCE:
                raise _told_to_wait(wait)
            await self._brakes.sleep(wait)
            turn = await self._brakes.pace.turn()
        return turn


def _told_to_wait(seconds: float) -> DeliveryError:
    return DeliveryError(
        "the Bot Connector asked us to wait", outcome=Outcome.SAFE, code="throttled", retry_after=seconds
    )


def _unclear(call: _Call, code: str) -> DeliveryError:
    """It may have arrived, or not; harmless where it can be repeated."""
    outcome = Outcome.SAFE if call.repeatable else Outcome.UNCLEAR
    return DeliveryError(f"outcome of {call.kind} is unknown: {code}", outcome=outcome, code=code)
