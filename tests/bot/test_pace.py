"""Turns that are taken in advance from the pace of all replicas."""

import asyncio
import random

import pytest

from alerts.errors import StoreError
from bot.pace import OVERALL, Spacing, TooBusy, Turnstile, Window
from sandbox.connector_limits import RateLimits


class Clock:
    """Time that moves only by sleeping, once everybody who may run has run."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []
        self.wakes = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        wake = self.now + seconds
        self.wakes.append(wake)
        while self.now < wake:
            for _ in range(8):
                await asyncio.sleep(0)
            if wake == min(self.wakes):
                self.now = max(self.now, wake)
        self.wakes.remove(wake)


class Shared:
    """The replicas' common pace, on a clock of the test."""

    def __init__(self, clock, per_second):
        self.clock = clock
        self.gap = 1 / per_second
        self.next = clock.now
        self.reserved = []
        self.until = 0.0
        self.error = None

    async def reserve(self, turns):
        if self.error is not None:
            raise self.error
        self.reserved.append(turns)
        first = max(self.next, self.clock.now)
        self.next = first + turns * self.gap
        return first - self.clock.now

    async def shut(self, seconds):
        if self.error is not None:
            raise self.error
        self.until = self.clock.now + seconds

    async def shut_for(self):
        if self.error is not None:
            raise self.error
        return max(0.0, self.until - self.clock.now)


def turnstile(clock, shared, per_second=10):
    return Turnstile(shared, per_second, monotonic=clock, sleep=clock.sleep)


async def passing(gate, clock, count):
    times = []

    async def one():
        await gate.in_time(await gate.turn())
        times.append(clock.now)

    await asyncio.gather(*(one() for _ in range(count)))
    return times


async def test_calls_pass_at_the_pace_in_bursts_of_one_reservation_each():
    clock = Clock()
    shared = Shared(clock, 10)
    times = await passing(turnstile(clock, shared), clock, 20)

    assert times == pytest.approx([1000.0 + n // 2 / 5 for n in range(20)])
    assert shared.reserved == [2] * 10


@pytest.mark.parametrize(("pace", "burst"), [(47, 5), (19, 5), (10, 2), (4, 1), (1, 1)])
async def test_a_burst_is_as_large_as_no_call_waits_much_for_it(pace, burst):
    clock = Clock()
    shared = Shared(clock, pace)
    times = await passing(turnstile(clock, shared, pace), clock, 30)

    assert max(times.count(time) for time in times) == burst
    assert times[-1] - times[0] == pytest.approx((30 / burst - 1) * burst / pace)
    assert all(limit % burst == 0 for limit in OVERALL)


async def test_a_single_call_takes_a_single_burst_and_does_not_wait():
    clock = Clock()
    shared = Shared(clock, 10)
    await turnstile(clock, shared).turn()

    assert (shared.reserved, clock.slept) == ([2], [])


async def test_what_a_burst_leaves_over_is_used_soon_after_it_and_not_later():
    clock = Clock()
    shared = Shared(clock, 19)
    gate = turnstile(clock, shared, 19)
    turns = [await gate.turn(), await gate.turn()]
    clock.now += 5
    turns.append(await gate.turn())

    assert turns == [1000.0, 1000.0, 1005.0]
    assert shared.reserved == [5, 5]


async def test_calls_are_let_go_as_long_before_their_moment_as_they_lately_took_to_get_ready():
    clock = Clock()
    gate = turnstile(clock, Shared(clock, 47), 47)
    early = []

    async def one():
        turn = await gate.turn()
        let_go = clock.now
        await clock.sleep(0.06)
        await gate.in_time(turn)
        early.append((turn - let_go, clock.now - turn))

    await asyncio.gather(*(one() for _ in range(200)))

    assert early[0][0] < 0.06 < early[-1][0] < 0.08
    assert {round(late, 3) for _, late in early[-50:]} == {0.0}


async def test_a_call_that_missed_its_turn_after_it_got_ready_goes_before_all_others():
    clock = Clock()
    gate = turnstile(clock, Shared(clock, 4), 4)
    turn = await gate.turn()
    waiting = [asyncio.create_task(passing(gate, clock, 1)) for _ in range(3)]
    await asyncio.sleep(0)
    clock.now += 10
    await gate.in_time(turn)
    went_at = clock.now
    others = [await each for each in waiting]

    assert sum(time < went_at for (time,) in others) <= 1


@pytest.mark.parametrize("pace", [19, 28.5, 38, 47.5])
async def test_a_stall_does_not_send_more_in_any_second_than_teams_takes(pace):
    clock = Clock()
    shared = Shared(clock, pace)
    gates = [turnstile(clock, shared, pace) for _ in range(2)]
    plain, stalled = clock.sleep, []

    async def stalls(seconds):
        await plain(seconds)
        if len(stalled) < 5 and int(clock.now * 10) % 7 == 0:
            stalled.append(clock.now)
            clock.now += 0.4 * len(stalled)

    for gate in gates:
        gate._sleep = stalls
    times = await passing(gates[0], clock, 40) + await passing(gates[1], clock, 40)

    limit = next(each for each in OVERALL if pace < each)
    assert stalled
    assert max(sum(start <= time < start + 1 for time in times) for start in times) <= limit
    assert sum(shared.reserved) >= 80


async def test_calls_that_the_store_held_up_take_another_turn():
    clock = Clock()
    shared = Shared(clock, 10)
    gates = [turnstile(clock, shared), turnstile(clock, shared)]
    turns = [await gate.turn() for gate in gates]
    clock.now += 10
    reserved = sum(shared.reserved)
    for gate, turn in zip(gates, turns, strict=True):
        await gate.in_time(turn)

    assert sum(shared.reserved) == reserved + 2 * 2


async def test_a_stop_is_told_to_all_replicas():
    clock = Clock()
    shared = Shared(clock, 10)
    one, two = turnstile(clock, shared), turnstile(clock, shared)
    await one.shut(30)

    assert (await two.shut_for(), await one.shut_for()) == (30, 30)


async def test_while_the_store_is_away_people_still_get_answers_at_a_quarter_of_the_pace():
    clock = Clock()
    shared = Shared(clock, 10)
    gate = turnstile(clock, shared)
    shared.error = StoreError("away")
    await gate.shut(0.5)
    times = await passing(gate, clock, 3)

    assert times == pytest.approx([1000.0, 1000.4, 1000.8])
    assert await gate.shut_for() == 0.0


async def test_a_call_that_is_cancelled_while_it_waits_costs_nobody_a_turn():
    clock = Clock()
    gate = turnstile(clock, Shared(clock, 10))
    first = asyncio.create_task(gate.turn())
    gone = asyncio.create_task(gate.turn())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait_for(asyncio.gather(first, passing(gate, clock, 2)), 5)

    assert gone.cancelled()


async def test_a_fault_of_ours_reaches_those_who_wait():
    clock = Clock()
    shared = Shared(clock, 10)
    shared.error = RuntimeError("ours")
    gate = turnstile(clock, shared)

    with pytest.raises(RuntimeError):
        await asyncio.wait_for(gate.turn(), 5)


class Conversations:
    """The turns of all replicas in each conversation, on a clock of the test."""

    def __init__(self, clock):
        self.clock = clock
        self.next = {}
        self.error = None

    async def reserve(self, key, gap):
        if self.error is not None:
            raise self.error
        turn = max(self.next.get(key, 0.0), self.clock.now)
        self.next[key] = turn + gap
        return turn - self.clock.now


def spacings(clock, shared, count):
    return [Spacing(shared=shared, monotonic=clock, sleep=clock.sleep) for _ in range(count)]


@pytest.mark.parametrize("replicas", [2, 3, 4])
async def test_several_replicas_together_break_no_window_of_a_conversation(replicas):
    clock, chance = Clock(), random.Random(replicas)
    limits = RateLimits(clock=clock)
    own = spacings(clock, Conversations(clock), replicas)
    waits, came = [], []
    # One message of a person at a time, whoever has claimed it; the first ones as fast as can be.
    while len(came) < 3000:
        try:
            async with (own[len(came)] if len(came) < replicas else chance.choice(own)).slot("a:ana", 3.0):
                waits.append(limits.take("a:ana"))
                came.append(clock.now)
        except TooBusy:
            await clock.sleep(5)

    assert set(waits) == {0}
    # And not much slower than they may be.
    assert sum(time < came[0] + 3600 for time in came) > 1500


async def test_a_conversation_that_was_quiet_needs_no_turn_and_one_without_the_store_keeps_its_own_windows():
    clock = Clock()
    shared = Conversations(clock)
    (spacing,) = spacings(clock, shared, 1)
    for _ in range(3):
        async with spacing.slot("a:ana", 3.0):
            clock.now += 31
    assert shared.next == {}
    shared.error = StoreError("away")
    for _ in range(3):
        async with spacing.slot("a:ana", 3.0):
            pass

    assert clock.slept == []


async def test_wherever_on_its_way_a_call_is_counted_no_second_holds_one_too_many():
    clock, chance, counted = Clock(), random.Random(1), []
    window = Window(5, monotonic=clock, sleep=clock.sleep)

    async def call():
        async with window.place():
            await clock.sleep(chance.uniform(0, 0.4))
            counted.append(clock.now)
            await clock.sleep(chance.uniform(0, 0.4))
            if chance.random() < 0.2:
                raise ConnectionError

    began = clock.now
    await asyncio.gather(*(call() for _ in range(60)), return_exceptions=True)

    assert min(later - earlier for earlier, later in zip(counted, counted[5:], strict=False)) >= 1.0
    # Twelve fives, each a second and what its answers took.
    assert 12.0 < clock.now - began < 12 * 1.8
