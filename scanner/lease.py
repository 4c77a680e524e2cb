"""The right to ask Graph for all, which one task of all replicas has at a time: a scan, or a look between scans."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from alerts.errors import StewardError
from alerts.ports import Store, Transaction

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

    def fenced(self) -> "FencedStore":
        """The store for work under this lease: it takes nothing from a holder who has lost it meanwhile."""
        return FencedStore(store=self.store, holder=self.holder)

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


class LeaseLost(StewardError):
    """Somebody else scans by now: what this one found may be old, and nothing of it is written."""


@dataclass(frozen=True, kw_only=True)
class FencedStore:
    """A store whose transactions are kept only while the lease is still the holder's.

    A process that was stopped for longer than its lease wakes up in the middle of a scan that another replica has
    taken over. Asked at the beginning and again before the commit; where nobody else has taken the lease, its time may
    be over without harm.
    """

    store: Store
    holder: str

    @asynccontextmanager
    async def transaction(self, *, brief: bool = False) -> AsyncIterator[Transaction]:
        """Raises LeaseLost, and nothing is kept."""
        async with self.store.transaction(brief=brief) as tx:
            await self._check(tx)
            yield tx
            await self._check(tx)

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Reading needs no lease."""
        return self.store.reading()

    async def _check(self, tx: Transaction) -> None:
        holder = await tx.lease_holder(LEASE)
        if holder != self.holder:
            raise LeaseLost(f"the scan was taken over by {holder or 'nobody'}")
