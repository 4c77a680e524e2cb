"""What Graph's directory types have and allow, and how the tenant's objects look as Graph's JSON."""

import base64
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from sandbox.odata import Resource
from sandbox.tenant import OMIT, Tenant, TwinApp, TwinCredential, TwinGroup, TwinUser

EQ = frozenset({"eq"})
RANGE = frozenset({"eq", "ge", "le"})
TEXT = frozenset({"eq", "in", "startswith"})
ADVANCED_TEXT = frozenset({"ne", "null", "not", "endswith"})

#: $expand returns at most so many objects, and no link to the rest (learn: known-issues, query-parameters).
EXPANDED = 20

USER_DEFAULT = (
    "businessPhones",
    "displayName",
    "givenName",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
    "id",
)
APPLICATION_DEFAULT = (
    "id",
    "deletedDateTime",
    "appId",
    "applicationTemplateId",
    "disabledByMicrosoftStatus",
    "createdDateTime",
    "displayName",
    "description",
    "groupMembershipClaims",
    "identifierUris",
    "isDeviceOnlyAuthSupported",
    "isFallbackPublicClient",
    "notes",
    "publisherDomain",
    "serviceManagementReference",
    "signInAudience",
    "tags",
    "tokenEncryptionKeyId",
    "uniqueName",
    "samlMetadataUrl",
    "defaultRedirectUri",
    "certification",
    "optionalClaims",
    "requestSignatureVerification",
    "addIns",
    "api",
    "appRoles",
    "info",
    "keyCredentials",
    "parentalControlSettings",
    "passwordCredentials",
    "publicClient",
    "requiredResourceAccess",
    "verifiedPublisher",
    "web",
    "spa",
)
SERVICE_PRINCIPAL_DEFAULT = (
    "id",
    "deletedDateTime",
    "accountEnabled",
    "alternativeNames",
    "appDisplayName",
    "appDescription",
    "appId",
    "applicationTemplateId",
    "appOwnerOrganizationId",
    "appRoleAssignmentRequired",
    "createdDateTime",
    "description",
    "disabledByMicrosoftStatus",
    "displayName",
    "homepage",
    "loginUrl",
    "logoutUrl",
    "notes",
    "notificationEmailAddresses",
    "preferredSingleSignOnMode",
    "preferredTokenSigningKeyThumbprint",
    "replyUrls",
    "servicePrincipalNames",
    "servicePrincipalType",
    "signInAudience",
    "tags",
    "tokenEncryptionKeyId",
    "samlSingleSignOnSettings",
    "addIns",
    "appRoles",
    "info",
    "keyCredentials",
    "oauth2PermissionScopes",
    "passwordCredentials",
    "resourceSpecificApplicationPermissions",
    "verifiedPublisher",
)

USER = Resource(
    name="user",
    properties=frozenset(
        {
            *USER_DEFAULT,
            "accountEnabled",
            "userType",
            "department",
            "companyName",
            "createdDateTime",
            "deletedDateTime",
            "employeeId",
            "employeeLeaveDateTime",
            "country",
            "city",
            "usageLocation",
            "otherMails",
            "proxyAddresses",
            "onPremisesSyncEnabled",
        }
    ),
    filters={
        "id": frozenset({"eq", "in"}),
        "displayName": TEXT,
        "userPrincipalName": TEXT,
        "mail": TEXT,
        "userType": EQ,
        "accountEnabled": EQ,
        "department": frozenset({"eq", "in", "startswith"}),
        "createdDateTime": RANGE,
    },
    advanced={
        "userPrincipalName": ADVANCED_TEXT,
        "mail": ADVANCED_TEXT,
        "accountEnabled": frozenset({"ne"}),
        "department": ADVANCED_TEXT,
        "displayName": ADVANCED_TEXT,
    },
    expands=frozenset({"manager"}),
    orders=frozenset({"displayName", "userPrincipalName"}),
)
APPLICATION = Resource(
    name="application",
    properties=frozenset(APPLICATION_DEFAULT),
    filters={
        "id": frozenset({"eq", "in"}),
        "appId": frozenset({"eq", "in"}),
        "createdDateTime": RANGE,
        "displayName": TEXT,
        "publisherDomain": frozenset({"eq", "startswith"}),
        "signInAudience": frozenset({"eq", "startswith"}),
        "uniqueName": EQ,
    },
    advanced={
        "createdDateTime": frozenset({"null", "ne"}),
        "displayName": ADVANCED_TEXT,
        "signInAudience": ADVANCED_TEXT,
        "serviceManagementReference": frozenset({"eq", "ne", "in", "startswith", "null"}),
        "owners/$count": frozenset({"eq", "ne"}),
        "federatedIdentityCredentials/$count": frozenset({"eq", "ne"}),
    },
    expands=frozenset({"owners"}),
)
FEDERATED_CREDENTIAL = Resource(
    name="federatedIdentityCredential",
    properties=frozenset({"id", "name", "issuer", "subject", "description", "audiences"}),
    filters={"name": EQ, "issuer": EQ, "subject": EQ},
)
SERVICE_PRINCIPAL = Resource(
    name="servicePrincipal",
    properties=frozenset({*SERVICE_PRINCIPAL_DEFAULT, "preferredTokenSigningKeyEndDateTime"}),
    filters={
        "id": frozenset({"eq", "in"}),
        "appId": frozenset({"eq", "in"}),
        "displayName": TEXT,
        "accountEnabled": EQ,
        "servicePrincipalType": frozenset({"eq", "in"}),
        "preferredSingleSignOnMode": EQ,
        "preferredTokenSigningKeyEndDateTime": RANGE,
    },
    advanced={
        "displayName": ADVANCED_TEXT,
        "servicePrincipalType": frozenset({"ne"}),
        "accountEnabled": frozenset({"ne"}),
        "owners/$count": frozenset({"eq", "ne"}),
        # Not in the table of what may be filtered by default.
        "appOwnerOrganizationId": frozenset({"eq"}),
    },
    expands=frozenset({"owners"}),
)
DIRECTORY_OBJECT = Resource(
    name="directoryObject",
    properties=frozenset({*USER.properties, *SERVICE_PRINCIPAL.properties, "description"}),
    filters={"id": frozenset({"eq", "in"})},
)


def stamp(moment: datetime | None) -> str | None:
    """A time as Graph writes it: seconds, or seven digits of a second."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{moment.microsecond:06d}0Z" if moment.microsecond else f"{text}Z"


# ---------------------------------------------------------------- credentials


def overridden(values: dict[str, Any], poisoned: TwinCredential | TwinApp) -> dict[str, Any]:
    """The JSON object with what poison puts in its place."""
    if not poisoned.overrides:
        return values
    merged = {**values, **poisoned.overrides}
    return {name: value for name, value in merged.items() if value is not OMIT}


def password(credential: TwinCredential) -> dict[str, Any]:
    """An entry of passwordCredentials."""
    return overridden(
        {
            "customKeyIdentifier": credential.custom_key_identifier,
            "displayName": credential.display_name,
            "endDateTime": stamp(credential.end),
            "hint": credential.hint,
            "keyId": credential.key_id,
            "secretText": None,
            "startDateTime": stamp(credential.start),
        },
        credential,
    )


def key(credential: TwinCredential, with_bytes: bool) -> dict[str, Any]:
    """An entry of keyCredentials; the bytes come only when keyCredentials is selected."""
    sent = with_bytes and credential.key_size > 0
    return overridden(
        {
            "customKeyIdentifier": credential.custom_key_identifier,
            "displayName": credential.display_name,
            "endDateTime": stamp(credential.end),
            "key": base64.b64encode(credential.key).decode() if sent else None,
            "keyId": credential.key_id,
            "startDateTime": stamp(credential.start),
            "type": credential.type,
            "usage": credential.usage,
        },
        credential,
    )


# ---------------------------------------------------------------- apps

AppProperty = Callable[[TwinApp, Tenant], Any]

_COMMON: dict[str, AppProperty] = {
    "id": lambda app, _: app.object_id,
    "appId": lambda app, _: app.app_id,
    "displayName": lambda app, _: app.display_name,
    "createdDateTime": lambda app, _: stamp(app.created),
    "deletedDateTime": lambda app, _: stamp(app.deleted_at),
    "notes": lambda app, _: app.notes,
    "tags": lambda app, _: app.tags,
    "signInAudience": lambda app, _: app.sign_in_audience,
    "passwordCredentials": lambda app, _: [password(each) for each in app.credentials if each.is_secret],
    "info": lambda _app, _: {
        "logoUrl": None,
        "marketingUrl": None,
        "privacyStatementUrl": None,
        "supportUrl": None,
        "termsOfServiceUrl": None,
    },
    "addIns": lambda _app, _: [],
    "appRoles": lambda _app, _: [],
}
_APPLICATION: dict[str, AppProperty] = {
    **_COMMON,
    "identifierUris": lambda app, _: [f"api://{app.app_id}"],
    "publisherDomain": lambda _, tenant: tenant.domain,
    "serviceManagementReference": lambda app, _: app.service_management_reference,
    "requiredResourceAccess": lambda _app, _: [],
    "publicClient": lambda _app, _: {"redirectUris": []},
    "spa": lambda _app, _: {"redirectUris": []},
    "web": lambda app, _: {
        "homePageUrl": None,
        "logoutUrl": None,
        "redirectUris": app.reply_urls,
        "implicitGrantSettings": {"enableAccessTokenIssuance": False, "enableIdTokenIssuance": False},
    },
}
_SERVICE_PRINCIPAL: dict[str, AppProperty] = {
    **_COMMON,
    "accountEnabled": lambda app, _: app.account_enabled,
    "appDisplayName": lambda app, _: app.display_name,
    "appOwnerOrganizationId": lambda app, _: app.owner_organization_id or None,
    "appRoleAssignmentRequired": lambda _app, _: False,
    "alternativeNames": lambda _app, _: [],
    "notificationEmailAddresses": lambda app, _: app.notification_emails,
    "preferredSingleSignOnMode": lambda app, _: app.single_sign_on_mode,
    "preferredTokenSigningKeyThumbprint": lambda app, _: app.preferred_thumbprint,
    "preferredTokenSigningKeyEndDateTime": lambda app, _: stamp(active_end(app)),
    "replyUrls": lambda app, _: app.reply_urls,
    "servicePrincipalNames": lambda app, _: [app.app_id],
    "servicePrincipalType": lambda app, _: app.service_principal_type,
    "oauth2PermissionScopes": lambda _app, _: [],
    "resourceSpecificApplicationPermissions": lambda _app, _: [],
}


def active_end(app: TwinApp) -> datetime | None:
    """The end of the SAML certificate that is in use."""
    wanted = (app.preferred_thumbprint or "").upper()
    for credential in app.credentials:
        raw = base64.b64decode(credential.custom_key_identifier or "")
        if wanted and credential.usage == "Verify" and raw.hex().upper() == wanted:
            return credential.end
    return None


def app_json(app: TwinApp, tenant: Tenant, select: Iterable[str] | None) -> dict[str, Any]:
    """An application or servicePrincipal with the selected properties, with its default ones without."""
    getters = _APPLICATION if app.is_registration else _SERVICE_PRINCIPAL
    names = select or (APPLICATION_DEFAULT if app.is_registration else SERVICE_PRINCIPAL_DEFAULT)
    values: dict[str, Any] = {}
    for name in names:
        if name == "keyCredentials":
            values[name] = [key(each, select is not None) for each in app.credentials if not each.is_secret]
        else:
            getter = getters.get(name)
            values[name] = getter(app, tenant) if getter else None
    if select is not None and "id" not in values:
        # Graph adds it unasked.
        values = {"id": app.object_id, **values}
    return values


def app_value(app: TwinApp, tenant: Tenant, name: str) -> Any:
    """What a filter compares."""
    if name == "createdDateTime":
        return app.created
    if name == "preferredTokenSigningKeyEndDateTime":
        return active_end(app)
    if name == "owners/$count":
        return sum(1 for owner in app.owners if owner_of(tenant, owner) is not None)
    if name == "federatedIdentityCredentials/$count":
        return app.federated_credentials
    getter = (_APPLICATION if app.is_registration else _SERVICE_PRINCIPAL).get(name)
    return getter(app, tenant) if getter else None


#: (name, issuer, subject) of the workloads that sign in with federated credentials.
_WORKLOADS = (
    ("github-main", "https://token.actions.githubusercontent.com", "repo:larkfield/{app}:ref:refs/heads/main"),
    ("cluster", "https://oidc.prod-aks.azure.com/{app}/", "system:serviceaccount:default:{app}"),
    ("github-release", "https://token.actions.githubusercontent.com", "repo:larkfield/{app}:environment:release"),
)


def federated_json(app: TwinApp, index: int, select: Iterable[str] | None) -> dict[str, Any]:
    """One of the app's federatedIdentityCredentials; the same at every call."""
    name, issuer, subject = (text.format(app=app.app_id) for text in _WORKLOADS[index % len(_WORKLOADS)])
    values = {
        "id": str(uuid5(UUID(app.object_id), f"federated {index}")),
        "name": name if index < len(_WORKLOADS) else f"{name}-{index}",
        "issuer": issuer,
        "subject": subject,
        "description": None,
        "audiences": ["api://AzureADTokenExchange"],
    }
    return values if select is None else {each: values[each] for each in dict.fromkeys(("id", *select))}


# ---------------------------------------------------------------- people and owners


def deleted_upn(user: TwinUser) -> str:
    """Entra puts the object id before the UPN of a deleted account."""
    return user.upn if user.deleted_at is None else user.id.replace("-", "") + user.upn


_USER: Mapping[str, Callable[[TwinUser], Any]] = {
    "id": lambda user: user.id,
    "displayName": lambda user: user.display_name,
    "givenName": lambda user: user.display_name.split(" ")[0] or None,
    "surname": lambda user: user.display_name.partition(" ")[2] or None,
    "mail": lambda user: user.mail,
    "userPrincipalName": deleted_upn,
    "preferredLanguage": lambda user: user.preferred_language,
    "department": lambda user: user.department,
    "accountEnabled": lambda user: user.account_enabled,
    "userType": lambda user: user.user_type,
    "createdDateTime": lambda user: stamp(user.created),
    "deletedDateTime": lambda user: stamp(user.deleted_at),
    "businessPhones": lambda _: [],
    "otherMails": lambda _: [],
    "proxyAddresses": lambda user: [f"SMTP:{user.mail}"] if user.mail else [],
}


def user_json(user: TwinUser, select: Iterable[str] | None) -> dict[str, Any]:
    """A user with the selected properties, with the eleven default ones without."""
    values = {name: _USER[name](user) if name in _USER else None for name in select or USER_DEFAULT}
    if "id" not in values:
        values["id"] = user.id
    return values


def user_value(user: TwinUser, name: str) -> Any:
    """What a filter compares."""
    if name == "createdDateTime":
        return user.created
    return _USER[name](user) if name in _USER else None


def owner_of(tenant: Tenant, object_id: str) -> TwinUser | TwinApp | TwinGroup | None:
    """The directory object that an owner id names, None when Graph no longer shows it."""
    user = tenant.users.get(object_id)
    if user is not None:
        return user if user.listed else None
    app = tenant.apps.get(object_id)
    if app is not None:
        return app if app.deleted_at is None else None
    return tenant.groups.get(object_id)


def directory_object(
    found: TwinUser | TwinApp | TwinGroup, tenant: Tenant, select: Iterable[str] | None
) -> dict[str, Any]:
    """An object of a mixed collection, with its @odata.type."""
    match found:
        case TwinUser():
            return {"@odata.type": "#microsoft.graph.user", **user_json(found, _of(USER, select))}
        case TwinGroup():
            values = {"id": found.id, "displayName": found.display_name, "description": None}
            wanted = values if select is None else {"id", *select}
            return {"@odata.type": "#microsoft.graph.group", **{n: v for n, v in values.items() if n in wanted}}
        case TwinApp():
            kind = APPLICATION if found.is_registration else SERVICE_PRINCIPAL
            return {"@odata.type": f"#microsoft.graph.{kind.name}", **app_json(found, tenant, _of(kind, select))}


def _of(resource: Resource, select: Iterable[str] | None) -> list[str] | None:
    """Of the selected properties those that this type has."""
    return None if select is None else [name for name in select if name in resource.properties]
