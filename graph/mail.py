"""Sends e-mail through Graph's sendMail from one mailbox, with an identity of its own.

sendMail also takes MIME, with a text part of our own beside the HTML, but keeps every such message in Sent Items
(`saveToSentItems` belongs to the JSON form alone; Graph: user, sendMail). Names of apps and people piling up in a
mailbox is the worse of the two, and Exchange makes a text part from the HTML by itself: JSON it is.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import quote

from alerts.errors import DeliveryError, GraphError, Outcome, StoreError
from alerts.ports import LastWord, SharedPace
from alerts.views import MailView
from graph.client import GraphClient
from graph.gate import Sleep
from graph.sending import OneWrite, delivery_error
from graph.wire import clean

#: What one mailbox may be asked for by one app: 10,000 requests in ten minutes, with some left to others. How many
#: at once is the outbox' affair. Source: learn.microsoft.com/graph/throttling-limits (Outlook service limits).
MAILS_PER_SECOND = 15.0
#: Seconds to wait after a 429 that does not say how long.
THROTTLED = 30.0
#: DeliveryError.code for a person without a mail address.
NO_ADDRESS = "noMailAddress"
#: Graph's codes that speak of the recipient and not of the mailbox that sends.
RECIPIENT_CODES = frozenset({"errorinvalidrecipients", "invalidrecipients", "errornonexistentmailbox"})


class RenderedMail(Protocol):
    """What the render function gives: see cards/email.py."""

    @property
    def subject(self) -> str: ...
    @property
    def html(self) -> str: ...


class GraphMail:
    """The MailChannel over Graph."""

    def __init__(
        self,
        client: GraphClient,
        *,
        sender: str,
        render: Callable[[MailView], RenderedMail],
        pace: SharedPace | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Args:
        client: its identity needs Mail.Send for the sender's mailbox, and nothing else.
        sender: mailbox, UPN or object id.
        render: cards.email.render_mail with the words for the recipient's language.
        pace: the sender's mailbox' own, over all replicas; None no limit.
        """
        self._writes = OneWrite(client)
        self._path = f"/users/{quote(sender, safe='@')}/sendMail"
        self._render = render
        self._pace = pace
        self._sleep = sleep

    async def send(self, view: MailView, last_word: LastWord | None = None) -> None:
        """One request, never repeated here. Raises DeliveryError, and what `last_word` raises."""
        address = view.recipient.mail
        if not address:
            raise DeliveryError(
                f"{view.recipient.id} has no mail address", outcome=Outcome.UNREACHABLE, code=NO_ADDRESS
            )
        body = self._body(address, view)
        await self._my_turn()
        error = await self._writes.post(self._path, body, last_word)
        if error is None:
            return
        if error.status == 429:
            error.retry_after = THROTTLED if error.retry_after is None else error.retry_after
            await self._pause_all(error.retry_after)
        raise delivery_error(error, _outcome(error))

    async def _my_turn(self) -> None:
        """Wait for the turn that all replicas share. Raises DeliveryError while Graph has asked us to wait."""
        if self._pace is None:
            return
        try:
            await self._sleep(await self._pace.reserve(1))
            wait = await self._pace.shut_for()
        except StoreError as error:
            raise DeliveryError("the store is away", outcome=Outcome.SAFE, code="storeAway") from error
        if wait > 0:
            raise DeliveryError("Graph asked us to wait", outcome=Outcome.SAFE, code="throttled", retry_after=wait)

    async def _pause_all(self, seconds: float) -> None:
        if self._pace is not None:
            with suppress(StoreError):
                await self._pace.shut(seconds)

    def _body(self, address: str, view: MailView) -> dict[str, Any]:
        mail = self._render(view)
        return {
            "message": {
                # A line break is an attempt to add headers; a name can bring one along.
                "subject": " ".join(clean(mail.subject).split()),
                "body": {"contentType": "html", "content": clean(mail.html)},
                "toRecipients": [{"emailAddress": {"address": address, "name": clean(view.recipient.name)}}],
                # No out-of-office answers to a mailbox that nobody reads.
                "internetMessageHeaders": [{"name": "x-auto-response-suppress", "value": "All"}],
            },
            "saveToSentItems": False,
        }


def _outcome(error: GraphError) -> Outcome:
    """429 was not run; a 5xx may have been. The mailbox and its rights are ours, the rest is the message."""
    if error.code.lower() in RECIPIENT_CODES:
        return Outcome.UNREACHABLE
    if error.status == 429:
        return Outcome.SAFE
    if error.status >= 500 or error.status == 408:
        return Outcome.UNCLEAR
    return Outcome.OURS if error.status in (401, 403, 404) else Outcome.POISON
