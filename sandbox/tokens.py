"""Keys and tokens of the Entra twin and of the Bot Framework channel: RS256, one hour of real time."""

import base64
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.refused import Refused

#: Audiences of the tokens, as the real services expect them.
GRAPH = "https://graph.microsoft.com"
MONITOR = "https://monitor.azure.com"
LOG_ANALYTICS = "https://api.loganalytics.io"
BOT_FRAMEWORK = "https://api.botframework.com"

#: Seconds that a token lives, by the real clock: the SDKs look at theirs, not at the practice tenant's.
LIFE = 3600


@dataclass(kw_only=True)
class Client:
    """An application that signs in: one of Steward's own identities."""

    #: What it is for: scanner, ownerWriter, mail, install, bot.
    name: str
    client_id: str
    #: Object id of its service principal.
    object_id: str
    secret: str
    #: Graph application permissions; they stand in the token.
    roles: set[str] = field(default_factory=set)
    #: Azure roles on the workspace and the rule; they do not stand in the token.
    azure_roles: set[str] = field(default_factory=set)


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a checked token says."""

    client_id: str
    audience: str
    roles: frozenset[str]


def _b64(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class SigningKey:
    """An RSA key with its key id, and its public half as a JWK."""

    def __init__(self) -> None:
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = self.private.public_key().public_numbers()
        self.kid = sha256(_b64(numbers.n).encode()).hexdigest()[:27]
        self._jwk = {"kty": "RSA", "use": "sig", "kid": self.kid, "n": _b64(numbers.n), "e": _b64(numbers.e)}

    def jwk(self, **more: Any) -> dict[str, Any]:
        return {**self._jwk, **more}

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.private, algorithm="RS256", headers={"kid": self.kid})


class Tokens:
    """Issues and checks tokens.

    `channel_keys` are the Bot Framework's keys, newest last; `rotate_channel_key` adds one and signs with
    it from then on, as the channel does every few weeks.
    """

    def __init__(self, tenant_id: str, issuer: str, channel_issuer: str = BOT_FRAMEWORK) -> None:
        self.tenant_id = tenant_id
        self.issuer = issuer
        self.channel_issuer = channel_issuer
        self.key = SigningKey()
        #: Requests for which a token of Graph is good; 0: as many as there are until it expires by time.
        self.uses_allowed = 0
        #: Token (its claim uti) -> requests that it was used for, and those that ended early.
        self._uses: dict[str, int] = {}
        self._ended: set[str] = set()
        self.channel_keys = [SigningKey()]

    def access_token(self, client: Client, audience: str, life: int = LIFE) -> str:
        """A token of the Entra twin for one client and one audience."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + life,
            "appid": client.client_id,
            "azp": client.client_id,
            "oid": client.object_id,
            "sub": client.object_id,
            "tid": self.tenant_id,
            "idtyp": "app",
            "ver": "1.0",
            "uti": uuid4().hex,
        }
        self._uses[claims["uti"]] = 0
        if audience == GRAPH and client.roles:
            claims["roles"] = sorted(client.roles)
        return self.key.sign(claims)

    def check(self, authorization: str | None, audience: str) -> Claims:
        """The claims of an Authorization header. Raises Refused 401 with Graph's codes and words."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused(401, "InvalidAuthenticationToken", "Access token is empty.")
        try:
            claims = jwt.decode(
                token.strip(),
                self.key.private.public_key(),
                algorithms=["RS256"],
                audience=audience,
                issuer=self.issuer,
                options={"require": ["exp", "aud", "iss", "appid"]},
            )
        except jwt.ExpiredSignatureError:
            raise Refused(
                401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."
            ) from None
        except jwt.InvalidAudienceError:
            raise Refused(
                401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience."
            ) from None
        except jwt.InvalidTokenError as error:
            raise Refused(
                401, "InvalidAuthenticationToken", f"IDX14100: JWT is not well formed or not ours ({error})."
            ) from None
        if audience == GRAPH:
            self._use(str(claims.get("uti", "")))
        return Claims(client_id=claims["appid"], audience=audience, roles=frozenset(claims.get("roles", ())))

    def end_all(self) -> None:
        """Every token of Graph issued so far is taken for expired from now on."""
        self._ended.update(self._uses)

    def _use(self, token: str) -> None:
        """Raises Refused 401 for one that has been used up or ended."""
        self._uses[token] = self._uses.get(token, 0) + 1
        if token in self._ended or 0 < self.uses_allowed < self._uses[token]:
            raise Refused(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")

    # ------------------------------------------------------------ Bot Framework channel

    def channel_token(self, bot_app_id: str, service_url: str, life: int = LIFE, **overrides: Any) -> str:
        """A token as the channel sends it with every activity; `overrides` replace claims (None drops one)."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.channel_issuer,
            "aud": bot_app_id,
            "nbf": now - 5,
            "exp": now + life,
            "serviceurl": service_url,
            **overrides,
        }
        return self.channel_keys[-1].sign({name: value for name, value in claims.items() if value is not None})

    def rotate_channel_key(self) -> None:
        self.channel_keys.append(SigningKey())

    def channel_jwks(self, endorsements: Iterable[str] = ("msteams",)) -> dict[str, Any]:
        marks = list(endorsements)
        return {"keys": [key.jwk(endorsements=marks, x5t=key.kid) for key in self.channel_keys]}
