"""Several listings side by side: as many requests at a time as Graph bears, and their pages in one stream."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from alerts.errors import GraphError

T = TypeVar("T")

#: Good answers for every lane that is opened again.
GROWTH = 8


class Lanes:
    """How many requests are under way: half as many after a 429, one more after some good answers."""

    def __init__(self, most: int) -> None:
        self.width = self._most = most
        self._busy = 0
        self._good = 0
        #: Counted up with every halving.
        self._narrowed = 0
        self._free = asyncio.Condition()

    @asynccontextmanager
    async def lane(self) -> AsyncIterator[int]:
        """Wait for a free lane; the value goes to `throttled`."""
        async with self._free:
            await self._free.wait_for(lambda: self._busy < self.width)
            self._busy += 1
        try:
            yield self._narrowed
        finally:
            self._busy -= 1
            async with self._free:
                self._free.notify_all()

    def throttled(self, entered: int) -> None:
        """A request was refused with 429. Those that set out together narrow the lanes once, not once each."""
        if entered == self._narrowed:
            self.width = max(1, self.width // 2)
            self._narrowed += 1
            self._good = 0

    def went_well(self) -> None:
        """A request was answered."""
        self._good += 1
        if self._good >= GROWTH and self.width < self._most:
            self.width += 1
            self._good = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """One of the listings could not be read to its end."""

    index: int
    error: GraphError


async def side_by_side(listings: Sequence[AsyncIterator[T]]) -> AsyncGenerator[T | Failed, None]:
    """The pages of several listings as they come; a listing that fails yields one `Failed` and ends alone."""
    pages: asyncio.Queue[T | Failed | None] = asyncio.Queue()
    # A page that nobody has taken holds up the listing it came from.
    room = asyncio.Semaphore(2)

    async def read(index: int, listing: AsyncIterator[T]) -> None:
        try:
            async for page in listing:
                await room.acquire()
                pages.put_nowait(page)
        except GraphError as error:
            await room.acquire()
            pages.put_nowait(Failed(index, error))
        finally:
            pages.put_nowait(None)

    tasks = [asyncio.create_task(read(index, each)) for index, each in enumerate(listings)]
    try:
        for _ in tasks:
            while (page := await pages.get()) is not None:
                yield page
                room.release()
        for task in tasks:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
