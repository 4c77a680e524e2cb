"""Keeps the collector's full passes out of a scan, and gives its memory back to the machine afterwards."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: Objects made between two looks at the youngest, such looks between two at the younger ones, and never at all. Each
#: object looked at takes 0.13 us: more at a time would stop the event loop for longer, fewer look at all of them twice.
THRESHOLDS = (50_000, 2, 1_000_000_000)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Only the young objects are looked through for cycles meanwhile.

    The collector's full passes over a tenant in memory stop the event loop for 100 ms and more, and what a scan
    makes has no cycles; what the libraries make on the way has, and is young.
    """
    before = gc.get_threshold()
    gc.set_threshold(*THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def give_back() -> None:
    """Return freed memory to the system; glibc would keep what small values had taken."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
