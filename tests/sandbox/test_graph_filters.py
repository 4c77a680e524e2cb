"""Listing app registrations by creation date and by federated credentials, as Graph documents it."""

from datetime import datetime
from urllib.parse import quote

import pytest

from sandbox.graph_applications import Lists
from sandbox.state import TwinState

SELECT = "$select=id,createdDateTime,keyCredentials"


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text

    return [item["id"] for item in answer.json()["value"]]


def dates(state: TwinState) -> list[datetime]:
    return sorted({app.created for app in state.tenant.registrations() if app.created is not None})


def text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@pytest.mark.parametrize(
    ("condition", "first", "last"),
    [
        ("createdDateTime le {low}", None, 0),
        ("createdDateTime ge {low} and createdDateTime le {high}", 0, 1),
        ("createdDateTime ge {high}", 1, None),
        ("createdDateTime le {high} and createdDateTime ge {low}", 0, 1),
        ("createdDateTime eq {low}", 0, 0),
    ],
)
def test_a_span_of_creation_dates_has_both_ends_and_goes_with_expand(shared, condition, first, last):
    tenant, found = shared.state.tenant, dates(shared.state)
    ends = (found[len(found) // 3], found[2 * len(found) // 3])
    wanted = [
        app.object_id
        for app in tenant.registrations()
        if app.created is not None
        and (first is None or app.created >= ends[first])
        and (last is None or app.created <= ends[last])
    ]
    filter_ = quote(condition.format(low=text(ends[0]), high=text(ends[1])))

    got = ids(shared.get(f"/applications?{SELECT}&$expand=owners($select=id)&$top=999&$filter={filter_}"))

    assert len(wanted) > 0
    assert got == wanted


def test_the_pages_of_a_span_hold_each_app_once(shared):
    found = dates(shared.state)
    filter_ = quote(f"createdDateTime ge {text(found[2])} and createdDateTime le {text(found[-3])}")
    link, got, pages = f"/applications?$select=id&$top=50&$filter={filter_}", [], 0
    while link:
        answer = shared.get(link)
        got, pages = got + ids(answer), pages + 1
        link = answer.json().get("@odata.nextLink", "").removeprefix(shared.state.urls["graph"] + "/v1.0")

    assert pages > 1
    assert got == [
        app.object_id
        for app in shared.state.tenant.registrations()
        if app.created is not None and found[2] <= app.created <= found[-3]
    ]


def test_an_unknown_creation_date_is_found_by_an_advanced_query_only(shared):
    filter_ = "$filter=" + quote("createdDateTime eq null")
    wanted = [app.object_id for app in shared.state.tenant.registrations() if app.created is None]

    assert len(wanted) > 0
    assert ids(shared.eventual(f"/applications?$select=id&$count=true&{filter_}")) == wanted
    assert shared.get(f"/applications?$select=id&{filter_}").status_code == 400
    assert shared.eventual(f"/applications?$select=id&$count=true&$expand=owners&{filter_}").status_code == 400
    assert shared.get("/applications?$filter=" + quote("createdDateTime ge null")).status_code == 400
    assert (
        shared.get(
            "/servicePrincipals?$filter=" + quote(f"createdDateTime ge {text(dates(shared.state)[0])}")
        ).status_code
        == 400
    )


def test_apps_with_federated_credentials_are_found_and_their_credentials_listed(shared):
    filter_ = "$filter=" + quote("federatedIdentityCredentials/$count ne 0")
    apps = [app for app in shared.state.tenant.registrations() if app.federated_credentials]

    found = ids(shared.eventual(f"/applications?$select=id&$count=true&$top=999&{filter_}"))
    credentials = shared.get(f"/applications/{apps[0].object_id}/federatedIdentityCredentials").json()["value"]
    named = shared.get(
        f"/applications(appId='{apps[0].app_id}')/federatedIdentityCredentials?$select=name,issuer,subject"
    )
    none = next(app for app in shared.state.tenant.registrations() if not app.federated_credentials)

    assert found == [app.object_id for app in apps]
    assert len(apps) > 1
    assert len(credentials) == apps[0].federated_credentials
    assert credentials[0]["issuer"].startswith("https://")
    assert named.json()["value"][0] == {name: credentials[0][name] for name in ("id", "name", "issuer", "subject")}
    assert ids(shared.get(f"/applications/{none.object_id}/federatedIdentityCredentials")) == []
    assert shared.get(f"/applications?$select=id&{filter_}").status_code == 400


def test_what_a_filter_let_through_is_forgotten_when_something_changes(twins):
    state = twins.state
    found = dates(state)
    path = "/applications?$select=id&$top=999&$filter=" + quote(f"createdDateTime ge {text(found[0])}")
    before = ids(twins.get(path))

    state.change("appDeleted", app=before[0])

    assert ids(twins.get(path)) == before[1:]


def test_kept_filters_do_not_pile_up(twins):
    for day in range(1, 29):
        for month in (1, 2, 3):
            twins.get(
                f"/applications?$select=id&$top=1&$filter=createdDateTime%20ge%202025-0{month}-{day:02}T00:00:00Z"
            )

    assert len(twins.state.part(Lists)._chosen) == 64
