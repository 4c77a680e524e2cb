"""Costs, throttling, ordered faults, and $batch of the Graph twin."""

import time

import httpx
import pytest

from sandbox.graph_throttle import Throttle, cost_of
from sandbox.odata import Query
from sandbox.refused import Refused
from sandbox.traffic import Fault

SCAN = "$select=id,keyCredentials&$expand=owners($select=id)&$top=999"


@pytest.mark.parametrize(
    ("path", "units"),
    [
        (f"/applications?{SCAN}", 2),
        ("/applications", 2),
        ("/applications?$expand=owners", 3),
        ("/applications?$select=id&$top=10", 1),
        (f"/servicePrincipals?{SCAN}", 1),
        ("/users?$select=id&$expand=manager($select=id)", 2),
        ("/users/ana@larkfield.example", 1),
    ],
)
def test_an_answer_says_what_it_cost(shared, path, units):
    assert shared.get(path).headers["x-ms-resource-unit"] == str(units)


def test_the_documented_costs_never_fall_below_one():
    assert cost_of(2, select=True, expand=True, small=False) == 2
    assert cost_of(1, select=True, expand=False, small=True) == 1


# ---------------------------------------------------------------- throttling


class Ticks:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


DEAR = Query(select=("id", "keyCredentials"))


def test_the_hundred_and_fifty_first_request_for_keys_in_a_minute_must_wait():
    clock = Ticks()
    throttle = Throttle(clock)
    for _ in range(150):
        clock.now += 0.2
        throttle.check("applications", DEAR, 1, 300)

    with pytest.raises(Refused) as raised:
        throttle.check("applications", DEAR, 1, 300)
    throttle.check("servicePrincipals", DEAR, 1, 300)
    throttle.check("applications", Query(select=("id",)), 1, 300)
    clock.now += int(raised.value.headers["Retry-After"])
    throttle.check("applications", DEAR, 1, 300)

    assert (raised.value.status, raised.value.headers["Retry-After"]) == (429, "31")


@pytest.mark.parametrize(("users", "units"), [(30, 3500), (300, 5000), (5000, 8000)])
def test_resource_units_are_limited_by_the_size_of_the_tenant(users, units):
    clock = Ticks()
    throttle = Throttle(clock)
    throttle.check("users", None, units, users)

    with pytest.raises(Refused) as raised:
        throttle.check("users", None, 1, users)
    clock.now += 11
    throttle.check("users", None, 1, users)

    assert raised.value.status == 429


def test_a_switched_off_throttle_refuses_nothing():
    throttle = Throttle(Ticks())
    throttle.on = False

    for _ in range(151):
        throttle.check("applications", DEAR, 100_000, 300)


def test_throttling_is_seen_on_the_wire(twins):
    twins.state.part(Throttle).key_credentials_per_minute = 2

    answers = [twins.get("/applications?$select=id,keyCredentials&$top=1") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 60
    assert answers[2].json()["error"]["code"] == "TooManyRequests"


def test_a_shared_limit_counts_both_collections_and_every_refusal():
    clock = Ticks()
    throttle = Throttle(clock)
    throttle.shared = True
    for collection in ("applications", "servicePrincipals") * 75:
        clock.now += 0.1
        throttle.check(collection, DEAR, 1, 300)

    for _ in range(2):
        with pytest.raises(Refused):
            throttle.check("applications", DEAR, 1, 300)
    clock.now += 61
    throttle.check("applications", DEAR, 1, 300)

    report = throttle.report()
    assert (report["breaches"], report["unit_breaches"]) == (2, 0)
    assert report["most_in_a_minute"] == {"applications": 77, "servicePrincipals": 75, "together": 152}
    throttle.forget()
    assert (throttle.report()["breaches"], throttle.report()["most_in_a_minute"]) == (0, {})


def test_the_fullest_minute_is_found_wherever_it_begins():
    clock = Ticks()
    throttle = Throttle(clock)
    for moment in (0, 50, 59, 60, 70, 109, 200):
        clock.now = moment
        throttle.check("applications", DEAR, 1, 300)

    # At 109 s: those of 50, 59, 60, 70 and 109 s.
    assert throttle.report()["most_in_a_minute"] == {"applications": 5, "together": 5}


# ---------------------------------------------------------------- faults


def test_an_ordered_fault_meets_the_next_matching_requests_only(twins):
    fault = Fault(path="/v1.0/users", status=503, headers={"Retry-After": "7"}, body='{"error":{}}', count=2, after=1)
    twins.state.traffic.order(fault)

    statuses = [twins.get("/applications?$top=1").status_code] + [
        twins.get("/users?$top=1").status_code for _ in range(4)
    ]

    assert (statuses, fault.met) == ([200, 200, 503, 503, 200], 2)


def test_a_cut_connection_is_no_answer(twins):
    twins.state.traffic.order(Fault(path="/v1.0/users", cut=True))

    with pytest.raises(httpx.RemoteProtocolError):
        twins.get("/users?$top=1")


def test_a_lost_answer_can_still_have_acted(twins):
    app, eli = twins.state.tenant.app_named("Invoice Export"), twins.state.tenant.cast["eli"]
    twins.state.traffic.order(Fault(method="POST", path="/v1.0/applications", status=504, act=True))
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{eli}"}

    answer = twins.post(f"/applications/{app.object_id}/owners/$ref", reference, who="ownerWriter")

    assert (answer.status_code, eli in app.owners) == (504, True)


def test_latency_is_added_and_taken_back(twins):
    twins.state.traffic.latency["graph"] = 0.3
    began = time.monotonic()
    twins.get("/users?$top=1")
    slow = time.monotonic() - began
    twins.state.traffic.clear()

    assert slow >= 0.3
    assert twins.state.traffic.latency == {}


def test_every_request_is_logged_with_the_file_that_answered(twins):
    mark = twins.state.traffic.mark()
    twins.get("/users?$top=1")
    twins.get("/applications?$top=1")
    twins.get("/nonsense")

    seen = twins.state.traffic.since(mark)
    assert [(each.method, each.path, each.status, each.file) for each in seen] == [
        ("GET", "/v1.0/users?$top=1", 200, "sandbox/graph_people.py"),
        ("GET", "/v1.0/applications?$top=1", 200, "sandbox/graph_applications.py"),
        ("GET", "/v1.0/nonsense", 400, "sandbox/graph.py"),
    ]
    assert all(each.bytes > 0 for each in seen)
    assert twins.state.traffic.counts(mark) == {"graph": 3}


# ---------------------------------------------------------------- $batch


def part(number: int, url: str, method: str = "GET", **more):
    return {"id": str(number), "method": method, "url": url, **more}


def answers(response):
    return {each["id"]: each for each in response.json()["responses"]}


def test_each_part_of_a_batch_is_answered_on_its_own(twins):
    tenant = twins.state.tenant
    app = tenant.app_named("Invoice Export")
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{tenant.cast['eli']}"}
    parts = [
        part(1, f"/users?$filter=id in ('{tenant.cast['ana']}')&$select=id,displayName"),
        part(2, f"{twins.state.urls['graph']}/v1.0/users"),
        part(3, "/applications?$top=1000"),
        part(4, "/applications/$count", headers={"ConsistencyLevel": "eventual"}),
        part(
            5,
            f"/applications/{app.object_id}/owners/$ref",
            "POST",
            body=reference,
            headers={"Content-Type": "application/json"},
        ),
        part(6, f"/applications/{app.object_id}/owners/$ref", "POST", body=reference),
    ]

    found = answers(twins.post("/$batch", {"requests": parts}))

    assert {each: found[each]["status"] for each in found} == {
        "1": 200,
        "2": 400,
        "3": 400,
        "4": 200,
        "5": 403,
        "6": 400,
    }
    assert found["1"]["body"]["value"] == [{"id": tenant.cast["ana"], "displayName": "Ana Alvarez"}]
    assert found["1"]["headers"]["x-ms-resource-unit"] == "1"
    assert "Resource not found for the segment 'https:'" in found["2"]["body"]["error"]["message"]
    assert found["4"]["body"] == "300"


@pytest.mark.parametrize(
    ("requests", "code"),
    [
        ([part(number, "/users?$top=1") for number in range(21)], "MaximumValueExceeded"),
        ([part(1, "/users"), part(1, "/users")], "BadRequest"),
        ([], "BadRequest"),
    ],
)
def test_a_malformed_batch_is_refused_as_a_whole(shared, requests, code):
    answer = shared.post("/$batch", {"requests": requests})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_twenty_parts_come_back_in_another_order(shared):
    answer = shared.post("/$batch", {"requests": [part(number, "/users?$top=1&$select=id") for number in range(20)]})

    ids = [each["id"] for each in answer.json()["responses"]]
    assert sorted(ids, key=int) == [str(number) for number in range(20)]
    assert ids != [str(number) for number in range(20)]


def test_one_part_can_be_throttled_while_the_others_are_answered(twins):
    twins.state.traffic.order(
        Fault(path="/v1.0/users", status=429, headers={"Retry-After": "3"}, body='{"error":{"code":"TooManyRequests"}}')
    )

    found = answers(
        twins.post(
            "/$batch",
            {"requests": [part(1, "/applications?$top=1"), part(2, "/users?$top=1"), part(3, "/users?$top=1")]},
        )
    )

    assert {each: found[each]["status"] for each in found} == {"1": 200, "2": 429, "3": 200}
    assert found["2"]["headers"]["Retry-After"] == "3"


def test_a_batch_counts_as_one_request_and_its_parts_are_logged(twins):
    mark = twins.state.traffic.mark()
    twins.post("/$batch", {"requests": [part(1, "/users?$top=1"), part(2, "/applications?$top=1")]})

    [envelope] = [each for each in twins.state.traffic.since(mark) if not each.part_of]
    parts = [each for each in twins.state.traffic.since(mark) if each.part_of == envelope.number]
    assert twins.state.traffic.counts(mark) == {"graph": 1}
    assert sorted(each.path for each in parts) == ["/v1.0/applications?$top=1", "/v1.0/users?$top=1"]
