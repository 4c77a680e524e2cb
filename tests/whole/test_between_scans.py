"""A card turns green without a daily scan: the whole product in its practice tenant, as a stranger starts it."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.launch import Practice, start_or_attach
from store.store import open_store
from tests.support.environment import own_environment
from tests.whole.test_truth import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


class Serving:
    """A running Steward, its practice routes and its tenant."""

    def __init__(self, address: str, state_dir: Path, apps: int = 300) -> None:
        self.address, self.state_dir = address, state_dir
        self.practice: Practice = start_or_attach(state_dir, apps, 1)

    def call(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, data=data, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def metrics(self) -> str:
        with urllib.request.urlopen(self.address + "/metrics", timeout=10) as answer:
            return str(answer.read().decode())

    def cards(self, name: str, text: str) -> list[str]:
        """The cards in somebody's chat that hold a text, as they stand now."""
        messages = self.call("GET", f"/practice/as/{name}/chat")["messages"]
        shown = (json.dumps(message["card"]) for message in messages if message["card"] is not None)
        return [card for card in shown if text in card]

    def asked(self, mark: int) -> tuple[int, list[str]]:
        """The requests to Graph since a mark, by path without query; and the mark now."""
        seen: Any = self.practice.call("GET", f"/control/requests?since={mark}")
        return seen["mark"], [one["path"].split("?")[0] for one in seen["requests"] if one["service"] == "graph"]

    async def alerts(self) -> dict[str, Any]:
        """App's display name -> its unclosed alert, and the number of scans under ''."""
        store = await open_store(f"sqlite+aiosqlite:///{(self.state_dir / 'steward.db').as_posix()}")
        async with store.reading() as tx:
            found: dict[str, Any] = {alert.application.display_name: alert for alert in await tx.alerts_unclosed()}
            found[""] = len(await tx.runs(10))
        await store.close()
        return found


def eventually(check: Callable[[], Any], seconds: float = 90) -> Any:
    """The first true value that the check returns."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.5)
    return found


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    environment = own_environment(STATE_DIR=str(tmp_path / "var"), PORT="0", DELTA_MINUTES="1")
    said, log = tmp_path / "said.txt", tmp_path / "log.txt"
    with said.open("wb") as out, log.open("wb") as errors:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=out, stderr=errors)
    try:
        address = eventually(lambda: re.search(r"Steward: (http://\S+)/", said.read_text()))
        yield Serving(address[1], tmp_path / "var")
    except AssertionError:
        print(log.read_text()[-3000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def renew(serving: Serving, alert: Any) -> None:
    where = {"object_id": alert.application.object_id, "key_id": alert.credential.key_id}
    serving.call("POST", "/practice/entra/renew", where)


async def test_renewed_in_entra_is_green_on_the_card_before_the_next_scan(serving: Serving) -> None:
    await asyncio.to_thread(eventually, lambda: serving.cards("ana", "Invoice Export"))
    alerts = await serving.alerts()
    renew(serving, alerts["Invoice Export"])
    # The first look comes by itself; it has no link yet and looks at every app that has an alert.
    before = serving.cards("ana", "Invoice Export")
    await asyncio.to_thread(eventually, lambda: serving.cards("ana", "Invoice Export") != before)
    assert "Invoice Export" not in await serving.alerts()

    # From then on the changes alone are asked for.
    others = [alert for name, alert in alerts.items() if name not in ("", "Invoice Export")][:3]
    for alert in others:
        if alert.application.type == "appRegistration":
            renew(serving, alert)
    mark, _ = serving.asked(0)
    looked = serving.call("POST", "/practice/look")
    mark, paths = serving.asked(mark)

    # A renewed app's other due credentials are superseded by the new one.
    found = looked["found"]
    assert found.pop("removed") == sum(alert.application.type == "appRegistration" for alert in others)
    assert found.keys() <= {"superseded"}
    # Who renewed the first one is asked by the clock, whatever else is asked.
    paths = [path for path in paths if "/auditLogs/" not in path]
    assert Counter(paths) == {"/v1.0/applications/delta": 1, "/v1.0/servicePrincipals/delta": 1}
    after = await serving.alerts()
    assert after[""] == 1
    assert not {alert.id for alert in others if alert.application.type == "appRegistration"} & {
        alert.id for name, alert in after.items() if name
    }
    assert serving.call("POST", "/practice/look")["found"] == {}

    # The next day's scan agrees: nothing of these comes back.
    run = serving.call("POST", "/practice/next-day")["run"]
    again = await serving.alerts()
    assert run["status"] == "succeeded"
    assert "Invoice Export" not in again
    assert 'steward_delta_polls_total{outcome="startedAnew",type="appRegistration"} 1.0' in serving.metrics()
