"""Draws every card with Microsoft's renderer and Teams' host configuration into docs/gallery.

Light and dark, narrow as on a phone and wide as on a desk; with names given as arguments only those cards.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page  # noqa: E402 - the project's folder must be on the path first

from cards.email import render_mail  # noqa: E402
from cards.render import render  # noqa: E402
from tests.cards.forms import views  # noqa: E402
from tests.cards.samples import (  # noqa: E402
    TEAMS_USER,
    WORDS,
    mail_view,
    manager_view,
    nominee_view,
    owner_view,
)
from tests.gallery.palette import with_palette  # noqa: E402
from tests.support.card_page import draw, open_card_page  # noqa: E402
from tests.support.chromium import running_chromium  # noqa: E402

GALLERY = ROOT / "docs" / "gallery"
WIDE, NARROW = 640, 344


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One card in the gallery."""

    view: str
    title: str
    #: Text of the button that is pressed before the picture is taken.
    press: str = ""

    @property
    def name(self) -> str:
        suffix = "-" + re.sub(r"\W+", "-", self.press.lower()).strip("-") if self.press else ""
        return self.view + suffix


SHOTS = (
    Shot(view="owner", title="30 days, to an owner"),
    Shot(view="owner", title="Its other answers", press="Other answers"),
    Shot(view="owner", title="What is this app?", press="What is this app?"),
    Shot(view="owner-14-days", title="14 days"),
    Shot(view="owner-urgent", title="Within 24 hours"),
    Shot(view="owner-saml", title="A sign-in certificate"),
    Shot(view="owner-several", title="Several of one app"),
    Shot(view="owner-taken", title="Taken by the reader"),
    Shot(view="owner-taken-by-other", title="Taken by somebody else"),
    Shot(view="owner-snoozed", title="Snoozed"),
    Shot(view="owner-waiting-nominee", title="Somebody has been asked"),
    Shot(view="owner-not-yet", title="Renewed? Not visible yet"),
    Shot(view="owner-found", title="Renewed? Found it"),
    Shot(view="owner-superseded", title="A newer one exists"),
    Shot(view="owner-renewed", title="Renewed"),
    Shot(view="owner-expired", title="Expired"),
    Shot(view="owner-not-mine", title="Not mine"),
    Shot(view="owner-from-digest", title="Opened from a digest"),
    Shot(view="owner-shrunk", title="A newer card stands below"),
    Shot(view="manager", title="7 days, to the previous owner's manager"),
    Shot(view="manager", title="The manager's other answers", press="Other answers"),
    Shot(view="manager-waiting-nominee", title="The manager after asking"),
    Shot(view="manager-declined", title="The asked person declined"),
    Shot(view="manager-assigned", title="A new owner"),
    Shot(view="fallback", title="Nobody could be found"),
    Shot(view="nominee-asked", title="The person who is asked"),
    Shot(view="nominee-asked", title="Declining", press="Decline"),
    Shot(view="nominee-accepted", title="After accepting"),
    Shot(view="nominee-assigned", title="The new owner"),
    Shot(view="approval-accepted", title="An administrator approves"),
    Shot(view="approval-by-hand", title="Approval where owners are added by hand"),
    Shot(view="approval-assigned", title="Approved and done"),
    Shot(view="digest", title="Many apps at once"),
    Shot(view="digest", title="All of them", press="Show all 16"),
    Shot(view="digest-choose", title="Answering several"),
    Shot(view="status", title="The administrators' status"),
    Shot(view="status-partial", title="Status when something is wrong"),
    Shot(view="list-my-apps", title="my apps"),
    Shot(view="list-expiring", title="expiring"),
    Shot(view="list-choices", title="Several apps match"),
    Shot(view="app-status", title="status of one app"),
    Shot(view="history", title="history"),
    Shot(view="help", title="help"),
    Shot(view="greeting", title="First contact"),
    Shot(view="scan", title="A scan"),
    Shot(view="sentence", title="The refusal"),
)


@dataclass(frozen=True, kw_only=True)
class Variant:
    suffix: str
    dark: bool
    width: int


#: The whole gallery in two variants; the drafts' five cards in all four.
VARIANTS = (
    Variant(suffix="light", dark=False, width=WIDE),
    Variant(suffix="phone-dark", dark=True, width=NARROW),
    Variant(suffix="dark", dark=True, width=WIDE),
    Variant(suffix="phone", dark=False, width=NARROW),
)
IN_ALL = ("owner", "manager", "nominee-asked", "digest", "status")


def take(page: Page, shot: Shot, variant: Variant) -> None:
    """One picture of one card."""
    draw(page, render(views()[shot.view], WORDS, teams_user_id=TEAMS_USER))
    if shot.press:
        page.get_by_role("button", name=shot.press).first.click()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement?.blur()")
    overflow = page.evaluate(
        "[...document.querySelectorAll('#card *')].filter((e) => e.scrollWidth > e.clientWidth + 1"
        " && e.clientWidth > 0 && getComputedStyle(e).overflowX !== 'visible').map((e) => e.className)"
    )
    if overflow:
        print(f"{shot.name} ({variant.suffix}): text is clipped in {overflow}")
    keep(page.locator("body").screenshot(), f"{shot.name}.{variant.suffix}.png", page)


def keep(picture: bytes, name: str, page: Page) -> None:
    (GALLERY / name).write_bytes(with_palette(picture, page))


def take_mail(page: Page) -> None:
    """The e-mail beside the cards."""
    mails = {
        "mail": mail_view(owner_view(), manager_view()),
        "mail-no-teams": mail_view(nominations=(nominee_view(),), no_teams=True),
    }
    for name, view in mails.items():
        page.set_content(render_mail(view, WORDS).html)
        keep(page.locator("body").screenshot(), f"{name}.png", page)


def main(names: list[str]) -> None:
    """Take all pictures, or those of the named views."""
    GALLERY.mkdir(parents=True, exist_ok=True)
    shots = [shot for shot in SHOTS if not names or shot.view in names]
    with running_chromium() as browser:
        for variant in VARIANTS:
            page = open_card_page(browser, dark=variant.dark, width=variant.width)
            for shot in shots:
                if variant in VARIANTS[:2] or (shot.view in IN_ALL and not shot.press):
                    take(page, shot, variant)
            page.context.close()
        if not names or "mail" in names:
            take_mail(browser.new_page(viewport={"width": 700, "height": 400}))
    (GALLERY / "README.md").write_text(index(), encoding="utf-8")


def index() -> str:
    """The page that shows the pictures."""
    lines = [
        "# Gallery",
        "",
        (
            "Every card as Microsoft's `adaptivecards` renderer draws it with Teams' host configuration, made by"
            " `make gallery`"
        ),
        (
            "from the views in `tests/cards/samples.py`. People pickers and charts are drawn by the practice tenant's"
            " client;"
        ),
        "Teams draws its own. In all of them today is Thursday 3 December 2026.",
        "",
    ]
    for shot in SHOTS:
        wide, narrow = f"{shot.name}.light.png", f"{shot.name}.phone-dark.png"
        lines += [
            f"## {shot.title}",
            "",
            (
                f'<img src="{wide}" alt="{shot.title}, wide" width="{WIDE // 2}">'
                f' <img src="{narrow}" alt="{shot.title}, on a phone" width="{NARROW // 2}">'
            ),
            "",
        ]
    lines += ["## The e-mail", "", '<img src="mail.png" alt="An e-mail about two apps" width="350">', ""]
    lines += ['<img src="mail-no-teams.png" alt="An e-mail to somebody without the Teams app" width="350">', ""]
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
