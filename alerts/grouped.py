"""Does together what several ask for at about the same time: one transaction instead of one each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Items that are handled together at most.
MOST = 50


class Grouped(Generic[T, R]):
    """Call it with an item; it returns what `work` gives for that item.

    Where the work on several fails, each is done again by itself: one bad item costs one. Work that has begun is ended
    even if the one who waits for it is cancelled, so that they know what is stored.

    Args:
        work: of some items, in one go; the results in their order.
        wait: seconds for others to come, before each group.
        more: whether others can come at all.
    """

    def __init__(
        self,
        work: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        wait: float = 0.0,
        more: Callable[[], bool] = lambda: True,
    ) -> None:
        self._work = work
        self._more = more
        self._all_here = asyncio.Event()
        self._wait = wait
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._serving: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        mine: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        entry = item, mine
        self._waiting.append(entry)
        if len(self._waiting) >= MOST or not self._more():
            self._all_here.set()
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        try:
            return await asyncio.shield(mine)
        except asyncio.CancelledError:
            if entry in self._waiting:
                self._waiting.remove(entry)
                mine.cancel()
            elif not mine.done():
                await asyncio.wait([mine])
            if not mine.cancelled():
                # Looked at, so that it is not reported as forgotten.
                mine.exception()
            raise

    async def _serve(self) -> None:
        while self._waiting:
            await self._others()
            part, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                await self._do(part)
            finally:
                # This task itself was cancelled.
                for _, mine in part:
                    mine.cancel()

    async def _others(self) -> None:
        """Wait for those who may still come."""
        await asyncio.sleep(0)
        self._all_here.clear()
        if self._wait and self._more() and len(self._waiting) < MOST:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_here.wait(), self._wait)

    async def _do(self, part: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        if not part:
            return
        try:
            results = await self._work([item for item, _ in part])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told to the one who asked
            if len(part) == 1:
                part[0][1].set_exception(error)
                return
        else:
            for (_, mine), result in zip(part, results, strict=True):
                mine.set_result(result)
            return
        await asyncio.gather(*(self._do([entry]) for entry in part))
