"""Reads what people type: mentions, case, blanks and punctuation do not matter, names keep theirs."""

import html
import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from bot.inbound import GUID

#: Longest message that is looked at; a pasted error text fits.
MAX_TEXT = 4000
MAX_DAYS = 3650

_MENTION = re.compile(r"<at(?:\s[^>]*)?>.*?</at>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?(?:p|div|span|br|b|i|u|strong|em)(?:\s[^>]*)?/?>", re.IGNORECASE)
_QUOTES = "\"'\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb`"
_HOURS = re.compile(
    r"^(\d{1,4})\s*(h|hours?|stunden?|heures?|d|days?|tage?n?|jours?)?(?:[\s,:]+(.*))?$", re.IGNORECASE | re.DOTALL
)
_QUOTED = re.compile(r"^[\"\u201c\u201d\u201e\u00ab](.+?)[\"\u201c\u201d\u00bb]\s*(.*)$", re.DOTALL)
#: What joins the parts of a command, in English, German and French.
_FOR = r"for|für|fuer|um|pour|pendant|de"
_TO_WORDS = r"to|an|à|->|=>|\u2192"
_UNITS = r"d|days?|w|weeks?|t|tagen?|tage?|wochen?|j|jours?|semaines?"
#: The first letter of a unit that is seven days long.
_WEEKS = ("w", "s")
#: What may stand before a number of days, in these languages.
WITHIN = frozenset(("in", "within", "next", "innerhalb", "binnen", "in den nächsten", "dans", "sous", "d'ici"))
_DAYS = re.compile(rf"^(?:(.*?)[\s,]+)?(?:(?:{_FOR})\s+)?(\d{{1,4}})\s*({_UNITS})?$", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(r"^(?:(.*?)\s+)?(?:page|seite)\s+(\d{1,4})$", re.IGNORECASE | re.DOTALL)
_TO = re.compile(rf"^(.+)\s(?:{_TO_WORDS})\s(.+)$", re.IGNORECASE | re.DOTALL)
_LEADING_TO = re.compile(rf"^(?:{_TO_WORDS})\s+", re.IGNORECASE)
#: AADSTS texts name several ids; the application's follows this word.
_APP_ID = re.compile(rf"\bapp(?:lication)?\b[^0-9a-f]{{0,40}}?({GUID.pattern})", re.IGNORECASE)


def clean(text: str) -> str:
    """One line without mentions, markup, invisible characters and trailing punctuation."""
    text = _MENTION.sub(" ", text[:MAX_TEXT])
    text = html.unescape(_TAG.sub(" ", text))
    text = "".join(
        " " if unicodedata.category(character) in ("Zs", "Zl", "Zp", "Cc") else character
        for character in text
        if unicodedata.category(character) not in ("Cf", "Cs")
    )
    return " ".join(text.split()).lstrip("/!").rstrip(".!?;,:").strip()


def unquote(text: str) -> str:
    """Without the quotation marks around it."""
    return text.strip().strip(_QUOTES).strip()


@dataclass(frozen=True, slots=True)
class Days:
    rest: str
    #: None when none were given.
    days: int | None


def split_days(text: str) -> Days:
    """'Payroll Feed 7 days' -> ('Payroll Feed', 7); weeks count seven."""
    found = _DAYS.match(text)
    if not found:
        return Days(unquote(text), None)
    days = int(found[2]) * (7 if (found[3] or "").lower().startswith(_WEEKS) else 1)
    return Days(unquote(found[1] or ""), min(days, MAX_DAYS))


def split_hours(text: str) -> tuple[int | None, str]:
    """'4 wrong data' -> (4, 'wrong data'); (None, all of it) where no hours come first; days count 24."""
    found = _HOURS.match(text)
    if not found:
        return None, unquote(text)
    hours = int(found[1]) * (24 if (found[2] or "").lower().startswith(("d", "j", "t")) else 1)
    return hours, unquote(found[3] or "")


def split_page(text: str) -> tuple[str, int]:
    """'30 page 2' -> ('30', 2); the first page without."""
    found = _PAGE.match(text)
    return (text, 1) if not found else ((found[1] or "").strip(), max(1, int(found[2])))


def split_person(text: str) -> tuple[str, str] | None:
    """'Payroll Feed to Eli Novak' -> ('Payroll Feed', 'Eli Novak'); None without two parts.

    Understood: "app" person; app to person; else the last word is the person. What is meant is looked up, and
    nobody is asked unless exactly one app and one person answer to these names.
    """
    if quoted := _QUOTED.match(text):
        person = _LEADING_TO.sub("", quoted[2])
        return (quoted[1].strip(), unquote(person)) if unquote(person) else None
    if marked := _TO.match(text):
        return unquote(marked[1]), unquote(marked[2])
    app, _, person = text.rpartition(" ")
    if not app or not person:
        return None
    return unquote(app), unquote(person)


#: Months in the languages that Steward speaks, by their first letters.
_MONTHS = (
    ("jan",), ("feb", "fév", "fev"), ("mar", "mär", "maer"), ("apr", "avr"), ("may", "mai"), ("jun", "juin"),
    ("jul", "juil"), ("aug", "aoû", "aou"), ("sep",), ("oct", "okt"), ("nov",), ("dec", "dez", "déc"),
)  # fmt: skip
_DATE = (
    r"(?:(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
    r"|(?P<day2>\d{1,2})\.\s?(?P<month2>\d{1,2})\.\s?(?P<year2>\d{4})"
    r"|(?P<day3>\d{1,2})(?:st|nd|rd|th|er|\.)?\s(?P<name>[^\W\d]{3,10})\.?\s(?P<year3>\d{4}))"
)
_UNTIL = re.compile(
    rf"^(?P<app>.+?)\s(?:until|till|bis(?:\szum)?|jusqu['\u2019](?:au|\u00e0)?\s?(?:le)?)\s?{_DATE}[\s,:]*(?P<reason>.*)$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Until:
    app: str
    #: None: there is no such day.
    day: date | None
    reason: str


def split_until(text: str) -> Until | None:
    """'Payroll Feed until 2027-03-31 moves away' -> ('Payroll Feed', 31 March 2027, 'moves away').

    A day is 2027-03-31, 31.3.2027, or 31 March 2027; 3/4/2027 is not understood, for it is two days.
    """
    found = _UNTIL.match(text)
    if found is None:
        return None
    part = found.groupdict()
    month = int(part["month"] or part["month2"] or _month(part["name"] or ""))
    try:
        day = date(
            int(part["year"] or part["year2"] or part["year3"]), month, int(part["day"] or part["day2"] or part["day3"])
        )
    except ValueError:
        return Until(unquote(part["app"]), None, part["reason"].strip())
    return Until(unquote(part["app"]), day, part["reason"].strip())


def _month(name: str) -> int:
    """1 to 12, 0 for no month."""
    lowered = name.casefold()
    return next((n for n, starts in enumerate(_MONTHS, 1) if lowered.startswith(starts)), 0)


def mentioned_app(text: str) -> str | None:
    """The app id in a pasted error text or a bare id, None without one."""
    if found := _APP_ID.search(text):
        return found[1].lower()
    named = GUID.findall(text)
    # A single id anywhere is meant; of several, an error text names the app's own first.
    return named[0].lower() if len(named) == 1 or (named and "AADSTS" in text.upper()) else None
