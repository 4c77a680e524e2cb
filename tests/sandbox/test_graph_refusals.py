"""What the Graph twin refuses, request by request, with Graph's status, code and error JSON."""

import pytest

ID = "00000000-0000-4000-8000-000000000000"
EVENTUAL = {"ConsistencyLevel": "eventual"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/applications?$top=1000", 400, "Request_UnsupportedQuery"),
        ("/applications?$top=0", 400, "Request_UnsupportedQuery"),
        ("/applications?$top=many", 400, "BadRequest"),
        ("/applications?$select=secretText", 400, "BadRequest"),
        ("/applications?$expand=owners,manager", 400, "BadRequest"),
        ("/applications?$expand=owners($select=userPrincipalName)", 400, "BadRequest"),
        ("/applications?$filter=passwordCredentials eq 'x'", 400, "Request_UnsupportedQuery"),
        ("/applications?$filter=displayName", 400, "BadRequest"),
        ("/applications?$filter=nonsense eq 'x'", 400, "BadRequest"),
        ("/applications?$filter=createdDateTime eq null", 400, "Request_UnsupportedQuery"),
        ("/applications?$filter=owners/$count eq 0", 400, "Request_UnsupportedQuery"),
        ("/applications?$filter=displayName ne 'x'", 400, "Request_UnsupportedQuery"),
        ("/applications?$filter=startswith(displayName,'a')&$orderby=displayName", 400, "Request_UnsupportedQuery"),
        ("/applications?$skiptoken=rubbish", 400, "Directory_ExpiredPageToken"),
        ("/applications?$unknown=1", 400, "BadRequest"),
        ("/applications?$top=1&$top=2", 400, "BadRequest"),
        ("/applications/$count", 400, "Request_UnsupportedQuery"),
        (f"/applications/{ID}", 404, "Request_ResourceNotFound"),
        (f"/applications/{ID}/owners", 404, "Request_ResourceNotFound"),
        ("/applications/delta?$top=5", 400, "Request_UnsupportedQuery"),
        ("/applications/delta?$deltatoken=rubbish", 410, "SyncStateNotFound"),
        ("/users/delta?$deltatoken=rubbish", 410, "SyncStateNotFound"),
        ("/users/delta?$expand=manager", 400, "Request_UnsupportedQuery"),
        ("/users/delta?$filter=displayName eq 'Ana'", 400, "Request_UnsupportedQuery"),
        ("/servicePrincipals?$filter=createdDateTime ge 2020-01-01T00:00:00Z", 400, "Request_UnsupportedQuery"),
        ("/users?$filter=id in ('" + "','".join([ID] * 16) + "')", 400, "Request_UnsupportedQuery"),
        ('/users?$search="displayName:ana"', 400, "Request_UnsupportedQuery"),
        (f"/users/{ID}", 404, "Request_ResourceNotFound"),
        ("/users/nobody@larkfield.example", 404, "Request_ResourceNotFound"),
        (f"/groups/{ID}/transitiveMembers", 404, "Request_ResourceNotFound"),
        ("/nonsense", 400, "BadRequest"),
        ("/applications/x/nonsense", 400, "BadRequest"),
        ("/me", 400, "BadRequest"),
        ("/directoryObjects/getByIds", 405, "Request_BadRequest"),
    ],
)
def test_a_get_is_refused(shared, path, status, code):
    answer = shared.get(path)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert error["message"]
    assert set(error["innerError"]) == {"date", "request-id", "client-request-id"}


@pytest.mark.parametrize("path", ["/../beta/applications", "/../beta/$batch", "/../v2.0/applications"])
def test_other_versions_have_nothing_of_v1(shared, path):
    answer = shared.get(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


def test_the_report_on_last_use_needs_its_right_and_is_no_part_of_v1(shared):
    report = "/reports/appCredentialSignInActivities"

    assert shared.get("/../beta" + report).status_code == 200
    assert shared.get("/../beta" + report, who="mail").status_code == 403
    assert shared.get(report).status_code == 400


@pytest.mark.parametrize(
    ("who", "path", "code"),
    [
        ("mail", "/applications", "Authorization_RequestDenied"),
        ("mail", "/servicePrincipals", "Authorization_RequestDenied"),
        ("install", "/users", "Authorization_RequestDenied"),
        ("mail", "/directory/deletedItems/microsoft.graph.user", "Authorization_RequestDenied"),
        ("mail", f"/groups/{ID}/transitiveMembers", "Authorization_RequestDenied"),
        ("bot", "/users", "Authorization_RequestDenied"),
        ("scanner", f"/users/{ID}/teamwork/installedApps", "Forbidden"),
        ("install", "/appCatalogs/teamsApps", "Forbidden"),
    ],
)
def test_reading_needs_its_permission(shared, who, path, code):
    answer = shared.get(path, who=who)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)


@pytest.mark.parametrize(
    ("who", "path", "body", "status", "code"),
    [
        ("scanner", f"/applications/{ID}/owners/$ref", {}, 403, "Authorization_RequestDenied"),
        ("mail", f"/servicePrincipals/{ID}/owners/$ref", {}, 403, "Authorization_RequestDenied"),
        ("ownerWriter", f"/applications/{ID}/owners/$ref", {}, 404, "Request_ResourceNotFound"),
        ("scanner", f"/users/{ID}/sendMail", {}, 403, "ErrorAccessDenied"),
        ("mail", f"/users/{ID}/sendMail", {}, 404, "ErrorInvalidUser"),
        ("scanner", "/directoryObjects/getByIds", {"ids": [ID]}, 403, "Authorization_RequestDenied"),
        ("ownerWriter", "/directoryObjects/getByIds", {"ids": []}, 400, "Request_BadRequest"),
        ("ownerWriter", "/directoryObjects/getByIds", {"ids": [ID] * 1001}, 400, "Request_BadRequest"),
        ("scanner", f"/users/{ID}/teamwork/installedApps", {}, 403, "Forbidden"),
        ("scanner", "/applications", {}, 405, "Request_BadRequest"),
    ],
)
def test_a_post_is_refused(shared, who, path, body, status, code):
    answer = shared.post(path, body, who=who)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_expanding_is_refused_beside_an_advanced_query(shared):
    answer = shared.eventual("/applications?$filter=owners/$count eq 0&$count=true&$expand=owners")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")


def test_a_client_request_id_comes_back_and_stands_in_the_error(shared):
    answer = shared.get("/nonsense", headers={"client-request-id": "abc"})

    assert answer.headers["client-request-id"] == answer.json()["error"]["innerError"]["client-request-id"] == "abc"


def test_without_permission_for_users_owners_have_only_type_and_id(twins):
    twins.state.identities.by_name["scanner"].roles.discard("User.Read.All")
    app = twins.state.tenant.app_named("Invoice Export")

    [owner] = twins.get(f"/applications/{app.object_id}/owners").json()["value"]
    [expanded] = twins.get(f"/applications/{app.object_id}?$expand=owners").json()["owners"]

    assert owner == expanded == {"@odata.type": "#microsoft.graph.user", "id": twins.state.tenant.cast["ana"]}
