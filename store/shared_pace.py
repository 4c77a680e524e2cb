"""The shared paces on the store: one row for each outside service, and for each conversation that is busy."""

import time

from alerts.ports import Store
from store.paces import Now


class StoredPace:
    """Implements alerts.ports.SharedPace for one outside service.

    Args:
        name: of the service; one row of the table.
        per_second: calls a second over all replicas.
        now: seconds since 1970; None the database's own clock.
    """

    def __init__(self, store: Store, name: str, per_second: float, *, now: Now | None = None) -> None:
        self._store = store
        self._name = name
        self._gap = 1.0 / per_second
        self._now = now

    async def reserve(self, turns: int) -> float:
        """Take so many turns, which follow each other at the pace; seconds until the first of them."""
        async with self._store.transaction() as tx:
            first_in = await tx.reserve_turns(self._name, turns, self._gap, self._now)
            told_at = time.monotonic()
        # The commit took its time as well.
        return max(0.0, first_in - (time.monotonic() - told_at)) if self._now is None else first_in

    async def shut(self, seconds: float) -> None:
        """Nobody may call for so many seconds from now."""
        async with self._store.transaction() as tx:
            await tx.shut_pace(self._name, seconds, self._now)

    async def shut_for(self) -> float:
        """Seconds until calls may be made again."""
        async with self._store.reading() as tx:
            return await tx.pace_shut_for(self._name, self._now)


class StoredSpacing:
    """Implements bot.pace.SharedSpacing on the store: one row for each conversation that is busy.

    Args:
        name: of the service; what its rows' names begin with.
        now: seconds since 1970; None the database's own clock.
    """

    def __init__(self, store: Store, name: str, *, now: Now | None = None) -> None:
        self._store = store
        self._name = name
        self._now = now

    async def reserve(self, key: str, gap: float) -> float:
        """Take the conversation's next turn, so many seconds after the one before; seconds until it."""
        return await StoredPace(self._store, f"{self._name} {key}", 1 / gap, now=self._now).reserve(1)
