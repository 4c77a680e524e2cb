"""Plain values that say who the bot is and whom it believes; `app.py` fills them from the settings."""

from dataclasses import dataclass
from enum import StrEnum

#: Hosts of the Bot Connector in Teams' clouds. Source: Microsoft 365 Agents SDK, proactive_service_endpoints.
TEAMS_HOSTS = (
    "smba.trafficmanager.net",
    "smba.infra.gcc.teams.microsoft.com",
    "smba.infra.gov.teams.microsoft.us",
    "smba.infra.dod.teams.microsoft.us",
)


class BotType(StrEnum):
    """MicrosoftAppType; multi-tenant bots cannot be created any more and are refused."""

    SINGLE_TENANT = "SingleTenant"
    USER_ASSIGNED_MSI = "UserAssignedMSI"


@dataclass(frozen=True, kw_only=True, slots=True)
class BotIdentity:
    """Who the bot is (outbound), and whose tokens it accepts (inbound)."""

    #: MicrosoftAppId: audience of inbound tokens, client id of outbound ones.
    app_id: str
    #: MicrosoftAppTenantId: the only tenant whose people are answered.
    tenant_id: str
    type: BotType = BotType.SINGLE_TENANT
    #: MicrosoftAppPassword, '' with a certificate or a managed identity.
    password: str = ""
    #: MicrosoftAppCertificatePath: PEM with key and certificate, or a .pfx without passphrase.
    certificate_path: str = ""
    #: BOT_LOGIN_URL: authority; the tenant is appended when its path is empty.
    login_url: str = "https://login.microsoftonline.com"
    #: BOT_OAUTH_SCOPE of tokens for the Bot Connector.
    oauth_scope: str = "https://api.botframework.com/.default"
    #: BOT_TOKEN_ISSUER: `iss` of the channel's tokens.
    token_issuer: str = "https://api.botframework.com"  # noqa: S105 - an issuer's name
    #: BOT_OPENID_METADATA_URL: where the channel publishes its signing keys.
    openid_metadata_url: str = "https://login.botframework.com/v1/.well-known/openidconfiguration"

    def __repr__(self) -> str:
        """Name the bot, never its password."""
        return f"BotIdentity(app_id={self.app_id!r}, tenant_id={self.tenant_id!r}, type={self.type.value})"

    @property
    def bot_id(self) -> str:
        """Teams' id of the bot as an account."""
        return f"28:{self.app_id}"
