"""A preview as rows: for JSON, for a CSV file that no spreadsheet takes for formulas, and for a card."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from alerts.model import MAIL_ONLY, EscalationPath
from alerts.rehearsal import Planned, Preview
from alerts.views import PreviewPerson, PreviewView

#: People on one page of the card.
PAGE = 10

COLUMNS = (
    "day", "date", "person_id", "person", "person_upn", "person_mail", "department", "why", "on_behalf_of", "path",
    "application", "app_id", "object_id", "credential", "credential_type", "key_id", "expires", "days_left", "kind",
    "stage", "channels", "held",
)  # fmt: skip

#: What makes a spreadsheet read a cell as a formula, with the forms that some of them treat alike.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def channels(line: Planned, *, mail: bool) -> tuple[str, ...]:
    """Where the person would be told."""
    if line.person.id.startswith(MAIL_ONLY):
        return ("email",)
    by_mail = mail and bool(line.person.mail or line.person.user_principal_name)
    return ("teams", "email") if by_mail else ("teams",)


def row(line: Planned, *, mail: bool) -> dict[str, object]:
    """One line, flat, by the names of COLUMNS."""
    alert, person, place = line.alert, line.person, line.place
    end = alert.credential.end
    return {
        "day": line.day,
        "date": line.at.date().isoformat(),
        "person_id": person.id,
        "person": person.name,
        "person_upn": person.user_principal_name,
        "person_mail": person.mail,
        "department": person.department,
        "why": place.reason.value,
        "on_behalf_of": place.on_behalf_of.name if place.on_behalf_of else "",
        "path": alert.path.value,
        "application": alert.application.display_name,
        "app_id": alert.application.app_id,
        "object_id": alert.application.object_id,
        "credential": alert.credential.display_name,
        "credential_type": alert.credential.type.value,
        "key_id": alert.credential.key_id,
        "expires": end.isoformat() if end else "",
        "days_left": line.days_left,
        "kind": line.kind,
        "stage": line.stage,
        "channels": " ".join(channels(line, mail=mail)),
        "held": line.held,
    }


def as_json(preview: Preview, *, mail: bool) -> dict[str, Any]:
    """The JSON object of `app.py preview --json`."""
    return {
        "run_id": preview.run_id,
        "as_of": preview.as_of.isoformat() if preview.as_of else None,
        "days": preview.days,
        "sending": preview.sending,
        "paused": preview.paused,
        "people": preview.people,
        "notices": len(preview.lines),
        "held": sum(1 for line in preview.lines if line.held),
        "by_path": _people_by(preview.lines, lambda line: line.alert.path.value),
        "by_department": _people_by(preview.lines, lambda line: line.person.department),
        "lines": [row(line, mail=mail) | {"channels": list(channels(line, mail=mail))} for line in preview.lines],
    }


def _people_by(lines: Iterable[Planned], key: Any) -> dict[str, int]:
    people: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        people[key(line)].add(line.person.id)
    return {name: len(ids) for name, ids in sorted(people.items())}


def safe_cell(value: object) -> str:
    """The value as text that a spreadsheet shows and does not compute.

    Source: OWASP, CSV injection: a leading apostrophe keeps a cell from being a formula. Numbers are numbers.
    """
    if isinstance(value, int):
        return str(value)
    text = str(value).replace("\x00", "")
    # A blank in front hides the sign from us, and not from every spreadsheet.
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) else text


def write_csv(preview: Preview, out: TextIO, *, mail: bool) -> int:
    """Write all lines; returns how many. `out` is opened with newline=''."""
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for line in preview.lines:
        cells = row(line, mail=mail)
        writer.writerow([safe_cell(cells[column]) for column in COLUMNS])
    return len(preview.lines)


def view_of(preview: Preview, page: int, zone: str) -> PreviewView:
    """One page of people for a card: those who would be told today, the most urgent first, then the days ahead."""
    today = [line for line in preview.lines if not line.day]
    people: dict[str, list[Planned]] = defaultdict(list)
    for line in today:
        people[line.person.id].append(line)
    everybody = list(people.values())
    shown = everybody[(page - 1) * PAGE : page * PAGE]
    ahead = Counter(line.at for line in preview.lines if line.day)
    persons: dict[Any, set[str]] = defaultdict(set)
    for line in preview.lines:
        persons[line.at].add(line.person.id)
    return PreviewView(
        now=preview.now,
        time_zone=zone,
        days=preview.days,
        as_of=preview.as_of,
        sending=preview.sending,
        people=len(everybody),
        notices=len(today),
        held=sum(1 for own in everybody if own[0].held),
        by_path=_in_order(today),
        shown=tuple(_person(own) for own in shown),
        first=(page - 1) * PAGE + 1,
        more=f"preview page {page + 1}" if len(everybody) > page * PAGE else "",
        ahead=tuple((at, len(persons[at]), number) for at, number in sorted(ahead.items())),
        all_people=preview.people,
    )


def _in_order(lines: Sequence[Planned]) -> tuple[tuple[str, int], ...]:
    counted = _people_by(lines, lambda line: line.alert.path.value)
    return tuple((path.value, counted[path.value]) for path in EscalationPath if path.value in counted)


def _person(lines: Sequence[Planned]) -> PreviewPerson:
    first = lines[0]
    return PreviewPerson(
        person=first.person,
        reason=first.place.reason,
        apps=len({line.alert.application.object_id for line in lines}),
        application=first.alert.application,
        credential=first.alert.credential,
        held=first.held,
    )
