"""Column types that behave alike on SQLite and PostgreSQL: times, and text of any characters."""

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

#: What neither engine takes in a text, and the mark that escapes it. PostgreSQL refuses NUL; a lone
#: surrogate has no UTF-8 form and is refused by both drivers.
_UNSAFE = re.compile("[\x00\x1a\ud800-\udfff]")
_ESCAPED = re.compile("\x1a([0-9a-f]{4})")

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)

#: A counter that both engines hand out by themselves; SQLite does so only for INTEGER.
Counter = BigInteger().with_variant(Integer(), "sqlite")


def safe_text(value: str) -> str:
    """Text that both engines take; different texts stay different.

    A NUL, a lone surrogate or the mark itself becomes U+001A and four hex digits.
    """
    if _UNSAFE.search(value) is None:
        return value
    return _UNSAFE.sub(lambda found: f"\x1a{ord(found[0]):04x}", value)


def original_text(value: str) -> str:
    """The inverse of `safe_text`."""
    if "\x1a" not in value:
        return value
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)


class SafeText(TypeDecorator[str]):
    """TEXT that holds any Python string and gives the same one back."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else safe_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else original_text(value)


def to_utc(value: datetime) -> datetime:
    """The same moment in UTC; what leaves the calendar on the way is held at its edge.

    Raises ValueError for a naive time.
    """
    if value.tzinfo is None:
        raise ValueError(f"a stored time must be aware, got {value!r}")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return LATEST if value.year > 1 else EARLIEST


class UtcTime(TypeDecorator[datetime]):
    """A moment: TIMESTAMPTZ on PostgreSQL, text of fixed width on SQLite, so that both compare and sort.

    Comes back aware, in UTC, to the microsecond, for every year from 1 to 9999.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        moment = to_utc(value)
        if dialect.name != "sqlite":
            return moment
        return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)
        # The driver stores both ends of the calendar as -infinity and infinity, and gives them back naive.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else to_utc(value)
