"""The Entra twin with the libraries that sign in: azure-identity, msal, PyJWT, botframework-connector."""

from datetime import UTC, datetime, timedelta

import jwt
import msal  # type: ignore[import-untyped]
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential as BlockingSecretCredential
from azure.identity.aio import CertificateCredential, ClientSecretCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from sandbox.tokens import BOT_FRAMEWORK, GRAPH, LOG_ANALYTICS, MONITOR


@pytest.fixture(autouse=True)
def trusted(shared, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", shared.ca_file)
    monkeypatch.setenv("SSL_CERT_FILE", shared.ca_file)


def claims_of(shared, token: str, audience: str):
    """What a service finds in a token after checking it with the published keys."""
    entra, tenant = shared.state.urls["entra"], shared.state.tenant.tenant_id
    metadata = requests.get(f"{entra}/{tenant}/v2.0/.well-known/openid-configuration", timeout=5).json()
    keys = requests.get(metadata["jwks_uri"], timeout=5).json()
    key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["RS256"], audience=audience)


#: Two of them only for what is optional: privileged apps and the audit log are told apart with them.
SCANNER_ROLES = [
    "Application.Read.All", "AuditLog.Read.All", "GroupMember.Read.All", "RoleManagement.Read.Directory", "User.Read.All",
]  # fmt: skip


@pytest.mark.parametrize(
    ("who", "audience", "roles"),
    [
        ("scanner", GRAPH, SCANNER_ROLES),
        ("ownerWriter", GRAPH, ["Application.ReadWrite.All", "Directory.Read.All"]),
        ("mail", GRAPH, ["Mail.Send"]),
        ("install", GRAPH, ["TeamsAppInstallation.ReadWriteSelfForUser.All"]),
        ("scanner", MONITOR, None),
        ("scanner", LOG_ANALYTICS, None),
        ("bot", BOT_FRAMEWORK, None),
    ],
)
async def test_azure_identity_gets_a_token_with_the_roles_of_its_client(shared, who, audience, roles):
    async with shared.credential(who) as credential:
        token = await credential.get_token(f"{audience}/.default")

    claims = claims_of(shared, token.token, audience)
    client = shared.state.identities.by_name[who]
    assert (claims["appid"], claims["tid"], claims.get("roles")) == (
        client.client_id,
        shared.state.tenant.tenant_id,
        roles,
    )
    assert 3500 <= token.expires_on - datetime.now(UTC).timestamp() <= 3600


def test_the_blocking_azure_identity_signs_in_too(shared):
    client = shared.state.identities.by_name["scanner"]
    credential = BlockingSecretCredential(
        shared.state.tenant.tenant_id,
        client.client_id,
        client.secret,
        authority=shared.state.urls["entra"],
        disable_instance_discovery=True,
    )
    with credential:
        assert claims_of(shared, credential.get_token(f"{GRAPH}/.default").token, GRAPH)["oid"] == client.object_id


@pytest.mark.parametrize("discovery", [False, True])
def test_msal_signs_the_bot_in(shared, discovery):
    bot, state = shared.state.identities.bot, shared.state
    instance = f"{state.urls['entra']}/common/discovery/instance" if discovery else False
    application = msal.ConfidentialClientApplication(
        bot.client_id,
        client_credential=bot.secret,
        authority=state.settings["BOT_LOGIN_URL"],
        instance_discovery=instance,
    )

    answer = application.acquire_token_for_client([f"{BOT_FRAMEWORK}/.default"])

    assert claims_of(shared, answer["access_token"], BOT_FRAMEWORK)["appid"] == bot.client_id


@pytest.mark.parametrize(
    ("tenant", "client", "secret", "code"),
    [
        (None, None, "wrong", "AADSTS7000215"),
        (None, "00000000-0000-4000-8000-000000000000", None, "AADSTS700016"),
        ("00000000-0000-4000-8000-000000000000", None, None, "AADSTS90002"),
    ],
)
async def test_who_cannot_prove_who_it_is_gets_entras_error(shared, tenant, client, secret, code):
    scanner = shared.state.identities.by_name["scanner"]
    credential = ClientSecretCredential(
        tenant or shared.state.tenant.tenant_id,
        client or scanner.client_id,
        secret or scanner.secret,
        authority=shared.state.urls["entra"],
        disable_instance_discovery=True,
        connection_verify=shared.ca_file,
    )
    async with credential:
        with pytest.raises(ClientAuthenticationError, match=code):
            await credential.get_token(f"{GRAPH}/.default")


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"scope": "https://graph.microsoft.com/User.Read"}, 400, 1002012),
        ({"scope": "https://vault.azure.net/.default"}, 400, 500011),
        ({"grant_type": "password"}, 400, 70003),
        ({"client_secret": ""}, 401, 7000218),
    ],
)
def test_a_malformed_token_request_is_refused(shared, form, status, code):
    client = shared.state.identities.by_name["scanner"]
    data = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.secret,
        "scope": f"{GRAPH}/.default",
        **form,
    }
    url = f"{shared.state.urls['entra']}/{shared.state.tenant.tenant_id}/oauth2/v2.0/token"

    answer = requests.post(url, data=data, timeout=5)

    assert (answer.status_code, answer.json()["error_codes"]) == (status, [code])


def certificate_file(folder, name: str) -> tuple[bytes, bytes]:
    """(certificate, certificate and key), PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return public, public + private


@pytest.mark.parametrize("known", [True, False])
async def test_a_certificate_signs_in_once_it_is_registered(twins, tmp_path, known):
    public, both = certificate_file(tmp_path, "scanner")
    (tmp_path / "own.pem").write_bytes(both)
    if known:
        folder = twins.state.folder / "certificates"
        folder.mkdir()
        (folder / "scanner.pem").write_bytes(public)
    credential = CertificateCredential(
        twins.state.tenant.tenant_id,
        twins.state.identities.by_name["scanner"].client_id,
        str(tmp_path / "own.pem"),
        authority=twins.state.urls["entra"],
        disable_instance_discovery=True,
        connection_verify=twins.ca_file,
    )
    async with credential:
        if known:
            token = await credential.get_token(f"{GRAPH}/.default")
            assert jwt.decode(token.token, options={"verify_signature": False})["aud"] == GRAPH
        else:
            with pytest.raises(ClientAuthenticationError, match="AADSTS700027"):
                await credential.get_token(f"{GRAPH}/.default")


def test_the_channels_token_passes_with_the_published_and_endorsed_key(shared):
    bot, url = shared.state.identities.bot, "https://127.0.0.1:1/teams/"
    metadata = requests.get(shared.settings["BOT_OPENID_METADATA_URL"], timeout=5).json()
    [key] = requests.get(metadata["jwks_uri"], timeout=5).json()["keys"]

    token = shared.state.tokens.channel_token(bot.client_id, url)
    claims = jwt.decode(
        token, jwt.PyJWK(key), algorithms=["RS256"], audience=bot.client_id, issuer=shared.settings["BOT_TOKEN_ISSUER"]
    )

    assert key["endorsements"] == ["msteams"]
    assert claims["serviceurl"] == url


def test_a_rotated_channel_key_is_published_beside_the_old_one(twins):
    old = twins.state.tokens.channel_token("bot", "https://x/")
    twins.state.tokens.rotate_channel_key()
    new = twins.state.tokens.channel_token("bot", "https://x/")
    keys = requests.get(
        f"{twins.state.urls['entra']}/botframework/v1/.well-known/keys", verify=twins.ca_file, timeout=5
    ).json()["keys"]

    kids = [jwt.get_unverified_header(token)["kid"] for token in (old, new)]
    assert [key["kid"] for key in keys] == kids
    assert kids[0] != kids[1]


@pytest.mark.parametrize(
    ("token", "message"),
    [
        ("", "Access token is empty"),
        ("rubbish", "not well formed"),
        ("expired", "expired"),
        ("audience", "Invalid audience"),
        ("stranger", "not ours"),
    ],
)
def test_graph_refuses_a_bad_token(shared, token, message):
    client, tokens = shared.state.identities.by_name["scanner"], shared.state.tokens
    if token == "expired":
        token = tokens.access_token(client, GRAPH, life=-10)
    elif token == "audience":
        token = tokens.access_token(client, MONITOR)
    elif token == "stranger":
        token = jwt.encode(
            {"aud": GRAPH, "exp": 9999999999, "iss": tokens.issuer, "appid": "x"}, "k" * 32, algorithm="HS256"
        )

    answer = shared.get("/applications?$top=1", token=token)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert message in answer.json()["error"]["message"]
