"""The wire beneath the SDK's httpx client: aiohttp, which reads pages of megabytes at a third of httpcore's CPU."""

import ssl
import urllib.request
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import aiohttp
import httpx
from aiohttp import hdrs
from yarl import URL

#: No answer that Steward asks for comes near it: a page of 999 apps with certificates has about 3 MB.
LARGEST_BODY = 64 * 2**20
#: aiohttp has undone the encoding, and the length was that of the encoded body.
_UNDONE = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
#: What aiohttp would add by itself; httpx has said it all.
_NOT_ADDED = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.USER_AGENT, hdrs.CONTENT_TYPE)


class BodyTooLarge(httpx.DecodingError):
    """An answer that would fill the memory; the rest of it was not read."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends httpx requests through one aiohttp session; answers are whole, at most `largest_body` bytes.

    Raises httpx's own errors: ConnectError and ConnectTimeout when nothing was written, others when perhaps
    something was.
    """

    def __init__(
        self,
        host: str,
        verify: ssl.SSLContext,
        *,
        timeout: float,
        longest: float,
        largest_body: int = LARGEST_BODY,
        heard: Callable[[str, str], None] | None = None,
    ) -> None:
        """Args:
        host: the only one that is asked; decides about a proxy (HTTPS_PROXY, NO_PROXY).
        verify: whom TLS trusts.
        timeout: seconds between two pieces of an answer.
        longest: seconds that a whole answer may take.
        largest_body: bytes, after decompression.
        heard: told the host and the Date header of each answer.
        """
        self._verify = verify
        self._timeout = aiohttp.ClientTimeout(total=longest, connect=None, sock_connect=20, sock_read=timeout)
        self._largest_body = largest_body
        self._heard = heard
        self._proxy, self._proxy_headers = _proxy_for(host)
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        try:
            async with self._opened().request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=request.headers.multi_items(),
                data=body or None,
                allow_redirects=False,
                proxy=self._proxy,
                proxy_headers=self._proxy_headers,
                timeout=self._timeout,
                skip_auto_headers=_NOT_ADDED,
            ) as answer:
                if self._heard is not None:
                    self._heard(answer.url.authority, answer.headers.get("Date", ""))
                content = await self._content(answer, request)
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError) as error:
            raise httpx.ConnectError(str(error), request=request) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise httpx.ConnectTimeout(str(error), request=request) from error
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error) or "the answer took too long", request=request) from error
        except aiohttp.ClientError as error:
            raise httpx.ReadError(f"{type(error).__name__}: {error}", request=request) from error
        headers = [pair for pair in answer.raw_headers if pair[0].lower() not in _UNDONE]
        return httpx.Response(answer.status, headers=headers, content=content, request=request)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        # Not in __init__: a session belongs to the event loop that is running when it is made.
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._verify, limit=32), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session

    async def _content(self, answer: aiohttp.ClientResponse, request: httpx.Request) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while piece := await answer.content.readany():
            size += len(piece)
            if size > self._largest_body:
                answer.close()
                raise BodyTooLarge(f"the answer has more than {self._largest_body} bytes", request=request)
            pieces.append(piece)
        return b"".join(pieces)


def _proxy_for(host: str) -> tuple[str | None, dict[str, str] | None]:
    """The proxy that the environment names for https, and the header that opens it."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass(host):
        return None, None
    parts = urlsplit(proxy if "://" in proxy else "http://" + proxy)
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if not parts.username:
        return address, None
    # Quoted in the URL; sent as it is.
    login, password = (unquote(part or "") for part in (parts.username, parts.password))
    return address, {hdrs.PROXY_AUTHORIZATION: aiohttp.encode_basic_auth(login, password)}
