"""People as last read from Graph, and where they can be reached in Teams."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select

from alerts.model import Conversation, Person
from store import schema
from store.codec import Codec, encode
from store.session import Pauses, Session

_people: Codec[Person] = Codec(Person)
_conversations: Codec[Conversation] = Codec(Conversation)


class People(Session):
    """The people's part of a transaction."""

    async def conversations(self, person_ids: Sequence[str]) -> dict[str, Conversation]:
        table = schema.conversations
        found: dict[str, Conversation] = {}
        async for rows in self._rows_by("conversations", table.c.person_id, person_ids, select(table).where):
            found.update({row.person_id: _conversations.decode(row.body) for row in rows})
        return found

    async def dead_conversations(self) -> list[Conversation]:
        """Those that cannot be used, by person."""
        table = schema.conversations
        # Few are: the pattern spares decoding the others, which `dead_reason` then tells apart for sure.
        marked = select(table.c.body).where(table.c.body.like('%"dead_reason":"_%')).order_by(table.c.person_id)
        found = [_conversations.decode(row.body) for row in await self._rows(marked)]
        return [conversation for conversation in found if conversation.dead_reason]

    async def save_conversation(self, conversation: Conversation) -> None:
        """Insert, or replace by person."""
        await self.save_conversations([conversation])

    async def save_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Insert, or replace by person; the later of two of one person wins."""
        await self._replace(
            schema.conversations, ({"person_id": each.person_id, "body": encode(each)} for each in conversations)
        )

    async def people(self, ids: Sequence[str]) -> dict[str, Person]:
        """People as last read from Graph."""
        table = schema.people
        found: dict[str, Person] = {}
        pauses = Pauses()
        async for rows in self._rows_by("people", table.c.id, ids, select(table.c.id, table.c.body).where):
            for row in rows:
                found[row.id] = _people.decode(row.body)
                await pauses()
        return found

    async def people_managed_by(self, manager_id: str, limit: int = 20) -> list[Person]:
        """Enabled users with this manager, by object id; nobody for ''."""
        table = schema.people
        if not manager_id:
            return []
        managed = select(table.c.body).where(table.c.manager_id == manager_id, table.c.counts.is_(True))
        rows = await self._rows(managed.order_by(table.c.id).limit(limit))
        return [_people.decode(row.body) for row in rows]

    async def save_people(self, people: Iterable[Person]) -> None:
        """Insert, or replace by id."""
        await self._replace(
            schema.people,
            (
                {"id": person.id, "manager_id": person.manager_id, "counts": person.counts, "body": encode(person)}
                for person in people
            ),
        )
