"""The scripted Graph and a client of it, for every test in this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.graph.scripted import Bench, graph_bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with graph_bench(tmp_path) as ready:
        yield ready
