"""`app.py preview`: who would be told what in the coming days; reads what is stored, writes and sends nothing."""

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from alerts.errors import SettingsError
from alerts.preview import as_json, write_csv
from alerts.rehearsal import Planned, Preview, rehearse
from service.logs import set_up_logs
from service.product import open_product
from settings.model import Settings

#: People named for one day at a terminal; the CSV file and --json hold all.
SHOWN = 20
#: Done; there is no scan to preview from.
DONE, NO_SCAN = 0, 1


async def preview(settings: Settings, practice: Any, *, days: int, as_json_text: bool, csv_file: Path | None) -> int:
    """Exit: 0 done, 1 when there has been no scan yet.

    Raises SettingsError when the CSV file cannot be written: it is opened before anything is read.
    """
    set_up_logs("WARNING", readable=True)
    out = _open(csv_file) if csv_file is not None else None
    try:
        async with open_product(settings, practice, frozenset()) as product:
            seen = await rehearse(product.core.engine, product.store, product.clock(), days)
        mail = settings.mail is not None
        if out is not None:
            write_csv(seen, out, mail=mail)
    finally:
        if out is not None:
            out.close()
    if as_json_text:
        print(json.dumps(as_json(seen, mail=mail)))  # noqa: T201
    else:
        print(sentences(seen))  # noqa: T201
    if not seen.run_id:
        print("There has been no scan yet: python app.py scan", file=sys.stderr)  # noqa: T201
        return NO_SCAN
    return DONE


def _open(file: Path) -> Any:
    try:
        # The mark in front makes spreadsheets read the file as UTF-8.
        return file.open("w", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise SettingsError([f"--csv {file}: {error.strerror}"]) from error


def sentences(seen: Preview) -> str:
    """For a person at a terminal: each day with its people, the most urgent first."""
    if not seen.run_id:
        return "Nothing is known."
    state = "paused" if seen.paused else seen.sending
    told = f"{seen.people} people would get {len(seen.lines)} notices"
    lines = [
        f"In {seen.days} days {told}, if nobody answered and nothing were renewed.",
        f"Sending: {state}. From scan {seen.run_id}. Nobody has been told.",
    ]
    for at, group in groupby(seen.lines, key=lambda line: line.at):
        own = list(group)
        people: dict[str, list[Planned]] = {}
        for line in own:
            people.setdefault(line.person.id, []).append(line)
        lines.append(f"{at:%a %Y-%m-%d}: {len(people)} people, {len(own)} notices")
        lines += [f"  {_person(each)}" for each in list(people.values())[:SHOWN]]
        if len(people) > SHOWN:
            lines.append(f"  and {len(people) - SHOWN} more people: --csv FILE or --json names them")
    return "\n".join(lines)


def _person(own: list[Planned]) -> str:
    first = own[0]
    about = f"{first.alert.application.display_name}, {first.kind}, {first.days_left} days left"
    more = f", and {len(own) - 1} more" if len(own) > 1 else ""
    held = f" [held: {first.held}]" if first.held else ""
    return _plain(f"{first.person.name} ({first.place.reason}): {about}{more}{held}")


def _plain(text: str) -> str:
    """Without characters that a terminal obeys: names are written by strangers."""
    return "".join(character if character.isprintable() else " " for character in text)
