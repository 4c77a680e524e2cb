"""The house keeps its shape: who may import whom, and how large a file or a function may grow."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: Room -> the rooms that it may import, besides itself. `alerts` is the core and imports nothing of ours.
MAY_IMPORT = {
    "alerts": set(),
    "cards": {"alerts"},
    "bot": {"alerts", "cards"},
    "scanner": {"alerts", "cards"},
    "graph": {"alerts", "cards"},
    "archive": {"alerts", "cards"},
    "store": {"alerts", "cards"},
    "sandbox": {"alerts", "cards", "bot", "scanner", "graph", "archive", "store", "settings"},
    "settings": set(),
    # Made from the tables of the rooms: the commands, the queries.
    "manifest": {"alerts", "cards", "bot"},
    "infra": {"alerts", "archive"},
    # Wires the rooms for the roles that a process has; app.py loads its parts by role.
    "service": {
        "alerts",
        "cards",
        "bot",
        "scanner",
        "graph",
        "archive",
        "store",
        "sandbox",
        "settings",
        "config",
        "infra",
        "manifest",
    },
    "config": {"alerts", "settings"},
    "dev": set(),
}
ROOMS = [name for name in MAY_IMPORT if (ROOT / name).is_dir()]

#: Vendor package -> the only places that may import it.
CONFINED = {
    "msgraph": {"graph"},
    "msgraph_core": {"graph"},
    "kiota_abstractions": {"graph"},
    "kiota_authentication_azure": {"graph"},
    "kiota_http": {"graph"},
    "azure.monitor": {"archive"},
    "duckdb": {"archive"},
    "duckdb_kql": {"archive"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "botbuilder": {"bot"},
    "botframework": {"bot"},
    "msrest": {"bot"},
    "msal": {"bot"},
    "dotenv": {"settings"},
    "trustme": {"sandbox"},
    # Decoding runs code by design; botbuilder only encodes with it.
    "jsonpickle": set(),
    "pickle": set(),
}

#: app.py imports the rooms of the roles it was given, and no others: the bot alone loads no msgraph.
LAZY = {"app.py"}

MOST_LINES = 600
MOST_FUNCTION_LINES = 80


@cache
def sources() -> tuple[Path, ...]:
    """All product code: the rooms and the modules at the root."""
    files = chain(ROOT.glob("*.py"), *((ROOT / room).rglob("*.py") for room in ROOMS))
    return tuple(sorted(file for file in files if "node_modules" not in file.parts))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def room_of(file: Path) -> str:
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(node: ast.AST) -> list[str]:
    """The dotted names that an import statement may load; [] for anything else."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(tree(file)):
        yield from imported(node)


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@cache
def our_modules() -> dict[str, Path]:
    """Dotted name -> file, packages under their own name."""
    names = {}
    for file in sources():
        dotted = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        names[dotted.removesuffix(".__init__")] = file
    return names


@cache
def our_packages() -> frozenset[str]:
    return frozenset(name.split(".")[0] for name in our_modules())


def test_there_is_something_to_look_at():
    assert len(sources()) > 20
    assert "alerts.model" in our_modules()


@pytest.mark.parametrize("file", sources(), ids=name_of)
def test_imports_go_in_one_direction(file):
    allowed = MAY_IMPORT.get(room_of(file))
    if allowed is None:
        assert room_of(file) == "app"
        return
    foreign = {name.split(".")[0] for name in imports(file)} & our_packages() - {room_of(file)}

    assert foreign <= allowed


@pytest.mark.parametrize("file", sources(), ids=name_of)
def test_each_vendor_stays_in_its_room(file):
    found = {
        vendor
        for vendor, homes in CONFINED.items()
        for name in imports(file)
        if (name == vendor or name.startswith(f"{vendor}.")) and room_of(file) not in homes
    }

    assert found == set()


@pytest.mark.parametrize("file", [file for file in sources() if name_of(file) not in LAZY], ids=name_of)
def test_nothing_of_ours_is_imported_inside_a_function(file):
    hidden = [
        f"line {node.lineno}: {name}"
        for function in functions(file)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in imported(node)
        if name.split(".")[0] in our_packages()
    ]

    assert hidden == []


@pytest.mark.parametrize("file", sources(), ids=name_of)
def test_only_config_reads_the_environment(file):
    # The practice tenant is started as a process of its own, which needs the environment as a whole.
    if name_of(file) in {"config.py", "dev.py", "sandbox/launch.py"}:
        return
    readers = [
        f"line {node.lineno}"
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv", "environb"}
    ]
    named = [name for name in imports(file) if name in {"os.environ", "os.getenv"}]

    assert readers + named == []


@pytest.mark.parametrize("file", sources(), ids=name_of)
def test_files_and_functions_stay_small(file):
    lines = file.read_text(encoding="utf-8").count("\n")
    long = {
        function.name: length
        for function in functions(file)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > MOST_FUNCTION_LINES
    }

    assert lines <= MOST_LINES
    # A migration is a list of statements, written once and never changed.
    assert long == {} or "migrations" in file.parts


def module_graph() -> dict[str, set[str]]:
    """Module of ours -> modules of ours that it imports when it is loaded."""
    modules = our_modules()
    graph: dict[str, set[str]] = {}
    for name, file in modules.items():
        inside = {id(node) for function in functions(file) for node in ast.walk(function)}
        targets = set()
        for node in ast.walk(tree(file)):
            for dotted in imported(node) if id(node) not in inside else ():
                # `from a.b import c` loads a.b.c if that is a module, else a.b.
                owner = dotted if dotted in modules else dotted.rpartition(".")[0]
                if owner in modules and owner != name:
                    targets.add(owner)
        graph[name] = targets
    return graph


def test_no_modules_import_each_other_in_a_circle():
    graph = module_graph()
    done: set[str] = set()
    circles: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            circles.append(" -> ".join((*path[path.index(name) :], name)))
        elif name not in done:
            for target in sorted(graph[name]):
                visit(target, (*path, name))
            done.add(name)

    for name in graph:
        visit(name, ())

    assert circles == []


@pytest.mark.parametrize(
    ("parts", "never"),
    [
        # The process that faces the internet holds no right in Graph, and not even the means to use one.
        ("service.run service.product service.archive_side service.teams_side", {"msgraph", "kiota_http", "graph"}),
        (
            "service.run service.product service.archive_side service.graph_side service.scan_side",
            {"botbuilder", "bot"},
        ),
    ],
    ids=["bot", "scanner"],
)
def test_a_process_loads_only_what_its_roles_need(parts, never):
    program = f"import sys, {', '.join(parts.split())}; print(*{{name.split('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set(done.stdout.split()) & never == set()


def test_every_room_says_in_its_first_sentence_what_it_is_for():
    silent = [name_of(file) for file in sources() if not ast.get_docstring(tree(file))]

    assert silent == []
