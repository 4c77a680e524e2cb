"""Collects the texts of all settings from the environment, `.env` and secret files, and notes every mistake."""

import difflib
import io
import json
import re
import secrets
from collections.abc import Collection, Mapping
from pathlib import Path
from time import sleep
from typing import TypeVar

from dotenv.parser import parse_stream

from settings.table import BY_NAME, OUTSIDE_NAMES

T = TypeVar("T")

#: A name that begins like this is meant for Steward, so an unknown one is a mistake.
_PREFIXES = (
    "STEWARD_", "GRAPH_", "LOGS_", "MICROSOFTAPP", "BOT_", "TEAMS_", "OWNER_WRITE_", "OWNER_CHANGE", "MAIL_CLIENT_",
    "MAIL_SENDER", "INSTALL_CLIENT_", "PRACTICE_", "PILOT_", "SNOOZE_",
)  # fmt: skip

#: Names of others that look like ours: systemd's folders, azure-identity's and the Azure CLI's own.
_FOREIGN = frozenset(
    {
        "LOGS_DIRECTORY", "STATE_DIRECTORY", "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", "AZURE_TENANT_NAME",
        "AZURE_CLIENT_NAME", "AZURE_AUTHORITY",
    }
)  # fmt: skip

#: Kubernetes tells every pod about every service: STEWARD_SERVICE_HOST, STEWARD_PORT_3978_TCP_ADDR, ...
#: App Service repeats each setting as APPSETTING_NAME.
_PLATFORM = re.compile(
    r"\w+_SERVICE_(HOST|PORT(_\w+)?)|\w+_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|APPSETTING_\w+"
)

#: difflib's ratio from which a name counts as a misspelling of a setting.
_NEAR = 0.87

_MARK = "steward-state.json"


class Secret:
    """A text that never shows itself; `reveal` is for the one call that needs it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and secrets.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


class Reader:
    """The texts that were found, their values, and what is wrong with them."""

    def __init__(self, environ: Mapping[str, str], env_file: Path | None, *, windows: bool) -> None:
        self.problems: list[str] = []
        self._environ = environ
        #: TLS and proxy names that `.env` sets.
        self.outside: dict[str, str] = {}
        found = self._dotenv(env_file) if env_file is not None else {}
        self.outside = {name: value for name, value in found.items() if name in OUTSIDE_NAMES}
        if windows:
            # Windows hands names over in upper case, whatever the administrator wrote.
            by_upper = {name.upper(): name for name in _file_names() | BY_NAME.keys()}
            environ = {by_upper.get(name, name): value for name, value in environ.items()}
        found.update(environ)
        self._mentioned = {name for name in found if name in BY_NAME or name in _file_names()}
        self._texts: dict[str, str] = {}
        self._values: dict[str, object] = {}
        for name in BY_NAME:
            self._read(name, found)
        for name in sorted(found):
            self._check_name(name, found[name])

    def forget(self, names: Collection[str]) -> None:
        """Treat these as not set."""
        for name in names:
            self._texts.pop(name, None)
            self._values.pop(name, None)

    def problem(self, sentence: str) -> None:
        if sentence not in self.problems:
            self.problems.append(sentence)

    # ------------------------------------------------------------ what was set

    def mentioned(self, name: str) -> bool:
        """Whether the name is there at all, empty or as NAME_FILE: an empty secret is no practice tenant."""
        return name in self._mentioned or f"{name}_FILE" in self._mentioned

    def given(self, name: str) -> bool:
        """Whether it has a text, right or wrong."""
        return name in self._texts

    def raw(self, name: str) -> str:
        return self._texts.get(name, "")

    def outer(self, name: str) -> bool:
        """Whether a name that is no setting stands in the environment."""
        return bool(self._environ.get(name))

    def outside_text(self, name: str) -> str:
        """A TLS or proxy name, from the environment or `.env`; '' when it is not set."""
        return self._environ.get(name) or self.outside.get(name, "")

    # ------------------------------------------------------------ values

    def value(self, name: str, kind: type[T], default: T) -> T:
        """The value, the default where it is not set or wrong."""
        value = self._values.get(name, default)
        if not isinstance(value, kind):
            raise TypeError(f"{name} is read as {type(value).__name__}, asked for as {kind.__name__}")
        return value

    def text(self, name: str, default: str = "") -> str:
        return self.value(name, str, default)

    def number(self, name: str, default: int) -> int:
        return self.value(name, int, default)

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        return tuple(dict.fromkeys(str(part) for part in self.value(name, tuple, default)))

    def days(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(int(part) for part in self.value(name, tuple, default))

    def secret(self, name: str) -> Secret | None:
        return Secret(self.text(name)) if self.text(name) else None

    def path(self, name: str) -> Path | None:
        value = self._values.get(name)
        return value if isinstance(value, Path) else None

    # ------------------------------------------------------------ reading

    def _read(self, name: str, found: Mapping[str, str]) -> None:
        doc = BY_NAME[name]
        text = found.get(name, "").strip()
        if doc.secret and found.get(f"{name}_FILE", "").strip():
            if text:
                self.problem(f"{name} and {name}_FILE are both set: set one")
            text = self._secret_file(f"{name}_FILE", found[f"{name}_FILE"].strip())
        if not text:
            return
        self._texts[name] = text
        try:
            self._values[name] = doc.parse(text)
        except ValueError as error:
            self.problem(f"{name} is malformed" if doc.secret and text in str(error) else f"{name} {error}")

    def _secret_file(self, name: str, path: str) -> str:
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            self.problem(f"{name} names a file that cannot be read: {path} ({error.strerror})")
            return ""
        except UnicodeDecodeError:
            self.problem(f"{name} names a file that is no text: {path}")
            return ""
        if not text:
            self.problem(f"{name} names an empty file: {path}")
        return text

    def _dotenv(self, env_file: Path) -> dict[str, str]:
        """The file's names and texts; python-dotenv itself would only log a line it cannot read."""
        try:
            content = env_file.read_text(encoding="utf-8-sig")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            self.problem(f"{env_file.name} cannot be read: {error}")
            return {}
        found: dict[str, str] = {}
        for binding in parse_stream(io.StringIO(content)):
            line = binding.original.line
            if binding.error or (binding.key is not None and binding.value is None):
                self.problem(f"{env_file.name}, line {line}: must be NAME=value")
            elif binding.key is not None:
                if binding.key in found:
                    self.problem(f"{env_file.name}, line {line}: {binding.key} stands there twice")
                found[binding.key] = binding.value or ""
        return found

    # ------------------------------------------------------------ names nobody knows

    def _check_name(self, name: str, value: str) -> None:
        if name in BY_NAME or name in _file_names() or name in _FOREIGN or _PLATFORM.fullmatch(name):
            return
        if name.endswith("_PORT") and value.startswith(("tcp://", "udp://")):
            return
        plain = name.removesuffix("_FILE")
        if plain in BY_NAME and plain != name:
            self.problem(f"{name}: only secrets are read from a file; set {plain} itself")
            return
        if near := _nearest(name):
            self.problem(f"{name} is no setting; did you mean {near}?")
        elif name.upper().startswith(_PREFIXES):
            self.problem(f"{name} is no setting of Steward (docs/settings.md lists them)")

    # ------------------------------------------------------------ the state folder

    def check_state_dir(self, folder: Path, mode: str) -> None:
        """Refuse a folder that the other mode has used."""
        try:
            mark = read_mark(folder)
        except (OSError, ValueError) as error:
            self.problem(f"STATE_DIR: {folder / _MARK} cannot be read: {error}")
            return
        if mark and mark["mode"] != mode:
            self.problem(f"STATE_DIR={folder} has been used in {mark['mode']}; {mode} needs another folder")


def read_mark(folder: Path) -> dict[str, str] | None:
    """The mark of a state folder, {"mode", "id"}; None where there is none. Raises OSError, ValueError."""
    try:
        mark = json.loads((folder / _MARK).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    match mark:
        case {"mode": str(mode), "id": str(id)}:
            return {"mode": mode, "id": id}
    raise ValueError("it is damaged")


def mark_state_dir(folder: Path, mode: str) -> str:
    """Make the folder and mark it with the mode; returns the folder's id, the same on every host that shares it.

    Raises OSError, and ValueError when the other mode has used it since it was checked.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with (folder / _MARK).open("x", encoding="utf-8") as file:
            file.write(json.dumps({"mode": mode, "id": secrets.token_hex(16)}))
    except FileExistsError:
        pass
    mark = _settled_mark(folder)
    if mark["mode"] != mode:
        raise ValueError(f"it has been used in {mark['mode']}")
    return mark["id"]


def _settled_mark(folder: Path) -> dict[str, str]:
    """The mark, waiting for a process that has made the file and not yet written it."""
    for _ in range(20):
        try:
            if mark := read_mark(folder):
                return mark
        except ValueError:
            pass
        sleep(0.05)
    raise ValueError(f"{_MARK} is damaged")


def _file_names() -> frozenset[str]:
    return _SECRET_FILES


_SECRET_FILES = frozenset(f"{doc.name}_FILE" for doc in BY_NAME.values() if doc.secret)


def _nearest(name: str) -> str:
    """The setting of which this name is a misspelling, '' none."""
    for known in BY_NAME:
        if known.casefold() == name.casefold():
            return known
    near = difflib.get_close_matches(name, BY_NAME, n=1, cutoff=_NEAR)
    # Four letters are too few to tell a misspelling from another word: HOST, POST, PORT.
    return near[0] if near and len(near[0]) > 5 else ""
