"""The whole matrix of tokens and bodies: what is not certainly Teams' never reaches the bot."""

import asyncio
import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.bot.channel import APP_ID, TENANT, Answer, Key
from tests.bot.house import house


def _b64(value):
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unsigned(channel):
    kid = channel.keys[0][0].kid
    return f"{_b64({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{_b64(channel.claims())}."


def _hs256_with_public_key(channel):
    """The classic confusion: the public key taken for a shared secret."""
    key = channel.keys[0][0]
    pem = key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = f"{_b64({'alg': 'HS256', 'typ': 'JWT', 'kid': key.kid})}.{_b64(channel.claims())}"
    return f"{signed}.{_b64(hmac.new(pem, signed.encode(), hashlib.sha256).digest())}"


def _altered(channel):
    header, payload, signature = channel.token().split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return f"{header}.{_b64({**claims, 'serviceurl': 'https://evil.example/'})}.{signature}"


def _no_kid(channel):
    return jwt.encode(channel.claims(), channel.keys[0][0].private, algorithm="RS256")


now = time.time
BAD_TOKENS = {
    "garbage": lambda c: "garbage",
    "three parts of garbage": lambda c: "a.b.c",
    "no signature": _unsigned,
    "HS256 with the public key": _hs256_with_public_key,
    "RS512": lambda c: c.token(alg="RS512"),
    "PS256": lambda c: c.token(alg="PS256"),
    "altered claims": _altered,
    "unknown key": lambda c: c.token(key=Key("unknown")),
    "right key id, wrong key": lambda c: c.token(key=Key("one")),
    "no key id": _no_kid,
    "key id with a control character": lambda c: c.token(kid="one\x00"),
    "no expiry": lambda c: c.token(c.claims(exp=None)),
    "no not-before": lambda c: c.token(c.claims(nbf=None)),
    "expired beyond the skew": lambda c: c.token(c.claims(exp=int(now()) - 400, nbf=int(now()) - 4000)),
    "valid only later": lambda c: c.token(c.claims(nbf=int(now()) + 400)),
    "no issuer": lambda c: c.token(c.claims(iss=None)),
    "another issuer": lambda c: c.token(c.claims(iss="https://evil.example")),
    "issued by Entra to our own app": lambda c: c.token(
        c.claims(iss=f"https://sts.windows.net/{TENANT}/", appid=APP_ID, tid=TENANT)
    ),
    "issued by Entra v2 to our own app": lambda c: c.token(
        c.claims(iss=f"https://login.microsoftonline.com/{TENANT}/v2.0", azp=APP_ID, ver="2.0")
    ),
    "no audience": lambda c: c.token(c.claims(aud=None)),
    "another audience": lambda c: c.token(c.claims(aud="99999999-2222-3333-4444-555555555555")),
    "a list of audiences": lambda c: c.token(c.claims(aud=[APP_ID, "other"])),
    "no service URL": lambda c: c.token(c.claims(serviceurl=None)),
    "another service URL": lambda c: c.token(c.claims(serviceurl="https://evil.example/teams/")),
    "service URL in another case": lambda c: c.token(c.claims(serviceurl=c.service_url.replace("teams", "Teams"))),
    "service URL of a wrong type": lambda c: c.token(c.claims(serviceurl=[c.service_url])),
    "expiry that is no number": lambda c: c.token(c.claims(exp="soon")),
}


@pytest.mark.parametrize("name", BAD_TOKENS)
async def test_a_bad_token_is_answered_401_and_nothing_happens(bot, name):
    status, body = await bot.post(bot.channel.activity(), BAD_TOKENS[name](bot.channel))

    assert (status, body) == (401, "")
    assert bot.said() == []
    assert bot.store.rows == {}


@pytest.mark.parametrize("header", ["", "Basic dXNlcjpwYXNz", "bearer {token}", "Bearer", "Bearer ", "{token}"])
async def test_without_a_bearer_token_the_answer_is_401(bot, header):
    header = header.format(token=bot.channel.token())

    status, body = await bot.post(bot.channel.activity(), token="", Authorization=header)

    assert (status, body) == (401, "")


async def test_two_tokens_are_as_bad_as_none(bot):
    token = f"Bearer {bot.channel.token()}"
    headers = [("Authorization", token), ("Authorization", token), ("Content-Type", "application/json")]

    async with bot.client.post(f"{bot.url}/api/messages", data=b"{}", headers=headers) as response:
        assert response.status == 401


async def test_a_good_token_is_accepted(bot):
    status, _ = await bot.post(bot.channel.activity())

    assert status == 200
    assert len(bot.said()) == 1


@pytest.mark.parametrize(("claim", "offset"), [("exp", -240), ("nbf", 240)])
async def test_five_minutes_of_skew_are_granted(bot, claim, offset):
    claims = bot.channel.claims(**{claim: int(time.time()) + offset})

    status, _ = await bot.post(bot.channel.activity(), bot.channel.token(claims))

    assert status == 200


@pytest.mark.parametrize("endorsements", [None, [], ["webchat"], ["MSTeams"]])
async def test_a_key_that_is_not_endorsed_for_teams_is_refused(bot, endorsements):
    bot.channel.keys = [(Key("other"), endorsements)]

    status, _ = await bot.post(bot.channel.activity())

    assert status == 401


# ---------------------------------------------------------------- whose activity it is


@pytest.mark.parametrize(
    "changes",
    [
        {"channelData": {"tenant": {"id": "bbbbbbbb-bbbb-cccc-dddd-eeeeeeeeeeee"}}},
        {"channelData": {"tenant": {}}},
        {"channelData": {"tenant": TENANT}},
        {"channelData": {}},
        {"channelData": None},
        {"channelId": "webchat"},
        {"channelId": "emulator"},
        {"channelId": None},
    ],
)
async def test_another_tenant_or_channel_is_answered_403(bot, changes):
    status, body = await bot.post(bot.channel.activity(**changes))

    assert (status, body) == (403, "")
    assert bot.said() == []


async def test_without_a_service_url_the_token_vouches_for_nothing(bot):
    status, _ = await bot.post(bot.channel.activity(serviceUrl=None))

    assert status == 401


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/teams/",
        "http://127.0.0.1/teams/",
        "https://127.0.0.1/teams/",
        "https://127.0.0.1.:443/teams/",
        "https://169.254.169.254/metadata/",
        "https://[::1]/teams/",
        "https://smba.trafficmanager.net.evil.example/",
        "https://smba.trafficmanager.net@evil.example/",
        "https://evil.example\\@smba.trafficmanager.net/",
        "https://evil.example/#smba.trafficmanager.net",
        "https://smba.trafficmanager.net:444/teams/",
        "ftp://127.0.0.1/teams/",
        "urn:botframework:websocket:wss://evil.example",
    ],
)
async def test_a_service_url_outside_the_list_is_refused_even_with_a_token_for_it(bot, url):
    token = bot.channel.token(bot.channel.claims(serviceurl=url))

    status, _ = await bot.post(bot.channel.activity(serviceUrl=url), token)

    assert status == 403


# ---------------------------------------------------------------- bodies


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b'"text"',
        b"{}",
        b'{"type": "\xff"}',
        b'{"type": "message", "text": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 40_000,
    ],
)
async def test_a_body_that_is_no_activity_is_answered_400(bot, body):
    status, answer = await bot.post(body)

    assert (status, answer) == (400, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"type": {"a": 1}},
        {"type": None},
        {"timestamp": 5},
        {"from": "ana"},
        {"from": []},
        {"conversation": "a:ana"},
        {"entities": {"a": 1}},
        {"entities": ["x", 1]},
        {"membersAdded": 5},
        {"text": {"a": 1}},
        {"id": 7},
        {"serviceUrl": ["x"]},
        {"channelData": "x"},
        {"localTimezone": {}},
    ],
)
async def test_fields_of_wrong_types_are_answered_400(bot, changes):
    activity = bot.channel.activity()
    activity.update(changes)

    status, answer = await bot.post(activity)

    assert (status, answer) == (400, "")


async def test_a_body_over_256_kib_is_answered_413_with_and_without_a_length(bot):
    large = json.dumps(bot.channel.activity(text="x" * 300_000)).encode()

    async def chunks():
        for start in range(0, len(large), 10_000):
            yield large[start : start + 10_000]

    with_length, _ = await bot.post(large)
    headers = {"Authorization": f"Bearer {bot.channel.token()}", "Content-Type": "application/json"}
    async with bot.client.post(f"{bot.url}/api/messages", data=chunks(), headers=headers) as response:
        without_length = response.status

    assert (with_length, without_length) == (413, 413)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, identity"])
async def test_a_compressed_body_is_answered_415_unread(bot, encoding):
    status, _ = await bot.post(b"\x1f\x8b" + b"0" * 100, **{"Content-Encoding": encoding})

    assert status == 415


async def test_a_body_that_is_not_json_by_name_is_answered_415(bot):
    status, _ = await bot.post(b"{}", **{"Content-Type": "text/plain"})

    assert status == 415


async def test_a_body_that_does_not_come_is_answered_408(authority):
    async with house(authority, body_timeout=0.2) as bot:
        port = int(bot.url.rsplit(":", 1)[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = (
            f"POST /api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bot.channel.token()}\r\n"
            "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        writer.write(head.encode())
        answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_only_post_is_answered(bot, method):
    async with bot.client.request(method, f"{bot.url}/api/messages") as response:
        assert response.status == 405


# ---------------------------------------------------------------- keys


async def test_a_new_signing_key_is_accepted_at_once(bot):
    await bot.keys.prefetch()
    for hours in (0, 2, 23, 25):
        bot.clock[0] = hours * 3600.0
        bot.channel.keys.append((Key(f"key-{hours}"), ["msteams"]))

        status, _ = await bot.post(bot.channel.activity(id=f"m{hours}"))

        assert (hours, status) == (hours, 200)


async def test_unknown_keys_cause_one_fetch_in_five_minutes(bot):
    await bot.keys.prefetch()
    for _ in range(20):
        await bot.post(bot.channel.activity(), bot.channel.token(key=Key("forged")))
    fetched = bot.channel.fetched()
    bot.clock[0] = 301.0
    await bot.post(bot.channel.activity(), bot.channel.token(key=Key("forged")))

    assert (fetched, bot.channel.fetched()) == (2, 3)


async def test_old_keys_stay_while_the_metadata_is_down(bot):
    await bot.keys.prefetch()
    bot.channel.metadata_down = True
    statuses = []
    for hours in (1, 24, 25, 48):
        bot.clock[0] = hours * 3600.0
        statuses.append((await bot.post(bot.channel.activity(id=f"m{hours}")))[0])
    bot.channel.metadata_down = False
    bot.channel.keys.append((Key("two"), ["msteams"]))
    bot.clock[0] += 301
    statuses.append((await bot.post(bot.channel.activity(id="after")))[0])

    assert statuses == [200] * 5


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"<html>"),
        Answer(200, {"jwks_uri": "http://127.0.0.1/keys"}),
        Answer(200, {}),
        Answer(200, []),
        Answer(302, headers={"Location": "https://evil.example/"}),
        Answer(fault="reset"),
        Answer(200, {"jwks_uri": "x" * 2_000_000}),
    ],
)
async def test_keys_stay_when_the_metadata_is_junk(bot, answer):
    await bot.keys.prefetch()
    bot.channel.script = [answer]
    await bot.keys.prefetch()

    status, _ = await bot.post(bot.channel.activity())

    assert status == 200


async def test_a_withdrawn_key_is_refused_after_the_daily_fetch(bot):
    await bot.keys.prefetch()
    old = bot.channel.keys[0][0]
    bot.channel.keys = [(Key("two"), ["msteams"])]
    bot.clock[0] = 25 * 3600.0
    # The first token after a day starts the fetch and is still judged by what is known.
    await bot.post(bot.channel.activity(id="m1"), bot.channel.token(key=old))
    for _ in range(500):
        if bot.channel.fetched() == 2:
            break
        await asyncio.sleep(0.01)

    status, _ = await bot.post(bot.channel.activity(id="m2"), bot.channel.token(key=old))

    assert status == 401


async def test_a_token_that_was_good_is_refused_once_its_key_is_withdrawn(bot):
    await bot.keys.prefetch()
    token = bot.channel.token()
    assert (await bot.post(bot.channel.activity(id="m0"), token))[0] == 200
    bot.channel.keys = [(Key("two"), ["msteams"])]
    bot.clock[0] = 25 * 3600.0
    await bot.post(bot.channel.activity(id="m1"), token)
    for _ in range(500):
        if bot.channel.fetched() == 2:
            break
        await asyncio.sleep(0.01)

    status, _ = await bot.post(bot.channel.activity(id="m2"), token)

    assert status == 401


async def test_a_token_that_was_good_is_refused_once_it_has_ended(bot):
    token = bot.channel.token(bot.channel.claims(exp=int(time.time()) - 296))
    assert (await bot.post(bot.channel.activity(id="m0"), token))[0] == 200
    await asyncio.sleep(5)

    status, _ = await bot.post(bot.channel.activity(id="m1"), token)

    assert status == 401


async def test_a_good_token_vouches_for_no_altered_one(bot):
    assert (await bot.post(bot.channel.activity(id="m0")))[0] == 200

    status, _ = await bot.post(bot.channel.activity(id="m1"), _altered(bot.channel))

    assert status == 401


async def test_keys_are_not_taken_from_where_the_metadata_redirects_to(bot):
    forged = Key("forged")
    bot.channel.script = [
        Answer(302, headers={"Location": f"{bot.channel.url}/elsewhere"}),
        Answer(200, {"jwks_uri": f"{bot.channel.url}/elsewhere"}),
        Answer(200, {"keys": [forged.jwk(["msteams"])]}),
    ]

    status, _ = await bot.post(bot.channel.activity(), bot.channel.token(key=forged))

    assert status == 401


async def test_keys_are_not_fetched_over_plain_http(bot):
    forged = Key("forged")

    async def keys(request):
        return web.json_response({"keys": [forged.jwk(["msteams"])]})

    app = web.Application()
    app.router.add_get("/keys", keys)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot.channel.script = [Answer(200, {"jwks_uri": f"http://127.0.0.1:{runner.addresses[0][1]}/keys"})]

    status, _ = await bot.post(bot.channel.activity(), bot.channel.token(key=forged))
    await runner.cleanup()

    assert status == 401


async def test_without_any_key_every_token_is_refused_and_the_next_one_asks_again(bot):
    bot.channel.metadata_down = True
    first, _ = await bot.post(bot.channel.activity())
    bot.channel.metadata_down = False
    bot.clock[0] = 6.0
    second, _ = await bot.post(bot.channel.activity())

    assert (first, second) == (401, 200)


# ---------------------------------------------------------------- without tokens


async def test_the_unauthenticated_endpoint_takes_loopback_requests_only(authority):
    async with house(authority, unauthenticated=True) as bot:
        local, _ = await bot.post(bot.channel.activity(), token="")
        forwarded, _ = await bot.post(bot.channel.activity(), token="", **{"X-Forwarded-For": "203.0.113.9"})
        rebound, _ = await bot.post(bot.channel.activity(), token="", Host="steward.example")
        bad_token, _ = await bot.post(bot.channel.activity(), "garbage")
        plain_text, _ = await bot.post(b"{}", token="", **{"Content-Type": "text/plain"})

    assert (local, forwarded, rebound, bad_token, plain_text) == (200, 401, 401, 401, 415)


async def test_the_unauthenticated_endpoint_still_wants_the_tenant(authority):
    async with house(authority, unauthenticated=True) as bot:
        status, _ = await bot.post(bot.channel.activity(channelData={"tenant": {"id": "other"}}), token="")

    assert status == 403
