"""Cuts of a listing: complete whatever the dates, few requests, never inside a burst."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.partitions import MOST_PARTS, PAGE, conditions, cuts

START = datetime(2016, 1, 1, tzinfo=UTC)


def spread(count: int, seed: int = 1) -> list[datetime]:
    chance = Random(seed)
    return [START + timedelta(seconds=chance.random() * 300_000_000) for _ in range(count)]


def parts(dates: Sequence[datetime], found: Sequence[datetime]) -> list[int]:
    """How many apps each part lists, both ends inclusive."""
    ordered = sorted(dates)
    lows = [0, *(bisect_left(ordered, cut) for cut in found)]
    highs = [*(bisect_right(ordered, cut) for cut in found), len(ordered)]
    return [high - low for low, high in zip(lows, highs, strict=True)]


def requests(dates: Sequence[datetime], found: Sequence[datetime]) -> int:
    return sum(max(1, ceil(size / PAGE)) for size in parts(dates, found))


@pytest.mark.parametrize(
    ("apps", "most"), [(2_500, 4), (12_000, 14), (25_000, 27), (50_000, 53), (100_000, 104), (250_000, 255)]
)
@pytest.mark.parametrize("seed", range(5))
def test_parts_cost_hardly_more_requests_than_one_chain(apps: int, most: int, seed: int) -> None:
    dates = spread(apps, seed)

    found = cuts(dates)

    assert 1 < len(found) + 1 <= MOST_PARTS
    assert requests(dates, found) <= most
    # Thirty apps that come back to each part do not cost another request.
    assert requests(dates + spread(100, seed + 100), found) <= most + 1


@pytest.mark.parametrize("apps", [0, 1, 999, 1998])
def test_a_small_tenant_is_one_chain(apps: int) -> None:
    assert cuts(spread(apps)) == []
    assert conditions([]) == [""]


def test_the_filters_overlap_by_the_second_they_share() -> None:
    first, second = START, START + timedelta(days=1, microseconds=5)

    assert conditions([first, second]) == [
        "createdDateTime le 2016-01-01T00:00:00Z",
        "createdDateTime ge 2016-01-01T00:00:00Z and createdDateTime le 2016-01-02T00:00:00Z",
        "createdDateTime ge 2016-01-02T00:00:00Z",
    ]


def test_a_burst_is_on_one_side_of_every_cut() -> None:
    burst = [START + timedelta(days=5, microseconds=number) for number in range(5000)]
    dates = spread(4000) + burst

    found = cuts(dates)

    assert sum(parts(dates, found)) == len(dates)
    assert max(parts(dates, found)) >= len(burst)


def test_a_tenant_made_in_one_second_is_one_chain() -> None:
    assert cuts([START] * 10_000) == []


@settings(max_examples=200, deadline=None)
@given(
    bursts=st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 2500)), min_size=1, max_size=12),
    single=st.integers(0, 4000),
)
def test_whatever_the_dates_every_app_is_listed_and_few_twice(bursts: list[tuple[int, int]], single: int) -> None:
    dates = spread(single) + [START + timedelta(seconds=at) for at, size in bursts for _ in range(size)]

    found = cuts(dates)

    assert found == sorted(set(found))
    assert all(cut.microsecond == 0 for cut in found)
    assert len(found) + 1 <= MOST_PARTS
    listed = parts(dates, found)
    assert sum(listed) >= len(dates)
    # What stands on a cut comes twice: the smaller of two neighbouring seconds, nothing where there is a gap.
    ordered = sorted(dates)
    for cut in found:
        here = bisect_right(ordered, cut) - bisect_left(ordered, cut)
        assert here <= max(sum(1 for date in dates if 0 < abs((date - cut).total_seconds()) <= 1), 0)
