"""One role a process: what it serves, and what it must not even load."""

import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.support.environment import own_environment
from tests.whole.test_truth import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_the_bot_alone_loads_nothing_of_graph_and_ends_in_order(tmp_path: Path) -> None:
    environment = own_environment(STATE_DIR=str(tmp_path / "var"), PORT="0")
    loaded, said = tmp_path / "imports.txt", tmp_path / "said.txt"
    with loaded.open("wb") as errors, said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-X", "importtime", "app.py", "serve", "--only", "bot"],
            cwd=ROOT,
            env=environment,
            stdout=out,
            stderr=errors,
        )
    try:
        deadline = time.monotonic() + 90
        while not (found := re.search(r"Steward: (http://\S+)", said.read_text())) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert found, loaded.read_text()[-2000:]
        with urllib.request.urlopen(found[1] + "healthz", timeout=10) as answer:
            assert answer.status == 200
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)

    modules = {line.rpartition("|")[2].strip() for line in loaded.read_text().splitlines() if "import time:" in line}
    assert code == 0
    assert "botbuilder.core" in modules
    assert not {name for name in modules if name.partition(".")[0] in ("msgraph", "kiota_http", "scanner")}
