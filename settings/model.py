"""The settings as values: frozen, typed and checked. `config.py` makes them."""

from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from settings.reading import Secret


class Mode(StrEnum):
    PRACTICE = "practice"
    PRODUCTION = "production"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """One application in Entra and how it proves itself; none of the three ways means a managed identity."""

    #: Where its settings stand: AZURE_, OWNER_WRITE_, MAIL_ or INSTALL_.
    prefix: str
    tenant_id: str
    #: '' only for a system-assigned managed identity.
    client_id: str
    #: "https://login.microsoftonline.com", without a path.
    authority_host: str
    client_secret: Secret | None = None
    certificate_path: Path | None = None
    certificate_password: Secret | None = None
    federated_token_file: Path | None = None

    @property
    def managed(self) -> bool:
        return self.client_secret is None and self.certificate_path is None and self.federated_token_file is None


@dataclass(frozen=True, kw_only=True)
class GraphSettings:
    #: "https://graph.microsoft.com", without a version.
    endpoint: str
    #: None in the practice tenant, which brings its own, and for the bot alone.
    identity: Identity | None
    #: Whether the beta is asked when credentials signed in last.
    last_use: bool = False
    #: Whether Entra's audit log is asked who changed an app.
    audit_log: bool = False
    #: Between two questions for what has changed, 0 never.
    delta_minutes: int = 15


@dataclass(frozen=True, kw_only=True)
class LogsSettings:
    """Log Analytics, written and read with the identity of Graph."""

    ingestion_endpoint: str
    dcr_id: str
    workspace_id: str
    #: "https://api.loganalytics.io", without a version.
    query_endpoint: str


@dataclass(frozen=True, kw_only=True)
class BotSettings:
    #: '' only in the practice tenant, which brings its own.
    app_id: str
    #: SingleTenant or UserAssignedMSI.
    app_type: str
    tenant_id: str
    password: Secret | None
    certificate_path: Path | None
    openid_metadata_url: str
    token_issuer: str
    #: With the tenant in its path, as MSAL takes it.
    login_url: str
    #: Ends with /.default.
    oauth_scope: str
    service_url: str
    #: Lower-case hosts, with a port where it is not 443.
    trusted_hosts: tuple[str, ...]
    #: Calls a second over all replicas.
    send_pace: int
    #: Whether reading a card counts as seen; else only what somebody pressed.
    read_receipts: bool = False
    #: Messages without a token are taken: practice mode on a loopback host only.
    unauthenticated: bool = False


@dataclass(frozen=True, kw_only=True)
class OwnerSettings:
    #: request or direct.
    changes: str
    #: None: Steward never writes an owner.
    write_identity: Identity | None


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    sender: str
    identity: Identity | None


@dataclass(frozen=True, kw_only=True)
class InstallSettings:
    #: The app's id in the organisation's catalogue.
    teams_app_id: str
    identity: Identity | None


@dataclass(frozen=True, kw_only=True)
class PeopleSettings:
    admin_group_id: str = ""
    admin_users: tuple[str, ...] = ()
    support_group_id: str = ""
    support_users: tuple[str, ...] = ()
    fallback_recipients: tuple[str, ...] = ()
    #: Recipients on no path.
    skip_users: tuple[str, ...] = ()
    #: CSV of app id and person or address.
    contacts_file: Path | None = None


@dataclass(frozen=True, kw_only=True)
class PolicySettings:
    alert_days: tuple[int, ...]
    saml_alert_days: tuple[int, ...]
    last_call_days: int
    #: last | never | days before expiry, as text.
    escalate_unanswered: str
    leaver_grace_days: int
    snooze_max_days: int
    snooze_floor_days: int
    digest_after: int
    history_days: int


@dataclass(frozen=True, kw_only=True)
class SendingSettings:
    """Letting go."""

    #: hold, pilot or on; the command `go` overrides it.
    sending: str
    pilot_group_id: str = ""
    pilot_departments: tuple[str, ...] = ()
    #: People told by one run, 0 no brake.
    max_people: int = 200
    #: (weekday from Monday 0, start, end) in minutes after midnight; () is always.
    window: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class WordSettings:
    org_name: str = ""
    help_text: str = ""
    help_url: str = ""
    #: May hold {app_id} and {object_id}.
    renew_url: str = ""
    default_language: str = "en"


@dataclass(frozen=True, kw_only=True)
class ServiceSettings:
    host: str
    #: 0: any free one.
    port: int
    public_url: str
    #: An SQLAlchemy URL with its asynchronous driver; may hold a password.
    database_url: Secret
    state_dir: Path
    scan_at: time
    time_zone: ZoneInfo
    log_level: str
    #: PEM file of the authorities that connections trust (SSL_CERT_FILE), for libraries that must be told; '' the
    #: system's.
    ca_file: str
    metrics_token: Secret | None
    #: Called while all is well; None: nobody watches from outside.
    heartbeat_url: Secret | None


@dataclass(frozen=True, kw_only=True)
class PracticeSettings:
    apps: int = 300
    seed: int = 1


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set, checked."""

    mode: Mode
    graph: GraphSettings
    #: None: the embedded archive alone.
    logs: LogsSettings | None
    bot: BotSettings
    owners: OwnerSettings
    #: None: no e-mail.
    mail: MailSettings | None
    #: None: the Teams app is not installed for people.
    install: InstallSettings | None
    people: PeopleSettings
    policy: PolicySettings
    sending: SendingSettings
    words: WordSettings
    service: ServiceSettings
    practice: PracticeSettings
    #: What is allowed but not wise, or set without effect; for doctor and the log.
    warnings: tuple[str, ...] = ()
