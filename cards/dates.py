"""Times in words: "Sat 2 January 2027, 14:20 (Berlin)", in a person's own time zone and language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, kw_only=True, slots=True)
class DateWords:
    """How one language writes dates. Patterns know weekday, day, month, short_month, year, time, date, zone."""

    #: Monday first.
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    #: "Sat 2 January"
    day: str
    #: "Sat 2 January 2027"
    day_of_year: str
    #: "2 Jan 2027", in lists
    short: str
    short_of_year: str
    #: "Sat 2 January 2027, 14:20 (Berlin)"
    moment: str
    #: The day of the month that is no plain number: "1er". '' none.
    first: str = ""
    #: Cities that are called otherwise than in English: "Vienna" -> "Wien".
    cities: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=512)
def zone_of(name: str) -> tzinfo:
    """The IANA zone, UTC for a name that is none."""
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # ValueError: a name like "../x"; OSError: a name that is a folder of the zone files.
        return UTC


def zone_label(name: str) -> str:
    """The city that stands for a zone: "Berlin" of Europe/Berlin, "UTC" where there is none."""
    zone = zone_of(name)
    if not isinstance(zone, ZoneInfo) or name in ("UTC", "Etc/UTC", "GMT", "Etc/GMT"):
        return "UTC"
    label = name.rpartition("/")[2].replace("_", " ")
    if name.startswith("Etc/GMT"):
        # POSIX counts west as positive, people do not.
        return "UTC" + label[3:].translate(str.maketrans("+-", "-+"))
    return label


def local(at: datetime, zone: str) -> datetime:
    """The time in that zone; the very ends of the calendar, which no zone can shift, stay in UTC."""
    try:
        return at.astimezone(zone_of(zone))
    except (OverflowError, ValueError):
        return at.astimezone(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """Writes dates in one language for one zone, as of `now`: this year's dates go without the year."""

    words: DateWords
    zone: str
    now: datetime

    def today(self) -> date:
        return local(self.now, self.zone).date()

    def date_of(self, at: datetime) -> date:
        return local(at, self.zone).date()

    def day(self, at: datetime | date) -> str:
        """Sat 2 January 2027"""
        return self._written(at, self.words.day, self.words.day_of_year)

    def full(self, at: datetime | date) -> str:
        """Thu 12 March 2026: for the past, which no reader takes for this year's by themselves."""
        return self._written(at, self.words.day_of_year, self.words.day_of_year)

    def short(self, at: datetime | date) -> str:
        """Sat 2 Jan"""
        return self._written(at, self.words.short, self.words.short_of_year)

    def clock(self, at: datetime) -> str:
        """14:20"""
        return f"{local(at, self.zone):%H:%M}"

    def moment(self, at: datetime) -> str:
        """Sat 2 January 2027, 14:20 (Berlin)"""
        return self.words.moment.format(date=self.day(at), time=self.clock(at), zone=self._city())

    def _city(self) -> str:
        label = zone_label(self.zone)
        return self.words.cities.get(label, label)

    def _written(self, at: datetime | date, plain: str, with_year: str) -> str:
        day = local(at, self.zone).date() if isinstance(at, datetime) else at
        pattern = plain if day.year == self.today().year else with_year
        return pattern.format(
            weekday=self.words.weekdays[day.weekday()],
            day=self.words.first or 1 if day.day == 1 else day.day,
            month=self.words.months[day.month - 1],
            short_month=self.words.short_months[day.month - 1],
            year=day.year,
        )
