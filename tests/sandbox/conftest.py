"""Twins of Entra and Graph for the tests of this room."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.twins import Twins, running


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twins]:
    """For tests that change nothing."""
    with running(tmp_path_factory.mktemp("twins")) as twins:
        yield twins


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[Twins]:
    """For one test alone."""
    with running(tmp_path) as own:
        yield own
