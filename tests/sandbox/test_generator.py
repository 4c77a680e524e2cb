"""The generated tenant: its sizes, its cast, and that the same seed makes the same tenant."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from sandbox.generator import make_tenant
from sandbox.hostile import HOSTILE_NAMES
from sandbox.story import INVOICE_EXPORT, VENDOR_PORTAL_SYNC
from sandbox.tenant import Tenant, TwinCredential
from sandbox.truth import records_of

NOW = datetime(2026, 11, 23, 13, 45, 10, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    return make_tenant(300, 1, NOW)


@pytest.fixture(scope="module")
def large() -> Tenant:
    return make_tenant(12_000, 1, NOW)


def days(credential: TwinCredential, now: datetime) -> int:
    assert credential.end is not None
    return (credential.end - now) // timedelta(days=1)


def test_the_same_seed_makes_the_same_tenant_and_another_seed_another():
    assert make_tenant(300, 1, NOW) == make_tenant(300, 1, NOW)
    assert make_tenant(300, 1, NOW).cast != make_tenant(300, 2, NOW).cast


def test_a_plain_date_means_the_start_of_that_day():
    assert make_tenant(100, 1, date(2026, 11, 23)).made_at == datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize("wrong", [datetime(2026, 11, 23)])  # noqa: DTZ001
def test_a_naive_time_is_refused(wrong):
    with pytest.raises(ValueError, match="aware"):
        make_tenant(100, 1, wrong)


def test_a_tenant_without_room_for_the_cases_is_refused():
    with pytest.raises(ValueError, match="at least 100"):
        make_tenant(99, 1, NOW)


@pytest.mark.parametrize("apps", [100, 300, 1000])
def test_it_has_as_many_registrations_as_asked_for_and_more_enterprise_apps(apps):
    made = make_tenant(apps, 3, NOW)

    assert len(made.registrations()) == apps
    assert len(made.enterprise_apps()) >= 1.6 * apps - 1


def test_enterprise_apps_and_owners_can_be_asked_for_and_change_nothing_else(tenant):
    made = make_tenant(300, 1, NOW, enterprise=700, owners=200)
    listed = [app for app in made.enterprise_apps() if app.service_principal_type != "ManagedIdentity"]
    staff = [user for user in made.users.values() if not user.case]

    assert (len(made.registrations()), len(listed)) == (300, 700)
    assert len(staff) - len([user for user in tenant.users.values() if not user.case]) == 100
    assert make_tenant(300, 1, NOW, owners=100) == tenant


def test_creation_dates_of_a_large_tenant_grow_denser_and_some_are_equal_or_missing(large):
    dates = [app.created for app in large.registrations()]
    known = sorted(date for date in dates if date is not None)
    bursts = [count for _, count in Counter(known).most_common(5)]

    assert 3 <= dates.count(None) <= 10
    assert known[0] < NOW - timedelta(days=2900)
    assert known[len(known) // 2] > NOW - timedelta(days=1000)
    assert [11_500 // 70 <= bursts[0] <= 12_000 // 70, bursts[4] >= 11] == [True, True]
    assert sum(date.microsecond != 0 for date in known) > 1000


def test_one_or_two_apps_of_a_hundred_have_federated_credentials(large):
    federated = [app for app in large.registrations() if app.federated_credentials]

    assert 0.01 <= len(federated) / 12_000 <= 0.02


def test_twelve_thousand_apps_have_the_credentials_and_owners_of_the_reference_scale(large):
    records = [
        each for app in large.apps.values() for each in records_of(app) if app.service_principal_type == "Application"
    ]
    certificates = [each for each in records if not each.is_secret and each.usage == "Verify"]
    owners = {owner for app in large.registrations() for owner in app.owners}
    without = [app for app in large.registrations() if not large.counting_owners(app)]

    assert 32_000 <= len(records) <= 34_500
    assert 0.2 <= len(certificates) / len(records) <= 0.3
    assert all(800 <= len(each.key) <= 1200 for each in certificates)
    assert 3_500 <= len(owners) <= 4_600
    assert 0.15 <= len(without) / 12_000 <= 0.25


def test_ids_are_unique_over_the_whole_tenant(large):
    ids = Counter([*large.apps, *large.users, *large.groups])
    keys = Counter(each.key_id for app in large.apps.values() for each in app.credentials)

    assert [each for each, count in ids.items() if count > 1] == []
    assert [each for each, count in keys.items() if count > 1] == []
    assert sorted(app.ordinal for app in large.apps.values()) == list(range(1, len(large.apps) + 1))


def test_addresses_are_unique(large):
    addresses = Counter(user.upn for user in large.users.values())

    assert [each for each, count in addresses.items() if count > 1] == []


@pytest.mark.parametrize("hours", [0, 1, 12, 23])
def test_anas_secret_crosses_exactly_the_first_stage_on_the_whole_first_day(tenant, hours):
    app = tenant.app_named(INVOICE_EXPORT)

    assert app.owners == [tenant.cast["ana"]]
    assert [days(each, NOW + timedelta(hours=hours)) for each in app.credentials] == [30]


def test_bens_app_has_no_owner_and_a_history_that_ends_eight_months_ago(tenant):
    app = tenant.app_named(VENDOR_PORTAL_SYNC)
    ben = tenant.person("ben")

    assert (app.owners, [days(each, NOW) for each in app.credentials]) == ([], [7])
    assert (ben.account_enabled, ben.manager_id) == (False, tenant.cast["mia"])
    assert [(spell.owner_ids, spell.last_day) for spell in app.history] == [((ben.id,), date(2026, 3, 25))]
    assert app.history[0].manager_ids == {ben.id: tenant.cast["mia"]}


def test_mia_manages_ben_and_eli_and_nobody_else_of_the_cast_owns_anything_due(tenant):
    due = {
        owner: app.display_name
        for app in tenant.apps.values()
        for owner in app.owners
        for each in app.credentials
        if owner in tenant.cast.values() and each.end and days(each, NOW) <= 45
    }

    assert due == {tenant.cast["ana"]: INVOICE_EXPORT}
    assert tenant.person("eli").manager_id == tenant.person("ben").manager_id == tenant.cast["mia"]
    assert tenant.person("mia").active


def test_eli_owns_two_other_apps_that_ben_once_owned(tenant):
    apps = [app for app in tenant.registrations() if app.owners == [tenant.cast["eli"]]]

    assert len(apps) == 2
    for app in apps:
        assert [spell.owner_ids for spell in app.history] == [(tenant.cast["ben"],), (tenant.cast["eli"],)]


def test_every_hostile_name_is_there(tenant):
    names = {app.case: app.display_name for app in tenant.registrations() if app.case.startswith("hostile")}

    assert names == {f"hostile name: {case}": name for case, name in HOSTILE_NAMES.items()}
    assert len(HOSTILE_NAMES["ten thousand characters"] or "") == 10_000


def test_a_saml_certificate_is_two_keys_and_a_password_with_one_identifier(tenant):
    app = tenant.app_named("Travel Booking (SAML)")

    assert [(each.type, each.usage) for each in app.credentials] == [
        ("X509CertAndPassword", "Sign"),
        ("AsymmetricX509Cert", "Verify"),
        ("Password", ""),
    ]
    assert len({each.custom_key_identifier for each in app.credentials}) == 1
    assert [each.usage for each in records_of(app)] == ["Sign"]


def test_history_of_an_app_with_owners_goes_up_to_yesterday_and_never_overlaps(large):
    yesterday = NOW.date() - timedelta(days=1)
    for app in large.apps.values():
        spells = app.history
        assert all(spell.first_day <= spell.last_day <= yesterday for spell in spells)
        assert all(one.last_day < two.first_day for one, two in pairwise(spells))
        if app.credentials and large.counting_owners(app):
            assert spells[-1].last_day == yesterday
