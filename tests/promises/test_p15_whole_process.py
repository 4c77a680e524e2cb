"""P15 for the whole process: killed in its migration it starts again, told to stop it ends in order, nobody gets twice."""

import re
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.launch import Practice
from tests.conftest import MakePractice
from tests.support.environment import own_environment
from tests.whole.serving import ROOT, eventually

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

APPS = 100
#: Seconds that the Bot Connector takes: many messages are under way when the signal comes.
SLOW = 2.0
ENOUGH = 5


@contextmanager
def steward(state_dir: Path) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    """Steward with all its roles, and what it says."""
    environment = own_environment(STATE_DIR=str(state_dir), PORT="0", PRACTICE_APPS=str(APPS))
    said = state_dir.parent / "said.txt"
    with said.open("wb") as out:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        yield process, said
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def accepted(practice: Practice) -> tuple[int, int]:
    """Messages that the Bot Connector took; and greetings that may be among them: who gets the app is answered so."""
    log: Any = practice.call("GET", "/control/requests")
    took = Counter(
        (each["service"], each["path"].rpartition("/")[2])
        for each in log["requests"]
        if each["method"] == "POST" and each["status"] == 201
    )
    return took["connector", "activities"], took["graph", "installedApps"]


def messages(state_dir: Path, condition: str) -> int:
    """Messages to Teams, updates of cards left out, in the database."""
    with closing(sqlite3.connect(f"file:{state_dir / 'steward.db'}?mode=ro", uri=True)) as database:
        count = "SELECT count(*) FROM deliveries WHERE channel = 'teams' AND json_extract(body, '$.card_id') = ''"
        return int(database.execute(f"{count} AND {condition}").fetchone()[0])


BEGUN = "state = 'sending' AND json_extract(body, '$.begun_at') IS NOT NULL"


def address(said: Path) -> str:
    found: re.Match[str] = eventually(lambda: re.search(r"Steward: (http://\S+)", said.read_text()))
    return found[1]


def test_p15_the_whole_process_starts_after_it_was_killed_in_its_migration_and_ends_in_order_in_mid_sending(
    make_practice: MakePractice, tmp_path: Path
) -> None:
    state_dir = tmp_path / "var"
    practice = make_practice(apps=APPS, state_dir=state_dir)
    practice.call("POST", "/control/latency", {"service": "connector", "seconds": SLOW})
    with steward(state_dir) as (process, _):
        while not (state_dir / "steward.db").exists():
            assert process.poll() is None
            time.sleep(0.002)
        process.kill()
        assert process.wait(30) == -signal.SIGKILL
    with steward(state_dir) as (process, said):
        with urllib.request.urlopen(address(said) + "readyz", timeout=10) as answer:
            assert answer.status == 200
        eventually(lambda: messages(state_dir, BEGUN) >= ENOUGH)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

    sent = messages(state_dir, "state = 'sent'")
    came, greetings = accepted(practice)
    assert sent <= came <= sent + greetings
    assert sent >= ENOUGH
    # What was not begun waits for the next worker; nobody has to ask whether it has arrived.
    assert messages(state_dir, "state = 'pending'") > 0
    assert messages(state_dir, "state = 'sending' OR json_extract(body, '$.unclear') > 0") == 0
