"""How fast the Bot Connector may be called: overall, after a throttle, and within one conversation."""

import asyncio
import logging
import math
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import Protocol

from alerts.errors import StewardError, StoreError
from alerts.ports import SharedPace

log = logging.getLogger(__name__)

#: (calls, seconds) that one conversation may get. Source: learn.microsoft.com/microsoftteams/platform/bots/
#: how-to/rate-limit.
CONVERSATION_WINDOWS = ((7, 1.0), (8, 2.0), (60, 30.0), (1800, 3600.0))
#: Where other replicas call the same conversation: seconds between its calls by all of them, by how many this one has
#: made within the hour. With CONVERSATION_WINDOWS kept by each, no window is broken by up to four replicas.
SHARED_GAPS = ((80, 0.6), (CONVERSATION_WINDOWS[-1][0], 2.5))
#: The first call after so long (seconds) needs no turn: so many of them, one by each replica, fit beside the others.
QUIET = 30.0
#: Calls a second for one bot in one tenant: what older copies of the documentation say, and what newer ones do. A turn
#: may be used late, as long as all that are late together keep within it.
OVERALL = (30, 50)
#: What SEND_PACE promises is kept at the service's end too, where calls arrive unevenly: at the limit itself they may be
#: 0.07 s apart from where they belong. Ten per cent more time than the pace alone asks for is what a run may take.
MARGIN = 0.935
#: A turn may be used at least so late (seconds).
AT_LEAST_LATE = 0.01
#: Calls that go at the same moment, the most that fit: what they must store beforehand shares one commit right before it.
#: Each of these divides OVERALL, so that no second holds a burst more than calls one by one would.
BURSTS = (5, 2, 1)
#: Bursts follow each other at most so far apart (seconds).
LONGEST_GAP = 0.3
#: So long before their moment calls are let go (seconds): as long as it has lately taken them to store that they begin,
#: within these bounds.
LEAD, LEADS = 0.03, (0.008, 0.12)
#: A stop that another replica has been told is known to this one after so long (seconds).
FRESH = 0.05
#: Turns that one call may lose because this process was busy.
ASKED_AGAIN = 3
#: Conversations remembered; older idle ones are forgotten.
MAX_CONVERSATIONS = 10_000

Monotonic = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


class Turns(Protocol):
    """Says when a call to the Bot Connector may be made."""

    async def turn(self) -> float:
        """Return shortly before it is this call's turn, or at it; when that is, for `in_time`."""

    async def in_time(self, turn: float) -> None:
        """Return at the turn, when the request may be written; a turn that was missed is replaced by another."""

    def place(self) -> AbstractAsyncContextManager[None]:
        """Hold a place in the service's window while the request is written and answered."""

    async def shut(self, seconds: float) -> None:
        """Nobody may call for at least so many seconds from now."""

    async def shut_for(self) -> float:
        """Seconds until calls may be made again, 0.0 when they may."""


class Window:
    """Keeps to a limit of the service, whenever on its way a call is counted there.

    A call fills a place from when it is written until a second after its answer: the service counted it somewhere
    between. So an answer that comes late costs calls, and never one too many.

    Args:
        most: calls that the service takes in a second.
    """

    SECONDS = 1.0

    def __init__(self, most: int, *, monotonic: Monotonic = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._most = most
        self._monotonic = monotonic
        self._sleep = sleep
        self._under_way = 0
        self._answered: deque[float] = deque()
        self._one_ended = asyncio.Event()
        self._entrance = asyncio.Lock()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        async with self._entrance:
            while self._full():
                if self._answered:
                    await self._sleep(max(0.0, self._answered[0] + self.SECONDS - self._monotonic()))
                else:
                    self._one_ended.clear()
                    await self._one_ended.wait()
            self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._answered.append(self._monotonic())
            self._one_ended.set()

    def _full(self) -> bool:
        now = self._monotonic()
        while self._answered and self._answered[0] + self.SECONDS <= now:
            self._answered.popleft()
        return self._under_way + len(self._answered) >= self._most


class Pace:
    """Lets the calls of one process pass at an even pace, without bursts.

    Args:
        per_second: calls a second.
    """

    def __init__(
        self, per_second: float, *, monotonic: Monotonic = time.monotonic, sleep: Sleep = asyncio.sleep
    ) -> None:
        if per_second <= 0:
            raise ValueError("per_second must be positive")
        self._gap = 1.0 / per_second
        self._monotonic = monotonic
        self._sleep = sleep
        self._next = float("-inf")
        self._until = float("-inf")

    async def turn(self) -> float:
        now = self._monotonic()
        mine = max(now, self._next)
        self._next = mine + self._gap
        if mine > now:
            await self._sleep(mine - now)
        return mine

    async def in_time(self, turn: float) -> None:
        """They leave as they come."""

    def place(self) -> AbstractAsyncContextManager[None]:
        """As many as the pace lets pass."""
        return nullcontext()

    async def shut(self, seconds: float) -> None:
        self._until = max(self._until, self._monotonic() + seconds)

    async def shut_for(self) -> float:
        return max(0.0, self._until - self._monotonic())


class Turnstile:
    """Lets the calls of all replicas pass at one even pace, and stops them all when one is throttled.

    Turns are taken a burst at a time: its calls go at the same moment. What a burst leaves over may be used by calls
    that come soon after it. A turn that comes too late, since this process was busy, is given up and another one taken:
    two bursts at once in its place could be one too many for the service.

    Args:
        per_second: calls a second over all replicas; that of `shared`.
    """

    def __init__(
        self,
        shared: SharedPace,
        per_second: float,
        *,
        monotonic: Monotonic = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._shared = shared
        self._burst = next((size for size in BURSTS if size / per_second <= LONGEST_GAP), 1)
        self._monotonic = monotonic
        self._sleep = sleep
        self._waiting: deque[asyncio.Future[float]] = deque()
        self._serving: asyncio.Task[None] | None = None
        #: The burst that goes now: its moment, when its calls were let go, and how many more it has room for.
        self._at, self._let_go_at, self._room = float("-inf"), float("-inf"), 0
        self._lead = LEAD
        #: What the store last said of a stop, and when it was asked.
        self._shut_until, self._asked_at = float("-inf"), float("-inf")
        self._asking = asyncio.Lock()
        limit = next((each for each in OVERALL if per_second < each), math.ceil(per_second))
        self._window = Window(limit, monotonic=monotonic, sleep=sleep)
        #: How long after its own time a turn may be used (seconds): half of what the limit leaves, for the network, too,
        #: brings calls together.
        self._late = max(AT_LEAST_LATE, 0.5 * (limit - per_second) / per_second)
        #: While the store does not answer: this process alone, at a quarter of the pace, for the answers to people.
        self._alone = Pace(per_second / 4, monotonic=monotonic, sleep=sleep)

    async def turn(self) -> float:
        return await self._asked()

    async def in_time(self, turn: float) -> None:
        self._learn(turn)
        for _ in range(ASKED_AGAIN):
            if (wait := turn - self._monotonic()) > 0:
                await self._sleep(wait)
            if self._monotonic() - turn <= self._late:
                return
            # The store was slow, perhaps for all replicas: those who waited for it would all go at once. Not for
            # ever: a process may get no time.
            turn = await self._asked(first=True)
        await self._sleep(max(0.0, turn - self._monotonic()))

    def place(self) -> AbstractAsyncContextManager[None]:
        return self._window.place()

    async def shut(self, seconds: float) -> None:
        await self._alone.shut(seconds)
        with suppress(StoreError):
            await self._shared.shut(seconds)

    async def shut_for(self) -> float:
        async with self._asking:
            asked_at = self._monotonic()
            if asked_at - self._asked_at >= FRESH:
                with suppress(StoreError):
                    left = await self._shared.shut_for()
                    self._shut_until = self._monotonic() + left if left > 0 else float("-inf")
                self._asked_at = asked_at
        return max(0.0, await self._alone.shut_for(), self._shut_until - self._monotonic())

    async def _asked(self, *, first: bool = False) -> float:
        """A turn; before all others for a call that has stored already that it begins."""
        mine: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        if first:
            self._waiting.appendleft(mine)
        else:
            self._waiting.append(mine)
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve())
        return await mine

    def _learn(self, turn: float) -> None:
        """How long a call of this burst took to store that it begins; most of the last ones decide."""
        took = self._monotonic() - self._let_go_at
        if turn == self._at and took > LEADS[0] / 4:
            shortest, longest = LEADS
            self._lead = min(longest, max(shortest, 0.75 * self._lead + 0.25 * (1.2 * took + 0.002)))

    async def _serve(self) -> None:
        try:
            await self._serve_all()
        except Exception as error:
            # The outermost loop: whoever waits must hear of it.
            log.exception("turns could not be handed out")
            while self._forget_gone():
                self._waiting.popleft().set_exception(error)

    async def _serve_all(self) -> None:
        """Hand out turns until nobody waits; the next burst is taken while this one waits for its moment."""
        following: asyncio.Task[float | None] | None = None
        while waiting := self._forget_gone():
            if self._room and self._monotonic() <= self._at + self._late:
                self._room -= 1
                self._pass(self._at)
                continue
            at = await (following or self._reserved())
            following = None
            if at is None:
                self._pass(await self._alone.turn())
                continue
            if waiting > self._burst:
                following = asyncio.create_task(self._reserved())
            if (wait := at - self._lead - self._monotonic()) > 0:
                await self._sleep(wait)
            self._at, self._let_go_at, self._room = at, self._monotonic(), self._burst

    async def _reserved(self) -> float | None:
        """When the next burst goes; None when the store does not answer."""
        try:
            wait = await self._shared.reserve(self._burst)
        except StoreError:
            return None
        return self._monotonic() + wait

    def _forget_gone(self) -> int:
        """How many still wait."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft()
        return len(self._waiting)

    def _pass(self, turn: float) -> None:
        """Let the first one go."""
        if self._forget_gone():
            self._waiting.popleft().set_result(turn)


class TooBusy(StewardError):
    """A conversation has had all the calls that it may get for now.

    Attributes:
        seconds: until the next one is allowed.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"conversation is full for {seconds:.0f} s")
        self.seconds = seconds


@dataclass(slots=True)
class _Lane:
    calls: deque[float] = field(default_factory=deque)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class SharedSpacing(Protocol):
    """One conversation's calls by all replicas. Raises StoreError."""

    async def reserve(self, key: str, gap: float) -> float:
        """Take its next turn, so many seconds after the one before; seconds until it."""


class Spacing:
    """Keeps each conversation within its windows, one call at a time (two at once are answered 412).

    Args:
        shared: the turns of all replicas; None where there is one process only.
    """

    def __init__(
        self,
        *,
        shared: SharedSpacing | None = None,
        monotonic: Monotonic = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._shared = shared
        self._monotonic = monotonic
        self._sleep = sleep
        self._lanes: OrderedDict[str, _Lane] = OrderedDict()

    @asynccontextmanager
    async def slot(self, key: str, patience: float) -> AsyncIterator[None]:
        """Hold the conversation's turn while the call is made.

        Raises TooBusy when its windows stay full for longer than `patience` seconds.
        """
        lane = self._lanes.setdefault(key, _Lane())
        self._lanes.move_to_end(key)
        lane.users += 1
        try:
            async with lane.lock:
                await self._sleep_until_free(lane, patience)
                await self._sleep_until_turn(key, lane, patience)
                lane.calls.append(self._monotonic())
                yield
        finally:
            lane.users -= 1
            self._forget_idle()

    async def _sleep_until_free(self, lane: _Lane, patience: float) -> None:
        while (wait := self._wait(lane)) > 0:
            if wait > patience:
                raise TooBusy(wait)
            await self._sleep(wait)

    async def _sleep_until_turn(self, key: str, lane: _Lane, patience: float) -> None:
        if self._shared is None or not lane.calls or lane.calls[-1] <= self._monotonic() - QUIET:
            return
        gap = next(gap for calls, gap in SHARED_GAPS if len(lane.calls) < calls)
        try:
            wait = await self._shared.reserve(key, gap)
        except StoreError:
            # Without the store nothing is sent but answers to people: they keep this process's own windows.
            return
        if wait > patience:
            raise TooBusy(wait)
        await self._sleep(wait)

    def _wait(self, lane: _Lane) -> float:
        now = self._monotonic()
        longest = max(seconds for _, seconds in CONVERSATION_WINDOWS)
        while lane.calls and lane.calls[0] <= now - longest:
            lane.calls.popleft()
        wait = 0.0
        for limit, seconds in CONVERSATION_WINDOWS:
            if len(lane.calls) >= limit:
                wait = max(wait, lane.calls[-limit] + seconds - now)
        return wait

    def _forget_idle(self) -> None:
        while len(self._lanes) > MAX_CONVERSATIONS:
            key, lane = next(iter(self._lanes.items()))
            if lane.users:
                return
            del self._lanes[key]
