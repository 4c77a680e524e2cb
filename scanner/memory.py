"""Keeps the collector's full passes out of a scan, and gives its memory back to the machine afterwards."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

#: Objects made between two looks at the youngest, and no other looks. Each object looked at takes 0.13 us and more: a
#: look at all that a few such rounds have left would stop the event loop for 20 ms and more.
THRESHOLDS = (30_000, 1_000_000_000, 1_000_000_000)


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
