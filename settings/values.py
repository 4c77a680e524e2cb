"""Reads the text of one setting into its value, or says what is wrong with it.

Each parser takes the text, stripped and not empty, and returns the value; it raises ValueError with the
rest of a sentence that begins with the setting's name.
"""

import itertools
import re
import string
import zoneinfo
from collections.abc import Callable
from datetime import time
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

Parser = Callable[[str], object]

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")
_IMMUTABLE_ID = re.compile(r"dcr-[0-9A-Za-z-]+")
_MAILBOX = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
#: Far beyond any policy, and small enough that no date arithmetic overflows.
_MOST_STAGES = 10
_MOST_DAYS = 3650


def text(raw: str) -> str:
    return raw


def guid(raw: str) -> str:
    value = raw.lower()
    if not _GUID.fullmatch(value):
        raise ValueError("must be an id such as 00000000-0000-0000-0000-000000000000")
    return value


def guids(raw: str) -> tuple[str, ...]:
    found: list[str] = []
    for part in _parts(raw):
        try:
            found.append(guid(part))
        except ValueError:
            raise ValueError(f"must be object ids separated by commas; {part!r} is none") from None
    return tuple(dict.fromkeys(found))


def texts(raw: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_parts(raw)))


def _parts(raw: str) -> list[str]:
    parts = [part.strip() for part in raw.split(",")]
    if not all(parts):
        raise ValueError("has an empty place between its commas")
    return parts


def number(low: int, high: int) -> Parser:
    """Reads a whole number from `low` to `high`."""

    def parse(raw: str) -> int:
        if not re.fullmatch(r"\d{1,9}", raw) or not low <= int(raw) <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, not {raw!r}")
        return int(raw)

    return parse


def stages(raw: str) -> tuple[int, ...]:
    """Reads "30,14,7": positive days, each smaller than the one before."""
    if not re.fullmatch(r"\s*\d{1,5}\s*(,\s*\d{1,5}\s*)*", raw):
        raise ValueError(f"must be days separated by commas, such as 30,14,7, not {raw!r}")
    days = tuple(int(part) for part in raw.split(","))
    if min(days) < 1 or max(days) > _MOST_DAYS:
        raise ValueError(f"must hold days from 1 to {_MOST_DAYS}, not {raw!r}")
    if any(later >= earlier for earlier, later in itertools.pairwise(days)):
        raise ValueError(f"must be descending, each day once, not {raw!r}")
    if len(days) > _MOST_STAGES:
        raise ValueError(f"must hold at most {_MOST_STAGES} days, not {len(days)}")
    return days


def choice(*options: str) -> Parser:
    """Reads one of the options, exactly as written here."""

    def parse(raw: str) -> str:
        if raw not in options:
            raise ValueError(f"must be {_either(options)}, not {raw!r}")
        return raw

    return parse


def last_never_or_days(raw: str) -> str:
    """Reads "last", "never", or a number of days from 1 to 365, which stays a text."""
    if raw in ("last", "never"):
        return raw
    try:
        return str(number(1, 365)(raw))
    except ValueError as error:
        raise ValueError(f"must be last, never, or days from 1 to 365, not {raw!r}") from error


def log_level(raw: str) -> str:
    """Reads a level in either case: other programs on the same machine spell it small."""
    return str(choice("DEBUG", "INFO", "WARNING", "ERROR")(raw.upper()))


def app_type(raw: str) -> str:
    if raw == "MultiTenant":
        raise ValueError("may not be MultiTenant: Microsoft ended new ones in July 2025; use SingleTenant")
    return str(choice("SingleTenant", "UserAssignedMSI")(raw))


def on_off(raw: str) -> bool:
    if raw not in {"on", "off"}:
        raise ValueError(f"must be on or off, not {raw!r}")
    return raw == "on"


def origin(raw: str) -> str:
    """Reads "https://host[:port]" without a path; the version of an API is Steward's business."""
    parts = _https(raw)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(f"must be a host without a path, such as https://{parts.netloc}, not {raw!r}")
    return f"https://{parts.netloc}"


def authority(raw: str) -> str:
    """Reads an origin; azure-identity also takes the bare host."""
    return origin(raw if "://" in raw else f"https://{raw}")


def url(raw: str) -> str:
    parts = _https(raw)
    if parts.fragment:
        raise ValueError(f"may have no #fragment: {raw!r}")
    return raw


def own_url(raw: str) -> str:
    """Reads https, or http on a loopback host (for a developer's own machine)."""
    parts = urlsplit(raw)
    if parts.scheme == "http" and (parts.hostname or "") in _LOOPBACK:
        return raw.rstrip("/")
    return url(raw).rstrip("/")


def url_or_loopback(raw: str) -> str:
    """Reads https, or http on a loopback host, exactly as it was written."""
    parts = urlsplit(raw)
    return raw if parts.scheme == "http" and (parts.hostname or "") in _LOOPBACK else url(raw)


def url_template(raw: str) -> str:
    """Reads a URL in which {app_id} and {object_id} may stand."""
    url(raw)
    try:
        fields = {name for _, name, _, _ in string.Formatter().parse(raw) if name is not None}
    except ValueError:
        raise ValueError("has a brace that is not closed") from None
    if unknown := fields - {"app_id", "object_id"}:
        raise ValueError(f"may hold {{app_id}} and {{object_id}}, not {{{min(unknown)}}}")
    return raw


def scope(raw: str) -> str:
    """Reads an OAuth scope; "/.default" is added where it is missing."""
    url(raw)
    return raw if raw.endswith("/.default") else raw.rstrip("/") + "/.default"


def hosts(raw: str) -> tuple[str, ...]:
    found = []
    for part in _parts(raw):
        host = part.lower()
        if not _HOST.fullmatch(host):
            raise ValueError(f"must be exact host names separated by commas; {part!r} is none")
        found.append(host)
    return tuple(dict.fromkeys(found))


def _https(raw: str) -> SplitResult:
    wrong = f"must be a URL that begins with https://, not {_without_userinfo(raw)!r}"
    try:
        parts = urlsplit(raw)
        usable = parts.port != 0 and parts.scheme == "https" and parts.hostname
    except ValueError:
        raise ValueError(wrong) from None
    if not usable or re.search(r"\s", raw):
        raise ValueError(wrong)
    if parts.username is not None or parts.password is not None:
        raise ValueError("may not hold a user name or password")
    return parts


def _without_userinfo(raw: str) -> str:
    return re.sub(r"//[^/@]*@", "//...@", raw)


def mailbox(raw: str) -> str:
    if not _MAILBOX.fullmatch(raw):
        raise ValueError(f"must be one mailbox address, not {raw!r}")
    return raw


def rule_id(raw: str) -> str:
    if not _IMMUTABLE_ID.fullmatch(raw):
        raise ValueError(f"must be the immutable id of the rule, which begins with dcr-, not {raw!r}")
    return raw


def existing_file(raw: str) -> Path:
    path = Path(raw)
    if not path.is_file():
        raise ValueError(f"names a file that is not there: {raw}")
    return path


def folder(raw: str) -> Path:
    path = Path(raw)
    if path.exists() and not path.is_dir():
        raise ValueError(f"must be a folder: {raw}")
    return path


def time_of_day(raw: str) -> time:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", raw):
        raise ValueError(f"must be a time such as 06:00, not {raw!r}")
    return time.fromisoformat(raw)


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = re.compile(
    r"(?P<days>[a-z]{3}(?:\s*[-,]\s*[a-z]{3})*)\s+(?P<start>\d\d:\d\d)\s*-\s*(?P<end>\d\d:\d\d)", re.ASCII
)
_WINDOW = "must be always, or days and hours such as Mon-Fri 08:00-18:00 (several with ; between them)"


def window(raw: str) -> tuple[tuple[int, int, int], ...]:
    """Reads "Mon-Fri 08:00-18:00; Sat 09:00-12:00" into (weekday, start, end) in minutes after midnight, Monday 0.

    An end at or before its start is on the next day. "always" is ().
    """
    if raw.strip().lower() == "always":
        return ()
    hours: list[tuple[int, int, int]] = []
    for part in raw.lower().split(";"):
        found = _HOURS.fullmatch(part.strip())
        if found is None:
            raise ValueError(f"{_WINDOW}, not {raw!r}")
        start, end = _minutes(found["start"], raw), _minutes(found["end"], raw)
        if start == 24 * 60 or start == end:
            raise ValueError(f"{_WINDOW}; {part.strip()!r} is no span of time")
        hours += [(day, start, end if end > start else end + 24 * 60) for day in _weekdays(found["days"], raw)]
    return tuple(sorted(set(hours)))


def _minutes(clock: str, raw: str) -> int:
    hour, minute = int(clock[:2]), int(clock[3:])
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f"{_WINDOW}; {clock} in {raw!r} is no time of day")
    return hour * 60 + minute


def _weekdays(text: str, raw: str) -> list[int]:
    """The days of "mon-wed,fri"; "fri-mon" goes over the weekend."""
    days: list[int] = []
    for part in text.split(","):
        names = [name.strip() for name in part.split("-")]
        if len(names) > 2 or not set(names) <= set(_DAYS):
            raise ValueError(f"{_WINDOW}; {part.strip()!r} in {raw!r} names no days")
        first, last = _DAYS.index(names[0]), _DAYS.index(names[-1])
        days += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    return days


def zone(raw: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(raw)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"must be an IANA time zone such as Europe/Berlin, not {raw!r}") from None


def host(raw: str) -> str:
    value = raw.lower()
    if not re.fullmatch(r"[a-z0-9.:-]+", value):
        raise ValueError(f"must be an address or a host name, not {raw!r}")
    return value


def database(raw: str) -> str:
    """Reads an SQLAlchemy URL of the two engines; the asynchronous driver is filled in.

    The text is never repeated in a message: it may hold a password.
    """
    for prefixes, driver in (
        (("sqlite+aiosqlite:", "sqlite:"), "sqlite+aiosqlite:"),
        (("postgresql+asyncpg:", "postgresql:", "postgres:"), "postgresql+asyncpg:"),
    ):
        for prefix in prefixes:
            if raw.startswith(prefix + "//"):
                return driver + raw.removeprefix(prefix)
    raise ValueError("must begin with postgresql:// or sqlite:///")


def is_loopback(name: str) -> bool:
    """Whether a host can be reached from this machine only."""
    return name in _LOOPBACK or re.fullmatch(r"127(\.\d{1,3}){3}", name) is not None


def _either(options: tuple[str, ...]) -> str:
    return " or ".join(options) if len(options) < 3 else ", ".join(options[:-1]) + " or " + options[-1]
