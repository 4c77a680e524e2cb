"""Frozen nouns at the price of open ones: a tenant has hundreds of thousands, and reading them is mostly making them.

A frozen dataclass sets each field through a call. A class with the same slots sets them directly, and what it made then
becomes the noun: Python lets an object change to a class of the same layout.
"""

from typing import Any


def opened(noun: type[Any]) -> type[Any]:
    """A class with the slots of a frozen dataclass; who made one sets every field, then its `__class__` to the noun."""
    return type(f"Open{noun.__name__}", (), {"__slots__": noun.__slots__})
