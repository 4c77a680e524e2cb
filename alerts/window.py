"""Pure: when messages may go out, in each person's own time zone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerts.model import Alert
from alerts.stages import DAY

#: With so many days left, or fewer, nothing waits for working hours (design 3, rule 4).
URGENT_DAYS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """One opening of the window, once a week, in local time."""

    #: The day on which it begins: 0 Monday ... 6 Sunday.
    weekday: int
    #: Minutes after that day's midnight.
    start: int
    #: Likewise; more than 1440 where it ends on the next day.
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SendWindow:
    """The week's openings; none at all means always."""

    hours: tuple[Hours, ...] = ()

    def opens(self, now: datetime, zone: ZoneInfo) -> datetime:
        """`now` while it is open, else the moment at which it opens next.

        An hour that the change to summer time skips is taken as it would have been; of one that comes twice the
        first begins an opening and the second ends it, so that a window is never shorter than it says.
        """
        if not self.hours:
            return now
        ahead = []
        for start, end in self._around(now, zone):
            if start <= now < end:
                return now
            if start > now:
                ahead.append(start)
        return min(ahead)

    def _around(self, now: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
        """The openings from yesterday's (which may reach into today) to those in a week."""
        today = now.astimezone(zone).date()
        for offset in range(-1, 9):
            day = today + timedelta(days=offset)
            midnight = datetime.combine(day, time())
            for each in self.hours:
                if each.weekday == day.weekday():
                    start = (midnight + timedelta(minutes=each.start)).replace(tzinfo=zone, fold=0)
                    end = (midnight + timedelta(minutes=each.end)).replace(tzinfo=zone, fold=1)
                    yield start.astimezone(UTC), end.astimezone(UTC)


#: No window at all.
ALWAYS = SendWindow()


def zone_of(name: str, otherwise: str) -> ZoneInfo:
    """A person's zone as Teams named it; where that is no zone, the other one."""
    try:
        return ZoneInfo(name or otherwise)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # Not a zone at all, or a name that cannot be one ("../x", a folder).
        return ZoneInfo(otherwise)


def send_at(window: SendWindow, alerts: Iterable[Alert], now: datetime, zone: ZoneInfo) -> datetime:
    """When a message about these alerts may go out: in the window, but never later than three days before an end.

    The window is for the person's sake; a message that would wait until it is of no use is not.
    """
    opening = window.opens(now, zone)
    ends = [alert.credential.end for alert in alerts if alert.credential.end is not None]
    if opening == now or not ends:
        return opening
    # Three whole days are left as soon as less than four days remain.
    urgent = min(ends) - (URGENT_DAYS + 1) * DAY + timedelta(seconds=1)
    return max(now, min(opening, urgent))
