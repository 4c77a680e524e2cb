"""P3: an unclear outcome is never blindly repeated: e-mail at once, one repeat ten minutes later, then it stays unclear."""

from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.errors import DeliveryError, Outcome
from alerts.model import DeliveryState
from tests.alerts.world import World
from tests.bot.channel import Answer, Authority
from tests.promises.wired import met, rows, wired

HTML = {"Content-Type": "text/html"}
UNCLEAR = {
    "408": Answer(408),
    "412": Answer(412),
    "500": Answer(500, {"error": {"code": "ServiceError"}}),
    "502": Answer(502, b"<html>Bad Gateway</html>", HTML),
    "503": Answer(503),
    "504": Answer(504),
    "reset before the answer": Answer(fault="reset"),
    "closed before the answer": Answer(fault="close"),
    "cut inside a 201": Answer(201, {"id": "activity-1"}, fault="cut"),
    "201 with HTML": Answer(201, b"<html>", HTML),
    "no answer": Answer(fault="hang"),
}


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR)
async def test_p3_an_unclear_send_is_repeated_once_and_not_before_ten_minutes(
    world: World, authority: Authority, answer: Answer
) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    posts = []
    async with wired(world, authority, seconds=0.5) as channel:
        await met(world, channel, "ana")
        channel.script = [answer]
        await world.first()
        posts.append(channel.messages())
        mails = len(world.mailbox.mails)
        for minutes in (9, 1, 20, 2000):
            world.now += timedelta(minutes=minutes)
            await world.worker.drain()
            posts.append(channel.messages())
        [row] = await rows(world)

    assert [len(each) for each in posts] == [1, 1, 2, 2, 2]
    assert mails == 1
    assert row.state is DeliveryState.SENT
    assert {"delivered": 1} == await world.states()


async def test_p3_a_send_that_stays_unclear_is_shown_and_sent_no_third_time(world: World, authority: Authority) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    world.mailbox.failures = [DeliveryError("no mailbox", outcome=Outcome.UNREACHABLE, code="404")]
    async with wired(world, authority) as channel:
        await met(world, channel, "ana")
        channel.script = [Answer(504), Answer(502)]
        await world.first()
        for _ in range(20):
            world.now += timedelta(minutes=10)
            await world.worker.drain()
        posts = channel.messages()
        [row] = await rows(world)

    assert posts == ["ana", "ana"]
    assert (row.state, row.unclear) == (DeliveryState.UNCLEAR, 2)
    [missing] = (await world.ledger()).not_told
    assert "unclear" in missing.reason or "502" in missing.reason
    assert "NotificationFailed" in [event.type for event in await world.events()]


async def test_p3_a_throttle_between_two_unclear_sends_gives_no_third(world: World, authority: Authority) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    async with wired(world, authority) as channel:
        await met(world, channel, "ana")
        channel.script = [Answer(504), Answer(429, {}, {"Retry-After": "0"}), Answer(504)]
        await world.first()
        for _ in range(20):
            world.now += timedelta(minutes=10)
            await world.worker.drain()
        posts = channel.messages()
        [row] = await rows(world)

    # The second was certainly not run.
    assert len(posts) == 3
    assert (row.state, row.unclear) == (DeliveryState.UNCLEAR, 2)


async def test_p3_the_email_goes_at_once_though_it_was_to_wait(world: World, authority: Authority) -> None:
    world.app("invoice", ("ana",), world.secret(29.5))
    async with wired(world, authority) as channel:
        await met(world, channel, "ana")
        channel.script = [Answer(504)]
        await world.scan()
        async with world.store.transaction() as tx:
            for row in await tx.deliveries_of_alerts([alert.id for alert in await tx.alerts_unclosed()]):
                if row.channel == "email":
                    await tx.save_delivery(replace(row, not_before=row.not_before + timedelta(days=1)))
        await world.worker.drain()

    assert len(world.mailbox.mails) == 1
