"""Answers already given, small values, and leases."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Integer, Text, bindparam, cast, delete, or_, select, update

from alerts.errors import VersionConflict
from store import schema
from store.session import Session


def key_hash(key: str) -> str:
    """Under what the answer to a key is stored, which may be of any length."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class Small(Session):
    """The small things' part of a transaction."""

    async def answer_given(self, key: str) -> str | None:
        """The stored answer for an idempotency key, None when it is new."""
        table = schema.answers_given
        rows = await self._quick(
            "answer",
            lambda: select(table.c.answer).where(table.c.key_hash == bindparam("key")),
            {"key": key_hash(key)},
        )
        return str(rows[0].answer) if rows else None

    async def save_answer_given(self, key: str, answer: str, at: datetime) -> None:
        """Store the answer to a key that is new.

        Raises VersionConflict when the key has an answer: the same request was handled at the same
        time, and this transaction must not take effect a second time.
        """
        table = schema.answers_given
        row = {"key_hash": key_hash(key), "answer": answer, "at": at}
        if not await self._write_few(
            "answers", lambda: self._insert(table).on_conflict_do_nothing().returning(table.c.key_hash), [row]
        ):
            raise VersionConflict("this request was answered at the same time")

    async def forget_answers(self, before: datetime) -> int:
        """Delete answers given before then; how many there were. A request is repeated within seconds, not weeks."""
        table = schema.answers_given
        return await self._run(delete(table).where(table.c.at < before))

    async def value(self, name: str) -> str | None:
        table = schema.stored_values
        rows = await self._quick(
            "value", lambda: select(table.c.value).where(table.c.name == bindparam("wanted")), {"wanted": name}
        )
        return str(rows[0].value) if rows else None

    async def values(self, names: Sequence[str]) -> dict[str, str]:
        """Those of the small values that are stored."""
        table = schema.stored_values
        found: dict[str, str] = {}
        async for rows in self._rows_by("values", table.c.name, names, select(table.c.name, table.c.value).where):
            found.update({row.name: str(row.value) for row in rows})
        return found

    async def set_value(self, name: str, value: str) -> None:
        await self._replace(schema.stored_values, [{"name": name, "value": value}])

    async def add_to_value(self, name: str, amount: int) -> None:
        table = schema.stored_values
        # One statement: two at once would else both read the old number.
        await self._run(
            update(table).where(table.c.name == name).values(value=cast(cast(table.c.value, Integer) + amount, Text))
        )

    async def acquire_lease(self, name: str, holder: str, now: datetime, seconds: float) -> bool:
        """One holder at a time, for the scan across replicas; renewing one's own succeeds."""
        table = schema.leases
        insert = self._insert(table).values(name=name, holder=holder, until=now + timedelta(seconds=seconds))
        # One statement decides: whoever comes second sees the row of the first.
        taken = insert.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": insert.excluded.holder, "until": insert.excluded.until},
            where=or_(table.c.holder == insert.excluded.holder, table.c.until <= now),
        )
        return await self._run(taken) == 1

    async def lease_holder(self, name: str) -> str:
        """Who took it last and has not given it back, even if its time is over; '' nobody."""
        table = schema.leases
        return str(await self._scalar(select(table.c.holder).where(table.c.name == name)) or "")

    async def release_lease(self, name: str, holder: str) -> None:
        table = schema.leases
        await self._run(delete(table).where(table.c.name == name, table.c.holder == holder))
