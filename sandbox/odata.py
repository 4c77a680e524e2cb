"""The part of OData that Graph's directory understands: $select, $expand, $filter, $top, $orderby, $count, $skiptoken.

Parsing only: what a resource allows is said by its description (`Resource`), and everything else is
refused with 400 in Graph's words. Sources: learn.microsoft.com/graph query-parameters, filter-query-parameter,
aad-advanced-queries, known-issues.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from sandbox.refused import Refused

#: Most values of an `in`, and most `or` branches, of a default query.
MAX_CLAUSES = 15
MAX_PAGE, DEFAULT_PAGE = 999, 100

#: What a filter compares: property name -> its value in the object at hand.
Getter = Callable[[str], Any]
Predicate = Callable[[Getter], bool]


def bad(message: str, code: str = "Request_UnsupportedQuery") -> Refused:
    return Refused(400, code, message)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What may be asked of one type of object."""

    #: Graph's type name without namespace: application.
    name: str
    #: All properties that may be selected.
    properties: frozenset[str]
    #: Property -> filter operators that work by default: eq ge le in startswith.
    filters: Mapping[str, frozenset[str]]
    #: Property -> further operators that need an advanced query: ne null not endswith.
    advanced: Mapping[str, frozenset[str]] = field(default_factory=dict)
    #: Navigation properties that may be expanded.
    expands: frozenset[str] = frozenset()
    #: Properties that may be ordered by.
    orders: frozenset[str] = frozenset({"displayName"})


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A parsed $filter."""

    matches: Predicate
    #: Whether it needs ConsistencyLevel: eventual and $count=true.
    advanced: bool
    #: The $filter as sent.
    text: str = ""
    #: Ids when the filter is exactly `id in (...)` or `id eq ...`, so that nothing need be searched.
    ids: tuple[str, ...] | None = None
    #: Both ends, included, when the filter is nothing but `createdDateTime ge ... and createdDateTime le ...` or one
    #: of the two; None is an open end.
    created: tuple[datetime | None, datetime | None] | None = None


@dataclass(frozen=True, kw_only=True)
class Query:
    """The query options of one request."""

    #: Property names in the order asked for, None without $select.
    select: tuple[str, ...] | None = None
    #: Expanded navigation property, '' none.
    expand: str = ""
    #: Nested $select of the expansion, None without.
    expand_select: tuple[str, ...] | None = None
    filter: Filter | None = None
    search: str = ""
    order: str = ""
    descending: bool = False
    #: Objects a page; Graph's default when not asked for.
    top: int = DEFAULT_PAGE
    asked_top: bool = False
    #: Ordinal after which the page begins, -1 for the first page.
    after: int = -1
    #: Which page of its chain this is, counted from 1.
    page: int = 1
    count: bool = False
    #: Value of $deltatoken, '' without.
    delta_token: str = ""
    #: All options as sent except the token, for the next link.
    options: tuple[tuple[str, str], ...] = ()


KNOWN = frozenset(
    {
        "$select",
        "$expand",
        "$filter",
        "$search",
        "$orderby",
        "$top",
        "$skiptoken",
        "$count",
        "$deltatoken",
        "$format",
    }
)


def parse(query_string: str, resource: Resource, *, eventual: bool = False) -> Query:
    """The options of a request for a collection or object of this type. Raises Refused 400."""
    options = parse_qsl(query_string, keep_blank_values=True, max_num_fields=30)
    values: dict[str, str] = {}
    for name, value in options:
        if name.startswith("$"):
            if name.lower() not in KNOWN:
                raise bad(f"Unrecognized query argument specified: '{name}'.", "BadRequest")
            if name.lower() in values:
                raise bad(
                    f"Query option '{name}' was specified more than once, but it must be specified at most once.",
                    "BadRequest",
                )
            values[name.lower()] = value
    top = _top(values.get("$top"))
    expand, expand_select = _expand(values.get("$expand", ""), resource)
    order, descending = _order(values.get("$orderby", ""), resource)
    after, page = read_token(values.get("$skiptoken"))
    query = Query(
        select=_select(values.get("$select"), resource.properties, resource.name),
        expand=expand,
        expand_select=expand_select,
        filter=parse_filter(values["$filter"], resource) if "$filter" in values else None,
        search=_search(values.get("$search", "")),
        order=order,
        descending=descending,
        top=top or DEFAULT_PAGE,
        asked_top=top is not None,
        after=after,
        page=page,
        count=values.get("$count", "").lower() == "true",
        delta_token=values.get("$deltatoken", ""),
        options=tuple((name, value) for name, value in options if name.lower() not in ("$skiptoken", "$deltatoken")),
    )
    _check_advanced(query, eventual)
    return query


def _check_advanced(query: Query, eventual: bool) -> None:
    """Advanced queries need the header and $count, and never go together with $expand."""
    advanced = bool(query.search) or bool(query.order and query.filter) or bool(query.filter and query.filter.advanced)
    if advanced and not (eventual and query.count):
        if query.search:
            raise bad(
                "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'"
            )
        if query.order:
            raise bad("Sorting not supported for current query.")
        raise bad(
            "Filter operator is supported for the current query only with the 'ConsistencyLevel:eventual' header and the "
            "query parameter $count=true. Refer to https://aka.ms/graph-docs/advanced-queries for more information"
        )
    if query.expand and (advanced or (eventual and query.count)):
        raise bad(
            "Expand is not supported for the current query: it cannot be combined with advanced query capabilities."
        )


def _top(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"-?\d{1,9}", text):
        raise bad(f"Invalid value '{text}' for $top query option found.", "BadRequest")
    number = int(text)
    if not 1 <= number <= MAX_PAGE:
        raise bad(f"Invalid page size specified: '{number}'. Must be between 1 and {MAX_PAGE} inclusive.")
    return number


def _select(text: str | None, properties: frozenset[str], type_name: str) -> tuple[str, ...] | None:
    if text is None or not text.strip():
        return None
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in properties:
            raise bad(f"Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'.", "BadRequest")
    return names


_EXPAND = re.compile(r"(\w+)(?:\((.*)\))?")


def _expand(text: str, resource: Resource) -> tuple[str, tuple[str, ...] | None]:
    if not text:
        return "", None
    found = _EXPAND.fullmatch(text.strip())
    if found is None:
        raise bad("Only one relationship may be expanded per request.", "BadRequest")
    name, nested = found.group(1), found.group(2)
    if name not in resource.expands:
        raise bad(f"Could not find a property named '{name}' on type 'microsoft.graph.{resource.name}'.", "BadRequest")
    if nested is None:
        return name, None
    option, _, value = nested.partition("=")
    if option.strip() != "$select" or ";" in value:
        raise bad(f"The query option '{option}' is not supported inside $expand.", "BadRequest")
    return name, tuple(part.strip() for part in value.split(","))


def _order(text: str, resource: Resource) -> tuple[str, bool]:
    if not text:
        return "", False
    name, _, direction = text.strip().partition(" ")
    if name not in resource.orders or direction.strip() not in ("", "asc", "desc"):
        raise bad("Sorting not supported for current query.")
    return name, direction.strip() == "desc"


def _search(text: str) -> str:
    """The prefix in `"displayName:prefix"`."""
    if not text:
        return ""
    found = re.fullmatch(r'"displayName:(.+)"', text)
    if found is None:
        raise bad('Syntax error: $search takes "displayName:text" here.')
    return found.group(1).lower()


# ---------------------------------------------------------------- tokens of pages


#: What Graph says to a page token that it no longer knows.
EXPIRED_TOKEN = (
    "Directory_ExpiredPageToken",
    "The specified page token value has expired and can no longer be included in your request.",
)


def page_token(ordinal: int, page: int = 2) -> str:
    """A $skiptoken for this page of its chain, which continues after this ordinal."""
    return base64.urlsafe_b64encode(f"after {ordinal} page {page}".encode()).decode().rstrip("=")


def read_token(token: str | None) -> tuple[int, int]:
    """(ordinal, page) of a $skiptoken, (-1, 1) without one. Raises Refused 400 for one that is not ours."""
    if token is None:
        return -1, 1
    try:
        words = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split()
        if words[0::2] == ["after", "page"]:
            return int(words[1]), int(words[3])
    except (ValueError, IndexError):
        pass
    raise Refused(400, *EXPIRED_TOKEN)


# ---------------------------------------------------------------- $filter

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<time>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))"
    r"|(?P<guid>[0-9a-fA-F]{8}-[0-9a-fA-F-]{27})|(?P<number>-?\d+)(?![\w-])|(?P<word>[A-Za-z_$][\w$/.]*)|(?P<mark>[(),]))"
)

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "ge": lambda value, wanted: value is not None and value >= wanted,
    "le": lambda value, wanted: value is not None and value <= wanted,
    "gt": lambda value, wanted: value is not None and value > wanted,
    "lt": lambda value, wanted: value is not None and value < wanted,
}


def _tokens(text: str) -> Iterable[tuple[str, Any]]:
    place = 0
    text = text.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.end() == place:
            raise bad(f"Invalid filter clause: Syntax error at position {place} in '{text}'.", "BadRequest")
        place = found.end()
        kind = str(found.lastgroup)
        value: Any = found.group(kind)
        if kind == "text":
            value = value[1:-1].replace("''", "'")
        elif kind == "time":
            kind, value = "text", _time(value)
        elif kind == "number":
            kind, value = "text", int(value)
        elif kind == "guid":
            kind = "text"
        elif kind == "word" and value in ("null", "true", "false"):
            kind, value = "text", {"null": None, "true": True, "false": False}[value]
        yield kind, value


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise bad(f"Invalid filter clause: '{text}' is no time.", "BadRequest") from error


def parse_filter(text: str, resource: Resource) -> Filter:
    """A $filter over this type. Raises Refused 400 for what Graph does not support."""
    parser = _FilterParser(list(_tokens(text)), resource)
    matches = parser.either()
    if parser.rest:
        raise bad(f"Invalid filter clause: Syntax error near '{parser.rest[0][1]}'.", "BadRequest")
    if parser.branches > MAX_CLAUSES and not parser.advanced:
        raise bad(
            "Too many child clauses specified in search filter expression containing 'OR' operators: "
            f"{parser.branches}. Max allowed: {MAX_CLAUSES}."
        )
    ids = tuple(parser.ids) if parser.clauses == 1 and parser.ids else None
    return Filter(matches=matches, advanced=parser.advanced, text=text, ids=ids, created=_created(text))


_SPAN = re.compile(r"(?:createdDateTime ge (\S+))?(?: and (?=.))?(?:createdDateTime le (\S+))?")


def _created(text: str) -> tuple[datetime | None, datetime | None] | None:
    """The span of a filter that has been parsed and is nothing but one."""
    found = _SPAN.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        return None
    low, high = found.groups()
    return _time(low) if low else None, _time(high) if high else None


class _FilterParser:
    """Recursive descent over `or`, `and`, `not`, parentheses, comparisons, `in` and functions."""

    def __init__(self, tokens: list[tuple[str, Any]], resource: Resource) -> None:
        self.rest = tokens
        self.resource = resource
        self.advanced = False
        #: Values of all `in`s, or branches of `or`, whichever is more.
        self.branches = 1
        self.clauses = 0
        self.ids: list[str] = []

    def either(self) -> Predicate:
        parts = [self.both()]
        while self._word("or"):
            parts.append(self.both())
        self.branches = max(self.branches, len(parts))
        return parts[0] if len(parts) == 1 else lambda get: any(part(get) for part in parts)

    def both(self) -> Predicate:
        parts = [self.clause()]
        while self._word("and"):
            parts.append(self.clause())
        return parts[0] if len(parts) == 1 else lambda get: all(part(get) for part in parts)

    def clause(self) -> Predicate:
        if self._word("not"):
            inner = self.clause()
            self.advanced = True
            return lambda get: not inner(get)
        if self._mark("("):
            within = self.either()
            self._expect(")")
            return within
        self.clauses += 1
        name = self._take("word")
        if name in ("startswith", "startsWith", "endswith", "endsWith"):
            return self._function(name.lower())
        return self._comparison(name)

    def _function(self, function: str) -> Predicate:
        self._expect("(")
        name = self._take("word")
        self._expect(",")
        wanted = str(self._take("text")).lower()
        self._expect(")")
        self._allow(name, function)
        if function == "startswith":
            return lambda get: str(get(name) or "").lower().startswith(wanted)
        return lambda get: str(get(name) or "").lower().endswith(wanted)

    def _comparison(self, name: str) -> Predicate:
        operator = self._take("word")
        if operator == "in":
            return self._within(name)
        if operator not in COMPARE:
            raise bad(f"Invalid filter clause: '{operator}' is no operator.", "BadRequest")
        wanted = self._take("text")
        if wanted is None and operator not in ("eq", "ne"):
            raise bad(f"Invalid filter clause: null cannot be compared by '{operator}'.", "BadRequest")
        self._allow(name, "null" if wanted is None and operator == "eq" else operator)
        compare = COMPARE[operator]
        if isinstance(wanted, str):
            if name == "id" and operator == "eq":
                self.ids.append(wanted.lower())
            lowered = wanted.lower()
            return lambda get: compare(str(get(name) or "").lower(), lowered)
        return lambda get: compare(get(name), wanted)

    def _within(self, name: str) -> Predicate:
        self._expect("(")
        values = [str(self._take("text")).lower()]
        while self._mark(","):
            values.append(str(self._take("text")).lower())
        self._expect(")")
        self._allow(name, "in")
        self.branches = max(self.branches, len(values))
        if name == "id":
            self.ids += values
        wanted = frozenset(values)
        return lambda get: str(get(name) or "").lower() in wanted

    def _allow(self, name: str, operator: str) -> None:
        """Note whether the clause needs an advanced query. Raises Refused 400 where it never works."""
        if operator in self.resource.filters.get(name, frozenset()):
            return
        if operator in self.resource.advanced.get(name, frozenset()):
            self.advanced = True
            return
        if name not in self.resource.properties and "/" not in name:
            raise bad(
                f"Could not find a property named '{name}' on type 'microsoft.graph.{self.resource.name}'.",
                "BadRequest",
            )
        kind = self.resource.name[0].upper() + self.resource.name[1:]
        raise bad(f"Unsupported or invalid query filter clause specified for property '{name}' of resource '{kind}'.")

    def _take(self, kind: str) -> Any:
        if not self.rest or self.rest[0][0] != kind:
            near = self.rest[0][1] if self.rest else "the end"
            raise bad(f"Invalid filter clause: Syntax error near '{near}'.", "BadRequest")
        return self.rest.pop(0)[1]

    def _word(self, word: str) -> bool:
        if self.rest and self.rest[0] == ("word", word):
            self.rest.pop(0)
            return True
        return False

    def _mark(self, mark: str) -> bool:
        if self.rest and self.rest[0] == ("mark", mark):
            self.rest.pop(0)
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._mark(mark):
            raise bad(f"Invalid filter clause: '{mark}' expected.", "BadRequest")
