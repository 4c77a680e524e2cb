"""The practice tenant as a process: started, found again, ended with its parent, refused when it cannot be had."""

import json
import os
import signal
import ssl
import subprocess
import sys
import textwrap
import time
import urllib.error
from pathlib import Path

import httpx
import pytest

from sandbox.launch import LaunchError, start_or_attach

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = {
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "NO_PROXY",
    "AZURE_TENANT_ID",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "GRAPH_BETA_LAST_USE",
    "GRAPH_ENDPOINT",
    "LOGS_INGESTION_ENDPOINT",
    "LOGS_DCR_ID",
    "LOGS_WORKSPACE_ID",
    "LOGS_QUERY_ENDPOINT",
    "MicrosoftAppId",
    "MicrosoftAppPassword",
    "MicrosoftAppTenantId",
    "MicrosoftAppType",
    "BOT_OPENID_METADATA_URL",
    "BOT_TOKEN_ISSUER",
    "BOT_LOGIN_URL",
    "BOT_OAUTH_SCOPE",
    "TEAMS_SERVICE_URL",
    "TEAMS_APP_ID",
    "TRUSTED_SERVICE_HOSTS",
    "AUDIT_LOG",
    "OWNER_CHANGES",
    "MAIL_SENDER",
    "ADMIN_USERS",
    "FALLBACK_RECIPIENTS",
    "SENDING",
    "SEND_WINDOW",
    "ORG_NAME",
    "OWNER_WRITE_CLIENT_ID",
    "OWNER_WRITE_CLIENT_SECRET",
    "MAIL_CLIENT_ID",
    "MAIL_CLIENT_SECRET",
    "INSTALL_CLIENT_ID",
    "INSTALL_CLIENT_SECRET",
}


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").exists() else True


def gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_its_settings_are_complete_and_its_services_answer_over_tls(practice):
    assert set(practice.settings) == SETTINGS
    with httpx.Client(verify=ssl.create_default_context(cafile=practice.ca_file), trust_env=False) as client:
        assert client.get(practice.settings["GRAPH_ENDPOINT"] + "/v1.0/users").status_code == 401
        assert client.get(practice.settings["BOT_OPENID_METADATA_URL"]).status_code == 200
        assert client.post(practice.settings["TEAMS_SERVICE_URL"] + "v3/conversations").status_code == 401


def test_nobody_without_its_authority_trusts_it(practice):
    with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError):
        client.get(practice.settings["GRAPH_ENDPOINT"])


def test_it_is_found_again_ends_when_told_to_and_keeps_ports_and_secrets(make_practice, tmp_path):
    first, second = make_practice(apps=100), make_practice(apps=100)
    second.stop()
    assert (second.settings, second.process) == (first.settings, None)
    assert first.process.poll() is None

    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(20) == 0
    assert not (tmp_path / "practice" / "address.json").exists()

    assert make_practice(apps=100).settings == first.settings


def test_it_never_outlives_its_parent(tmp_path):
    program = textwrap.dedent(
        f"""
        import os, pathlib, sys
        sys.path.insert(0, {str(ROOT)!r})
        from sandbox.launch import start_or_attach
        tenant = start_or_attach(pathlib.Path({str(tmp_path)!r}), 100, 1)
        print(tenant.process.pid, flush=True)
        os.kill(os.getpid(), 9)
        """
    )
    parent = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)

    assert parent.returncode == -9
    assert gone_within(int(parent.stdout), 10)


def test_starting_reads_nothing_that_fixes_the_trusted_authorities(tmp_path):
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import sandbox.launch; print(sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    ).stdout

    assert not [name for name in ("aiohttp", "requests", "httpx", "msal", "trustme", "duckdb") if f"'{name}'" in loaded]


def test_another_size_is_refused_while_one_runs_and_afterwards(make_practice, tmp_path):
    tenant = make_practice(apps=100)
    with pytest.raises(LaunchError, match="has 100 apps and seed 1, asked for were 200 apps and seed 1"):
        start_or_attach(tmp_path, 200, 1)

    tenant.stop()
    with pytest.raises(LaunchError, match="use another STATE_DIR or delete the folder"):
        start_or_attach(tmp_path, 200, 1)


def test_other_numbers_are_refused_and_none_is_content_with_any(tmp_path):
    tenant = start_or_attach(tmp_path, 100, 1, enterprise=250, owners=40)
    try:
        attached = start_or_attach(tmp_path, 100, 1)
        with pytest.raises(
            LaunchError, match=r"seed 1, 250 enterprise, 40 owners, asked for .* seed 1, 300 enterprise"
        ):
            start_or_attach(tmp_path, 100, 1, enterprise=300)
    finally:
        tenant.stop()

    assert attached.control_url == tenant.control_url
    with pytest.raises(LaunchError, match="with owners=40, asked for was 50"):
        start_or_attach(tmp_path, 100, 1, owners=50)


def test_a_size_that_cannot_be_is_refused(tmp_path):
    with pytest.raises(LaunchError, match="at least 100 apps"):
        start_or_attach(tmp_path, 5, 1)


def test_an_address_that_leads_nowhere_is_passed_over(make_practice, tmp_path):
    folder = tmp_path / "practice"
    folder.mkdir()
    stale = {"pid": 1, "settings": {}, "control_url": "https://127.0.0.1:9", "token": "", "ca_file": "x"}
    (folder / "address.json").write_text(json.dumps(stale))

    assert make_practice(apps=100).process is not None


def test_two_that_start_at_once_share_one_tenant(tmp_path):
    program = textwrap.dedent(
        f"""
        import pathlib, sys
        sys.path.insert(0, {str(ROOT)!r})
        from sandbox.launch import start_or_attach
        tenant = start_or_attach(pathlib.Path({str(tmp_path)!r}), 100, 1)
        print(tenant.control_url, flush=True)
        sys.stdin.read()
        tenant.stop()
        """
    )
    command = [sys.executable, "-c", program]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        addresses = [each.stdout.readline() for each in both if each.stdout]
    finally:
        for each in both:
            each.communicate(timeout=30)

    assert addresses[0] == addresses[1]
    assert addresses[0].startswith("https://127.0.0.1:")


def test_a_change_ordered_at_the_control_endpoint_is_done_and_a_wrong_one_refused(make_practice):
    tenant = make_practice(apps=100)
    ada = tenant.settings["ADMIN_USERS"]

    tenant.call("POST", "/control/change", {"kind": "accountEnabled", "data": {"user": ada, "enabled": False}})
    with pytest.raises(urllib.error.HTTPError) as unknown:
        tenant.call("POST", "/control/change", {"kind": "rubbish", "data": {}})
    with pytest.raises(urllib.error.HTTPError) as malformed:
        tenant.call("POST", "/control/change", {"kind": "accountEnabled", "data": {}})

    with unknown.value, malformed.value:
        assert (unknown.value.code, malformed.value.code) == (400, 400)
    assert tenant.call("GET", "/control/truth")["people"][ada]["active"] is False


def test_load_orders_are_given_at_the_control_endpoint(make_practice):
    tenant = make_practice(apps=100)
    fault = {"path": "/v1.0/applications", "page": 2, "forms": ["429 date"], "probability": 0.1, "count": -1}

    assert tenant.call("POST", "/control/latency", {"service": "graph", "seconds": 0.05}) == {
        "latency": {"graph": 0.05}
    }
    assert tenant.call("POST", "/control/faults", fault) == {"faults": 1}
    ordered = tenant.call("GET", "/control/faults")["faults"]
    limits = tenant.call("POST", "/control/throttle", {"shared": True, "limit": 99, "forget": True})
    assert tenant.call("POST", "/control/tokens", {"uses": 40, "end": True}) == {"uses": 40}

    assert [(each["page"], each["forms"], each["met"]) for each in ordered] == [(2, ["429 date"], 0)]
    assert limits == tenant.call("GET", "/control/throttle")
    assert (limits["shared"], limits["limit"], limits["breaches"], limits["most_in_a_minute"]) == (True, 99, 0, {})
    for path, body in (
        ("/control/latency", {"service": "graph", "seconds": -1}),
        ("/control/throttle", {"limit": 0}),
        ("/control/tokens", {"uses": -1}),
        ("/control/faults", {"forms": ["earthquake"]}),
        ("/control/faults", {"change": {"kind": "rubbish"}}),
    ):
        with pytest.raises(urllib.error.HTTPError) as refused:
            tenant.call("POST", path, body)
        with refused.value:
            assert refused.value.code == 400, path
