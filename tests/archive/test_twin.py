"""The twins of Azure Monitor refuse what the real services refuse."""

import gzip
import json
import ssl
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from archive.kql import load, text_with
from archive.kusto import BadQuery
from archive.rows import owners_of, record_row, row_json
from archive.tables import RECORDS, RUNS
from sandbox.history import DAYS
from sandbox.logs import LIMIT, PUBLISHER, QUERIES, Logs
from sandbox.state import TwinState
from sandbox.tokens import LOG_ANALYTICS, MONITOR
from sandbox.workspace import Workspace
from tests.archive.build import NOW, record


@pytest.fixture
async def call(azure):
    context = ssl.create_default_context(cafile=str(azure.state.ca_file))
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        yield client


def url(azure, stream=RECORDS.stream, rule=None, version="2023-01-01") -> str:
    rule = rule or azure.state.identities.rule_id
    return f"{azure.state.urls['ingestion']}/dataCollectionRules/{rule}/streams/{stream}?api-version={version}"


def bearer(azure, audience=MONITOR, who="scanner") -> dict:
    return {"Authorization": "Bearer " + azure.state.tokens.access_token(azure.state.identities.by_name[who], audience)}


def body(**changes) -> str:
    return "[" + row_json(record_row(record()) | changes) + "]"


async def refused(answer: httpx.Response, status: int, code: str) -> str:
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == code
    return error["message"]


async def test_rows_are_taken_plain_and_packed(azure, call):
    plain = await call.post(url(azure), headers=bearer(azure), content=body())
    packed = await call.post(
        url(azure), headers=bearer(azure) | {"Content-Encoding": "gzip"}, content=gzip.compress(body().encode())
    )

    assert (plain.status_code, packed.status_code, plain.content) == (204, 204, b"")
    assert azure.rows(f"{RECORDS.name} | count") == [{"Count": 2}]


async def test_no_token_a_token_for_another_service_and_a_missing_role_are_refused(azure, call):
    await refused(await call.post(url(azure), content=body()), 401, "InvalidAuthenticationToken")
    await refused(
        await call.post(url(azure), headers=bearer(azure, LOG_ANALYTICS), content=body()),
        401,
        "InvalidAuthenticationToken",
    )
    await refused(await call.post(url(azure), headers=bearer(azure, who="bot"), content=body()), 403, "OperationFailed")
    azure.state.identities.by_name["scanner"].azure_roles.discard(PUBLISHER)
    await refused(await call.post(url(azure), headers=bearer(azure), content=body()), 403, "OperationFailed")


async def test_unknown_rules_streams_and_versions_are_refused(azure, call):
    headers = bearer(azure)
    await refused(await call.post(url(azure, rule="dcr-0"), headers=headers, content=body()), 404, "NotFound")
    await refused(
        await call.post(url(azure, stream="Custom-X_CL"), headers=headers, content=body()), 404, "InvalidStream"
    )
    await refused(
        await call.post(url(azure, version="2021-11-01"), headers=headers, content=body()), 400, "InvalidApiVersion"
    )


async def test_more_than_a_megabyte_is_refused_packed_or_not(azure, call):
    large = body(Application="x" * LIMIT)
    packed = gzip.compress(large.encode())
    assert len(packed) < 10_000

    for headers, content in (({}, large), ({"Content-Encoding": "gzip"}, packed)):
        answer = await call.post(url(azure), headers=bearer(azure) | headers, content=content)
        assert "1048576 bytes" in await refused(answer, 413, "ContentLengthLimitExceeded")
    room = LIMIT - len(body(Application=""))
    fits = await call.post(url(azure), headers=bearer(azure), content=body(Application="x" * room))
    assert fits.status_code == 204


@pytest.mark.parametrize("content", ["", "{}", "[1]", "[", '{"a": 1}', '[{"SecretExpiresDays": NaN}]'])
async def test_what_is_no_array_of_objects_is_refused(azure, call, content):
    await refused(await call.post(url(azure), headers=bearer(azure), content=content), 400, "InvalidContent")


@pytest.mark.parametrize(
    "wrong",
    [
        {"SecretExpiresDays": "3"},
        {"SecretExpiresDays": 1.5},
        {"SecretExpiresDays": True},
        {"SecretExpiresDays": 2**31},
        {"Application": 3},
        {"ScanDate": "yesterday"},
        {"ScanDate": 3},
    ],
)
async def test_values_of_another_type_are_refused(azure, call, wrong):
    await refused(await call.post(url(azure), headers=bearer(azure), content=body(**wrong)), 400, "InvalidRecord")


async def test_rows_are_kept_as_the_service_keeps_them(azure, call):
    old, future = NOW - timedelta(days=3), NOW + timedelta(days=2)
    for generated in (old, future, None, NOW - timedelta(hours=47)):
        content = body(TimeGenerated=generated, Unknown="dropped", Application="y" * 70_000, OwnerUPN=None)
        assert (await call.post(url(azure), headers=bearer(azure), content=content)).status_code == 204

    rows = azure.rows(f"{RECORDS.name} | order by TimeGenerated asc")
    assert [row["TimeGenerated"] for row in rows] == [NOW - timedelta(hours=47), NOW, NOW, NOW]
    assert {row["ScanDate"] for row in rows} == {NOW}
    assert {len(row["Application"]) for row in rows} == {65_536}
    assert {row["OwnerUPN"] for row in rows} == {""}
    assert "Unknown" not in rows[0]


async def ask(azure, call, kql, **more) -> httpx.Response:
    address = f"{azure.state.urls['query']}/v1/workspaces/{azure.state.identities.workspace_id}/query"
    return await call.post(address, headers=bearer(azure, LOG_ANALYTICS), json={"query": kql} | more)


async def test_an_answer_has_the_documented_shape(azure, call):
    await call.post(url(azure), headers=bearer(azure), content=body())

    answer = (
        await ask(
            azure, call, f"{RECORDS.name} | project ScanDate, RunId, OwnerCount, Owners, PreviousOwnerSeenDate | take 1"
        )
    ).json()

    (table,) = answer["tables"]
    assert table["name"] == "PrimaryResult"
    assert table["columns"] == [
        {"name": "ScanDate", "type": "datetime"},
        {"name": "RunId", "type": "string"},
        {"name": "OwnerCount", "type": "int"},
        {"name": "Owners", "type": "dynamic"},
        {"name": "PreviousOwnerSeenDate", "type": "datetime"},
    ]
    (row,) = table["rows"]
    assert row[:3] == ["2026-11-23T06:00:00.0000000Z", "run-1", 1]
    assert json.loads(row[3])[0]["UPN"] == "ana@contoso.example"
    assert row[4] is None


@pytest.mark.parametrize(
    ("kql", "code"),
    [
        ("ClientSecretMonitoring_CL | wherex", "SyntaxError"),
        ("", "SyntaxError"),
        ("Nothing_CL | count", "SemanticError"),
        ("ClientSecretMonitoring_CL | where Nothing == 1", "SemanticError"),
        ("ClientSecretMonitoring_CL | evaluate pivot(RunId)", "SemanticError"),
        (".set X <| print 1", "SemanticError"),
        ("externaldata(a:string)['https://x']", "SemanticError"),
    ],
)
async def test_a_bad_query_is_a_bad_argument_with_its_reason_inside(azure, call, kql, code):
    answer = await ask(azure, call, kql)

    await refused(answer, 400, "BadArgumentError")
    assert answer.json()["error"]["innererror"]["code"] == code


async def test_a_query_without_rights_or_for_another_workspace_is_refused(azure, call):
    address = f"{azure.state.urls['query']}/v1/workspaces/{{}}/query"
    mine = azure.state.identities.workspace_id
    asked = {"query": "print 1"}
    await refused(await call.post(address.format(mine), json=asked), 401, "InvalidAuthenticationToken")
    await refused(
        await call.post(address.format(mine), json=asked, headers=bearer(azure, LOG_ANALYTICS, "bot")),
        403,
        "InsufficientAccessError",
    )
    await refused(
        await call.post(address.format("x"), json=asked, headers=bearer(azure, LOG_ANALYTICS)),
        404,
        "WorkspaceNotFoundError",
    )


async def test_too_many_queries_are_throttled(azure, call):
    logs = azure.state.part(Logs)
    for _ in range(2):
        assert (await ask(azure, call, "print x = 1")).status_code == 200
    logs.asked.extend([logs.asked[0]] * (QUERIES - len(logs.asked)))

    answer = await ask(azure, call, "print x = 1")

    await refused(answer, 429, "ThrottledError")
    assert 1 <= int(answer.headers["Retry-After"]) <= 31


async def test_now_is_the_practice_tenants_now(azure, call):
    azure.state.advance(3)

    answer = (await ask(azure, call, "print Now = now()")).json()

    assert answer["tables"][0]["rows"] == [["2026-11-26T06:00:00.0000000Z"]]


def day(row: dict[str, Any]) -> date:
    return row["ScanDate"].date()


def test_the_seeded_history_tells_what_the_generator_knows(tmp_path, clock):
    state = TwinState.open(tmp_path, apps=100, seed=3, real_now=clock)
    workspace = Workspace(tmp_path / "workspace", clock)
    assert workspace.seed(state.tenant) > DAYS * 100
    apps = {app.object_id: app for app in state.tenant.apps.values() if app.credentials}
    values = {"ObjectIds": list(apps), "Days": DAYS}
    found = {
        row["ApplicationObjectId"]: row for row in workspace.ask(text_with(load("previous_owners"), values))[1].dicts()
    }

    for object_id, app in apps.items():
        spells = [
            spell for spell in app.history if spell.owner_ids and (clock.now.date() - spell.last_day).days <= DAYS
        ]
        row = found.get(object_id)
        told = (day(row), tuple(each.id for each in owners_of(row["Owners"]))) if row else None
        assert told == ((spells[-1].last_day, spells[-1].owner_ids) if spells else None), app.display_name
    assert any(row for row in found.values())
    checked = workspace.ask(text_with(load("duplicate_check"), {"Window": timedelta(days=DAYS)}))[1].dicts()
    assert len(checked) == DAYS - 1
    assert {(row["Duplicates"], row["Missing"]) for row in checked} == {(0, 0)}
    workspace.close()


def test_the_workspace_is_seeded_once_and_kept_over_restarts(tmp_path, clock):
    state = TwinState.open(tmp_path, apps=100, seed=3, real_now=clock)
    first = Workspace(tmp_path / "workspace", clock)
    rows = first.seed(state.tenant)
    first.close()
    again = Workspace(tmp_path / "workspace", clock)

    assert again.seed(state.tenant) == 0
    assert again.ask(f"{RECORDS.name} | count")[1].rows == ((rows,),)
    assert again.ask(f"{RUNS.name} | count")[1].rows == ((DAYS,),)
    again.close()


def test_a_seeding_that_was_cut_off_is_done_anew(tmp_path, clock):
    state = TwinState.open(tmp_path, apps=100, seed=3, real_now=clock)
    first = Workspace(tmp_path / "workspace", clock)
    rows = first.seed(state.tenant)
    first.close()
    (tmp_path / "workspace" / "seeded").unlink()
    again = Workspace(tmp_path / "workspace", clock)

    assert again.seed(state.tenant) == rows
    assert again.ask(f"{RECORDS.name} | count")[1].rows == ((rows,),)
    again.close()


def test_a_large_tenant_gets_what_its_ownerless_apps_need(tmp_path, clock):
    state = TwinState.open(tmp_path, apps=900, seed=3, real_now=clock)
    assert len(state.tenant.apps) > 2_000
    workspace = Workspace(tmp_path / "workspace", clock)
    workspace.seed(state.tenant)
    ownerless = [app for app in state.tenant.apps.values() if app.credentials and not state.tenant.counting_owners(app)]
    values = {"ObjectIds": [app.object_id for app in ownerless], "Days": DAYS}
    found = {
        row["ApplicationObjectId"]: row for row in workspace.ask(text_with(load("previous_owners"), values))[1].dicts()
    }

    for app in ownerless:
        spells = [
            spell for spell in app.history if spell.owner_ids and (clock.now.date() - spell.last_day).days <= DAYS
        ]
        assert (app.object_id in found) == bool(spells)
        if spells:
            assert day(found[app.object_id]) == spells[-1].last_day
    assert found
    workspace.close()


def test_a_query_may_not_write(tmp_path, clock):
    workspace = Workspace(tmp_path / "workspace", clock)
    for kql in (".set-or-replace X <| print 1", ".drop table X", ".create database X"):
        with pytest.raises(BadQuery):
            workspace.ask(kql)
    workspace.close()
