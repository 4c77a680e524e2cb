"""Microsoft's own KQL checker reads every query that is sent and every query of the workbook."""

import json
import random
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from archive.kql import literal, load, query_names, text_with
from archive.tables import TABLES, checker_schema
from infra.make_workbook import TABS, TARGET, main, rendered, workbook
from sandbox.workspace import Workspace

NODE = Path(__file__).parents[1] / "node"
SOME: dict[str, Any] = {
    "strings": ["x", 'a"b\\'],
    "long": 30,
    "string": 'it\'s \\ "quoted" | {x} ÄÖ😀',
    "timespan": timedelta(days=30),
    "datetime": datetime(2026, 1, 1, tzinfo=UTC),
}


def checked(queries: dict[str, str]) -> dict[str, Any]:
    """What the checker says of each query."""
    node = shutil.which("node")
    assert node, "Node.js is missing: run the set-up (python dev.py)"
    assert (NODE / "node_modules" / "@kusto").exists(), "npm packages are missing: run the set-up (python dev.py)"
    done = subprocess.run(
        [node, str(NODE / "check-kql.mjs")],
        input=json.dumps({"schema": checker_schema(), "queries": queries}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=100,
    )
    return json.loads(done.stdout)


def sent(name: str) -> str:
    query = load(name)
    return text_with(query, {parameter: SOME[kind] for parameter, kind in query.parameters.items()})


def items(of: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All items, those in groups too."""
    return [each for item in of for each in (item, *items(item["content"].get("items", [])))]


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Any]:
    """One start of Node for all tests."""
    queries = {name: sent(name) for name in query_names()}
    for item in items(workbook()["items"]):
        if item["type"] == 3:
            text = item["content"]["query"].replace("{TimeRange}", "> ago(30d)").replace("{Days}", "30")
            queries[f"workbook {item['name']}"] = text
    queries |= {f"literal {kind}": f"let V = {literal(kind, value)};\nprint x = 1" for kind, value in SOME.items()}
    queries["wrong column"] = "ClientSecretMonitoring_CL | where Nothing == 1"
    queries["wrong syntax"] = "ClientSecretMonitoring_CL | top 5 by RunId, Application"
    return checked(queries)


def test_the_checker_finds_mistakes(verdicts):
    assert verdicts["wrong column"]["errors"]
    assert verdicts["wrong syntax"]["errors"]


def test_every_query_and_every_literal_is_kql(verdicts):
    wrong = {name: said["errors"] for name, said in verdicts.items() if said["errors"] and not name.startswith("wrong")}

    assert wrong == {}
    assert len(verdicts) > 2 * len(query_names()) - 5


def test_every_query_returns_the_same_columns_from_both_archives(verdicts, tmp_path, clock):
    """What Microsoft's checker derives is what DuckDB returns."""
    workspace = Workspace(tmp_path, clock)
    found = {name: [f"{column}:{kind}" for column, kind in workspace.ask(sent(name))[0]] for name in query_names()}
    workspace.close()

    assert found == {name: verdicts[name]["columns"] for name in query_names()}


def test_hostile_texts_are_one_literal_for_microsofts_parser():
    """A print of two columns stays a print of two columns, whatever the text holds."""
    chance = random.Random(11)
    letters = "\"'\\`/{}|;#@$()[]\u202e ab0 Ä😀𝔘"
    texts = ["```", "//", '" | union *', "h@'x'", "\\u0041", "\\x41", "\\0"]
    texts += ["".join(chance.choices(letters, k=chance.randrange(1, 40))) for _ in range(400)]
    queries = {str(number): f"print a = {literal('string', text)}, b = 1" for number, text in enumerate(texts)}

    for number, said in checked(queries).items():
        assert said == {"errors": [], "columns": ["a:string", "b:long"]}, texts[int(number)]


def test_the_workbook_is_what_the_queries_say():
    assert TARGET.read_text(encoding="utf-8") == rendered()
    assert main(["--check"]) == 0
    assert main(["--wrong"]) == 2


def test_the_workbook_has_what_azure_reads():
    made = workbook()
    every = items(made["items"])

    assert made["version"] == "Notebook/1.0"
    assert {item["type"] for item in every} == {1, 3, 9, 11, 12}
    names = [item["name"] for item in every]
    assert len(set(names)) == len(names)
    for item in every:
        if item["type"] == 3:
            content = item["content"]
            assert content["visualization"] in {"table", "timechart", "barchart", "piechart", "tiles"}
            assert content["query"].startswith("// steward: ")
            assert ("{TimeRange}" in content["query"]) == ("timeContextFromParameter" in content)


def test_no_tab_asks_more_than_five_queries_at_once():
    assert max(len(parts) for parts in TABS.values()) <= 5


def test_charts_draw_columns_that_their_queries_have(verdicts):
    for parts in TABS.values():
        for part in parts:
            columns = {column.split(":")[0] for column in verdicts[part.query]["columns"]}
            assert {*part.drawn, *part.shown, *([part.by] if part.by else [])} <= columns, part.query


def test_every_table_is_asked_by_the_workbook():
    text = rendered()

    assert all(name in text for name in TABLES)
