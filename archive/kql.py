"""The archive's questions: `queries/<name>.kql`, and how typed values enter them.

A query file begins with `// steward: <file name>`, the question, and one line for each parameter:
`// parameter <Name>: <type>`, where the type is string, long, timespan, datetime or strings. A `strings`
parameter is a table with one column Id, used as `in (<Name>)`: as a list literal it would be compared
row by row.

Log Analytics gets the text with a `let` for each value. The embedded archive runs the SQL beside the file
with the same values bound, so that no value is ever part of its text.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from alerts.errors import ArchiveError

QUERIES = Path(__file__).with_name("queries")

#: Longest single text value; ids, UPNs and names of apps are far shorter.
TEXT_LIMIT = 4_096

_PARAMETER = re.compile(r"^// parameter (?P<name>[A-Z][A-Za-z]*): (?P<type>\w+)\b", re.MULTILINE)
_ESCAPES = {"\\": "\\\\", '"': '\\"'}


class ValueRefused(ArchiveError):
    """A value cannot be asked for: wrong type, control characters, or too long."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """One question.

    Attributes:
        name: the file's name without `.kql`.
        text: the KQL as it stands in the file.
        parameters: name -> type.
        sql: the committed DuckDB SQL with `$<Name>` for each parameter that it uses and `$now`.
    """

    name: str
    text: str
    parameters: Mapping[str, str]
    sql: str


def _typed(value: object, kind: type, name: str) -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueRefused(f"{name} must be {kind.__name__}, got {type(value).__name__}")
    return value


def _text(value: object, name: str) -> str:
    text: str = _typed(value, str, name)
    if len(text) > TEXT_LIMIT:
        raise ValueRefused(f"{name} is longer than {TEXT_LIMIT} characters")
    # Line separators end a KQL string as a newline does; a lone surrogate has no UTF-8.
    if any(
        char < " " or "\x7f" <= char < "\xa0" or char in "\u2028\u2029" or "\ud800" <= char < "\ue000" for char in text
    ):
        raise ValueRefused(f"{name} holds control characters")
    return text


def _quoted(value: object, name: str) -> str:
    return '"' + "".join(_ESCAPES.get(char, char) for char in _text(value, name)) + '"'


def _long(value: object, name: str) -> str:
    number: int = _typed(value, int, name)
    if not -(2**63) <= number < 2**63:
        raise ValueRefused(f"{name} does not fit into 64 bits")
    return f"long({number})"


def _timespan(value: object, name: str) -> str:
    span: timedelta = _typed(value, timedelta, name)
    sign = "-" if span < timedelta() else ""
    span = abs(span)
    hours, rest = divmod(span.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"time({sign}{span.days}.{hours:02}:{minutes:02}:{seconds:02}.{span.microseconds:06})"


def _datetime(value: object, name: str) -> str:
    moment: datetime = _typed(value, datetime, name)
    if moment.tzinfo is None:
        raise ValueRefused(f"{name} must be an aware datetime")
    return f"datetime({moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z)"


def _strings(value: object, name: str) -> str:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise ValueRefused(f"{name} must be a list of strings")
    return "datatable(Id: string)[" + ",".join(_quoted(each, name) for each in value) + "]"


_LITERALS: Mapping[str, Callable[[object, str], str]] = {
    "string": _quoted,
    "long": _long,
    "timespan": _timespan,
    "datetime": _datetime,
    "strings": _strings,
}


def literal(type: str, value: object, name: str = "value") -> str:
    """A value as KQL: the only way by which values enter a query's text.

    Only the backslash and the quote are escaped: duckdb-kql does not decode escapes by code point, and
    control characters, which would need them, are refused. Raises ValueRefused.
    """
    return _LITERALS[type](value, name)


def check_values(query: Query, values: Mapping[str, object]) -> None:
    """Refuse missing and unknown values. Raises ValueRefused."""
    if missing := query.parameters.keys() - values.keys():
        raise ValueRefused(f"{query.name}: no value for {', '.join(sorted(missing))}")
    if unknown := values.keys() - query.parameters.keys():
        raise ValueRefused(f"{query.name}: no parameter {', '.join(sorted(unknown))}")


def text_with(query: Query, values: Mapping[str, object]) -> str:
    """The KQL to send: the file's first line, a `let` for each value, the rest. Raises ValueRefused."""
    check_values(query, values)
    first, _, rest = query.text.partition("\n")
    lets = [f"let {name} = {literal(kind, values[name], name)};" for name, kind in query.parameters.items()]
    return "\n".join([first, *lets, rest])


def bound_values(query: Query, values: Mapping[str, object], now: datetime) -> dict[str, object]:
    """The values to bind to the SQL, only those that it uses. Raises ValueRefused."""
    check_values(query, values)
    bound: dict[str, object] = {"now": now.astimezone(UTC).replace(tzinfo=None)}
    for name, kind in query.parameters.items():
        value = values[name]
        # Both archives refuse the same values, or a question would work here and fail there.
        literal(kind, value, name)
        if isinstance(value, datetime):
            value = value.astimezone(UTC).replace(tzinfo=None)
        bound[name] = list(value) if kind == "strings" else value  # type: ignore[call-overload]
    return {name: value for name, value in bound.items() if re.search(rf"\${name}\b", query.sql)}


def read_parameters(text: str) -> dict[str, str]:
    """Name -> type as the header of a query file declares them. Raises ValueError for an unknown type."""
    found = {match["name"]: match["type"] for match in _PARAMETER.finditer(text)}
    if unknown := set(found.values()) - _LITERALS.keys():
        raise ValueError(f"unknown parameter type {', '.join(sorted(unknown))}")
    return found


def query_names() -> tuple[str, ...]:
    """All questions there are, by name."""
    return tuple(sorted(path.stem for path in QUERIES.glob("*.kql")))


@cache
def load(name: str) -> Query:
    """The question of this name. Raises ArchiveError when there is none."""
    if name not in query_names():
        raise ArchiveError(f"there is no query {name!r}")
    text = (QUERIES / f"{name}.kql").read_text(encoding="utf-8")
    sql = (QUERIES / f"{name}.sql").read_text(encoding="utf-8")
    return Query(name=name, text=text, parameters=read_parameters(text), sql=sql)
