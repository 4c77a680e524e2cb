"""Nouns of the directory, as frozen values: people, applications, their credentials, one scan's records.

The field names are Graph's own words in snake_case. `model.py` names them together with all others.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

#: Begins the id of somebody outside the directory, who is told by e-mail alone.
MAIL_ONLY = "mail:"


class PersonKind(StrEnum):
    USER = "user"
    SERVICE_PRINCIPAL = "servicePrincipal"
    GROUP = "group"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A directory object that owns, manages or is told; not always a human being."""

    #: Entra object id.
    id: str
    display_name: str = ""
    user_principal_name: str = ""
    mail: str = ""
    account_enabled: bool = False
    kind: PersonKind = PersonKind.USER
    #: Graph's userType: Member or Guest.
    user_type: str = "Member"
    department: str = ""
    #: Graph's preferredLanguage, such as "de-DE".
    preferred_language: str = ""
    #: Object id of the manager as Graph says now, '' without one.
    manager_id: str = ""
    #: True for a soft-deleted account (its details come from deletedItems).
    deleted: bool = False

    @property
    def counts(self) -> bool:
        """Whether this is a counting owner: an enabled user account."""
        return self.kind is PersonKind.USER and self.account_enabled and not self.deleted

    @property
    def name(self) -> str:
        """The best name there is, never empty."""
        return self.display_name or self.user_principal_name or self.mail or self.id


class ApplicationType(StrEnum):
    APP_REGISTRATION = "appRegistration"
    ENTERPRISE_APP = "enterpriseApp"


class CredentialType(StrEnum):
    CLIENT_SECRET = "clientSecret"  # noqa: S105 - a type, not a secret
    CERTIFICATE = "certificate"


class CredentialUsage(StrEnum):
    SIGN_IN = "signIn"
    SAML_ACTIVE = "samlActive"
    SAML_INACTIVE = "samlInactive"


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """One client secret or certificate as Graph lists it; never its value or hint."""

    key_id: str
    type: CredentialType
    display_name: str = ""
    #: None when Graph has no start.
    start: datetime | None = None
    #: None when it never expires: such a credential is never due.
    end: datetime | None = None
    #: Hex, '' for secrets.
    thumbprint: str = ""
    usage: CredentialUsage = CredentialUsage.SIGN_IN
    #: When it last signed in, if known.
    last_used: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantine:
    """One record that could not be read as Graph promises; the rest of its page is unharmed."""

    object_id: str
    #: '' when the whole application is unreadable.
    key_id: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """An app registration or an enterprise app with its credentials and owners' ids."""

    object_id: str
    app_id: str
    display_name: str
    type: ApplicationType
    created: datetime | None = None
    sign_in_audience: str = ""
    #: Hosts of the reply URLs, for "What is this app?".
    reply_hosts: tuple[str, ...] = ()
    notes: str = ""
    service_management_reference: str = ""
    #: SAML: notificationEmailAddresses.
    notification_emails: tuple[str, ...] = ()
    #: Enterprise app: appOwnerOrganizationId, '' otherwise.
    owner_organization_id: str = ""
    #: Enterprise app: its accountEnabled; True for app registrations.
    enabled: bool = True
    #: Names of its federated identity credentials; nothing of these expires.
    federated: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()
    #: Owners as references: only `id` and `kind` are sure to be filled.
    owners: tuple[Person, ...] = ()
    quarantined: tuple[Quarantine, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class PreviousOwner:
    """Who owned an app according to a record of the archive."""

    person: Person
    #: The manager that the record names, as it was then.
    manager: Person | None = None
    #: ScanDate of the record that proves it.
    seen: datetime


class EscalationPath(StrEnum):
    CURRENT_OWNERS = "currentOwners"
    PREVIOUS_OWNER = "previousOwner"
    PREVIOUS_OWNER_MANAGER = "previousOwnerManager"
    UNROUTABLE = "unroutable"


@dataclass(frozen=True, kw_only=True, slots=True)
class CredentialRecord:
    """One credential on one scan; the row of ClientSecretMonitoring_CL.

    Key: (scan_date, application.object_id, credential.key_id).
    """

    run_id: str
    #: Start of the run, UTC.
    scan_date: datetime
    tenant_id: str
    application: Application
    credential: Credential
    #: floor((end - scan_date) / 24 h): 0 within 24 hours, negative once expired, None without an end.
    days_left: int | None
    #: All owners in full, whatever they are.
    owners: tuple[Person, ...] = ()
    #: The first counting owner by object id, None for an ownerless app.
    owner: Person | None = None
    owner_manager: Person | None = None
    #: At most three; filled only for ownerless apps.
    previous_owners: tuple[PreviousOwner, ...] = ()
    path: EscalationPath = EscalationPath.UNROUTABLE
    #: Whether this run queued a notice for it.
    email_sent: bool = False
    #: NoAlert, FirstAlert, SecondAlert, ...: the newest crossed stage.
    alert_type: str = "NoAlert"

    @property
    def key(self) -> tuple[str, str]:
        """(object id, key id)."""
        return (self.application.object_id, self.credential.key_id)

    @property
    def ownerless(self) -> bool:
        return self.owner is None
