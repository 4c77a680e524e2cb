"""Names that somebody with bad intentions, or bad luck, gave an app (the poison set)."""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from enum import Enum
from typing import Any

#: Each contains a word by which it can be found again on the card.
NAMES = (
    "",
    "   ",
    "\u202e\u2066\u200b",
    "Marker [click](https://evil.example/login)",
    "Marker ![pixel](https://evil.example/p.gif)",
    "Marker [a]: https://evil.example 'x'",
    "[Marker]: https://evil.example",
    "Marker https://evil.example/login www.evil.example mailto:x@evil.example",
    "Marker <a href='https://evil.example'>here</a><img src=x onerror=alert(1)>",
    "<script>Marker</script><style>*{display:none}</style>",
    "Marker **bold** __bold__ *it* _it_ ~~no~~ `code` ***",
    "# Marker",
    "- Marker",
    "1. Marker",
    "> Marker",
    "===Marker",
    "Marker\n- one\n- two\r\n\r\n| a | b |\n|---|---|\n| 1 | 2 |",
    "Marker {{DATE(2026-12-03T10:00:00Z,LONG)}} {{TIME(2026-12-03T10:00:00Z)}}",
    "Marker ${user.name} ${if(true,'x','y')} %s {0} {app} {{app}}",
    "Marker <at>Everyone</at> </at><AT id=1>x</AT>",
    "Marker \u202egpj.exe\u202c \u2066x\u2069 \u200f\u061c",
    "Marker אבג 123 عربى",
    "אבג (דהו) [Marker]",
    "Marker\x00\x07\x1b[31m\x85\u2028\u2029\ufeff\ud800",
    "Marker &lt;script&gt; &#60; &amp; & R&D",
    "Marker \\* \\[x\\](y) C:\\temp\\",
    'Marker "quoted" \'single\' " | union * //',
    '=cmd|" /C calc"!A0 Marker',
    "Marker " + "x" * 10_000,
    "Marker" + "\u0301" * 500,
    "Marker " + "👩‍👩‍👧‍👦" * 256,
    "Marker" + "\u00a0" * 300 + "far away",
    "svc_marker_payroll_prod",
)

#: Fields that hold ids, zones, verbs and the like: ours, not somebody's text.
_OURS = re.compile(
    r"(_id|_zone)$|^(id|key|kind|answer|verbs|state|states|sentence|sending|more|name|told|by_path|held)$"
)


def poisoned(value: Any, text: str, field: str = "") -> Any:
    """The same view with this text in place of everything that somebody else could have written."""
    if isinstance(value, Enum | date | bool | int | float) or value is None:
        return value
    if isinstance(value, str):
        # An application's notes are text, a digest's are not.
        return value if _OURS.search(field) else text
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: poisoned(getattr(value, f.name), text, f.name) for f in fields(value)}
        return replace(value, **changed)
    if isinstance(value, Mapping):
        # Sentences' parameters; a ledger's numbers and states stay.
        return {name: poisoned(each, text, field if field == "states" else "") for name, each in value.items()}
    if field == "notes":
        # A digest's: (key of a sentence, its parameters).
        return tuple((key, poisoned(params, text)) for key, params in value)
    if isinstance(value, tuple | list):
        return type(value)(poisoned(each, text, field) for each in value)
    return value
