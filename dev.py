"""Sets Steward up, runs it and checks it: Python's standard library only, on Linux, macOS and Windows.

python dev.py run       set up, then start Steward (the practice tenant if nothing is configured)
python dev.py test      set up, then every check and test that CI runs
python dev.py help      all the rest
"""

from __future__ import annotations  # so that an old Python can read this far and be told that it is too old

import argparse
import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Callable, Iterator, NamedTuple, NoReturn, Sequence

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")

OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 20

#: Folders with npm packages: what the practice tenant's client needs, and what tests need besides.
CLIENT = ROOT / "sandbox" / "client"
NODE_TESTS = ROOT / "tests" / "node"

#: Lock file -> what it is made from, with the locks that bind it.
LOCKS = {
    "requirements.txt": "requirements.in",
    "requirements-dev.txt": "requirements-dev.in",
    "requirements-node.txt": "requirements-node.in",
}

#: What mypy and ruff read: everything of ours.
CODE = (
    "alerts", "archive", "bench", "bot", "cards", "graph", "infra", "manifest", "sandbox", "scanner", "service", "settings", "store", "tests",
    "app.py", "config.py", "dev.py",
)  # fmt: skip

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
CHROMIUM_PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)


class Failed(Exception):
    """A step failed; the message says which and what to do."""


def say(text: str) -> None:
    """Tell what is happening, on stderr: stdout belongs to what is run."""
    print(text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------- running things


def environment() -> dict[str, str]:
    """The environment of everything that is started: the virtual environment's programs come first."""
    env = dict(os.environ)
    env["PATH"] = str(BIN) + os.pathsep + env.get("PATH", "")
    env["VIRTUAL_ENV"] = str(VENV)
    # A folder named like a room, or a variable of another project, must not shadow ours.
    env.pop("PYTHONPATH", None)
    env.pop("PYTHONHOME", None)
    # Where it is set, as in many containers, each process that a run or a test starts compiles all it imports anew.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def call(command: Sequence[str | Path], *, cwd: Path = ROOT, quiet: bool = False) -> int:
    """Run a command to its end and return its exit code; `quiet` shows its output only if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment(),
        check=False,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
    )
    if quiet and done.returncode:
        sys.stderr.buffer.write(done.stdout)
        sys.stderr.flush()
    return done.returncode


def python(*arguments: str | Path) -> int:
    return call([PYTHON, *arguments])


def become(*arguments: str | Path) -> NoReturn:
    """Turn into Python with these arguments, so that signals reach it and its exit code is ours."""
    sys.stdout.flush()
    sys.stderr.flush()
    command = [str(PYTHON), *map(str, arguments)]
    if not WINDOWS:
        os.chdir(ROOT)
        os.execve(command[0], command, environment())
    # Windows has no exec; Ctrl+C reaches both processes there, and this one waits for the other's answer.
    with subprocess.Popen(command, cwd=ROOT, env=environment()) as process:
        while True:
            try:
                sys.exit(process.wait())
            except KeyboardInterrupt:
                continue


def enter_venv(program: str) -> None:
    """For a program that was started by another Python: go on in the virtual environment, where the packages are.

    Without one, as in a container, it goes on here if the packages are here.
    """
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    if not PYTHON.exists():
        # Names that nobody has by accident: the system's Python may well hold some of the others.
        if all(importlib.util.find_spec(name) is not None for name in ("botbuilder", "msgspec", "sqlalchemy")):
            return
        say("Steward is not set up yet: python dev.py setup")
        sys.exit(2)
    become(ROOT / program, *sys.argv[1:])


# ---------------------------------------------------------------- setting up


def stamp_of(*files: Path) -> str:
    """What the set-up depends on: the files' contents and the Python that runs this."""
    digest = hashlib.sha256(repr(sys.version_info[:2]).encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def once(label: str, stamp: Path, value: str, work: Callable[[], None]) -> None:
    """Do the work unless the stamp says that it was done for the same value."""
    try:
        if stamp.read_text(encoding="utf-8") == value:
            return
    except OSError:
        pass
    say(f"{label} ...")
    start = time.monotonic()
    work()
    stamp.write_text(value, encoding="utf-8")
    say(f"{label}: {time.monotonic() - start:.0f} s")


def check_python() -> None:
    if sys.version_info < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        found = ".".join(map(str, sys.version_info[:3]))
        raise Failed(f"Steward needs Python {wanted} or newer; this is {found} ({sys.executable}).")


def make_venv() -> None:
    version = VENV / "steward-python"
    wanted = ".".join(map(str, sys.version_info[:2]))
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if PYTHON.exists() and (inside or not version.exists() or version.read_text(encoding="utf-8") == wanted):
        return
    say("Virtual environment ...")
    if VENV.exists():
        shutil.rmtree(VENV)
    if call([sys.executable, "-m", "venv", VENV], quiet=True):
        raise Failed("No virtual environment could be made (on Debian and Ubuntu: apt install python3-venv).")
    version.write_text(wanted, encoding="utf-8")


def pip_install(lock: str) -> None:
    """Install exactly what the lock names: wheels only, each with its hash.

    Without --no-compile pip compiles the 16,741 files of msgraph-sdk, of which a run imports a few
    hundred: measured 31 s with and 18 s without. --no-deps, because the lock names everything.
    """
    command: list[str | Path] = [
        PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input", "--no-compile", "--no-deps",
        "--require-hashes", "--only-binary", ":all:", "-r", ROOT / lock,
    ]  # fmt: skip
    if call(command, quiet=True):
        raise Failed(f"pip could not install {lock}; its words stand above.")


def install_python_packages(*, dev: bool) -> None:
    for lock, label in (("requirements.txt", "Python packages"), ("requirements-dev.txt", "Development packages")):
        if lock == "requirements.txt" or dev:
            once(label, VENV / f"steward-{lock}.stamp", stamp_of(ROOT / lock), partial(pip_install, lock))


def node_version(program: str) -> int:
    """The major version of a Node, 0 when it does not answer."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=30)
        return int(done.stdout.strip().lstrip("v").split(".")[0])
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return 0


def ensure_node() -> None:
    """Find Node and npm, or bring them from PyPI into the virtual environment."""
    path = environment()["PATH"]
    node = shutil.which("node", path=path)
    if node and shutil.which("npm", path=path) and node_version(node) >= OLDEST_NODE:
        return
    lock = "requirements-node.txt"
    once("Node", VENV / f"steward-{lock}.stamp", stamp_of(ROOT / lock), lambda: pip_install(lock))


def install_npm_packages(folder: Path, label: str) -> None:
    if not (folder / "package-lock.json").exists():
        return

    def work() -> None:
        npm = shutil.which("npm", path=environment()["PATH"])
        if npm is None:
            raise Failed("npm is missing, though Node was set up; remove .venv and try again.")
        # No package's own scripts run: nothing we use needs them.
        if call([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, quiet=True):
            raise Failed(f"npm could not install {folder.relative_to(ROOT)}; its words stand above.")

    files = (folder / "package.json", folder / "package-lock.json")
    once(label, folder / "node_modules" / ".steward-stamp", stamp_of(*files), work)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait until no other set-up runs in this folder; the system lets go of the lock even if this one is killed."""
    with (ROOT / ".setup.lock").open("a") as file:
        if WINDOWS:
            import msvcrt  # noqa: PLC0415 - exists on Windows only

            while True:
                # It gives up after ten seconds by itself.
                with contextlib.suppress(OSError):
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined,unused-ignore]
                    break
        else:
            import fcntl  # noqa: PLC0415 - does not exist on Windows

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def setup(*, dev: bool = False) -> None:
    """Everything that running needs, and with `dev` everything that testing needs; a second time takes a moment."""
    check_python()
    with alone():
        make_venv()
        install_python_packages(dev=dev)
        ensure_node()
        install_npm_packages(CLIENT, "Web client")
        if dev:
            install_npm_packages(NODE_TESTS, "Packages of the node checks")


# ---------------------------------------------------------------- Chromium


def find_chromium() -> str:
    """A Chromium or a relative of it, '' when there is none (Playwright then looks for its own)."""
    for name in CHROMIUM_NAMES:
        if found := shutil.which(name):
            return found
    return next((place for place in CHROMIUM_PLACES if Path(place).exists()), "")


def ensure_chromium() -> None:
    """Find a Chromium, else install Debian's where that is allowed, else let Playwright fetch its own."""
    if find_chromium():
        return
    if _is_debian() and hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        say("Chromium from Debian ...")
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        if not call(install, quiet=True):
            return
        if not call(["apt-get", "update", "-qq"], quiet=True) and not call(install, quiet=True):
            return
    stamp = VENV / "steward-chromium.stamp"
    once("Chromium from Playwright", stamp, stamp_of(ROOT / "requirements-dev.txt"), _playwright_chromium)


def _is_debian() -> bool:
    # Ubuntu's package of the same name only points to a snap.
    try:
        lines = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return "ID=debian" in lines


def _playwright_chromium() -> None:
    if python("-m", "playwright", "install", "chromium"):
        raise Failed("No Chromium was found, and none could be installed; the browser test needs one.")


# ---------------------------------------------------------------- checks


def code() -> list[str]:
    return [name for name in CODE if (ROOT / name).is_file() or any((ROOT / name).rglob("*.py"))]


def scripts() -> list[Path]:
    """Our own JavaScript: the practice tenant's client and the node checks."""
    found = [path for folder in (CLIENT, NODE_TESTS) for suffix in ("*.js", "*.mjs") for path in folder.rglob(suffix)]
    return sorted(path for path in found if "node_modules" not in path.parts)


def check_code() -> list[str]:
    """Ruff, mypy and Node's own syntax check; returns the names of those that failed."""
    steps: list[tuple[str, list[str | Path]]] = [
        ("ruff check", [PYTHON, "-m", "ruff", "check", "--quiet", "--output-format", "concise", *code()]),
        ("ruff format", [PYTHON, "-m", "ruff", "format", "--check", "--quiet", "--output-format", "concise", *code()]),
        ("mypy", [PYTHON, "-m", "mypy", *code()]),
    ]
    node = shutil.which("node", path=environment()["PATH"]) or "node"
    failed = [name for name, command in steps if call(command)]
    return failed + [f"node --check {path.name}" for path in scripts() if not is_module(path, node)]


def is_module(path: Path, node: str) -> bool:
    """Whether Node can read the script as a module.

    By standard input, since `node --check file.js` passes whatever it takes for neither kind of script.
    """
    command = [node, "--input-type=module", "--check"]
    done = subprocess.run(command, input=path.read_bytes(), capture_output=True, check=False)
    if done.returncode:
        say(f"{path.relative_to(ROOT)}: {done.stderr.decode(errors='replace')}")
    return done.returncode == 0


def lint(arguments: list[str]) -> int:
    setup(dev=True)
    failed = check_code()
    if failed:
        say(f"Failed: {', '.join(failed)}")
    return 1 if failed else 0


def test(arguments: list[str]) -> int:
    """With arguments only pytest runs, with them; without, everything. pytest's summary is the last line."""
    setup(dev=True)
    ensure_chromium()
    if arguments:
        return python("-m", "pytest", *arguments)
    failed = check_code()
    if failed:
        say(f"Failed before the tests: {', '.join(failed)}")
    sys.stdout.flush()
    # The order of tests/conftest.py: the slow files first.
    code = python("-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
    return code or (1 if failed else 0)


def format_code(arguments: list[str]) -> int:
    setup(dev=True)
    return python("-m", "ruff", "check", "--fix", "--quiet", *code()) | python("-m", "ruff", "format", *code())


# ---------------------------------------------------------------- the other commands


def set_up(arguments: list[str]) -> int:
    setup(dev="--dev" in arguments)
    say("Ready.")
    return 0


def run(arguments: list[str]) -> int:
    setup()
    become("app.py", *arguments)


def ask(*command: str) -> Callable[[list[str]], int]:
    """A command of app.py."""

    def work(arguments: list[str]) -> int:
        setup()
        become("app.py", *command, *arguments)

    return work


def script(name: str, *, browser: bool = False) -> Callable[[list[str]], int]:
    """A script or module that needs the development packages."""

    def work(arguments: list[str]) -> int:
        setup(dev=True)
        if not (ROOT / name).exists():
            raise Failed(f"{name} does not exist yet.")
        if browser:
            ensure_chromium()
        module = name.removesuffix(".py").replace("/", ".")
        return python("-m", module, *arguments)

    return work


def docs(arguments: list[str]) -> int:
    setup(dev=True)
    return python("-m", "settings.document") or python("-m", "archive.docs")


def lock(arguments: list[str]) -> int:
    """Pin the newest versions; hashes for every platform, and no word of where they were fetched."""
    setup(dev=True)
    for target, source in LOCKS.items():
        command: list[str | Path] = [
            PYTHON, "-m", "uv", "pip", "compile", source, "-o", target, "--quiet", "--universal", "--python-version",
            ".".join(map(str, OLDEST_PYTHON)), "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links",
            "--custom-compile-command", "python dev.py lock", *arguments,
        ]  # fmt: skip
        if call(command):
            raise Failed(f"{target} could not be made.")
    npm = shutil.which("npm", path=environment()["PATH"]) or "npm"
    for folder in (CLIENT, NODE_TESTS):
        if (folder / "package.json").exists() and call(
            [npm, "install", "--package-lock-only", "--ignore-scripts", "--omit-lockfile-registry-resolved"], cwd=folder
        ):
            raise Failed(f"{folder.relative_to(ROOT)} could not be locked.")
    return 0


def clean(arguments: list[str]) -> int:
    """Remove what set-up and checks made; with --state the state folder as well."""
    folders = [VENV, CLIENT / "node_modules", NODE_TESTS / "node_modules"]
    folders += [ROOT / name for name in (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "dist")]
    folders += [path for name in code() for path in (ROOT / name).glob("**/__pycache__")] + [ROOT / "__pycache__"]
    folders += [ROOT / "var"] if "--state" in arguments else []
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


class Command(NamedTuple):
    work: Callable[[list[str]], int]
    sentence: str


COMMANDS = {
    "run": Command(run, "set up, then start Steward"),
    "test": Command(test, "set up, then every check and test; with arguments only pytest, with them"),
    "setup": Command(set_up, "set up only; --dev with what the tests need"),
    "lint": Command(lint, "ruff, mypy and node's syntax check"),
    "format": Command(format_code, "let ruff fix and format the code"),
    "docs": Command(docs, "make the generated pages of docs/ and .env.example anew"),
    "lock": Command(lock, "pin versions anew; --upgrade for newer ones"),
    "package": Command(ask("package"), "build the Teams app package"),
    "gallery": Command(script("tests/gallery/make_gallery.py", browser=True), "draw every card into docs/gallery"),
    "bench-archive": Command(script("bench/archive.py"), "measure the archive with two years of history"),
    "bench-bot": Command(script("bench/bot.py"), "measure buttons and commands beside botbuilder's own turn"),
    "bench-scan": Command(
        script("bench/scan.py"), "measure scans of tenants of 12,000 and 100,000 apps beside what is promised"
    ),
    "bench-delivery": Command(
        script("bench/delivery.py"), "measure sending 5,000 alerts to 3,000 people beside what is promised"
    ),
    "drill": Command(script("bench/drill.py"), "kill workers and crash the database while 5,000 alerts are sent"),
    "clean": Command(clean, "remove what set-up and checks made; --state the state folder too"),
}


def main() -> int:
    listing = "\n".join(f"  {name:14} {command.sentence}" for name, command in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, epilog=f"commands:\n{listing}", add_help=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("command", nargs="?", default="help", choices=[*COMMANDS, "help"], metavar="command")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    if chosen.command == "help":
        print(parser.format_help())
        return 0
    try:
        return COMMANDS[chosen.command].work(chosen.arguments)
    except Failed as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
