"""The command menu of the Teams app, in the words of the cards."""

from alerts.views import Sentence
from bot.commands import COMMANDS
from cards.render import Words, render_sentence


def menu(words: Words) -> tuple[tuple[str, str], ...]:
    """(title, description) of every command, in the order of the table; for `manifest.package`."""
    return tuple((command.name, render_sentence(Sentence(key=command.sentence), words)) for command in COMMANDS)
