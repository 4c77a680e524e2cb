"""What a press asks of the store one by one, asked at once; it answers the same as each question by itself."""

from typing import Protocol


class ReadsAhead(Protocol):
    """Part of a transaction (alerts.ports.Transaction). What was read ahead answers the first question for it."""

    async def look_ahead_of_press(
        self, answer_key: str, values: tuple[str, str], person_id: str, activity_id: str
    ) -> None:
        """The answer given under a key, two small values, a person, and the card that person pressed."""

    async def look_ahead_of_card(self, alert_id: str, object_id: str, person_id: str) -> None:
        """What has been told of an alert, where the reader and those who were told can be reached, nominations."""
