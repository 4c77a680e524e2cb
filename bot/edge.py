"""The HTTP edge of the bot: from a request to an activity that is certainly Teams', or a refusal.

Order: cheap header checks, the token, then the body; so that forged requests cost next to nothing.
Never 500, never a detail in the answer.
"""

import asyncio
import ipaddress

from aiohttp import web
from botbuilder.schema import Activity

from bot.activities import Received, received
from bot.hosts import ServiceHosts
from bot.refusals import Refusal
from bot.tokens import CHANNEL, TokenValidator

MAX_BODY_BYTES = 256 * 1024
#: Seconds that a sender may take for its body.
BODY_TIMEOUT = 5.0

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Edge:
    """Turns requests into activities.

    Args:
        tenant_id: the only tenant that is answered.
        unauthenticated_loopback: accept requests without a token, from loopback only; for practice.
            A request that brings a token is judged by it all the same.
        body_timeout: seconds that a sender may take for its body.
    """

    def __init__(
        self,
        validator: TokenValidator,
        hosts: ServiceHosts,
        *,
        tenant_id: str,
        unauthenticated_loopback: bool = False,
        body_timeout: float = BODY_TIMEOUT,
    ) -> None:
        self._validator = validator
        self._hosts = hosts
        self._tenant_id = tenant_id.lower()
        self._unauthenticated_loopback = unauthenticated_loopback
        self._body_timeout = body_timeout

    async def activity(self, request: web.Request) -> Activity:
        """The activity of a request. Raises Refusal with the status to answer."""
        _check_headers(request)
        vouched_url = await self._authenticate(request)
        found = received(await _read_body(request, self._body_timeout))
        self._check_origin(found, vouched_url)
        return found.activity()

    async def _authenticate(self, request: web.Request) -> str | None:
        """The service URL that the token vouches for; None when none is needed."""
        authorization = request.headers.getall("Authorization", [])
        if not authorization and self._unauthenticated_loopback and _is_local(request):
            return None
        if len(authorization) != 1:
            raise Refusal(401, "no token")
        return (await self._validator.validate(authorization[0])).service_url

    def _check_origin(self, found: Received, vouched_url: str | None) -> None:
        service_url = found.service_url or ""
        if vouched_url is not None and vouched_url != service_url:
            raise Refusal(401, "token is for another service URL")
        if found.channel_id != CHANNEL:
            raise Refusal(403, "another channel")
        if not self._hosts.trusts(service_url):
            raise Refusal(403, "untrusted service URL")
        if not found.tenant_id or found.tenant_id.lower() != self._tenant_id:
            raise Refusal(403, "another tenant")


def _check_headers(request: web.Request) -> None:
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Refusal(415, "compressed")
    if request.content_length is not None and request.content_length > MAX_BODY_BYTES:
        raise Refusal(413, "too large")


def _is_local(request: web.Request) -> bool:
    """Whether peer and Host header are loopback: a web page elsewhere cannot have sent it.

    A forwarded request comes from a proxy, whoever sent it.
    """
    host = (request.headers.get("Host") or "").lower()
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return is_loopback(request.remote) and name in _LOOPBACK_NAMES and not forwarded


def is_loopback(address: str | None) -> bool:
    """Whether an IP address is this machine's own."""
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


async def _read_body(request: web.Request, seconds: float) -> bytes:
    if request.content_type != "application/json":
        raise Refusal(415, "not application/json")
    try:
        async with asyncio.timeout(seconds):
            body = await request.content.read(MAX_BODY_BYTES + 1)
            while not request.content.at_eof() and len(body) <= MAX_BODY_BYTES:
                body += await request.content.read(MAX_BODY_BYTES + 1 - len(body))
    except TimeoutError as error:
        raise Refusal(408, "body too slow") from error
    except (web.RequestPayloadError, ConnectionError) as error:
        raise Refusal(400, "body cut off") from error
    if len(body) > MAX_BODY_BYTES:
        raise Refusal(413, "too large")
    return body
