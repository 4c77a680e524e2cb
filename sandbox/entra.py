"""The twin of Entra's sign-in service, and of the Bot Framework's key service beside it.

Answers what msal, azure-identity and botbuilder really ask: authority discovery, OpenID metadata, keys,
and the client credentials grant with a secret or a signed assertion. Refusals carry Entra's error codes.
Sources: learn.microsoft.com/entra/identity-platform v2-oauth2-client-creds-grant-flow, reference-error-codes.
"""

import time
from typing import Any
from uuid import uuid4

import jwt
from aiohttp import web
from cryptography import x509

from sandbox.state import TwinState
from sandbox.tokens import BOT_FRAMEWORK, GRAPH, LIFE, LOG_ANALYTICS, MONITOR, Client
from sandbox.traffic import middlewares

STATE = web.AppKey("state", TwinState)

AUDIENCES = (GRAPH, MONITOR, LOG_ANALYTICS, BOT_FRAMEWORK)
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def make_app(state: TwinState) -> web.Application:
    """Sign-in under /{tenant}/, the channel's keys under /botframework/."""
    app = web.Application(middlewares=list(middlewares(state.traffic, "entra")))
    app[STATE] = state
    app.router.add_get("/common/discovery/instance", instance)
    app.router.add_get("/botframework/v1/.well-known/openidconfiguration", channel_metadata)
    app.router.add_get("/botframework/v1/.well-known/keys", channel_keys)
    app.router.add_get("/{tenant}/.well-known/openid-configuration", metadata)
    app.router.add_get("/{tenant}/v2.0/.well-known/openid-configuration", metadata)
    app.router.add_get("/{tenant}/discovery/v2.0/keys", keys)
    app.router.add_post("/{tenant}/oauth2/v2.0/token", token)
    return app


# ---------------------------------------------------------------- documents


async def instance(request: web.Request) -> web.Response:
    """msal and azure-identity ask here whether an authority they do not know is to be trusted."""
    state = request.app[STATE]
    host = state.urls["entra"].removeprefix("https://")
    return web.json_response(
        {
            "tenant_discovery_endpoint": f"{_authority(state)}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
    )


async def metadata(request: web.Request) -> web.Response:
    state = request.app[STATE]
    if refusal := _wrong_tenant(request, state):
        return refusal
    authority = _authority(state)
    return web.json_response(
        {
            "token_endpoint": f"{authority}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{authority}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{authority}/v2.0",
            "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{authority}/oauth2/v2.0/devicecode",
            "tenant_region_scope": "EU",
            "cloud_instance_name": state.urls["entra"].removeprefix("https://"),
        }
    )


async def keys(request: web.Request) -> web.Response:
    return web.json_response({"keys": [request.app[STATE].tokens.key.jwk()]})


async def channel_metadata(request: web.Request) -> web.Response:
    """The document that the setting BOT_OPENID_METADATA_URL names."""
    state = request.app[STATE]
    base = f"{state.urls['entra']}/botframework/v1/.well-known"
    return web.json_response(
        {
            "issuer": state.tokens.channel_issuer,
            "authorization_endpoint": f"{base}/authorize",
            "jwks_uri": f"{base}/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        }
    )


async def channel_keys(request: web.Request) -> web.Response:
    return web.json_response(request.app[STATE].tokens.channel_jwks())


# ---------------------------------------------------------------- tokens


async def token(request: web.Request) -> web.Response:
    """The client credentials grant."""
    state = request.app[STATE]
    if refusal := _wrong_tenant(request, state):
        return refusal
    form = {name: str(value) for name, value in (await request.post()).items()}
    if form.get("grant_type") != "client_credentials":
        return _refuse(
            "unsupported_grant_type",
            70003,
            f"The app requested an unsupported grant type '{form.get('grant_type', '')}'.",
        )
    client = state.client(form.get("client_id", ""))
    if client is None:
        return _refuse(
            "unauthorized_client",
            700016,
            f"Application with identifier '{form.get('client_id', '')}' was not found in the directory "
            f"'{state.tenant.organization}'.",
        )
    if refusal := _not_proven(state, client, form):
        return refusal
    scope = form.get("scope", "")
    if not scope.endswith("/.default"):
        return _refuse("invalid_scope", 1002012, f"The provided value for scope {scope} is not valid.")
    audience = scope.removesuffix("/.default").rstrip("/")
    if audience not in AUDIENCES:
        return _refuse(
            "invalid_resource", 500011, f"The resource principal named {audience} was not found in the tenant."
        )
    return web.json_response(
        {
            "token_type": "Bearer",
            "expires_in": LIFE,
            "ext_expires_in": LIFE,
            "access_token": state.tokens.access_token(client, audience),
        },
        headers={"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"},
    )


def _not_proven(state: TwinState, client: Client, form: dict[str, str]) -> web.Response | None:
    """The refusal when the client did not prove who it is."""
    if form.get("client_assertion_type") == ASSERTION:
        return _bad_assertion(state, client, form.get("client_assertion", ""))
    if not form.get("client_secret"):
        return _refuse(
            "invalid_client",
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            status=401,
        )
    if form["client_secret"] != client.secret:
        return _refuse(
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{client.client_id}'.",
            status=401,
        )
    return None


def _bad_assertion(state: TwinState, client: Client, assertion: str) -> web.Response | None:
    """The refusal when the assertion is not signed by a certificate in STATE_DIR/practice/certificates/<name>.pem."""
    path = state.folder / "certificates" / f"{client.name}.pem"
    audiences = [f"{_authority(state)}/oauth2/v2.0/token", f"{_authority(state)}/v2.0"]
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        jwt.decode(
            assertion,
            certificate.public_key(),  # type: ignore[arg-type]  # any key type; RSA by the algorithms
            algorithms=["RS256", "PS256"],
            audience=audiences,
            issuer=client.client_id,
            options={"require": ["exp", "aud", "iss", "sub"]},
        )
    except (OSError, ValueError, jwt.InvalidTokenError) as error:
        return _refuse(
            "invalid_client", 700027, f"The certificate with which the assertion is signed: {error}", status=401
        )
    return None


# ---------------------------------------------------------------- helpers


def _authority(state: TwinState) -> str:
    return f"{state.urls['entra']}/{state.tenant.tenant_id}"


def _wrong_tenant(request: web.Request, state: TwinState) -> web.Response | None:
    name = request.match_info["tenant"]
    if name in (state.tenant.tenant_id, state.tenant.domain, "common", "organizations"):
        return None
    return _refuse(
        "invalid_tenant", 90002, f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID."
    )


def _refuse(error: str, code: int, message: str, *, status: int = 400) -> web.Response:
    """Entra's error JSON."""
    trace, correlation = str(uuid4()), str(uuid4())
    stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    body: dict[str, Any] = {
        "error": error,
        "error_description": f"AADSTS{code}: {message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}",
        "error_codes": [code],
        "timestamp": stamp,
        "trace_id": trace,
        "correlation_id": correlation,
    }
    return web.json_response(body, status=status)
