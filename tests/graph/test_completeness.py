"""A listing held against Graph's $count, read in one chain or in parts, and what is said where apps are missing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.errors import GraphError
from alerts.ports import AppPage, Completeness
from graph.applications import GraphApplications
from tests.graph.scripted import Answer, Bench, error, page

CUTS = [datetime(2020, 1, 1, tzinfo=UTC), datetime(2022, 1, 1, tzinfo=UTC)]
#: How the first pages of three parts, of undated apps and of the one chain begin; the first match counts.
OLD, MIDDLE, NEW = (
    "createdDateTime le 2020-01-01T00:00:00Z",
    "createdDateTime ge 2020-01-01T00:00:00Z and createdDateTime le 2022-01-01T00:00:00Z",
    "createdDateTime ge 2022-01-01T00:00:00Z",
)
LISTING = (
    "/applications?$select=id,appId,displayName,createdDateTime,signInAudience,notes,serviceManagementReference,web,spa,"
    "publicClient,passwordCredentials,keyCredentials&$expand=owners($select=id)&"
)
UNDATED = "/applications?$select=id&$filter=createdDateTime eq null"


def part(condition: str) -> str:
    return f"{LISTING}$filter={condition}&$top"


def app(app_id: str, **more: Any) -> dict[str, Any]:
    secret = {"keyId": "k", "endDateTime": "2031-05-01T12:00:00Z"}
    return {"id": app_id, "passwordCredentials": [secret], "owners": [], **more}


def parts(bench: Bench, *, more: dict[str, list[Answer]] | None = None) -> None:
    """Three parts with a, b; b, c; d."""
    bench.graph.script = {
        **(more or {}),
        part(OLD): [page(app("a"), app("b"))],
        part(MIDDLE): [page(app("b"), app("c"))],
        part(NEW): [page(app("d"))],
    }


async def read(
    bench: Bench, completeness: Completeness, cuts: Sequence[datetime] = (), *, enterprise: bool = False
) -> list[AppPage]:
    registry = GraphApplications(bench.reader())
    listing = (
        registry.enterprise_applications(completeness) if enterprise else registry.applications(completeness, cuts)
    )
    return [page async for page in listing]


def ids(pages: Sequence[AppPage]) -> set[str]:
    assert {app.object_id for page in pages for app in page.apps} <= {each for page in pages for each in page.ids}
    return {each for page in pages for each in page.ids}


# ---------------------------------------------------------------- in parts


async def test_parts_are_read_side_by_side_with_one_count_and_one_look_for_undated_apps(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [4]}
    parts(bench)

    assert ids(await read(bench, completeness, CUTS)) == set("abcd")
    assert completeness.missing == []
    assert (len(bench.graph.asked), len(bench.graph.counted)) == (4, 1)
    assert bench.graph.counted[0].headers["ConsistencyLevel"] == "eventual"
    assert bench.client.gate._reserved == 0


async def test_an_expired_page_token_begins_its_own_part_again_and_no_other(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [4]}
    parts(bench)
    bench.graph.script = {
        "/applications?$skiptoken": [error(400, "Directory_ExpiredPageToken"), page(app("c"))],
        **bench.graph.script,
        part(MIDDLE): [page(app("b"), following=bench.graph.link("/applications?$skiptoken=2"))],
    }

    assert ids(await read(bench, completeness, CUTS)) == set("abcd")
    assert completeness.missing == []
    firsts = [path for path in bench.graph.paths() if "skiptoken" not in path and not path.startswith(UNDATED)]
    assert sorted(path.count(OLD) + path.count(NEW) for path in firsts) == [0, 0, 1, 1]


async def test_a_part_that_fails_is_named_and_the_others_are_kept(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [4]}
    parts(bench)
    bench.graph.script[part(MIDDLE)] = [error(503, "ServiceUnavailable")]

    assert ids(await read(bench, completeness, CUTS)) == set("abd")
    (missing,) = completeness.missing
    assert missing.startswith(f"app registrations where {MIDDLE}, after the first 3: Graph answered 503")


async def test_a_listing_of_which_no_part_can_be_read_is_an_error(bench: Bench) -> None:
    bench.graph.script = {"/applications": [error(403, "Authorization_RequestDenied", "Insufficient privileges")]}

    with pytest.raises(GraphError, match="Insufficient privileges"):
        await read(bench, Completeness(), CUTS)


async def test_where_graph_refuses_the_dates_it_is_read_in_one_chain(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [2]}
    bench.graph.script = {
        f"{LISTING}$filter": [error(400, "Request_UnsupportedQuery")],
        "/applications?": [error(400, "Request_UnsupportedQuery"), page(app("a"), app("b"))],
    }
    bench.graph.script = {
        "/applications?$select=id": [error(400, "Request_UnsupportedQuery")] * 6 + [page(app("a"), app("b"))]
    }

    assert ids(await read(bench, completeness, CUTS)) == {"a", "b"}
    assert completeness.missing == []
    assert "$filter" not in bench.graph.paths()[-1]


async def test_throttled_parts_wait_together_and_lose_nothing(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [4]}
    parts(bench)
    for condition in (OLD, MIDDLE, NEW):
        bench.graph.script[part(condition)].insert(0, error(429, "TooManyRequests", Retry_After="7"))

    assert ids(await read(bench, completeness, CUTS)) == set("abcd")
    assert completeness.missing == []
    assert len([path for path in bench.graph.paths() if path.startswith(LISTING)]) == 6
    assert {round(seconds) for seconds in bench.time.slept} == {7}


# ---------------------------------------------------------------- fewer than counted


@pytest.mark.parametrize("refused", [False, True], ids=["together", "one by one where Graph refuses that"])
async def test_apps_without_a_creation_date_are_read_by_their_ids_with_owners(bench: Bench, refused: bool) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [6]}
    e = app("e", owners=[{"@odata.type": "#microsoft.graph.user", "id": "u1"}])
    together = f"/applications?$filter=id in ('e','f','gone')&{LISTING.partition('?')[2]}$top"
    parts(
        bench,
        more={
            UNDATED: [page({"id": "d"}, {"id": "e"}, {"id": "f"}, {"id": "gone"})],
            together: [error(400) if refused else page(e, app("f"))],
            "/applications/e?": [Answer(body=e)],
            "/applications/f?": [Answer(body=app("f"))],
        },
    )

    pages = await read(bench, completeness, CUTS)

    assert ids(pages) == set("abcdef")
    assert completeness.missing == []
    (undated,) = [app for page in pages for app in page.apps if app.object_id == "e"]
    assert [owner.id for owner in undated.owners] == ["u1"]
    (advanced,) = [asked for asked in bench.graph.asked if asked.path.startswith(UNDATED)]
    assert advanced.headers["ConsistencyLevel"] == "eventual"
    assert "$expand" not in advanced.path
    batches = [len(asked.body["requests"]) for asked in bench.graph.asked if asked.method == "POST"]
    assert batches == ([1, 3] if refused else [1])


async def test_what_no_part_has_is_found_by_one_chain_without_parts(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [5]}
    parts(bench, more={UNDATED: [page()], f"{LISTING}$top": [page(*map(app, "abcde"))]})

    assert ids(await read(bench, completeness, CUTS)) == set("abcde")
    assert completeness.missing == []


async def test_what_is_nowhere_is_missing_with_its_number(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [7]}
    parts(bench, more={UNDATED: [page()], f"{LISTING}$top": [page(*map(app, "abcde"))]})

    assert ids(await read(bench, completeness, CUTS)) == set("abcde")
    assert completeness.missing == ["2 of 7 app registrations: Graph counts them and does not list them"]


async def test_one_chain_with_too_few_is_read_once_more_and_then_missing(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [3]}
    bench.graph.script = {"/applications": [page(app("a"), app("b"))]}

    assert ids(await read(bench, completeness)) == {"a", "b"}
    assert len(bench.graph.asked) == 2
    assert completeness.missing == ["1 of 3 app registrations: Graph counts them and does not list them"]


async def test_apps_deleted_since_they_were_counted_are_not_missing(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [3, 2]}
    bench.graph.script = {"/applications": [page(app("a"), app("b"))]}

    await read(bench, completeness)

    assert completeness.missing == []


async def test_unreadable_apps_count_as_seen_and_are_noted_once(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [5]}
    parts(bench)
    bench.graph.script[part(OLD)] = [page(app("a"), app("x", displayName=7))]
    bench.graph.script[part(MIDDLE)] = [page(app("x", displayName=7), app("b"), app("c"))]

    assert ids(await read(bench, completeness, CUTS)) == set("abcd")
    assert completeness.missing == []
    assert [note.object_id for note in completeness.quarantined] == ["x"]


async def test_the_second_reading_that_fails_is_missing(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"applications": [5]}
    bench.graph.script = {"/applications": [page(app("a")), error(403, "Denied", "no")]}

    await read(bench, completeness)

    assert completeness.missing == [
        "some of 5 app registrations, of which 1 were listed: Graph answered 403 Denied: no"
    ]


async def test_parts_without_a_count_are_no_proof_and_one_chain_is(bench: Bench) -> None:
    in_parts, in_one = Completeness(), Completeness()
    parts(bench, more={f"{LISTING}$top": [page(app("a"))]})

    await read(bench, in_parts, CUTS)
    await read(bench, in_one)

    (missing,) = in_parts.missing
    assert missing.startswith("whether all app registrations were read: Graph did not count them: Graph answered 400")
    assert in_one.missing == []


# ---------------------------------------------------------------- enterprise apps


async def test_enterprise_apps_are_held_against_their_count_too(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"servicePrincipals": [2]}
    bench.graph.script = {
        "/servicePrincipals/": [page()],
        "/servicePrincipals?": [page(app("s1")), page(app("s2", passwordCredentials=[]))],
    }

    assert ids(await read(bench, completeness, enterprise=True)) == {"s1", "s2"}
    assert completeness.missing == []
    (counted,) = bench.graph.counted
    assert counted.path == "/servicePrincipals/$count?$filter=servicePrincipalType ne 'ManagedIdentity'"
    assert counted.headers["ConsistencyLevel"] == "eventual"


async def test_enterprise_apps_that_are_counted_and_not_listed_are_missing(bench: Bench) -> None:
    completeness = Completeness()
    bench.graph.counts = {"servicePrincipals": [3]}
    bench.graph.script = {"/servicePrincipals": [page(app("s1", passwordCredentials=[]))]}

    await read(bench, completeness, enterprise=True)

    assert len(bench.graph.asked) == 4
    assert completeness.missing == ["2 of 3 enterprise applications: Graph counts them and does not list them"]


# ---------------------------------------------------------------- turns


async def test_enterprise_apps_leave_the_turns_that_app_registrations_will_need(bench: Bench) -> None:
    bench.graph.counts = {"applications": [130 * 999]}
    bench.graph.script = {"/applications": [page(app("a"), following=bench.graph.link("/applications?$skiptoken=2"))]}
    listing = GraphApplications(bench.reader()).applications(Completeness())
    await anext(listing)
    while not bench.graph.counted:
        await bench.client.gate.pause(0)

    for _ in range(19):
        await bench.client.gate.wait_for_turn()
    assert max(bench.time.slept, default=0) == 0
    await listing.aclose()  # type: ignore[attr-defined]

    assert bench.client.gate._reserved == 0


# ---------------------------------------------------------------- federated credentials


async def test_federated_credentials_are_named_with_their_issuers(bench: Bench) -> None:
    github = {"name": "deploy", "issuer": "https://token.actions.githubusercontent.com"}
    odd = {"name": "odd", "issuer": 7}
    bench.graph.script = {
        "/applications?$filter=federatedIdentityCredentials/$count ne 0": [
            page({"id": "a"}, {"id": "gone"}, {"id": "none"}, {"id": "b"})
        ],
        "/applications/a/federatedIdentityCredentials": [page(github, odd)],
        "/applications/b/federatedIdentityCredentials": [page({"name": None, "issuer": "https://x:8/y"})],
        "/applications/none/federatedIdentityCredentials": [page()],
    }

    found = await GraphApplications(bench.reader()).federated()

    assert found == {"a": ("deploy (token.actions.githubusercontent.com)", "odd"), "b": ("x",)}
    listing, batch = bench.graph.asked
    assert listing.headers["ConsistencyLevel"] == "eventual"
    assert "$count=true" in listing.path
    assert batch.body["requests"][0]["url"].endswith("?$select=name,issuer")


@pytest.mark.parametrize("place", ["listing", "part", "body"])
async def test_federated_credentials_that_cannot_be_read_are_an_error(bench: Bench, place: str) -> None:
    answers = {"part": error(403, "Denied"), "body": Answer(body={"value": 7})}
    bench.graph.script = {
        "/applications?": [error(400, "Request_UnsupportedQuery") if place == "listing" else page({"id": "a"})],
        "/applications/a/": [answers.get(place, page())],
    }

    with pytest.raises(GraphError):
        await GraphApplications(bench.reader()).federated()
