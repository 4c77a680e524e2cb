"""What the practice tenant knows to be true, for tests: each credential with the days, path and people it must get.

Derived from the tenant itself by the rules of the product's design, and on purpose without its code: a
mistake there must show as a difference, not repeat itself here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sandbox.state import TwinState
from sandbox.tenant import Tenant, TwinApp, TwinCredential, TwinUser

Json = dict[str, Any]

#: How far back the history is asked.
HISTORY_DAYS = 730


def truth_json(state: TwinState) -> Json:
    """Every living app with its credentials as one record each, and whom its alerts must reach."""
    now = state.now()
    tenant = state.tenant
    return {
        "now": now.isoformat(),
        "tenant": tenant.tenant_id,
        "cast": dict(tenant.cast),
        "fallback": list(tenant.fallback_ids),
        "admins": [tenant.cast["ada"]],
        "people": {
            user.id: {
                "display_name": user.display_name, "upn": user.upn, "active": user.active, "listed": user.listed,
                "manager": user.manager_id, "has_teams_app": user.has_teams_app, "case": user.case,
            }
            for user in tenant.users.values()
        },
        "apps": [
            app_truth(tenant, app, now)
            for app in tenant.apps.values()
            if app.deleted_at is None and app.service_principal_type != "ManagedIdentity"
        ],
    }


def app_truth(tenant: Tenant, app: TwinApp, now: datetime) -> Json:
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
        "credentials": [
            {
                "key_id": credential.key_id,
                "type": "clientSecret" if credential.is_secret else "certificate",
                "end": credential.end.isoformat() if credential.end else None,
                "days": None if credential.end is None else (credential.end - now) // timedelta(days=1),
            }
            for credential in records_of(app)
        ],
    }


def records_of(app: TwinApp) -> list[TwinCredential]:
    """One entry per credential: a SAML certificate's Sign key stands for its Verify key and password too."""
    signing = {each.custom_key_identifier for each in app.credentials if each.usage == "Sign"} - {None}
    return [
        each for each in app.credentials
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
