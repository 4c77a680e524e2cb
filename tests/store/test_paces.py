"""The pace that all replicas share: turns follow each other, a stop holds for everybody."""

import asyncio

import pytest

from store.shared_pace import StoredPace, StoredSpacing
from store.store import SqlStore, open_store


class Now:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


async def test_turns_of_two_replicas_follow_each_other(store: SqlStore, url: str) -> None:
    now = Now()
    other = await open_store(url)
    one, two = (StoredPace(each, "teams", 20, now=now) for each in (store, other))
    waits = [await one.reserve(4), await two.reserve(1), await one.reserve(2)]
    now.seconds += 10
    waits.append(await two.reserve(1))
    await other.close()

    assert waits == [pytest.approx(wait, abs=1e-5) for wait in (0.0, 0.2, 0.25, 0.0)]


async def test_no_turn_is_given_twice_however_many_ask_at_once(store: SqlStore, url: str) -> None:
    now = Now()
    other = await open_store(url)
    paces = [StoredPace(each, "teams", 10, now=now) for each in (store, other)]
    waits = await asyncio.gather(*(paces[n % 2].reserve(1) for n in range(20)))
    await other.close()

    assert sorted(round(wait, 3) for wait in waits) == [round(n / 10, 3) for n in range(20)]


async def test_a_stop_holds_for_everybody_and_is_never_shortened(store: SqlStore, url: str) -> None:
    now = Now()
    other = await open_store(url)
    one, two = (StoredPace(each, "teams", 20, now=now) for each in (store, other))
    mail = StoredPace(store, "mail", 20, now=now)
    assert await two.shut_for() == 0.0
    await one.shut(60)
    await two.shut(5)
    now.seconds += 20
    left = [await one.shut_for(), await two.shut_for(), await mail.shut_for()]
    now.seconds += 40
    left.append(await two.shut_for())
    await other.close()

    assert left == [pytest.approx(seconds, abs=1e-5) for seconds in (40.0, 40.0, 0.0, 0.0)]


async def test_a_clock_that_was_put_back_does_not_stop_sending(store: SqlStore) -> None:
    now = Now()
    pace = StoredPace(store, "teams", 20, now=now)
    await pace.reserve(1)
    await pace.shut(60)
    now.seconds -= 40 * 86_400

    assert await pace.reserve(1) <= 120
    assert await pace.shut_for() <= 3600


async def test_without_a_clock_of_the_test_the_databases_own_is_asked(store: SqlStore) -> None:
    pace = StoredPace(store, "teams", 1)
    await pace.reserve(100)
    await pace.shut(100)

    assert 50 < await pace.reserve(1) < 101
    assert 50 < await pace.shut_for() < 101


async def test_each_conversation_has_turns_of_its_own_and_is_forgotten_when_nobody_writes_to_it(
    store: SqlStore, url: str
) -> None:
    now = Now()
    other = await open_store(url)
    one, two = (StoredSpacing(each, "teams", now=now) for each in (store, other))
    waits = [await one.reserve("a:ana", 0.6), await two.reserve("a:ana", 0.6), await two.reserve("a:ben", 0.6)]
    await StoredPace(store, "teams", 20, now=now).shut(7200)
    await other.close()
    now.seconds += 3600
    async with store.transaction() as tx:
        forgotten = [await tx.forget_paces(seconds, now) for seconds in (3700, 1800, 1800)]

    assert waits == [pytest.approx(wait, abs=1e-5) for wait in (0.0, 0.6, 0.0)]
    # The stop is still in force.
    assert forgotten == [0, 2, 0]
