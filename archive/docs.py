"""Writes docs/tables.md from the schema: `python -m archive.docs [--check]`."""

import sys
from pathlib import Path

from archive.tables import markdown

TARGET = Path(__file__).parent.parent / "docs" / "tables.md"


def main(arguments: list[str]) -> int:
    """Exit code 0; 1 when --check finds the file outdated; 2 for wrong usage."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: python -m archive.docs [--check]\n")
        return 2
    if not arguments:
        TARGET.write_text(markdown(), encoding="utf-8")
        return 0
    return 0 if TARGET.exists() and TARGET.read_text(encoding="utf-8") == markdown() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
