"""Draws every card with Microsoft's renderer and Teams' host configuration into docs/gallery.

One sheet for each form of each card: light, dark and high contrast, on a desk and on a phone; for rarer forms, which
look the same, light on a desk and dark on a phone. With names given as arguments only those views.
"""

import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page  # noqa: E402 - the project's folder must be on the path first

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
from tests.gallery.palette import sheet  # noqa: E402
from tests.gallery.shots import GROUPS, OTHERS, Shot, group_of, shots  # noqa: E402
from tests.support.card_page import Theme, draw, open_card_page  # noqa: E402
from tests.support.chromium import running_chromium  # noqa: E402

GALLERY = ROOT / "docs" / "gallery"
WIDE, NARROW = 640, 344
THEMES: tuple[Theme, ...] = ("light", "dark", "contrast")
#: The picture of the project's front page.
FRONT = ("owner", "light")

Pages = dict[tuple[Theme, int], Page]

#: Which pictures stand on a sheet, row by row.
WHOLE: tuple[tuple[tuple[Theme, int], ...], ...] = tuple(((theme, WIDE), (theme, NARROW)) for theme in THEMES)
SHORT: tuple[tuple[tuple[Theme, int], ...], ...] = ((("light", WIDE), ("dark", NARROW)),)


def picture(page: Page, shot: Shot) -> bytes:
    """One card as one reader sees it."""
    draw(page, render(views()[shot.view], replace(WORDS, language=shot.language), teams_user_id=TEAMS_USER))
    if shot.press:
        page.get_by_role("button", name=shot.press).first.click()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement?.blur()")
    return page.locator("body").screenshot()


def take(pages: Pages, shot: Shot) -> None:
    """The sheet of one card."""
    page = pages["light", WIDE]
    rows = [[picture(pages[each], shot) for each in row] for row in (WHOLE if shot.whole else SHORT)]
    (GALLERY / f"{shot.name}.png").write_bytes(sheet(rows, page))
    if shot.name == FRONT[0]:
        (GALLERY / f"{shot.name}.{FRONT[1]}.png").write_bytes(sheet([rows[0][:1]], page))


def take_mails(browser: Browser) -> None:
    """The e-mail beside the cards, in each language."""
    page = browser.new_page(viewport={"width": 700, "height": 400})
    for language in ("en", "de", "fr"):
        words = replace(WORDS, language=language)
        pictures = []
        for view in (
            mail_view(owner_view(), manager_view()),
            mail_view(nominations=(nominee_view(),), no_teams=True),
        ):
            page.set_content(render_mail(view, words).html)
            page.add_style_tag(content="body { margin: 0; padding: 16px; background: #fff; }")
            pictures.append(page.locator("body").screenshot())
        (GALLERY / f"mail.{language}.png").write_bytes(sheet([pictures], page))


def main(names: list[str]) -> None:
    """Take all pictures, or those of the named views."""
    GALLERY.mkdir(parents=True, exist_ok=True)
    wanted = [shot for shot in shots() if not names or shot.view in names]
    with running_chromium() as browser:
        pages = {(theme, width): open_card_page(browser, theme=theme, width=width)
                 for theme in THEMES for width in (WIDE, NARROW)}  # fmt: skip
        for shot in wanted:
            take(pages, shot)
        if not names or "mail" in names:
            take_mails(browser)
    if not names:
        kept = {f"{shot.name}.png" for shot in wanted} | {f"{'.'.join(FRONT)}.png"}
        for file in GALLERY.glob("*.png"):
            if file.name not in kept and not file.name.startswith("mail."):
                file.unlink()
    for name, text in index().items():
        (GALLERY / name).write_text(text, encoding="utf-8")


def page_of(group: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in group.lower()).strip("-") + ".md"


def index() -> dict[str, str]:
    """File -> the page that shows a group of cards, and the page that leads to them."""
    made = {}
    front = [
        "# Gallery",
        "",
        "Every card as Microsoft's `adaptivecards` renderer draws it with Teams' host configuration, made by",
        "`make gallery` from the views in `tests/cards/forms.py`: light, dark and high contrast, on a desk and on a phone;",
        "the rarer forms light on a desk and dark on a phone. People pickers and charts are drawn by the practice tenant's",
        "client; Teams draws its own. In all of them today is Thursday 3 December 2026.",
        "",
    ]
    for group in (*GROUPS, OTHERS):
        mine = [shot for shot in shots() if group_of(shot.view) == group]
        if not mine:
            continue
        front.append(f"- [{group}]({page_of(group)}): {len(mine)}")
        lines = [f"# {group}", "", "[All of them](README.md)", ""]
        for shot in mine:
            lines += [f"## {shot.title}", "", f"![{shot.title}]({shot.name}.png)", ""]
        made[page_of(group)] = "\n".join(lines)
    front.append("- The e-mail: [English](mail.en.png), [German](mail.de.png), [French](mail.fr.png)")
    made["README.md"] = "\n".join([*front, ""])
    return made


if __name__ == "__main__":
    main(sys.argv[1:])
