"""Steward as a stranger starts it: `python app.py` in practice mode, on a free port and an empty state directory."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

from tests.support.environment import own_environment

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 120


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Steward:
    """A running one, with calls to its practice routes."""

    def __init__(self, address, session):
        self.address = address
        self.session = session

    async def call(self, method, path, body=None):
        async with self.session.request(method, self.address + path, json=body) as response:
            text = await response.text()
            assert response.status == 200, f"{path}: {response.status} {text}"
            return json.loads(text)

    async def chat(self, name):
        return (await self.call("GET", f"/practice/as/{name}/chat"))["messages"]

    async def press(self, name, activity, verb, data):
        body = {"activity": activity, "verb": verb, "data": data}
        return await self.call("POST", f"/practice/as/{name}/invoke", body)

    async def card_about(self, name, text, *, seconds=60):
        """The newest message with a card that holds the text, waited for."""
        async with asyncio.timeout(seconds):
            while True:
                for message in reversed(await self.chat(name)):
                    if message["card"] is not None and text in json.dumps(message["card"], ensure_ascii=False):
                        return message
                await asyncio.sleep(0.3)


def action_in(card, verb):
    """The Action.Execute with this verb anywhere in a card."""
    waiting = [card]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict):
            if node.get("type") == "Action.Execute" and node.get("verb") == verb:
                return node
            waiting.extend(node.values())
    raise AssertionError(f"no button {verb}")


def _address(process):
    """The address line, '' when the process ended or took too long."""
    impatience = threading.Timer(START_SECONDS, process.kill)
    impatience.start()
    try:
        for line in process.stdout:
            if line.startswith("Steward: http://"):
                return line.strip().removeprefix("Steward: ").rstrip("/")
    finally:
        impatience.cancel()
    return ""


@contextmanager
def serving(folder):
    """Start it, hand out its address, and end it as Ctrl-C would."""
    environment = own_environment(PORT=str(free_port()), STATE_DIR=str(folder / "var"))
    log = folder / "steward.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        address = _address(process)
        assert address, log.read_text(encoding="utf-8", errors="replace")[-4000:]
        yield address
    finally:
        process.terminate()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
