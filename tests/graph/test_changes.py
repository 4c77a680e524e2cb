"""What has changed in Graph's apps: links that expire, items that come twice, in part or not at all."""

from typing import Any

import pytest

from alerts.changes import Changes
from alerts.errors import GraphError
from alerts.model import ApplicationType, Credential, CredentialUsage
from graph.changes import LOOKUPS, GraphChanges
from graph.client import GraphClient
from graph.gate import BETWEEN_SCANS
from graph.reader import GraphReader
from sandbox.launch import Practice
from tests.graph.scripted import Answer, Bench, error, page
from tests.support.identities import scanner_of

APPS, ENTERPRISE = ApplicationType.APP_REGISTRATION, ApplicationType.ENTERPRISE_APP
START = "/applications/delta?$select=id,passwordCredentials,keyCredentials&$deltatoken=latest"


def secret(key_id: str, end: str = "2031-05-21T10:00:00Z") -> dict[str, Any]:
    return {"keyId": key_id, "displayName": "ci", "startDateTime": "2030-05-21T10:00:00Z", "endDateTime": end}


def app(name: str, *keys: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "passwordCredentials": [secret(key) for key in keys], "keyCredentials": [], **more}


def last(bench: Bench, *items: Any, link: str = "/applications/delta?$deltatoken=2") -> Answer:
    """The last page of a round."""
    return Answer(body={"value": list(items), "@odata.deltaLink": bench.graph.link(link)})


def feed(bench: Bench) -> GraphChanges:
    return GraphChanges(bench.reader(BETWEEN_SCANS))


async def ask(bench: Bench, *wanted: str) -> Changes:
    return await feed(bench).changes(APPS, bench.graph.link("/applications/delta?$deltatoken=1"), wanted)


def keys(changes: Changes) -> dict[str, list[str]]:
    return {name: [credential.key_id for credential in found] for name, found in changes.apps.items()}


# ---------------------------------------------------------------- rounds


async def test_it_starts_from_now_with_one_request(bench: Bench) -> None:
    bench.graph.script = {START: [last(bench)]}
    changes = await feed(bench).changes(APPS, "", ("a",))

    assert changes == Changes(link=bench.graph.link("/applications/delta?$deltatoken=2"), started_anew=True)
    assert bench.graph.paths() == [START]


async def test_the_active_signing_certificate_of_enterprise_apps_is_tracked_too(bench: Bench) -> None:
    bench.graph.script = {"/servicePrincipals/delta": [last(bench)]}
    await feed(bench).changes(ENTERPRISE, "", ())

    (path,) = bench.graph.paths()
    assert "preferredTokenSigningKeyThumbprint" in path


async def test_where_nothing_has_changed_one_request_says_so(bench: Bench) -> None:
    bench.graph.script = {"/applications/delta": [last(bench)]}
    changes = await ask(bench, "a")

    assert (dict(changes.apps), changes.unsure, changes.started_anew) == ({}, frozenset(), False)
    assert bench.graph.paths() == ["/applications/delta?$deltatoken=1"]


async def test_only_wanted_apps_are_told_with_all_their_credentials(bench: Bench) -> None:
    removed = {"id": "c", "@removed": {"reason": "changed"}}
    bench.graph.script = {"/applications/delta": [last(bench, app("a", "k1", "k2"), app("b", "k3"), removed)]}
    changes = await ask(bench, "a", "c")

    assert (keys(changes), changes.unsure) == ({"a": ["k1", "k2"], "c": []}, frozenset())


async def test_an_empty_page_with_a_next_link_is_not_the_end_of_a_round(bench: Bench) -> None:
    bench.graph.script = {
        "/applications/delta?$skiptoken=2": [last(bench, app("a", "k1"))],
        "/applications/delta?$deltatoken=1": [page(following=bench.graph.link("/applications/delta?$skiptoken=2"))],
    }

    assert keys(await ask(bench, "a")) == {"a": ["k1"]}


@pytest.mark.parametrize(
    "item",
    [
        {"id": "a", "passwordCredentials": [secret("k1")]},
        {"id": "a", "keyCredentials": []},
        app("a", "k1", keyCredentials=None),
        {"id": "a"},
        app("a", "k1", passwordCredentials=[secret("k1", end="soon")]),
        app("a", "k1", passwordCredentials=[secret("k1"), secret("k1")]),
        app("a", "k1", passwordCredentials="none"),
    ],
    ids=["no keys", "no passwords", "null", "only its id", "no date", "a key twice", "wrong type"],
)
async def test_what_an_item_leaves_out_or_garbles_is_not_taken_for_gone(bench: Bench, item: dict[str, Any]) -> None:
    bench.graph.script = {"/applications/delta": [last(bench, item)]}
    changes = await ask(bench, "a")

    assert (keys(changes), changes.unsure) == ({}, frozenset({"a"}))


async def test_a_signing_certificate_needs_to_know_which_one_is_active(bench: Bench) -> None:
    key = {**secret("s1"), "usage": "Sign", "customKeyIdentifier": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}
    silent = {"id": "a", "passwordCredentials": [], "keyCredentials": [key]}
    other = {**silent, "id": "b", "preferredTokenSigningKeyThumbprint": None}
    bench.graph.script = {"/servicePrincipals/delta": [last(bench, silent, other)]}
    link = bench.graph.link("/servicePrincipals/delta?$deltatoken=1")
    changes = await feed(bench).changes(ENTERPRISE, link, ("a", "b"))

    assert (keys(changes), changes.unsure) == ({"b": ["s1"]}, frozenset({"a"}))
    assert changes.apps["b"][0].usage is CredentialUsage.SAML_ACTIVE


async def test_an_app_that_comes_twice_is_sure_only_when_both_say_the_same(bench: Bench) -> None:
    following = bench.graph.link("/applications/delta?$skiptoken=2")
    bench.graph.script = {
        "/applications/delta?$skiptoken=2": [last(bench, app("same", "k1"), app("differs", "k2"))],
        "/applications/delta?$deltatoken=1": [
            page(app("same", "k1"), app("differs", "k1"), following=following),
        ],
    }
    changes = await ask(bench, "same", "differs")

    assert (keys(changes), changes.unsure) == ({"same": ["k1"]}, frozenset({"differs"}))


async def test_a_third_appearance_does_not_make_an_unsure_app_sure(bench: Bench) -> None:
    bench.graph.script = {"/applications/delta": [last(bench, app("a", "k1"), app("a", "k2"), app("a", "k2"))]}

    assert (await ask(bench, "a")).unsure == frozenset({"a"})


# ---------------------------------------------------------------- links


@pytest.mark.parametrize("status", [400, 404, 410])
async def test_an_expired_link_starts_again_from_now(bench: Bench, status: int) -> None:
    bench.graph.script = {
        "/applications/delta?$deltatoken=1": [error(status, "SyncStateNotFound")],
        START: [last(bench)],
    }
    changes = await ask(bench, "a")

    assert (changes.started_anew, changes.link) == (True, bench.graph.link("/applications/delta?$deltatoken=2"))
    assert bench.graph.paths() == ["/applications/delta?$deltatoken=1", START]


async def test_a_missing_right_is_an_error_and_no_expired_link(bench: Bench) -> None:
    bench.graph.script = {"/applications/delta": [error(403, "Authorization_RequestDenied")]}

    with pytest.raises(GraphError, match="Authorization_RequestDenied"):
        await ask(bench, "a")
    assert len(bench.graph.asked) == 1


async def test_a_link_of_another_cloud_is_never_asked(bench: Bench) -> None:
    bench.graph.script = {START: [last(bench)]}
    changes = await feed(bench).changes(APPS, "https://graph.example/v1.0/applications/delta?$deltatoken=1", ())

    assert changes.started_anew
    assert bench.graph.paths() == [START]


@pytest.mark.parametrize("link", ["", "https://graph.example/v1.0/applications/delta?$deltatoken=2"])
async def test_a_round_must_end_with_a_link_of_its_own_host(bench: Bench, link: str) -> None:
    body = {"value": [app("a", "k1")], **({"@odata.deltaLink": link} if link else {})}
    bench.graph.script = {"/applications/delta": [Answer(body=body)]}

    with pytest.raises(GraphError, match="without a link"):
        await ask(bench, "a")


async def test_a_throttled_round_waits_as_asked_and_goes_on(bench: Bench) -> None:
    refusal = error(429, "TooManyRequests", Retry_After="7")
    bench.graph.script = {"/applications/delta": [refusal, last(bench, app("a", "k1"))]}

    assert keys(await ask(bench, "a")) == {"a": ["k1"]}
    assert bench.time.slept == [pytest.approx(7)]


async def test_a_long_throttle_is_not_waited_for_while_a_scan_may_be_due(bench: Bench) -> None:
    bench.graph.script = {"/applications/delta": [error(429, "TooManyRequests", Retry_After="600")]}

    with pytest.raises(GraphError):
        await ask(bench, "a")
    assert (len(bench.graph.asked), bench.time.slept) == (1, [])


async def test_a_page_with_a_lone_surrogate_keeps_its_delta_link(bench: Bench) -> None:
    body = b'{"value": [{"id": "a", "passwordCredentials": [], "keyCredentials": [], "x": "\\ud800"}], '
    body += b'"@odata.deltaLink": "' + bench.graph.link("/applications/delta?$deltatoken=2").encode() + b'"}'
    bench.graph.script = {"/applications/delta": [Answer(body=body)]}

    assert keys(await ask(bench, "a")) == {"a": []}


# ---------------------------------------------------------------- reading


async def test_a_few_apps_are_read_twenty_to_a_request(bench: Bench) -> None:
    names = [f"app{number:02}" for number in range(LOOKUPS)]
    answers = {
        f"/applications/{name}?": Answer(body={**app(name, f"key of {name}"), "@odata.context": "x"})
        for name in names[3:]
    }
    answers["/applications/app01?"] = Answer(body={"id": "app01", "passwordCredentials": []})
    answers["/applications/app02?"] = error(403, "Authorization_RequestDenied")
    bench.graph.part = lambda url: next((found for begin, found in answers.items() if url.startswith(begin)), None)
    found = await feed(bench).credentials(APPS, names)

    # app00 is gone; of the next two nothing is known.
    assert found["app00"] == ()
    assert found.keys() == {*names} - {"app01", "app02"}
    assert [credential.key_id for credential in found["app07"]] == ["key of app07"]
    assert [asked.path for asked in bench.graph.asked] == ["/$batch"] * 3


async def test_many_apps_are_read_with_their_collection(bench: Bench) -> None:
    names = [f"app{number:04}" for number in range(2000)]
    half = bench.graph.link("/applications?$skiptoken=2")
    bench.graph.script = {
        "/applications?$skiptoken=2": [page(*(app(name, "k2") for name in names[999:-1]))],
        "/applications?$select=id,passwordCredentials,keyCredentials&$top=999": [
            page(*(app(name, "k1") for name in names[1:999]), {"id": "app0000"}, app("other", "k1"), following=half)
        ],
    }
    found = await feed(bench).credentials(APPS, names)

    # The last one is on no page: Graph was asked for it, and did not know it.
    assert found["app1999"] == ()
    assert found.keys() == {*names} - {"app0000"}
    assert [asked.path.split("?")[0] for asked in bench.graph.asked] == ["/applications", "/applications", "/$batch"]


async def test_a_listing_that_breaks_off_proves_nothing(bench: Bench) -> None:
    names = [f"app{number:04}" for number in range(100)]
    bench.graph.script = {
        "/applications?$skiptoken=2": [error(503, "ServiceUnavailable")],
        "/applications?": [
            page(*(app(name) for name in names[:50]), following=bench.graph.link("/applications?$skiptoken=2"))
        ],
    }

    with pytest.raises(GraphError):
        await feed(bench).credentials(APPS, names)


async def test_a_listing_that_lacks_most_apps_closes_none_of_them(bench: Bench) -> None:
    bench.graph.script = {"/applications?": [page()]}

    assert await feed(bench).credentials(APPS, [f"app{number:04}" for number in range(100)]) == {}
    assert len(bench.graph.asked) == 1


# ---------------------------------------------------------------- the practice tenant


async def test_the_practice_tenants_graph_tells_of_rotations_removals_and_nothing_else(
    fresh_practice: Practice,
) -> None:
    client = GraphClient(scanner_of(fresh_practice))
    reader = GraphReader(client)
    changes = GraphChanges(reader)
    truth: Any = fresh_practice.call("GET", "/control/truth")
    for kind_of_app in ApplicationType:
        own = [one for one in truth["apps"] if one["type"] == kind_of_app.value and one["credentials"]]
        wanted = [one["object_id"] for one in own]
        rotated, deleted, renamed = own[0], own[1], own[2]
        began = await changes.changes(kind_of_app, "", wanted)
        key_id = rotated["credentials"][0]["key_id"]
        answer: Any = fresh_practice.call(
            "POST", "/control/entra/renew", {"object_id": rotated["object_id"], "key_id": key_id}
        )
        for kind, data in (
            ("appDeleted", {"app": deleted["object_id"]}),
            ("appRenamed", {"app": renamed["object_id"], "name": "another name"}),
        ):
            fresh_practice.call("POST", "/control/change", {"kind": kind, "data": data})
        found = await changes.changes(kind_of_app, began.link, wanted)
        quiet = await changes.changes(kind_of_app, found.link, wanted)
        read = await changes.credentials(kind_of_app, wanted)

        assert (began.started_anew, found.started_anew, found.unsure) == (True, False, frozenset())
        assert {
            deleted["object_id"]: (),
            renamed["object_id"]: read[renamed["object_id"]],
        }.items() <= found.apps.items()
        assert found.apps[rotated["object_id"]] == read[rotated["object_id"]]
        assert key_id not in _ids(found.apps[rotated["object_id"]])
        assert answer["key_id"] in _ids(found.apps[rotated["object_id"]])
        assert (dict(quiet.apps), quiet.unsure) == ({}, frozenset())
        replayed = await changes.changes(kind_of_app, began.link, wanted)
        assert replayed.apps == found.apps
    assert reader.usage.throttled == 0
    await client.close()


def _ids(credentials: tuple[Credential, ...]) -> set[str]:
    return {credential.key_id for credential in credentials}
