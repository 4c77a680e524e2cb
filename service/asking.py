"""Plain questions to others that need no answer but that there is one: the heartbeat, and what time it is."""

import ssl
from collections.abc import Callable

import aiohttp

#: Seconds for one question.
PATIENCE = aiohttp.ClientTimeout(total=10.0)


class Asker:
    """One connection pool for rare calls, made on first use; `close` it at the end.

    Args:
        ca_file: PEM file of trusted authorities, '' the system's.
        heard: told the host and the Date header of each answer.
    """

    def __init__(self, ca_file: str, heard: Callable[[str, str], None]) -> None:
        self._ca_file = ca_file
        self._heard = heard
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str) -> int:
        """The status of one GET; no redirect is followed. Raises aiohttp.ClientError, TimeoutError, OSError."""
        if self._session is None:
            context = ssl.create_default_context(cafile=self._ca_file or None)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=context, force_close=True),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "steward"},
                timeout=PATIENCE,
                trust_env=True,
            )
        async with self._session.get(url, allow_redirects=False) as answer:
            self._heard(answer.url.authority, answer.headers.get("Date", ""))
            return answer.status

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
