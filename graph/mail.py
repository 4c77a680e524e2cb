"""Sends e-mail through Graph's sendMail from one mailbox, with an identity of its own.

A mail has a text part and an HTML part, which only the MIME form of sendMail can say. What is sent in that form is kept in
the mailbox' Sent Items: `saveToSentItems` belongs to the JSON form alone (learn.microsoft.com/graph/api/user-sendmail;
microsoft-graph-docs issue 18698). docs/runbook.md says how to let such copies go.
"""

import asyncio
import base64
import re
from collections.abc import Callable
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol
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
#: DeliveryError.code for a person without a mail address, or with one that no mail can be addressed to.
NO_ADDRESS, BAD_ADDRESS = "noMailAddress", "badMailAddress"
#: A plain mailbox in ASCII; quoted local parts, which Entra does not give out, are left out.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")
#: Graph's codes that speak of the recipient and not of the mailbox that sends.
RECIPIENT_CODES = frozenset({"errorinvalidrecipients", "invalidrecipients", "errornonexistentmailbox"})


class RenderedMail(Protocol):
    """What the render function gives: see cards/email.py."""

    @property
    def subject(self) -> str: ...
    @property
    def text(self) -> str: ...
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
        self._sender = sender
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
        if not _addressable(address):
            raise DeliveryError(
                f"no mail can be addressed to {view.recipient.id}", outcome=Outcome.UNREACHABLE, code=BAD_ADDRESS
            )
        body = base64.b64encode(self._mime(address, view).as_bytes())
        await self._my_turn()
        error = await self._writes.post(self._path, body, last_word, content_type="text/plain")
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

    def _mime(self, address: str, view: MailView) -> EmailMessage:
        mail = self._render(view)
        message = EmailMessage(policy=SMTP)
        if _addressable(self._sender):
            # Else it is an object id: Exchange writes whose mailbox that is.
            message["From"] = self._sender
        message["To"] = address
        # A line break is an attempt to add headers; a name can bring one along.
        message["Subject"] = " ".join(clean(mail.subject).split())
        # No out-of-office answers to a mailbox that nobody reads.
        message["X-Auto-Response-Suppress"] = "All"
        message.set_content(clean(mail.text), cte="base64")
        message.add_alternative(clean(mail.html), subtype="html", cte="base64")
        return message


def _addressable(address: str) -> bool:
    """Whether it may stand in a header as it is: one mailbox, no name, nothing that would start another header."""
    return ADDRESS.fullmatch(address) is not None


def _outcome(error: GraphError) -> Outcome:
    """429 was not run; a 5xx may have been. The mailbox and its rights are ours, the rest is the message."""
    if error.code.lower() in RECIPIENT_CODES:
        return Outcome.UNREACHABLE
    if error.status == 429:
        return Outcome.SAFE
    if error.status >= 500 or error.status == 408:
        return Outcome.UNCLEAR
    return Outcome.OURS if error.status in (401, 403, 404) else Outcome.POISON
