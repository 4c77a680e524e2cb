"""The time: real, or the practice tenant's, which its "next day" button moves."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta


class MovableClock:
    """Aware UTC; real time plus whatever was skipped (nothing in production)."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._moved = asyncio.Event()
        self._unmoved_since = time.monotonic()
        #: Called whenever it was moved.
        self.when_moved: Callable[[], None] = lambda: None

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def move_to(self, offset: timedelta) -> None:
        """Set what was skipped so far; wakes whoever sleeps by this clock."""
        if offset == self._offset:
            return
        self._offset = offset
        self._unmoved_since = time.monotonic()
        self.when_moved()
        self._moved.set()
        self._moved = asyncio.Event()

    def unmoved_for(self) -> float:
        """Seconds since it was moved last, or since the process began."""
        return time.monotonic() - self._unmoved_since

    async def sleep(self, seconds: float) -> None:
        """Sleep so many seconds of real time, or until the clock is moved."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), seconds)
