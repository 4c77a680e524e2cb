"""The settings of Steward: the only reader of the environment and of `.env`.

`load_settings` reads, checks and types everything before the first request, and names every mistake at once.
What a setting means stands in settings/table.py; what follows from several of them together stands here.
"""

import os
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from datetime import time
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from alerts.errors import SettingsError
from settings.model import (
    BotSettings,
    GraphSettings,
    Identity,
    InstallSettings,
    LogsSettings,
    MailSettings,
    Mode,
    OwnerSettings,
    PeopleSettings,
    PolicySettings,
    PracticeSettings,
    SendingSettings,
    ServiceSettings,
    Settings,
    WordSettings,
)
from settings.reading import Reader, Secret, mark_state_dir
from settings.table import OUTSIDE_NAMES, SETTINGS, SettingDoc
from settings.values import is_loopback, window

#: What one process can be; all of them by default.
ROLES = frozenset({"bot", "worker", "scanner"})

#: facts: Microsoft's table of default service URLs, one host a cloud.
TEAMS_HOSTS = (
    "smba.trafficmanager.net",
    "smba.infra.gcc.teams.microsoft.com",
    "smba.infra.gov.teams.microsoft.us",
    "smba.infra.dod.teams.microsoft.us",
)

_OFFICE_HOURS = window("Mon-Fri 08:00-18:00")
_TENANT_PREFIXES = ("AZURE_", "GRAPH_", "LOGS_", "MicrosoftApp")


def load_settings(
    environ: Mapping[str, str],
    env_file: Path | None,
    *,
    roles: Collection[str] = ROLES,
    windows: bool = os.name == "nt",
) -> Settings:
    """Read, check and type all settings.

    Args:
        environ: the environment; it goes before the file.
        env_file: a `.env` file; one that is not there is no mistake.
        roles: what this process will be, which decides which identities it must have.
        windows: whether the environment's names are upper case, as Windows gives them.

    Raises:
        SettingsError: with one sentence for each mistake.
    """
    reader = Reader(environ, env_file, windows=windows)
    loader = _Loader(reader, frozenset(roles))
    settings = loader.settings()
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


def from_environment(*, roles: Collection[str] = ROLES) -> Settings:
    """Load from this process's environment and the `.env` beside this file. Raises SettingsError.

    TLS and proxy names of `.env` enter the environment here, since libraries read them there, some of them
    (aiohttp) as early as when they are imported: call this before the rooms are imported.
    """
    env_file = Path(__file__).with_name(".env")
    settings = load_settings(os.environ, env_file, roles=roles)
    for name, value in Reader({}, env_file, windows=False).outside.items():
        os.environ.setdefault(name, value)
    return settings


def claim_state_dir(settings: Settings) -> str:
    """Make `STATE_DIR` and mark it with the mode, so that the other mode refuses it.

    Returns:
        The folder's id: hosts that share the folder see the same one, hosts that do not see another.

    Raises:
        SettingsError: it cannot be written, or the other mode was faster.
    """
    folder = settings.service.state_dir
    try:
        return mark_state_dir(folder, settings.mode)
    except (OSError, ValueError) as error:
        raise SettingsError([f"STATE_DIR={folder}: {error}"]) from error


def enter_practice(settings: Settings, tenant: Mapping[str, str], *, roles: Collection[str]) -> Settings:
    """The settings of a practice run, once its tenant is up: production's own, leading to the twins.

    Args:
        settings: as loaded in practice mode; rules, words and service settings stay.
        tenant: the environment that the practice tenant asks for. It enters this process's environment, since
            libraries read TLS and proxy names there: call this before the rooms are imported.
        roles: what this process will be.

    Raises:
        SettingsError: the practice tenant asks for what production would refuse.
    """
    os.environ.update({name: value for name, value in tenant.items() if name in OUTSIDE_NAMES})
    # A folder that no mode has marked: this one is the practice tenant's, and claimed already.
    unmarked = settings.service.state_dir / "practice" / "unmarked"
    environ = {**tenant, "STEWARD_MODE": "production", "STATE_DIR": str(unmarked)}
    production = load_settings(environ, None, roles=roles)
    return replace(
        production,
        mode=Mode.PRACTICE,
        bot=replace(production.bot, send_pace=settings.bot.send_pace, unauthenticated=settings.bot.unauthenticated),
        people=_people_of(settings.people, production.people),
        policy=settings.policy,
        sending=settings.sending,
        words=replace(settings.words, org_name=settings.words.org_name or production.words.org_name),
        service=replace(settings.service, ca_file=production.service.ca_file),
        practice=settings.practice,
        warnings=settings.warnings,
    )


def _people_of(given: PeopleSettings, practice: PeopleSettings) -> PeopleSettings:
    """The practice tenant's people, but for those that were named."""
    named = {field.name: value for field in fields(given) if (value := getattr(given, field.name))}
    return replace(practice, **named)


def process_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with `extra` laid over it, for a process that Steward starts."""
    return {**os.environ, **extra}


class _Loader:
    """Builds the groups of settings from what the reader found; mistakes go to the reader."""

    def __init__(self, reader: Reader, roles: frozenset[str]) -> None:
        self._get = reader
        self._roles = roles
        self._warnings: list[str] = []
        present = [doc.name for doc in SETTINGS if doc.name.startswith(_TENANT_PREFIXES) and reader.mentioned(doc.name)]
        wish = reader.text("STEWARD_MODE", "auto")
        self._auto = wish == "auto"
        #: Whether the next missing setting should mention the practice tenant: once is enough.
        self._hint = self._auto
        self._mode = Mode.PRODUCTION if wish == "production" or (self._auto and present) else Mode.PRACTICE
        if self._mode is Mode.PRACTICE and present:
            reader.forget(present)
            self._warnings.append(f"STEWARD_MODE=practice: not used: {', '.join(present)}")
        self._authority = reader.text("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com")

    @property
    def _production(self) -> bool:
        return self._mode is Mode.PRODUCTION

    def _missing(self, what: str, why: str) -> None:
        hint = " (or set STEWARD_MODE=practice to play in the practice tenant)" if self._hint else ""
        self._hint = False
        self._get.problem(f"{what} is missing: {why}{hint}")

    def settings(self) -> Settings:
        graph = self._graph()
        settings = Settings(
            mode=self._mode,
            graph=graph,
            logs=self._logs(),
            bot=self._bot(),
            owners=self._owners(),
            mail=self._mail(graph.identity),
            install=self._install(graph.identity),
            people=self._people(),
            policy=self._policy(),
            sending=self._sending(),
            words=self._words(),
            service=self._service(),
            practice=PracticeSettings(
                apps=self._get.number("PRACTICE_APPS", 300), seed=self._get.number("PRACTICE_SEED", 1)
            ),
            warnings=tuple(self._warnings),
        )
        self._check_modes()
        return settings

    # ------------------------------------------------------------ what is not built, or not for this mode

    def _check_modes(self) -> None:
        for doc in SETTINGS:
            if doc.only and doc.only != self._mode and self._get.raw(doc.name) not in {"", "off"}:
                self._get.problem(f"{doc.name} is for the {doc.only} tenant only")
            self._check_built(doc)

    def _check_built(self, doc: SettingDoc) -> None:
        if doc.accepts is None or not self._get.given(doc.name) or self._get.raw(doc.name) in doc.accepts:
            return
        may = f"may only be {' or '.join(doc.accepts)} so far" if doc.accepts else "may not be set so far"
        self._get.problem(f"{doc.name} {may}. {doc.missing}")

    # ------------------------------------------------------------ identities

    def _identity(self, prefix: str, tenant_id: str) -> Identity:
        """One identity under its prefix; says what is missing or too much."""
        get = self._get
        ways = [f"{prefix}CLIENT_SECRET", f"{prefix}CLIENT_CERTIFICATE_PATH", f"{prefix}FEDERATED_TOKEN_FILE"]
        given = [name for name in ways if get.given(name)]
        if len(given) > 1:
            get.problem(f"{' and '.join(given)} are set: an identity proves itself in one way")
        if not given and not self._may_be_managed():
            self._missing(
                f"One of {', '.join(ways)}",
                "without it the identity is a managed one, of which this machine shows no sign; set"
                " STEWARD_MODE=production if it has one",
            )
        if given and not get.given(f"{prefix}CLIENT_ID"):
            self._missing(f"{prefix}CLIENT_ID", f"{given[0]} belongs to an application")
        if get.given(f"{prefix}CLIENT_CERTIFICATE_PASSWORD") and not get.given(ways[1]):
            get.problem(f"{prefix}CLIENT_CERTIFICATE_PASSWORD is set without {ways[1]}")
        return Identity(
            prefix=prefix,
            tenant_id=tenant_id,
            client_id=get.text(f"{prefix}CLIENT_ID"),
            authority_host=self._authority,
            client_secret=get.secret(ways[0]),
            certificate_path=get.path(ways[1]),
            certificate_password=get.secret(f"{prefix}CLIENT_CERTIFICATE_PASSWORD"),
            federated_token_file=get.path(ways[2]),
        )

    def _may_be_managed(self) -> bool:
        # App Service and Container Apps announce a managed identity; a virtual machine does not.
        return not self._auto or self._get.outer("IDENTITY_ENDPOINT") or self._get.outer("MSI_ENDPOINT")

    def _separate(self, prefix: str) -> Identity | None:
        """The identity under a prefix of its own, None where it has no client id."""
        get = self._get
        names = [doc.name for doc in SETTINGS if doc.group == "Separate identities" and doc.name.startswith(prefix)]
        given = [name for name in names if get.given(name)]
        if not given:
            return None
        client_id = f"{prefix}CLIENT_ID"
        if client_id not in given:
            get.problem(f"{client_id} is missing: {', '.join(given)} belongs to it")
            return None
        tenant = get.text(f"{prefix}TENANT_ID")
        if tenant and tenant != get.text("AZURE_TENANT_ID"):
            get.problem(f"{prefix}TENANT_ID differs from AZURE_TENANT_ID: all identities are of one tenant")
        return self._identity(prefix, get.text("AZURE_TENANT_ID"))

    # ------------------------------------------------------------ groups

    def _graph(self) -> GraphSettings:
        identity = None
        if self._production and self._roles & {"worker", "scanner"}:
            if not self._get.given("AZURE_TENANT_ID"):
                self._missing("AZURE_TENANT_ID", "the tenant that is watched")
            identity = self._identity("AZURE_", self._get.text("AZURE_TENANT_ID"))
        elif self._production and self._roles and self._get.given("AZURE_CLIENT_ID"):
            self._warnings.append("The bot alone needs no right in Graph: take AZURE_CLIENT_ID out of its environment")
        endpoint = self._get.text("GRAPH_ENDPOINT", "https://graph.microsoft.com")
        last_use = self._get.value("GRAPH_BETA_LAST_USE", bool, False)
        if last_use and endpoint.endswith((".us", ".cn")):
            self._warnings.append("GRAPH_BETA_LAST_USE stays off: only the global cloud has that report")
            last_use = False
        return GraphSettings(
            endpoint=endpoint,
            identity=identity,
            last_use=last_use,
            audit_log=self._get.value("AUDIT_LOG", bool, False),
            delta_minutes=self._get.number("DELTA_MINUTES", 15),
        )

    def _logs(self) -> LogsSettings | None:
        names = ("LOGS_INGESTION_ENDPOINT", "LOGS_DCR_ID", "LOGS_WORKSPACE_ID")
        given = [name for name in (*names, "LOGS_QUERY_ENDPOINT") if self._get.given(name)]
        if not given or not self._production:
            return None
        for name in names:
            if name not in given:
                self._missing(name, f"{given[0]} is set, and Log Analytics needs {', '.join(names)}")
        endpoint, rule, workspace = (self._get.text(name) for name in names)
        return LogsSettings(
            ingestion_endpoint=endpoint,
            dcr_id=rule,
            workspace_id=workspace,
            query_endpoint=self._get.text("LOGS_QUERY_ENDPOINT", "https://api.loganalytics.io"),
        )

    def _bot(self) -> BotSettings:
        get = self._get
        app_type = get.text("MicrosoftAppType", "SingleTenant")
        tenant = get.text("MicrosoftAppTenantId") or get.text("AZURE_TENANT_ID")
        if self._production and self._roles & {"bot", "worker"}:
            self._check_bot(app_type, tenant)
        service_url = get.text("TEAMS_SERVICE_URL", "https://smba.trafficmanager.net/teams/")
        login_url = get.text("BOT_LOGIN_URL", self._authority)
        if urlsplit(login_url).path in {"", "/"}:
            login_url = f"{login_url.rstrip('/')}/{tenant}"
        return BotSettings(
            app_id=get.text("MicrosoftAppId"),
            app_type=app_type,
            tenant_id=tenant,
            password=get.secret("MicrosoftAppPassword"),
            certificate_path=get.path("MicrosoftAppCertificatePath"),
            openid_metadata_url=get.text(
                "BOT_OPENID_METADATA_URL", "https://login.botframework.com/v1/.well-known/openidconfiguration"
            ),
            token_issuer=get.text("BOT_TOKEN_ISSUER", "https://api.botframework.com"),
            login_url=login_url,
            oauth_scope=get.text("BOT_OAUTH_SCOPE", "https://api.botframework.com/.default"),
            service_url=service_url,
            trusted_hosts=get.texts(
                "TRUSTED_SERVICE_HOSTS", (*TEAMS_HOSTS, urlsplit(service_url).netloc.lower().removesuffix(":443"))
            ),
            send_pace=get.number("SEND_PACE", 20),
            read_receipts=get.value("READ_RECEIPTS", bool, False),
            unauthenticated=get.text("BOT_UNAUTHENTICATED", "off") == "loopback",
        )

    def _check_bot(self, app_type: str, tenant: str) -> None:
        get = self._get
        if not get.given("MicrosoftAppId"):
            self._missing("MicrosoftAppId", "without it no message could be authenticated")
        alone = not self._roles & {"worker", "scanner"}  # otherwise AZURE_TENANT_ID is named as missing already
        if alone and not tenant and not get.given("MicrosoftAppTenantId"):
            self._missing("MicrosoftAppTenantId", "the bot answers one tenant only")
        ways = [name for name in ("MicrosoftAppPassword", "MicrosoftAppCertificatePath") if get.given(name)]
        if len(ways) > 1:
            get.problem(f"{' and '.join(ways)} are set: the bot proves itself in one way")
        if app_type == "UserAssignedMSI" and ways:
            get.problem(f"{ways[0]} is set, but MicrosoftAppType=UserAssignedMSI needs none")
        if app_type == "SingleTenant" and not ways:
            self._missing(
                "MicrosoftAppPassword or MicrosoftAppCertificatePath",
                "only MicrosoftAppType=UserAssignedMSI needs none",
            )

    def _owners(self) -> OwnerSettings:
        return OwnerSettings(
            changes=self._get.text("OWNER_CHANGES", "request"), write_identity=self._separate("OWNER_WRITE_")
        )

    def _mail(self, default: Identity | None) -> MailSettings | None:
        own = self._separate("MAIL_")
        sender = self._get.text("MAIL_SENDER")
        if not sender:
            if own:
                self._get.problem("MAIL_CLIENT_ID is set without MAIL_SENDER, the mailbox that sends")
            return None
        if own is None and self._production:
            self._warnings.append(
                "E-mail is sent with the identity that scans; give MAIL_CLIENT_ID one that may only send as MAIL_SENDER"
            )
        return MailSettings(sender=sender, identity=own or default)

    def _install(self, default: Identity | None) -> InstallSettings | None:
        own = self._separate("INSTALL_")
        app = self._get.text("TEAMS_APP_ID")
        if not app:
            if own:
                self._get.problem("INSTALL_CLIENT_ID is set without TEAMS_APP_ID, the app that it would install")
            return None
        if own is None and self._production:
            self._warnings.append(
                "The Teams app is installed with the identity that scans, which Teams refuses unless it is the"
                " manifest's webApplicationInfo.id; set INSTALL_CLIENT_ID"
            )
        return InstallSettings(teams_app_id=app, identity=own or default)

    def _people(self) -> PeopleSettings:
        people = PeopleSettings(
            admin_group_id=self._get.text("ADMIN_GROUP_ID"),
            admin_users=self._get.texts("ADMIN_USERS"),
            support_group_id=self._get.text("SUPPORT_GROUP_ID"),
            support_users=self._get.texts("SUPPORT_USERS"),
            fallback_recipients=self._get.texts("FALLBACK_RECIPIENTS"),
            skip_users=self._get.texts("SKIP_USERS"),
            contacts_file=self._get.path("CONTACTS_FILE"),
        )
        needed = ("ADMIN_GROUP_ID", "ADMIN_USERS", "FALLBACK_RECIPIENTS")
        if self._production and self._roles and not any(self._get.given(name) for name in needed):
            self._missing(f"One of {', '.join(needed)}", "somebody must be told when nobody else can be")
        return people

    def _policy(self) -> PolicySettings:
        alert_days = self._get.days("ALERT_DAYS", (30, 14, 7))
        return PolicySettings(
            alert_days=alert_days,
            saml_alert_days=self._get.days("SAML_ALERT_DAYS", alert_days),
            last_call_days=self._get.number("LAST_CALL_DAYS", 1),
            escalate_unanswered=self._get.text("ESCALATE_UNANSWERED", "last"),
            leaver_grace_days=self._get.number("LEAVER_GRACE_DAYS", 3),
            snooze_max_days=self._get.number("SNOOZE_MAX_DAYS", 14),
            snooze_floor_days=self._get.number("SNOOZE_FLOOR_DAYS", 3),
            digest_after=self._get.number("DIGEST_AFTER", 3),
            history_days=self._get.number("HISTORY_DAYS", 730),
        )

    def _sending(self) -> SendingSettings:
        get = self._get
        settings = SendingSettings(
            sending=get.text("SENDING", "hold" if self._production else "on"),
            pilot_group_id=get.text("PILOT_GROUP_ID"),
            pilot_departments=get.texts("PILOT_DEPARTMENTS"),
            max_people=get.number("MAX_PEOPLE_PER_RUN", 200),
            window=get.value("SEND_WINDOW", tuple, _OFFICE_HOURS if self._production else ()),
        )
        if settings.sending == "pilot" and not (settings.pilot_group_id or settings.pilot_departments):
            get.problem("SENDING=pilot without PILOT_GROUP_ID or PILOT_DEPARTMENTS would tell nobody")
        return settings

    def _words(self) -> WordSettings:
        return WordSettings(
            org_name=self._get.text("ORG_NAME"),
            help_text=self._get.text("HELP_TEXT"),
            help_url=self._get.text("HELP_URL"),
            renew_url=self._get.text("RENEW_URL"),
        )

    def _service(self) -> ServiceSettings:
        get = self._get
        host = get.text("HOST", "0.0.0.0" if self._production else "127.0.0.1")  # noqa: S104 - the contract's default
        if not self._production and not is_loopback(host):
            get.problem(f"HOST={host}: the practice tenant lets anybody be anyone, so it listens on loopback only")
        state_dir = get.path("STATE_DIR") or Path("var")
        get.check_state_dir(state_dir, self._mode)
        database = get.secret("DATABASE_URL")
        return ServiceSettings(
            host=host,
            port=get.number("PORT", 3978),
            public_url=get.text("PUBLIC_URL"),
            database_url=database or Secret(f"sqlite+aiosqlite:///{(state_dir / 'steward.db').as_posix()}"),
            state_dir=state_dir,
            scan_at=get.value("SCAN_AT", time, time(6, 0)),
            time_zone=get.value("TIME_ZONE", ZoneInfo, ZoneInfo("UTC")),
            log_level=get.text("LOG_LEVEL", "INFO"),
            ca_file=get.outside_text("SSL_CERT_FILE"),
            metrics_token=get.secret("METRICS_TOKEN"),
            heartbeat_url=get.secret("HEARTBEAT_URL"),
        )


__all__ = [
    "OUTSIDE_NAMES", "ROLES", "SETTINGS", "Identity", "Mode", "Secret", "SettingDoc", "Settings", "claim_state_dir",
    "enter_practice", "from_environment", "load_settings", "process_environment",
]  # fmt: skip
