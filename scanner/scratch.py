"""The apps of one scan on the disk: a tenant of any size takes the memory of its ids."""

import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from alerts.model import Application, PersonKind

T = TypeVar("T")

#: Bytes up to which a small tenant's apps stay in memory.
IN_MEMORY = 4 << 20

#: Bits of an app's length in its place; no answer of Graph is longer.
LENGTH_BITS = 31
LONGEST = (1 << LENGTH_BITS) - 1

_APPLICATION = msgspec.msgpack.Decoder(Application)


class OwnerId(msgspec.Struct):
    id: str
    kind: PersonKind


class OwnersOf(msgspec.Struct):
    """An app's owners alone; all else is skipped unread."""

    object_id: str
    owners: list[OwnerId]


_OWNERS = msgspec.msgpack.Decoder(OwnersOf)


class Scratch(Collection[Application]):
    """Each app once, the copy that was added last; read in the order of the object ids, anew each time.

    What cannot be kept raises OSError, as a full disk does; the file goes with the process, whatever ends it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Args:
        folder: where the file may stand; the system's temporary folder when None.
        """
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY, dir=str(folder) if folder else None)  # noqa: SIM115 - see close
        #: Object id -> where its bytes begin and how many they are, as one number: half the memory of two in a tuple.
        self._places: dict[str, int] = {}
        self._end = 0
        self._order: list[str] | None = None

    def add(self, application: Application) -> None:
        """Keep an app, in place of an earlier copy."""
        body = msgspec.msgpack.encode(application)
        self._file.seek(self._end)
        self._file.write(body)
        self._places[application.object_id] = self._end << LENGTH_BITS | len(body)
        self._end += len(body)
        self._order = None

    def discard(self, object_id: str) -> None:
        """Forget an app; one that is not there is forgotten already."""
        if self._places.pop(object_id, None) is not None:
            self._order = None

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, application: object) -> bool:
        return isinstance(application, Application) and application.object_id in self._places

    def __iter__(self) -> Iterator[Application]:
        return self._read(_APPLICATION.decode)

    def owners(self) -> Iterator[OwnersOf]:
        """The owners of each app, as references."""
        return self._read(_OWNERS.decode)

    def _read(self, decode: Callable[[bytes], T]) -> Iterator[T]:
        if self._order is None:
            self._order = sorted(self._places)
        for object_id in self._order:
            place = self._places.get(object_id)
            if place is not None:
                self._file.seek(place >> LENGTH_BITS)
                yield decode(self._file.read(place & LONGEST))

    def close(self) -> None:
        self._file.close()
