"""What Steward does with each activity of Teams; every decision about alerts is the core's."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from botbuilder.core import ActivityHandler, BotFrameworkAdapter, InvokeResponse, TurnContext
from botbuilder.schema import Activity, ActivityTypes

from alerts.errors import DeliveryError
from alerts.model import Action
from alerts.views import HelpView, Sentence, View
from bot import commands, invoke
from bot.background import Background
from bot.contacts import Contacts
from bot.drawing import Drawing, to_json
from bot.flood import Budget, Seen, Verdict
from bot.inbound import Inbound, read
from bot.replies import Replies

log = logging.getLogger(__name__)

#: Seconds after which an invoke is answered although the core is not done: Teams gives up after some five.
INVOKE_PATIENCE = 2.0

#: Where a turn keeps what answers an invoke.
ANSWER = BotFrameworkAdapter._INVOKE_RESPONSE_KEY  # noqa: SLF001 - where else would it stand

#: Name of the event that says up to which message somebody has read.
READ_RECEIPT = "application/vnd.microsoft.readReceipt"

#: One fixed sentence for everything that is refused: it tells nothing. The same as the core's.
REFUSED = Sentence(key="refused")


class Actions(Protocol):
    """What pressed buttons ask of the core (alerts/actions.py)."""

    async def perform(self, action: Action) -> View:
        """Do it if the actor may, and return what the actor sees; raises only for outages."""


class Receipts(Protocol):
    """What read receipts tell the core (alerts/receipts.py)."""

    async def read_up_to(self, person_id: str, activity_id: str) -> None:
        """This person has read their chat up to this message."""


class Bot(ActivityHandler):
    """botbuilder's handler: reads, asks the core, answers."""

    def __init__(
        self,
        *,
        desk: commands.Desk,
        actions: Actions,
        contacts: Contacts,
        replies: Replies,
        drawing: Drawing,
        background: Background,
        budget: Budget | None = None,
        receipts: Receipts | None = None,
        invoke_patience: float = INVOKE_PATIENCE,
    ) -> None:
        super().__init__()
        self._desk = desk
        self._actions = actions
        self._contacts = contacts
        self._replies = replies
        self._drawing = drawing
        self._background = background
        self._receipts = receipts
        self._budget = budget or Budget()
        self._seen = Seen()
        self._invoke_patience = invoke_patience

    # ------------------------------------------------------------ messages

    async def on_message_activity(self, turn_context: TurnContext) -> None:
        inbound = read(turn_context.activity)
        if inbound.from_bot or not inbound.person_id:
            return
        if self._seen.before(inbound.conversation_id, inbound.activity_id):
            return
        verdict = self._budget.ask(inbound.person_id)
        if verdict is not Verdict.PASS:
            if verdict is Verdict.WARN:
                await self._say(inbound, Sentence(key="slow_down"))
            return
        if not inbound.personal:
            # Everybody in a group chat reads along.
            await self._say(inbound, Sentence(key="only_in_private"))
            return
        await self._contacts.refresh(inbound)
        if inbound.value is not None and not inbound.text.strip():
            await self._submitted(inbound)
        else:
            await self._say(inbound, await self._asked(inbound, self._typed(inbound)))

    def _typed(self, inbound: Inbound) -> Awaitable[View]:
        return commands.answer(self._desk, inbound.person_id, inbound.text)

    async def _asked(self, inbound: Inbound, work: Awaitable[View]) -> View:
        """The view, or an apology: the outermost place that somebody waits at."""
        try:
            return await work
        except Exception:
            log.exception("could not answer a %s", inbound.type)
            return Sentence(key="went_wrong")

    async def _submitted(self, inbound: Inbound) -> None:
        """Action.Submit, the fallback of clients without Action.Execute: it cannot be answered with a card."""
        try:
            action = invoke.action_of_submit(inbound)
        except invoke.BadInvoke as error:
            log.info("refused a submit: %s", error)
            await self._say(inbound, REFUSED)
            return
        await self._show(inbound, await self._asked(inbound, self._actions.perform(action)))

    # ------------------------------------------------------------ buttons

    async def on_invoke_activity(self, turn_context: TurnContext) -> None:
        inbound = read(turn_context.activity)
        response = InvokeResponse(status=200, body=to_json(await self._invoked(inbound)))
        # Where botbuilder puts what is returned, once it has copied the whole activity, member by member.
        turn_context.turn_state[ANSWER] = Activity(type=ActivityTypes.invoke_response, value=response)

    async def _invoked(self, inbound: Inbound) -> dict[str, Any]:
        if inbound.name != invoke.NAME:
            return invoke.error_answer(501, "NotImplemented", "Steward does not know this kind of request.")
        if inbound.from_bot or not inbound.person_id or not inbound.personal:
            return self._answer(inbound, REFUSED)
        try:
            action = invoke.action_of_invoke(inbound)
        except invoke.BadInvoke as error:
            log.info("refused an invoke: %s", error)
            return self._answer(inbound, REFUSED)
        work = self._background.start(self._pressed(inbound, action), "answer to a button")
        done, _ = await asyncio.wait({work}, timeout=self._invoke_patience)
        if done:
            return self._answer(inbound, work.result())
        self._background.start(self._late(inbound, action, work), "late answer to a button")
        return self._answer(inbound, Sentence(key="working_on_it"))

    async def _pressed(self, inbound: Inbound, action: Action) -> View:
        async def work() -> View:
            await self._contacts.refresh(inbound)
            return await self._actions.perform(action)

        return await self._asked(inbound, work())

    async def _late(self, inbound: Inbound, action: Action, work: Awaitable[View]) -> None:
        view = await work
        if isinstance(view, Sentence) and action.automatic:
            # Nobody pressed anything: a message out of nowhere would only puzzle.
            return
        await self._show(inbound, view)

    def _answer(self, inbound: Inbound, view: View) -> dict[str, Any]:
        drawn = self._drawing.draw(view, locale=inbound.locale, teams_user_id=inbound.teams_user_id)
        return invoke.message_answer(drawn.text) if drawn.card is None else invoke.card_answer(drawn.card)

    # ------------------------------------------------------------ coming and going

    async def on_installation_update(self, turn_context: TurnContext) -> None:
        inbound = read(turn_context.activity)
        if inbound.name.startswith("remove"):
            await self._contacts.forget(inbound)
        else:
            await self._met(inbound)

    async def on_conversation_update_activity(self, turn_context: TurnContext) -> None:
        inbound = read(turn_context.activity)
        if inbound.bot_added or inbound.members_added:
            await self._met(inbound)

    async def _met(self, inbound: Inbound) -> None:
        """Both updates come with one installation, in any order; the core greets once."""
        if inbound.from_bot or not inbound.personal or not inbound.person_id:
            return
        await self._contacts.refresh(inbound)
        greeting = await self._desk.greet(inbound.person_id)
        if isinstance(greeting, HelpView):
            # The core knows when to greet, the table here what can be typed.
            role = await self._desk.role_of(inbound.person_id)
            greeting = commands.help_view(role, greeting=greeting.greeting, own=greeting.own)
        if greeting is not None:
            await self._say(inbound, greeting)

    async def on_event_activity(self, turn_context: TurnContext) -> None:
        """A read receipt counts where READ_RECEIPTS is on; that none comes proves nothing, and so does any other event."""
        inbound = read(turn_context.activity)
        last = inbound.value.get("lastReadMessageId") if inbound.value is not None else None
        if self._receipts is None or inbound.name != READ_RECEIPT or not isinstance(last, str) or not last:
            return
        if inbound.personal and inbound.person_id and not inbound.from_bot:
            await self._receipts.read_up_to(inbound.person_id, last)

    # ------------------------------------------------------------ replies

    async def _say(self, inbound: Inbound, view: View) -> None:
        await self._delivered(inbound, self._replies.send, view)

    async def _show(self, inbound: Inbound, view: View) -> None:
        """On the card that was pressed, or as a message where that is not possible."""
        on_card = inbound.reply_to_id and not isinstance(view, Sentence)
        await self._delivered(inbound, self._replies.update if on_card else self._replies.send, view)

    async def _delivered(self, inbound: Inbound, how: Callable[[Inbound, View], Awaitable[None]], view: View) -> None:
        try:
            await how(inbound, view)
        except DeliveryError as error:
            # Replies have no row in the outbox: what somebody asked a moment ago they ask again.
            log.warning("a reply could not be delivered: %s %s", error.outcome, error.code)
