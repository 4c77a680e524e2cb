"""Who changed since the last time: one request, whole or not at all."""

from typing import Any

import pytest

from alerts.errors import GraphError
from graph.people import GraphPeople
from graph.people_search import USER_FIELDS
from graph.reader import INTERACTIVE
from tests.graph.scripted import Answer, Bench, error
from tests.graph.test_people import ANA, BEN, MIA, TOM

LATEST = f"/users/delta?$select={USER_FIELDS},manager&$deltatoken=latest"


def changes(*items: Any, link: str = "", more: str = "") -> Answer:
    body: dict[str, Any] = {"value": list(items)}
    if link:
        body["@odata.deltaLink"] = link
    if more:
        body["@odata.nextLink"] = more
    return Answer(body=body)


class Delta:
    """Links by name, and what stands behind them."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        bench.graph.script = {LATEST: [changes(link=self.link("one"))]}

    def link(self, name: str) -> str:
        return self.bench.graph.link(f"/users/delta?$deltatoken={name}")

    def answers(self, name: str, *answers: Answer) -> None:
        self.bench.graph.script[f"/users/delta?$deltatoken={name}"] = list(answers)


@pytest.fixture
def delta(bench: Bench) -> Delta:
    return Delta(bench)


async def test_the_mark_of_now_lists_nobody_and_follows_every_field_that_is_kept(bench: Bench, delta: Delta) -> None:
    people = GraphPeople(bench.reader())
    delta.answers("one", changes(link=delta.link("two")))

    mark = await people.changes_from_now()
    found = await people.changes_since(mark, 1)

    assert found is not None
    assert (found.ids, found.removed) == (frozenset(), frozenset())
    assert bench.graph.paths() == [LATEST, "/users/delta?$deltatoken=one"]


async def test_changed_and_removed_users_are_told_on_all_pages_under_the_next_mark(bench: Bench, delta: Delta) -> None:
    people = GraphPeople(bench.reader())
    delta.answers("one", changes({"id": ANA, "displayName": 7}, more=delta.link("page2")))
    delta.answers("page2", changes(more=delta.link("page3")))
    delta.answers(
        "page3",
        changes(
            {"id": BEN.upper(), "@removed": {"reason": "changed"}},
            {"id": MIA, "@removed": {"reason": "deleted"}},
            {"id": ANA},
            link=delta.link("two"),
        ),
    )
    delta.answers("two", changes({"id": TOM}, link=delta.link("three")))

    found = await people.changes_since(await people.changes_from_now(), 3)
    assert found is not None
    after = await people.changes_since(found.mark, 3)

    assert (found.ids, found.removed) == (frozenset({ANA, BEN, MIA}), frozenset({BEN, MIA}))
    assert after is not None
    assert after.ids == frozenset({TOM})


async def test_more_changes_than_reading_anew_would_cost_are_not_followed(bench: Bench, delta: Delta) -> None:
    people = GraphPeople(bench.reader())
    for number in range(10):
        delta.answers(f"p{number}", changes({"id": ANA}, more=delta.link(f"p{number + 1}")))
    delta.answers("one", changes(more=delta.link("p0")))

    assert await people.changes_since(await people.changes_from_now(), 4) is None
    assert len(bench.graph.asked) == 1 + 4


@pytest.mark.parametrize("status", [400, 404, 410])
async def test_a_link_that_is_too_old_is_no_error(bench: Bench, delta: Delta, status: int) -> None:
    people = GraphPeople(bench.reader())
    delta.answers("one", error(status, "SyncStateNotFound"))

    assert await people.changes_since(await people.changes_from_now(), 3) is None


@pytest.mark.parametrize("answer", [error(403, "Authorization_RequestDenied"), error(503), error(429)])
async def test_a_graph_that_cannot_be_asked_is_an_error(bench: Bench, delta: Delta, answer: Answer) -> None:
    people = GraphPeople(bench.reader(INTERACTIVE))
    delta.answers("one", answer)

    with pytest.raises(GraphError):
        await people.changes_since(await people.changes_from_now(), 3)


async def test_a_mark_of_other_fields_or_of_another_graph_is_too_old(bench: Bench, delta: Delta) -> None:
    people = GraphPeople(bench.reader())
    mark = await people.changes_from_now()
    asked = len(bench.graph.asked)

    assert await people.changes_since(mark.replace(",department", ""), 3) is None
    assert await people.changes_since(mark.replace(bench.graph.url, "https://elsewhere.example"), 3) is None
    assert await people.changes_since("", 3) is None
    assert len(bench.graph.asked) == asked


async def test_a_change_without_an_id_leaves_nothing_sure(bench: Bench, delta: Delta) -> None:
    people = GraphPeople(bench.reader())
    delta.answers("one", changes({"id": ANA}, {"displayName": "somebody"}, link=delta.link("two")))

    assert await people.changes_since(await people.changes_from_now(), 3) is None


async def test_an_answer_without_a_link_gives_no_mark(bench: Bench, delta: Delta) -> None:
    bench.graph.script[LATEST] = [changes()]

    with pytest.raises(GraphError, match="deltaLink"):
        await GraphPeople(bench.reader()).changes_from_now()
