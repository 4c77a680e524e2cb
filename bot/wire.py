"""One pooled HTTP client for everything that the bot asks of others: keys, conversations, activities."""

import ssl
from collections.abc import Callable
from types import SimpleNamespace

import aiohttp

#: Bot Connector answers are small; anything larger is not one.
MAX_ANSWER_BYTES = 1024 * 1024


def tls_context(ca_file: str = "") -> ssl.SSLContext:
    """Verify servers with `ca_file`, else with what OpenSSL finds (SSL_CERT_FILE included)."""
    return ssl.create_default_context(cafile=ca_file or None)


class Wire:
    """An aiohttp session made on first use, in the loop that uses it; `close` it at the end.

    Args:
        ca_file: PEM file of trusted authorities, '' the system's.
        connections: how many at once, over all hosts.
        heard: told the host and the Date header of each answer.
    """

    def __init__(
        self, *, ca_file: str = "", connections: int = 64, heard: Callable[[str, str], None] | None = None
    ) -> None:
        self._ca_file = ca_file
        self._connections = connections
        self._heard = heard
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            # A pooled connection that the server closed meanwhile would make a POST look unclear:
            # let go of idle ones well before servers do.
            connector = aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=15, ssl=tls_context(self._ca_file)
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                trust_env=True,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "steward"},
                trace_configs=[_listening(self._heard)] if self._heard is not None else None,
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _listening(heard: Callable[[str, str], None]) -> aiohttp.TraceConfig:
    """Passes on what each answer says of the time."""

    async def ended(_session: object, _context: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        heard(end.url.authority, end.response.headers.get("Date", ""))

    config = aiohttp.TraceConfig()
    config.on_request_end.append(ended)
    return config


async def read_limited(response: aiohttp.ClientResponse, limit: int = MAX_ANSWER_BYTES) -> bytes:
    """The whole body. Raises ValueError when it is larger than `limit` bytes."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > limit:
            raise ValueError(f"answer larger than {limit} bytes")
    return bytes(body)
