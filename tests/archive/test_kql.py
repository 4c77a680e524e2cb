"""Values in queries, and the committed SQL beside each query."""

import shutil
from datetime import UTC, datetime, timedelta, timezone

import duckdb
import duckdb_kql
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.kql import QUERIES, TEXT_LIMIT, ValueRefused, bound_values, literal, load, query_names, text_with
from archive.translate import main, stale, translate
from tests.archive.build import NOW

#: What a text value may hold: everything but control characters, line separators and lone surrogates.
GOOD = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=300)
BAD = st.sampled_from("\x00\x01\n\r\t\x1f\x7f\x85\x9f\u2028\u2029\ud800\udfff")

EARLIEST = datetime(1900, 1, 1)  # noqa: DTZ001 - naive ones are refused, and are what hypothesis takes
LATEST = datetime(9999, 1, 1)  # noqa: DTZ001

connection = duckdb_kql.connect()


def evaluated(kql: str) -> object:
    ((value,),) = duckdb_kql.kql(connection, kql).fetchall()
    return value


@given(GOOD)
def test_a_text_comes_out_as_it_went_in(text):
    assert evaluated(f"let V = {literal('string', text)};\nprint x = V") == text


@given(st.lists(GOOD, max_size=8))
def test_a_list_of_texts_comes_out_as_it_went_in(texts):
    rows = duckdb_kql.kql(connection, f"let V = {literal('strings', texts)};\nV | project Id").fetchall()

    assert sorted(row[0] for row in rows) == sorted(texts)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_number_comes_out_as_it_went_in(number):
    assert evaluated(f"let V = {literal('long', number)};\nprint x = V") == number


@given(st.timedeltas(timedelta(days=-4000), timedelta(days=4000)))
def test_a_span_comes_out_as_it_went_in(span):
    assert evaluated(f"let V = {literal('timespan', span)};\nprint x = V") == span


@given(st.datetimes(EARLIEST, LATEST, timezones=st.sampled_from([UTC, timezone(timedelta(hours=9))])))
def test_a_time_comes_out_as_it_went_in(moment):
    assert evaluated(f"let V = {literal('datetime', moment)};\nprint x = V") == moment.astimezone(UTC).replace(
        tzinfo=None
    )


@given(GOOD, BAD, GOOD)
def test_control_characters_are_refused(before, bad, after):
    for kind, value in (("string", before + bad + after), ("strings", [before, bad + after])):
        with pytest.raises(ValueRefused):
            literal(kind, value)


@given(GOOD)
def test_no_text_ends_its_quotes_or_its_line(text):
    inside = literal("string", text)[1:-1]

    assert "\n" not in inside
    assert not inside.replace("\\\\", "").replace('\\"', "").count('"')


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", 1),
        ("string", None),
        ("string", b"x"),
        ("string", "x" * (TEXT_LIMIT + 1)),
        ("long", "1"),
        ("long", True),
        ("long", 1.0),
        ("long", 2**63),
        ("timespan", 3),
        ("datetime", "now()"),
        ("datetime", EARLIEST),
        ("strings", "abc"),
        ("strings", None),
        ("strings", [1]),
        ("strings", [["x"]]),
    ],
)
def test_values_of_another_type_are_refused(kind, value):
    with pytest.raises(ValueRefused):
        literal(kind, value)


@pytest.mark.parametrize("name", query_names())
def test_every_query_names_itself_its_question_and_its_parameters(name):
    query = load(name)
    first, question = query.text.splitlines()[:2]

    assert first == f"// steward: {name}.kql"
    assert question.startswith("// ")
    assert question.endswith((".", "?"))
    for parameter in query.parameters:
        assert len(query.text.split(parameter)) > 2, f"{parameter} is declared and not used"


@pytest.mark.parametrize("name", query_names())
def test_the_committed_sql_mentions_each_parameter_and_no_other(name):
    query = load(name)
    values = {"strings": ["x"], "long": 1, "string": "x", "timespan": timedelta(days=1), "datetime": NOW}
    given_values = {parameter: values[kind] for parameter, kind in query.parameters.items()}

    bound = bound_values(query, given_values, NOW)

    assert bound.keys() - {"now"} == query.parameters.keys()
    statements = duckdb.extract_statements(query.sql)
    assert len(statements) == 1
    assert set(statements[0].named_parameters) == bound.keys()


def test_the_committed_sql_is_what_the_queries_say():
    assert stale() == []


def test_a_changed_query_a_missing_and_an_orphaned_sql_are_found(tmp_path):
    for name in ("expiring", "latest_run", "ownerless"):
        for end in ("kql", "sql"):
            shutil.copy(QUERIES / f"{name}.{end}", tmp_path)
    (tmp_path / "expiring.kql").write_text(
        (tmp_path / "expiring.kql").read_text().replace("SecretExpiresDays >= 0", "SecretExpiresDays > 0")
    )
    (tmp_path / "latest_run.sql").unlink()
    (tmp_path / "ownerless.kql").unlink()

    assert stale(tmp_path) == ["expiring.sql", "latest_run.sql", "ownerless.sql"]
    assert main(["--check"]) == 0
    assert main(["--nonsense"]) == 2


def test_lists_are_bound_and_never_written_into_the_sql():
    sql = load("previous_owners").sql

    assert "unnest(CAST($ObjectIds AS VARCHAR[]))" in sql
    assert "steward-list" not in sql


def test_an_unknown_parameter_type_is_found_at_once():
    with pytest.raises(ValueError, match="unknown parameter type"):
        translate("x", "// steward: x.kql\n// parameter A: guid, x\nClientSecretMonitoring_CL | take 1")


def test_the_text_sent_has_its_name_first_and_its_values_next():
    text = text_with(load("app_status"), {"ObjectId": 'a"b\\'})

    assert text.splitlines()[:2] == ["// steward: app_status.kql", 'let ObjectId = "a\\"b\\\\";']
