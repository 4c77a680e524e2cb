"""Keeps what is known of where people can be reached, from every activity that comes in."""

from collections.abc import Sequence

from alerts.grouped import Grouped
from alerts.model import Conversation
from alerts.ports import Store
from bot.inbound import Inbound

UNINSTALLED = "uninstalled"
#: Seconds for which the address of a new conversation waits for others: they share one commit. What somebody who waits
#: for an answer has told is stored at once, with what came while the last commit was under way.
SAVE_WAIT = 0.08


class Contacts:
    """Stores conversations; only the one-to-one chats, where a card concerns its reader alone."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = Grouped(self._known_all)
        self._save = Grouped(self._save_all, wait=SAVE_WAIT)
        self._save_now = Grouped(self._save_all)

    async def refresh(self, inbound: Inbound) -> None:
        """Store what this activity says: address, Teams' id, language, time zone; it also revives the address.

        Service URLs of one tenant differ by person and move; the newest is the one to use.
        """
        if not _tells_an_address(inbound):
            return
        known = await self.known(inbound.person_id)
        fresh = Conversation(
            person_id=inbound.person_id,
            conversation_id=inbound.conversation_id,
            service_url=inbound.service_url,
            teams_user_id=inbound.teams_user_id or (known.teams_user_id if known else ""),
            locale=inbound.locale or (known.locale if known else ""),
            time_zone=inbound.time_zone or (known.time_zone if known else ""),
        )
        if fresh != known:
            await self._save_now(fresh)

    async def forget(self, inbound: Inbound) -> None:
        """The person removed the app: the address is dead until they write again."""
        known = await self.known(inbound.person_id)
        if known is not None and inbound.personal:
            await self._save_now(
                Conversation(
                    person_id=known.person_id,
                    conversation_id=known.conversation_id,
                    service_url=known.service_url,
                    teams_user_id=known.teams_user_id,
                    locale=known.locale,
                    time_zone=known.time_zone,
                    dead_reason=UNINSTALLED,
                )
            )

    async def known(self, person_id: str) -> Conversation | None:
        """What is stored of a person."""
        return await self._known(person_id)

    async def _known_all(self, person_ids: Sequence[str]) -> list[Conversation | None]:
        async with self._store.reading() as tx:
            found = await tx.conversations(person_ids)
        return [found.get(person_id) for person_id in person_ids]

    async def preferred(self, person_id: str) -> str:
        """Graph's preferredLanguage of a person, '' unknown."""
        async with self._store.reading() as tx:
            person = (await tx.people([person_id])).get(person_id)
        return person.preferred_language if person is not None else ""

    async def save(self, conversation: Conversation) -> None:
        """Store the address of a conversation that Steward itself began, together with others."""
        await self._save(conversation)

    async def _save_all(self, conversations: Sequence[Conversation]) -> list[None]:
        async with self._store.transaction() as tx:
            await tx.save_conversations(conversations)
        return [None] * len(conversations)


def _tells_an_address(inbound: Inbound) -> bool:
    return inbound.personal and bool(inbound.person_id and inbound.conversation_id and inbound.service_url)
