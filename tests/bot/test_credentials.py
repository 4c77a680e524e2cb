"""Tokens for the Bot Connector from a login server on loopback, by the real MSAL."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import jwt
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from alerts.errors import DeliveryError, Outcome
from bot.credentials import MsalTokens
from bot.identity import BotIdentity, BotType
from tests.bot.channel import APP_ID, TENANT, Answer, Server


class Login(Server):
    """Entra's token endpoint."""

    def default(self, request):
        base = f"{self.url}/{TENANT}"
        if request.path.startswith(f"/{TENANT}/v2.0/.well-known/openid-configuration"):
            return Answer(
                200,
                {
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "issuer": f"{base}/v2.0",
                },
            )
        if request.path == f"/{TENANT}/oauth2/v2.0/token":
            number = len(self.asked())
            return Answer(200, {"access_token": f"token-{number}", "expires_in": 3600, "token_type": "Bearer"})
        return Answer(404)

    def asked(self):
        return [parse_qs(request.body.decode()) for request in self.requests if request.path.endswith("/token")]


@asynccontextmanager
async def login(authority, **identity):
    async with Login().running(authority) as server:
        clock = [0.0]
        who = BotIdentity(app_id=APP_ID, tenant_id=TENANT, login_url=server.url, **{"password": "pw", **identity})
        tokens = MsalTokens(who, ca_file=authority.ca_file, monotonic=lambda: clock[0])
        yield server, tokens, clock
        tokens.close()


async def test_many_sends_share_one_token(authority):
    async with login(authority) as (server, tokens, _):
        given = await asyncio.gather(*(tokens.token() for _ in range(50)))

    assert set(given) == {"token-1"}
    asked = server.asked()[0]
    assert len(server.asked()) == 1
    assert asked["client_secret"] == ["pw"]
    assert asked["scope"] == ["https://api.botframework.com/.default"]


async def test_a_token_is_renewed_before_it_expires(authority):
    async with login(authority) as (server, tokens, clock):
        await tokens.token()
        clock[0] = 3200.0
        same = await tokens.token()
        clock[0] = 3400.0
        await tokens.token()

    assert same == "token-1"
    assert len(server.asked()) >= 1


async def test_a_forced_token_is_a_new_one_and_many_who_force_it_share_it(authority):
    async with login(authority) as (server, tokens, _):
        await tokens.token()
        forced = await asyncio.gather(*(tokens.token(force=True) for _ in range(10)))
        after = await tokens.token()

    assert set(forced) == {"token-2"}
    assert after == "token-2"
    assert len(server.asked()) == 2


async def test_only_the_named_authority_is_asked(authority):
    async with login(authority) as (server, tokens, _):
        await tokens.token()

    assert {request.headers["host"] for request in server.requests} == {server.url.removeprefix("https://")}


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (
            Answer(401, {"error": "invalid_client", "error_description": "AADSTS7000222: expired"}),
            Outcome.OURS,
            "invalid_client",
        ),
        (Answer(400, {"error": "unauthorized_client"}), Outcome.OURS, "unauthorized_client"),
        (Answer(503, {"error": "temporarily_unavailable"}), Outcome.SAFE, "tokenUnavailable"),
        (Answer(fault="close"), Outcome.SAFE, "tokenUnavailable"),
    ],
)
async def test_a_refusal_is_ours_and_an_outage_is_safe(authority, answer, outcome, code):
    async with login(authority) as (server, tokens, _):
        await tokens.token()
        server.script = [answer]
        with pytest.raises(DeliveryError) as caught:
            await tokens.token(force=True)

    assert (caught.value.outcome, caught.value.code) == (outcome, code)
    assert "pw" not in str(caught.value)


async def test_a_failure_is_not_asked_again_by_every_waiting_send(authority):
    async with login(authority) as (server, tokens, clock):
        server.script = [Answer(503, {}), Answer(503, {})]
        for _ in range(5):
            with pytest.raises(DeliveryError):
                await tokens.token()
        asked = len(server.requests)
        server.script = []
        clock[0] = 11.0
        again = await tokens.token()

    assert asked <= 2
    assert again == "token-1"


async def test_an_unreachable_login_is_safe(authority):
    async with login(authority) as (_, tokens, _):
        pass
    with pytest.raises(DeliveryError) as caught:
        await tokens.token()

    assert caught.value.outcome is Outcome.SAFE


def certificate(folder):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "steward")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + cert.public_bytes(serialization.Encoding.PEM)
    path = folder / "bot.pem"
    path.write_bytes(pem)
    return str(path), key.public_key()


async def test_a_certificate_signs_the_request(authority, tmp_path):
    path, public_key = certificate(tmp_path)
    async with login(authority, password="", certificate_path=path) as (server, tokens, _):
        token = await tokens.token()
        asked = server.asked()[0]

    assertion = asked["client_assertion"][0]
    algorithm = jwt.get_unverified_header(assertion)["alg"]
    claims = jwt.decode(assertion, public_key, algorithms=[algorithm], options={"verify_aud": False})
    assert token == "token-1"
    assert claims["iss"] == APP_ID
    assert "client_secret" not in asked


async def test_a_missing_certificate_is_our_own_fault(authority, tmp_path):
    async with login(authority, password="", certificate_path=str(tmp_path / "none.pem")) as (_, tokens, _):
        with pytest.raises(DeliveryError) as caught:
            await tokens.token()

    assert caught.value.outcome is Outcome.OURS


async def test_a_managed_identity_is_asked_for_the_channels_resource(monkeypatch):
    asked = []

    async def token(request):
        asked.append((dict(request.query), request.headers.get("X-IDENTITY-HEADER")))
        expires = int(datetime.now(UTC).timestamp()) + 3600
        return web.json_response({"access_token": f"mi-{len(asked)}", "expires_on": str(expires), "resource": "x"})

    app = web.Application()
    app.router.add_get("/msi/token", token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{runner.addresses[0][1]}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "proof")
    tokens = MsalTokens(BotIdentity(app_id=APP_ID, tenant_id=TENANT, type=BotType.USER_ASSIGNED_MSI))

    given = [await tokens.token(), await tokens.token(), await tokens.token(force=True)]
    tokens.close()
    await runner.cleanup()

    assert given == ["mi-1", "mi-1", "mi-2"]
    query, proof = asked[0]
    assert (query["resource"], query["client_id"], proof) == ("https://api.botframework.com", APP_ID, "proof")


def test_the_identity_never_shows_its_password():
    shown = repr(BotIdentity(app_id=APP_ID, tenant_id=TENANT, password="hunter2"))

    assert "hunter2" not in shown
