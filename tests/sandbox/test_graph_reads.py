"""Reading from the Graph twin: with msgraph-sdk, with Steward's own reader, and option by option."""

from urllib.parse import quote

import pytest
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.applications.applications_request_builder import ApplicationsRequestBuilder
from msgraph.generated.applications.count.count_request_builder import CountRequestBuilder
from msgraph.generated.models.user import User
from msgraph.generated.users.users_request_builder import UsersRequestBuilder

from alerts.model import ApplicationType
from alerts.ports import Completeness
from graph.applications import GraphApplications
from graph.client import GraphClient
from graph.people import GraphPeople
from graph.reader import GraphReader
from sandbox.truth import records_of, truth_json
from tests.support.identities import scanner_of

SELECT = "$select=id,displayName,passwordCredentials,keyCredentials&$expand=owners($select=id)"


def all_pages(twins, path: str, **more):
    """Every item of a listing, and how many requests it took."""
    items, requests = [], 0
    while path:
        answer = twins.get(path, **more).json()
        items += answer["value"]
        requests += 1
        path = answer.get("@odata.nextLink", "").removeprefix(twins.state.urls["graph"] + "/v1.0")
    return items, requests


# ---------------------------------------------------------------- the real SDK


async def test_the_sdk_reads_applications_with_their_owners(shared):
    parameters = ApplicationsRequestBuilder.ApplicationsRequestBuilderGetQueryParameters(
        filter="displayName eq 'Invoice Export'", expand=["owners"]
    )
    async with shared.sdk() as graph:
        found = await graph.applications.get(RequestConfiguration(query_parameters=parameters))

    [app] = found.value
    [secret] = app.password_credentials
    [ana] = app.owners
    assert (secret.display_name, secret.secret_text, len(secret.hint)) == ("prod-2025", None, 3)
    assert isinstance(ana, User)
    assert ana.user_principal_name == "ana@larkfield.example"


async def test_the_sdk_counts_applications(shared):
    configuration = RequestConfiguration[CountRequestBuilder.CountRequestBuilderGetQueryParameters]()
    configuration.headers.add("ConsistencyLevel", "eventual")
    async with shared.sdk() as graph:
        assert await graph.applications.count.get(configuration) == 300


async def test_the_sdk_reads_a_user_with_the_manager(shared):
    cast = shared.state.tenant.cast
    parameters = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters(
        filter=f"id in ('{cast['ben']}','{cast['eli']}')",
        select=["id", "accountEnabled"],
        expand=["manager($select=id)"],
    )
    async with shared.sdk() as graph:
        found = await graph.users.get(RequestConfiguration(query_parameters=parameters))

    assert {user.id: (user.account_enabled, user.manager.id) for user in found.value} == {
        cast["ben"]: (False, cast["mia"]),
        cast["eli"]: (True, cast["mia"]),
    }


async def test_stewards_reader_finds_every_app_credential_and_owner_of_the_truth(shared):
    state = shared.state
    completeness = Completeness()
    client = GraphClient(scanner_of(shared))
    try:
        registry = GraphApplications(GraphReader(client))
        pages = [page async for page in registry.applications(completeness)]
        pages += [page async for page in registry.enterprise_applications(completeness)]
        apps = [app for page in pages for app in page.apps]
        people = await GraphPeople(GraphReader(client)).people({owner.id for app in apps for owner in app.owners})
    finally:
        await client.close()

    listed = [app for app in state.tenant.apps.values() if app.service_principal_type != "ManagedIdentity"]
    expected = {
        app.object_id: (sorted(each.key_id for each in records_of(app)), sorted(app.owners))
        for app in listed
        if app.credentials
    }
    found = {
        app.object_id: (sorted(each.key_id for each in app.credentials), sorted(owner.id for owner in app.owners))
        for app in apps
    }
    assert (completeness.missing, completeness.quarantined) == ([], [])
    assert {object_id for page in pages for object_id in page.ids} == {app.object_id for app in listed}
    assert found == expected
    counting = {
        app["object_id"]: app["counting_owners"] for app in truth_json(state)["apps"] if app["object_id"] in found
    }
    assert counting == {
        app.object_id: sorted(owner.id for owner in app.owners if owner.id in people and people[owner.id].counts)
        for app in apps
    }


# ---------------------------------------------------------------- pages


@pytest.mark.parametrize(
    ("path", "requests"), [("/applications", 3), ("/applications?$top=999", 1), ("/applications?$top=7", 43)]
)
def test_pages_together_are_the_whole_collection_in_its_order(shared, path, requests):
    items, asked = all_pages(shared, path)

    assert [item["id"] for item in items] == [app.object_id for app in shared.state.tenant.registrations()]
    assert asked == requests


def test_the_link_to_the_next_page_keeps_the_options_and_the_count_comes_once(shared):
    first = shared.eventual("/applications?$select=id&$count=true&$top=2").json()
    link = first["@odata.nextLink"].removeprefix(shared.state.urls["graph"] + "/v1.0")
    second = shared.eventual(link).json()

    assert first["@odata.count"] == 300
    assert "@odata.count" not in second
    assert [set(item) for item in second["value"]] == [{"id"}, {"id"}]


def test_the_order_asked_for_holds_over_pages(shared):
    items, _ = all_pages(shared, "/users?$orderby=displayName&$select=displayName&$top=50")

    names = [item["displayName"] for item in items]
    assert names == sorted(names, key=str.casefold)


# ---------------------------------------------------------------- options


def test_key_bytes_come_only_when_they_are_selected(shared):
    app = shared.state.tenant.app_named("Certificate Ends Soon")
    [credential] = app.credentials

    plain = shared.get(f"/applications/{app.object_id}").json()["keyCredentials"][0]
    selected = shared.get(f"/applications/{app.object_id}?$select=keyCredentials").json()["keyCredentials"][0]

    assert plain["key"] is None
    assert len(selected["key"]) == 4 * ((credential.key_size + 2) // 3)
    assert {**selected, "key": None} == plain


@pytest.mark.parametrize("case", ["25 owners, the last active", "100 owners"])
def test_an_expansion_is_cut_at_twenty_without_saying_so(shared, case):
    [app] = [app for app in shared.state.tenant.registrations() if app.case == case]

    answer = shared.get(f"/applications/{app.object_id}?$expand=owners($select=id)").json()
    whole, _ = all_pages(shared, f"/applications/{app.object_id}/owners?$select=id&$top=30")

    assert [owner["id"] for owner in answer["owners"]] == app.owners[:20]
    assert not [name for name in answer if "nextLink" in name]
    assert [owner["id"] for owner in whole] == app.owners


@pytest.mark.parametrize(
    ("case", "kind"),
    [("service principal owner", "servicePrincipal"), ("group owner", "group"), ("disabled owner", "user")],
)
def test_an_owners_type_is_told(shared, case, kind):
    [app] = [app for app in shared.state.tenant.registrations() if app.case == case]

    [owner] = shared.get(f"/applications/{app.object_id}/owners").json()["value"]

    assert owner["@odata.type"] == f"#microsoft.graph.{kind}"


def test_default_properties_of_a_user_lack_the_enabled_state(shared):
    assert "accountEnabled" not in shared.get("/users/ana@larkfield.example").json()
    assert shared.get("/users/ANA@larkfield.example?$select=accountEnabled").json()["accountEnabled"] is True


def test_an_expanded_manager_never_says_whether_the_account_is_enabled(shared):
    ben = shared.state.tenant.cast["ben"]

    answer = shared.get(f"/users/{ben}?$expand=manager($select=id,accountEnabled)").json()

    assert answer["manager"] == {"@odata.type": "#microsoft.graph.user", "id": shared.state.tenant.cast["mia"]}


def test_who_has_no_manager_has_none(shared):
    [user] = [user for user in shared.state.tenant.users.values() if user.display_name == "Clara Castellan"]

    assert "manager" not in shared.get(f"/users/{user.id}?$expand=manager").json()
    assert shared.get(f"/users/{user.id}/manager").status_code == 404
    assert shared.get(f"/users/{shared.state.tenant.cast['ben']}/manager").json()["displayName"] == "Mia Meyer"


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        ("displayName eq 'invoice export'", lambda app: app.display_name == "Invoice Export"),
        ("startswith(displayName,'Owned by')", lambda app: (app.display_name or "").startswith("Owned by")),
        (
            "displayName eq '\"double\" ''single'' `back` | pipe \\ slash'",
            lambda app: app.case == "hostile name: quotes and pipes",
        ),
        ("signInAudience eq 'AzureADMultipleOrgs'", lambda app: app.sign_in_audience == "AzureADMultipleOrgs"),
        (
            "displayName eq 'Invoice Export' or displayName eq 'Lunch Menu'",
            lambda app: app.display_name in ("Invoice Export", "Lunch Menu"),
        ),
    ],
)
def test_a_filter_finds_what_it_says(shared, condition, matches):
    items, _ = all_pages(shared, f"/applications?$select=id&$filter={quote(condition)}")

    expected = [app.object_id for app in shared.state.tenant.registrations() if matches(app)]
    assert [item["id"] for item in items] == expected
    assert expected


def test_ranges_of_creation_dates_cover_the_tenant_but_for_the_ones_without(shared):
    older, _ = all_pages(shared, "/applications?$select=id&$filter=createdDateTime le 2024-01-01T00:00:00Z")
    newer, _ = all_pages(shared, "/applications?$select=id&$filter=createdDateTime ge 2024-01-01T00:00:01Z")
    without = shared.eventual("/applications?$select=id&$filter=createdDateTime eq null&$count=true").json()["value"]

    ids = {item["id"] for item in [*older, *newer, *without]}
    assert len(older) + len(newer) + len(without) == len(ids) == 300
    assert len(without) == 1


def test_advanced_filters_work_with_header_and_count(shared):
    rare = shared.eventual(
        "/servicePrincipals?$select=id,servicePrincipalType&$count=true"
        "&$filter=servicePrincipalType ne 'Application' and servicePrincipalType ne 'ManagedIdentity'"
    ).json()
    ownerless = shared.eventual("/applications/$count?$filter=owners/$count eq 0")

    assert [item["servicePrincipalType"] for item in rare["value"]] == ["Legacy"]
    assert int(ownerless.text) == sum(not app.owners for app in shared.state.tenant.registrations())


def test_people_are_searched_by_the_start_of_a_word(shared):
    found = shared.eventual('/users?$search="displayName:Alva"&$count=true').json()["value"]

    assert "Ana Alvarez" in [user["displayName"] for user in found]


def test_an_app_is_found_by_its_app_id_too(shared):
    app = shared.state.tenant.app_named("Invoice Export")

    assert shared.get(f"/applications(appId='{app.app_id}')?$select=id").json()["id"] == app.object_id
    assert shared.get(f"/servicePrincipals(appId='{app.app_id}')?$select=id").json()["id"] != app.object_id


def test_fifteen_ids_are_allowed_and_unknown_ones_are_simply_absent(shared):
    ids = [*list(shared.state.tenant.users)[:14], "00000000-0000-4000-8000-000000000000"]

    found = shared.get(
        f"/users?$select=id&$filter=id in ('{quote(chr(39) + ',' + chr(39), safe='').join(ids)}')"
    ).json()

    assert {user["id"] for user in found["value"]} == set(ids[:14])


def test_deleted_users_are_among_the_deleted_items_only(shared):
    [deleted] = [user for user in shared.state.tenant.users.values() if user.display_name == "Dina Deleted"]

    listed, _ = all_pages(shared, "/directory/deletedItems/microsoft.graph.user?$select=id,displayName&$top=999")

    assert deleted.id in {user["id"] for user in listed}
    assert shared.get(f"/users/{deleted.id}").status_code == 404
    assert shared.get(f"/directory/deletedItems/{deleted.id}").json()["displayName"] == "Dina Deleted"
    assert shared.get(f"/directory/deletedItems/graph.user?$filter=id in ('{deleted.id}')").json()["value"]


def test_users_beyond_the_recycle_bin_are_nowhere(shared):
    gone = [user.id for user in shared.state.tenant.users.values() if user.gone]

    listed, _ = all_pages(shared, "/directory/deletedItems/microsoft.graph.user?$select=id&$top=999")

    assert gone
    assert not {user["id"] for user in listed} & set(gone)
    assert {shared.get(f"/users/{user_id}").status_code for user_id in gone} == {404}


def test_objects_of_all_kinds_come_by_their_ids(shared):
    tenant = shared.state.tenant
    ids = [tenant.cast["ana"], next(iter(tenant.groups)), tenant.app_named("Deployment Robot").object_id, "x"]

    everything = shared.post("/directoryObjects/getByIds", {"ids": ids}, who="ownerWriter").json()["value"]
    people = shared.post("/directoryObjects/getByIds", {"ids": ids, "types": ["user"]}, who="ownerWriter").json()[
        "value"
    ]

    assert {each["@odata.type"] for each in everything} == {
        "#microsoft.graph.user",
        "#microsoft.graph.group",
        "#microsoft.graph.servicePrincipal",
    }
    assert [each["displayName"] for each in people] == ["Ana Alvarez"]


def test_members_of_nested_groups_are_found_once(twins):
    tenant = twins.state.tenant
    outer, inner = next(iter(tenant.groups.values())), next(iter(tenant.groups.values()))
    inner = type(outer)(id="11111111-0000-4000-8000-000000000000", display_name="Inner", members=[tenant.cast["ana"]])
    tenant.groups[inner.id] = inner
    inner.members.append(outer.id)
    outer.members += [tenant.cast["ana"], tenant.cast["mia"], inner.id]

    members, _ = all_pages(twins, f"/groups/{outer.id}/transitiveMembers?$select=id")

    assert sorted(each["id"] for each in members) == sorted([tenant.cast["ana"], tenant.cast["mia"]])


@pytest.mark.parametrize("kind", [ApplicationType.APP_REGISTRATION, ApplicationType.ENTERPRISE_APP])
def test_delta_lists_everything_then_only_what_changed(twins, kind):
    state = twins.state
    collection = "applications" if kind is ApplicationType.APP_REGISTRATION else "servicePrincipals"
    apps = [app for app in state.tenant.apps.values() if app.kind is kind]

    path, link, listed = f"/{collection}/delta?$select=id,displayName", "", []
    while path:
        answer = twins.get(path).json()
        listed += answer["value"]
        link = answer.get("@odata.nextLink") or answer["@odata.deltaLink"]
        path = link.removeprefix(state.urls["graph"] + "/v1.0") if "@odata.nextLink" in answer else ""
    state.change("appRenamed", app=apps[3].object_id, name="New Name")
    state.change("appDeleted", app=apps[5].object_id)
    changed = twins.get(link.removeprefix(state.urls["graph"] + "/v1.0")).json()

    assert [each["id"] for each in listed] == [app.object_id for app in apps]
    assert changed["value"] == [
        {"id": apps[3].object_id, "displayName": "New Name"},
        {"id": apps[5].object_id, "@removed": {"reason": "deleted"}},
    ]
    assert twins.get(f"/{collection}/delta?$deltatoken=latest").json()["value"] == []


def below(twins, link: str) -> str:
    """A link's path below /v1.0."""
    return link.removeprefix(twins.state.urls["graph"] + "/v1.0")


def test_users_delta_lists_everybody_with_the_manager_where_it_is_selected(twins):
    users = [user for user in twins.state.tenant.users.values() if user.listed]

    listed, answer = [], {"@odata.nextLink": "/users/delta?$select=displayName,manager"}
    while path := below(twins, answer.get("@odata.nextLink", "")):
        answer = twins.get(path).json()
        assert len(answer["value"]) <= 200
        listed += answer["value"]

    assert [each["id"] for each in listed] == [user.id for user in users]
    by_id = {each["id"]: each for each in listed}
    ana = twins.state.tenant.person("ana")
    assert by_id[ana.id]["displayName"] == ana.display_name
    assert [each["id"] for each in by_id[ana.id]["manager@delta"]] == [ana.manager_id]
    (plain, *_) = twins.get("/users/delta?$select=displayName").json()["value"]
    assert "manager@delta" not in plain
    assert twins.get(below(twins, answer["@odata.deltaLink"])).json()["value"] == []


def test_users_delta_tells_who_changed_since_its_link_and_whether_they_can_be_restored(twins):
    state = twins.state
    ana, ada, mia, tom = (state.tenant.person(name) for name in ("ana", "ada", "mia", "tom"))
    first = twins.get("/users/delta?$select=accountEnabled,manager&$deltatoken=latest").json()
    state.change("accountEnabled", user=tom.id, enabled=False)
    state.change("managerSet", user=ana.id, manager=tom.id)
    state.change("userDeleted", user=ada.id)
    second = twins.get(below(twins, first["@odata.deltaLink"])).json()
    state.change("userRestored", user=ada.id)
    state.change("userPurged", user=mia.id)
    third = twins.get(below(twins, second["@odata.deltaLink"])).json()

    assert first["value"] == []
    changed = {each["id"]: each for each in second["value"]}
    assert changed[tom.id]["accountEnabled"] is False
    assert [each["id"] for each in changed[ana.id]["manager@delta"]] == [tom.id]
    assert changed[ada.id] == {"id": ada.id, "@removed": {"reason": "changed"}}
    changed = {each["id"]: each for each in third["value"]}
    assert changed[ada.id]["accountEnabled"] is True
    assert changed[mia.id] == {"id": mia.id, "@removed": {"reason": "deleted"}}


def test_services_tell_the_practice_clocks_time(twins):
    twins.state.advance(10)

    assert twins.get("/users?$top=1").headers["Date"][5:16] == twins.state.now().strftime("%d %b %Y")
