"""The pace at which all replicas together call one outside service: turns taken in advance, and a shared stop."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Float, delete, func, literal, select

from store import schema
from store.session import Session

#: Seconds ahead beyond which no turn can be: a database whose clock was put back must not stop sending.
FARTHEST = 120.0
#: The longest stop that is believed (seconds); Retry-After is cut to it as well.
LONGEST_STOP = 3600.0

#: Seconds since 1970.
Now = Callable[[], float]


class Paces(Session):
    """The paces' part of a transaction; each method is one statement."""

    def _now(self, now: Now | None) -> ColumnElement[float]:
        """The database's clock, so that replicas whose clocks differ agree; SQLite is on this machine anyway."""
        if now is not None or self._sqlite:
            return literal((now or time.time)(), Float(53))
        return func.extract("epoch", func.clock_timestamp()).cast(Float(53))

    def _largest(self, *values: Any) -> ColumnElement[float]:
        return func.max(*values) if self._sqlite else func.greatest(*values)

    def _smallest(self, *values: Any) -> ColumnElement[float]:
        return func.min(*values) if self._sqlite else func.least(*values)

    async def reserve_turns(self, name: str, turns: int, gap: float, now: Now | None = None) -> float:
        """Take so many turns; seconds until the first of them, from when this returns."""
        table, asked_at, moment = schema.paces, time.monotonic(), self._now(now)
        insert = self._insert(table).values(name=name, next_at=moment + turns * gap, shut_until=0.0)
        free = self._smallest(self._largest(table.c.next_at, moment), moment + FARTHEST)
        taken = insert.on_conflict_do_update(index_elements=["name"], set_={"next_at": free + turns * gap})
        # Its own start, not now: the statement itself may have waited for another's.
        first_in = float(await self._scalar(taken.returning(table.c.next_at - turns * gap - moment)))
        if self._sqlite and now is None:
            # Its moment is that of the question; PostgreSQL's is that of the answer.
            first_in -= time.monotonic() - asked_at
        return max(0.0, first_in)

    async def shut_pace(self, name: str, seconds: float, now: Now | None = None) -> None:
        """Nobody may call for so many seconds."""
        table, moment = schema.paces, self._now(now)
        until = moment + min(seconds, LONGEST_STOP)
        insert = self._insert(table).values(name=name, next_at=0.0, shut_until=until)
        later = self._smallest(self._largest(table.c.shut_until, until), moment + LONGEST_STOP)
        await self._run(insert.on_conflict_do_update(index_elements=["name"], set_={"shut_until": later}))

    async def pace_shut_for(self, name: str, now: Now | None = None) -> float:
        """Seconds until calls may be made again."""
        table = schema.paces
        left = select(table.c.shut_until - self._now(now)).where(table.c.name == name)
        return min(max(0.0, float(await self._scalar(left) or 0.0)), LONGEST_STOP)

    async def forget_paces(self, idle_seconds: float, now: Now | None = None) -> int:
        """Delete those of which no turn was taken for so long, and which are not shut; how many there were."""
        table, moment = schema.paces, self._now(now)
        idle = delete(table).where(table.c.next_at < moment - idle_seconds, table.c.shut_until < moment)
        return await self._run(idle)
