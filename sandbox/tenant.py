"""The truth of the practice tenant: its people, apps, credentials, and who owned what when.

Plain mutable values. The twins show them the way the real services would; Steward sees only what the
twins show. Whatever changes here changes through a mutation of `state.py`, so that a restart keeps it.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from alerts.model import ApplicationType

#: In `overrides`: leave this property out of Graph's JSON.
OMIT = object()


@dataclass(kw_only=True, slots=True)
class TwinUser:
    """A user account. Gone ones (beyond the 30 days of the recycle bin) stay here for the history's sake."""

    id: str
    display_name: str
    upn: str
    #: None for an account without a mailbox address.
    mail: str | None = None
    account_enabled: bool = True
    #: Graph's userType: Member or Guest.
    user_type: str = "Member"
    department: str | None = None
    #: Graph's preferredLanguage, such as "de-DE".
    preferred_language: str | None = None
    #: Object id of the manager, '' without one.
    manager_id: str = ""
    created: datetime = datetime(2019, 1, 1, tzinfo=UTC)
    #: When it was soft-deleted, None while it lives.
    deleted_at: datetime | None = None
    #: True once it is beyond the recycle bin: Graph does not know it at all.
    gone: bool = False
    #: Whether Steward's Teams app is installed for this person.
    has_teams_app: bool = False
    #: True when a Teams policy forbids the app for this person (install answers 403).
    teams_app_blocked: bool = False
    #: Which awkward case this person is, '' for an ordinary one.
    case: str = ""
    #: Number of the last change (`TwinState.revision`), 0 for none since the tenant was made.
    changed: int = 0

    @property
    def listed(self) -> bool:
        """Whether /users shows it."""
        return self.deleted_at is None and not self.gone

    @property
    def active(self) -> bool:
        """An enabled account that exists."""
        return self.listed and self.account_enabled


@dataclass(kw_only=True, slots=True)
class TwinGroup:
    """A group with its direct members (users or other groups) by id."""

    id: str
    display_name: str
    members: list[str] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class TwinCredential:
    """One entry of passwordCredentials (type Password) or keyCredentials (AsymmetricX509Cert)."""

    key_id: str
    display_name: str | None = None
    start: datetime | None = None
    #: None: Graph shows endDateTime null.
    end: datetime | None = None
    #: Graph's keyCredential.type, or "Password" for a client secret.
    type: str = "Password"
    #: Graph's keyCredential.usage: Verify or Sign; '' for a client secret.
    usage: str = ""
    #: Base64 as Graph shows it: a certificate's SHA-1 thumbprint, or what a SAML trio shares. None: null.
    custom_key_identifier: str | None = None
    #: First three characters of a secret, which Steward must never keep.
    hint: str | None = None
    #: Bytes of the public key that Graph sends when keyCredentials is selected, 0 for a client secret.
    key_size: int = 0
    #: Graph property -> raw JSON value (or OMIT): poison for tests.
    overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def is_secret(self) -> bool:
        return self.type == "Password"

    @property
    def key(self) -> bytes:
        """The public key; made from the key id, so that a large tenant need not hold it."""
        return public_key(self.key_id, self.key_size)


def public_key(key_id: str, size: int) -> bytes:
    """The bytes that stand for a certificate: the same for the same key id."""
    return hashlib.shake_256(key_id.encode()).digest(size)


def thumbprint_of(key_id: str, size: int) -> str:
    """SHA-1 of the public key in base64, as Graph writes customKeyIdentifier."""
    return base64.b64encode(hashlib.sha1(public_key(key_id, size), usedforsecurity=False).digest()).decode()


@dataclass(kw_only=True, slots=True, frozen=True)
class Spell:
    """Who owned an app from one day to another (both included), as daily scans would have recorded it.

    For the seeded history of the archive. The newest spell of an app that still has counting owners ends
    on the day before the tenant was made.
    """

    first_day: date
    last_day: date
    #: The counting owners of that time, at most three, in ascending order; empty: nobody.
    owner_ids: tuple[str, ...]
    #: owner id -> that owner's manager at that time, absent without one.
    manager_ids: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class TwinApp:
    """An app registration (application object) or an enterprise app (service principal)."""

    object_id: str
    app_id: str
    #: None: Graph shows displayName null.
    display_name: str | None
    kind: ApplicationType
    #: Position in Graph's lists; never reused.
    ordinal: int = 0
    created: datetime | None = None
    #: Ids of users, of groups (odd but seen), or of enterprise apps' service principals.
    owners: list[str] = field(default_factory=list)
    credentials: list[TwinCredential] = field(default_factory=list)
    sign_in_audience: str = "AzureADMyOrg"
    tags: list[str] = field(default_factory=list)
    notes: str | None = None
    service_management_reference: str | None = None
    reply_urls: list[str] = field(default_factory=list)
    #: How many federated identity credentials it has (app registrations).
    federated_credentials: int = 0
    #: Enterprise apps only, from here to notification_emails.
    account_enabled: bool = True
    owner_organization_id: str = ""
    #: Application, ManagedIdentity, Legacy or SocialIdp.
    service_principal_type: str = "Application"
    #: "saml" for SAML single sign-on.
    single_sign_on_mode: str | None = None
    #: Hex thumbprint of the active SAML certificate.
    preferred_thumbprint: str | None = None
    notification_emails: list[str] = field(default_factory=list)
    #: Enterprise apps: application permissions in Microsoft Graph, and directory roles, by name.
    graph_rights: list[str] = field(default_factory=list)
    directory_roles: list[str] = field(default_factory=list)
    #: Who owned it over the past two years, oldest first.
    history: list[Spell] = field(default_factory=list)
    #: Which awkward case it is (see cases.py), '' for an ordinary one.
    case: str = ""
    #: What Entra's audit log has about it: (when, activity, client id or person who did it), oldest first.
    audits: list[tuple[datetime, str, str]] = field(default_factory=list)
    #: Counted up with every change; the Graph twin's cache asks for it.
    version: int = 0
    #: Number of the last change (`TwinState.revision`), 0 for none since the tenant was made.
    changed: int = 0
    #: When it was deleted, None while it lives.
    deleted_at: datetime | None = None
    #: Graph property -> raw JSON value (or OMIT): poison for tests.
    overrides: dict[str, Any] = field(default_factory=dict)

    @property
    def is_registration(self) -> bool:
        return self.kind is ApplicationType.APP_REGISTRATION

    @property
    def path(self) -> str:
        """Graph's collection of it."""
        return "applications" if self.is_registration else "servicePrincipals"


@dataclass(kw_only=True)
class Tenant:
    """One whole tenant."""

    tenant_id: str
    organization: str
    #: Domain of the people's addresses.
    domain: str
    #: The moment it was made, aware UTC; all dates in it are relative to it.
    made_at: datetime
    seed: int
    #: By object id, in the order in which Graph lists them.
    users: dict[str, TwinUser] = field(default_factory=dict)
    groups: dict[str, TwinGroup] = field(default_factory=dict)
    #: App registrations and enterprise apps by object id, in the order in which Graph lists them.
    apps: dict[str, TwinApp] = field(default_factory=dict)
    #: ana, ben, mia, eli, tom, ada -> user id.
    cast: dict[str, str] = field(default_factory=dict)
    #: Told when nobody else can be reached (the setting FALLBACK_RECIPIENTS).
    fallback_ids: list[str] = field(default_factory=list)
    #: Address of the mailbox that e-mail is sent from (the setting MAIL_SENDER).
    mail_sender: str = ""

    def registrations(self) -> list[TwinApp]:
        """Living app registrations in Graph's order."""
        return [app for app in self.apps.values() if app.is_registration and app.deleted_at is None]

    def enterprise_apps(self) -> list[TwinApp]:
        """Living enterprise apps in Graph's order."""
        return [app for app in self.apps.values() if not app.is_registration and app.deleted_at is None]

    def user(self, id_or_upn: str) -> TwinUser | None:
        """The listed user with this object id or UPN (any case)."""
        user = self.users.get(id_or_upn.lower())
        if user is None and "@" in id_or_upn:
            wanted = id_or_upn.lower()
            user = next((each for each in self.users.values() if each.upn.lower() == wanted and each.listed), None)
        return user if user is not None and user.listed else None

    def person(self, name: str) -> TwinUser:
        """A member of the cast by first name. Raises KeyError."""
        return self.users[self.cast[name]]

    def app_named(self, name: str) -> TwinApp:
        """The first living app with this display name. Raises KeyError."""
        for app in self.apps.values():
            if app.display_name == name and app.deleted_at is None:
                return app
        raise KeyError(name)

    def counting_owners(self, app: TwinApp) -> list[TwinUser]:
        """Owners that are enabled user accounts, by object id."""
        users = (self.users.get(owner) for owner in sorted(app.owners))
        return [user for user in users if user is not None and user.active]

    def remember_owners(self, app: TwinApp, day: date) -> None:
        """Close the spell of the present counting owners on `day`; called before owners or accounts change."""
        owners = self.counting_owners(app)[:3]
        if not owners:
            return
        ids = tuple(owner.id for owner in owners)
        first = self.made_at.date()
        if app.history and app.history[-1].owner_ids == ids:
            first = app.history.pop().first_day
        elif app.history:
            first = min(day, app.history[-1].last_day + timedelta(days=1))
        managers = {owner.id: owner.manager_id for owner in owners if owner.manager_id}
        app.history.append(Spell(first_day=first, last_day=day, owner_ids=ids, manager_ids=managers))
