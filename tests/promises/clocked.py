"""A replica that lives by its machine's own clock: for each line that it reads it scans and sends, as of now.

Run as a module with a database's address, under a library that lies about the time (test_p05_clock.py).
"""

import asyncio
import sys
from datetime import UTC, datetime

from alerts.clockwatch import ClockWatch
from tests.alerts.world import World

APPS = 5


def tenant(world: World) -> None:
    """Five apps of two owners, whose secrets end one after the other."""
    for number in range(APPS):
        secret = world.secret(8.5 + 6 * number + number / 24, f"key-{number}")
        world.app(f"app-{number}", ("ana", "eli"), secret)


async def main(database: str) -> None:
    async with World(database) as world:
        watch = ClockWatch()
        world.worker.stopped = watch.trouble
        while line := await asyncio.to_thread(sys.stdin.readline):
            world.now = datetime.now(UTC)
            if not world.apps:
                tenant(world)
            trouble = watch.trouble()
            if line.strip() == "scan" and not trouble:
                await world.day(0)
            print(f"{world.now.isoformat()} {trouble}", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
