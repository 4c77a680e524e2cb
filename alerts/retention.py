"""What the working state forgets, so that its tables stay bounded: what the archive has, and what nobody asks again."""

from dataclasses import dataclass
from datetime import timedelta

from alerts.ports import Clock, Store

#: How long the answer to a pressed button is kept: Teams repeats a request within a minute, people within days.
ANSWERS_FOR = timedelta(days=30)
#: How long a closed alert is kept, with who was told of it and how: its cards still stand in chats. The archive has it all.
CLOSED_FOR = timedelta(days=180)
#: Closed alerts that one run forgets: a transaction of a second or two.
MOST = 1_000
#: How long a finished update of a card, a question or a sentence is kept. What carries notices stays with its alert.
MESSAGES_FOR = timedelta(days=90)
#: Archived events that are kept: an event that is written a second time is recognised by the first.
EVENTS_KEPT = 100_000
#: How long the pace of a conversation is kept that nobody writes to (seconds).
PACES_FOR = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Run once a day or oftener; each run does what is due."""

    store: Store
    clock: Clock

    async def run_once(self) -> int:
        """Delete what is old enough; how many rows. Raises StoreError."""
        async with self.store.transaction() as tx:
            now = self.clock()
            answers = await tx.forget_answers(now - ANSWERS_FOR)
            messages = await tx.forget_deliveries(now - MESSAGES_FOR)
            closed = await tx.forget_alerts(now - CLOSED_FOR, MOST)
            await tx.forget_paces(PACES_FOR)
            return answers + messages + closed + await tx.forget_archived(EVENTS_KEPT)
