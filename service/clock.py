"""The time: real, or the practice tenant's, which its "next day" button moves."""

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Aware UTC; real time plus whatever was skipped (nothing in production)."""

    def __init__(self) -> None:
        self._offset = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def move_to(self, offset: timedelta) -> None:
        """Set what was skipped so far."""
        self._offset = offset
