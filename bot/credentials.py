"""Tokens for the Bot Connector: one cached MSAL app, asked off the event loop.

botbuilder asks Entra for a new token with every message; here one is fetched an hour.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import msal  # type: ignore[import-untyped]
import requests

from alerts.errors import DeliveryError, Outcome
from bot.identity import BotIdentity, BotType

log = logging.getLogger(__name__)

#: Authorities that MSAL knows; it would ask the public cloud about any other.
KNOWN_AUTHORITIES = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.windows.net",
        "sts.windows.net",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
    }
)
#: Seconds before expiry at which a new token is fetched.
MARGIN = 300
#: Seconds for which a failure is repeated without asking again, so that a queue of sends does not flood Entra.
FAILURE_PAUSE = 10
TIMEOUT = 10


class TokenSource(Protocol):
    """Gives the token for the Bot Connector."""

    async def token(self, *, force: bool = False) -> str:
        """A valid token; with `force` a new one although the old seems good. Raises DeliveryError."""


class _TimedSession(requests.Session):
    """A session that waits no longer than TIMEOUT: MSAL passes none for some of its calls."""

    def __init__(self, ca_file: str) -> None:
        super().__init__()
        self._ca_file = ca_file

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT
        if self._ca_file:
            # Per request, because REQUESTS_CA_BUNDLE wins over the session's own `verify`.
            kwargs["verify"] = self._ca_file
        return super().request(*args, **kwargs)


class MsalTokens:
    """Tokens by client secret, certificate or managed identity.

    Args:
        ca_file: PEM file of trusted authorities, '' what requests finds (REQUESTS_CA_BUNDLE included).
        monotonic: seconds; tests move it.
    """

    def __init__(
        self, identity: BotIdentity, *, ca_file: str = "", monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._identity = identity
        self._monotonic = monotonic
        self._http = _TimedSession(ca_file)
        self._client: Any = None
        self._token = ""
        self._good_until = float("-inf")
        self._failure: DeliveryError | None = None
        self._failed_at = float("-inf")
        self._lock = asyncio.Lock()

    async def token(self, *, force: bool = False) -> str:
        refused = self._token if force else ""
        async with self._lock:
            now = self._monotonic()
            # Another send may have renewed it while this one waited for the lock.
            if self._token and self._token != refused and now < self._good_until:
                return self._token
            if self._failure is not None and now - self._failed_at < FAILURE_PAUSE:
                raise _again(self._failure)
            try:
                answer = await asyncio.to_thread(self._acquire, bool(refused))
            except DeliveryError as failure:
                self._failure, self._failed_at = failure, self._monotonic()
                raise
            self._failure = None
            self._token = answer["access_token"]
            self._good_until = self._monotonic() + max(0, int(answer.get("expires_in", 0)) - MARGIN)
            return self._token

    def close(self) -> None:
        """Close the connections to Entra."""
        self._http.close()

    def _acquire(self, anew: bool) -> dict[str, Any]:
        """Runs in a worker thread. Raises DeliveryError."""
        try:
            if self._client is None or (anew and self._identity.type is BotType.USER_ASSIGNED_MSI):
                self._client = self._make_client()
            if self._identity.type is BotType.USER_ASSIGNED_MSI:
                resource = self._identity.oauth_scope.removesuffix("/.default")
                answer = self._client.acquire_token_for_client(resource=resource)
            else:
                if anew:
                    self._client.remove_tokens_for_client()
                answer = self._client.acquire_token_for_client(scopes=[self._identity.oauth_scope])
        except (requests.RequestException, msal.exceptions.MsalError, ConnectionError, TimeoutError) as error:
            raise DeliveryError(
                f"no token for the Bot Connector: {type(error).__name__}", outcome=Outcome.SAFE, code="tokenUnavailable"
            ) from error
        except (OSError, ValueError, KeyError) as error:
            raise DeliveryError(
                f"no token for the Bot Connector: {error}", outcome=Outcome.OURS, code="tokenRefused"
            ) from error
        if not isinstance(answer, dict) or "access_token" not in answer:
            raise _token_error(answer)
        return answer

    def _make_client(self) -> Any:
        identity = self._identity
        if identity.type is BotType.USER_ASSIGNED_MSI:
            return msal.ManagedIdentityClient(
                msal.UserAssignedManagedIdentity(client_id=identity.app_id), http_client=self._http
            )
        authority = identity.login_url.rstrip("/")
        parts = urlsplit(authority)
        if not parts.path:
            authority = f"{authority}/{identity.tenant_id}"
        return msal.ConfidentialClientApplication(
            identity.app_id,
            authority=authority,
            client_credential=_credential(identity),
            http_client=self._http,
            instance_discovery=None if parts.hostname in KNOWN_AUTHORITIES else False,
        )


def _credential(identity: BotIdentity) -> str | dict[str, str]:
    """What MSAL wants: the secret itself, or key and certificate. Raises OSError, ValueError."""
    if not identity.certificate_path:
        return identity.password
    path = Path(identity.certificate_path)
    if path.suffix.lower() in (".pfx", ".p12"):
        return {"private_key_pfx_path": str(path)}
    pem = path.read_text(encoding="utf-8")
    return {"private_key": pem, "public_certificate": pem}


def _token_error(answer: object) -> DeliveryError:
    error = str(answer.get("error", "")) if isinstance(answer, dict) else ""
    passing = error in ("temporarily_unavailable", "server_error", "request_timeout", "")
    return DeliveryError(
        f"Entra gave no token for the Bot Connector: {error or 'unreadable answer'}",
        outcome=Outcome.SAFE if passing else Outcome.OURS,
        code=error or "tokenUnavailable",
    )


def _again(failure: DeliveryError) -> DeliveryError:
    return DeliveryError(str(failure), outcome=failure.outcome, code=failure.code, retry_after=failure.retry_after)
