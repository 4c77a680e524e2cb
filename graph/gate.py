"""When Graph may be asked again: Retry-After in all its forms, and one gate at which all readers wait together."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """How patiently a reader repeats a request that changed nothing.

    Attributes:
        tries: requests sent at most for one question, at least 1.
        longest_wait: seconds; a Retry-After beyond it is not waited for.
        total_wait: seconds of waiting at most for one question.
    """

    tries: int
    longest_wait: float
    total_wait: float


#: The daily scan has time, and a run that gives up costs a day.
SCAN = RetryPolicy(tries=8, longest_wait=600, total_wait=1200)
#: Somebody waits for the answer in a chat, where 10 to 15 seconds are the end.
INTERACTIVE = RetryPolicy(tries=3, longest_wait=3, total_wait=6)
#: Nobody waits for it, it comes again by itself, and the next scan must not wait for it long; longer than `WINDOW`,
#: since it is not urgent either.
BETWEEN_SCANS = RetryPolicy(tries=4, longest_wait=75, total_wait=150)
#: Exactly one request: writes that must not run twice.
ONCE = RetryPolicy(tries=1, longest_wait=0, total_wait=0)

#: Seconds in which dear requests are counted: Graph's minute, and one for the way there.
WINDOW = 61.0
#: Turns of a minute that cannot be reserved.
LEFT_TO_OTHERS = 20


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait, None when it does not say.

    Graph sends an integer; decimals ("2.128", which the SDK ignores) and HTTP dates were seen too. A date is
    measured against the answer's own Date header, so that a wrong clock here does not matter.
    """
    text = headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            until = _aware(parsedate_to_datetime(text))
        except ValueError:
            return None
        try:
            now = _aware(parsedate_to_datetime(headers.get("Date", "")))
        except ValueError:
            now = datetime.now(UTC)
        seconds = (until - now).total_seconds()
    # "nan" and "inf" are floats to Python.
    return max(0.0, seconds) if seconds < 1e9 else None


def backoff(tries: int) -> float:
    """Seconds before the next try after `tries` failures, when Graph does not say: 1, 2, 4, ... to 60, with jitter."""
    return float(min(60, 2 ** (tries - 1))) * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, guards nothing


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


class Gate:
    """Shared by all readers of one tenant: closed after a throttled answer, and it paces dear requests.

    Selecting keyCredentials is limited to 150 requests a minute and tenant (Graph: list applications, list
    servicePrincipals; whether together is not said, so together). 140 are taken: the rest is left to the bot and to
    other tools.
    """

    def __init__(
        self,
        *,
        sleep: Sleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
        dear_per_minute: int = 140,
    ) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._dear_per_minute = dear_per_minute
        self._opens_at = 0.0
        self._dear: deque[float] = deque()
        self._reserved = 0

    def close_for(self, seconds: float) -> None:
        """Nobody passes for so many seconds; a shorter wait never shortens a longer one."""
        self._opens_at = max(self._opens_at, self._monotonic() + seconds)

    def closed_for(self) -> float:
        """Seconds until it opens, 0 when it is open."""
        return max(0.0, self._opens_at - self._monotonic())

    async def wait(self) -> None:
        """Return once the gate is open; another reader may have closed it again in the meantime."""
        while (seconds := self.closed_for()) > 0:
            await self._sleep(seconds)

    async def pause(self, seconds: float) -> None:
        """One reader's own wait, which holds up nobody else."""
        await self._sleep(seconds)

    def reserve(self, turns: int) -> None:
        """Keep so many of the minute's turns for those who ask with `reserved`; some are always left to the others."""
        self._reserved = max(0, min(turns, self._dear_per_minute - LEFT_TO_OTHERS))

    async def wait_for_turn(self, turns: int = 1, *, reserved: bool = False, urgent: bool = False) -> None:
        """Return once so many more requests that select keyCredentials fit into the minute.

        Args:
            turns: at most as many as fit into a minute.
            reserved: use up what is reserved.
            urgent: count, but do not wait: somebody waits for the answer.
        """
        while True:
            now = self._monotonic()
            while self._dear and self._dear[0] <= now - WINDOW:
                self._dear.popleft()
            free = self._dear_per_minute - len(self._dear) - (0 if reserved else self._reserved)
            if urgent or free >= turns:
                self._dear.extend([now] * turns)
                if reserved:
                    self._reserved = max(0, self._reserved - turns)
                return
            await self._sleep(self._dear[0] + WINDOW - now if self._dear else 1.0)
