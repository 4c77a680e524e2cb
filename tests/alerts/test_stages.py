"""Stages are crossed, not hit: every day of a credential's last weeks, and its odd lives."""

from datetime import UTC, datetime, timedelta

import pytest

from alerts.model import Credential, CredentialType, CredentialUsage, Policy
from alerts.stages import (
    alert_type,
    crossed_stage,
    days_left,
    effective_stages,
    is_due,
    long_expired,
    next_stage_at,
    snooze_covers,
    snooze_latest,
    successor,
)

NOW = datetime(2026, 12, 3, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
POLICY = Policy()


def secret(end: datetime | None, *, start: datetime | None = None, key_id: str = "k1", **more: object) -> Credential:
    life = start or (end - 365 * DAY if end else NOW - 100 * DAY)
    return Credential(key_id=key_id, type=CredentialType.CLIENT_SECRET, start=life, end=end, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("offset", "expected"),
    [
        (timedelta(hours=23, minutes=59), 0),
        (timedelta(0), 0),
        (timedelta(seconds=-1), -1),
        (timedelta(hours=-24), -1),
        (timedelta(hours=-24, seconds=-1), -2),
        (timedelta(days=30), 30),
        (timedelta(days=30, seconds=-1), 29),
    ],
)
def test_days_left_is_zero_within_24_hours_and_minus_one_on_the_first_day_after(
    offset: timedelta, expected: int
) -> None:
    assert expected == days_left(NOW + offset, NOW)


@pytest.mark.parametrize(
    ("left", "expected"), [(31, None), (30, 30), (29, 30), (15, 30), (14, 14), (8, 14), (7, 7), (0, 7), (-1, 7)]
)
def test_a_stage_is_crossed_from_its_day_on_until_the_next(left: int, expected: int | None) -> None:
    assert expected == crossed_stage(secret(NOW + left * DAY), NOW, POLICY)


def test_a_credential_without_an_end_date_is_never_due() -> None:
    assert crossed_stage(secret(None), NOW, POLICY) is None
    assert not is_due(secret(None), NOW, POLICY)


def test_year_9999_is_never_due_and_breaks_nothing() -> None:
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)

    assert not is_due(secret(far), NOW, POLICY)
    assert next_stage_at(secret(far), NOW, POLICY) is not None


def test_a_stage_longer_than_a_third_of_its_life_is_skipped_but_the_last_one_stays() -> None:
    month = secret(NOW + 25 * DAY, start=NOW - 35 * DAY)
    week = secret(NOW + 6 * DAY, start=NOW - DAY)

    assert effective_stages(month, POLICY) == (14, 7)
    assert effective_stages(week, POLICY) == (7,)
    assert crossed_stage(month, NOW, POLICY) is None
    assert is_due(month, NOW, POLICY)


def test_alert_type_names_the_place_of_the_stage_in_the_configured_list() -> None:
    four = Policy(alert_days=(60, 30, 14, 7))

    assert alert_type(secret(NOW), 7, four) == "FourthAlert"
    assert alert_type(secret(NOW), 7, POLICY) == "ThirdAlert"
    assert alert_type(secret(NOW), None, POLICY) == "NoAlert"


def test_next_stage_is_reached_at_the_moment_the_day_count_falls_to_it() -> None:
    credential = secret(NOW + 20 * DAY)
    at = next_stage_at(credential, NOW, POLICY)

    assert at is not None
    assert days_left(credential.end or NOW, at + timedelta(seconds=1)) == 14
    assert crossed_stage(credential, at - timedelta(seconds=1), POLICY) == 30
    assert crossed_stage(credential, at + timedelta(seconds=1), POLICY) == 14


def test_expired_for_exactly_seven_days_is_not_long_expired_yet() -> None:
    assert not long_expired(secret(NOW - 7 * DAY), NOW)
    assert long_expired(secret(NOW - 7 * DAY - timedelta(seconds=1)), NOW)


def test_a_newer_secret_supersedes_only_when_it_outlives_by_more_than_30_days() -> None:
    old = secret(NOW + 10 * DAY, key_id="old")
    barely = secret(NOW + 40 * DAY, start=NOW - DAY, key_id="barely")
    longer = secret(NOW + 41 * DAY, start=NOW - DAY, key_id="longer")
    endless = secret(None, start=NOW - DAY, key_id="endless")

    assert successor(old, (old, barely)) is None
    assert getattr(successor(old, (old, barely, longer)), "key_id", None) == "longer"
    assert getattr(successor(old, (old, endless)), "key_id", None) == "endless"


def test_a_secret_that_started_earlier_or_of_another_type_never_supersedes() -> None:
    old = secret(NOW + 10 * DAY, key_id="old")
    earlier = secret(NOW + 300 * DAY, start=NOW - 400 * DAY, key_id="earlier")
    certificate = Credential(key_id="c", type=CredentialType.CERTIFICATE, start=NOW - DAY, end=NOW + 300 * DAY)

    assert successor(old, (old, earlier, certificate)) is None


def saml(key_id: str, end: datetime, usage: CredentialUsage, start: datetime) -> Credential:
    return Credential(key_id=key_id, type=CredentialType.CERTIFICATE, start=start, end=end, usage=usage)


def test_the_active_saml_certificate_alarms_even_beside_a_newer_one() -> None:
    active = saml("a", NOW + 10 * DAY, CredentialUsage.SAML_ACTIVE, NOW - 900 * DAY)
    newer = saml("n", NOW + 900 * DAY, CredentialUsage.SAML_INACTIVE, NOW - DAY)

    assert successor(active, (active, newer)) is None


def test_an_inactive_saml_certificate_rests_once_the_newer_one_is_active() -> None:
    inactive = saml("i", NOW + 10 * DAY, CredentialUsage.SAML_INACTIVE, NOW - 900 * DAY)
    active = saml("a", NOW + 900 * DAY, CredentialUsage.SAML_ACTIVE, NOW - DAY)

    assert active == successor(inactive, (inactive, active))


def test_a_snooze_begun_before_the_last_stage_ends_on_that_stages_day_at_the_latest() -> None:
    credential = secret(NOW + 20 * DAY)

    assert snooze_latest(credential, NOW, POLICY) == NOW + 13 * DAY
    assert snooze_latest(secret(NOW + 30 * DAY), NOW, POLICY) == NOW + 14 * DAY


def test_a_later_snooze_ends_three_days_before_expiry_or_is_impossible() -> None:
    assert snooze_latest(secret(NOW + 6 * DAY), NOW, POLICY) == NOW + 3 * DAY
    assert snooze_latest(secret(NOW + 3 * DAY), NOW, POLICY) is None
    assert snooze_latest(secret(NOW - DAY), NOW, POLICY) is None


def test_an_early_snooze_never_quiets_the_last_stage_but_a_late_one_does() -> None:
    credential = secret(NOW + 7 * DAY + timedelta(hours=20))
    early = NOW + timedelta(hours=20)  # exactly that stage's day
    late = NOW + 4 * DAY

    assert not snooze_covers(credential, early, 7, NOW, POLICY)
    assert snooze_covers(credential, late, 7, NOW, POLICY)
    assert snooze_covers(credential, early, 14, NOW, POLICY)
