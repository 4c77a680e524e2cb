"""Steward's settings for the practice tenant: the environment that leads production code to the twins."""

from sandbox.state import TwinState
from sandbox.tls import HOST
from sandbox.tokens import BOT_FRAMEWORK


def steward_settings(state: TwinState) -> dict[str, str]:
    """Setting -> value; `state.urls` must be filled. Services that are not served have no settings."""
    tenant, urls, identities = state.tenant, state.urls, state.identities
    clients = identities.by_name
    entra = urls["entra"]
    settings = {
        "SSL_CERT_FILE": str(state.ca_file),
        "REQUESTS_CA_BUNDLE": str(state.ca_file),
        # A company's proxy must not see loopback calls.
        "NO_PROXY": f"{HOST},localhost",
        "AZURE_TENANT_ID": tenant.tenant_id,
        "AZURE_AUTHORITY_HOST": entra,
        "AZURE_CLIENT_ID": clients["scanner"].client_id,
        "AZURE_CLIENT_SECRET": clients["scanner"].secret,
        "GRAPH_ENDPOINT": urls["graph"],
        "GRAPH_BETA_LAST_USE": "on",
        "AUDIT_LOG": "on",
        "LOGS_INGESTION_ENDPOINT": urls.get("ingestion", ""),
        "LOGS_DCR_ID": identities.rule_id,
        "LOGS_WORKSPACE_ID": identities.workspace_id,
        "LOGS_QUERY_ENDPOINT": urls.get("query", ""),
        "MicrosoftAppId": identities.bot.client_id,
        "MicrosoftAppPassword": identities.bot.secret,
        "MicrosoftAppTenantId": tenant.tenant_id,
        "MicrosoftAppType": "SingleTenant",
        "BOT_OPENID_METADATA_URL": f"{entra}/botframework/v1/.well-known/openidconfiguration",
        "BOT_TOKEN_ISSUER": state.tokens.channel_issuer,
        "BOT_LOGIN_URL": f"{entra}/{tenant.tenant_id}",
        "BOT_OAUTH_SCOPE": BOT_FRAMEWORK,
        "TEAMS_SERVICE_URL": f"{urls['connector']}/teams/" if "connector" in urls else "",
        "TEAMS_APP_ID": identities.catalog_app_id,
        "TRUSTED_SERVICE_HOSTS": HOST,
        "OWNER_CHANGES": "request",
        "MAIL_SENDER": tenant.mail_sender,
        "ADMIN_USERS": tenant.cast["ada"],
        "FALLBACK_RECIPIENTS": ",".join(tenant.fallback_ids),
        "SENDING": "on",
        "SEND_WINDOW": "always",
        "ORG_NAME": tenant.organization,
    }
    for prefix, name in (("OWNER_WRITE", "ownerWriter"), ("MAIL", "mail"), ("INSTALL", "install")):
        settings[f"{prefix}_CLIENT_ID"] = clients[name].client_id
        settings[f"{prefix}_CLIENT_SECRET"] = clients[name].secret
    return {name: value for name, value in settings.items() if value}
