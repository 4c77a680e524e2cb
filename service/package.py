"""`app.py package`: the Teams app package from the settings and the command table."""

from pathlib import Path

from alerts.views import Sentence
from bot.commands import COMMANDS
from cards.text import render_sentence
from manifest.package import PackageValues, build_package
from service.version import VERSION
from service.words import words_of
from settings.model import Mode, Settings


def package(settings: Settings, out: Path) -> int:
    """Build and check the package; returns the exit code. Raises SettingsError naming what is missing."""
    install = settings.install
    words = words_of(settings)
    website = settings.words.help_url or settings.service.public_url
    if not website and settings.mode is Mode.PRACTICE:
        # A reserved name that leads nowhere: the practice tenant's package is to be looked at, not uploaded.
        website = "https://steward.example/"
    values = PackageValues(
        bot_id=settings.bot.app_id,
        version=VERSION,
        website_url=website,
        org_name=settings.words.org_name,
        read_receipts=settings.bot.read_receipts,
        installer_id=install.identity.client_id if install is not None and install.identity is not None else "",
    )
    build_package(
        values, [(command.name, render_sentence(Sentence(key=command.sentence), words)) for command in COMMANDS], out
    )
    print(f"Wrote {out}: upload it in the Teams admin centre.")  # noqa: T201
    return 0
