"""A small tenant for every test in this folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scanner.tenant import Tenant, small_tenant


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[Tenant]:
    async with small_tenant(tmp_path) as ready:
        yield ready
