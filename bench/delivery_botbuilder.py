"""botbuilder's own sender on the same practice tenant: a sample of cards by continue_conversation, as its samples do.

It is spared the token that it asks for with each message: MSAL would look for its authority on the internet. Run by
bench/delivery.py, which switches the twin's limits off meanwhile.
"""

import asyncio
import json
import sys
import time
from types import SimpleNamespace
from typing import Any

import requests
from botbuilder.core import MessageFactory, TurnContext
from botbuilder.integration.aiohttp import CloudAdapter, ConfigurationBotFrameworkAuthentication
from botbuilder.schema import Attachment, ChannelAccount, ConversationAccount, ConversationReference
from botframework.connector.auth import PasswordServiceClientCredentialFactory
from msrest.authentication import BasicTokenAuthentication

CARD = {
    "type": "AdaptiveCard",
    "version": "1.5",
    "body": [{"type": "TextBlock", "text": "Invoice service: the client secret ends in 14 days.", "wrap": True}] * 8,
    "actions": [{"type": "Action.Execute", "title": "I take it", "verb": "acknowledge"}] * 4,
}


class OneToken(PasswordServiceClientCredentialFactory):
    """Credentials with the token that it was given."""

    def __init__(self, app_id: str, token: str) -> None:
        super().__init__(app_id, "unused")
        self._token = token

    async def create_credentials(self, *_: Any, **__: Any) -> BasicTokenAuthentication:
        return BasicTokenAuthentication({"access_token": self._token})


def token_of(settings: dict[str, str]) -> str:
    """One token for the bot, by client credentials."""
    answer = requests.post(
        f"{settings['BOT_LOGIN_URL'].rstrip('/')}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": settings["MicrosoftAppId"],
            "client_secret": settings["MicrosoftAppPassword"],
            "scope": settings["BOT_OAUTH_SCOPE"].removesuffix("/.default") + "/.default",
        },
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def conversation_with(person_id: str, settings: dict[str, str], token: str) -> str:
    """The chat of a person and the bot, made beforehand."""
    answer = requests.post(
        settings["TEAMS_SERVICE_URL"].rstrip("/") + "/v3/conversations",
        json={
            "isGroup": False,
            "members": [{"id": person_id}],
            "channelData": {"tenant": {"id": settings["MicrosoftAppTenantId"]}},
        },
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    answer.raise_for_status()
    return str(answer.json()["id"])


async def measure(given: dict[str, Any]) -> dict[str, float]:
    settings = given["settings"]
    app_id, tenant_id, token = settings["MicrosoftAppId"], settings["MicrosoftAppTenantId"], token_of(settings)
    conversations = [conversation_with(person, settings, token) for person in given["people"]]
    adapter = CloudAdapter(
        ConfigurationBotFrameworkAuthentication(
            SimpleNamespace(APP_ID=app_id, APP_TYPE="SingleTenant", APP_TENANTID=tenant_id),
            credentials_factory=OneToken(app_id, token),
        )
    )
    slots = asyncio.Semaphore(24)

    async def one(conversation: str) -> None:
        reference = ConversationReference(
            bot=ChannelAccount(id=f"28:{app_id}"),
            user=ChannelAccount(id="29:anybody"),
            conversation=ConversationAccount(id=conversation, conversation_type="personal"),
            channel_id="msteams",
            service_url=settings["TEAMS_SERVICE_URL"],
        )

        async def send(context: TurnContext) -> None:
            await context.send_activity(
                MessageFactory.attachment(
                    Attachment(content_type="application/vnd.microsoft.card.adaptive", content=CARD)
                )
            )

        async with slots:
            await adapter.continue_conversation(reference, send, app_id)

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(one(conversation) for conversation in conversations))
    return {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(json.load(sys.stdin)))))
