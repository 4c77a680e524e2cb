"""Silence is noticed by the running product: readiness, metrics, the admin's chat, and a heartbeat that stays away."""

import re
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.whole.serving import Serving, eventually, serving_in

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class Beats:
    """Whoever watches Steward from outside: counts the calls."""

    def __init__(self) -> None:
        self.count = 0
        beats = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                beats.count += 1
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping"


@pytest.fixture
def beats() -> Iterator[Beats]:
    made = Beats()
    yield made
    made.server.shutdown()


@pytest.fixture
def serving(tmp_path: Path, beats: Beats) -> Iterator[Serving]:
    with serving_in(tmp_path, HEARTBEAT_URL=beats.url) as steward:
        yield steward


def ready(serving: Serving) -> tuple[int, dict[str, object]]:
    with urllib.request.urlopen(serving.address + "/readyz", timeout=10):
        pass
    return 200, serving.call("GET", "/readyz")


def gauge(serving: Serving, name: str) -> float | None:
    found = re.search(rf"^{re.escape(name)} (\S+)$", serving.metrics(), re.MULTILINE)
    return float(found[1]) if found else None


def test_a_scan_that_fails_is_seen_everywhere_and_gone_everywhere_once_it_succeeds(
    serving: Serving, beats: Beats
) -> None:
    eventually(lambda: serving.cards("ana", "Invoice Export"))
    eventually(lambda: (gauge(serving, "steward_ledger_due") or 0) > 0)
    eventually(lambda: beats.count)
    assert ready(serving) == (200, {"ready": True, "problems": [], "broken_promises": []})
    assert gauge(serving, "steward_ledger_difference") == 0
    assert gauge(serving, 'steward_promise_kept{promise="P8"}') == 1

    fault = {"service": "graph", "path": "/v1.0/applications", "count": -1, "status": 403, "body": "{}"}
    serving.practice.call("POST", "/control/faults", fault)
    run = serving.call("POST", "/practice/next-day")["run"]
    kind = {"failed": "scanFailed", "partial": "scanPartial"}[run["status"]]
    (card,) = eventually(lambda: serving.cards("ada", "What to do"))
    withheld_from = beats.count
    assert "since" in card
    assert ready(serving) == (200, {"ready": True, "problems": [kind], "broken_promises": ["P8"]})
    assert gauge(serving, f'steward_problem{{problem="{kind}"}}') == 1
    assert gauge(serving, 'steward_promise_kept{promise="P8"}') == 0
    assert beats.count == withheld_from

    serving.practice.call("DELETE", "/control/faults")
    assert serving.call("POST", "/practice/next-day")["run"]["status"] == "succeeded"
    (card,) = eventually(lambda: serving.cards("ada", "Over: "))
    eventually(lambda: beats.count > withheld_from)
    assert ready(serving)[1]["problems"] == []
