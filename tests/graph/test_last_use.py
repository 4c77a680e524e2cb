"""When credentials signed in last: all pages of the beta's report, at its pace, or an error."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.errors import GraphError
from graph.last_use import GraphLastUse
from graph.reader import INTERACTIVE
from tests.graph.scripted import Bench, error, page

REPORT = "/beta/reports/appCredentialSignInActivities"
KEY, OTHER = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"


def activity(key: Any, at: Any, **more: Any) -> dict[str, Any]:
    return {"id": "x", "keyId": key, "keyType": "certificate", "signInActivity": {"lastSignInDateTime": at}, **more}


async def last_used(bench: Bench) -> Mapping[str, datetime]:
    return await GraphLastUse(bench.reader(INTERACTIVE)).last_used()


async def test_the_newest_sign_in_of_each_key_is_told_from_all_pages(bench: Bench) -> None:
    following = bench.graph.url + REPORT + "?$skiptoken=2"
    bench.graph.script = {
        REPORT + "?$skiptoken": [
            page(activity(KEY.upper(), "2031-04-30T10:00:00Z"), activity(KEY, "2030-01-01T00:00:00Z"))
        ],
        REPORT: [page(activity(OTHER, "2031-03-18T00:00:00-8:00"), following=following)],
    }

    assert await last_used(bench) == {
        KEY: datetime(2031, 4, 30, 10, tzinfo=UTC),
        OTHER: datetime(2031, 3, 18, 8, tzinfo=UTC),
    }
    assert bench.graph.paths() == [REPORT + "?$top=999", REPORT + "?$skiptoken=2"]


@pytest.mark.parametrize(
    "odd",
    [
        activity(KEY, None),
        activity(KEY, "0001-01-01T00:00:00Z"),
        activity(KEY, "yesterday"),
        activity(None, "2031-04-30T10:00:00Z"),
        {"keyId": KEY},
        {"keyId": KEY, "signInActivity": None},
        {"keyId": KEY, "signInActivity": "never"},
    ],
)
async def test_what_was_never_used_or_cannot_be_read_is_absent(bench: Bench, odd: dict[str, Any]) -> None:
    bench.graph.script = {REPORT: [page(odd, activity(OTHER, "2031-04-30T10:00:00Z"))]}

    assert await last_used(bench) == {OTHER: datetime(2031, 4, 30, 10, tzinfo=UTC)}


async def test_pages_keep_to_the_pace_of_reports(bench: Bench) -> None:
    bench.graph.script = {
        REPORT + "?$skiptoken=2": [page(following=bench.graph.url + REPORT + "?$skiptoken=3")],
        REPORT + "?$skiptoken=3": [page()],
        REPORT: [page(following=bench.graph.url + REPORT + "?$skiptoken=2")],
    }

    await last_used(bench)

    assert len(bench.graph.asked) == 3
    assert bench.time.slept == [2.5, 2.5]


async def test_a_page_size_that_graph_refuses_is_left_to_graph(bench: Bench) -> None:
    bench.graph.script = {
        REPORT + "?$top": [error(400, "BadRequest", "Invalid page size")],
        REPORT: [page(activity(KEY, "2031-04-30T10:00:00Z"))],
    }

    assert set(await last_used(bench)) == {KEY}


@pytest.mark.parametrize("status", [403, 404, 429, 503])
async def test_a_report_that_graph_does_not_give_is_an_error(bench: Bench, status: int) -> None:
    bench.graph.script = {REPORT: [error(status, "refused")]}

    with pytest.raises(GraphError):
        await last_used(bench)


async def test_a_report_cut_short_is_an_error_and_not_half_an_answer(bench: Bench) -> None:
    bench.graph.script = {
        REPORT + "?$skiptoken": [error(503)],
        REPORT: [page(activity(KEY, "2031-04-30T10:00:00Z"), following=bench.graph.url + REPORT + "?$skiptoken=2")],
    }

    with pytest.raises(GraphError):
        await last_used(bench)
