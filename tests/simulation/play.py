"""Plays a simulated tenant for as long as you like: python -m tests.simulation.play --seed 7 --apps 300 --days 365."""

import argparse
import asyncio
import tempfile
import time
from datetime import date
from pathlib import Path

from tests.alerts.world import sqlite_url
from tests.simulation.drive import Simulation


async def play(arguments: argparse.Namespace) -> None:
    """Raises AssertionError with the day, what happened and what differs, where engine and reference disagree."""
    with tempfile.TemporaryDirectory() as folder:
        async with Simulation(
            sqlite_url(Path(folder)),
            seed=arguments.seed,
            start=arguments.start,
            zone=arguments.zone,
            apps=arguments.apps,
            people=max(20, arguments.apps * 2 // 5),
        ) as simulation:
            before = time.process_time()
            days = arguments.days
            await simulation.all_days(days, missed=range(41, days, 23), partial=range(12, days, 34))
            print(f"{days} days, {time.process_time() - before:.0f} s of CPU: every day the same on both sides")
            for name, counted in (
                ("told", simulation.kinds),
                ("pressed", simulation.pressed),
                ("in the tenant", simulation.tenant.counts),
            ):
                print(f"{name}: " + ", ".join(f"{what} {number}" for what, number in sorted(counted.items())))
            print("kilobytes and open files, each 30 days:", *simulation.used[::30])


def main() -> None:
    """Reads the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--apps", type=int, default=300)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--zone", default="Europe/Berlin")
    parser.add_argument("--start", type=date.fromisoformat, default=date(2026, 9, 7))
    asyncio.run(play(parser.parse_args()))


if __name__ == "__main__":
    main()
