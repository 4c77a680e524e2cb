"""What Log Analytics has acknowledged of one waiting item, chunk by chunk, kept on disk.

A crash between two chunks repeats none that was acknowledged, and at most those that were under way.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archive.manifest import write_durably
from archive.rows import Row, row_json

#: Bytes of JSON in one call. The service takes 1,048,576, compressed or not; some room is left for headers
#: that it may count (MicrosoftDocs/azure-monitor-docs, logs/includes/azure-monitor-limits-custom-logs.md).
CHUNK_BYTES = 900_000
#: A single row that is larger is cut down field by field.
_FIELD_CUTS = (16_000, 4_000, 1_000, 200)

State = Literal["sending", "acknowledged"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """A JSON array of rows for one call."""

    number: int
    rows: int
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def chunks(rows: Iterable[Row], limit: int = CHUNK_BYTES) -> Iterator[Chunk]:
    """Rows as JSON arrays of at most `limit` bytes each, brackets and commas counted; the same rows, the same chunks."""
    number, held, size = 1, list[bytes](), 2
    for row in rows:
        line = fitting(row, limit - 2)
        if held and size + len(line) + 1 > limit:
            yield Chunk(number=number, rows=len(held), body=b"[" + b",".join(held) + b"]")
            number, held, size = number + 1, [], 2
        held.append(line)
        size += len(line) + 1
    if held:
        yield Chunk(number=number, rows=len(held), body=b"[" + b",".join(held) + b"]")


def fitting(row: Row, limit: int) -> bytes:
    """A row as JSON; its longest texts are cut, then its dynamics emptied, until it fits: no row is ever dropped."""
    line = row_json(row).encode()
    for cut in _FIELD_CUTS:
        if len(line) <= limit:
            return line
        row = {name: value[:cut] if isinstance(value, str) else value for name, value in row.items()}
        line = row_json(row).encode()
    if len(line) > limit:
        line = row_json(
            {name: type(value)() if isinstance(value, (list, dict)) else value for name, value in row.items()}
        ).encode()
    return line


class Ledger:
    """The chunks of one waiting item. Blocks: for the uploader's thread."""

    def __init__(self, path: Path, item_id: str) -> None:
        self._path = path
        self.id = item_id
        self._chunks: dict[str, dict[str, object]] = {}
        try:
            self._chunks = dict(json.loads(path.read_bytes())["chunks"])
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            # No ledger, or one that a failing disk spoilt: what was sent is sent again, which queries cope with.
            self._chunks = {}

    def state(self, chunk: Chunk) -> State | None:
        """What is known of this very chunk; None for one whose content has changed, too."""
        entry = self._chunks.get(str(chunk.number))
        if entry is None or entry["sha256"] != chunk.sha256:
            return None
        return "acknowledged" if entry["state"] == "acknowledged" else "sending"

    def note(self, chunk: Chunk, state: State) -> None:
        """Write down durably what became of a chunk."""
        self._chunks[str(chunk.number)] = {"sha256": chunk.sha256, "rows": chunk.rows, "state": state}
        write_durably(self._path, json.dumps({"id": self.id, "chunks": self._chunks}).encode())

    @property
    def acknowledged_rows(self) -> int:
        entries = self._chunks.values()
        return sum(int(str(each["rows"])) for each in entries if each["state"] == "acknowledged")

    def remove(self) -> None:
        """The item is done."""
        self._path.unlink(missing_ok=True)
