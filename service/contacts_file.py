"""CONTACTS_FILE: a CSV of app id and person (object id, sign-in name or address), one row each."""

import csv
import re
from pathlib import Path

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
#: Addresses are checked for what would break an e-mail's header, not for whether they exist.
_ADDRESS = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]{1,190}", re.ASCII)
#: Rows of a file that is still taken for one.
MOST_ROWS = 100_000


def read_contacts(path: Path) -> list[tuple[str, str]]:
    """(app id, person or address) of each row; empty lines, comments and a heading are passed over.

    Raises:
        ValueError: a row that is none, with its number.
        OSError: the file cannot be read.
    """
    rows: list[tuple[str, str]] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.reader(file), start=1):
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells[0].startswith("#"):
                continue
            if not _GUID.fullmatch(cells[0]):
                if number == 1:
                    continue
                raise ValueError(f"row {number}: {cells[0]!r} is no app id")
            if len(cells) < 2 or not (_GUID.fullmatch(cells[1]) or _ADDRESS.fullmatch(cells[1])):
                raise ValueError(f"row {number}: an object id or an address belongs behind the app id")
            rows.append((cells[0], cells[1]))
            if len(rows) > MOST_ROWS:
                raise ValueError(f"more than {MOST_ROWS} rows")
    return rows
