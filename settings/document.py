"""Writes docs/settings.md and .env.example from the table of settings."""

from itertools import groupby
from pathlib import Path

from settings.table import OUTSIDE_NAMES, SETTINGS, SettingDoc

_HEAD = """# Settings

<!-- Made from settings/table.py by `python dev.py docs`; a test compares the two. -->

Steward reads its environment and a file `.env` beside `app.py`; the environment goes first. Every mistake is named
at once, before the first request, and the exit code is 2: a wrong value, a missing half, a misspelt name. An empty
value counts as not set, but it is no practice tenant: a deployment whose secrets came out empty must not start one.

A setting marked *secret* can be read from a file: `NAME_FILE` holds the path.

*Not built yet* means that the value it would need is refused, so that no setting is without effect; the default
passes.
"""

_TAIL = """## Several hosts

Several replicas share one PostgreSQL (`DATABASE_URL`). Without Log Analytics (`LOGS_*`) the embedded archive is the
only one, and then they must share `STATE_DIR` as well: the folder carries an id (`steward-state.json`), and a host
that brings another folder to the same database is refused.

## TLS and proxies

These names belong to the libraries; Steward honours them, in `.env` too.

| name | meaning |
| --- | --- |
"""


def settings_markdown() -> str:
    """The text of docs/settings.md."""
    parts = [_HEAD]
    for group, docs in groupby(SETTINGS, key=lambda doc: doc.group):
        rows = "\n".join(_row(doc) for doc in docs)
        parts.append(f"## {group}\n\n| setting | may be | default | meaning |\n| --- | --- | --- | --- |\n{rows}\n")
    parts.append(_TAIL + "\n".join(f"| `{name}` | {meaning} |" for name, meaning in OUTSIDE_NAMES.items()) + "\n")
    return "\n".join(parts)


def _row(doc: SettingDoc) -> str:
    kind = f"{doc.type} (secret)" if doc.secret and doc.type != "secret" else doc.type
    sentence = doc.sentence
    if doc.accepts is not None:
        allowed = f"only {' or '.join(f'`{text}`' for text in doc.accepts)}" if doc.accepts else "nothing"
        sentence += f" *Not built yet: {allowed} may be set.*"
    return f"| `{doc.name}` | {kind} | {doc.default} | {sentence} |"


def env_example() -> str:
    """The text of .env.example: every setting, none of them set."""
    lines = ["# Copy to .env and take the # away where you set something. Meanings: docs/settings.md"]
    for group, docs in groupby(SETTINGS, key=lambda doc: doc.group):
        lines += ["", f"# {group}"]
        lines += [f"#{doc.name}=" for doc in docs if doc.accepts is None or doc.accepts]
    return "\n".join(lines) + "\n"


def write(root: Path) -> None:
    """Write both files under the root of the project."""
    (root / "docs" / "settings.md").write_text(settings_markdown(), encoding="utf-8", newline="\n")
    (root / ".env.example").write_text(env_example(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(__file__).resolve().parent.parent)
