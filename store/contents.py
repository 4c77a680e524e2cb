"""Bodies that many rows share, kept once under their hash.

An application stands in the record of each of its credentials and in each of their alerts; with 500
credentials it would be written a quarter of a million times. Here it is one row.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, delete, exists, func, select

from store import schema
from store.codec import Codec
from store.quick import FEW
from store.session import Pauses, Session, chunks, distinct

T = TypeVar("T")

#: Bodies fetched at once; each may hold hundreds of credentials.
BODIES = 200

#: Decoded bodies that are kept in memory, and how long they may be.
LATELY, LATELY_CHARACTERS = 1_000, 20_000
_lately: dict[tuple[Codec[Any], str], Any] = {}

#: Numbers of runs that are kept although no row names them.
KEPT_RUNS = 20


def content_hash(body: str) -> str:
    """160 bits of SHA-256, in hex."""
    return hashlib.sha256(body.encode()).hexdigest()[:40]


class Contents(Session):
    """The shared bodies."""

    async def _keep(self, bodies: Mapping[str, str]) -> set[str]:
        """Store bodies under their hashes; the hashes that were new.

        Those already there are locked against `_forget_contents` of another replica until the reference
        to them is committed (FOR KEY SHARE; SQLite has one writer).
        """
        new: set[str] = set()
        if not bodies:
            return new
        for part in chunks(sorted(bodies)):
            table = schema.contents
            known = (
                select(table.c.hash).where(self._among(table.c.hash, part)).with_for_update(read=True, key_share=True)
            )
            missing = set(part) - {row.hash for row in await self._rows(known)}
            insert = self._insert(table).on_conflict_do_nothing()
            await self._run_many(insert, [{"hash": each, "body": bodies[each]} for each in sorted(missing)])
            new |= missing
        return new

    async def _contents(
        self, hashes: Iterable[str], codec: Codec[T], change: Callable[[T], T] = lambda value: value
    ) -> dict[str, T]:
        """hash -> decoded body, passed through `change` one by one."""
        table = schema.contents
        found: dict[str, T] = {}
        pauses = Pauses()
        wanted = distinct(hashes)
        if len(wanted) <= FEW:
            return {hash_: change(value) for hash_, value in (await self._few_contents(wanted, codec)).items()}
        for part in chunks(wanted, BODIES):
            for row in await self._rows(select(table.c.hash, table.c.body).where(self._among(table.c.hash, part))):
                found[row.hash] = change(codec.decode(row.body))
                await pauses()
        return found

    async def _few_contents(self, hashes: Sequence[str], codec: Codec[T]) -> dict[str, T]:
        """The same for a few: what was read lately is not read again, for what a hash stands for never changes."""
        table = schema.contents
        found = {hash_: _lately[codec, hash_] for hash_ in hashes if (codec, hash_) in _lately}
        new = [hash_ for hash_ in hashes if hash_ not in found]
        async for rows in self._rows_by("contents", table.c.hash, new, select(table.c.hash, table.c.body).where):
            for row in rows:
                found[row.hash] = codec.decode(row.body)
                if len(row.body) <= LATELY_CHARACTERS:
                    _lately[codec, row.hash] = found[row.hash]
        while len(_lately) > LATELY:
            del _lately[next(iter(_lately))]
        return found

    @staticmethod
    def _unused() -> ColumnElement[bool]:
        users = (schema.snapshot, schema.snapshot_apps, schema.alerts)
        return and_(*(~exists().where(user.c.content_hash == schema.contents.c.hash) for user in users))

    async def _forget_contents(self) -> None:
        """Drop the bodies that no row refers to any more.

        In two steps: a row that another transaction has just begun to use is locked by it and skipped
        here; once it is locked here nobody can begin to use it, and the second look is final.
        """
        table = schema.contents
        unused = select(table.c.hash).where(self._unused()).with_for_update(skip_locked=True, of=table)
        hashes = [row.hash for row in await self._rows(unused)]
        for part in chunks(hashes):
            await self._run(delete(table).where(self._among(table.c.hash, part), self._unused()))
        # Runs of which no row is left; a new one may belong to a transaction that is still open.
        runs = schema.snapshot_runs
        used = select(schema.snapshot.c.run_no).distinct()
        recent = select(func.max(runs.c.run_no) - KEPT_RUNS).scalar_subquery()
        await self._run(delete(runs).where(runs.c.run_no < recent, runs.c.run_no.not_in(used)))
