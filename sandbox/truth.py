"""What the practice tenant knows to be true, for tests: each credential with the days, path and people it must get.

Derived from the tenant itself by the rules of the product's design, and on purpose without its code: a
mistake there must show as a difference, not repeat itself here.
"""

from base64 import b64decode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.cases import MICROSOFT_TENANTS
from sandbox.state import TwinState
from sandbox.tenant import Tenant, TwinApp, TwinCredential, TwinUser

Json = dict[str, Any]

#: How far back the history is asked.
HISTORY_DAYS = 730
#: The first stage, and how long an expired one is still told of.
FIRST_STAGE, EXPIRED_DAYS = 30, 7
#: How much longer a newer credential must live to supersede an older one.
OUTLIVES = timedelta(days=30)


def truth_json(state: TwinState) -> Json:
    """Every living app with its credentials as one record each, and whom its alerts must reach."""
    now = state.now()
    tenant = state.tenant
    disabled = {app.app_id for app in tenant.enterprise_apps() if not app.account_enabled}
    return {
        "now": now.isoformat(),
        "tenant": tenant.tenant_id,
        "cast": dict(tenant.cast),
        "fallback": list(tenant.fallback_ids),
        "admins": [tenant.cast["ada"]],
        "people": {
            user.id: {
                "display_name": user.display_name,
                "upn": user.upn,
                "active": user.active,
                "listed": user.listed,
                "manager": user.manager_id,
                "has_teams_app": user.has_teams_app,
                "case": user.case,
            }
            for user in tenant.users.values()
        },
        "apps": [
            app_truth(tenant, app, now, excluded_reason(app, disabled))
            for app in tenant.apps.values()
            if app.deleted_at is None and app.service_principal_type != "ManagedIdentity"
        ],
    }


def app_truth(tenant: Tenant, app: TwinApp, now: datetime, excluded: str) -> Json:
    """One app: who must be told, and what is to be concluded of each credential."""
    path, recipients, proof = route_of(tenant, app, now)
    return {
        "object_id": app.object_id,
        "app_id": app.app_id,
        "display_name": app.display_name,
        "type": app.kind.value,
        "case": app.case,
        "owners": list(app.owners),
        "counting_owners": [owner.id for owner in tenant.counting_owners(app)],
        "path": path,
        "recipients": recipients,
        "proof": proof,
        "excluded": excluded,
        "credentials": [credential_truth(app, credential, now, excluded) for credential in records_of(app)],
    }


def credential_truth(app: TwinApp, credential: TwinCredential, now: datetime, excluded: str) -> Json:
    """One credential.

    `alerted`: its recipients must have been told of a stage, or that it expired. `told_calmly`: they must
    have been told that a newer one exists.
    """
    days = None if credential.end is None else (credential.end - now) // timedelta(days=1)
    due = days is not None and days <= FIRST_STAGE
    usage, newer = usage_of(app, credential), successor_of(app, credential)
    open_ = due and not excluded and newer is None and usage != "samlInactive"
    calm = due and not excluded and newer is not None and usage != "samlInactive"
    return {
        "key_id": credential.key_id,
        "type": "clientSecret" if credential.is_secret else "certificate",
        "usage": usage,
        "end": credential.end.isoformat() if credential.end else None,
        "days": days,
        "due": due,
        "poisoned": bool(credential.overrides or app.overrides),
        "superseded_by": newer.key_id if newer is not None else "",
        "alerted": open_ and days is not None and days >= -EXPIRED_DAYS,
        "told_calmly": calm and days is not None and days >= 0,
    }


def excluded_reason(app: TwinApp, disabled: set[str]) -> str:
    """Why none of the app's credentials is ever alerted, '' if they are."""
    if not app.is_registration and app.owner_organization_id in MICROSOFT_TENANTS:
        return "microsoft"
    return "disabled" if app.app_id in disabled else ""


def usage_of(app: TwinApp, credential: TwinCredential) -> str:
    """signIn, samlActive or samlInactive; without a preferred thumbprint every SAML certificate is active."""
    if credential.usage != "Sign":
        return "signIn"
    thumbprint = b64decode(credential.custom_key_identifier or "").hex()
    return "samlActive" if (app.preferred_thumbprint or thumbprint).lower() == thumbprint else "samlInactive"


def successor_of(app: TwinApp, credential: TwinCredential) -> TwinCredential | None:
    """A newer one of the same type and use that outlives it by more than 30 days; never for a SAML one in use."""
    usage = usage_of(app, credential)
    if credential.end is None or credential.start is None or usage == "samlActive":
        return None
    for other in records_of(app):
        longer = other.end is None or other.end - credential.end > OUTLIVES
        newer = other.start is not None and other.start > credential.start
        wanted = "samlActive" if usage == "samlInactive" else "signIn"
        if other.is_secret is credential.is_secret and newer and longer and usage_of(app, other) == wanted:
            return other
    return None


def records_of(app: TwinApp) -> list[TwinCredential]:
    """One entry per credential: a SAML certificate's Sign key stands for its Verify key and password too."""
    signing = {each.custom_key_identifier for each in app.credentials if each.usage == "Sign"} - {None}
    return [
        each
        for each in app.credentials
        if each.usage == "Sign" or each.custom_key_identifier is None or each.custom_key_identifier not in signing
    ]


def route_of(tenant: Tenant, app: TwinApp, now: datetime) -> tuple[str, list[str], str | None]:
    """(EscalationPath, ids of those who must be told, day of the record that proves it)."""
    owners = tenant.counting_owners(app)
    if owners:
        return "currentOwners", [owner.id for owner in owners], None
    spell = next((spell for spell in reversed(app.history) if spell.owner_ids), None)
    if spell is None or (now.date() - spell.last_day).days > HISTORY_DAYS:
        return "unroutable", list(tenant.fallback_ids), None
    proof = spell.last_day.isoformat()
    previous = [tenant.users[owner] for owner in spell.owner_ids[:3] if owner in tenant.users]
    active = [owner.id for owner in previous if owner.active]
    if active:
        return "previousOwner", active, proof
    managers = _managers(tenant, previous, spell.manager_ids)
    if managers:
        return "previousOwnerManager", managers, proof
    return "unroutable", list(tenant.fallback_ids), proof


def _managers(tenant: Tenant, people: Sequence[TwinUser], recorded: dict[str, str]) -> list[str]:
    """Each one's manager as the directory says now, else as recorded; only active ones, each once."""
    found: list[str] = []
    for person in people:
        today = person.manager_id if person.listed else ""
        manager = tenant.users.get(today or recorded.get(person.id, ""))
        if manager is not None and manager.active and manager.id not in found:
            found.append(manager.id)
    return found
