"""P16 at the disk itself: a process that dies inside a write, a disk that is full, as the operating system gives them."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import pytest

from alerts.errors import StoreError
from tests.alerts.world import World, sqlite_url
from tests.bot.channel import Authority
from tests.promises.dying import OWNERS, ROOT, Life, connected, copies, recovered, tenant
from tests.promises.wired import Conversations

STRACE = shutil.which("strace")
#: Small, and large enough for empty tables.
ROOM = 2 * 1024 * 1024


def _can_trace() -> bool:
    if STRACE is None:
        return False
    tried = subprocess.run([STRACE, "-qq", "-e", "trace=none", "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not _can_trace(), reason="strace is not installed, or may not trace")
@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    "fault",
    [
        "fdatasync:signal=KILL:when=2",
        "fdatasync:signal=KILL:when=7",
        "pwrite64:error=ENOSPC:when=30+",
        "fdatasync:error=EIO:when=6+",
    ],
)
async def test_p16_a_process_that_dies_or_finds_no_room_inside_a_write_forgets_nothing(
    new_database: Callable[[], str], authority: Authority, fault: str
) -> None:
    async with Conversations().running(authority) as channel:
        life = Life(database=new_database(), service_url=channel.service_url, ca_file=authority.ca_file)
        process = await subprocess_of(fault, life)
        before = copies(channel)
        unclear = await recovered(life.database, channel, authority)

    assert process != 0
    for person, came in copies(channel).items():
        assert 1 <= came <= 1 + unclear[person], (fault, person, before)


async def subprocess_of(fault: str, life: Life) -> int:
    """One replica under this fault; its exit code."""
    process = await asyncio.create_subprocess_exec(
        str(STRACE), "-f", "-qq", "--seccomp-bpf", "-o", os.devnull, "-e", f"inject={fault}",
        sys.executable, "-m", "tests.promises.dying", json.dumps(asdict(life)),
        cwd=ROOT, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return await process.wait()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory that holds next to nothing."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    mounted = subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a file system cannot be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_p16_a_disk_without_room_stops_sending_and_nothing_is_forgotten_once_there_is_some(
    small_disk: Path, authority: Authority
) -> None:
    async with Conversations().running(authority) as channel, World(sqlite_url(small_disk)) as world:
        tenant(world)
        wire = connected(world, channel.service_url, authority.ca_file)
        await world.scan()
        filler = small_disk / "filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while True:
                file.write(b"x" * 512)
        for _ in range(2):
            with suppress(StoreError):
                await world.worker.drain()
        meanwhile = channel.messages()
        filler.unlink()
        await wire.close()
        unclear = await recovered(world.url, channel, authority)

    assert meanwhile == []
    assert copies(channel) == {person: 1 + unclear[person] for person in OWNERS}
