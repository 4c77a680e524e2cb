"""Owner changes, e-mail and installation: sent once, and every answer has its meaning."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from alerts.errors import DeliveryError, GraphError, Outcome, OwnerChangeError
from alerts.model import Application, ApplicationType, Person
from alerts.views import MailView
from graph import owners
from graph.client import NO_ANSWER, TOKEN_REFUSED
from graph.installation import GraphInstaller
from graph.mail import BAD_ADDRESS, NO_ADDRESS, GraphMail
from graph.owners import GraphOwners
from tests.graph.scripted import Answer, Asked, Bench, error, page

ELI = "00000000-0000-0000-0000-0000000000e1"
APP = Application(object_id="a1", app_id="app1", display_name="Shop", type=ApplicationType.APP_REGISTRATION)
ENTERPRISE = Application(object_id="s1", app_id="app1", display_name="Shop", type=ApplicationType.ENTERPRISE_APP)
NO_CONTENT = Answer(body=b"", status=204)
ACCEPTED = Answer(body=b"", status=202)
REF = "/applications/a1/owners/$ref"
READ = "/applications/a1/owners?"


def posts(bench: Bench) -> list[Asked]:
    return [asked for asked in bench.graph.asked if asked.method == "POST"]


def person(person_id: str) -> dict[str, str]:
    return {"@odata.type": "#microsoft.graph.user", "id": person_id}


# ---------------------------------------------------------------- owners


@pytest.mark.parametrize(("app", "path"), [(APP, "/applications/a1"), (ENTERPRISE, "/servicePrincipals/s1")])
async def test_a_new_owner_is_written_by_reference(bench: Bench, app: Application, path: str) -> None:
    bench.graph.script = {f"{path}/owners/$ref": [NO_CONTENT], f"{path}/owners?": [page(person("x"))]}

    await GraphOwners(bench.client).add_owner(app, ELI)

    (post,) = posts(bench)
    assert post.path == f"{path}/owners/$ref"
    assert post.body == {"@odata.id": f"{bench.graph.url}/v1.0/directoryObjects/{ELI}"}


async def test_somebody_who_is_an_owner_already_is_not_written_again(bench: Bench) -> None:
    bench.graph.script = {READ: [page(person(ELI.upper()))]}

    await GraphOwners(bench.client).add_owner(APP, ELI)

    assert posts(bench) == []


async def test_an_owner_whom_somebody_else_just_added_is_success(bench: Bench) -> None:
    exists = error(400, "Request_BadRequest", "One or more added object references already exist")
    bench.graph.script = {REF: [exists], READ: [page()]}

    await GraphOwners(bench.client).add_owner(APP, ELI)

    assert len(posts(bench)) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (error(403, "Authorization_RequestDenied", "Insufficient privileges"), owners.NOT_ALLOWED),
        (error(404, "Request_ResourceNotFound", "does not exist"), owners.GONE),
        (error(403, "Directory_QuotaExceeded", "quota"), owners.TOO_MANY_OWNERS),
        (error(400, "Request_BadRequest", "maximum number of owners exceeded"), owners.TOO_MANY_OWNERS),
        (error(400, "Request_BadRequest", "Invalid object"), owners.REFUSED),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_refused_owner_change_says_why(bench: Bench, answer: Answer, reason: str) -> None:
    bench.graph.script = {REF: [answer], READ: [page()]}

    with pytest.raises(OwnerChangeError) as caught:
        await GraphOwners(bench.client).add_owner(APP, ELI)

    assert caught.value.reason == reason
    assert len(posts(bench)) == 1


async def test_an_app_that_is_gone_is_known_before_anything_is_written(bench: Bench) -> None:
    with pytest.raises(OwnerChangeError) as caught:
        await GraphOwners(bench.client).add_owner(APP, ELI)

    assert caught.value.reason == owners.GONE
    assert posts(bench) == []


@pytest.mark.parametrize(
    "answer",
    [error(504, "GatewayTimeout"), error(500), Answer(body={"x": "y" * 2000}, status=204, cut=True)],
    ids=["504", "500", "cut"],
)
async def test_an_unclear_write_is_settled_by_reading_and_never_repeated(bench: Bench, answer: Answer) -> None:
    bench.graph.script = {REF: [answer], READ: [page(), page(person(ELI))]}

    await GraphOwners(bench.client).add_owner(APP, ELI)

    assert len(posts(bench)) == 1


async def test_an_unclear_write_that_did_not_happen_is_an_error(bench: Bench) -> None:
    bench.graph.script = {REF: [error(504)], READ: [page()]}

    with pytest.raises(GraphError):
        await GraphOwners(bench.client).add_owner(APP, ELI)

    assert len(posts(bench)) == 1


async def test_a_throttled_write_is_left_to_the_caller(bench: Bench) -> None:
    bench.graph.script = {REF: [error(429, Retry_After="7")], READ: [page()]}

    with pytest.raises(GraphError) as caught:
        await GraphOwners(bench.client).add_owner(APP, ELI)

    assert caught.value.retry_after == 7
    assert len(posts(bench)) == 1


# ---------------------------------------------------------------- mail


@dataclass
class Rendered:
    subject: str = "Expires on 1 May"
    text: str = "text"
    html: str = "<p>Shop</p>"


def mail(bench: Bench, rendered: Rendered | None = None) -> GraphMail:
    return GraphMail(bench.client, sender="steward@example.com", render=lambda _: rendered or Rendered())


def view(address: str = "ana@example.com") -> MailView:
    ana = Person(id="ana", display_name="Ana", mail=address, account_enabled=True)
    return MailView(recipient=ana, time_zone="UTC", now=datetime(2031, 5, 1, tzinfo=UTC))


SEND = "/users/steward@example.com/sendMail"


def sent(post: Asked) -> EmailMessage:
    """The mail inside a request."""
    assert post.headers["Content-Type"] == "text/plain"
    message = message_from_bytes(base64.b64decode(post.body, validate=True), policy=default)
    assert isinstance(message, EmailMessage)
    return message


async def test_a_mail_goes_from_the_mailbox_to_the_person_as_text_and_as_html(bench: Bench) -> None:
    bench.graph.script = {SEND: [ACCEPTED]}
    told = Rendered(
        subject="„Überweisung“ läuft am 1. Mai ab", text="Shöp, line one\r\nline two\r\n", html="<p>Shöp</p>\r\n"
    )

    await mail(bench, told).send(view())

    (post,) = posts(bench)
    message = sent(post)
    parts = [(part.get_content_type(), part.get_content()) for part in message.iter_parts()]
    assert post.path == SEND
    assert (message.get_content_type(), message["From"], message["To"]) == (
        "multipart/alternative", "steward@example.com", "ana@example.com",
    )  # fmt: skip
    assert message["Subject"] == told.subject
    # The last one is what a program shows that can show both.
    assert parts == [("text/plain", told.text), ("text/html", told.html)]
    assert message["X-Auto-Response-Suppress"] == "All"


async def test_a_line_break_in_a_subject_adds_no_header_and_loses_no_mail(bench: Bench) -> None:
    bench.graph.script = {SEND: [ACCEPTED]}

    await mail(bench, Rendered(subject="Shop\r\nBcc: tom@example.com\u2028x\ud800" + " long" * 40)).send(view())

    message = sent(posts(bench)[0])
    assert message["Subject"] == "Shop Bcc: tom@example.com x\ufffd" + " long" * 40
    assert message["Bcc"] is None


@pytest.mark.parametrize(
    "address", ["ana@example.com\r\nBcc: tom@example.com", "ana, tom@example.com", "änä@example.com"]
)
async def test_an_address_that_is_no_plain_mailbox_is_unreachable(bench: Bench, address: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        await mail(bench).send(view(address))

    assert (caught.value.outcome, caught.value.code) == (Outcome.UNREACHABLE, BAD_ADDRESS)
    assert bench.graph.asked == []


async def test_a_person_without_an_address_is_unreachable(bench: Bench) -> None:
    with pytest.raises(DeliveryError) as caught:
        await mail(bench).send(view(address=""))

    assert (caught.value.outcome, caught.value.code) == (Outcome.UNREACHABLE, NO_ADDRESS)
    assert bench.graph.asked == []


MAIL_ANSWERS = [
    (error(429, "ApplicationThrottled", Retry_After="12"), Outcome.SAFE),
    (error(500, "ErrorInternalServerError"), Outcome.UNCLEAR),
    (error(503, "ServiceUnavailable"), Outcome.UNCLEAR),
    (error(504, "GatewayTimeout"), Outcome.UNCLEAR),
    (error(403, "ErrorAccessDenied"), Outcome.OURS),
    (error(404, "ErrorInvalidUser"), Outcome.OURS),
    (error(400, "ErrorInvalidRecipients"), Outcome.UNREACHABLE),
    (error(400, "RequestBodyRead"), Outcome.POISON),
    (error(413, "RequestEntityTooLarge"), Outcome.POISON),
]


@pytest.mark.parametrize(("answer", "outcome"), MAIL_ANSWERS, ids=lambda value: getattr(value, "value", ""))
async def test_every_answer_to_a_mail_has_its_class_and_is_one_request(
    bench: Bench, answer: Answer, outcome: Outcome
) -> None:
    bench.graph.script = {SEND: [answer, ACCEPTED]}

    with pytest.raises(DeliveryError) as caught:
        await mail(bench).send(view())

    assert caught.value.outcome is outcome
    assert caught.value.code == answer.body["error"]["code"]
    assert caught.value.retry_after == (12 if answer.status == 429 else None)
    assert len(posts(bench)) == 1


async def test_a_mail_whose_answer_broke_off_may_have_arrived(bench: Bench) -> None:
    bench.graph.script = {SEND: [Answer(body={"x": "y" * 2000}, status=202, cut=True)]}

    with pytest.raises(DeliveryError) as caught:
        await mail(bench).send(view())

    assert (caught.value.outcome, caught.value.code) == (Outcome.UNCLEAR, NO_ANSWER)
    assert len(posts(bench)) == 1


async def test_a_mail_refused_for_an_old_token_is_sent_with_a_new_one(bench: Bench) -> None:
    bench.graph.script = {SEND: [ACCEPTED]}
    bench.graph.good_from = 2

    await mail(bench).send(view())

    assert bench.graph.tokens == 2


async def test_a_token_that_entra_refuses_is_our_fault(bench: Bench) -> None:
    bench.graph.token_refusal = {"error": "invalid_client", "error_description": "AADSTS7000222: expired"}

    with pytest.raises(DeliveryError, match="AADSTS7000222") as caught:
        await mail(bench).send(view())

    assert (caught.value.outcome, caught.value.code) == (Outcome.OURS, TOKEN_REFUSED)


# ---------------------------------------------------------------- installation

INSTALL = f"/users/{ELI}/teamwork/installedApps"


def installer(bench: Bench) -> GraphInstaller:
    return GraphInstaller(bench.client, teams_app_id="catalogue-id")


@pytest.mark.parametrize(
    "answer", [Answer(body=b"", status=201), error(409, "Conflict", "already installed")], ids=["201", "409"]
)
async def test_the_app_is_installed_or_already_there(bench: Bench, answer: Answer) -> None:
    bench.graph.script = {INSTALL: [answer]}

    await installer(bench).install(ELI)

    (post,) = posts(bench)
    assert post.body["teamsApp@odata.bind"] == f"{bench.graph.url}/v1.0/appCatalogs/teamsApps/catalogue-id"


INSTALL_ANSWERS: list[tuple[Answer, Outcome, str]] = [
    (error(403, "Forbidden", "App is blocked by app permission policy"), Outcome.UNREACHABLE, "blockedByPolicy"),
    (error(403, "Forbidden", "Missing role permissions on the request"), Outcome.OURS, "Forbidden"),
    (
        error(403, "Forbidden", "AAD App Id x is not allowed to manage the Teams App"),
        Outcome.OURS,
        "Forbidden",
    ),
    (error(404, "NotFound", "The app was not found in the catalog"), Outcome.OURS, "NotFound"),
    (error(404, "NotFound", "User not found"), Outcome.UNREACHABLE, "NotFound"),
    (error(400, "BadRequest", "No Teams licence"), Outcome.UNREACHABLE, "BadRequest"),
    (error(429, "TooManyRequests", Retry_After="3"), Outcome.SAFE, "TooManyRequests"),
    (error(502, "BadGateway"), Outcome.SAFE, "BadGateway"),
]


@pytest.mark.parametrize(("answer", "outcome", "code"), INSTALL_ANSWERS, ids=range(len(INSTALL_ANSWERS)))
async def test_every_answer_to_an_installation_has_its_class(
    bench: Bench, answer: Answer, outcome: Outcome, code: str
) -> None:
    bench.graph.script = {INSTALL: [answer]}

    with pytest.raises(DeliveryError) as caught:
        await installer(bench).install(ELI)

    assert (caught.value.outcome, caught.value.code) == (outcome, code)
    assert len(posts(bench)) == 1
