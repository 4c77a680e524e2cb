"""P12: an answer, a rotation or a new owner wins over a waiting send, until the moment its request is written."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts.model import Action, DeliveryState
from alerts.model import Channel as By
from bot.pace import Pace
from tests.alerts.world import World
from tests.bot.channel import Authority, Request
from tests.promises.wired import rows, wired

Act = Callable[[World], Awaitable[object]]


async def _alert_id(world: World) -> str:
    async with world.store.reading() as tx:
        [alert] = await tx.alerts_unclosed()
    return alert.id


async def snooze(world: World) -> object:
    data = {"alert": await _alert_id(world), "v": 1}
    return await world.actions.perform(Action(verb="snooze", actor_id="eli", data=data, inputs={"days": "5"}))


async def acknowledge(world: World) -> object:
    return await world.actions.perform(
        Action(verb="acknowledge", actor_id="ana", data={"alert": await _alert_id(world), "v": 1})
    )


async def rotation(world: World) -> object:
    world.app("invoice", ("ana", "eli"))
    return await world.scan()


async def new_owner(world: World) -> object:
    world.app("invoice", ("ana",), world.secret(29.5))
    return await world.scan()


ACTS = {"snooze": snooze, "acknowledge": acknowledge, "rotation": rotation, "owner change": new_owner}


class Turns(Pace):
    """A pace at which somebody acts while eli's message waits for its turn."""

    def __init__(self, at: int) -> None:
        super().__init__(10_000)
        self.left = at
        self.act: Callable[[], Awaitable[object]] | None = None

    async def turn(self) -> float:
        self.left -= 1
        if self.left == 0 and self.act is not None:
            await self.act()
        return 0.0


def owned(world: World) -> None:
    world.app("invoice", ("ana", "eli"), world.secret(29.5))


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
async def test_p12_an_answer_before_the_claim_cancels_the_message(world: World, authority: Authority, act: Act) -> None:
    owned(world)
    async with wired(world, authority) as channel:
        await world.scan()
        await act(world)
        await world.worker.drain()

    assert "eli" not in channel.messages()


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("step", ["its turn to ask for the chat", "the chat is made", "its turn to be sent"])
async def test_p12_an_answer_at_each_step_before_the_request_cancels_the_message(
    world: World, authority: Authority, act: Act, step: str
) -> None:
    owned(world)
    turns = Turns({"its turn to ask for the chat": 1, "its turn to be sent": 2}.get(step, 0))
    async with wired(world, authority, turns=turns) as channel:
        await world.scan()
        await only(world, "eli")
        turns.act = lambda: act(world)

        async def meanwhile(request: Request) -> None:
            if step == "the chat is made" and request.path.endswith("/conversations"):
                channel.meanwhile = None
                await act(world)

        channel.meanwhile = meanwhile
        await world.worker.drain()
        eli = [row for row in await rows(world) if row.recipient_id == "eli" and row.notice_ids]

    assert "eli" not in channel.messages()
    assert all(row.state is DeliveryState.CANCELLED for row in eli)


async def test_p12_an_answer_after_the_request_was_written_turns_the_card(world: World, authority: Authority) -> None:
    owned(world)
    async with wired(world, authority) as channel:
        await world.scan()
        await only(world, "eli")

        async def meanwhile(request: Request) -> None:
            if request.path.endswith("/activities"):
                channel.meanwhile = None
                await acknowledge(world)

        channel.meanwhile = meanwhile
        await world.worker.drain()

    assert channel.messages() == ["eli"]
    assert len(channel.calls("PUT")) == 1


async def only(world: World, person: str) -> None:
    """The cards of all others, and all e-mails, wait until tomorrow."""
    async with world.store.transaction() as tx:
        for row in await tx.deliveries_of_alerts([alert.id for alert in await tx.alerts_unclosed()]):
            if row.recipient_id != person or row.channel is not By.TEAMS:
                await tx.save_delivery(replace(row, not_before=row.not_before + timedelta(days=1)))
