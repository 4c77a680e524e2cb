"""What the embedded archive holds: one JSON file that names every live data file, replaced in one step.

A file that the manifest does not name does not exist for readers, so a crash between writing a data file
and naming it loses nothing that was promised and doubles nothing.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from alerts.errors import ArchiveError

NAME = "manifest.json"
#: Counted up when the layout of files changes so that an older Steward must not touch it.
LAYOUT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class DataFile:
    """One Parquet file.

    Attributes:
        path: relative to the archive's folder, with forward slashes.
        table: name of its table.
        month: "YYYY-MM" of its rows' times.
        rows: how many.
        runs: for records, run id -> rows; a run's records stand in one file only.
        compacted: whether it is a month's sorted file.
    """

    path: str
    table: str
    month: str
    rows: int
    runs: dict[str, int] = field(default_factory=dict)
    compacted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Rows that Log Analytics has not acknowledged yet.

    Attributes:
        table: name of the table.
        id: the run id of records and runs, the batch's file name of events.
        since: when they were written, ISO 8601.
    """

    table: str
    id: str
    since: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """One state of the archive.

    Attributes:
        generation: counted up with every change.
        files: the live files, in the order of writing.
        waiting: what is still to be uploaded, in the order of writing.
        retired: path -> when it stopped being live (ISO 8601); kept for a while for readers under way.
    """

    generation: int = 0
    files: tuple[DataFile, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    retired: dict[str, str] = field(default_factory=dict)

    def of(self, table: str) -> list[DataFile]:
        """Live files of one table."""
        return [each for each in self.files if each.table == table]

    def swapped(
        self,
        *,
        add: Iterable[DataFile] = (),
        drop: Iterable[DataFile] = (),
        at: datetime,
        waiting: Iterable[Waiting] | None = None,
    ) -> "Manifest":
        """The next generation: files added, files dropped, and what waits for upload if that changes."""
        added = tuple(add)
        gone = {each.path for each in drop}
        new = {each.path for each in added}
        retired = {path: when for path, when in self.retired.items() if path not in new}
        retired |= {path: at.isoformat() for path in gone - new}
        return Manifest(
            generation=self.generation + 1,
            files=tuple(each for each in self.files if each.path not in gone | new) + added,
            waiting=self.waiting if waiting is None else tuple(waiting),
            retired=retired,
        )

    def forgotten(self, paths: Iterable[str]) -> "Manifest":
        """The same without these retired paths, whose files are deleted."""
        gone = set(paths)
        return replace(
            self,
            generation=self.generation + 1,
            retired={path: when for path, when in self.retired.items() if path not in gone},
        )


def read_manifest(folder: Path) -> Manifest:
    """The archive's present state; empty when there is none. Raises ArchiveError when it cannot be read."""
    path = folder / NAME
    try:
        data = json.loads(path.read_bytes())
        if data["layout"] > LAYOUT:
            raise ArchiveError(
                f"{path} was written by a newer Steward (layout {data['layout']}, this one knows {LAYOUT})"
            )
        return Manifest(
            generation=data["generation"],
            files=tuple(DataFile(**each) for each in data["files"]),
            waiting=tuple(Waiting(**each) for each in data["waiting"]),
            retired=data["retired"],
        )
    except FileNotFoundError:
        return Manifest()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArchiveError(f"{path} cannot be read: {error!r}") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Make this the archive's state, durably and in one step."""
    data: dict[str, Any] = {"layout": LAYOUT, **asdict(manifest)}
    write_durably(folder / NAME, json.dumps(data, indent=0).encode())


def write_durably(path: Path, content: bytes) -> None:
    """Write a file so that after a crash it is there as a whole or as it was before."""
    fresh = path.with_name(f".{path.name}.new")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    publish(fresh, path)


def publish(fresh: Path, path: Path) -> None:
    """Give a finished file its name, durably. The file's content must have reached the disk."""
    fresh.replace(path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Wait until a file that another library wrote has reached the disk."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
