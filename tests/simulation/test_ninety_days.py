"""Ninety days of a tenant of 300 apps: each day's notices, handovers and states equal those of the reference."""

from datetime import date
from pathlib import Path

import pytest

from tests.alerts.world import sqlite_url
from tests.simulation.drive import Simulation, rows

#: Kinds that a run of months must have seen, or it has shown nothing.
KINDS = {"stage", "calm", "escalation", "lastCall", "expired", "handover"}
#: Likewise for what people pressed.
VERBS = {"acknowledge", "snooze", "notMine", "assignOwner", "accept", "approve", "retire", "automatic", "release"}


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_ninety_days_in_berlin_with_two_missed_and_three_partial_scans(tmp_path: Path) -> None:
    start = date(2026, 9, 7)
    async with Simulation(
        sqlite_url(tmp_path), seed=1, start=start, zone="Europe/Berlin", apps=300, people=120
    ) as simulation:
        await simulation.all_days(90, missed=(41, 64), partial=(12, 46, 81))
        held = await rows(simulation)

        assert simulation.kinds.keys() == KINDS
        assert simulation.pressed.keys() >= VERBS
        # Nothing piles up: what waits, what is kept of the tenant, what is open.
        assert held["waiting"] == 0
        assert held["snapshot"] == sum(len(app.credentials) for app in simulation.apps.values())
        assert held["unclosed"] < 2 * len(simulation.expected.states)
        # Flat after the first month, in files to the piece and in memory within what an allocator keeps.
        first, last = simulation.used[30], simulation.used[-1]
        assert last[1] <= first[1]
        assert last[0] < first[0] * 1.2 + 20_000
