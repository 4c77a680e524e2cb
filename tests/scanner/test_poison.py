"""The whole poison set, placed first, in the middle and last on a page: one record each, and the rest unharmed."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.model import Application, Credential, RunStatus
from sandbox import changes
from sandbox.poison import APP_POISON, CREDENTIAL_POISON, poison
from sandbox.tenant import TwinApp
from tests.sandbox.twins import Twins, running
from tests.scanner.estate import Estate, estate_of

#: Of a credential that cannot be watched nothing is guessed.
CREDENTIAL_LOST = {
    "end empty", "end junk", "end a number", "end in the year 1", "end on 30 February",
    "key id missing", "key id null", "key id a number",
}  # fmt: skip
APP_LOST = {"no object id", "object id null", "name an object", "credentials text"}
#: Nothing is left to watch, as if somebody had removed the credentials.
EMPTY = "credentials null"


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    with running(tmp_path_factory.mktemp("poisoned"), apps=100) as ready:
        yield ready


@pytest.fixture
async def estate(twins: Twins, tmp_path: Path) -> AsyncIterator[Estate]:
    async with estate_of(twins, tmp_path) as ready:
        yield ready


def placed(estate: Estate, place: str) -> TwinApp:
    """The app registration at a place of the only page, with two secrets and nothing else."""
    state = estate.twins.state
    apps = state.tenant.registrations()
    app = apps[{"first": 0, "middle": len(apps) // 2, "last": len(apps) - 1}[place]]
    for credential in list(app.credentials):
        changes.remove_credential(state, app.object_id, credential.key_id)
    for name in ("one", "two"):
        changes.add_secret(state, app.object_id, name, days=400)
    return app


def heal(app: TwinApp) -> None:
    app.overrides = {}
    for credential in app.credentials:
        credential.overrides = {}
    app.version += 1


def others(apps: dict[str, Application], app: TwinApp) -> dict[str, Application]:
    return {object_id: each for object_id, each in apps.items() if object_id != app.object_id}


@pytest.mark.parametrize("place", ["first", "middle", "last"])
async def test_one_poisoned_credential_costs_one_credential(estate: Estate, place: str) -> None:
    app = placed(estate, place)
    key_id = app.credentials[0].key_id
    await estate.scan()
    clean = estate.apps
    for name in CREDENTIAL_POISON:
        poison(estate.twins.state, app.object_id, name, key_id)
        run = await estate.scan()

        lost = name in CREDENTIAL_LOST
        assert (run.status, run.quarantined) == (RunStatus.SUCCEEDED, int(lost)), name
        assert others(estate.apps, app) == others(clean, app), name
        kept = {each.key_id: each for each in estate.apps[app.object_id].credentials}
        known = {each.key_id: each for each in clean[app.object_id].credentials}
        assert len(kept) == 2 - lost, name
        assert kept[app.credentials[1].key_id] == known[app.credentials[1].key_id], name
        assert all(credential.end is None or credential.end.year > 1 for credential in kept.values()), name
        assert_as_written(name, kept.get(key_id), known[key_id])
        heal(app)


def assert_as_written(name: str, poisoned: Credential | None, clean: Credential) -> None:
    """What is wrong in one property is wrong in no other."""
    if poisoned is None:
        return
    if name.startswith("end"):
        assert replace(poisoned, end=clean.end) == clean, name
        assert (poisoned.end is None) == (name in ("end missing", "end null")), name
    else:
        assert poisoned.end == clean.end, name


@pytest.mark.parametrize("place", ["first", "middle", "last"])
async def test_one_poisoned_app_costs_one_app(estate: Estate, place: str) -> None:
    app = placed(estate, place)
    await estate.scan()
    clean = estate.apps
    for name in APP_POISON:
        poison(estate.twins.state, app.object_id, name)
        run = await estate.scan()

        lost = name in APP_LOST
        assert (run.status, run.quarantined) == (RunStatus.SUCCEEDED, int(lost)), name
        assert others(estate.apps, app) == others(clean, app), name
        assert (app.object_id in estate.apps) is not (lost or name == EMPTY), name
        heal(app)


async def test_as_many_are_quarantined_as_were_poisoned(estate: Estate) -> None:
    state = estate.twins.state
    apps = [app for app in state.tenant.registrations() if not app.case and app.credentials]
    names = [*((name, True) for name in CREDENTIAL_LOST), *((name, False) for name in APP_LOST)]
    poisoned = dict(zip(names, apps, strict=False))
    for (name, credential), app in poisoned.items():
        poison(state, app.object_id, name, app.credentials[0].key_id if credential else "")

    run = await estate.scan()

    assert (run.status, run.quarantined) == (RunStatus.SUCCEEDED, len(names))
    reasons = [note.reason for note in estate.keeper.tenants[-1].quarantined]
    assert all(reasons)
    assert len(reasons) == len(names)
    for app in poisoned.values():
        heal(app)
