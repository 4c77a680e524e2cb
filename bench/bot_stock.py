"""botbuilder's own turn, as its samples put it together: what Steward's is measured against.

Run by bench/bot.py in a process of its own; prints the address line and serves until it is told to stop. It checks
tokens in its own way and answers each button with a constant: no store, no card, no decision.
"""

import asyncio
import os
import sys

from aiohttp import web
from botbuilder.core import ActivityHandler, InvokeResponse, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import AdaptiveCardInvokeResponse

#: A model of botbuilder's: the stock adapter serialises a dictionary twice and answers 500.
ANSWER = AdaptiveCardInvokeResponse(
    status_code=200, type="application/vnd.microsoft.card.adaptive", value={"type": "AdaptiveCard", "body": []}
)


class Configuration:
    """Names as ConfigurationBotFrameworkAuthentication wants them (parameterised: all or none)."""

    APP_ID = os.environ.get("MicrosoftAppId", "")  # noqa: SIM112 - its name
    APP_PASSWORD = os.environ.get("MicrosoftAppPassword", "")  # noqa: SIM112 - its name
    APP_TYPE = "SingleTenant"
    APP_TENANTID = os.environ.get("MicrosoftAppTenantId", "")  # noqa: SIM112 - its name
    TO_BOT_FROM_CHANNEL_OPENID_METADATA_URL = os.environ.get("BOT_OPENID_METADATA_URL", "")
    TO_BOT_FROM_EMULATOR_OPENID_METADATA_URL = os.environ.get("BOT_OPENID_METADATA_URL", "")
    TO_BOT_FROM_CHANNEL_TOKEN_ISSUER = os.environ.get("BOT_TOKEN_ISSUER", "")
    TO_CHANNEL_FROM_BOT_LOGIN_URL = os.environ.get("BOT_LOGIN_URL", "")
    TO_CHANNEL_FROM_BOT_OAUTH_SCOPE = "https://api.botframework.com"
    OAUTH_URL = os.environ.get("BOT_LOGIN_URL", "")
    CHANNEL_SERVICE = ""
    VALIDATE_AUTHORITY = False
    CALLER_ID = ""


class Bot(ActivityHandler):
    """Answers every button at once."""

    async def on_invoke_activity(self, turn_context: TurnContext) -> InvokeResponse:  # noqa: ARG002
        return InvokeResponse(status=200, body=ANSWER)


async def serve() -> None:
    adapter, bot = CloudAdapter(ConfigurationBotFrameworkAuthentication(Configuration())), Bot()

    async def messages(request: web.Request) -> web.StreamResponse:
        return await adapter.process(request, bot) or web.Response(status=200)

    app = web.Application()
    app.router.add_post("/api/messages", messages)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"Stock: http://127.0.0.1:{runner.addresses[0][1]}/\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
