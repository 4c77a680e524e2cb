"""Moves events from the store, where they were written with their cause, to the archive."""

import logging
from dataclasses import dataclass

from alerts.errors import ArchiveError
from alerts.ports import Archive, Store

log = logging.getLogger(__name__)

#: Events per round: one append to the archive and one mark in the store.
BATCH = 2000


@dataclass(kw_only=True)
class EventPump:
    """Appends, then marks: a crash between the two appends again, and every query counts an event id once."""

    store: Store
    archive: Archive

    async def run_once(self) -> int:
        """Move everything that waits, then upload; returns how many events were moved."""
        moved = 0
        while True:
            async with self.store.reading() as tx:
                waiting = await tx.events_waiting(BATCH)
            if not waiting:
                break
            await self.archive.append_events(waiting)
            async with self.store.transaction() as tx:
                await tx.events_archived([event.event_id for event in waiting])
            moved += len(waiting)
        if moved:
            try:
                await self.archive.upload()
            except ArchiveError as error:
                # The spool keeps it; the next round sends it again.
                log.warning("events wait in the spool: %s", error)
        return moved
