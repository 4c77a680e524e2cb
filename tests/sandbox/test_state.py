"""The practice tenant's memory: journal, replay, clock, and what it says when its files are not usable."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from sandbox import changes
from sandbox.lock import Lock, Locked
from sandbox.refused import Refused
from sandbox.state import StateError, TwinState, mutation
from sandbox.truth import truth_json

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def opened(path, now: datetime = NOW, apps: int = 100, seed: int = 1) -> TwinState:
    return TwinState.open(path, apps, seed, real_now=lambda: now)


def test_a_restart_finds_the_same_tenant_though_time_went_on(tmp_path):
    first = opened(tmp_path)
    second = opened(tmp_path, NOW + timedelta(days=3))

    assert second.tenant == first.tenant
    assert second.identities == first.identities
    assert second.now() == NOW + timedelta(days=3)


def test_two_tenants_of_one_seed_have_different_secrets(tmp_path):
    secrets = [opened(tmp_path / name).identities.bot.secret for name in "ab"]

    assert secrets[0] != secrets[1]


def test_everything_that_changed_is_there_after_a_restart(tmp_path):
    state = opened(tmp_path)
    cast, app = state.tenant.cast, state.tenant.app_named("Invoice Export")
    state.advance(1)
    new = changes.renew(state, app.object_id, app.credentials[0].key_id)
    changes.own(state, app.object_id, cast["eli"])
    changes.disown(state, app.object_id, cast["ana"])
    state.change("accountEnabled", user=cast["tom"], enabled=False)
    state.change("userDeleted", user=cast["ana"])
    state.change("managerSet", user=cast["eli"], manager=cast["ada"])
    state.change("appDeleted", app=state.tenant.app_named("Lunch Menu").object_id)
    state.change("enterpriseAppEnabled", app=state.tenant.app_named("Deployment Robot").object_id, enabled=False)
    state.advance(0.5)

    again = opened(tmp_path)

    assert again.tenant == state.tenant
    assert again.now() == NOW + timedelta(days=1.5)
    assert again.revision == state.revision
    assert [each.key_id for each in again.tenant.apps[app.object_id].credentials] == [new]
    assert truth_json(again) == truth_json(state)


def test_a_change_that_is_refused_leaves_no_line(tmp_path):
    state = opened(tmp_path)

    with pytest.raises(Refused):
        changes.own(state, "no such app", state.tenant.cast["eli"])

    assert not (tmp_path / "practice" / "journal.jsonl").exists()
    assert state.revision == 0


def test_a_line_torn_by_a_crash_is_dropped_and_writing_goes_on(tmp_path):
    state = opened(tmp_path)
    state.advance(1)
    journal = tmp_path / "practice" / "journal.jsonl"
    journal.write_text(journal.read_text() + '{"at":"2026-11-2', encoding="utf-8")

    again = opened(tmp_path)
    again.advance(1)

    assert opened(tmp_path).now() == NOW + timedelta(days=2)
    assert len(journal.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    "line", ["rubbish", '{"at":"2026-11-23T09:00:00+00:00","kind":"unheardOf"}', '{"kind":"clockMoved","days":1}', "[]"]
)
def test_a_damaged_journal_is_named_with_its_line(tmp_path, line):
    opened(tmp_path).advance(1)
    journal = tmp_path / "practice" / "journal.jsonl"
    journal.write_text(journal.read_text() + line + "\n", encoding="utf-8")

    with pytest.raises(StateError, match=r"journal\.jsonl, line 2, cannot be replayed"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("apps", "seed", "words"), [(101, 1, "apps=100, asked for was 101"), (100, 2, "seed=1, asked for was 2")]
)
def test_another_tenant_is_not_made_over_an_existing_one(tmp_path, apps, seed, words):
    opened(tmp_path)

    with pytest.raises(StateError, match=words):
        opened(tmp_path, apps=apps, seed=seed)


def test_a_tenant_made_by_another_generator_is_refused(tmp_path):
    opened(tmp_path)
    recipe = tmp_path / "practice" / "tenant.json"
    recipe.write_text(json.dumps({**json.loads(recipe.read_text()), "generator": 0}), encoding="utf-8")

    with pytest.raises(StateError, match="generator=0"):
        opened(tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"apps": 100}'])
def test_a_damaged_recipe_is_refused(tmp_path, text):
    opened(tmp_path)
    (tmp_path / "practice" / "tenant.json").write_text(text, encoding="utf-8")

    with pytest.raises(StateError, match="damaged"):
        opened(tmp_path)


def test_a_journal_without_its_recipe_is_refused(tmp_path):
    opened(tmp_path).advance(1)
    (tmp_path / "practice" / "tenant.json").unlink()

    with pytest.raises(StateError, match=r"no tenant\.json"):
        opened(tmp_path)


def test_files_with_secrets_are_for_their_owner_only(tmp_path):
    opened(tmp_path)

    assert (tmp_path / "practice" / "tenant.json").stat().st_mode & 0o077 == 0


def test_a_kind_of_change_is_registered_once():
    with pytest.raises(ValueError, match="twice"):
        mutation("clockMoved")(lambda state, at, data: None)


def test_a_second_process_cannot_have_the_same_folder(tmp_path):
    with Lock(tmp_path), pytest.raises(Locked), Lock(tmp_path):
        pass
    with Lock(tmp_path):
        pass


def test_parts_are_one_per_state(tmp_path):
    class Own:
        pass

    one, two = opened(tmp_path / "a"), opened(tmp_path / "b")

    assert one.part(Own) is one.part(Own)
    assert one.part(Own) is not two.part(Own)


def test_removing_a_saml_certificate_takes_all_three_entries(tmp_path):
    state = opened(tmp_path)
    app = state.tenant.app_named("Old Inactive Beside Newer Active (SAML)")
    [sign, *_] = app.credentials

    changes.remove_credential(state, app.object_id, sign.key_id)

    assert [each.usage for each in app.credentials] == ["Sign", "Verify", ""]
    assert sign.custom_key_identifier not in [each.custom_key_identifier for each in app.credentials]


def test_owners_are_remembered_when_their_account_is_disabled(tmp_path):
    state = opened(tmp_path)
    cast, app = state.tenant.cast, state.tenant.app_named("Vendor Rating")
    state.advance(5)

    state.change("accountEnabled", user=cast["eli"], enabled=False)

    [truth] = [each for each in truth_json(state)["apps"] if each["object_id"] == app.object_id]
    assert (truth["path"], truth["recipients"]) == ("previousOwnerManager", [cast["mia"]])
    assert truth["proof"] == "2026-11-28"
    assert [spell.owner_ids for spell in app.history] == [(cast["ben"],), (cast["eli"],)]
