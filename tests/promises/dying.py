"""A replica that dies at an exact point: scans a small tenant, sends its messages, and kills itself at one commit.

Run as a module it has everything loaded, and forks one such replica for each line that it reads (JSON, see `Life`); it
answers with the replica's process id, and with its exit status and the commits it made once it has ended.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bot.connector import Brakes, Connector
from bot.hosts import ServiceHosts
from bot.pace import Turnstile
from bot.wire import Wire
from store.shared_pace import StoredPace
from tests.alerts.world import World
from tests.bot.channel import APP_ID, TENANT
from tests.bot.house import FixedToken
from tests.promises.wired import teams_over

ROOT = Path(__file__).resolve().parents[2]
OWNERS = ("ana", "eli")


@dataclass(frozen=True, kw_only=True)
class Life:
    """What one replica is to do, and where it ends."""

    database: str
    service_url: str
    ca_file: str
    #: Kill it "before" or "after" its commit number `at`, counted from 1; 0 not at all.
    when: str = "before"
    at: int = 0


@dataclass(frozen=True, kw_only=True)
class Death:
    """How it ended."""

    #: Of waitpid: the signal's number when it was killed.
    status: int
    #: How many commits it had made, -1 when it did not come to say so.
    commits: int


def tenant(world: World) -> None:
    for name in OWNERS:
        world.app(f"app of {name}", (name,), world.secret(29.5, key_id=name))


def connected(world: World, service_url: str, ca_file: str) -> Wire:
    """The world's worker sends to this server, at the pace that all replicas share."""
    wire = Wire(ca_file=ca_file)
    connector = Connector(
        wire=wire,
        tokens=FixedToken(),
        hosts=ServiceHosts([], service_url=service_url),
        brakes=Brakes(pace=Turnstile(StoredPace(world.store, "teams", 1000), 1000)),
        bot_id=f"28:{APP_ID}",
        tenant_id=TENANT,
    )
    world.worker.teams = teams_over(world, connector, service_url)
    return wire


def _dies(engine: Any, life: Life) -> list[int]:
    """Count the commits of this engine, and die at one of them."""
    made = [0]

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    @event.listens_for(engine, "commit")
    def before(_connection: object) -> None:
        made[0] += 1
        if life.when == "before" and made[0] == life.at:
            die()

    @event.listens_for(engine, "checkin")
    def after(_connection: object, _record: object) -> None:
        if life.when == "after" and made[0] == life.at:
            die()

    return made


async def _live(life: Life) -> int:
    """Scan and send everything; the number of commits that took."""
    async with World(life.database) as world:
        made = _dies(world.store._writer.sync_engine, life)  # type: ignore[attr-defined]
        tenant(world)
        wire = connected(world, life.service_url, life.ca_file)
        await world.first()
        await wire.close()
        return made[0]


def nursery() -> None:
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(writing, str(asyncio.run(_live(Life(**json.loads(line))))).encode())
            finally:
                os._exit(0)
        os.close(writing)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reading) as said:
            print(status, said.read() or -1, flush=True)


class Nursery:
    """The process that forks replicas."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.promises.dying"], cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    async def starts(self, life: Life) -> int:
        """Start a replica; its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asdict(life)) + "\n")
        self._process.stdin.flush()
        return int(await asyncio.to_thread(self._said))

    async def ended(self) -> Death:
        """Wait until the replica that was started last has ended."""
        status, commits = (await asyncio.to_thread(self._said)).split()
        return Death(status=int(status), commits=int(commits))

    def close(self) -> None:
        self._process.communicate()


if __name__ == "__main__":
    nursery()
