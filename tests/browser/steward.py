"""Steward as a stranger starts it: `python app.py` in practice mode, on a free port and an empty state directory."""

import asyncio
import json
import os
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 120
#: What would make it another Steward than the one a stranger gets.
FOREIGN = ("AZURE_", "GRAPH_", "LOGS_", "Microsoft", "BOT_", "TEAMS_", "STEWARD_", "PRACTICE_", "STATE_DIR", "SSL_CERT", "REQUESTS_CA")


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


async def _address(process):
    async with asyncio.timeout(START_SECONDS):
        while line := await process.stdout.readline():
            text = line.decode().strip()
            if text.startswith("Steward: http://"):
                return text.removeprefix("Steward: ").rstrip("/")
    return ""


@asynccontextmanager
async def running_steward(folder):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    environment |= {"PORT": str(free_port()), "STATE_DIR": str(folder / "var")}
    log = folder / "steward.log"
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "app.py", cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=errors
        )
    try:
        address = await _address(process)
        assert address, log.read_text(encoding="utf-8", errors="replace")[-4000:]
        async with aiohttp.ClientSession() as session:
            yield Steward(address, session)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.communicate(), 30)
        except TimeoutError:
            process.kill()
            await process.communicate()
