"""The set-up: what it needs, what it does once, and how it hands signals and exit codes on."""

import ast
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import dev

ROOT = Path(__file__).resolve().parent.parent


def test_it_needs_nothing_but_the_standard_library():
    tree = ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name for name in names if name.split(".")[0] not in sys.stdlib_module_names} == set()


def test_an_old_python_can_read_it_and_is_told_that_it_is_too_old(monkeypatch):
    ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"), feature_version=(3, 8))
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))

    with pytest.raises(dev.Failed, match=r"needs Python 3\.11 or newer; this is 3\.9\.2"):
        dev.check_python()


def test_a_step_runs_once_and_again_when_what_it_depends_on_changes(tmp_path):
    lock = tmp_path / "lock"
    lock.write_text("one", encoding="utf-8")
    done = []

    def step():
        dev.once("Step", tmp_path / "stamp", dev.stamp_of(lock), lambda: done.append(lock.read_text(encoding="utf-8")))

    step()
    step()
    lock.write_text("two", encoding="utf-8")
    step()
    step()

    assert done == ["one", "two"]


def test_a_step_that_fails_is_tried_again(tmp_path):
    def fail():
        raise dev.Failed("no")

    for _ in range(2):
        with pytest.raises(dev.Failed):
            dev.once("Step", tmp_path / "stamp", "x", fail)


def test_a_node_that_does_not_answer_counts_as_none(tmp_path):
    assert dev.node_version(str(tmp_path / "no-such-node")) == 0
    assert dev.node_version(sys.executable) == 0


@pytest.mark.parametrize(("source", "good"), [('import { a } from "./b.js";\n', True), ("const x = ;\n", False)])
def test_a_script_that_node_cannot_read_is_found(tmp_path, monkeypatch, source, good):
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    script = tmp_path / "script.js"
    script.write_text(source, encoding="utf-8")

    assert dev.is_module(script, shutil.which("node", path=dev.environment()["PATH"]) or "node") == good


def test_the_code_that_is_checked_is_all_code():
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}
    with_code = {name for name in folders if any((ROOT / name).rglob("*.py"))} - {"var", "node_modules", "dist"}

    assert with_code <= set(dev.CODE)
    assert {path.name for path in ROOT.glob("*.py")} <= set(dev.CODE)


def test_wrong_usage_ends_with_2():
    done = subprocess.run([sys.executable, ROOT / "dev.py", "fly"], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "invalid choice" in done.stderr


def test_help_lists_every_command():
    done = subprocess.run([sys.executable, ROOT / "dev.py", "help"], capture_output=True, text=True, check=True)

    assert [name for name in dev.COMMANDS if f"  {name} " not in done.stdout] == []


#: Stands in for app.py: serves until it is told to stop, then ends in order.
SERVER = """
import signal, sys, time
def stop(number, frame):
    print("stopped by", number, flush=True)
    sys.exit({code})
signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
print("Steward: http://127.0.0.1:1/", *sys.argv[1:], flush=True)
time.sleep(60)
"""

#: Runs `dev.py run` with the set-up left out and another root.
RUN = """
import pathlib, sys
sys.path.insert(0, {root!r})
import dev
dev.setup = lambda **_: None
dev.ROOT, dev.PYTHON = pathlib.Path({folder!r}), pathlib.Path(sys.executable)
dev.run(["serve"])
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals of this kind")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("code", [0, 3])
def test_run_hands_a_signal_to_steward_and_ends_with_its_exit_code(tmp_path, number, code):
    (tmp_path / "app.py").write_text(SERVER.format(code=code), encoding="utf-8")
    script = RUN.format(root=str(ROOT), folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(number)
        rest = process.stdout.read()

    assert first == "Steward: http://127.0.0.1:1/ serve\n"
    assert rest == f"stopped by {int(number)}\n"
    assert process.returncode == code


#: A program that needs a package, as app.py does; it names the Python that it ends up in.
PROGRAM = """
import pathlib, sys
sys.path.insert(0, {root!r})
import dev
dev.ROOT = pathlib.Path({folder!r})
dev.VENV = dev.ROOT / ".venv"
dev.PYTHON = dev.VENV / "bin" / "python"
dev.enter_venv("program.py")
print(sys.prefix, *sys.argv[1:])
"""


@pytest.mark.skipif(os.name == "nt", reason="the paths of a virtual environment differ")
def test_a_program_started_by_another_python_goes_on_in_stewards_own(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(root=str(ROOT), folder=str(tmp_path)), encoding="utf-8")
    bare = [sys._base_executable, "-S", program, "scan"]  # type: ignore[attr-defined]
    missing = subprocess.run(bare, capture_output=True, text=True, check=False)

    assert (missing.returncode, missing.stderr) == (2, "Steward is not set up yet: python dev.py setup\n")

    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    found = subprocess.run(bare, capture_output=True, text=True, check=True)

    assert found.stdout == f"{tmp_path / '.venv'} scan\n"
