"""Checks the token with which Teams proves that an activity is Teams' own.

botbuilder 4.17.1 accepts six kinds of bad request, answers sixteen others with 500, and locks itself out for a
day when the channel rotates its keys; hence this validator of our own. Source of the rules:
learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
import jwt
import msgspec

from bot.refusals import Refusal
from bot.wire import Wire, read_limited

log = logging.getLogger(__name__)

CHANNEL = "msteams"
#: Seconds of clock skew that Microsoft grants.
SKEW = 300
#: Seconds after which keys are fetched again although nothing is missing.
FRESH = 24 * 3600
#: Seconds between two fetches that an unknown key id may cause: forged tokens cannot make us hammer the metadata.
UNKNOWN_KEY_PAUSE = 300
#: The same while there is no key at all.
EMPTY_PAUSE = 5
FETCH_TIMEOUT = 5.0
#: Good tokens that are remembered, by their hashes: Teams sends each for as long as it is valid.
REMEMBERED = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    key: jwt.PyJWK
    endorsements: frozenset[str]


class KeyRing:
    """The channel's signing keys by key id, fetched without blocking the loop.

    A new key is fetched as soon as a token names it; old keys stay while the metadata cannot be read.

    Args:
        metadata_url: the OpenID metadata document that names the key set.
        monotonic: seconds; tests move it.
    """

    def __init__(self, wire: Wire, metadata_url: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._wire = wire
        self._metadata_url = metadata_url
        self._monotonic = monotonic
        self._keys: Mapping[str, SigningKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._asked_for_unknown_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def prefetch(self) -> None:
        """Fetch the keys now, at start; a failure is logged, and the first token tries again."""
        await asyncio.shield(self._fetch())

    async def key(self, kid: str) -> SigningKey | None:
        """The key of this id, fetching anew when it is unknown; None when the channel has none such."""
        now = self._monotonic()
        known = self._keys.get(kid)
        if known is not None:
            if now - self._fetched_at > FRESH and now - self._tried_at > UNKNOWN_KEY_PAUSE:
                self._fetch()
            return known
        pause = UNKNOWN_KEY_PAUSE if self._keys else EMPTY_PAUSE
        if self._fetching is None:
            if now - self._asked_for_unknown_at < pause:
                return None
            self._asked_for_unknown_at = now
        await asyncio.shield(self._fetch())
        return self._keys.get(kid)

    def _fetch(self) -> asyncio.Task[None]:
        """One fetch at a time, shared by all who wait for it."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch_once())
        return self._fetching

    async def _fetch_once(self) -> None:
        self._tried_at = self._monotonic()
        try:
            async with asyncio.timeout(FETCH_TIMEOUT):
                metadata = await self._get(self._metadata_url)
                keys_url = metadata.get("jwks_uri")
                if not isinstance(keys_url, str) or not keys_url.startswith("https://"):
                    raise ValueError("the metadata names no key set on https")
                self._keys = _read_keys(await self._get(keys_url))
            self._fetched_at = self._monotonic()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError) as error:
            log.warning("signing keys could not be fetched, %d kept: %r", len(self._keys), error)
        finally:
            self._fetching = None

    async def _get(self, url: str) -> dict[str, object]:
        async with self._wire.session().get(url, allow_redirects=False) as response:
            if response.status != 200:
                raise ValueError(f"{url} answered {response.status}")
            return msgspec.json.decode(await read_limited(response), type=dict[str, object])


def _read_keys(document: Mapping[str, object]) -> dict[str, SigningKey]:
    """kid -> key; entries that are no RSA signing keys are passed over. Raises ValueError when none is left."""
    listed = document.get("keys")
    keys: dict[str, SigningKey] = {}
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        kid, endorsements = entry.get("kid"), entry.get("endorsements")
        if not isinstance(kid, str) or not isinstance(endorsements, list):
            continue
        try:
            key = jwt.PyJWK({**entry, "alg": "RS256"})
        except (jwt.PyJWTError, ValueError, TypeError):
            continue
        keys[kid] = SigningKey(key=key, endorsements=frozenset(str(mark) for mark in endorsements))
    if not keys:
        raise ValueError("the key set holds no usable key")
    return keys


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelClaims:
    """What a good token says."""

    service_url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """A token that was found good; it stays so until it ends, as long as the channel has this very key."""

    claims: ChannelClaims
    kid: str
    key: SigningKey
    until: float


class TokenValidator:
    """Accepts tokens of the Bot Framework channel for one bot and nothing else.

    No emulator tokens (issued by Entra to whoever holds our secret), no skills, no streaming.
    Expiry is judged by the real clock, not by the product's: the channel does not live in practice time.
    """

    def __init__(self, keys: KeyRing, *, app_id: str, issuer: str) -> None:
        self._keys = keys
        self._app_id = app_id
        self._issuer = issuer
        #: Hash of a token that was found good -> what was found.
        self._good: dict[bytes, _Found] = {}

    async def validate(self, authorization: str) -> ChannelClaims:
        """The claims of an Authorization header. Raises Refusal 401."""
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer" or not token:
            raise Refusal(401, "no bearer token")
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        known = self._good.get(digest)
        if known is not None and known.until > time.time() and await self._keys.key(known.kid) is known.key:
            return known.claims
        found = await self._checked(token)
        self._good[digest] = found
        if len(self._good) > REMEMBERED:
            del self._good[next(iter(self._good))]
        return found.claims

    async def _checked(self, token: str) -> "_Found":
        """The token with signature and all, however often it came before."""
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError) as error:
            raise Refusal(401, "not a token") from error
        kid = header.get("kid")
        if header.get("alg") != "RS256" or not isinstance(kid, str):
            raise Refusal(401, "wrong algorithm or no key id")
        signing_key = await self._keys.key(kid)
        if signing_key is None:
            raise Refusal(401, "unknown key")
        if CHANNEL not in signing_key.endorsements:
            raise Refusal(401, "key not endorsed for Teams")
        claims, until = self._claims(token, signing_key.key)
        return _Found(claims=claims, kid=kid, key=signing_key, until=until)

    def _claims(self, token: str, key: jwt.PyJWK) -> tuple[ChannelClaims, float]:
        """What it says, and until when that is so."""
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self._app_id,
                issuer=self._issuer,
                leeway=SKEW,
                options={"require": ["exp", "nbf", "iss", "aud"], "strict_aud": True},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
            raise Refusal(401, type(error).__name__) from error
        service_url = claims.get("serviceurl")
        if not isinstance(service_url, str) or not service_url:
            raise Refusal(401, "no serviceurl claim")
        return ChannelClaims(service_url=service_url), int(claims["exp"]) + SKEW
