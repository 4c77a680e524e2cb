"""The list of commands, from the command table; greets at first contact."""

from alerts.views import CommandHelp, HelpView
from cards import lists
from cards.pen import Card, Element, Look, Pen, block, header, row
from cards.safe import Limit, Safe, clean

#: The newcomer's own apps that the greeting names; "my apps" has all of them.
OWN_APPS = 5


def draw(view: HelpView, pen: Pen, teams_user_id: str = "") -> Card:  # noqa: ARG001 - all cards are drawn alike
    """Three sentences about Steward for a newcomer, then what can be typed."""
    title = pen.pieces("greeting.title" if view.greeting else "help.title")
    body = [header(block(title, Look(size="Large", bold=True)), "accent")]
    if view.greeting:
        body += [pen.line(f"greeting.{part}") for part in ("does", "asks", "never")]
        if view.own is not None:
            body.append(pen.line("greeting.apps", count=view.own.total, look=Look(spacing="Medium", bold=True)))
            body += lists.rows(view.own, pen, OWN_APPS)
        if view.commands:
            body.append(pen.line("help_intro", look=Look(spacing="Medium")))
    everyone = [command for command in view.commands if not command.admin_only]
    admins = [command for command in view.commands if command.admin_only]
    body += [_row(command, pen) for command in everyone]
    if admins:
        body.append(pen.line("help.admins", look=Look(spacing="Medium")))
        body += [_row(command, pen) for command in admins]
    return pen.card(body, summary=summary(view, pen))


def _row(command: CommandHelp, pen: Pen) -> Element:
    """A tap types the command where it needs nothing more."""
    usage = pen.usage(command.usage)
    line = pen.pieces("help.row", usage=Safe(clean(usage, Limit.ADDRESS)), sentence=pen.text(command.sentence))
    complete = not {"<", "|"} & set(command.usage)
    return row(line, pen.typing(command.name) if complete else None)


def summary(view: HelpView, pen: Pen) -> str:
    return pen.inert("summary.greeting" if view.greeting else "summary.help")
