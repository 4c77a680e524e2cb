"""Long lists a slice at a time."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")


def slices(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


async def let_go(collections: Iterable[dict[Any, Any]], size: int) -> None:
    """Empty these, so many at a time: what a large tenant leaves behind would stop the event loop if freed at once."""
    for collection in collections:
        while collection:
            for _ in range(min(size, len(collection))):
                collection.popitem()
            await asyncio.sleep(0)
