"""Measures the longest time for which something kept the event loop from its other work."""

import asyncio
import time
from types import TracebackType
from typing import Self

#: Seconds between two looks; a stall is what comes on top.
LOOK_EVERY = 0.01


class StallMonitor:
    """An async context manager; `longest` is in seconds and grows while it is open.

    `longest` is wall time, so a machine that gives this process no CPU shows in it as well. `longest_busy` counts no
    more than the CPU that the loop's thread took meanwhile: what is ours, but for waits for the disk.
    """

    def __init__(self) -> None:
        self.longest = 0.0
        self.longest_busy = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look(), name="stall monitor")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _look(self) -> None:
        while True:
            before, cpu = time.perf_counter(), time.thread_time()
            await asyncio.sleep(LOOK_EVERY)
            stall = time.perf_counter() - before - LOOK_EVERY
            self.longest = max(self.longest, stall)
            self.longest_busy = max(self.longest_busy, min(stall, time.thread_time() - cpu))
