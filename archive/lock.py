"""One writer at a time, over all threads and processes that share an archive's folder."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from alerts.errors import ArchiveError

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


#: Seconds between two tries.
PAUSE = 0.02


@contextmanager
def locked(path: Path, wait: float, purpose: str) -> Iterator[None]:
    """Hold the lock file; the operating system lets go of it when the process dies.

    Blocks the calling thread, so never call it on the event loop.

    Args:
        path: the lock file; it holds the process id of the last holder and is never deleted.
        wait: seconds to wait for another holder.
        purpose: what the lock is for, for the message.

    Raises:
        ArchiveError: another thread or process held it for longer than that.
    """
    deadline = time.monotonic() + wait
    with path.open("a+b") as file:
        while not _try_lock(file):
            if time.monotonic() >= deadline:
                raise ArchiveError(f"{path}: waited {wait:g} s to {purpose}, held by process {_holder(path)}")
            time.sleep(PAUSE)
        # Byte 0 is what Windows locks, so the number stands behind it.
        file.truncate(0)
        file.write(f" {os.getpid()}".encode())
        file.flush()
        yield


def _holder(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace").strip() or "unknown"
    except OSError:
        return "unknown"
