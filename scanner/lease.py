"""The right to ask Graph for all, which one task of all replicas has at a time: a scan, or a look between scans."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from alerts.ports import Store

log = logging.getLogger(__name__)

#: Name of the lease in the store.
LEASE = "scan"
#: Seconds that a scan is somebody's without a sign of life; renewed three times as often. After a crash nobody scans
#: for so long, and the event loop never stands still for a hundredth of it.
LEASE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Lease:
    """One holder's side of it."""

    store: Store
    #: Unique among all tasks that want it, in this replica too.
    holder: str

    async def take(self) -> bool:
        """Take it, or renew one's own; False while another has it."""
        async with self.store.transaction() as tx:
            # Leases count real time: in a practice tenant that leaps a day, a scan under way keeps its own.
            return await tx.acquire_lease(LEASE, self.holder, datetime.now(UTC), LEASE_SECONDS)

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """Renew what was taken until the block ends, and give it back then, whatever happened."""
        renewal = asyncio.create_task(self._renew(), name="scan lease")
        try:
            yield
        finally:
            renewal.cancel()
            async with self.store.transaction() as tx:
                await tx.release_lease(LEASE, self.holder)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            try:
                if not await self.take():
                    log.error("the lease of the scan was lost: two scans may run at the same time")
            except Exception:  # the lease's own outermost loop: it runs out by itself if this lasts
                log.exception("the lease of the scan could not be renewed")
