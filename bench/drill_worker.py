"""The replicas of the drill: a nursery that has loaded everything, and forks one delivery worker for each line it reads.

A worker is the product's own: outbox on PostgreSQL, pace shared over all replicas, connector, cards. Only lease and hold
are shorter, so that the drill fits into minutes.
"""

import asyncio
import logging
import os
import signal
import sys
from datetime import UTC, datetime, timedelta

import aiohttp

from alerts.delivery import Deliverer
from alerts.errors import DeliveryError, Outcome
from alerts.model import Policy
from alerts.ports import LastWord
from alerts.reroute import Rerouter
from alerts.roles import Roles
from alerts.viewing import Viewer
from alerts.views import MailView
from bot.connector import Brakes, Connector
from bot.contacts import Contacts
from bot.drawing import Drawing
from bot.hosts import ServiceHosts
from bot.pace import MARGIN, Spacing, Turnstile
from bot.proactive import ProactiveTeams
from bot.wire import Wire
from cards.render import Words
from store.shared_pace import StoredPace, StoredSpacing
from store.store import open_store

#: Seconds: of a claim, and before the one repeat of a send whose outcome is unknown (60 and 600 in the product).
LEASE, HOLD = 8.0, 10.0
POLL = 0.2
#: Three workers of so many requests at once keep up with the pace, and so few that a busy machine keeps its leases.
PARALLEL = 8


class NoTokens:
    """Plain HTTP on loopback needs none."""

    async def token(self, *, force: bool = False) -> str:  # noqa: ARG002 - the port's
        return ""


class DrillMail:
    """A MailChannel to the drill's mailbox, which wants to know only whom an e-mail tells of which apps."""

    def __init__(self, wire: Wire, url: str) -> None:
        self._wire = wire
        self._url = url

    async def send(self, view: MailView, last_word: LastWord | None = None) -> None:
        told = [alert.application.display_name for alert in view.alerts]
        if last_word is not None:
            await last_word()
        try:
            async with self._wire.session().post(self._url, json={"to": view.recipient.mail, "apps": told}) as answer:
                await answer.read()
        except aiohttp.ClientConnectorError as error:
            raise DeliveryError("the mailbox was not reached", outcome=Outcome.SAFE, code="notReached") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DeliveryError("nobody knows", outcome=Outcome.UNCLEAR, code="cut") from error


def now() -> datetime:
    return datetime.now(UTC)


async def work(database: str, teams_url: str, pace: float) -> None:
    """One replica, until it is told to stop or killed."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    store = await open_store(database)
    policy, service_url = Policy(), f"{teams_url}/teams/"
    roles = Roles(store=store, fallback_recipients=())
    wire = Wire()
    connector = Connector(
        wire=wire,
        tokens=NoTokens(),
        hosts=ServiceHosts([], plain_loopback=True),
        brakes=Brakes(
            pace=Turnstile(StoredPace(store, "teams", pace * MARGIN), pace * MARGIN),
            spacing=Spacing(shared=StoredSpacing(store, "teams")),
        ),
        bot_id="28:drill",
        tenant_id="tenant",
    )
    channel = ProactiveTeams(
        connector=connector,
        contacts=Contacts(store),
        drawing=Drawing(lambda _locale: Words()),
        service_url=service_url,
        clock=now,
    )
    worker = Deliverer(
        store=store,
        viewer=Viewer(policy=policy, clock=now),
        clock=now,
        teams=channel,
        mail=DrillMail(wire, f"{teams_url}/mail"),
        rerouter=Rerouter(policy=policy, roles=roles),
        parallel=PARALLEL,
        lease_seconds=LEASE,
        hold=timedelta(seconds=HOLD),
    )
    await worker.run(stop, poll_seconds=POLL)
    await wire.close()
    await store.close()


def nursery(database: str, teams_url: str, pace: float) -> None:
    """Fork a worker for each line; its process id is the answer."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # What a crash of the database does to every worker is in the figures, not worth a traceback each.
            logging.disable(logging.CRITICAL)
            try:
                asyncio.run(work(database, teams_url, pace))
            finally:
                os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    nursery(sys.argv[1], sys.argv[2], float(sys.argv[3]))
