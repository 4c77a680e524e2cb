"""What the documentation says exists, and what exists is in the documentation."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
import archive.tables
import bot.commands
import dev
from sandbox.identities import AZURE_ROLES, GRAPH_ROLES
from settings.document import env_example, permissions_markdown, settings_markdown
from settings.permissions import AZURE, CONNECTOR, PERMISSIONS
from settings.table import SETTINGS

ROOT = Path(__file__).resolve().parent.parent

#: Names, hosts and folders of one machine; built from parts, so that this file does not hold them itself.
MACHINE = re.compile(
    "|".join(
        [
            r"(?<![\w.])/(?:work|home|Users|root)" + r"/\w",
            r"file:///" + r"\w",
            r"--(?:extra-)?" + r"index-url[ =]h",
            r"\b[A-Z]:\\Users" + r"\\",
        ]
    )
)


def tracked() -> list[Path]:
    """The files that git would deliver."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def pages() -> list[Path]:
    return [file for file in tracked() if file.suffix == ".md"]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


# ---------------------------------------------------------------- generated pages


@pytest.mark.parametrize(
    ("page", "made"),
    [
        ("docs/settings.md", settings_markdown),
        ("docs/permissions.md", permissions_markdown),
        ("docs/tables.md", archive.tables.markdown),
        (".env.example", env_example),
    ],
)
def test_a_generated_page_is_what_its_table_makes(page, made):
    assert text_of(page) == made()


def test_every_setting_has_a_sentence_and_a_default():
    for doc in SETTINGS:
        assert doc.sentence.endswith("."), doc.name
        assert doc.default, doc.name
        assert (doc.accepts is not None) == bool(doc.missing), doc.name


# ---------------------------------------------------------------- commands


def test_every_bot_command_is_documented_with_its_usage_and_no_other_is():
    section = text_of("docs/commands.md").split("## In Teams")[1].split("\n## ")[0]
    documented = set(re.findall(r"^\| `([^`]+)`", section, flags=re.MULTILINE))
    wanted = {command.usage for command in bot.commands.COMMANDS}

    # `status` alone is documented beside `status <app>`: one command with two uses.
    assert documented - {"status"} == wanted - {"status"}


def test_every_command_of_the_service_is_documented():
    documented = set(re.findall(r"`python app\.py (\w+)", text_of("docs/commands.md")))

    assert documented == set(app.COMMANDS)


def test_every_command_of_the_project_is_documented():
    documented = set(re.findall(r"`make ([\w-]+)`", text_of("docs/commands.md")))

    assert documented >= make_targets() - {"help"}


def make_targets() -> set[str]:
    makefile = text_of("Makefile")
    listed = re.search(r"^TARGETS := (.*)$", makefile, flags=re.MULTILINE)
    assert listed
    return {*listed[1].split(), *re.findall(r"^([a-z][\w-]*):", makefile, flags=re.MULTILINE)}


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_command_that_a_page_names_exists(page):
    text = page.read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"`[^`\n]+`|```.*?```", text, flags=re.DOTALL))

    assert set(re.findall(r"\bmake ([a-z][\w-]*)", code)) <= make_targets()
    assert set(re.findall(r"\bdev\.py ([a-z][\w-]*)", code)) <= {*dev.COMMANDS, "help"}
    assert set(re.findall(r"\bapp\.py ([a-z][\w-]*)", code)) <= set(app.COMMANDS)


def test_every_target_of_make_is_a_command_of_dev():
    assert make_targets() - {"help", "bench"} == set(dev.COMMANDS)


def test_the_first_screen_of_the_readme_has_both_commands_and_a_card():
    first = text_of("README.md").splitlines()[:25]

    assert any(line.startswith("make run") for line in first)
    assert any(line.startswith("make test") for line in first)
    assert any(re.match(r"!\[.+\]\(docs/gallery/.+\.png\)", line) for line in first)


def test_ci_runs_the_command_of_the_readme():
    assert "exec make test" in text_of(".ci/run").splitlines()


def test_every_documented_request_is_served():
    """Looked up in the code that adds the routes; what each answers is tested beside it."""
    documented = set(re.findall(r"^\| `((?:GET|POST) /\S*)`", text_of("docs/commands.md"), flags=re.MULTILINE))
    routes = text_of("bot/pages.py") + text_of("sandbox/practice.py")
    served = {
        f"{method.upper()} {path}".replace("{name}", "<name>")
        for method, path in re.findall(r"""(?:add_|\(")(get|post|GET|POST)(?:\(|", )"([^"]+)\"""", routes)
    }

    assert len(documented) == 13
    assert documented <= served


# ---------------------------------------------------------------- links


def links(page: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            yield target


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_leads_somewhere(page):
    dead = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path) if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            dead.append(target)

    assert dead == []


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings get."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


# ---------------------------------------------------------------- rights


def test_the_practice_tenant_grants_exactly_the_rights_that_are_documented():
    documented: dict[str, set[str]] = {}
    azure: dict[str, set[str]] = {}
    for permission in PERMISSIONS:
        rights = {right.strip() for right in permission.right.split(",")} if permission.api != CONNECTOR else set()
        (azure if permission.api == AZURE else documented).setdefault(permission.identity, set()).update(rights)

    assert {name: set(roles) for name, roles in GRAPH_ROLES.items()} == documented
    assert {name: set(roles) for name, roles in AZURE_ROLES.items()} == azure


def test_the_readme_names_every_right_of_graph():
    readme = text_of("README.md")
    optional = {"GroupMember.Read.All", "AuditLog.Read.All", "RoleManagement.Read.Directory"}
    rights = {right.strip() for item in PERMISSIONS for right in item.right.split(",") if "." in right}

    assert {right for right in rights - optional if right not in readme} == set()


# ---------------------------------------------------------------- metrics


def test_every_metric_is_documented():
    runbook = text_of("docs/runbook.md")
    sources = [file for file in tracked() if file.suffix == ".py" and file.parts[len(ROOT.parts)] != "tests"]
    metrics = {
        name
        for file in sources
        for name in re.findall(r"\b(?:Counter|Gauge|Histogram)\w*\(\s*\"(\w+)\"", file.read_text(encoding="utf-8"))
    }

    assert len(metrics) > 1
    assert {name for name in metrics if f"`{name}`" not in runbook} == set()


# ---------------------------------------------------------------- what may not be in the tree


@pytest.mark.parametrize("file", tracked(), ids=name_of)
def test_no_file_speaks_of_one_machine(file):
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    found = [
        f"line {number}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE.search(line)
    ]

    assert found == []


@pytest.mark.parametrize("lock", sorted(dev.LOCKS))
def test_every_locked_package_has_a_hash_and_no_source(lock):
    text = text_of(lock)
    requirements = re.findall(r"^[a-zA-Z0-9][^\s=]*==", text, flags=re.MULTILINE)
    blocks = re.split(r"^(?=[a-zA-Z0-9][^\s=]*==)", text, flags=re.MULTILINE)[1:]

    assert len(requirements) == len(blocks) > 0
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert not re.search(r"https?://|^-i |^--", text, flags=re.MULTILINE)


@pytest.mark.parametrize("lock", sorted(dev.LOCKS))
def test_every_wanted_package_is_locked(lock):
    wanted = re.findall(r"^([a-zA-Z0-9][\w-]*)", text_of(dev.LOCKS[lock]), flags=re.MULTILINE)
    locked = {name.lower() for name in re.findall(r"^([a-zA-Z0-9_-]+)==", text_of(lock), flags=re.MULTILINE)}

    assert {name.lower() for name in wanted} <= locked


@pytest.mark.parametrize("folder", [dev.CLIENT, dev.NODE_TESTS], ids=name_of)
def test_every_npm_package_is_locked_by_its_hash_and_names_no_source(folder):
    lock = json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}

    assert packages
    assert [name for name, entry in packages.items() if "resolved" in entry or "integrity" not in entry] == []


def test_every_direct_package_has_its_reason():
    reasons = text_of("docs/decisions/0007-packages.md")
    sources = [*dev.LOCKS.values()]
    wanted = {name for source in sources for name in re.findall(r"^([a-zA-Z0-9][\w-]*)", text_of(source), re.MULTILINE)}
    for folder in (dev.CLIENT, dev.NODE_TESTS):
        wanted |= set(json.loads((folder / "package.json").read_text(encoding="utf-8"))["dependencies"])

    assert {name for name in wanted if name not in reasons} == set()
