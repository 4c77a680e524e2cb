"""From a View to what goes over the wire: a card that fits, or a sentence."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from alerts.errors import DeliveryError, Outcome
from alerts.views import AlertView, DigestView, NominationView, Sentence, View
from cards.render import Words, render, render_sentence, summary
from cards.text import spoken

CARD_TYPE = "application/vnd.microsoft.card.adaptive"
#: Bytes, in UTF-16 as Teams counts. Cards are drawn to fit a quarter of it; this is the last guard: Teams takes
#: 100 KB and asks to stay under 80. Source: learn.microsoft.com/microsoftteams/platform/bots/how-to/
#: format-your-bot-messages.
LIMIT = 80 * 1024


#: Locale of the reader ('' unknown, or one that Steward does not speak) -> their words.
WordsFor = Callable[[str], Words]


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """One message, ready to be posted."""

    #: None for a plain sentence.
    card: Mapping[str, Any] | None
    #: The sentence itself, or what the notification of a card says; never names of people.
    text: str

    def compact(self) -> "Drawn":
        """The same as one sentence, for a card that Teams refuses."""
        return Drawn(card=None, text=self.text)

    def activity(self, *, alert: bool = False) -> dict[str, Any]:
        """The message activity; with `alert` it also shows as a notification.

        A card goes alone, with `summary`: Teams splits text and card into two messages and returns no id,
        so that the card could never be updated.
        """
        if self.card is None:
            body: dict[str, Any] = {"type": "message", "text": self.text, "textFormat": "plain", "summary": self.text}
        else:
            attachment = {"contentType": CARD_TYPE, "content": dict(self.card)}
            body = {"type": "message", "summary": self.text, "attachments": [attachment]}
        if alert:
            body["channelData"] = {"notification": {"alert": True}}
        return body


class Drawing:
    """Draws views in the organisation's words and the reader's language."""

    def __init__(self, words_for: WordsFor) -> None:
        self._words_for = words_for

    def draw(self, view: View, *, locale: str = "", preferred: str = "", teams_user_id: str = "") -> Drawn:
        """In the language of the reader's last message, else the one they prefer as Graph says.

        Args:
            view: what is shown; one that names its reader says what that one prefers.
            locale: of their last message, '' unknown.
            preferred: Graph's preferredLanguage where the view does not name its reader, '' unknown.
            teams_user_id: Teams' own id of the reader, see cards.render.

        Raises DeliveryError (poison) for a card that is too large for Teams.
        """
        words = self._words_for(spoken(locale, preferred, _preferred(view)))
        if isinstance(view, Sentence):
            return Drawn(card=None, text=render_sentence(view, words))
        card = render(view, words, teams_user_id=teams_user_id)
        if not _fits(card):
            raise DeliveryError("card is too large", outcome=Outcome.POISON, code="MessageSizeTooBig")
        return Drawn(card=card, text=summary(view, words))


def _preferred(view: View) -> str:
    match view:
        case AlertView() | DigestView() | NominationView():
            return view.recipient.preferred_language
        case _:
            return ""


def _fits(card: Mapping[str, Any]) -> bool:
    # A character is one byte or more in UTF-8, and two or four in UTF-16: most cards need not be counted in full.
    return 2 * len(to_json(card)) <= LIMIT or size(card) <= LIMIT


def size(card: Mapping[str, Any]) -> int:
    """Bytes of a card as Teams counts them."""
    return len(json.dumps(card, ensure_ascii=False).encode("utf-16-le", "surrogatepass"))


def _as_text(value: object) -> str:
    """Texts of `cards` are of a type of their own."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"a {type(value).__name__} cannot be on a card")


_encoder = msgspec.json.Encoder(enc_hook=_as_text)


def to_json(value: object) -> bytes:
    """JSON in UTF-8; what has no form there (a lone surrogate) is escaped."""
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value).encode()
