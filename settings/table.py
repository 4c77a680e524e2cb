"""Every setting of Steward, once: its name, type, default, one sentence, and how its text is read.

`config.py` reads the environment through this table, and docs/settings.md is generated from it
(`python dev.py docs`), so the two cannot part.
"""

from dataclasses import dataclass

from settings import values as v


@dataclass(frozen=True, kw_only=True)
class SettingDoc:
    """One setting."""

    name: str
    #: What may stand there, in words.
    type: str
    #: What holds when it is not set, in words.
    default: str
    #: What it does, one sentence.
    sentence: str
    group: str
    parse: v.Parser
    #: Never shown, and read from a file when NAME_FILE is set.
    secret: bool = False
    #: None: built. Otherwise the texts that may be set while the feature is missing.
    accepts: tuple[str, ...] | None = None
    #: What is missing, as a sentence; only with `accepts`.
    missing: str = ""
    #: '' or the mode in which alone it has an effect.
    only: str = ""


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Makes the rows of one section of the table."""

    name: str

    def row(
        self,
        name: str,
        type: str,
        default: str,
        sentence: str,
        parse: v.Parser,
        *,
        secret: bool = False,
        accepts: tuple[str, ...] | None = None,
        missing: str = "",
        only: str = "",
    ) -> SettingDoc:
        return SettingDoc(
            name=name,
            type=type,
            default=default,
            sentence=sentence,
            group=self.name,
            parse=parse,
            secret=secret,
            accepts=accepts,
            missing=missing,
            only=only,
        )


def _identity(group: _Group, prefix: str, whose: str, client_id_default: str, of: str) -> tuple[SettingDoc, ...]:
    """The credential names of azure-identity under one prefix."""
    instead = "" if prefix == "AZURE_" else ", under its own prefix"
    return (
        group.row(
            f"{prefix}TENANT_ID",
            "tenant id",
            "required in production" if prefix == "AZURE_" else "`AZURE_TENANT_ID`, and may be no other",
            f"The Entra tenant {whose}.",
            v.guid,
        ),
        group.row(f"{prefix}CLIENT_ID", "app id", client_id_default, f"The application that {of}.", v.guid),
        group.row(
            f"{prefix}CLIENT_SECRET",
            "secret",
            "-",
            f"Its client secret{instead}; for development.",
            v.text,
            secret=True,
        ),
        group.row(
            f"{prefix}CLIENT_CERTIFICATE_PATH",
            "file",
            "-",
            f"Its certificate with the private key (PEM or PFX), instead of a secret{instead}.",
            v.existing_file,
        ),
        group.row(
            f"{prefix}CLIENT_CERTIFICATE_PASSWORD", "secret", "-", "Opens that certificate.", v.text, secret=True
        ),
        group.row(
            f"{prefix}FEDERATED_TOKEN_FILE",
            "file",
            "-",
            f"Its workload identity's token, instead of a secret{instead}; with none of the three it is a managed"
            " identity.",
            v.existing_file,
        ),
    )


_AZURE = _Group(name="Identity for Graph and Logs")
_GRAPH = _Group(name="Graph")
_LOGS = _Group(name="Logs")
_BOT = _Group(name="Bot")
_SEPARATE = _Group(name="Separate identities")
_OWNERS = _Group(name="Owner changes")
_MAIL = _Group(name="Mail")
_PEOPLE = _Group(name="People")
_POLICY = _Group(name="Policy")
_LETTING_GO = _Group(name="Letting go")
_WORDS = _Group(name="Words")
_PRIVACY = _Group(name="Privacy")
_SERVICE = _Group(name="Service")

# fmt: off
SETTINGS: tuple[SettingDoc, ...] = (
    *_identity(_AZURE, "AZURE_", "that is watched",
        "required in production, except for a system-assigned managed identity",
        "reads Graph and writes the archive's tables"),
    _AZURE.row("AZURE_AUTHORITY_HOST", "https host", "`https://login.microsoftonline.com`",
        "Where tokens come from; another one in other clouds.", v.authority),
    # ------------------------------------------------------------ graph
    _GRAPH.row(
        "GRAPH_ENDPOINT", "https host", "`https://graph.microsoft.com`", "Microsoft Graph, without `/v1.0`.", v.origin),
    _GRAPH.row("DELTA_MINUTES", "minutes, 0 to 1440", "`15`",
        "How often Graph is asked between the daily scans what was renewed or deleted; 0 never.", v.number(0, 1440)),
    _GRAPH.row("GRAPH_BETA_LAST_USE", "on, off", "`off`",
        "Asks Graph's beta for the last use of each credential: global cloud only, and AuditLog.Read.All is needed.",
        v.on_off),
    _GRAPH.row("AUDIT_LOG", "on, off", "`off`",
        "Asks Entra's audit log who renewed or removed a credential; AuditLog.Read.All is needed.", v.on_off),
    # ------------------------------------------------------------ logs
    _LOGS.row("LOGS_INGESTION_ENDPOINT", "https host", "-",
        "The data collection endpoint, or the rule's own; with the next two it sends the archive to Log Analytics too.",
        v.origin),
    _LOGS.row("LOGS_DCR_ID", "immutable id", "-", "The data collection rule.", v.rule_id),
    _LOGS.row("LOGS_WORKSPACE_ID", "workspace id", "-", "The Log Analytics workspace that is queried.", v.guid),
    _LOGS.row("LOGS_QUERY_ENDPOINT", "https host", "`https://api.loganalytics.io`",
        "Where queries go, without `/v1`.", v.origin),
    # ------------------------------------------------------------ bot
    _BOT.row("MicrosoftAppId", "app id", "required in production", "The bot's application.", v.guid),
    _BOT.row("MicrosoftAppPassword", "secret", "-", "The bot's client secret.", v.text, secret=True),
    _BOT.row("MicrosoftAppCertificatePath", "file", "-",
        "The bot's certificate with its private key (PEM), instead of a secret.", v.existing_file),
    _BOT.row("MicrosoftAppType", "SingleTenant, UserAssignedMSI", "`SingleTenant`",
        "UserAssignedMSI needs neither secret nor certificate, so nothing of Steward's own expires.", v.app_type),
    _BOT.row("MicrosoftAppTenantId", "tenant id", "`AZURE_TENANT_ID`",
        "The bot's tenant, the only one whose messages are answered.", v.guid),
    _BOT.row("BOT_OPENID_METADATA_URL", "https URL",
        "`https://login.botframework.com/v1/.well-known/openidconfiguration`",
        "Where the keys stand that sign incoming messages; another one in other clouds.", v.url),
    _BOT.row("BOT_TOKEN_ISSUER", "https URL", "`https://api.botframework.com`",
        "Who must have issued the tokens of incoming messages.", v.url),
    _BOT.row("BOT_LOGIN_URL", "https URL", "`AZURE_AUTHORITY_HOST` and the bot's tenant",
        "Where the bot's own tokens come from; the tenant is added where the URL has no path.", v.url),
    _BOT.row("BOT_OAUTH_SCOPE", "https URL", "`https://api.botframework.com/.default`",
        "What the bot's tokens are for.", v.scope),
    _BOT.row("TEAMS_SERVICE_URL", "https URL", "`https://smba.trafficmanager.net/teams/`",
        "The Bot Connector for people who have not written yet; another one in other clouds.", v.url),
    _BOT.row("TEAMS_APP_ID", "catalogue id", "-",
        "Steward's id in the organisation's app catalogue; with it people who lack the app get it installed.",
        v.guid),
    _BOT.row("TRUSTED_SERVICE_HOSTS", "hosts", "Teams' clouds and the host of `TEAMS_SERVICE_URL`",
        "The only hosts that ever get the bot's token.", v.hosts),
    _BOT.row("SEND_PACE", "calls a second, 1 to 50", "`20`",
        "Bot Connector calls a second over all replicas, creates included.", v.number(1, 50)),
    _BOT.row("BOT_UNAUTHENTICATED", "off, loopback", "`off`",
        "`loopback` takes messages without a token, for the Agents Playground; only in the practice tenant, only"
        " on a loopback `HOST`.", v.choice("off", "loopback"), only="practice"),
    # ------------------------------------------------------------ separate identities
    *_identity(_SEPARATE, "OWNER_WRITE_", "whose owners are written", "- (without it Steward never writes an owner)",
        "may change the owners of apps"),
    *_identity(_SEPARATE, "MAIL_", "that sends mail", "the `AZURE_` identity", "may send as `MAIL_SENDER`"),
    *_identity(_SEPARATE, "INSTALL_", "in which the app is installed", "the `AZURE_` identity",
        "installs the Teams app; must be the manifest's webApplicationInfo.id"),
    # ------------------------------------------------------------ owner changes, mail
    _OWNERS.row("OWNER_CHANGES", "request, direct", "`request`",
        "Whether an admin approves each accepted nomination, or the acceptance is enough. Privileged apps always need an"
        " admin: see RoleManagement.Read.Directory in permissions.md.", v.choice("request", "direct")),
    _MAIL.row("MAIL_SENDER", "mailbox", "- (no e-mail)", "The mailbox that sends e-mail. Copies stand in"
        " its Sent Items: see the runbook.", v.mailbox),
    # ------------------------------------------------------------ people
    _PEOPLE.row("ADMIN_GROUP_ID", "group id", "-", "Its members are Steward's admins.", v.guid),
    _PEOPLE.row("ADMIN_USERS", "object ids", "-", "These people are Steward's admins.", v.guids),
    _PEOPLE.row("SUPPORT_GROUP_ID", "group id", "-", "Its members may read everything and change nothing.", v.guid),
    _PEOPLE.row("SUPPORT_USERS", "object ids", "-", "These people may read everything and change nothing.", v.guids),
    _PEOPLE.row("FALLBACK_RECIPIENTS", "object ids", "the admins", "Who is told when nobody else can be.", v.guids),
    # ------------------------------------------------------------ policy
    _POLICY.row("ALERT_DAYS", "days, descending", "`30,14,7`", "The stages: so many days before the end.", v.stages),
    _POLICY.row("SAML_ALERT_DAYS", "days, descending", "`ALERT_DAYS`", "The stages of SAML certificates.", v.stages),
    _POLICY.row("LAST_CALL_DAYS", "days, 0 never", "`1`", "With so many days left everyone is told once more.",
        v.number(0, 30)),
    _POLICY.row("ESCALATE_UNANSWERED", "last, never, or days", "`last`",
        "When a manager is told because nobody answered: with the last stage, or so many days before the end.",
        v.last_never_or_days),
    _POLICY.row("SNOOZE_MAX_DAYS", "days, 1 to 365", "`14`", "The longest snooze.", v.number(1, 365)),
    _POLICY.row("SNOOZE_FLOOR_DAYS", "days, 0 to 365", "`3`",
        "A snooze begun after the last stage ends so many days before the end.", v.number(0, 365)),
    _POLICY.row("DIGEST_AFTER", "notices, 1 to 100", "`3`",
        "More new notices than this for one person in one run become one digest.", v.number(1, 100)),
    _POLICY.row("LEAVER_GRACE_DAYS", "complete scans", "`3`",
        "After so many scans on so many days without a last owner the manager gets a handover card.", v.number(1, 30)),
    _POLICY.row(
        "HISTORY_DAYS", "days, 1 to 4383", "`730`", "How far back previous owners are looked for.", v.number(1, 4383)),
    # ------------------------------------------------------------ letting go
    _LETTING_GO.row("SENDING", "hold, pilot, on", "`hold` in production, `on` in practice",
        "Who is told: nobody until an admin says so, the pilot, or everybody; the command `go` overrides it.",
        v.choice("hold", "pilot", "on")),
    _LETTING_GO.row("PILOT_GROUP_ID", "group id", "-",
        "Under `pilot` its members are told; needs GroupMember.Read.All.", v.guid),
    _LETTING_GO.row("PILOT_DEPARTMENTS", "names", "-",
        "Under `pilot` people of these departments are told, as Entra spells them.", v.texts),
    _LETTING_GO.row("MAX_PEOPLE_PER_RUN", "people, 0 no brake", "`200`",
        "A run that would tell more tells the most urgent ones and holds the rest until an admin says `go all`.",
        v.number(0, 1_000_000)),
    _LETTING_GO.row("SEND_WINDOW", "days and hours, or always", "`Mon-Fri 08:00-18:00`, in practice `always`",
        "When people are told, in each one's own time zone; with three days or less left at once.", v.window),
    _LETTING_GO.row("SKIP_USERS", "object ids", "-", "These people are told nothing, on no path.", v.guids),
    _LETTING_GO.row("CONTACTS_FILE", "file", "-", "A CSV of app id and person (object id or address), asked before the fallback; read with every scan.",
        v.existing_file),
    # ------------------------------------------------------------ words, privacy
    _WORDS.row("ORG_NAME", "text", "-", "The organisation's name, at the foot of every card and e-mail.", v.text),
    _WORDS.row("HELP_TEXT", "text", "-", "Where to ask, at the foot of every card and e-mail.", v.text),
    _WORDS.row("HELP_URL", "https URL", "-", "A page that explains; the foot of every card leads there.", v.url),
    _WORDS.row("RENEW_URL", "https URL with {app_id}, {object_id}", "the app's page in Entra",
        "Your own page for renewing a credential.", v.url_template),
    _WORDS.row("DEFAULT_LANGUAGE", "en, de, fr", "`en`",
        "The language of cards and e-mails for people of whom neither Teams nor Graph says one that Steward speaks.",
        v.choice("en", "de", "fr")),
    _PRIVACY.row("PERSON_DATA", "names, ids", "`names`", "Whether the archive keeps names or object ids only.",
        v.choice("names", "ids"), accepts=("names",), missing="Leaving names out is not built yet."),
    _PRIVACY.row("READ_RECEIPTS", "on, off", "`off`", "Whether reading counts as seen, or only pressing does.",
        v.on_off),
    # ------------------------------------------------------------ service
    _SERVICE.row("STEWARD_MODE", "auto, practice, production", "`auto`",
        "`auto` starts the practice tenant if no `AZURE_`, `GRAPH_`, `LOGS_` or `MicrosoftApp` setting is"
        " present at all.", v.choice("auto", "practice", "production")),
    _SERVICE.row("PORT", "port, 0 any free one", "`3978`", "Where the service listens.", v.number(0, 65535)),
    _SERVICE.row("HOST", "address", "`0.0.0.0`, in practice `127.0.0.1`",
        "On which address it listens; in practice only a loopback one.", v.host),
    _SERVICE.row("PUBLIC_URL", "https URL", "-", "The service's address from outside.", v.own_url),
    _SERVICE.row("DATABASE_URL", "sqlite or postgresql URL", "an SQLite file in `STATE_DIR`",
        "The working state; several replicas need PostgreSQL.", v.database, secret=True),
    _SERVICE.row("STATE_DIR", "folder", "`./var`",
        "The archive's files and, by default, the database; practice and production never share one.", v.folder),
    _SERVICE.row("SCAN_AT", "HH:MM", "`06:00`", "When the daily scan starts, in `TIME_ZONE`.", v.time_of_day),
    _SERVICE.row(
        "TIME_ZONE", "IANA name", "`UTC`", "The zone of `SCAN_AT`, and of people whose own is unknown.", v.zone),
    _SERVICE.row("LOG_LEVEL", "DEBUG, INFO, WARNING, ERROR", "`INFO`", "What the log holds.",
        v.log_level),
    _SERVICE.row(
        "METRICS_TOKEN", "secret", "-", "Opens `/metrics` to callers that are not on this machine.", v.text, secret=True),
    _SERVICE.row("HEARTBEAT_URL", "https URL", "-",
        "Called every 15 minutes while all is well; withheld as soon as anything is not. http on loopback only.",
        v.url_or_loopback, secret=True),
    _SERVICE.row("APPLICATIONINSIGHTS_CONNECTION_STRING", "text", "-", "Sends traces and metrics to Azure Monitor.",
        v.text, secret=True, accepts=(), missing="Sending traces is not built yet."),
    _SERVICE.row("PRACTICE_APPS", "apps, 100 to 100000", "`300`", "The size of the practice tenant.",
        v.number(100, 100_000), only="practice"),
    _SERVICE.row("PRACTICE_SEED", "number", "`1`", "The same seed makes the same practice tenant.",
        v.number(0, 999_999_999), only="practice"),
)
# fmt: on

BY_NAME = {doc.name: doc for doc in SETTINGS}

#: Names that belong to TLS and proxies; libraries read them, so they count from `.env` as well.
OUTSIDE_NAMES = {
    "SSL_CERT_FILE": "The certificate authorities that all connections trust (PEM).",
    "SSL_CERT_DIR": "A folder of them.",
    "REQUESTS_CA_BUNDLE": "The same for libraries built on requests; set both to the same file.",
    "HTTPS_PROXY": "The proxy for all outgoing connections.",
    "NO_PROXY": "Hosts that are reached without it.",
}
