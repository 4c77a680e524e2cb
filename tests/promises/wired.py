"""The world of the core's stories with the real way to Teams: connector, pace and cards, against a scripted server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alerts.model import Channel as By
from alerts.model import Conversation, Delivery
from bot.connector import TIMEOUT, Brakes, Connector
from bot.contacts import Contacts
from bot.drawing import Drawing
from bot.hosts import ServiceHosts
from bot.pace import Pace, Turns
from bot.proactive import ProactiveTeams
from bot.wire import Wire
from cards.render import Words
from tests.alerts.world import World
from tests.bot.channel import APP_ID, TENANT, Authority, Channel
from tests.bot.house import FixedToken


class Conversations(Channel):
    """A Bot Connector whose script covers messages alone; conversations are made without fail."""

    def messages(self) -> list[str]:
        """The person of each message that was posted, in order."""
        paths = [request.path for request in self.calls("POST")]
        return [path.split("/")[4].removeprefix("a%3A") for path in paths if path.endswith("/activities")]


def ways_to(
    channel: Channel, authority: Authority, *, turns: Turns | None = None, seconds: float = TIMEOUT
) -> Connector:
    return Connector(
        wire=Wire(ca_file=authority.ca_file),
        tokens=FixedToken(),
        hosts=ServiceHosts([], service_url=channel.service_url),
        brakes=Brakes(pace=turns or Pace(10_000)),
        bot_id=f"28:{APP_ID}",
        tenant_id=TENANT,
        timeout=seconds,
    )


def teams_over(world: World, connector: Connector, service_url: str) -> ProactiveTeams:
    return ProactiveTeams(
        connector=connector,
        contacts=Contacts(world.store),
        drawing=Drawing(lambda _locale: Words()),
        service_url=service_url,
        clock=world.clock,
    )


@asynccontextmanager
async def wired(
    world: World, authority: Authority, *, turns: Turns | None = None, seconds: float = TIMEOUT
) -> AsyncIterator[Conversations]:
    """The world's worker sends to this server."""
    async with Conversations().running(authority) as channel:
        connector = ways_to(channel, authority, turns=turns, seconds=seconds)
        world.worker.teams = teams_over(world, connector, channel.service_url)
        try:
            yield channel
        finally:
            await connector._wire.close()


async def met(world: World, channel: Channel, *people: str) -> None:
    """These people have a conversation already, so that the next request to Teams is the message."""
    async with world.store.transaction() as tx:
        for person in people:
            await tx.save_conversation(
                Conversation(person_id=person, conversation_id=f"a:{person}", service_url=channel.service_url)
            )


async def rows(world: World, by: By = By.TEAMS) -> list[Delivery]:
    """All deliveries of the open alerts on one channel."""
    async with world.store.reading() as tx:
        alerts = [alert.id for alert in await tx.alerts_unclosed()]
        return [each for each in await tx.deliveries_of_alerts(alerts) if each.channel is by]
