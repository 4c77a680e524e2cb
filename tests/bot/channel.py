"""The other side of the bot in its tests: the channel's keys and tokens, and servers on loopback that obey a script."""

import asyncio
import base64
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import jwt
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa

APP_ID = "11111111-2222-3333-4444-555555555555"
TENANT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
ISSUER = "https://api.botframework.com"
ANA = "a0000000-0000-4000-8000-00000000000a"
TOM = "a0000000-0000-4000-8000-00000000000f"
ADA = "a0000000-0000-4000-8000-000000000001"


class Authority:
    """A certificate authority on disk, and servers' side of TLS."""

    def __init__(self, folder: Path) -> None:
        ca = trustme.CA()
        self.ca_file = str(folder / "ca.pem")
        ca.cert_pem.write_to_path(self.ca_file)
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("127.0.0.1", "localhost").configure_cert(self.server)


class Key:
    """One RSA signing key of the channel."""

    def __init__(self, kid: str) -> None:
        self.kid = kid
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwk(self, endorsements: list[str] | None) -> dict[str, Any]:
        numbers = self.private.public_key().public_numbers()
        jwk: dict[str, Any] = {
            "kty": "RSA",
            "use": "sig",
            "kid": self.kid,
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }
        return jwk if endorsements is None else {**jwk, "endorsements": endorsements}


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8)).rstrip(b"=").decode()


@dataclass
class Request:
    """One request that a scripted server received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """One answer of a scripted server."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    #: Instead of an answer: reset | close (before any byte) | cut (inside the body) | hang.
    fault: str = ""

    def encoded(self) -> bytes:
        payload = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        payload = b"" if self.body is None else payload
        headers = {"Content-Type": "application/json", "Content-Length": str(len(payload)), **self.headers}
        head = f"HTTP/1.1 {self.status} Scripted\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        return head.encode() + b"\r\n" + payload


class Server:
    """A TLS server whose answers are a list; what the list does not cover `default` answers."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.script: list[Answer] = []
        self.url = ""
        #: Something that happens after a request came and before it is answered.
        self.meanwhile: Callable[[Request], Awaitable[None]] | None = None
        #: Open connections, for counting how many were made.
        self.connections = 0

    def default(self, request: Request) -> Answer:
        return Answer(404)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ")
        request = Request(method, path, headers, body)
        self.requests.append(request)
        if self.meanwhile is not None:
            await self.meanwhile(request)
        answer = self.script.pop(0) if self.script else self.default(request)
        match answer.fault:
            case "reset":
                writer.transport.abort()
                return False
            case "close":
                return False
            case "hang":
                await asyncio.sleep(3600)
            case "cut":
                writer.write(answer.encoded()[:-5])
                await writer.drain()
                return False
        writer.write(answer.encoded())
        await writer.drain()
        return True

    @asynccontextmanager
    async def running(self, authority: Authority, *, port: int = 0) -> AsyncIterator[Self]:
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=authority.server)
        self.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0.01)


class Channel(Server):
    """The Bot Framework: publishes keys, signs activities, and is the Bot Connector."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = [(Key("one"), ["msteams"])]
        self.sent: list[dict[str, Any]] = []
        self.metadata_down = False
        self.counter = 0

    @property
    def service_url(self) -> str:
        return f"{self.url}/teams/"

    @property
    def metadata_url(self) -> str:
        return f"{self.url}/v1/.well-known/openidconfiguration"

    def fetched(self) -> int:
        """How often the key set was fetched."""
        return sum(request.path == "/keys" for request in self.requests)

    def calls(self, method: str) -> list[Request]:
        """Requests to the connector with this method."""
        return [request for request in self.requests if request.path.startswith("/teams/") and request.method == method]

    def default(self, request: Request) -> Answer:
        if self.metadata_down and not request.path.startswith("/teams/"):
            return Answer(503)
        if request.path == "/v1/.well-known/openidconfiguration":
            return Answer(200, {"issuer": ISSUER, "jwks_uri": f"{self.url}/keys"})
        if request.path == "/keys":
            return Answer(200, {"keys": [key.jwk(endorsements) for key, endorsements in self.keys]})
        if request.path == "/teams/v3/conversations":
            return Answer(201, {"id": f"a:{request.json()['members'][0]['id']}"})
        if request.path.startswith("/teams/v3/conversations/"):
            self.counter += 1
            return Answer(201 if request.method == "POST" else 200, {"id": f"activity-{self.counter}"})
        return Answer(404)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good token; a change to None drops one."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": APP_ID,
            "nbf": now - 60,
            "exp": now + 3600,
            "serviceurl": self.service_url,
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, claims: dict[str, Any] | None = None, *, key: Key | None = None, **header: Any) -> str:
        key = key or self.keys[-1][0]
        headers = {"kid": key.kid, **header}
        algorithm = headers.pop("alg", "RS256")
        return jwt.encode(claims or self.claims(), key.private, algorithm=algorithm, headers=_without_nones(headers))

    def activity(self, **changes: Any) -> dict[str, Any]:
        """A message of ana in her own chat; a change to None drops a field."""
        activity = {
            "type": "message",
            "id": "1700000000000",
            "timestamp": "2026-12-03T08:00:00.000Z",
            "channelId": "msteams",
            "serviceUrl": self.service_url,
            "from": {"id": "29:ana", "aadObjectId": ANA, "name": "Ana"},
            "recipient": {"id": f"28:{APP_ID}"},
            "conversation": {"id": "a:ana", "conversationType": "personal", "tenantId": TENANT},
            "channelData": {"tenant": {"id": TENANT}},
            "locale": "de-DE",
            "localTimezone": "Europe/Berlin",
            "text": "help",
            **changes,
        }
        return _without_nones(activity)

    def invoke(self, verb: str = "acknowledge", data: Any = None, **changes: Any) -> dict[str, Any]:
        """Ana presses a button."""
        action = {"type": "Action.Execute", "verb": verb, "data": {"alert": "a1", "v": 3} if data is None else data}
        fields = {
            "type": "invoke",
            "name": "adaptiveCard/action",
            "replyToId": "card-1",
            "text": None,
            "value": {"action": action, "trigger": "manual"},
            **changes,
        }
        return self.activity(**fields)


def _without_nones(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
