"""One transaction of the working state: all parts of alerts.ports.Transaction in one class."""

from sqlalchemy.ext.asyncio import AsyncConnection

from store.ahead import Ahead
from store.alerts import Alerts
from store.cards import Cards
from store.forgetting import Forgetting
from store.journal import Journal
from store.paces import Paces
from store.people import People
from store.snapshot import Snapshot
from store.waiting import Waiting


class SqlTransaction(Snapshot, Alerts, Journal, Ahead, Cards, People, Paces, Waiting, Forgetting):
    """Implements alerts.ports.Transaction, and reads the audit."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection)
        self._audit = []
        self._locked = {}
        self._held = {}
        self._places = {}

    async def finish(self) -> None:
        """Write what was kept for the end; the store calls it before the commit."""
        await self._write_audit()
