"""The channel's metadata is slow, or away for a day: nobody waits for it whose key is known, and the loop never does."""

import asyncio

from scanner.stall import StallMonitor
from tests.bot.channel import Key


async def _hung(bot, count):
    """Tokens of unknown keys, whose fetch hangs."""
    forged = bot.channel.token(key=Key("unknown"))
    return [asyncio.create_task(bot.post(bot.channel.activity(id=f"forged-{n}"), forged)) for n in range(count)]


async def test_metadata_that_does_not_answer_holds_up_no_known_key(bot):
    await bot.keys.prefetch()
    asked, free = asyncio.Event(), asyncio.Event()

    async def slow(request):
        if not request.path.startswith("/teams/"):
            asked.set()
            await free.wait()

    bot.channel.meanwhile = slow
    async with StallMonitor() as monitor:
        waiting = await _hung(bot, 5)
        await asyncio.wait_for(asked.wait(), 10)
        statuses = [(await bot.post(bot.channel.activity(id=f"known-{n}")))[0] for n in range(10)]
        still = [task for task in waiting if not task.done()]
        free.set()
        refused = [(await task)[0] for task in waiting]

    assert statuses == [200] * 10
    assert still
    assert refused == [401] * 5
    assert monitor.longest_busy < 1


async def test_metadata_that_is_away_for_a_day_costs_a_few_requests_and_no_answer(bot):
    await bot.keys.prefetch()
    bot.channel.metadata_down = True
    statuses = set()
    for minutes in range(0, 24 * 60, 30):
        bot.clock[0] = minutes * 60.0
        statuses.add((await bot.post(bot.channel.activity(id=f"known-{minutes}")))[0])
    before = len(bot.channel.requests)
    for n in range(50):
        await bot.post(bot.channel.activity(id=f"forged-{n}"), bot.channel.token(key=Key("unknown")))
    asked = [each for each in bot.channel.requests[before:] if not each.path.startswith("/teams/")]

    assert statuses == {200}
    assert len(asked) <= 2
