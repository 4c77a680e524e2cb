"""What several ask for at about the same time is done together, and each hears of its own."""

import asyncio

import pytest

from alerts.grouped import Grouped


class Work:
    """Doubles numbers; 13 is refused, and so is any group that holds it."""

    def __init__(self):
        self.groups = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, numbers):
        self.groups.append(list(numbers))
        await self.gate.wait()
        if 13 in numbers:
            raise ValueError("13")
        return [2 * number for number in numbers]


async def test_what_comes_together_is_done_together_and_each_gets_its_own_result():
    work = Work()
    grouped = Grouped(work)

    assert await asyncio.gather(*(grouped(number) for number in range(4))) == [0, 2, 4, 6]
    assert work.groups == [[0, 1, 2, 3]]


async def test_one_bad_item_costs_only_itself():
    work = Work()
    grouped = Grouped(work)
    results = await asyncio.gather(*(grouped(number) for number in (1, 13, 2)), return_exceptions=True)

    assert (results[0], str(results[1]), results[2]) == (2, "13", 4)
    assert sorted(work.groups) == [[1], [1, 13, 2], [2], [13]]


async def test_what_waits_when_its_asker_is_cancelled_is_not_done():
    work = Work()
    work.gate.clear()
    grouped = Grouped(work)
    first = asyncio.create_task(grouped(1))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(grouped(2))
    await asyncio.sleep(0.01)
    second.cancel()
    work.gate.set()

    assert await first == 2
    with pytest.raises(asyncio.CancelledError):
        await second
    assert work.groups == [[1]]


async def test_a_cancelled_asker_learns_of_it_only_when_work_that_had_begun_has_ended():
    work = Work()
    work.gate.clear()
    grouped = Grouped(work)
    asker = asyncio.create_task(grouped(1))
    await asyncio.sleep(0.01)
    asker.cancel()
    await asyncio.sleep(0.01)
    still_there = not asker.done()
    work.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await asker

    assert still_there


async def test_nobody_waits_for_others_who_cannot_come():
    grouped = Grouped(Work(), wait=30, more=lambda: False)

    assert await asyncio.wait_for(grouped(1), 5) == 2
