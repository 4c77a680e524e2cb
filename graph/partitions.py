"""Where to cut a listing of app registrations into parts that are read side by side.

Only createdDateTime can cut it: it is filtered without an advanced query, so that $expand stays allowed, and an app
never leaves its part (Graph: $filter on directory objects).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

PAGE = 999
#: Parts of one listing, as many as are read side by side.
MOST_PARTS = 16
#: Apps for which a part leaves room on its last page (restored ones, ends that overlap): one more costs a request.
ROOM = 30


def cuts(created: Sequence[datetime]) -> list[datetime]:
    """Ascending dates, whole seconds, that cut a listing with these creation dates into at most 16 parts.

    A part holds just under a multiple of 999, so that its last page is nearly full; the last, open one holds the
    rest. A cut stays outside a burst of equal dates, which both sides would list. None below two pages.
    """
    seconds = sorted(date.replace(microsecond=0) for date in created)
    if len(seconds) <= 2 * PAGE:
        return []
    pages = 1
    while len(seconds) > MOST_PARTS * (pages * PAGE - ROOM):
        pages += 1
    size = pages * PAGE - ROOM
    found: list[datetime] = []
    start = 0
    while start + size < len(seconds):
        start = _outside_burst(seconds, start, start + size)
        if start < len(seconds):
            found.append(_between(seconds, start))
    return found


def conditions(cuts: Sequence[datetime]) -> list[str]:
    """A $filter for every part, one '' without cuts.

    Both ends are inclusive: no fraction of a second falls between two parts, and what stands on a cut comes twice.
    """
    dates = [cut.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for cut in cuts]
    lower = ["", *(f"createdDateTime ge {date}" for date in dates)]
    upper = [*(f"createdDateTime le {date}" for date in dates), ""]
    return [" and ".join(filter(None, ends)) for ends in zip(lower, upper, strict=True)]


def _outside_burst(seconds: Sequence[datetime], start: int, end: int) -> int:
    """The index nearest below `end` at which a new second begins; above it where the burst fills the whole part."""
    begins = bisect_left(seconds, seconds[end])
    return begins if begins > start else bisect_right(seconds, seconds[end])


def _between(seconds: Sequence[datetime], index: int) -> datetime:
    """A second between the two dates before and at the index; of neighbours the one with fewer apps."""
    before, after = seconds[index - 1], seconds[index]
    if after - before > timedelta(seconds=1):
        return (before + (after - before) / 2).replace(microsecond=0)
    low = index - bisect_left(seconds, before)
    high = bisect_right(seconds, after) - index
    return before if low < high else after
