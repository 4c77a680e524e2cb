"""Writes docs/settings.md, docs/permissions.md and .env.example from the tables of settings and rights."""

from itertools import groupby
from pathlib import Path

from settings.permissions import PERMISSIONS, Permission
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


_RIGHTS = """# Identities and rights

<!-- Made from settings/permissions.py by `python dev.py docs`; a test compares the two. -->

Reading and writing are different identities. The scanner can only read; the process that faces the internet needs no
right in Graph at all (`python app.py serve --only bot`); changing an owner is off unless an identity of its own is
set. Every right is the least that Microsoft documents for its requests, and each has a reason.

| identity | right | why | not more | settings | needed |
| --- | --- | --- | --- | --- | --- |
"""

_RIGHTS_TAIL = """
Steward never reads the value of a secret: Graph does not return it, and the hint that Graph does return (its first
letters) is neither decoded nor stored.

## Which request needs which right

| request | identity | right |
| --- | --- | --- |
"""

_CREDENTIALS = """
## How an identity proves itself

Best is a managed identity or a federated credential, which never expires; then a certificate; a client secret is for
development. Steward's own applications are in the scan like any other, and alarm like any other.
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


def permissions_markdown() -> str:
    """The text of docs/permissions.md."""
    rights = "\n".join(_right(permission) for permission in PERMISSIONS)
    calls = "\n".join(
        f"| `{call.method} {call.path}` | {permission.identity} | {permission.right} |"
        for permission in PERMISSIONS
        for call in permission.calls
    )
    return f"{_RIGHTS}{rights}\n{_RIGHTS_TAIL}{calls}\n{_CREDENTIALS}"


def _right(permission: Permission) -> str:
    needed = f"with {permission.only_with}" if permission.only_with else "always"
    return (
        f"| {permission.identity} | {permission.right} ({permission.api}) | {permission.why} | {permission.not_more} |"
        f" `{permission.settings}...` | {needed} |"
    )


def env_example() -> str:
    """The text of .env.example: every setting, none of them set."""
    lines = ["# Copy to .env and take the # away where you set something. Meanings: docs/settings.md"]
    for group, docs in groupby(SETTINGS, key=lambda doc: doc.group):
        lines += ["", f"# {group}"]
        lines += [f"#{doc.name}=" for doc in docs if doc.accepts is None or doc.accepts]
    return "\n".join(lines) + "\n"


def write(root: Path) -> None:
    """Write the three files under the root of the project."""
    (root / "docs" / "settings.md").write_text(settings_markdown(), encoding="utf-8", newline="\n")
    (root / "docs" / "permissions.md").write_text(permissions_markdown(), encoding="utf-8", newline="\n")
    (root / ".env.example").write_text(env_example(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write(Path(__file__).resolve().parent.parent)
