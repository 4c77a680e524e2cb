"""Fixtures for every room: a practice tenant in a process of its own, as Steward starts it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.launch import Practice, start_or_attach

MakePractice = Callable[..., Practice]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow files first: with several workers none is left with a long one when the others have ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A tenant of 300 apps for tests that change nothing in it."""
    tenant = start_or_attach(tmp_path_factory.mktemp("practice"), 300, 1)
    yield tenant
    tenant.stop()


@pytest.fixture
def make_practice(tmp_path: Path) -> Iterator[MakePractice]:
    """Starts practice tenants that end with the test: make_practice(apps=300, seed=1, state_dir=...)."""
    started: list[Practice] = []

    def make(apps: int = 300, seed: int = 1, state_dir: Path = tmp_path) -> Practice:
        tenant = start_or_attach(state_dir, apps, seed)
        started.append(tenant)
        return tenant

    yield make
    for tenant in started:
        tenant.stop()


@pytest.fixture
def fresh_practice(make_practice: MakePractice) -> Practice:
    """A tenant of 300 apps for one test alone."""
    return make_practice()


@pytest.fixture
def practice_environment(practice: Practice, monkeypatch: pytest.MonkeyPatch) -> Practice:
    """The shared tenant, with its settings in the environment."""
    for name in list(os.environ):
        if name.startswith(("AZURE_", "GRAPH_", "LOGS_", "MicrosoftApp")):
            monkeypatch.delenv(name)
    for name, value in practice.settings.items():
        monkeypatch.setenv(name, value)
    return practice
