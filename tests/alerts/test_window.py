"""When messages may go out: working hours in each person's zone, weekends, nights that wrap, both clock changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from alerts.model import Alert, Application, ApplicationType, Credential, CredentialType
from alerts.window import ALWAYS, Hours, SendWindow, send_at, zone_of

OFFICE = SendWindow(hours=tuple(Hours(weekday=day, start=8 * 60, end=18 * 60) for day in range(5)))
NIGHTS = SendWindow(hours=tuple(Hours(weekday=day, start=22 * 60, end=28 * 60) for day in range(5)))
BERLIN, NEW_YORK, AUCKLAND = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "zone", "now", "opens"),
    [
        # Thursday 3 December 2026, 06:00 UTC is 07:00 in Berlin, 01:00 in New York, 19:00 in Auckland.
        (OFFICE, BERLIN, "2026-12-03T06:00", "2026-12-03T07:00"),
        (OFFICE, NEW_YORK, "2026-12-03T06:00", "2026-12-03T13:00"),
        (OFFICE, AUCKLAND, "2026-12-03T06:00", "2026-12-03T19:00"),
        (OFFICE, BERLIN, "2026-12-03T07:00", "2026-12-03T07:00"),
        (OFFICE, BERLIN, "2026-12-03T16:59", "2026-12-03T16:59"),
        (OFFICE, BERLIN, "2026-12-03T17:00", "2026-12-04T07:00"),
        # Friday evening waits for Monday; so does a Saturday.
        (OFFICE, BERLIN, "2026-12-04T17:30", "2026-12-07T07:00"),
        (OFFICE, BERLIN, "2026-12-05T11:00", "2026-12-07T07:00"),
        # Nights belong to the evening on which they begin: Saturday 02:00 is still Friday's.
        (NIGHTS, BERLIN, "2026-12-05T01:00", "2026-12-05T01:00"),
        (NIGHTS, BERLIN, "2026-12-05T03:00", "2026-12-07T21:00"),
        (NIGHTS, BERLIN, "2026-12-03T12:00", "2026-12-03T21:00"),
        # Berlin's clocks: an hour earlier in UTC after 28 March 2027, an hour later after 31 October 2027.
        (OFFICE, BERLIN, "2027-03-26T18:00", "2027-03-29T06:00"),
        (OFFICE, BERLIN, "2027-10-29T18:00", "2027-11-01T07:00"),
        (ALWAYS, BERLIN, "2026-12-05T11:00", "2026-12-05T11:00"),
    ],
)
def test_a_message_waits_for_the_window_in_the_persons_zone(window, zone, now, opens):
    assert at(opens) == window.opens(at(now), zone)


def test_an_hour_that_comes_twice_is_open_twice_and_one_that_is_skipped_opens_where_it_would_have_been():
    night = SendWindow(hours=tuple(Hours(weekday=day, start=2 * 60, end=3 * 60) for day in range(7)))
    # On 31 October 2027 Berlin's 02:00 to 03:00 comes at 00:00 and again at 01:00 UTC.
    assert at("2027-10-31T01:30") == night.opens(at("2027-10-31T01:30"), BERLIN)
    # On 28 March 2027 it does not exist: what would have begun at 02:00 begins at 01:00 UTC, which is 03:00.
    assert night.opens(at("2027-03-28T00:30"), BERLIN) <= at("2027-03-29T00:00")


def alert_with(days: float, now: datetime) -> Alert:
    return Alert(
        id="a",
        tenant_id="t",
        application=Application(object_id="o", app_id="i", display_name="x", type=ApplicationType.APP_REGISTRATION),
        credential=Credential(key_id="k", type=CredentialType.CLIENT_SECRET, end=now + timedelta(days=days)),
        opened_at=now,
        changed_at=now,
    )


def test_three_days_or_less_left_ignores_the_window_and_no_message_waits_until_then():
    friday_evening = at("2026-12-04T18:00")
    monday = at("2026-12-07T07:00")

    def sent(days: float) -> datetime:
        return send_at(
            OFFICE, [alert_with(30, friday_evening), alert_with(days, friday_evening)], friday_evening, BERLIN
        )

    assert [friday_evening] * 4 == [sent(days) for days in (-5, 0.5, 3, 3.9)]
    assert monday == sent(7)
    # Four and a half days left: three whole days are left on Saturday morning, and it goes then.
    assert friday_evening + timedelta(hours=12, seconds=1) == sent(4.5)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "Europe", "\x00", "x" * 500])
def test_a_zone_that_is_none_is_the_settings(name):
    assert ZoneInfo("Europe/Berlin") == zone_of(name, "Europe/Berlin")
