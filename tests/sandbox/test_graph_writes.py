"""Writing to the Graph twin with msgraph-sdk: owners, mail, the Teams app; and that a restart keeps it."""

import base64
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.internet_message_header import InternetMessageHeader
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.message import Message
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.user_scope_teams_app_installation import UserScopeTeamsAppInstallation
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import SendMailPostRequestBody

from sandbox.graph_mail import Mailboxes
from sandbox.state import TwinState
from sandbox.truth import truth_json


def reference(twins, object_id: str) -> ReferenceCreate:
    return ReferenceCreate(odata_id=f"{twins.state.urls['graph']}/v1.0/directoryObjects/{object_id}")


def body(twins, object_id: str) -> dict[str, str]:
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{object_id}"}


def reopened(twins) -> TwinState:
    """What a restart on the same state directory would find."""
    return TwinState.open(twins.state.folder.parent, 300, 1)


# ---------------------------------------------------------------- owners


async def test_the_sdk_makes_eli_owner_and_everybody_sees_it(twins):
    state = twins.state
    app, eli = state.tenant.app_named("Vendor Portal Sync"), state.tenant.cast["eli"]

    async with twins.sdk("ownerWriter") as graph:
        await graph.applications.by_application_id(app.object_id).owners.ref.post(reference(twins, eli))

    assert [owner["id"] for owner in twins.get(f"/applications/{app.object_id}/owners").json()["value"]] == [eli]
    listed = twins.get(
        "/applications?$select=id&$expand=owners($select=id)&$filter=displayName eq 'Vendor Portal Sync'"
    )
    assert [owner["id"] for owner in listed.json()["value"][0]["owners"]] == [eli]
    [truth] = [each for each in truth_json(state)["apps"] if each["object_id"] == app.object_id]
    assert (truth["path"], truth["recipients"]) == ("currentOwners", [eli])
    assert reopened(twins).tenant.apps[app.object_id].owners == [eli]


def test_an_owner_of_an_enterprise_app_is_written_likewise(twins):
    app, ana = twins.state.tenant.app_named("Travel Booking (SAML)"), twins.state.tenant.cast["ana"]

    assert (
        twins.post(f"/servicePrincipals/{app.object_id}/owners/$ref", body(twins, ana), who="ownerWriter").status_code
        == 204
    )
    assert ana in app.owners


def test_a_cached_page_shows_the_new_owner(twins):
    app, ana = twins.state.tenant.app_named("Lunch Menu"), twins.state.tenant.cast["ana"]
    path = "/applications?$select=id&$expand=owners($select=id)&$top=999"

    before = {each["id"]: len(each["owners"]) for each in twins.get(path).json()["value"]}
    twins.post(f"/applications/{app.object_id}/owners/$ref", body(twins, ana), who="ownerWriter")
    after = {each["id"]: len(each["owners"]) for each in twins.get(path).json()["value"]}

    assert {each: after[each] - count for each, count in before.items() if after[each] != count} == {app.object_id: 1}


@pytest.mark.parametrize(
    ("target", "status", "code", "words"),
    [
        ("ana", 400, "Request_BadRequest", "One or more added object references already exist"),
        ("group", 400, "Request_BadRequest", "of type 'Group' is invalid for the 'owners' reference"),
        ("registration", 400, "Request_BadRequest", "of type 'Application' is invalid for the 'owners' reference"),
        ("deleted", 404, "Request_ResourceNotFound", "does not exist"),
        ("nobody", 404, "Request_ResourceNotFound", "does not exist"),
    ],
)
async def test_an_owner_is_refused(shared, target, status, code, words):
    tenant = shared.state.tenant
    app = tenant.app_named("Invoice Export")
    ids = {
        "ana": tenant.cast["ana"],
        "group": next(iter(tenant.groups)),
        "registration": app.object_id,
        "nobody": "x",
        "deleted": next(user.id for user in tenant.users.values() if user.deleted_at),
    }

    async with shared.sdk("ownerWriter") as graph:
        with pytest.raises(ODataError) as raised:
            await graph.applications.by_application_id(app.object_id).owners.ref.post(reference(shared, ids[target]))

    assert (raised.value.response_status_code, raised.value.error.code) == (status, code)
    assert words in raised.value.error.message
    assert app.owners == [tenant.cast["ana"]]


def test_a_hundred_and_first_owner_is_over_the_quota(shared):
    [app] = [app for app in shared.state.tenant.registrations() if app.case == "100 owners"]

    answer = shared.post(
        f"/applications/{app.object_id}/owners/$ref", body(shared, shared.state.tenant.cast["ana"]), who="ownerWriter"
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Directory_QuotaExceeded")


@pytest.mark.parametrize("link", ["", "not a url", "https://evil.example/v1.0/directoryObjects/x"])
def test_a_reference_to_elsewhere_is_refused(shared, link):
    app = shared.state.tenant.app_named("Invoice Export")

    answer = shared.post(f"/applications/{app.object_id}/owners/$ref", {"@odata.id": link}, who="ownerWriter")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Request_BadRequest")


def test_the_scanner_cannot_write_owners_and_nothing_changes(shared):
    app, eli = shared.state.tenant.app_named("Invoice Export"), shared.state.tenant.cast["eli"]

    answer = shared.post(f"/applications/{app.object_id}/owners/$ref", body(shared, eli))

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "Authorization_RequestDenied")
    assert app.owners == [shared.state.tenant.cast["ana"]]


async def test_an_owner_is_removed_and_remembered_as_previous_owner(twins):
    tenant = twins.state.tenant
    app, ana = tenant.app_named("Invoice Export"), tenant.cast["ana"]

    async with twins.sdk("ownerWriter") as graph:
        await graph.applications.by_application_id(app.object_id).owners.by_directory_object_id(ana).ref.delete()

    [truth] = [each for each in truth_json(twins.state)["apps"] if each["object_id"] == app.object_id]
    assert (app.owners, truth["path"], truth["recipients"]) == ([], "previousOwner", [ana])
    assert truth["proof"] == twins.state.now().date().isoformat()


# ---------------------------------------------------------------- mail


def mail(to: str = "ana@larkfield.example", **more) -> SendMailPostRequestBody:
    message = Message(
        subject="A secret expires",
        body=ItemBody(content_type=BodyType.Html, content="<p>Soon.</p>"),
        to_recipients=[Recipient(email_address=EmailAddress(address=to))],
        **more,
    )
    return SendMailPostRequestBody(message=message, save_to_sent_items=False)


async def test_the_sdk_sends_a_mail_and_it_outlives_a_restart(twins):
    header = InternetMessageHeader(name="x-auto-response-suppress", value="All")
    async with twins.sdk("mail") as graph:
        await graph.users.by_user_id("steward@larkfield.example").send_mail.post(
            mail(internet_message_headers=[header])
        )

    for state in (twins.state, reopened(twins)):
        [kept] = state.part(Mailboxes).of("ANA@larkfield.example")
        assert (kept.sender, kept.to, kept.subject) == (
            "steward@larkfield.example",
            ("ana@larkfield.example",),
            "A secret expires",
        )
        assert (kept.content_type, kept.content) == ("html", "<p>Soon.</p>")
        assert kept.headers == {"x-auto-response-suppress": "All"}
        assert not kept.kept


def test_a_mail_in_mime_has_both_its_parts_and_is_kept_in_sent_items(twins):
    message = EmailMessage(policy=SMTP)
    message["To"], message["Subject"], message["X-Auto-Response-Suppress"] = "ana@larkfield.example", "Läuft ab", "All"
    message.set_content("Bald.\n")
    message.add_alternative("<p>Bald.</p>\n", subtype="html")
    statuses = [
        twins.request(
            "POST",
            "/users/steward@larkfield.example/sendMail",
            who="mail",
            content=content,
            headers={"Content-Type": "text/plain"},
        ).status_code
        for content in (base64.b64encode(message.as_bytes()), b"no base64!")
    ]

    [mail] = twins.state.part(Mailboxes).of("ana@larkfield.example")
    assert statuses == [202, 400]
    assert (mail.subject, mail.content_type, mail.content, mail.text) == (
        "Läuft ab",
        "html",
        "<p>Bald.</p>\r\n",
        "Bald.\r\n",
    )
    assert (mail.headers, mail.kept) == ({"X-Auto-Response-Suppress": "All"}, True)


@pytest.mark.parametrize(
    ("sender", "request_body", "status", "code"),
    [
        ("nobody@larkfield.example", mail(), 404, "ErrorInvalidUser"),
        ("steward@larkfield.example", mail("no address"), 400, "ErrorInvalidRecipients"),
        (
            "steward@larkfield.example",
            SendMailPostRequestBody(message=Message(body=ItemBody())),
            400,
            "ErrorInvalidRecipients",
        ),
        (
            "steward@larkfield.example",
            mail(internet_message_headers=[InternetMessageHeader(name="List-Id", value="x")]),
            400,
            "InvalidInternetMessageHeader",
        ),
    ],
)
async def test_a_mail_is_refused(shared, sender, request_body, status, code):
    async with shared.sdk("mail") as graph:
        with pytest.raises(ODataError) as raised:
            await graph.users.by_user_id(sender).send_mail.post(request_body)

    assert (raised.value.response_status_code, raised.value.error.code) == (status, code)
    assert shared.state.part(Mailboxes).mails == []


# ---------------------------------------------------------------- the Teams app


def installation(twins, app_id: str = "") -> UserScopeTeamsAppInstallation:
    app_id = app_id or twins.settings["TEAMS_APP_ID"]
    bind = f"https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/{app_id}"
    return UserScopeTeamsAppInstallation(additional_data={"teamsApp@odata.bind": bind})


async def test_the_sdk_installs_the_app_for_eli_and_teams_hears_of_it(twins):
    eli, told = twins.state.tenant.cast["eli"], []
    twins.state.on_install.append(told.append)

    async with twins.sdk("install") as graph:
        work = graph.users.by_user_id(eli).teamwork.installed_apps
        before = (await work.get()).value
        await work.post(installation(twins))
        after = (await work.get()).value
        chat = await work.by_user_scope_teams_app_installation_id(after[0].id).chat.get()

    assert (before, len(after), told) == ([], 1, [eli])
    assert chat.id
    assert reopened(twins).tenant.users[eli].has_teams_app


@pytest.mark.parametrize(
    ("person", "app_id", "status", "words"),
    [
        ("Ana Alvarez", "", 409, "already installed"),
        ("Paul Policy-Blocked", "", 403, "App is blocked by app permission policy"),
        ("Eli Okafor", "00000000-0000-4000-8000-000000000000", 404, "not found in the app catalog"),
    ],
)
async def test_an_installation_is_refused(shared, person, app_id, status, words):
    [user] = [user for user in shared.state.tenant.users.values() if user.display_name == person]

    async with shared.sdk("install") as graph:
        with pytest.raises(ODataError) as raised:
            await graph.users.by_user_id(user.id).teamwork.installed_apps.post(installation(shared, app_id))

    assert raised.value.response_status_code == status
    assert words in raised.value.error.message


def test_only_the_apps_own_client_may_install_it(twins):
    stranger = twins.state.identities.by_name["mail"]
    stranger.roles.add("TeamsAppInstallation.ReadWriteSelfForUser.All")

    answer = twins.get(f"/users/{twins.state.tenant.cast['eli']}/teamwork/installedApps", who="mail")

    assert answer.status_code == 403
    assert "is not allowed to manage the Teams App" in answer.json()["error"]["message"]


def test_the_catalogue_needs_a_permission_of_its_own(twins):
    twins.state.identities.by_name["install"].roles.add("AppCatalog.Read.All")
    manifest = twins.state.identities.manifest_id

    found = twins.get(f"/appCatalogs/teamsApps?$filter=externalId eq '{manifest}'", who="install").json()["value"]
    other = twins.get("/appCatalogs/teamsApps?$filter=externalId eq 'other'", who="install").json()["value"]

    assert ([each["id"] for each in found], other) == ([twins.settings["TEAMS_APP_ID"]], [])
