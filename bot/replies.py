"""Answers in a chat, sent at once to whoever is waiting for them."""

import asyncio

from alerts.errors import DeliveryError, Outcome
from alerts.views import View
from bot.connector import Connector
from bot.drawing import Drawing
from bot.inbound import Inbound
from bot.pace import Sleep

#: A reply is worth so many tries and so many seconds of waiting; after that nobody waits for it any more.
TRIES = 3
LONGEST_WAIT = 5.0


class Replies:
    """Sends to the conversation that an activity came from. Raises DeliveryError."""

    def __init__(self, connector: Connector, drawing: Drawing, *, sleep: Sleep = asyncio.sleep) -> None:
        self._connector = connector
        self._drawing = drawing
        self._sleep = sleep

    async def send(self, inbound: Inbound, view: View) -> None:
        """A new message below."""
        drawn = self._drawing.draw(view, locale=inbound.locale, teams_user_id=inbound.teams_user_id)
        for attempt in range(1, TRIES + 1):
            try:
                await self._connector.send(inbound.service_url, inbound.conversation_id, drawn.activity())
                return
            except DeliveryError as error:
                await self._wait_or_raise(error, attempt)

    async def update(self, inbound: Inbound, view: View) -> None:
        """In place of the card that was answered."""
        drawn = self._drawing.draw(view, locale=inbound.locale, teams_user_id=inbound.teams_user_id)
        for attempt in range(1, TRIES + 1):
            try:
                await self._connector.update(
                    inbound.service_url, inbound.conversation_id, inbound.reply_to_id, drawn.activity()
                )
                return
            except DeliveryError as error:
                await self._wait_or_raise(error, attempt)

    async def _wait_or_raise(self, error: DeliveryError, attempt: int) -> None:
        wait = error.retry_after if error.retry_after is not None else float(attempt)
        if error.outcome is not Outcome.SAFE or attempt == TRIES or wait > LONGEST_WAIT:
            raise error
        await self._sleep(wait)
