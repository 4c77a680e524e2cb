"""HEARTBEAT_URL: called while all is well; whoever watches it raises the alarm when it stays away."""

import asyncio
import logging

import aiohttp

from service.asking import Asker

log = logging.getLogger(__name__)

TRIES = 3


class Heartbeat:
    """One GET with each healthy look of the auditor; an answer below 400 counts.

    Args:
        url: https, or http on loopback; '' sends none.
        asker: asks it; closed by who made it.
    """

    def __init__(self, url: str, asker: Asker) -> None:
        self._url = url
        self._asker = asker

    async def beat(self) -> bool:
        """Say that all is well; False when nobody took it. Never raises: a dead watcher must not stop the watchman."""
        if not self._url:
            return False
        for number in range(1, TRIES + 1):
            try:
                status = await self._asker.get(self._url)
                if status < 400:
                    return True
                log.warning("the heartbeat was answered %s (try %s)", status, number)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                # Its URL is a secret: neither it nor the error's text, which may hold it, is logged.
                log.warning("the heartbeat was not taken (try %s): %s", number, type(error).__name__)
            if number < TRIES:
                await asyncio.sleep(number)
        return False
