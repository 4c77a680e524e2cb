"""What can change in the tenant: owners, credentials, accounts, apps.

Each is a mutation of `state.py`, so it outlives a restart; the functions below are how twins and the
control endpoints ask for one.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sandbox.refused import Refused
from sandbox.state import TwinState, mutation
from sandbox.tenant import TwinApp, TwinCredential, TwinUser, thumbprint_of


def _app(state: TwinState, object_id: str) -> TwinApp:
    app = state.tenant.apps.get(object_id)
    if app is None or app.deleted_at is not None:
        raise Refused(404, "Request_ResourceNotFound", f"There is no app {object_id}.")
    return app


def _user(state: TwinState, user_id: str) -> TwinUser:
    user = state.tenant.users.get(user_id)
    if user is None:
        raise Refused(404, "Request_ResourceNotFound", f"There is no user {user_id}.")
    return user


def _touch(state: TwinState, app: TwinApp) -> None:
    app.version += 1
    app.changed = state.revision


def _touch_owned(state: TwinState, user: TwinUser, at: datetime) -> None:
    """Before an account changes: count that, remember it as owner, and let its apps be shown anew."""
    user.changed = state.revision
    for app in state.tenant.apps.values():
        if user.id in app.owners:
            state.tenant.remember_owners(app, at.date())
            app.version += 1


# ---------------------------------------------------------------- owners


def own(state: TwinState, object_id: str, owner_id: str, by: str = "") -> None:
    """Make somebody an owner; `by` is the client id or the person who did it."""
    state.change("ownerAdded", app=object_id, owner=owner_id, by=by)


def disown(state: TwinState, object_id: str, owner_id: str, by: str = "") -> None:
    """Take an owner away."""
    state.change("ownerRemoved", app=object_id, owner=owner_id, by=by)


@mutation("ownerAdded")
def _owner_added(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    app = _app(state, data["app"])
    state.tenant.remember_owners(app, at.date())
    if data["owner"] not in app.owners:
        app.owners.append(data["owner"])
    _touch(state, app)


@mutation("ownerRemoved")
def _owner_removed(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    app = _app(state, data["app"])
    state.tenant.remember_owners(app, at.date())
    app.owners = [owner for owner in app.owners if owner != data["owner"]]
    _touch(state, app)


# ---------------------------------------------------------------- credentials


def add_secret(state: TwinState, object_id: str, name: str, days: float = 365, by: str = "") -> str:
    """Give the app a new client secret from now on; its key id."""
    key_id = str(uuid4())
    state.change("secretAdded", app=object_id, key=key_id, name=name, days=days, by=by)
    return key_id


def add_certificate(state: TwinState, object_id: str, name: str, days: float = 365, by: str = "") -> str:
    """Give the app a new certificate from now on; its key id."""
    key_id = str(uuid4())
    state.change("certificateAdded", app=object_id, key=key_id, name=name, days=days, by=by)
    return key_id


def remove_credential(state: TwinState, object_id: str, key_id: str, by: str = "") -> None:
    """Delete one credential; a SAML certificate goes with all three of its entries."""
    state.change("credentialRemoved", app=object_id, key=key_id, by=by)


def renew(state: TwinState, object_id: str, key_id: str, days: float = 365, by: str = "") -> str:
    """What a person does in Entra to renew: a new credential of the same type, the old one deleted; the new key id."""
    app = _app(state, object_id)
    old = next((each for each in app.credentials if each.key_id == key_id), None)
    if old is None:
        raise Refused(404, "Request_ResourceNotFound", f"{object_id} has no credential {key_id}.")
    add = add_secret if old.is_secret else add_certificate
    new = add(state, object_id, old.display_name or "renewed", days, by)
    remove_credential(state, object_id, key_id, by)
    return new


@mutation("secretAdded")
def _secret_added(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    app = _app(state, data["app"])
    start = at.replace(microsecond=0)
    app.credentials.append(
        TwinCredential(
            key_id=data["key"],
            display_name=data["name"],
            start=start,
            end=start + timedelta(days=data["days"]),
            hint=data["key"][:3],
        )
    )
    _note(app, at, "Update application \u2013 Certificates and secrets management", data)
    _touch(state, app)


@mutation("certificateAdded")
def _certificate_added(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    app = _app(state, data["app"])
    start, size = at.replace(microsecond=0), 900
    app.credentials.append(
        TwinCredential(
            key_id=data["key"],
            display_name=data["name"],
            start=start,
            end=start + timedelta(days=data["days"]),
            type="AsymmetricX509Cert",
            usage="Verify",
            key_size=size,
            custom_key_identifier=thumbprint_of(data["key"], size),
        )
    )
    _note(app, at, "Update application \u2013 Certificates and secrets management", data)
    _touch(state, app)


@mutation("credentialRemoved")
def _credential_removed(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    app = _app(state, data["app"])
    gone = next((each for each in app.credentials if each.key_id == data["key"]), None)
    if gone is None:
        raise Refused(404, "Request_ResourceNotFound", f"{app.object_id} has no credential {data['key']}.")
    trio = gone.custom_key_identifier if gone.usage == "Sign" else None
    app.credentials = [
        each for each in app.credentials if each is not gone and (trio is None or each.custom_key_identifier != trio)
    ]
    _note(app, at, "Update application \u2013 Certificates and secrets management", data)
    _touch(state, app)


def _note(app: TwinApp, at: datetime, activity: str, data: dict[str, Any]) -> None:
    """An entry of the audit log; one app registration's is named as Entra names it."""
    app.audits.append((at, activity, data.get("by", "")))


# ---------------------------------------------------------------- apps and accounts


@mutation("appDeleted")
def _app_deleted(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    app = _app(state, data["app"])
    app.deleted_at = at
    _touch(state, app)


@mutation("appRenamed")
def _app_renamed(state: TwinState, _at: datetime, data: dict[str, Any]) -> None:
    app = _app(state, data["app"])
    app.display_name = data["name"]
    _touch(state, app)


@mutation("enterpriseAppEnabled")
def _enterprise_app_enabled(state: TwinState, _at: datetime, data: dict[str, Any]) -> None:
    app = _app(state, data["app"])
    app.account_enabled = data["enabled"]
    _touch(state, app)


@mutation("accountEnabled")
def _account_enabled(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    user = _user(state, data["user"])
    _touch_owned(state, user, at)
    user.account_enabled = data["enabled"]


@mutation("userDeleted")
def _user_deleted(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    user = _user(state, data["user"])
    _touch_owned(state, user, at)
    user.deleted_at = at
    _touch_reports(state, user)


@mutation("userRestored")
def _user_restored(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    user = _user(state, data["user"])
    if user.gone or user.deleted_at is None:
        raise Refused(404, "Request_ResourceNotFound", f"{user.id} is not among the deleted users.")
    _touch_owned(state, user, at)
    user.deleted_at = None
    _touch_reports(state, user)


@mutation("userPurged")
def _user_purged(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    """Out of the recycle bin, as after 30 days in it."""
    user = _user(state, data["user"])
    _touch_owned(state, user, at)
    user.deleted_at, user.gone = user.deleted_at or at, True
    _touch_reports(state, user)


@mutation("userRenamed")
def _user_renamed(state: TwinState, at: datetime, data: dict[str, Any]) -> None:
    user = _user(state, data["user"])
    _touch_owned(state, user, at)
    user.display_name = data["name"]


@mutation("userAdded")
def _user_added(state: TwinState, _at: datetime, data: dict[str, Any]) -> None:
    state.tenant.users[data["user"]] = TwinUser(
        id=data["user"], display_name=data["name"], upn=data["upn"], mail=data["upn"], changed=state.revision
    )


@mutation("managerSet")
def _manager_set(state: TwinState, _at: datetime, data: dict[str, Any]) -> None:
    user = _user(state, data["user"])
    user.manager_id = data["manager"]
    user.changed = state.revision


def _touch_reports(state: TwinState, manager: TwinUser) -> None:
    """Users whose manager is no longer, or again, shown have changed: the link is tracked through $select."""
    for user in state.tenant.users.values():
        if user.manager_id == manager.id:
            user.changed = state.revision
