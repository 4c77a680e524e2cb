"""What each answer of the Bot Connector means for a delivery.

Source: learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/conversation-messages (status codes)
and .../bots/how-to/rate-limit, sharpened by what users report of bodies that differ from the documented ones.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from alerts.errors import DeliveryError, Outcome

#: Seconds to wait after a 429 that does not say how long, and the most that is believed.
DEFAULT_RETRY_AFTER = 5.0
MAX_RETRY_AFTER = 3600.0

#: 403s that are about us, not about the person.
_OUR_CODES = frozenset({"NotEnoughPermissions", "InvalidBotApiHost", "BotNotRegistered"})
#: 403s that say the app is not there (any more): installing it helps.
NOT_INSTALLED = frozenset({"ForbiddenOperationException", "BotNotInConversationRoster"})


def classify(status: int, headers: Mapping[str, str], body: bytes, *, repeatable: bool) -> DeliveryError:
    """The error for an answer that is no success.

    Args:
        status: HTTP status, not 2xx.
        headers: of the answer; Retry-After counts.
        body: of the answer, as it came.
        repeatable: True where doing it twice does no harm (create, update, delete): an unclear outcome is
            then as good as none.
    """
    code, text = read_error(body)
    message = f"Bot Connector answered {status} {code}".rstrip()
    if status == 429:
        return DeliveryError(message, outcome=Outcome.SAFE, code=code or "429", retry_after=retry_after(headers))
    if status in (408, 412) or status >= 500:
        # 412 is a clash of two writes; Microsoft asks to repeat it, and people got two copies from doing so.
        outcome = Outcome.SAFE if repeatable else Outcome.UNCLEAR
        return DeliveryError(message, outcome=outcome, code=code or str(status))
    return DeliveryError(message, outcome=_refusal(status, code, text), code=code or str(status))


def _refusal(status: int, code: str, text: str) -> Outcome:
    if status in (400, 403) and "failed to decrypt" in text.lower():
        return Outcome.STALE_ADDRESS
    if status == 401 or code in _OUR_CODES:
        return Outcome.OURS
    if status == 403:
        return Outcome.UNREACHABLE
    if status == 404:
        return Outcome.STALE_ADDRESS
    if 300 <= status < 400:
        # Redirects are not followed: the token would go along.
        return Outcome.OURS
    return Outcome.POISON


def read_error(body: bytes) -> tuple[str, str]:
    """(code, text) of an error body: Bot Framework's own shape, the legacy one, or ('', raw text)."""
    raw = body[:4096].decode("utf-8", "replace")
    document = _decode(body)
    error = document.get("error")
    if isinstance(error, Mapping):
        return _text(error.get("code")), _text(error.get("message"))
    if "errorCode" in document:
        # {"errorCode": 209, "message": "{\"subCode\": \"MessageWritesBlocked\", ...}"}
        inner = _decode(_text(document.get("message")).encode())
        return _text(inner.get("subCode")) or _text(document.get("errorCode")), _text(document.get("message"))
    return "", raw


def retry_after(headers: Mapping[str, str]) -> float:
    """Seconds to wait, from Retry-After in seconds or as a date."""
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return DEFAULT_RETRY_AFTER
    if seconds != seconds:
        return DEFAULT_RETRY_AFTER
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def _decode(body: bytes) -> Mapping[str, Any]:
    try:
        document = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _text(value: object) -> str:
    return str(value)[:500] if isinstance(value, str | int) else ""
