"""Who asks Graph, and where: credentials of every kind, clouds, hosts, TLS and proxies."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from alerts.errors import GraphError
from graph.client import NOT_SENT, GraphClient, Identity
from graph.gate import ONCE, Gate
from graph.reader import GraphReader
from graph.wire import decode_page, thumbprint
from tests.graph.scripted import Answer, Bench, identity, page


async def ask(bench: Bench, who: Identity) -> GraphClient:
    """One page with this identity."""
    bench.graph.script = {"/things": [page(1)]}
    client = GraphClient(who, gate=Gate(sleep=bench.time.sleep, monotonic=bench.time.monotonic))
    try:
        reader = GraphReader(client, policy=ONCE)
        assert len((await reader.call(reader.get("/things"), decode_page)).value) == 1
    finally:
        await client.close()
    return client


def certificate(folder: Path) -> Path:
    """A self-signed certificate with its key, as AZURE_CLIENT_CERTIFICATE_PATH names it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "steward")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    path = folder / "client.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    return path


async def test_a_secret_buys_a_token_for_graphs_own_audience(bench: Bench) -> None:
    await ask(bench, identity(bench.graph))

    (form,) = bench.graph.forms
    assert form["client_secret"] == "a secret of the tests"
    assert form["scope"] == "https://graph.microsoft.com/.default"
    assert form["client_id"] == "22222222-2222-2222-2222-222222222222"


async def test_a_certificate_signs_the_request_for_a_token(bench: Bench, tmp_path: Path) -> None:
    await ask(bench, replace(identity(bench.graph), client_secret="", certificate_path=str(certificate(tmp_path))))

    (form,) = bench.graph.forms
    claims = jwt.decode(form["client_assertion"], options={"verify_signature": False})
    assert claims["iss"] == "22222222-2222-2222-2222-222222222222"
    assert "client_secret" not in form


async def test_a_federated_token_file_is_sent_as_it_is(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a.federated.token")

    await ask(bench, replace(identity(bench.graph), client_secret="", federated_token_file=str(file)))

    assert bench.graph.forms[0]["client_assertion"] == "a.federated.token"


async def test_no_secret_of_any_kind_means_managed_identity() -> None:
    credential = Identity(tenant_id="t", client_id="c").credential()

    assert type(credential).__name__ == "ManagedIdentityCredential"


@pytest.mark.parametrize(
    ("endpoint", "scope"),
    [
        ("https://graph.microsoft.com", "https://graph.microsoft.com/.default"),
        ("https://graph.microsoft.us/", "https://graph.microsoft.us/.default"),
        ("https://dod-graph.microsoft.us", "https://dod-graph.microsoft.us/.default"),
        ("https://microsoftgraph.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn/.default"),
        ("https://private.example:8443", "https://graph.microsoft.com/.default"),
    ],
)
def test_each_cloud_has_its_own_audience(endpoint: str, scope: str) -> None:
    assert Identity(tenant_id="t", endpoint=endpoint).scope == scope


@pytest.mark.parametrize("endpoint", ["http://graph.microsoft.com", "graph.microsoft.com", "", "https://"])
def test_only_https_is_an_endpoint(endpoint: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Identity(tenant_id="t", endpoint=endpoint)


async def test_a_host_whose_certificate_nobody_signed_gets_no_token(bench: Bench) -> None:
    with pytest.raises(GraphError) as caught:
        await ask(bench, replace(identity(bench.graph), ca_file=""))

    assert caught.value.code == NOT_SENT
    assert (bench.graph.forms, bench.graph.asked) == ([], [])


async def test_the_token_never_goes_to_another_host(bench: Bench) -> None:
    bench.graph.script = {"/things": [page(1)]}
    reader = GraphReader(bench.client, policy=ONCE)
    request = reader.link(bench.graph.url.replace("127.0.0.1", "localhost") + "/v1.0/things")

    with pytest.raises(GraphError):  # its certificate is for 127.0.0.1; even so nothing must have been sent
        await reader.send(request)

    assert "authorization" not in request.headers.get_all()


async def test_a_redirect_is_an_answer_and_a_cookie_is_forgotten(bench: Bench) -> None:
    away = {"Location": "https://elsewhere.example/", "Set-Cookie": "x=1"}
    bench.graph.script = {"/things": [Answer(status=302, headers=away), page(1)]}
    client = GraphClient(identity(bench.graph), gate=Gate(sleep=bench.time.sleep, monotonic=bench.time.monotonic))
    try:
        reader = GraphReader(client, policy=ONCE)
        with pytest.raises(GraphError) as refusal:
            await reader.call(reader.get("/things"), decode_page)
        assert refusal.value.status == 302
        await reader.call(reader.get("/things"), decode_page)
    finally:
        await client.close()

    assert [(asked.path, asked.headers.get("Cookie")) for asked in bench.graph.asked] == [("/things", None)] * 2


async def test_tokens_and_requests_go_through_the_proxy(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    tunnels: list[str] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        tunnels.append(head.split()[1])
        host, _, port = head.split()[1].partition(":")
        there, back = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pipe(reader, back), pipe(there, writer))

    async def pipe(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            target.write(data)
        target.close()

    proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}")
    monkeypatch.setenv("NO_PROXY", "")

    await ask(bench, identity(bench.graph))

    proxy.close()
    assert tunnels == [bench.graph.url.removeprefix("https://")] * 2


@pytest.mark.parametrize(
    ("identifier", "hexadecimal"),
    [
        ("2iD8ppbE+D6Kmu1ZvjM2jtQh88E=", "DA20FCA696C4F83E8A9AED59BE33368ED421F3C1"),
        ("da20fca696c4f83e8a9aed59be33368ed421f3c1", "DA20FCA696C4F83E8A9AED59BE33368ED421F3C1"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "00" * 32),
        ("cgBiAGEAYwA=", ""),  # UTF-16 text, as az writes it for secrets
        ("not base64!", ""),
        ("", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_a_thumbprint_is_upper_case_hex_or_none_at_all(identifier: object, hexadecimal: str) -> None:
    assert thumbprint(identifier) == hexadecimal
