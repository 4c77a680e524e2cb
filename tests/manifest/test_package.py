"""The Teams app package: what Teams checks when somebody uploads it."""

import json
import struct
import subprocess
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from alerts.errors import SettingsError
from bot.commands import COMMANDS
from manifest import icons
from manifest.package import SCHEMA, VERSION, PackageValues, build_manifest, build_package, manifest_id_of, problems_of

ROOT = Path(__file__).resolve().parent.parent.parent
NODE_TESTS = ROOT / "tests" / "node"
VALUES = PackageValues(
    bot_id="11111111-2222-3333-4444-555555555555",
    version="1.2.3",
    website_url="https://help.example/steward",
    org_name="Contoso",
    installer_id="99999999-2222-3333-4444-555555555555",
)
MENU = [(command.name, command.usage) for command in COMMANDS]


def read_png(data):
    """(width, height, rows of RGBA tuples) of an unfiltered RGBA PNG."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, kind = struct.unpack(">IIBB", data[16:26])
    assert (depth, kind) == (8, 6)
    start = data.index(b"IDAT")
    length = struct.unpack(">I", data[start - 4 : start])[0]
    raw = zlib.decompress(data[start + 4 : start + 4 + length])
    rows = [raw[i + 1 : i + 1 + width * 4] for i in range(0, len(raw), width * 4 + 1)]
    return width, height, [[tuple(row[x * 4 : x * 4 + 4]) for x in range(width)] for row in rows]


def test_the_package_holds_manifest_and_icons_in_its_root_and_nothing_else(tmp_path):
    out = build_package(VALUES, MENU, tmp_path / "new" / "steward.zip")

    with zipfile.ZipFile(out) as package:
        assert package.namelist() == ["manifest.json", "color.png", "outline.png"]
        manifest = json.loads(package.read("manifest.json"))
        assert package.read("color.png") == icons.COLOR.read_bytes()
        assert package.read("outline.png") == icons.OUTLINE.read_bytes()
    assert manifest == build_manifest(VALUES, MENU)


def test_the_same_values_make_the_same_file(tmp_path):
    first = build_package(VALUES, MENU, tmp_path / "1.zip").read_bytes()
    second = build_package(VALUES, MENU, tmp_path / "2.zip").read_bytes()

    assert first == second


def test_the_manifest_is_as_small_as_a_bot_needs():
    manifest = build_manifest(VALUES, MENU)

    assert manifest["bots"][0]["scopes"] == ["personal"]
    assert manifest["validDomains"] == []
    assert manifest["permissions"] == ["identity"]
    assert "authorization" not in manifest
    assert "staticTabs" not in manifest
    assert manifest["webApplicationInfo"]["id"] == VALUES.installer_id
    assert "webApplicationInfo" not in build_manifest(replace(VALUES, installer_id=""), MENU)


def test_the_menu_is_the_command_table():
    menu = build_manifest(VALUES, MENU)["bots"][0]["commandLists"][0]["commands"]

    assert [command["title"] for command in menu] == [command.name for command in COMMANDS][:12]


def test_the_menu_is_cut_at_twelve():
    menu = build_manifest(VALUES, [(f"c{number}", "x") for number in range(20)])["bots"][0]["commandLists"][0]

    assert len(menu["commands"]) == 12
    assert problems_of(build_manifest(VALUES, [(f"c{number}", "x") for number in range(20)])) == []


def test_the_id_stays_the_same_for_one_bot_and_differs_from_the_bots():
    assert manifest_id_of(VALUES.bot_id) == manifest_id_of(VALUES.bot_id.upper())
    assert manifest_id_of(VALUES.bot_id) != VALUES.bot_id
    assert build_manifest(replace(VALUES, manifest_id=VALUES.bot_id), MENU)["id"] == VALUES.bot_id


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"bot_id": "not a guid"}, "botId"),
        ({"version": "1.2"}, "version"),
        ({"version": "1.2.3-beta"}, "version"),
        ({"website_url": ""}, "websiteUrl"),
        ({"website_url": "http://help.example"}, "websiteUrl"),
        ({"privacy_url": "ftp://x"}, "privacyUrl"),
        ({"installer_id": "x"}, "webApplicationInfo"),
    ],
)
def test_a_value_that_teams_would_refuse_is_named_and_nothing_is_written(tmp_path, changes, named):
    out = tmp_path / "steward.zip"

    with pytest.raises(SettingsError, match=named):
        build_package(replace(VALUES, **changes), MENU, out)

    assert not out.exists()


@pytest.mark.parametrize("menu", [[("x" * 33, "d")], [("a", "d"), ("a", "d")], [("", "d" * 4001)]])
def test_a_menu_that_teams_would_refuse_is_named(tmp_path, menu):
    with pytest.raises(SettingsError):
        build_package(VALUES, menu, tmp_path / "steward.zip")


def test_a_wrong_manifest_version_is_found_although_draft_4_does_not_know_const():
    manifest = {**build_manifest(VALUES, MENU), "manifestVersion": "1.29"}

    assert problems_of(manifest) == ["manifestVersion: '1.29' is not the schema's"]


def test_long_names_are_cut_to_what_the_schema_takes():
    assert problems_of(build_manifest(replace(VALUES, org_name="A very long organisation name " * 9), MENU)) == []


# ---------------------------------------------------------------- icons


def test_the_colour_icon_is_192_square_opaque_and_full_bleed_with_the_symbol_in_the_middle():
    width, height, rows = read_png(icons.COLOR.read_bytes())
    ground = tuple(int(icons.ACCENT[i : i + 2], 16) for i in (1, 3, 5))

    assert (width, height) == (192, 192)
    assert {pixel[3] for row in rows for pixel in row} == {255}
    outside = {rows[y][x][:3] for y in range(192) for x in range(192) if not (36 <= x < 156 and 36 <= y < 156)}
    assert outside == {ground}
    assert len({pixel for row in rows for pixel in row}) > 10


def test_the_outline_icon_is_32_square_white_on_transparent():
    width, height, rows = read_png(icons.OUTLINE.read_bytes())
    alphas = [pixel[3] for row in rows for pixel in row]

    assert (width, height) == (32, 32)
    assert {pixel[:3] for row in rows for pixel in row if pixel[3]} == {(255, 255, 255)}
    assert alphas.count(0) > len(alphas) / 2
    assert alphas.count(255) > 50


def test_the_committed_icons_are_what_the_script_draws():
    for path, pixels, size in ((icons.COLOR, icons.color_pixels, 192), (icons.OUTLINE, icons.outline_pixels, 32)):
        assert read_png(path.read_bytes()) == read_png(icons.png(pixels(), size))


# ---------------------------------------------------------------- Microsoft's own package

CHECK = """
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(process.argv[1]);
const { AppManifestUtils, TeamsManifestConverter } = require("@microsoft/app-manifest");
const text = readFileSync(process.argv[2], "utf-8");
const problems = await AppManifestUtils.validateAgainstSchema(TeamsManifestConverter.jsonToManifest(text));
console.log(JSON.stringify(problems));
"""


@pytest.fixture(scope="module")
def microsofts():
    package = NODE_TESTS / "node_modules" / "@microsoft" / "app-manifest"
    if not package.is_dir():
        pytest.skip("npm packages of tests/node are not installed")
    return package


def test_the_schema_is_the_newest_of_microsofts_package(microsofts):
    folders = (microsofts / "build" / "json-schemas" / "teams").glob("v1.*")
    newest = max((folder.name for folder in folders), key=lambda name: [int(part) for part in name[1:].split(".")])

    assert newest == f"v{VERSION}"
    assert (
        SCHEMA.read_bytes()
        == (microsofts / "build" / "json-schemas" / "teams" / newest / "MicrosoftTeams.schema.json").read_bytes()
    )


def validate(path):
    run = subprocess.run(
        ["node", "--input-type=module", "-e", CHECK, str(NODE_TESTS / "package.json"), str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_microsofts_validator_accepts_the_manifest_and_refuses_a_broken_one(microsofts, tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    manifest = build_manifest(VALUES, MENU)
    good.write_text(json.dumps(manifest))
    bad.write_text(json.dumps({**manifest, "accentColor": "teal"}))

    assert validate(good) == []
    assert validate(bad) != []


def test_only_with_read_receipts_the_app_asks_to_be_told_what_was_read():
    asking = build_manifest(replace(VALUES, read_receipts=True, installer_id=""), MENU)

    assert problems_of(asking) == []
    assert asking["authorization"]["permissions"]["resourceSpecific"] == [
        {"name": "ChatMessageReadReceipt.Read.Chat", "type": "Application"}
    ]
    assert asking["webApplicationInfo"]["id"] == VALUES.bot_id
    assert "authorization" not in build_manifest(VALUES, MENU)
