"""docs/promises.md: every promise has its tests, and every test that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from alerts.problems import PROMISES

ROOT = Path(__file__).resolve().parent.parent
NUMBERS = [f"P{number}" for number in range(1, 21)]


def promises() -> dict[str, str]:
    """Number -> its part of the page."""
    parts = re.split(r"^### (P\d+)$", (ROOT / "docs/promises.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named_in(part: str) -> list[str]:
    return re.findall(r"^- (tests/\S+\.py::\w+)$", part, re.MULTILINE)


@cache
def functions_in(file: str) -> frozenset[str]:
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_the_page_holds_each_of_the_twenty_promises_once() -> None:
    assert NUMBERS == list(promises())


@pytest.mark.parametrize("number", NUMBERS)
def test_a_promise_has_a_sentence_tests_that_exist_and_an_end(number: str) -> None:
    part = promises()[number]
    named = named_in(part)
    missing = [test for test in named if test.partition("::")[2] not in functions_in(test.partition("::")[0])]

    assert named
    assert missing == []
    assert part.strip().splitlines()[0].endswith(".")
    assert "\nStops " in part
    # No line that looks like a test and is none.
    assert len(named) == len([line for line in part.splitlines() if line.startswith("- ")])


def test_what_readiness_names_is_a_promise_of_the_page() -> None:
    assert set(PROMISES.values()) <= set(promises())
