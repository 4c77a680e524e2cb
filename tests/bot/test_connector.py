"""Every answer of the Bot Connector, and what it means for the delivery."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from alerts.errors import DeliveryError, Outcome
from bot.connector import Brakes, Connector
from bot.hosts import ServiceHosts
from bot.identity import TEAMS_HOSTS
from bot.pace import Pace, Spacing
from bot.wire import Wire
from tests.bot.channel import APP_ID, TENANT, Answer, Channel
from tests.bot.house import FixedToken

ACTIVITY = {"type": "message", "text": "x"}


@asynccontextmanager
async def connected(authority, *, tokens=None, hosts=None, brakes=None, wire=None, **options):
    async with Channel().running(authority) as channel:
        wire = wire or Wire(ca_file=authority.ca_file)
        connector = Connector(
            wire=wire,
            tokens=tokens or FixedToken(),
            hosts=hosts or ServiceHosts([], service_url=channel.service_url),
            brakes=brakes or Brakes(pace=Pace(10_000)),
            bot_id=f"28:{APP_ID}",
            tenant_id=TENANT,
            **options,
        )
        try:
            yield connector, channel
        finally:
            await wire.close()


async def send(connector, channel, conversation="a:ana"):
    return await connector.send(channel.service_url, conversation, ACTIVITY)


async def failure(call):
    with pytest.raises(DeliveryError) as caught:
        await call
    return caught.value


# ---------------------------------------------------------------- what is sent


async def test_a_conversation_is_created_with_the_entra_id_and_the_tenant(authority):
    async with connected(authority) as (connector, channel):
        created = await connector.create_conversation(channel.service_url, "oid-1")

    body = channel.requests[0].json()
    assert created == "a:oid-1"
    assert (channel.requests[0].method, channel.requests[0].path) == ("POST", "/teams/v3/conversations")
    assert body["members"] == [{"id": "oid-1"}]
    assert (body["bot"], body["isGroup"]) == ({"id": f"28:{APP_ID}"}, False)
    assert (body["tenantId"], body["channelData"]) == (TENANT, {"tenant": {"id": TENANT}})


async def test_activities_are_sent_updated_and_deleted_at_their_addresses(authority):
    async with connected(authority) as (connector, channel):
        sent = await connector.send(channel.service_url, "a:1/../x?y", ACTIVITY)
        await connector.update(channel.service_url, "a:1", "act#1", ACTIVITY)
        await connector.delete(channel.service_url, "a:1", "act-1")

    assert sent == "activity-1"
    assert [(call.method, call.path) for call in channel.requests] == [
        ("POST", "/teams/v3/conversations/a%3A1%2F..%2Fx%3Fy/activities"),
        ("PUT", "/teams/v3/conversations/a%3A1/activities/act%231"),
        ("DELETE", "/teams/v3/conversations/a%3A1/activities/act-1"),
    ]
    assert channel.requests[0].json()["conversation"] == {"id": "a:1/../x?y"}
    assert channel.requests[1].json()["id"] == "act#1"


async def test_a_hundred_sends_share_few_connections_and_one_token(authority):
    async with connected(authority) as (connector, channel):
        for number in range(100):
            await send(connector, channel, f"a:{number}")

    assert channel.connections == 1
    assert {call.headers["authorization"] for call in channel.requests} == {"Bearer token-1"}


# ---------------------------------------------------------------- what comes back

BLOCKED = {"errorCode": 209, "message": '{"subCode":"MessageWritesBlocked","details":"x","errorCode":null}'}


def coded(code, text=""):
    return {"error": {"code": code, "message": text}}


ANSWERS = [
    (Answer(429, {}, {"Retry-After": "7"}), Outcome.SAFE, "429"),
    (Answer(408), Outcome.UNCLEAR, "408"),
    (Answer(412, coded("PreconditionFailed")), Outcome.UNCLEAR, "PreconditionFailed"),
    (Answer(500, coded("ServiceError")), Outcome.UNCLEAR, "ServiceError"),
    (Answer(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"}), Outcome.UNCLEAR, "502"),
    (Answer(503), Outcome.UNCLEAR, "503"),
    (Answer(504), Outcome.UNCLEAR, "504"),
    (Answer(fault="reset"), Outcome.UNCLEAR, None),
    (Answer(fault="close"), Outcome.UNCLEAR, None),
    (Answer(201, {"id": "activity-9"}, fault="cut"), Outcome.UNCLEAR, None),
    (Answer(201, b"<html>"), Outcome.UNCLEAR, "unreadable"),
    (Answer(201, {}), Outcome.UNCLEAR, "noId"),
    (Answer(200, [1]), Outcome.UNCLEAR, "noId"),
    (Answer(201, b"x" * 1_100_000), Outcome.UNCLEAR, "ValueError"),
    (Answer(403, coded("ForbiddenOperationException")), Outcome.UNREACHABLE, "ForbiddenOperationException"),
    (Answer(403, coded("BotNotInConversationRoster")), Outcome.UNREACHABLE, "BotNotInConversationRoster"),
    (Answer(403, coded("BotDisabledByAdmin")), Outcome.UNREACHABLE, "BotDisabledByAdmin"),
    (Answer(403, coded("ConversationBlockedByUser")), Outcome.UNREACHABLE, "ConversationBlockedByUser"),
    (Answer(403, BLOCKED), Outcome.UNREACHABLE, "MessageWritesBlocked"),
    (Answer(403, b"no"), Outcome.UNREACHABLE, "403"),
    (Answer(403, coded("NotEnoughPermissions")), Outcome.OURS, "NotEnoughPermissions"),
    (Answer(403, coded("InvalidBotApiHost")), Outcome.OURS, "InvalidBotApiHost"),
    (Answer(403, coded("BadArgument", "Failed to decrypt pairwise id")), Outcome.STALE_ADDRESS, "BadArgument"),
    (Answer(400, coded("Bad Argument", "Failed to decrypt conversation id")), Outcome.STALE_ADDRESS, "Bad Argument"),
    (Answer(404, coded("ConversationNotFound")), Outcome.STALE_ADDRESS, "ConversationNotFound"),
    (Answer(404), Outcome.STALE_ADDRESS, "404"),
    (Answer(400, coded("BadSyntax")), Outcome.POISON, "BadSyntax"),
    (Answer(413, coded("MessageSizeTooBig")), Outcome.POISON, "MessageSizeTooBig"),
    (Answer(302, headers={"Location": "https://evil.example/"}), Outcome.OURS, "302"),
]


@pytest.mark.parametrize(("answer", "outcome", "code"), ANSWERS, ids=lambda value: str(getattr(value, "status", value)))
async def test_each_answer_to_a_send_has_its_outcome_and_is_not_repeated(authority, answer, outcome, code):
    async with connected(authority) as (connector, channel):
        channel.script = [answer]
        error = await failure(send(connector, channel))

    assert error.outcome is outcome
    assert code is None or error.code == code
    assert len(channel.requests) == 1


@pytest.mark.parametrize("answer", [Answer(412), Answer(500), Answer(504), Answer(fault="reset"), Answer(200, b"<")])
async def test_what_can_be_repeated_without_harm_is_safe_where_a_send_is_unclear(authority, answer):
    async with connected(authority) as (connector, channel):
        channel.script = [answer]
        created = await failure(connector.create_conversation(channel.service_url, "oid-1"))

    assert created.outcome is Outcome.SAFE


async def test_an_update_of_a_card_that_is_gone_is_a_stale_address(authority):
    async with connected(authority) as (connector, channel):
        channel.script = [Answer(404, coded("ActivityNotFoundInConversation"))]
        error = await failure(connector.update(channel.service_url, "a:1", "act-1", ACTIVITY))

    assert (error.outcome, error.code) == (Outcome.STALE_ADDRESS, "ActivityNotFoundInConversation")


async def test_a_refused_connection_is_safe(authority):
    async with connected(authority) as (_, closed):
        pass
    async with connected(authority, hosts=ServiceHosts([], service_url=closed.service_url)) as (connector, _):
        error = await failure(send(connector, closed))

    assert error.outcome is Outcome.SAFE


async def test_several_refused_connections_one_after_the_other_pause_all_senders(authority):
    clock = Clock()
    async with connected(authority) as (_, closed):
        pass
    hosts = ServiceHosts([], service_url=closed.service_url)
    async with connected(authority, hosts=hosts, brakes=braked(clock)) as (connector, _):
        waits = [(await failure(send(connector, closed, f"a:{n}"))).retry_after for n in range(3)]
        paused = await failure(send(connector, closed, "a:other"))
        clock.now += 5
        again = await failure(send(connector, closed, "a:other"))

    assert waits == [None, None, 5.0]
    assert paused.code == "throttled"
    assert (again.code, again.retry_after) == ("notReached", 10.0)


async def test_connections_refused_side_by_side_are_no_outage(authority):
    async with connected(authority) as (_, closed):
        pass
    hosts = ServiceHosts([], service_url=closed.service_url)
    async with connected(authority, hosts=hosts) as (connector, _):
        errors = await asyncio.gather(*(failure(send(connector, closed, f"a:{n}")) for n in range(10)))

    assert {error.outcome for error in errors} == {Outcome.SAFE}
    assert sum(error.retry_after is not None for error in errors) < 10


async def test_a_certificate_of_a_stranger_is_safe_and_nothing_is_sent(authority):
    async with connected(authority, wire=Wire()) as (connector, channel):
        error = await failure(send(connector, channel))

    assert error.outcome is Outcome.SAFE
    assert channel.requests == []


async def test_an_answer_that_does_not_come_is_unclear(authority):
    async with connected(authority, timeout=0.3) as (connector, channel):
        channel.script = [Answer(fault="hang")]
        error = await failure(send(connector, channel))

    assert error.outcome is Outcome.UNCLEAR
    assert len(channel.requests) == 1


# ---------------------------------------------------------------- tokens and hosts


async def test_a_401_is_met_once_with_a_new_token(authority):
    tokens = FixedToken()
    async with connected(authority, tokens=tokens) as (connector, channel):
        channel.script = [Answer(401)]
        await send(connector, channel)

    assert [call.headers["authorization"] for call in channel.requests] == ["Bearer token-1", "Bearer token-2"]


async def test_a_second_401_is_our_own_fault(authority):
    async with connected(authority) as (connector, channel):
        channel.script = [Answer(401), Answer(401, coded("BotNotRegistered"))]
        error = await failure(send(connector, channel))

    assert (error.outcome, error.code) == (Outcome.OURS, "BotNotRegistered")
    assert len(channel.requests) == 2


async def test_a_poisoned_address_gets_no_token_and_no_request(authority):
    tokens = FixedToken()
    async with connected(authority, tokens=tokens, hosts=ServiceHosts(TEAMS_HOSTS)) as (connector, channel):
        error = await failure(send(connector, channel))

    assert (error.outcome, error.code) == (Outcome.OURS, "untrustedHost")
    assert channel.requests == []


async def test_a_failing_token_source_sends_nothing(authority):
    class Failing:
        async def token(self, *, force=False):
            raise DeliveryError("no", outcome=Outcome.OURS, code="invalid_client")

    async with connected(authority, tokens=Failing()) as (connector, channel):
        error = await failure(send(connector, channel))

    assert error.code == "invalid_client"
    assert channel.requests == []


GOOD = [
    "https://smba.trafficmanager.net/teams/",
    "https://smba.trafficmanager.net:443/emea/x/",
    "https://SMBA.trafficmanager.net/in/",
]
BAD = [
    "",
    "smba.trafficmanager.net",
    "//smba.trafficmanager.net/",
    "http://smba.trafficmanager.net/",
    "https://smba.trafficmanager.net./",
    "https://smba.trafficmanager.net:8443/",
    "https://x.smba.trafficmanager.net/",
    "https://user@smba.trafficmanager.net/",
    "https://smba.trafficmanager.net@evil.example/",
    "https://smba.trafficmanager.net%2eevil.example/",
    "https://smba.trafficmanager.net\\.evil.example/",
    "https://ѕmba.trafficmanager.net/",
    "https://xn--mba-fed.trafficmanager.net/",
    "https://169.254.169.254/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::1",
    "https://smba.trafficmanager.net:x/",
    "https://smba.trafficmanager.net/?x=1",
    "https://smba.trafficmanager.net/../x",
    "https://smba.trafficmanager.net/ x",
    "https://localhost/",
    "http://127.0.0.1/",
]


@pytest.mark.parametrize("url", GOOD)
def test_service_urls_of_the_listed_hosts_are_trusted(url):
    assert ServiceHosts(TEAMS_HOSTS).trusts(url)


@pytest.mark.parametrize("url", BAD)
def test_every_other_service_url_is_not(url):
    assert not ServiceHosts(TEAMS_HOSTS).trusts(url)


def test_plain_http_is_trusted_on_loopback_only_and_only_when_asked_for():
    hosts = ServiceHosts([], plain_loopback=True)

    assert [hosts.trusts(f"http://{host}/x") for host in ("127.0.0.1:9", "localhost", "[::1]:9", "10.0.0.1")] == [
        True,
        True,
        True,
        False,
    ]


# ---------------------------------------------------------------- pace


class Clock:
    """Time that moves only by sleeping."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def braked(clock, per_second=10_000.0):
    return Brakes(
        pace=Pace(per_second, monotonic=clock, sleep=clock.sleep),
        spacing=Spacing(monotonic=clock, sleep=clock.sleep),
        sleep=clock.sleep,
    )


async def test_a_throttle_stops_every_conversation_until_its_time(authority):
    clock = Clock()
    async with connected(authority, brakes=braked(clock)) as (connector, channel):
        channel.script = [Answer(429, {}, {"Retry-After": "60"})]
        first = await failure(send(connector, channel))
        clock.now += 20
        second = await failure(send(connector, channel, "a:other"))
        requests_meanwhile = len(channel.requests)
        clock.now += 40
        await send(connector, channel, "a:other")

    assert first.retry_after == 60
    assert (second.outcome, second.code, second.retry_after) == (Outcome.SAFE, "throttled", pytest.approx(40, abs=0.1))
    assert (requests_meanwhile, len(channel.requests)) == (1, 2)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("-3", 0), ("1e9", 3600), ("nan", 5), ("soon", 5), (None, 5), ("DATE", 90)],
)
async def test_retry_after_is_understood_in_all_its_forms(authority, header, seconds):
    if header == "DATE":
        header = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    async with connected(authority) as (connector, channel):
        channel.script = [Answer(429, {}, {"Retry-After": header} if header else {})]
        error = await failure(send(connector, channel))

    assert error.retry_after == pytest.approx(seconds, abs=3)


async def test_calls_keep_the_pace_creates_included(authority):
    clock = Clock()
    async with connected(authority, brakes=braked(clock, per_second=20)) as (connector, channel):
        started = clock.now
        for number in range(50):
            await connector.create_conversation(channel.service_url, f"oid-{number}")
            await send(connector, channel, f"a:{number}")

    assert clock.now - started == pytest.approx(99 / 20)


async def test_one_conversation_stays_within_its_windows(authority):
    clock = Clock()
    times = []
    async with connected(authority, brakes=braked(clock)) as (connector, channel):
        refused = set()
        while len(times) < 130:
            try:
                await send(connector, channel)
                times.append(clock.now)
            except DeliveryError as error:
                refused.add((error.outcome, error.code))
                clock.now += 5

    for limit, seconds in ((7, 1), (8, 2), (60, 30)):
        most = max(sum(start <= t < start + seconds - 1e-6 for t in times) for start in times)
        assert (limit, seconds, most) == (limit, seconds, min(most, limit))
    assert refused == {(Outcome.SAFE, "conversationFull")}


async def test_calls_to_one_conversation_do_not_overlap(authority):
    async with connected(authority) as (connector, channel):
        await asyncio.gather(*(send(connector, channel) for _ in range(5)))

    assert channel.connections == 1
