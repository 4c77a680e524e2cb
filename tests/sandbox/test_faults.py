"""Faults by chance, in every form, on a page of a chain, and with changes in mid-scan; tokens that end early."""

import asyncio
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from sandbox.faults import FORMS, Fault, page_of
from sandbox.odata import page_token

LISTING = "/applications?$select=id,displayName&$top=50"


def chain(twins, path: str = LISTING) -> tuple[list[str], list[str]]:
    """(ids, names) of a whole listing."""
    ids: list[str] = []
    names: list[str] = []
    while path:
        answer = twins.get(path).json()
        ids += [item["id"] for item in answer["value"]]
        names += [item["displayName"] for item in answer["value"]]
        path = answer.get("@odata.nextLink", "").removeprefix(twins.state.urls["graph"] + "/v1.0")
    return ids, names


def forms_of(forms: list[str], **more) -> Fault:
    return Fault(path="/v1.0/applications", forms=forms, **more)


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ("429 integer", 429, "TooManyRequests"),
        ("429 decimal", 429, "TooManyRequests"),
        ("429 date", 429, "TooManyRequests"),
        ("429 absent", 429, "TooManyRequests"),
        ("500", 500, "InternalServerError"),
        ("503", 503, "ServiceUnavailable"),
        ("expired page token", 400, "Directory_ExpiredPageToken"),
    ],
)
def test_each_form_has_its_status_and_graphs_words(twins, form, status, code):
    twins.state.traffic.order(forms_of([form], wait=4))

    answer = twins.get(LISTING)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    match form:
        case "429 integer":
            assert answer.headers["Retry-After"] == "4"
        case "429 decimal":
            assert answer.headers["Retry-After"] == "4.128"
        case "429 date":
            wait = parsedate_to_datetime(answer.headers["Retry-After"]) - parsedate_to_datetime(answer.headers["Date"])
            assert 3 <= wait.total_seconds() <= 5
        case _:
            assert "Retry-After" not in answer.headers


def test_a_truncated_body_looks_whole_to_http_and_a_reset_does_not(twins):
    whole = twins.get(LISTING).content
    twins.state.traffic.order(forms_of(["truncated"]))
    twins.state.traffic.order(forms_of(["reset"]))

    truncated = twins.get(LISTING)

    assert (truncated.status_code, truncated.content) == (200, whole[: len(whole) // 2])
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        twins.get(LISTING)
    assert twins.get(LISTING).content == whole


def test_a_form_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="there is no fault earthquake"):
        Fault(forms=["earthquake"])


# ---------------------------------------------------------------- chance


@pytest.mark.parametrize("share", [0.01, 0.1])
def test_a_share_of_all_requests_fails_and_the_same_ones_for_the_same_seed(share):
    def struck(seed: int) -> list[int]:
        fault = Fault(count=-1, probability=share, seed=seed)
        return [number for number in range(10_000) if fault.strikes()]

    assert 0.7 * share <= len(struck(1)) / 10_000 <= 1.3 * share
    assert struck(1) == struck(1)
    assert struck(1) != struck(2)


def test_every_form_is_drawn_and_parts_of_a_batch_fail_on_their_own(twins):
    fault = twins.state.traffic.order(Fault(path="/v1.0/users", count=-1, probability=0.5, forms=list(FORMS), seed=3))
    parts = [{"id": str(number), "method": "GET", "url": "/users?$top=1&$select=id"} for number in range(20)]

    statuses = [
        each["status"] for _ in range(8) for each in twins.post("/$batch", {"requests": parts}).json()["responses"]
    ]

    assert set(statuses) == {200, 400, 429, 500, 503}
    assert fault.met == sum(status != 200 for status in statuses)
    assert 40 <= fault.met <= 120


def test_a_request_that_chance_spares_is_left_to_the_next_fault(twins):
    twins.state.traffic.order(forms_of(["503"], probability=0.0, count=-1))
    twins.state.traffic.order(forms_of(["500"]))

    assert twins.get(LISTING).status_code == 500


# ---------------------------------------------------------------- pages


def test_a_token_says_which_page_of_its_chain_it_asks_for():
    assert page_of("/v1.0/applications?$top=5") == 1
    assert page_of(f"/v1.0/applications?$top=5&$skiptoken={page_token(70, 8)}") == 8
    assert page_of(f"/v1.0/applications?%24skiptoken={page_token(70, 3)}&$top=5") == 3
    assert page_of("/v1.0/applications?$skiptoken=rubbish") == 0


def test_the_token_of_one_page_expires_by_order(twins):
    twins.state.traffic.order(forms_of(["expired page token"], page=3))
    first = twins.get(LISTING).json()["@odata.nextLink"].removeprefix(twins.state.urls["graph"] + "/v1.0")
    second = twins.get(first).json()["@odata.nextLink"].removeprefix(twins.state.urls["graph"] + "/v1.0")

    expired = twins.get(second)

    assert (expired.status_code, expired.json()["error"]["code"]) == (400, "Directory_ExpiredPageToken")
    assert len(chain(twins)[0]) == 300


def test_an_item_comes_again_on_the_next_page(twins):
    twins.state.traffic.order(Fault(path="/v1.0/applications", page=2, again=1))

    ids, _ = chain(twins)

    assert (len(ids), len(set(ids))) == (301, 300)
    assert ids[49] == ids[50]


def test_an_app_is_deleted_and_another_renamed_between_two_pages(twins):
    apps = twins.state.tenant.registrations()
    for change in (
        {"kind": "appDeleted", "data": {"app": apps[120].object_id}},
        {"kind": "appRenamed", "data": {"app": apps[200].object_id, "name": "Renamed in mid-scan"}},
    ):
        twins.state.traffic.order(
            Fault(path="/v1.0/applications", page=2 + (change["kind"] == "appRenamed"), change=change)
        )

    ids, names = chain(twins)

    assert set(ids) == {app.object_id for app in apps} - {apps[120].object_id}
    assert names[ids.index(apps[200].object_id)] == "Renamed in mid-scan"


# ---------------------------------------------------------------- latency and tokens


def test_latency_is_once_for_a_batch_and_parallel_requests_wait_in_parallel(twins):
    twins.state.traffic.latency["graph"] = 0.4
    headers = {"Authorization": f"Bearer {twins.token()}"}
    parts = [{"id": str(number), "method": "GET", "url": "/users?$top=1"} for number in range(20)]
    url = twins.state.urls["graph"] + "/v1.0"

    async def together() -> list[httpx.Response]:
        async with httpx.AsyncClient(verify=twins.trusted, trust_env=False, headers=headers) as client:
            pages = [client.get(f"{url}/users?$top=1") for _ in range(8)]
            return list(await asyncio.gather(*pages, client.post(f"{url}/$batch", json={"requests": parts})))

    began = time.monotonic()
    answers = asyncio.run(together())
    spent = time.monotonic() - began

    assert [answer.status_code for answer in answers] == [200] * 9
    # One latency, not nine, nor twenty for the parts.
    assert 0.4 <= spent < 9 * 0.4


def test_a_token_is_good_for_so_many_requests_and_can_be_ended(twins):
    tokens = twins.state.tokens
    client = twins.state.identities.by_name["scanner"]

    def fresh() -> str:
        return tokens.access_token(client, "https://graph.microsoft.com")

    first = fresh()
    tokens.uses_allowed = 2
    statuses = [twins.get("/users?$top=1", token=first).status_code for _ in range(3)]
    second = fresh()
    statuses.append(twins.get("/users?$top=1", token=second).status_code)
    tokens.end_all()
    statuses.append(twins.get("/users?$top=1", token=second).status_code)
    statuses.append(twins.get("/users?$top=1", token=fresh()).status_code)

    assert statuses == [200, 200, 401, 200, 401, 200]
