"""Every day's notices, handovers and states equal those of the reference, over months of a changing tenant."""

from datetime import date
from pathlib import Path

import pytest

from tests.alerts.world import sqlite_url
from tests.simulation.drive import Simulation, rows
from tests.support.postgres import PostgresServer


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("zone", "start", "seed"),
    [("Australia/Lord_Howe", date(2026, 9, 27), 2), ("Europe/Berlin", date(2027, 3, 21), 3)],
    ids=["half an hour in Lord Howe", "spring in Berlin"],
)
async def test_two_weeks_around_a_clock_change(tmp_path: Path, zone: str, start: date, seed: int) -> None:
    async with Simulation(sqlite_url(tmp_path), seed=seed, start=start, zone=zone, apps=80, people=40) as simulation:
        before = simulation.now
        await simulation.all_days(14)

        assert (simulation.now - before).total_seconds() % 86400 != 0


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_three_weeks_on_postgresql(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    async with Simulation(
        url, seed=4, start=date(2026, 10, 12), zone="Europe/Berlin", apps=80, people=40
    ) as simulation:
        await simulation.all_days(21, missed=(9,), partial=(15,))

        assert (await rows(simulation))["waiting"] == 0
