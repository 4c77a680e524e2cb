"""`python app.py scan` against the practice tenant, compared with what the tenant itself knows to be true."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.launch import Practice, start_or_attach
from store.store import open_store
from tests.support.environment import own_environment

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def app(state_dir: Path, *arguments: str, code: int = 0, **settings: str) -> Any:
    """Run one command of app.py as an operator does; its JSON answer."""
    environment = own_environment(STATE_DIR=str(state_dir), **settings)
    done = subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert code == done.returncode, done.stderr[-3000:]
    return json.loads(done.stdout) if "--json" in arguments else done.stdout


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole") / "var"


@pytest.fixture(scope="module")
def practice(state_dir: Path):
    # The folder must be the practice mode's before its tenant stands in it.
    app(state_dir, "audit", "--json")
    tenant = start_or_attach(state_dir, 300, 1)
    yield tenant
    tenant.stop()


@pytest.fixture(scope="module")
def scanned(state_dir: Path, practice: Practice) -> tuple[dict[str, Any], dict[str, Any]]:
    """(report of the first scan, truth of that moment)."""
    report = app(state_dir, "scan", "--json")
    truth = practice.call("GET", "/control/truth")
    assert isinstance(truth, dict)
    return report, truth


def rows_of(state_dir: Path, run_id: str) -> list[dict[str, Any]]:
    files = str(state_dir / "archive" / "**" / "*.parquet")
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT * FROM read_parquet(?, union_by_name=true, filename=false) WHERE RunId = ? AND CredentialType <> ''",
            [files, run_id],
        )
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


async def test_every_credential_has_one_record_with_the_right_days_path_and_owner(
    state_dir: Path, scanned: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    report, truth = scanned
    rows = {(row["ApplicationObjectId"], row["CredentialKeyId"]): row for row in rows_of(state_dir, report["run_id"])}
    wanted = {(a["object_id"], c["key_id"]): (a, c) for a in truth["apps"] for c in a["credentials"]}

    assert wanted.keys() == rows.keys()
    assert report["credentials"] == len(rows) == len(rows_of(state_dir, report["run_id"]))
    for key, (application, credential) in wanted.items():
        row = rows[key]
        expected = (
            credential["days"],
            application["path"],
            credential["type"],
            credential["usage"],
            len(application["owners"]),
        )
        actual = (
            row["SecretExpiresDays"],
            row["EscalationPath"],
            row["CredentialType"],
            row["CredentialUsage"],
            len(json.loads(row["Owners"])),
        )
        assert expected == actual, application["case"]
        assert (application["counting_owners"] or [""])[0] == row["OwnerId"], application["case"]
        if application["proof"] is not None:
            assert application["proof"][:10] == row["PreviousOwnerSeenDate"].isoformat()[:10], application["case"]


async def test_every_alerted_credential_reaches_exactly_the_people_it_must(
    state_dir: Path, scanned: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    report, truth = scanned
    store = await open_store(f"sqlite+aiosqlite:///{(state_dir / 'steward.db').as_posix()}")
    async with store.reading() as tx:
        alerts = {alert.key: alert for alert in await tx.alerts_unclosed()}
        told: dict[tuple[str, str], set[str]] = {key: set() for key in alerts}
        for notice in await tx.notices([alert.id for alert in alerts.values()]):
            told[next(key for key, alert in alerts.items() if alert.id == notice.alert_id)].add(notice.recipient_id)
    await store.close()
    due = {(a["object_id"], c["key_id"]): (a, c) for a in truth["apps"] for c in a["credentials"] if c["due"]}

    assert due.keys() == alerts.keys()
    assert report["due"] == len(due)
    for key, (application, credential) in due.items():
        stage = alerts[key].stage
        if credential["alerted"] and stage is not None:
            # With a day left it is the last call, which the fallback hears too.
            called = set(truth["fallback"]) if 0 <= credential["days"] <= 1 else set()
            assert set(application["recipients"]) | called == told[key], application["case"]
        elif not credential["superseded_by"]:
            assert set() == told[key], application["case"]


async def test_a_second_scan_on_the_same_day_queues_nothing(
    state_dir: Path, scanned: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    first, _ = scanned
    second = app(state_dir, "scan", "--json")

    assert first["notices_queued"] > 0
    assert 0 == second["notices_queued"]
    assert (first["credentials"], first["due"]) == (second["credentials"], second["due"])


async def test_the_audit_adds_up(state_dir: Path, scanned: tuple[dict[str, Any], dict[str, Any]]) -> None:
    report, _ = scanned
    audit = app(state_dir, "audit", "--json")

    assert (report["due"], 0) == (audit["due"], audit["difference"])
    assert report["due"] == sum(audit["states"].values()) == len(audit["credentials"])
    assert all(line["next_step"] for line in audit["credentials"])


def test_wrong_settings_are_all_named_at_once_with_exit_code_2(tmp_path: Path) -> None:
    environment = own_environment(STATE_DIR=str(tmp_path / "var"), ALERT_DAYS="7,30", PORT="many", MicrosoftAppTyp="x")
    done = subprocess.run(
        [sys.executable, "app.py", "scan"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert 2 == done.returncode
    for name in ("ALERT_DAYS", "PORT", "MicrosoftAppTyp"):
        assert name in done.stderr


def test_the_package_holds_a_manifest_and_two_icons(tmp_path: Path) -> None:
    out = tmp_path / "steward.zip"
    app(tmp_path / "var", "package", "--out", str(out))

    assert out.stat().st_size > 1000
