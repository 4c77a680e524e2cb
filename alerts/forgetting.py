"""What the working state is asked to forget: the part of a transaction that retention uses."""

from datetime import datetime
from typing import Protocol


class Forgets(Protocol):
    """Each deletes, and says how many there were."""

    async def forget_alerts(self, before: datetime, most: int) -> int:
        """Alerts closed before then, at most so many; with their recipients, notices, and what tells of them alone."""

    async def forget_deliveries(self, before: datetime) -> int:
        """Finished messages without notices from before then."""

    async def forget_answers(self, before: datetime) -> int:
        """Answers given before then."""

    async def forget_archived(self, keep: int) -> int:
        """Archived events, but the newest `keep` of all."""

    async def forget_paces(self, idle_seconds: float) -> int:
        """Paces of which no turn was taken for so long."""
