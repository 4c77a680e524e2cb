"""Spoilt records: Graph's twin serves them as ordered, and Steward's reader loses only them."""

from collections.abc import Iterator

import pytest

from alerts.ports import Completeness
from graph.applications import GraphApplications
from graph.client import GraphClient
from graph.reader import GraphReader
from sandbox.poison import APP_POISON, CREDENTIAL_POISON, poison, share_key_id
from sandbox.refused import Refused
from sandbox.state import TwinState
from sandbox.tenant import OMIT
from sandbox.truth import truth_json
from tests.sandbox.twins import Twins, running
from tests.support.identities import scanner_of


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """Twins whose apps these tests spoil one after another; each poison takes the place of the one before."""
    with running(tmp_path_factory.mktemp("spoilt")) as own:
        yield own


@pytest.mark.parametrize("name", CREDENTIAL_POISON)
def test_a_spoilt_credential_is_served_as_ordered(spoilt, name):
    app = spoilt.state.tenant.app_named("Invoice Export")
    [credential] = app.credentials

    poison(spoilt.state, app.object_id, name, credential.key_id)

    [sent] = spoilt.get(f"/applications/{app.object_id}?$select=passwordCredentials").json()["passwordCredentials"]
    for each, value in CREDENTIAL_POISON[name].items():
        assert sent.get(each, OMIT) == value


@pytest.mark.parametrize("name", APP_POISON)
def test_a_spoilt_app_is_served_as_ordered(spoilt, name):
    app = spoilt.state.tenant.registrations()[5]
    before = spoilt.get("/applications?$expand=owners($select=id)&$top=10").json()["value"]

    poison(spoilt.state, app.object_id, name)

    after = spoilt.get("/applications?$expand=owners($select=id)&$top=10").json()["value"]
    for each, value in APP_POISON[name].items():
        assert after[5].get(each, OMIT) == value
    assert [*after[:5], *after[6:]] == [*before[:5], *before[6:]]


def test_poison_outlives_a_restart_and_the_truth_marks_it(twins):
    app = twins.state.tenant.app_named("Invoice Export")
    poison(twins.state, app.object_id, "end junk", app.credentials[0].key_id)

    again = TwinState.open(twins.state.folder.parent, 300, 1)

    marked = [
        app["display_name"] for app in truth_json(again)["apps"] for each in app["credentials"] if each["poisoned"]
    ]
    assert marked == ["Invoice Export"]


def test_an_unknown_poison_is_refused(spoilt):
    with pytest.raises(Refused, match="There is no poison"):
        poison(spoilt.state, spoilt.state.tenant.app_named("Invoice Export").object_id, "arsenic")


async def test_stewards_reader_loses_only_the_spoilt_records(twins):
    state = twins.state
    apps = [app for app in state.tenant.registrations() if len(app.credentials) == 1]
    for app, name in zip(
        (apps[0], apps[30], apps[-1]), ("end junk", "key id missing", "end in the year 10000"), strict=True
    ):
        poison(state, app.object_id, name, app.credentials[0].key_id)
    share_key_id(state, apps[1].object_id, apps[1].credentials[0].key_id, apps[2].credentials[0].key_id.upper())
    completeness = Completeness()
    client = GraphClient(scanner_of(twins))
    try:
        pages = [page async for page in GraphApplications(GraphReader(client)).applications(completeness)]
        found = {app.object_id: app for page in pages for app in page.apps}
    finally:
        await client.close()

    spoilt = {apps[0].object_id, apps[30].object_id, apps[-1].object_id}
    quarantined = {
        each.object_id for each in [*completeness.quarantined, *(q for app in found.values() for q in app.quarantined)]
    }
    unread = {object_id for object_id in spoilt if object_id not in found or not found[object_id].credentials}
    assert completeness.missing == []
    assert sum(len(page.ids) for page in pages) >= 297
    assert quarantined <= spoilt
    assert unread == quarantined
    assert found[apps[1].object_id].credentials[0].key_id.lower() == apps[2].credentials[0].key_id
