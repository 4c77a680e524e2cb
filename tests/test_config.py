"""Settings: what is read, what is refused, and that nothing wrong passes in silence."""

import dataclasses
import os
import re
import subprocess
import sys
from datetime import time
from pathlib import Path

import pytest

import config
from alerts.errors import SettingsError
from config import Mode, Secret, claim_state_dir, load_settings
from settings.table import SETTINGS


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    """The default STATE_DIR is relative: what Steward has left in a checkout must not decide a test."""
    monkeypatch.chdir(tmp_path)


ID = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"

#: The least that production accepts.
PRODUCTION = {
    "AZURE_TENANT_ID": ID,
    "AZURE_CLIENT_ID": ID,
    "AZURE_CLIENT_SECRET": "hush-azure",
    "MicrosoftAppId": ID,
    "MicrosoftAppPassword": "hush-bot",
    "ADMIN_USERS": ID,
}


def problems(**environ: str) -> list[str]:
    """What is wrong with an environment; [] when nothing is."""
    return _problems(environ, None)


def problems_of_file(file: Path) -> list[str]:
    return _problems({}, file)


def _problems(environ: dict[str, str], env_file: Path | None) -> list[str]:
    try:
        load_settings(environ, env_file, windows=False)
    except SettingsError as error:
        return error.problems
    return []


def production(**more: str) -> list[str]:
    return problems(**{**PRODUCTION, **more})


# ---------------------------------------------------------------- modes


def test_an_empty_environment_is_the_practice_tenant_on_loopback():
    settings = load_settings({}, None)

    assert settings.mode is Mode.PRACTICE
    assert settings.service.host == "127.0.0.1"
    assert settings.graph.identity is None


@pytest.mark.parametrize("name", ["AZURE_TENANT_ID", "GRAPH_ENDPOINT", "LOGS_DCR_ID", "MicrosoftAppId"])
def test_a_tenant_setting_that_came_out_empty_does_not_start_a_practice_tenant(name):
    found = problems(**{name: ""})

    assert any(problem.startswith("AZURE_TENANT_ID is missing") for problem in found)
    assert any(problem.startswith("MicrosoftAppId is missing") for problem in found)


def test_an_empty_secret_by_file_does_not_start_a_practice_tenant():
    assert problems(MicrosoftAppPassword_FILE="") != []


@pytest.mark.parametrize("left_out", sorted(PRODUCTION))
def test_each_half_present_production_names_what_is_missing(left_out):
    found = problems(**{name: value for name, value in PRODUCTION.items() if name != left_out})

    if left_out == "AZURE_CLIENT_SECRET":
        assert "AZURE_CLIENT_CERTIFICATE_PATH" in found[0]
    assert len(found) == 1
    assert left_out in found[0]


def test_complete_production_settings_pass():
    settings = load_settings(PRODUCTION, None)

    assert settings.mode is Mode.PRODUCTION
    assert settings.service.host == "0.0.0.0"
    assert settings.bot.tenant_id == ID
    assert settings.bot.login_url == f"https://login.microsoftonline.com/{ID}"
    assert settings.policy.alert_days == (30, 14, 7)
    assert settings.policy.saml_alert_days == (30, 14, 7)
    assert settings.service.scan_at == time(6, 0)
    assert settings.logs is None


def test_production_by_name_never_becomes_practice():
    found = problems(STEWARD_MODE="production")

    assert any("AZURE_TENANT_ID is missing" in problem for problem in found)


def test_practice_by_name_forgets_the_real_tenant_and_says_so():
    settings = load_settings({**PRODUCTION, "STEWARD_MODE": "practice"}, None)

    assert settings.mode is Mode.PRACTICE
    assert settings.bot.app_id == ""
    assert settings.bot.password is None
    assert "AZURE_CLIENT_SECRET" in settings.warnings[0]
    assert "hush" not in settings.warnings[0]


def test_the_bot_alone_needs_no_identity_for_graph():
    environ = {name: value for name, value in PRODUCTION.items() if not name.startswith("AZURE_")}
    settings = load_settings({**environ, "MicrosoftAppTenantId": ID}, None, roles={"bot"})

    assert settings.graph.identity is None


def test_the_bot_alone_must_know_its_tenant():
    environ = {name: value for name, value in PRODUCTION.items() if not name.startswith("AZURE_")}

    with pytest.raises(SettingsError, match="MicrosoftAppTenantId is missing"):
        load_settings(environ, None, roles={"bot"})


def test_a_managed_identity_needs_a_sign_of_it_unless_production_is_named():
    environ = {name: value for name, value in PRODUCTION.items() if name != "AZURE_CLIENT_SECRET"}

    assert len(problems(**environ)) == 1
    assert problems(**environ, STEWARD_MODE="production") == []
    assert problems(**environ, IDENTITY_ENDPOINT="http://169.254.1.1/token") == []


# ---------------------------------------------------------------- authentication is never off by mistake


@pytest.mark.parametrize("typo", ["MicrosoftAppID", "MicrosoftAppld", "MICROSOFTAPPID", "MicrosoftApp_Id"])
def test_a_misspelt_app_id_is_an_error_and_not_a_missing_one(typo):
    environ = {name: value for name, value in PRODUCTION.items() if name != "MicrosoftAppId"}
    found = problems(**environ, **{typo: ID})

    assert any(problem.startswith(typo) for problem in found)
    assert any(problem.startswith("MicrosoftAppId is missing") for problem in found)


@pytest.mark.parametrize("kind", ["MultiTenant", "singletenant", "SingleTennant", "None"])
def test_an_unknown_app_type_is_refused(kind):
    assert any(problem.startswith("MicrosoftAppType") for problem in production(MicrosoftAppType=kind))


def test_a_managed_bot_needs_no_password_and_refuses_one():
    environ = {name: value for name, value in PRODUCTION.items() if name != "MicrosoftAppPassword"}

    assert problems(**environ, MicrosoftAppType="UserAssignedMSI") == []
    assert "MicrosoftAppPassword" in production(MicrosoftAppType="UserAssignedMSI")[0]


def test_an_unauthenticated_endpoint_exists_only_in_practice_on_loopback():
    assert load_settings({"BOT_UNAUTHENTICATED": "loopback"}, None).bot.unauthenticated
    assert not load_settings({}, None).bot.unauthenticated
    assert problems(BOT_UNAUTHENTICATED="loopback", HOST="0.0.0.0") != []
    assert production(BOT_UNAUTHENTICATED="loopback") == ["BOT_UNAUTHENTICATED is for the practice tenant only"]
    assert production(BOT_UNAUTHENTICATED="off") == []
    assert problems(BOT_UNAUTHENTICATED="on") != []


def test_the_practice_tenant_listens_on_loopback_only():
    for host in ("0.0.0.0", "192.168.1.7", "::", "example.com"):
        assert any(problem.startswith(f"HOST={host}") for problem in problems(HOST=host))
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        assert problems(HOST=host) == []


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GRAPH_ENDPIONT", "GRAPH_ENDPOINT"),
        ("ALERTDAYS", "ALERT_DAYS"),
        ("ADMIN_USER", "ADMIN_USERS"),
        ("AZURE_TENANT", "AZURE_TENANT_ID"),
        ("alert_days", "ALERT_DAYS"),
        ("STATE_DIRS", "STATE_DIR"),
        ("METRIC_TOKEN", "METRICS_TOKEN"),
    ],
)
def test_a_misspelt_name_is_an_error_that_names_the_right_one(name, meant):
    assert problems(**{name: "x"}) == [f"{name} is no setting; did you mean {meant}?"]


@pytest.mark.parametrize("name", ["STEWARD_COLOUR", "GRAPH_VERSION", "PRACTICE_PEOPLE", "OWNER_WRITE_ALWAYS"])
def test_an_unknown_name_with_a_prefix_of_ours_is_an_error(name):
    assert len(problems(**{name: "x"})) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STEWARD_SERVICE_HOST", "10.0.0.1"),
        ("STEWARD_SERVICE_PORT_HTTP", "3978"),
        ("STEWARD_PORT", "tcp://10.0.0.1:3978"),
        ("STEWARD_PORT_3978_TCP_ADDR", "10.0.0.1"),
        ("APPSETTING_MicrosoftAppId", ID),
        ("LOGS_DIRECTORY", "/var/log/steward"),
        ("STATE_DIRECTORY", "/var/lib/steward"),
        ("AZURE_CONFIG_DIR", "/home"),
        ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "true"),
        ("HOSTNAME", "pod-1"),
        ("PATH", "/bin"),
        ("POST", "x"),
    ],
)
def test_names_of_the_platform_are_left_alone(name, value):
    assert load_settings({name: value}, None).mode is Mode.PRACTICE


def test_windows_hands_names_over_in_upper_case():
    upper = {name.upper(): value for name, value in PRODUCTION.items()}

    assert load_settings(upper, None, windows=True).bot.app_id == ID
    assert problems(**upper) != []


# ---------------------------------------------------------------- values

WRONG = [
    ("GRAPH_ENDPOINT", "https://graph.microsoft.com/v1.0"),
    ("GRAPH_ENDPOINT", "http://graph.microsoft.com"),
    ("GRAPH_ENDPOINT", "graph.microsoft.com"),
    ("GRAPH_ENDPOINT", "https://"),
    ("GRAPH_ENDPOINT", "https://host:99999"),
    ("GRAPH_ENDPOINT", "https://me:pass@graph.microsoft.com"),
    ("LOGS_QUERY_ENDPOINT", "https://api.loganalytics.io/v1"),
    ("AZURE_TENANT_ID", "contoso"),
    ("AZURE_AUTHORITY_HOST", "http://login.microsoftonline.com"),
    ("BOT_OPENID_METADATA_URL", "http://127.0.0.1/keys"),
    ("TEAMS_SERVICE_URL", "http://smba.trafficmanager.net/teams/"),
    ("TRUSTED_SERVICE_HOSTS", "*.botframework.com"),
    ("TRUSTED_SERVICE_HOSTS", "https://smba.trafficmanager.net"),
    ("TRUSTED_SERVICE_HOSTS", "a.com,,b.com"),
    ("SEND_PACE", "0"),
    ("SEND_PACE", "51"),
    ("SEND_PACE", "fast"),
    ("ALERT_DAYS", "7,14,30"),
    ("ALERT_DAYS", "30,30,7"),
    ("ALERT_DAYS", "30,7,0"),
    ("ALERT_DAYS", "30,-7"),
    ("ALERT_DAYS", "30;7"),
    ("ALERT_DAYS", "30,7,"),
    ("SAML_ALERT_DAYS", "60,60"),
    ("ADMIN_USERS", f"{ID},ada@contoso.com"),
    ("MAIL_SENDER", "steward"),
    ("RENEW_URL", "https://x/{app}"),
    ("RENEW_URL", "https://x/{app_id"),
    ("HELP_URL", "javascript:alert(1)"),
    ("PORT", "65536"),
    ("SCAN_AT", "6:00"),
    ("SCAN_AT", "24:00"),
    ("TIME_ZONE", "Berlin"),
    ("TIME_ZONE", "../etc/passwd"),
    ("LOG_LEVEL", "verbose"),
    ("OWNER_CHANGES", "off"),
    ("DATABASE_URL", "mysql://host/db"),
    ("LOGS_DCR_ID", "/subscriptions/1/dataCollectionRules/x"),
    ("AZURE_CLIENT_CERTIFICATE_PATH", "not-there.pem"),
    ("PUBLIC_URL", "http://steward.contoso.com"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_named(name, value):
    assert any(problem.startswith(name) for problem in production(**{name: value}))


def test_all_mistakes_are_named_at_once():
    found = production(ALERT_DAYS="7,14", SEND_PACE="0", GRAPH_ENDPIONT="x", DELTA_MINUTES="1441", TIME_ZONE="Mars")

    assert len(found) == 5


def test_values_arrive_typed():
    settings = load_settings(
        {
            **PRODUCTION,
            "AZURE_AUTHORITY_HOST": "login.microsoftonline.us",
            "GRAPH_ENDPOINT": "https://graph.microsoft.us/",
            "ALERT_DAYS": "60, 30,7",
            "SAML_ALERT_DAYS": "90,45",
            "ADMIN_USERS": f"{ID.upper()}, {OTHER},{ID}",
            "TEAMS_SERVICE_URL": "https://Teams.Example:8443/teams/",
            "BOT_LOGIN_URL": "https://login.example",
            "BOT_OAUTH_SCOPE": "https://api.botframework.us",
            "DATABASE_URL": "postgres://u:p@db/steward",
            "TIME_ZONE": "Europe/Berlin",
            "SCAN_AT": "04:30",
        },
        None,
    )

    assert settings.graph.endpoint == "https://graph.microsoft.us"
    assert settings.graph.identity is not None
    assert settings.graph.identity.authority_host == "https://login.microsoftonline.us"
    assert settings.policy.alert_days == (60, 30, 7)
    assert settings.policy.saml_alert_days == (90, 45)
    assert settings.people.admin_users == (ID, OTHER)
    assert settings.bot.trusted_hosts[-1] == "teams.example:8443"
    assert settings.bot.login_url == f"https://login.example/{ID}"
    assert settings.bot.oauth_scope == "https://api.botframework.us/.default"
    assert settings.service.database_url == Secret("postgresql+asyncpg://u:p@db/steward")
    assert settings.service.time_zone.key == "Europe/Berlin"
    assert settings.service.scan_at == time(4, 30)


def test_last_use_is_asked_for_in_the_global_cloud_only():
    wanted = {**PRODUCTION, "GRAPH_BETA_LAST_USE": "on"}
    national = load_settings({**wanted, "GRAPH_ENDPOINT": "https://graph.microsoft.us"}, None)

    assert not load_settings(PRODUCTION, None).graph.last_use
    assert load_settings(wanted, None).graph.last_use
    assert not national.graph.last_use
    assert any("GRAPH_BETA_LAST_USE" in warning for warning in national.warnings)


def test_saml_stages_follow_the_others_unless_set():
    settings = load_settings({**PRODUCTION, "ALERT_DAYS": "60,7"}, None)

    assert settings.policy.saml_alert_days == (60, 7)


# ---------------------------------------------------------------- letting go


def test_production_holds_until_an_admin_lets_go_and_then_tells_in_office_hours_with_a_brake():
    sending = load_settings(PRODUCTION, None).sending

    assert (sending.sending, sending.max_people) == ("hold", 200)
    assert sending.window == tuple((day, 8 * 60, 18 * 60) for day in range(5))


def test_the_practice_tenant_tells_everybody_at_any_hour_unless_told_otherwise():
    assert (load_settings({}, None).sending.sending, load_settings({}, None).sending.window) == ("on", ())
    assert load_settings({"SENDING": "hold"}, None).sending.sending == "hold"


WINDOWS = [
    ("always", ()),
    ("Always", ()),
    ("Mon-Fri 08:00-18:00", tuple((day, 480, 1080) for day in range(5))),
    ("mon,wed 09:00 - 12:30", ((0, 540, 750), (2, 540, 750))),
    ("Sat 09:00-12:00; Sun 10:00-11:00", ((5, 540, 720), (6, 600, 660))),
    ("Fri-Mon 00:00-24:00", ((0, 0, 1440), (4, 0, 1440), (5, 0, 1440), (6, 0, 1440))),
    ("Fri 22:00-06:00", ((4, 1320, 1800),)),
]


@pytest.mark.parametrize(("text", "hours"), WINDOWS)
def test_a_window_is_days_and_hours_and_may_go_over_midnight_and_the_weekend(text, hours):
    assert load_settings({**PRODUCTION, "SEND_WINDOW": text}, None).sending.window == hours


@pytest.mark.parametrize(
    "text",
    ["never", "Mon-Fri", "08:00-18:00", "Mon-Fri 8-18", "Mon-Fry 08:00-18:00", "Mon 25:00-26:00", "Mon 08:60-09:00",
     "Mon 08:00-08:00", "Mon 24:00-08:00", "Mon 08:00-18:00;", "Mon-Tue-Wed 08:00-18:00", "Mon 24:30-25:00"],
)  # fmt: skip
def test_a_window_that_is_none_is_a_mistake(text):
    assert [problem.startswith("SEND_WINDOW must be always") for problem in production(SEND_WINDOW=text)] == [True]


def test_a_pilot_needs_somebody_in_it():
    assert production(SENDING="pilot") == [
        "SENDING=pilot without PILOT_GROUP_ID or PILOT_DEPARTMENTS would tell nobody"
    ]
    assert production(SENDING="pilot", PILOT_DEPARTMENTS="IT, Finance") == []
    assert production(SENDING="pilot", PILOT_GROUP_ID=ID) == []


# ---------------------------------------------------------------- what is not built

UNBUILT = [
    ("PERSON_DATA", "ids", "names"),
    ("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=1", ""),
]


@pytest.mark.parametrize(("name", "wanted", "allowed"), UNBUILT)
def test_a_setting_whose_feature_is_missing_refuses_to_change_nothing(name, wanted, allowed):
    assert any(problem.startswith(name) and "so far" in problem for problem in production(**{name: wanted}))
    assert production(**{name: allowed}) == ([] if allowed or name not in PRODUCTION else [name])


def test_the_list_of_unbuilt_settings_is_complete():
    listed = {name for name, _, _ in UNBUILT}

    assert listed == {doc.name for doc in SETTINGS if doc.accepts is not None}


def test_a_setting_of_the_practice_tenant_is_refused_in_production():
    assert production(PRACTICE_APPS="300") == ["PRACTICE_APPS is for the practice tenant only"]


# ---------------------------------------------------------------- identities


def test_a_separate_identity_stands_under_its_own_prefix():
    settings = load_settings(
        {
            **PRODUCTION,
            "OWNER_WRITE_CLIENT_ID": OTHER,
            "OWNER_WRITE_CLIENT_SECRET": "hush-owner",
            "MAIL_SENDER": "steward@contoso.com",
        },
        None,
    )

    assert settings.owners.write_identity is not None
    assert settings.owners.write_identity.client_id == OTHER
    assert settings.owners.write_identity.tenant_id == ID
    assert settings.mail is not None
    assert settings.mail.identity == settings.graph.identity
    assert any("MAIL_CLIENT_ID" in warning for warning in settings.warnings)


def test_owners_are_never_written_with_the_identity_that_reads():
    assert load_settings(PRODUCTION, None).owners.write_identity is None


@pytest.mark.parametrize(
    "more",
    [
        {"OWNER_WRITE_CLIENT_SECRET": "x"},
        {"OWNER_WRITE_CLIENT_ID": OTHER},
        {"OWNER_WRITE_CLIENT_ID": OTHER, "OWNER_WRITE_CLIENT_SECRET": "x", "OWNER_WRITE_TENANT_ID": OTHER},
        {"MAIL_CLIENT_ID": OTHER, "MAIL_CLIENT_SECRET": "x"},
        {"INSTALL_CLIENT_ID": OTHER, "INSTALL_CLIENT_SECRET": "x"},
        {"AZURE_CLIENT_CERTIFICATE_PASSWORD": "x"},
        {"AZURE_FEDERATED_TOKEN_FILE": __file__},
        {"MicrosoftAppCertificatePath": __file__},
    ],
)
def test_a_half_or_doubled_identity_is_an_error(more):
    assert len(production(**more)) == 1


@pytest.mark.parametrize("given", ["LOGS_INGESTION_ENDPOINT", "LOGS_DCR_ID", "LOGS_WORKSPACE_ID"])
def test_half_of_log_analytics_names_the_other_half(given):
    value = {"LOGS_INGESTION_ENDPOINT": "https://x.ingest.monitor.azure.com", "LOGS_DCR_ID": "dcr-1"}.get(given, ID)

    assert len(production(**{given: value})) == 2


# ---------------------------------------------------------------- secrets


def test_secrets_never_show_themselves():
    secrets = {doc.name: f"hush-{doc.name}" for doc in SETTINGS if doc.secret and doc.accepts is None}
    secrets["DATABASE_URL"] = "postgresql://steward:hush-db@db/steward"
    secrets["HEARTBEAT_URL"] = "https://alive.example/hush-beat"
    environ = {**PRODUCTION, **secrets, "AZURE_CLIENT_CERTIFICATE_PASSWORD": "", "OWNER_WRITE_CLIENT_ID": OTHER}
    environ |= {name: "" for name in secrets if name.endswith("_CERTIFICATE_PASSWORD")}
    environ |= {"MAIL_CLIENT_ID": OTHER, "MAIL_SENDER": "a@b.c", "INSTALL_CLIENT_ID": OTHER, "TEAMS_APP_ID": OTHER}
    settings = load_settings(environ, None)

    assert settings.service.database_url.reveal().endswith("hush-db@db/steward")
    for shown in (repr(settings), str(settings), f"{settings}", repr(dataclasses.asdict(settings))):
        assert "hush" not in shown


@pytest.mark.parametrize("doc", [doc for doc in SETTINGS if doc.secret], ids=lambda doc: doc.name)
def test_a_malformed_secret_is_named_and_not_repeated(doc):
    assert not any("hush" in problem for problem in production(**{doc.name: "ftp://hush"}))


def test_a_secret_is_read_from_a_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text("  from-file\n", encoding="utf-8")
    environ = {**PRODUCTION, "MicrosoftAppPassword": "", "MicrosoftAppPassword_FILE": str(file)}

    assert load_settings(environ, None).bot.password == Secret("from-file")


def test_a_secret_file_that_is_missing_empty_or_doubled_is_an_error(tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("\n", encoding="utf-8")

    assert any("cannot be read" in problem for problem in problems(METRICS_TOKEN_FILE=str(tmp_path / "no")))
    assert any("empty" in problem for problem in problems(METRICS_TOKEN_FILE=str(empty)))
    assert any("both set" in problem for problem in problems(METRICS_TOKEN_FILE=__file__, METRICS_TOKEN="x"))


def test_only_secrets_are_read_from_files():
    assert problems(ORG_NAME_FILE="x") == ["ORG_NAME_FILE: only secrets are read from a file; set ORG_NAME itself"]


# ---------------------------------------------------------------- .env


def test_the_environment_goes_before_the_file(tmp_path):
    file = tmp_path / ".env"
    file.write_text("ORG_NAME='Contoso $HOME'\nPORT=4000\n# a comment\nexport HELP_TEXT=IT\n", encoding="utf-8-sig")
    settings = load_settings({"PORT": "5000"}, file)

    assert settings.words.org_name == "Contoso $HOME"
    assert settings.words.help_text == "IT"
    assert settings.service.port == 5000


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("ORG_NAME Contoso\n", "line 1"),
        ("PORT=1\nORG_NAME\n", "line 2"),
        ("PORT=1\nPORT=2\n", "line 2"),
        ("ORG_NAME='open\n", "line 1"),
        ("GRAPH_ENDPIONT=x\n", "GRAPH_ENDPIONT"),
    ],
)
def test_a_line_that_cannot_be_read_is_an_error(tmp_path, content, named):
    file = tmp_path / ".env"
    file.write_text(content, encoding="utf-8")

    assert any(named in problem for problem in problems_of_file(file))


def test_a_missing_file_is_no_mistake(tmp_path):
    assert problems_of_file(tmp_path / ".env") == []


def test_the_authorities_are_known_wherever_they_are_set(tmp_path):
    file = tmp_path / ".env"
    file.write_text("SSL_CERT_FILE=/file.pem\n", encoding="utf-8")

    assert load_settings({}, None).service.ca_file == ""
    assert load_settings({}, file).service.ca_file == "/file.pem"
    assert load_settings({"SSL_CERT_FILE": "/own.pem"}, file).service.ca_file == "/own.pem"


def test_tls_names_of_the_file_enter_the_environment(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("SSL_CERT_FILE=/ca.pem\nREQUESTS_CA_BUNDLE=/ca.pem\n", encoding="utf-8")
    monkeypatch.setattr(config, "__file__", str(tmp_path / "config.py"))
    monkeypatch.setattr(os, "environ", {"REQUESTS_CA_BUNDLE": "/own.pem"})
    config.from_environment()

    assert config.process_environment({"X": "1"}) == {
        "SSL_CERT_FILE": "/ca.pem",
        "REQUESTS_CA_BUNDLE": "/own.pem",
        "X": "1",
    }


# ---------------------------------------------------------------- the process


@pytest.mark.parametrize("command", ["serve", "scan", "audit"])
def test_the_process_names_every_mistake_and_ends_with_2_before_anything_is_started(tmp_path, command):
    environ = {name: value for name, value in os.environ.items() if name in {"PATH", "SYSTEMROOT"}}
    environ |= {"STATE_DIR": str(tmp_path / "var"), "GRAPH_ENDPIONT": "x", "ALERT_DAYS": "7,14", "PORT": "high"}
    app = Path(config.__file__).with_name("app.py")
    done = subprocess.run([sys.executable, app, command], env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stdout == ""
    for name in ("GRAPH_ENDPIONT", "ALERT_DAYS", "PORT"):
        assert any(name in line for line in done.stderr.splitlines())
    assert not (tmp_path / "var").exists()


# ---------------------------------------------------------------- the state folder


def test_practice_and_production_never_share_a_state_folder(tmp_path):
    folder = str(tmp_path / "var")
    first = claim_state_dir(load_settings({"STATE_DIR": folder}, None))

    assert claim_state_dir(load_settings({"STATE_DIR": folder}, None)) == first
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert any("has been used in practice" in problem for problem in production(STATE_DIR=folder))

    other = str(tmp_path / "other")
    claim_state_dir(load_settings({**PRODUCTION, "STATE_DIR": other}, None))

    assert any("has been used in production" in problem for problem in problems(STATE_DIR=other))


def test_a_folder_that_the_other_mode_claimed_meanwhile_is_refused(tmp_path):
    folder = str(tmp_path)
    practice = load_settings({"STATE_DIR": folder}, None)
    claim_state_dir(load_settings({**PRODUCTION, "STATE_DIR": folder}, None))

    with pytest.raises(SettingsError, match="production"):
        claim_state_dir(practice)


def test_a_damaged_mark_is_an_error(tmp_path):
    (tmp_path / "steward-state.json").write_text("{", encoding="utf-8")

    assert any("cannot be read" in problem for problem in problems(STATE_DIR=str(tmp_path)))
