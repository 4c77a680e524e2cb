"""The bot and its way to Teams, wired from settings; the only wiring that imports botbuilder."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from alerts.ports import AppInstaller, TeamsChannel
from alerts.receipts import Receipts
from bot.adapter import Adapter
from bot.background import Background
from bot.connector import Brakes, Connector
from bot.contacts import Contacts
from bot.credentials import MsalTokens
from bot.drawing import Drawing
from bot.edge import Edge
from bot.handler import Bot
from bot.hosts import ServiceHosts
from bot.identity import BotIdentity, BotType
from bot.pace import MARGIN, Spacing, Turnstile
from bot.pages import Pages, Readiness, make_runner, make_web_app
from bot.proactive import ProactiveTeams
from bot.replies import Replies
from bot.tokens import KeyRing, TokenValidator
from bot.wire import Wire
from cards.text import words_for
from service.core import Core
from service.words import words_of
from settings.model import Settings
from store.shared_pace import StoredPace, StoredSpacing


@dataclass(kw_only=True)
class TeamsSide:
    """What talks to Teams."""

    channel: TeamsChannel
    connector: Connector
    tokens: MsalTokens
    contacts: Contacts
    drawing: Drawing
    background: Background
    keys: KeyRing
    hosts: ServiceHosts
    wire: Wire

    async def close(self) -> None:
        """Let unfinished answers end, then close the connections."""
        await self.background.drain(0.5)
        self.tokens.close()
        await self.wire.close()


def identity_of(settings: Settings) -> BotIdentity:
    """Who the bot is, as plain values."""
    bot = settings.bot
    return BotIdentity(
        app_id=bot.app_id,
        tenant_id=bot.tenant_id,
        type=BotType(bot.app_type),
        password=bot.password.reveal() if bot.password else "",
        certificate_path=str(bot.certificate_path or ""),
        login_url=bot.login_url,
        oauth_scope=bot.oauth_scope,
        token_issuer=bot.token_issuer,
        openid_metadata_url=bot.openid_metadata_url,
    )


def build_teams(
    settings: Settings,
    core_store: Core,
    installer: AppInstaller | None,
    ca_file: str = "",
    heard: Callable[[str, str], None] | None = None,
) -> TeamsSide:
    """The channel to Teams, without the web server: enough for a delivery worker."""
    identity = identity_of(settings)
    wire = Wire(ca_file=ca_file, heard=heard)
    hosts = ServiceHosts(
        settings.bot.trusted_hosts,
        service_url=settings.bot.service_url,
        # The playground speaks plain http on this machine.
        plain_loopback=settings.bot.unauthenticated,
    )
    tokens = MsalTokens(identity, ca_file=ca_file)
    pace = settings.bot.send_pace * MARGIN
    # SQLite is one machine's, where one process sends.
    several = not settings.service.database_url.reveal().startswith("sqlite")
    connector = Connector(
        wire=wire,
        tokens=tokens,
        hosts=hosts,
        brakes=Brakes(
            pace=Turnstile(StoredPace(core_store.store, "teams", pace), pace),
            spacing=Spacing(shared=StoredSpacing(core_store.store, "teams") if several else None),
        ),
        bot_id=identity.bot_id,
        tenant_id=identity.tenant_id,
    )
    contacts = Contacts(core_store.store)
    words = words_of(settings)
    drawing = Drawing(partial(words_for, words))
    channel = ProactiveTeams(
        connector=connector,
        contacts=contacts,
        drawing=drawing,
        service_url=settings.bot.service_url,
        clock=core_store.clock,
        installer=installer,
    )
    keys = KeyRing(wire, identity.openid_metadata_url)
    return TeamsSide(
        channel=channel,
        connector=connector,
        tokens=tokens,
        contacts=contacts,
        drawing=drawing,
        background=Background(),
        keys=keys,
        hosts=hosts,
        wire=wire,
    )


def build_web(
    settings: Settings,
    core: Core,
    side: TeamsSide,
    readiness: Callable[[], Awaitable[Readiness]],
    mount: Callable[[web.Application], None] | None = None,
    before_metrics: Callable[[], Awaitable[None]] | None = None,
) -> web.Application:
    """The HTTP surface: messages, probes, metrics, and in practice mode the client."""
    identity = identity_of(settings)
    edge = Edge(
        TokenValidator(side.keys, app_id=identity.app_id, issuer=identity.token_issuer),
        side.hosts,
        tenant_id=identity.tenant_id,
        unauthenticated_loopback=settings.bot.unauthenticated,
    )
    adapter = Adapter(edge=edge, connector=side.connector, background=side.background, app_id=identity.app_id)
    bot = Bot(
        desk=core.desk,
        actions=core.actions,
        contacts=side.contacts,
        replies=Replies(side.connector, side.drawing),
        drawing=side.drawing,
        background=side.background,
        receipts=Receipts(store=core.store, clock=core.clock) if settings.bot.read_receipts else None,
    )
    token = settings.service.metrics_token
    return make_web_app(
        Pages(
            adapter=adapter,
            bot=bot,
            readiness=readiness,
            metrics_token=token.reveal() if token else "",
            mount=mount,
            before_metrics=before_metrics,
        )
    )


__all__ = ["Readiness", "TeamsSide", "build_teams", "build_web", "identity_of", "make_runner"]
