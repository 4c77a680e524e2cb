"""Keeps the collector out of a scan, and gives its memory back to the machine afterwards."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def undisturbed() -> Iterator[None]:
    """No cyclic collection meanwhile.

    Its full passes over a tenant in memory stop the event loop for 100 ms and more; what a scan makes has no
    cycles, so there is nothing for it to find.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def give_back() -> None:
    """Return freed memory to the system; glibc would keep what small values had taken."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
