"""Graph fails in every way it can while a tenant is scanned: the records are the truth, or the scan says what is missing."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from alerts.model import RunStatus
from sandbox.tenant import TwinApp
from settings.permissions import PERMISSIONS
from tests.sandbox.twins import Twins, running
from tests.scanner.estate import Estate, estate_of, facts

#: Seven pages of app registrations in one chain.
APPS = 6100
LISTING = "/v1.0/applications?$select=id,appId"
#: Everything but page tokens, of which only a listing has some.
FORMS = ["429 integer", "429 decimal", "429 date", "429 absent", "500", "503", "reset", "truncated"]


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    with running(tmp_path_factory.mktemp("estate"), apps=APPS, enterprise=2500, owners=900) as ready:
        yield ready


@pytest.fixture
async def estate(twins: Twins, tmp_path: Path) -> AsyncIterator[Estate]:
    async with estate_of(twins, tmp_path) as ready:
        yield ready


def true_facts(estate: Estate) -> dict[str, tuple[str, frozenset[str]]]:
    """As the tenant itself says; who was deleted is no owner any more."""
    users = estate.twins.state.tenant.users
    return {
        app.object_id: (
            app.display_name or "",
            frozenset(id_ for id_ in app.owners if id_ not in users or users[id_].listed),
        )
        for app in estate.true_apps()
    }


async def assert_the_truth(estate: Estate) -> None:
    """What the last scan read is what there is."""
    found, truth = facts(estate.apps.values()), true_facts(estate)
    assert found.keys() == truth.keys()
    assert {id_ for id_ in found if found[id_] != truth[id_]} == set()
    tenant = estate.twins.state.tenant
    counting = {id_ for app in estate.true_apps() for id_ in (user.id for user in tenant.counting_owners(app))}
    owners = {id_ for _, ids in found.values() for id_ in ids}
    assert {id_ for id_ in owners if id_ in estate.people and estate.people[id_].counts} == counting


def registration(estate: Estate, page: int) -> TwinApp:
    """An app registration with a credential and an owner, which stands on this page of one chain."""
    apps = estate.twins.state.tenant.registrations()[(page - 1) * 999 :]
    return next(app for app in apps if app.credentials and app.owners and not app.case)


# ---------------------------------------------------------------- undisturbed


async def test_an_undisturbed_scan_reads_the_truth_in_one_chain_and_in_parts(estate: Estate) -> None:
    first = await estate.scan()
    await assert_the_truth(estate)
    second = await estate.scan()
    await assert_the_truth(estate)

    assert (first.status, second.status) == (RunStatus.SUCCEEDED, RunStatus.SUCCEEDED)
    assert first.applications == second.applications == APPS
    # People are kept, and parts are as many requests as pages of one chain.
    assert second.requests < first.requests


async def test_a_scan_sends_no_request_that_is_not_documented(estate: Estate) -> None:
    mark = estate.twins.state.traffic.mark()
    await estate.scan()
    await estate.scan()
    documented = {
        (call.method, call.path) for right in PERMISSIONS if right.identity == "scanner" for call in right.calls
    }
    asked = {
        (seen.method, re.sub(r"/[0-9a-f-]{36}", "/{id}", seen.path.partition("?")[0].removeprefix("/v1.0")))
        for seen in estate.twins.state.traffic.since(mark)
        if seen.service == "graph" and not seen.path.endswith("/$batch")
    }

    assert len(asked) > 5
    assert asked <= documented


# ---------------------------------------------------------------- by chance


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("share", [0.01, 0.1])
async def test_a_share_of_failing_calls_changes_no_record(estate: Estate, share: float, seed: int) -> None:
    fault = estate.order(probability=share, forms=FORMS, count=-1, seed=seed, wait=20)

    runs = [await estate.scan(), await estate.scan()]

    assert fault.met > 0 or share == 0.01
    await assert_the_truth(estate)
    assert [run.status for run in runs] == [RunStatus.SUCCEEDED] * 2


async def test_when_nearly_everything_fails_the_scan_says_what_is_missing(estate: Estate) -> None:
    await estate.scan()
    truth = true_facts(estate)
    estate.order(probability=0.85, forms=FORMS, count=-1, seed=1, wait=20)

    run = await estate.scan()

    assert run.status in (RunStatus.PARTIAL, RunStatus.FAILED)
    assert run.errors
    found = facts(estate.apps.values())
    # What came is right, owners too: an app whose owners nobody knows is left to its last record.
    assert {id_ for id_ in found if found[id_] != truth[id_]} == set()


# ---------------------------------------------------------------- on a certain page


@pytest.mark.parametrize("form", ["429 date", "503", "reset", "truncated", "expired page token"])
async def test_a_fault_on_page_6_of_a_chain_changes_no_record(estate: Estate, form: str) -> None:
    fault = estate.order(path="/v1.0/applications", page=6, forms=[form], wait=30)

    run = await estate.scan()

    assert (fault.met, run.status, run.errors) == (1, RunStatus.SUCCEEDED, ())
    await assert_the_truth(estate)


async def test_a_page_token_that_expires_each_time_is_missing_data(estate: Estate) -> None:
    estate.order(path="/v1.0/applications", page=6, forms=["expired page token"], count=-1)

    run = await estate.scan()

    assert run.status is RunStatus.PARTIAL
    assert run.errors[0].startswith("app registrations after the first ")
    assert "Directory_ExpiredPageToken" in run.errors[0]
    found, truth = facts(estate.apps.values()), true_facts(estate)
    assert found.items() <= truth.items()


async def test_a_page_that_never_comes_leaves_the_rest_of_the_parts_whole(estate: Estate) -> None:
    await estate.scan()
    truth = true_facts(estate)
    refused = estate.order(path=LISTING, forms=["503"], after=2, count=8)

    run = await estate.scan()

    assert refused.met == 8
    assert run.status in (RunStatus.PARTIAL, RunStatus.SUCCEEDED)
    found = facts(estate.apps.values())
    assert found.items() <= truth.items()
    assert run.status is RunStatus.PARTIAL or found == truth


# ---------------------------------------------------------------- tokens


async def test_tokens_that_end_in_mid_scan_are_renewed(estate: Estate) -> None:
    estate.twins.state.tokens.uses_allowed = 20
    mark = estate.twins.state.traffic.mark()

    runs = [await estate.scan(), await estate.scan()]

    assert [(run.status, run.errors) for run in runs] == [(RunStatus.SUCCEEDED, ())] * 2
    assert sum(seen.status == 401 for seen in estate.twins.state.traffic.since(mark)) >= 2
    await assert_the_truth(estate)


# ---------------------------------------------------------------- the tenant changes under the scan


@pytest.mark.parametrize("read_before", [True, False])
async def test_an_app_deleted_in_mid_scan_takes_no_other_along(estate: Estate, read_before: bool) -> None:
    gone = registration(estate, page=1 if read_before else 7)
    estate.order(
        path="/v1.0/applications", page=3, change={"kind": "appDeleted", "data": {"app": gone.object_id}}, status=0
    )

    run = await estate.scan()

    assert run.status is RunStatus.SUCCEEDED
    found, truth = facts(estate.apps.values()), true_facts(estate)
    assert (gone.object_id in found) is read_before
    assert {id_: fact for id_, fact in found.items() if id_ != gone.object_id} == truth


async def test_an_app_renamed_in_mid_scan_is_one_app_under_either_name(estate: Estate) -> None:
    app = registration(estate, page=2)
    before = app.display_name
    data = {"app": app.object_id, "name": "Renamed in mid-scan"}
    estate.order(path="/v1.0/applications", page=4, change={"kind": "appRenamed", "data": data})

    run = await estate.scan()

    assert (run.status, run.applications) == (RunStatus.SUCCEEDED, len(estate.twins.state.tenant.registrations()))
    assert estate.apps[app.object_id].display_name in (before, "Renamed in mid-scan")
    await estate.scan()
    assert estate.apps[app.object_id].display_name == "Renamed in mid-scan"


async def test_apps_that_come_again_on_the_next_page_count_once(estate: Estate) -> None:
    fault = estate.order(path="/v1.0/applications", page=4, again=40)

    run = await estate.scan()

    assert fault.met == 1
    assert (run.status, run.applications) == (RunStatus.SUCCEEDED, len(estate.twins.state.tenant.registrations()))
    await assert_the_truth(estate)
