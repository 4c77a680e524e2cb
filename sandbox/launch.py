"""Starts the practice tenant as a process of its own, or finds the one that runs.

Standard library only, and nothing that reads SSL_CERT_FILE: aiohttp reads it once, when it is imported,
so this must have run, and its settings must be in the environment, before that.
"""

import json
import os
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Seconds that a tenant of 300 apps may take to start, and more per thousand apps.
START_SECONDS, START_SECONDS_PER_THOUSAND = 90.0, 1.5
#: Seconds to wait for one that is just being started by another process.
STOP_SECONDS = 10.0

#: Option of `python -m sandbox` -> its number, None where any will do.
Wanted = dict[str, int | None]


class LaunchError(Exception):
    """The practice tenant did not start; the message has what it said."""


class OtherTenantError(LaunchError):
    """The state directory holds, or serves, a practice tenant that is not the one asked for."""


@dataclass(kw_only=True)
class Practice:
    """A running practice tenant."""

    #: Environment variables that lead Steward to it.
    settings: dict[str, str]
    control_url: str
    ca_file: str
    #: Bearer token of the control endpoints.
    token: str
    #: None when another process started it.
    process: "subprocess.Popen[bytes] | None" = None

    def stop(self) -> None:
        """End it if it was started here; waits until it is gone."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        _close_pipes(self.process)

    def call(self, method: str, path: str, body: object = None, seconds: float = 30.0) -> object:
        """One call of a control endpoint (blocking); its JSON answer. Raises OSError, ValueError."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own https address
            self.control_url + path,
            data=data,
            method=method,
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with _opener(self.ca_file).open(request, timeout=seconds) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def start_or_attach(
    state_dir: Path, apps: int, seed: int, *, enterprise: int | None = None, owners: int | None = None
) -> Practice:
    """The practice tenant that lives in this state directory, started now if none runs.

    One that is started here ends with this process. `enterprise` and `owners` are sandbox.generator.make_tenant's;
    None is content with any. Raises LaunchError, also when the one that runs has another size or seed.
    """
    folder = Path(state_dir) / "practice"
    wanted: Wanted = {"apps": apps, "seed": seed, "enterprise": enterprise, "owners": owners}
    running = _attach(folder, wanted)
    if running is not None:
        return running
    try:
        return _start(Path(state_dir), wanted)
    except _InUse:
        deadline = time.monotonic() + START_SECONDS + apps / 1000 * START_SECONDS_PER_THOUSAND
        while time.monotonic() < deadline:
            running = _attach(folder, wanted)
            if running is not None:
                return running
            time.sleep(0.2)
        raise LaunchError(f"a practice tenant holds {folder} but does not answer") from None


class _InUse(Exception):
    """Another process is just starting one on the same folder."""


def _attach(folder: Path, wanted: Wanted) -> Practice | None:
    """The one that address.json names, if it answers."""
    try:
        address = json.loads((folder / "address.json").read_text(encoding="utf-8"))
        practice = _practice(address)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not _answers(practice):
        return None
    for name, value in wanted.items():
        if value is not None and address.get(name) != value:
            raise OtherTenantError(
                f"the practice tenant that runs on {folder} has {_words(address)}, asked for were {_words(wanted)}"
            )
    return practice


def _words(numbers: Mapping[str, Any]) -> str:
    more = "".join(f", {numbers[name]} {name}" for name in ("enterprise", "owners") if numbers.get(name) is not None)
    return f"{numbers['apps']} apps and seed {numbers['seed']}{more}"


def _practice(address: dict[str, Any], process: "subprocess.Popen[bytes] | None" = None) -> Practice:
    return Practice(
        settings={str(name): str(value) for name, value in dict(address["settings"]).items()},
        control_url=str(address["control_url"]),
        ca_file=str(address["ca_file"]),
        token=str(address["token"]),
        process=process,
    )


def _opener(ca_file: str) -> urllib.request.OpenerDirector:
    """Opens https with this authority only, past any proxy."""
    context = ssl.create_default_context(cafile=ca_file)
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))


def _answers(practice: Practice) -> bool:
    """Whether somebody who holds this tenant's key answers at its address; the authority is made at each start."""
    try:
        with _opener(practice.ca_file).open(practice.control_url + "/", timeout=3):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False


def _start(state_dir: Path, wanted: Wanted) -> Practice:
    folder = state_dir / "practice"
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.txt"
    root = Path(__file__).resolve().parent.parent
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--state-dir",
        str(state_dir.resolve()),
        "--with-parent",
        *(part for name, value in wanted.items() if value is not None for part in (f"--{name}", str(value))),
    ]
    with log.open("ab") as errors:
        written = errors.tell()
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            command,
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
        )
    size = (wanted["apps"] or 0) + (wanted["owners"] or 0)
    line = _first_line(process, START_SECONDS + size / 1000 * START_SECONDS_PER_THOUSAND)
    if line:
        return _practice(json.loads(line), process)
    timed_out = process.poll() is None
    if timed_out:
        process.kill()
    status = process.wait()
    _close_pipes(process)
    if status == 3:
        raise _InUse
    if status == 2:
        raise OtherTenantError(log.read_bytes()[written:].decode(errors="replace").strip())
    said = log.read_bytes()[written:].decode(errors="replace").strip()
    raise LaunchError(said or ("the practice tenant did not start in time" if timed_out else f"exit code {status}"))


def _close_pipes(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _environment() -> dict[str, str]:
    """Ours, without what would lead the twins themselves astray."""
    return {name: value for name, value in os.environ.items() if name not in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")}


def _first_line(process: "subprocess.Popen[bytes]", seconds: float) -> bytes:
    """What the process prints when it is ready, b'' when it ended or took too long."""
    lines: list[bytes] = []

    def read() -> None:
        if process.stdout is not None:
            lines.append(process.stdout.readline())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(seconds)
    return lines[0] if lines else b""
