"""The words of this organisation, for cards and e-mail alike."""

from cards.render import Words
from settings.model import Settings


def words_of(settings: Settings) -> Words:
    """What the settings say about words, as cards need it."""
    words = settings.words
    return Words(
        org_name=words.org_name,
        help_text=words.help_text,
        help_url=words.help_url,
        renew_url=words.renew_url,
        bot_app_id=settings.bot.app_id,
        language=words.default_language,
    )
