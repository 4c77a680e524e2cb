"""Builds the Teams app package: a zip of manifest.json and two icons, refused unless Microsoft's schema accepts it.

The schema beside this file is `MicrosoftTeams.schema.json` of version 1.30, the newest in npm's
`@microsoft/app-manifest` 1.1.2 (MIT). It is JSON Schema draft 4, which knows no `const`: what it says with `const` is
checked here by hand. Source: learn.microsoft.com/microsoft-365/extensibility/schema.
"""

import json
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from jsonschema import Draft4Validator

from alerts.errors import SettingsError
from manifest.icons import ACCENT, COLOR, OUTLINE

VERSION = "1.30"
SCHEMA_URL = f"https://developer.microsoft.com/json-schemas/teams/v{VERSION}/MicrosoftTeams.schema.json"
SCHEMA = Path(__file__).parent / f"teams-{VERSION}.schema.json"
#: What Teams' command menu takes; what is beyond is found by `help`.
MAX_COMMANDS = 12
#: Longest title that the menu shows whole.
MAX_TITLE = 32
#: The zip's times: the same input makes the same file.
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class PackageValues:
    """What differs from one organisation to the next."""

    #: MicrosoftAppId.
    bot_id: str
    #: Three numbers; Teams takes an update of the app only when it rises.
    version: str
    #: https page that says what this is and whom to ask: HELP_URL or PUBLIC_URL.
    website_url: str
    #: https pages; '' the website.
    privacy_url: str = ""
    terms_url: str = ""
    #: ORG_NAME, for the developer's name and the descriptions.
    org_name: str = ""
    #: Client id of the identity that installs the app for people (INSTALL_CLIENT_ID); '' leaves it out.
    installer_id: str = ""
    #: READ_RECEIPTS=on: the app asks to be told what was read in its own chats; otherwise it asks for nothing.
    read_receipts: bool = False
    #: The manifest's own id; '' makes one from the bot's, always the same.
    manifest_id: str = ""


def manifest_id_of(bot_id: str) -> str:
    """The manifest's id for a bot: stable, so that a new package updates the app instead of adding another."""
    return str(uuid5(NAMESPACE_URL, f"steward:teams-app:{bot_id.lower()}"))


def build_manifest(values: PackageValues, commands: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The manifest as a dictionary.

    Args:
        values: of the organisation.
        commands: (title, description) in the order of the menu; the first MAX_COMMANDS are listed.
    """
    menu = [{"title": title, "description": description} for title, description in commands][:MAX_COMMANDS]
    whose = f" of {values.org_name}" if values.org_name else ""
    manifest: dict[str, Any] = {
        "$schema": SCHEMA_URL,
        "manifestVersion": VERSION,
        "version": values.version,
        "id": values.manifest_id or manifest_id_of(values.bot_id),
        "developer": {
            "name": (values.org_name or "Steward")[:32],
            "websiteUrl": values.website_url,
            "privacyUrl": values.privacy_url or values.website_url,
            "termsOfUseUrl": values.terms_url or values.website_url,
        },
        "name": {"short": "Steward", "full": "Steward: renewals of app secrets and certificates"},
        "description": {
            "short": "Tells you in time when a secret or certificate of your apps runs out.",
            "full": (
                f"Steward watches the secrets and certificates of the apps{whose} in Microsoft Entra ID. Before one "
                "runs out it writes to the app's owners, or finds who should look after an app that has none. "
                "Answer on the card: take it, be reminded later, or hand it to someone. Type help to see what "
                "you can ask. Steward never sees the value of a secret."
            )[:4000],
        },
        "icons": {"color": COLOR.name, "outline": OUTLINE.name},
        "accentColor": ACCENT,
        "bots": [
            {
                "botId": values.bot_id,
                # What it says concerns its reader alone: no teams, no group chats.
                "scopes": ["personal"],
                "isNotificationOnly": False,
                "supportsFiles": False,
                "commandLists": [{"scopes": ["personal"], "commands": menu}],
            }
        ],
        "permissions": ["identity"],
        "validDomains": [],
        "defaultInstallScope": "personal",
    }
    if values.read_receipts:
        manifest["authorization"] = {
            "permissions": {"resourceSpecific": [{"name": "ChatMessageReadReceipt.Read.Chat", "type": "Application"}]}
        }
    if values.installer_id or values.read_receipts:
        # An identity may install only the app that names it here.
        manifest["webApplicationInfo"] = {
            "id": values.installer_id or values.bot_id,
            "resource": f"api://botid-{values.bot_id}",
        }
    return manifest


def problems_of(manifest: dict[str, Any]) -> list[str]:
    """What is wrong with a manifest, one sentence each; empty when Teams will take it."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    found = [
        f"{'/'.join(str(part) for part in error.absolute_path) or 'manifest'}: {error.message}"
        for error in Draft4Validator(schema).iter_errors(manifest)
    ]
    if manifest.get("manifestVersion") != schema["properties"]["manifestVersion"]["const"]:
        found.append(f"manifestVersion: {manifest.get('manifestVersion')!r} is not the schema's")
    return sorted(found + _own_problems(manifest))


def _own_problems(manifest: dict[str, Any]) -> list[str]:
    """What the schema does not say, and the store or our own rules do."""
    found = []
    if not re.fullmatch(r"\d{1,5}\.\d{1,5}\.\d{1,5}", str(manifest.get("version")), re.ASCII):
        found.append(f"version: {manifest.get('version')!r} is not three numbers")
    for name, url in manifest.get("developer", {}).items():
        if name.endswith("Url") and not str(url).startswith("https://"):
            found.append(f"developer/{name}: must be an https address (set HELP_URL or PUBLIC_URL)")
    titles = [
        command["title"]
        for bot in manifest.get("bots", [])
        for menu in bot["commandLists"]
        for command in menu["commands"]
    ]
    found += [f"command {title!r}: longer than {MAX_TITLE} characters" for title in titles if len(title) > MAX_TITLE]
    if len(titles) != len(set(titles)):
        found.append("commands: one title stands twice")
    if any("*" in domain for domain in manifest.get("validDomains", [])):
        found.append("validDomains: no wildcards")
    return found


def build_package(values: PackageValues, commands: Sequence[tuple[str, str]], out: Path) -> Path:
    """Write the zip to `out` and return its path.

    Raises:
        SettingsError: naming everything that Teams would refuse; nothing is written then.
        OSError: `out` cannot be written.
    """
    manifest = build_manifest(values, commands)
    if problems := problems_of(manifest):
        raise SettingsError(problems)
    content = {
        "manifest.json": json.dumps(manifest, indent=2, ensure_ascii=False).encode(),
        COLOR.name: COLOR.read_bytes(),
        OUTLINE.name: OUTLINE.read_bytes(),
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(entry, data)
    return out
