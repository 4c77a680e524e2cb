"""What the tenant knows to be true about its own awkward cases, each written out by hand."""

from datetime import UTC, datetime

import pytest

from sandbox.state import TwinState
from sandbox.truth import truth_json

NOW = datetime(2026, 11, 23, 13, 45, tzinfo=UTC)

#: Case -> path, names of the recipients, and of each credential (days, alerted).
EXPECTED = {
    "story: ana's secret": ("currentOwners", ["Ana Alvarez"], [(30, True)]),
    "story: ben owned it": ("previousOwnerManager", ["Mia Meyer"], [(7, True)]),
    "several owners, one disabled": ("currentOwners", ["Sara Several", "Sven Several"], [(14, True)]),
    "25 owners, the last active": ("currentOwners", ["Lena Last-Of-Many"], [(13, True)]),
    "guest owner": ("currentOwners", ["Gail Guest"], [(12, True)]),
    "disabled owner": ("previousOwnerManager", ["Bruno Boss"], None),
    "previous owner active": ("previousOwner", ["Moira Moved-On"], None),
    "one of two previous owners active": ("previousOwner", ["Stan Stayed"], None),
    "soft-deleted owner": ("previousOwnerManager", ["Bruno Boss"], None),
    "gone owner": ("previousOwnerManager", ["Bruno Boss"], None),
    "manager gone too": ("unroutable", ["Service Desk"], None),
    "manager loop": ("unroutable", ["Service Desk"], None),
    "own manager": ("unroutable", ["Service Desk"], None),
    "no manager": ("unroutable", ["Service Desk"], None),
    "history beyond two years": ("unroutable", ["Service Desk"], [(40, False)]),
    "older record does not count": ("previousOwnerManager", ["Bruno Boss"], [(46, False)]),
    "no history": ("unroutable", ["Service Desk"], [(16, True)]),
    "disabled owner, no history": ("unroutable", ["Service Desk"], [(44, False)]),
    "service principal owner": ("unroutable", ["Service Desk"], [(18, True)]),
    "group owner": ("unroutable", ["Service Desk"], [(42, False)]),
    "expired two days ago": ("currentOwners", None, [(-2, True)]),
    "day 0": ("currentOwners", None, [(0, True)]),
    "expired a month ago": ("currentOwners", None, [(-31, False)]),
    "no end date": ("currentOwners", None, [(None, False)]),
    "several unnamed secrets": (
        "currentOwners",
        None,
        [(6, True), (22, True), (90, False), (180, False), (360, False)],
    ),
    "superseded secret": ("currentOwners", None, [(10, False), (340, False)]),
    "newer secret that does not supersede": ("currentOwners", None, [(10, True), (35, False)]),
    "long expired beside a live one": ("currentOwners", None, [(-400, False), (250, False)]),
    "short-lived": ("currentOwners", None, [(5, True)]),
    "certificate": ("currentOwners", None, [(7, True)]),
    "federated only": ("currentOwners", None, []),
    "enterprise app disabled": ("currentOwners", ["Dan Disabled-App"], [(8, False)]),
    "SAML active": ("currentOwners", ["Sam Saml"], [(14, True)]),
    "SAML inactive beside newer active": ("currentOwners", ["Ina Inactive"], [(10, False), (700, False)]),
    "SAML active beside newer": ("currentOwners", ["Ann Active"], [(10, True), (700, False)]),
    "SAML without preferred thumbprint": ("currentOwners", ["Neil Neither"], [(21, True), (500, False)]),
    "SAML with notification mails, no owner": ("unroutable", ["Service Desk"], [(23, True)]),
    "secret on an enterprise app": ("currentOwners", ["Eve Enterprise"], [(15, True)]),
}


@pytest.fixture(scope="module")
def apps(tmp_path_factory):
    state = TwinState.open(tmp_path_factory.mktemp("truth"), 300, 1, real_now=lambda: NOW)
    truth = truth_json(state)
    names = {person_id: person["display_name"] for person_id, person in truth["people"].items()}
    for app in truth["apps"]:
        app["names"] = [names[each] for each in app["recipients"]]
    return truth["apps"]


@pytest.mark.parametrize("case", EXPECTED)
def test_truth_of(apps, case):
    path, names, credentials = EXPECTED[case]
    [app] = [app for app in apps if app["case"] == case]

    assert app["path"] == path
    if names is not None:
        assert sorted(app["names"]) == sorted(names)
    if credentials is not None:
        assert [(each["days"], each["alerted"]) for each in app["credentials"]] == credentials


def test_nobody_of_the_cast_but_ana_and_mia_is_told_anything(apps):
    told = sorted(
        (name, app["display_name"])
        for app in apps
        for each in app["credentials"]
        if each["alerted"]
        for name in app["names"]
        if name in ("Ana Alvarez", "Ben Bauer", "Mia Meyer", "Eli Okafor", "Tom Turner", "Ada Adams")
    )

    assert told == [("Ana Alvarez", "Invoice Export"), ("Mia Meyer", "Vendor Portal Sync")]


def test_apps_of_microsoft_are_due_and_told_to_nobody(apps):
    found = [app for app in apps if app["case"] == "owned by Microsoft"]

    assert [(app["excluded"], each["due"], each["alerted"]) for app in found for each in app["credentials"]] == [
        ("microsoft", True, False),
        ("microsoft", True, False),
    ]


def test_managed_identities_are_no_part_of_it(apps):
    assert [app for app in apps if app["case"] == "managed identity"] == []


def test_the_small_tenant_stays_readable(apps):
    told = [each for app in apps for each in app["credentials"] if each["alerted"]]

    assert 25 <= len(told) <= 45


def test_the_year_9999_is_far_away(apps):
    [app] = [app for app in apps if app["case"] == "year 9999"]

    assert app["credentials"][0]["days"] > 2_900_000
