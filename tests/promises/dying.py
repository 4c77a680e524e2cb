"""A replica that dies, or falls asleep, at an exact point: it scans a small tenant and sends its messages.

Run as a module it has everything loaded, and forks one such replica for each line that it reads (JSON, see `Life`); it
answers with the replica's process id, and with a line when it is stopped and when it has ended (see `News`). With a
`Life` as its argument it is that replica itself.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alerts.model import DeliveryState
from bot.connector import Brakes, Connector
from bot.hosts import ServiceHosts
from bot.pace import Turnstile
from bot.wire import Wire
from scanner.lease import LEASE, Lease
from store import engine as store_engine
from store.shared_pace import StoredPace
from tests.alerts.world import World
from tests.bot.channel import APP_ID, TENANT, Authority
from tests.bot.house import FixedToken
from tests.promises.wired import Conversations, rows, teams_over

ROOT = Path(__file__).resolve().parents[2]
OWNERS = ("ana", "eli")


@dataclass(frozen=True, kw_only=True)
class Life:
    """What one replica is to do, and where it ends."""

    database: str
    service_url: str
    ca_file: str
    #: Signal it "before" or "after" its commit number `at`, counted from 1; 0 not at all.
    when: str = "before"
    at: int = 0
    signal: int = 9


@dataclass(frozen=True, kw_only=True)
class News:
    """What became of it."""

    stopped: bool
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


def _dies(connections: Any, life: Life) -> list[int]:
    """Count the commits on these connections, and die at one of them."""
    made, commit = [0], connections.commit

    async def counted(connection: object) -> None:
        made[0] += 1
        mine = made[0] == life.at
        if mine and life.when == "before":
            os.kill(os.getpid(), life.signal)
        await commit(connection)
        if mine and life.when == "after":
            os.kill(os.getpid(), life.signal)

    connections.commit = counted
    return made


async def _live(life: Life) -> int:
    """Scan and send everything; the number of commits that took."""
    async with World(life.database) as world:
        lease = Lease(store=world.store, holder="one")
        assert await lease.take()
        world.engine = replace(world.engine, store=lease.fenced())
        made = _dies(world.store._writer, life)  # type: ignore[attr-defined]
        tenant(world)
        wire = connected(world, life.service_url, life.ca_file)
        await world.first()
        await wire.close()
        return made[0]


def nursery() -> None:
    # A replica that sleeps inside a transaction on PostgreSQL holds its locks for so long.
    store_engine.IDLE_SECONDS = 1
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
        _, status = os.waitpid(child, os.WUNTRACED)
        if os.WIFSTOPPED(status):
            print(1, 0, -1, flush=True)
            _, status = os.waitpid(child, 0)
        with os.fdopen(reading) as said:
            print(0, status, said.read() or -1, flush=True)


class Nursery:
    """The process that forks replicas."""

    def __init__(self) -> None:
        #: Of replicas that have not been seen to end.
        self._alive: list[int] = []
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
        self._alive.append(int(await asyncio.to_thread(self._said)))
        return self._alive[-1]

    async def news(self) -> News:
        """Wait until the replica that was started last is stopped, or has ended."""
        stopped, status, commits = (int(word) for word in (await asyncio.to_thread(self._said)).split())
        if not stopped:
            self._alive.pop()
        return News(stopped=bool(stopped), status=status, commits=commits)

    def close(self) -> None:
        for process_id in self._alive:
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        self._process.communicate()


async def recovered(url: str, channel: Conversations, authority: Authority) -> dict[str, int]:
    """Another replica takes over once leases are over; how many sends of each person had an unknown outcome."""
    async with World(url) as world:
        tenant(world)
        world.now += timedelta(hours=1)
        async with world.store.transaction() as tx:
            assert await tx.acquire_lease(LEASE, "two", datetime.now(UTC) + timedelta(hours=1), 30)
        wire = connected(world, channel.service_url, authority.ca_file)
        await world.first()
        # What is unclear is repeated.
        world.now += timedelta(minutes=11)
        await world.worker.drain()
        await wire.close()
        done = await rows(world)

    assert {row.state for row in done} == {DeliveryState.SENT}
    return {row.recipient_id: row.unclear for row in done}


def copies(channel: Conversations) -> dict[str, int]:
    """Person -> how many messages came."""
    return {person: channel.messages().count(person) for person in OWNERS}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(_live(Life(**json.loads(sys.argv[1]))))
    else:
        nursery()
