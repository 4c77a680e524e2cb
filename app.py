"""Steward's front door: settings -> adapters -> product; the only place that chooses real or practice."""

import dev

# Whatever Python was typed, it goes on in the environment that the set-up made; before anything else is imported.
dev.enter_venv("app.py")

import argparse
import asyncio
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alerts.errors import OutsideError, SettingsError
from config import ROLES, Mode, Settings, claim_state_dir, enter_practice, from_environment

#: Exit codes, design 1.1.
DONE, FOUND_A_PROBLEM, WRONG_USAGE, OUTSIDE_FAILED = 0, 1, 2, 3

#: Days that `preview` may look ahead.
MOST_DAYS = 366


@dataclass(frozen=True)
class Started:
    """What every command starts from."""

    settings: Settings
    #: The running practice tenant (sandbox.launch.Practice), None in production.
    practice: Any
    #: Id of the state directory: hosts that share it see the same one.
    state_dir_id: str
    roles: frozenset[str]
    arguments: argparse.Namespace


def _rooms(name: str) -> Any:
    """Load a part of the product by name.

    Only here, and on purpose: the libraries read SSL_CERT_FILE when they are imported, which the practice
    tenant must have set by then; and a process that is only the bot must not load msgraph at all.
    """
    return importlib.import_module(name)


def _serve(started: Started) -> int:
    serve = _rooms("service.run").serve
    return int(asyncio.run(serve(started.settings, started.practice, started.roles, started.state_dir_id)))


def _scan(started: Started) -> int:
    as_json = bool(started.arguments.json)
    return int(asyncio.run(_rooms("service.once").scan(started.settings, started.practice, as_json=as_json)))


def _audit(started: Started) -> int:
    as_json = bool(started.arguments.json)
    return int(asyncio.run(_rooms("service.once").audit(started.settings, started.practice, as_json=as_json)))


def _preview(started: Started) -> int:
    arguments = started.arguments
    work = _rooms("service.preview").preview(
        started.settings,
        started.practice,
        days=arguments.days,
        as_json_text=bool(arguments.json),
        csv_file=Path(arguments.csv) if arguments.csv else None,
    )
    return int(asyncio.run(work))


def _days(text: str) -> int:
    """Days to look ahead: as far as the stages can reach is far enough."""
    if not text.isdecimal() or int(text) > MOST_DAYS:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {MOST_DAYS}")
    return int(text)


def _package(started: Started) -> int:
    return int(_rooms("service.package").package(started.settings, Path(started.arguments.out)))


COMMANDS: dict[str, Callable[[Started], int]] = {
    "serve": _serve,
    "scan": _scan,
    "preview": _preview,
    "audit": _audit,
    "package": _package,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="app.py", description="Tells people before their applications' credentials expire."
    )
    commands = parser.add_subparsers(dest="command", metavar="command")
    serve = commands.add_parser("serve", help="the service: bot, delivery workers, scanner, pages (default)")
    serve.add_argument("--only", default="", metavar="ROLES", help="a comma-separated part of: bot,worker,scanner")
    scan = commands.add_parser("scan", help="one scan now; it queues, a worker sends")
    scan.add_argument("--json", action="store_true", help="print one JSON object")
    preview = commands.add_parser("preview", help="dry run: who would be told what, and why; nothing is sent")
    preview.add_argument("--days", type=_days, default=30, metavar="N", help="how far to look ahead (30)")
    preview.add_argument("--json", action="store_true", help="print one JSON object")
    preview.add_argument("--csv", default="", metavar="FILE", help="write every line to a file for a spreadsheet")
    audit = commands.add_parser("audit", help="the ledger: every due credential with its one state")
    audit.add_argument("--json", action="store_true", help="print one JSON object")
    package = commands.add_parser("package", help="build the Teams app package")
    package.add_argument("--out", default="steward-teams-app.zip", metavar="FILE", help="where to write it")
    return parser


def _roles(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> frozenset[str]:
    """What this process will be; a command of its own scans and reads, but serves nobody."""
    if arguments.command != "serve":
        return frozenset({"scanner", "worker"}) if arguments.command != "package" else frozenset()
    named = frozenset(part.strip() for part in arguments.only.split(",") if part.strip())
    if named - ROLES:
        parser.error(f"--only: {', '.join(sorted(named - ROLES))} is no role; roles are {', '.join(sorted(ROLES))}")
    return named or ROLES


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    parser = _parser()
    arguments = parser.parse_args(list(argv) if argv is not None else sys.argv[1:] or ["serve"])
    if arguments.command is None:
        parser.print_help()
        return WRONG_USAGE
    roles = _roles(arguments, parser)
    practice = None
    try:
        settings = from_environment(roles=roles)
        state_dir_id = claim_state_dir(settings)
        if settings.mode is Mode.PRACTICE:
            launch = _rooms("sandbox.launch")
            try:
                practice = launch.start_or_attach(
                    settings.service.state_dir, settings.practice.apps, settings.practice.seed
                )
            except launch.OtherTenantError as error:
                raise SettingsError([str(error)]) from error
            except launch.LaunchError as error:
                raise OutsideError(f"the practice tenant: {error}") from error
            settings = enter_practice(settings, practice.settings, roles=roles)
        started = Started(settings, practice, state_dir_id, roles, arguments)
        return COMMANDS[arguments.command](started)
    except SettingsError as error:
        for problem in error.problems:
            print(f"settings: {problem}", file=sys.stderr)
        return WRONG_USAGE
    except BrokenPipeError:
        # Whoever read our output has seen enough; say no more, not even at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OutsideError as error:
        print(f"outside: {error}", file=sys.stderr)
        return OUTSIDE_FAILED
    finally:
        if practice is not None:
            practice.stop()


if __name__ == "__main__":
    sys.exit(main())
