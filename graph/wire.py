"""Graph's JSON on the wire: decoded item by item, so that one poisoned record costs one record.

A single lone surrogate or raw control character anywhere makes a strict parser refuse the whole page; such pages
are read again leniently, with the characters replaced that a database or a UTF-8 encoder would choke on.
"""

import binascii
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import msgspec

from alerts.errors import GraphError

T = TypeVar("T")

#: The latest moment that Python knows to the second; what Graph says beyond it is clamped to it.
FOREVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class Page(msgspec.Struct):
    """One page of a collection; an item is decoded by whoever knows its type."""

    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    #: On the last page of a round of changes: where the next round begins.
    delta_link: str | None = msgspec.field(name="@odata.deltaLink", default=None)


class Reference(msgspec.Struct, gc=False):
    """A directory object of which only type and id are sure."""

    id: str | None = None
    type: str | None = msgspec.field(name="@odata.type", default=None)


class Unreadable(ValueError):
    """One record that is not as Graph promises; the text is the reason shown to admins."""


class _Fault(msgspec.Struct):
    code: str = ""
    message: str = ""


class _ErrorBody(msgspec.Struct):
    error: _Fault


#: How JSON writes U+0000, which PostgreSQL stores in no text.
NUL = b"\\u0000"
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_SINGLE = msgspec.json.Decoder(msgspec.Raw)
_PAGE = msgspec.json.Decoder(Page)
_ERROR = msgspec.json.Decoder(_ErrorBody)


def decode_page(body: bytes) -> Page:
    """Decode the envelope; `value` holds each item's own JSON. Raises msgspec.DecodeError (truncated, not a page)."""
    try:
        page = _PAGE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        found = _loaded(body)
        if not isinstance(found, dict) or not isinstance(found.get("value"), list):
            raise msgspec.DecodeError(f"not a page of Graph: {error}") from error
        links = (found.get(name) for name in ("@odata.nextLink", "@odata.deltaLink"))
        # Item by item: cleaning a whole page of 2 MB would hold up the event loop for a tenth of a second.
        return Page(
            [_storable(item) for item in found["value"]], *(each if isinstance(each, str) else None for each in links)
        )
    if has_nul(body):
        page.value = [_without_nul(item) for item in page.value]
    return page


def has_nul(body: bytes) -> bool:
    """Whether a U+0000 stands in JSON text."""
    # One character is found at ten times the speed of six, and most pages have no backslash at all.
    return b"\\" in body and NUL in body


def decode_count(body: bytes) -> int:
    """The number that a $count answers as plain text. Raises msgspec.DecodeError."""
    try:
        return int(body.decode("utf-8-sig"))
    except ValueError as error:
        raise msgspec.DecodeError(f"not a number: {body[:40]!r}") from error


def decode_single(body: bytes) -> msgspec.Raw:
    """One object's JSON, whole and storable. Raises msgspec.DecodeError."""
    try:
        raw = _SINGLE.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        cleaned = lenient(body)
        if not isinstance(cleaned, dict):
            raise msgspec.DecodeError(f"not an object of Graph: {error}") from error
        return msgspec.Raw(msgspec.json.encode(cleaned))
    return _without_nul(raw)


def decode_item(raw: msgspec.Raw | bytes, decoder: "msgspec.json.Decoder[T]") -> T:
    """Decode one item. Raises Unreadable."""
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        cleaned = lenient(bytes(raw))
        if cleaned is None:
            raise Unreadable(str(error)) from error
    try:
        return decoder.decode(msgspec.json.encode(cleaned))
    except msgspec.DecodeError as error:
        raise Unreadable(str(error)) from error


def lenient(body: bytes) -> Any:
    """The JSON value with unstorable characters replaced, None when it is not even leniently JSON."""
    return clean(_loaded(body))


def _loaded(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8", "replace"), strict=False)
    except (ValueError, RecursionError):
        return None


def clean(value: Any) -> Any:
    """NUL and lone surrogates become U+FFFD, at any depth; all other text stays as it is."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    return value


def _storable(item: Any) -> msgspec.Raw:
    try:
        return _without_nul(msgspec.Raw(msgspec.json.encode(item)))
    except UnicodeEncodeError:  # a lone surrogate
        return msgspec.Raw(msgspec.json.encode(clean(item)))


def _without_nul(raw: msgspec.Raw) -> msgspec.Raw:
    body = bytes(raw)
    if NUL not in body:
        return raw
    return msgspec.Raw(msgspec.json.encode(lenient(body)))


def id_of(raw: msgspec.Raw) -> str:
    """The item's id for a quarantine note, '' when there is none."""
    value = lenient(bytes(raw))
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def text(value: object) -> str:
    """A string property that may be null or missing."""
    return value if isinstance(value, str) else ""


def instant(value: Any, name: str) -> datetime | None:
    """A Graph dateTime, its text or already decoded, as aware UTC; null and missing give None.

    Without a zone it is UTC, as Graph writes nothing else. What lies beyond year 9999 is `FOREVER`. Fractions are
    rounded to microseconds, Graph writes up to seven digits.

    Raises:
        Unreadable: empty, junk, or year 1, which is .NET's way to write no date and must never become day 0.
    """
    if value is None or (value.__class__ is datetime and value.tzinfo is UTC and 1970 <= value.year < FOREVER.year):
        return value
    try:
        found = value if isinstance(value, datetime) else _parsed(value)
    except (ValueError, TypeError):
        if isinstance(value, str) and _after_year_9999(value):
            return FOREVER
        raise Unreadable(f"{name} is empty" if value == "" else f"{name} is not a date: {str(value)[:40]!r}") from None
    # Compared before any shift between zones: year 1 and year 9999 overflow in both directions.
    if found.year >= FOREVER.year:
        return min(found.replace(tzinfo=UTC), FOREVER)
    if found.year < 1970:
        raise Unreadable(f"{name} lies in the year {found.year}")
    if found.tzinfo is UTC:
        return found
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _parsed(value: Any) -> datetime:
    """RFC 3339 in the same way as a typed page, else ISO 8601, of which some tools know more forms."""
    try:
        return msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        return datetime.fromisoformat(value)


def _after_year_9999(value: str) -> bool:
    year, dash, rest = value.partition("-")
    return bool(dash) and len(year) > 4 and year.isascii() and year.isdigit() and rest[:2].isdigit()


def thumbprint(identifier: object) -> str:
    """customKeyIdentifier (base64, in some tools hex) as upper-case hex; '' when it is no SHA-1 or SHA-256."""
    if not isinstance(identifier, str) or not identifier:
        return ""
    value = identifier
    if len(value) in (40, 64) and all(character in "0123456789abcdefABCDEF" for character in value):
        return value.upper()
    try:
        raw = binascii.a2b_base64(value, strict_mode=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex().upper() if len(raw) in (20, 32) else ""


def graph_error(response: httpx.Response, retry_after: float | None) -> GraphError:
    """The error that an HTTP answer of Graph says."""
    return fault(response.status_code, response.content, retry_after)


def fault(status: int, body: bytes, retry_after: float | None = None) -> GraphError:
    """The error that a status and body say, of an answer or of one part of a $batch."""
    try:
        said = _ERROR.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = _Fault()
    words = f"Graph answered {status} {said.code}".rstrip()
    if said.message:
        words += f": {said.message[:300]}"
    return GraphError(words, status=status, code=said.code, retry_after=retry_after)


def header(headers: Mapping[str, Any], name: str) -> str:
    """A header of a $batch part, whose JSON object keeps the case that Graph chose."""
    for key, value in headers.items():
        if key.lower() == name.lower():
            return str(value)
    return ""


def units(value: str | None, documented: int) -> int:
    """x-ms-resource-unit, else the documented cost."""
    try:
        return int(value or "")
    except ValueError:
        return documented
