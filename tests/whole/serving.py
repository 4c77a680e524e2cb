"""The whole product in its practice tenant, as a stranger starts it: `python app.py` on a free port."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sandbox.launch import Practice, start_or_attach
from store.store import open_store
from tests.support.environment import own_environment

ROOT = Path(__file__).resolve().parent.parent.parent


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


@contextmanager
def serving_in(folder: Path, *, apps: int = 300, **settings: str) -> Iterator[Serving]:
    """Start it with these settings, hand it out, and end it as an operator does; its log is shown if a check fails."""
    environment = own_environment(STATE_DIR=str(folder / "var"), PORT="0", PRACTICE_APPS=str(apps), **settings)
    said, log = folder / "said.txt", folder / "log.txt"
    with said.open("wb") as out, log.open("wb") as errors:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=out, stderr=errors)
    try:
        address = eventually(lambda: re.search(r"Steward: (http://\S+)/", said.read_text()))
        yield Serving(address[1], folder / "var", apps)
    except AssertionError:
        print(log.read_text()[-5000:])
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
