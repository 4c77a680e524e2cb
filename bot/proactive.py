"""Reaches people who did not just write: the TeamsChannel of the core."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from alerts.errors import DeliveryError, Outcome
from alerts.model import Conversation, Person, PostedCard
from alerts.ports import AppInstaller, Clock, LastWord, Sent
from alerts.views import View
from bot.answers import NOT_INSTALLED
from bot.connector import Connector
from bot.contacts import Contacts
from bot.drawing import Drawing, Drawn
from bot.pace import Sleep

log = logging.getLogger(__name__)

#: Seconds for reaching one person, calls to Graph included; a delivery is leased for a minute.
PATIENCE = 50.0
#: How long a refusal of this person stands before Teams is asked again.
DEAD_FOR = timedelta(hours=24)
#: Seconds to wait for the Bot Connector to hear of an installation that Graph has just confirmed: who is given up
#: here is taken off the alert.
AFTER_INSTALL = (1.0, 4.0)


class ProactiveTeams:
    """Sends and updates cards.

    Args:
        service_url: where conversations are created with people who never wrote to the bot.
        clock: the product's; a refusal is remembered for a day of it.
        installer: installs the app for people who do not have it; None: they cannot be reached.
    """

    def __init__(
        self,
        *,
        connector: Connector,
        contacts: Contacts,
        drawing: Drawing,
        service_url: str,
        clock: Clock,
        installer: AppInstaller | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._connector = connector
        self._contacts = contacts
        self._drawing = drawing
        self._service_url = service_url
        self._installer = installer
        self._clock = clock
        self._sleep = sleep

    async def send(self, person: Person, view: View, last_word: LastWord | None = None) -> Sent:
        """Reach the person: stored conversation, else create it, else install the app and create it.

        Raises DeliveryError, and what `last_word` raises.
        """
        begun = False

        async def begin() -> None:
            nonlocal begun
            if last_word is not None:
                await last_word()
            begun = True

        try:
            async with asyncio.timeout(PATIENCE):
                return await self._send(person, view, begin)
        except TimeoutError as error:
            # Until the message itself is written nothing can have arrived.
            outcome = Outcome.UNCLEAR if begun else Outcome.SAFE
            raise DeliveryError("took too long", outcome=outcome, code="timeout") from error

    async def update(self, card: PostedCard, view: View) -> None:
        """Replace a posted card in place. Raises DeliveryError (staleAddress when it is gone)."""
        known = await self._contacts.known(card.recipient_id)
        # A card keeps its language also where its view does not name the reader.
        preferred = "" if known is not None and known.locale else await self._contacts.preferred(card.recipient_id)
        drawn = self._draw(view, known, preferred)
        # The conversation's newest service URL wins over the one of the day it was posted.
        moved = known is not None and known.conversation_id == card.conversation_id
        service_url = known.service_url if known is not None and moved else card.service_url
        await self._connector.update(service_url, card.conversation_id, card.activity_id, drawn.activity())

    async def _send(self, person: Person, view: View, last_word: LastWord) -> Sent:
        known = await self._contacts.known(person.id)
        if known is not None and known.dead_until is not None and known.dead_until > self._clock():
            raise DeliveryError(
                "refused less than a day ago", outcome=Outcome.UNREACHABLE, code=known.dead_reason or "refused"
            )
        drawn = self._draw(view, known, person.preferred_language)
        if known is not None and not known.dead_reason:
            try:
                return await self._post(known, drawn, last_word)
            except DeliveryError as error:
                # Chat deleted, id of another bot, or the app was removed: the address is renewed once.
                if error.outcome is not Outcome.STALE_ADDRESS and error.code not in NOT_INSTALLED:
                    await self._note_dead(known, error)
                    raise
                log.info("the conversation of one person is renewed: %s", error.code)
        address = await self._create(person, known)
        try:
            return await self._post(address, drawn, last_word)
        except DeliveryError as error:
            if error.outcome is Outcome.STALE_ADDRESS:
                # Just created and yet gone: another round would not help.
                gone = DeliveryError(str(error), outcome=Outcome.UNREACHABLE, code=error.code)
                await self._note_dead(address, gone)
                raise gone from error
            await self._note_dead(address, error)
            raise

    def _draw(self, view: View, known: Conversation | None, language: str) -> Drawn:
        try:
            return self._drawing.draw(
                view,
                locale=known.locale if known else "",
                preferred=language,
                teams_user_id=known.teams_user_id if known else "",
            )
        except DeliveryError:
            raise
        except Exception as error:
            # One message that cannot be drawn must cost one message, not the round of deliveries it is in.
            log.exception("a %s could not be drawn", type(view).__name__)
            raise DeliveryError("could not be drawn", outcome=Outcome.POISON, code="notDrawn") from error

    async def _post(self, address: Conversation, drawn: Drawn, last_word: LastWord) -> Sent:
        """Post it, and once more in its compact form where Teams refuses it as it is."""
        try:
            return await self._posted(address, drawn.activity(alert=True), last_word)
        except DeliveryError as error:
            if error.outcome is not Outcome.POISON or drawn.card is None:
                raise
            log.warning("a card was refused and is told as a sentence: %s", error)
        return await self._posted(address, drawn.compact().activity(alert=True), last_word)

    async def _posted(self, address: Conversation, activity: Mapping[str, Any], last_word: LastWord) -> Sent:
        activity_id = await self._connector.send(address.service_url, address.conversation_id, activity, last_word)
        return Sent(conversation_id=address.conversation_id, service_url=address.service_url, activity_id=activity_id)

    async def _create(self, person: Person, known: Conversation | None) -> Conversation:
        """The person's conversation, stored; the app is installed where it is missing."""
        nowhere = Conversation(person_id=person.id, conversation_id="", service_url=self._service_url)
        address = known or nowhere
        try:
            conversation_id = await self._create_or_install(address.service_url, person.id)
        except DeliveryError as error:
            await self._note_dead(address, error)
            raise
        address = replace(address, conversation_id=conversation_id, dead_reason="", dead_until=None)
        await self._contacts.save(address)
        return address

    async def _create_or_install(self, service_url: str, person_id: str) -> str:
        try:
            return await self._connector.create_conversation(service_url, person_id)
        except DeliveryError as error:
            if error.code not in NOT_INSTALLED or self._installer is None:
                raise
        await self._installer.install(person_id)
        for wait in AFTER_INSTALL:
            try:
                return await self._connector.create_conversation(service_url, person_id)
            except DeliveryError as error:
                if error.code not in NOT_INSTALLED:
                    raise
            await self._sleep(wait)
        return await self._connector.create_conversation(service_url, person_id)

    async def _note_dead(self, address: Conversation, error: DeliveryError) -> None:
        """Remember that the person cannot be reached: Teams is asked again in a day, or once they write."""
        if error.outcome is Outcome.UNREACHABLE:
            await self._contacts.save(
                replace(address, dead_reason=error.code or "refused", dead_until=self._clock() + DEAD_FOR)
            )
