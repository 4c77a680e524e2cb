"""Everything that can go wrong, as one tree.

StewardError
├── SettingsError            a setting is missing, misspelt or contradictory
├── OutsideError             an outside service failed
│   ├── GraphError           Microsoft Graph answered with an error, or not at all
│   ├── ArchiveError         Log Analytics or the embedded archive failed
│   ├── StoreError           the database of the working state failed
│   └── DeliveryError        one message could not be delivered on one channel
├── OwnerChangeError         Graph refused, or policy forbids, a new owner
├── VersionConflict          a row changed between reading and writing it
├── CalledOff                a message is not to be sent after all
└── NotFound                 an id names nothing that the asker may see
"""

from enum import StrEnum


class StewardError(Exception):
    """The root of all errors that Steward raises on purpose."""


class SettingsError(StewardError):
    """One or more settings are wrong; `problems` names each of them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class OutsideError(StewardError):
    """An outside service failed."""


class GraphError(OutsideError):
    """Microsoft Graph answered with an error, or not at all.

    Attributes:
        status: HTTP status, 0 when no answer came.
        code: Graph's own error code (``error.code``), '' when there was none.
        retry_after: seconds that Graph asked to wait, None when it did not say.
    """

    def __init__(self, message: str, *, status: int = 0, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after = retry_after


class ArchiveError(OutsideError):
    """Log Analytics or the embedded archive failed.

    A *partial* query answer is raised as this error too: half a history is no history.
    """


class StoreError(OutsideError):
    """The database of the working state is full, locked, away, or refused a statement.

    Nothing of the transaction was kept, unless it was lost while being committed: then either all of
    it or nothing.
    """


class Outcome(StrEnum):
    """What is known of a send that failed (facts: Bot Connector answers)."""

    #: Nothing was written, or the service asked to come back: retry.
    SAFE = "safe"
    #: It may have arrived: never repeat blindly.
    UNCLEAR = "unclear"
    #: This person cannot be reached on this channel.
    UNREACHABLE = "unreachable"
    #: The stored conversation is gone: create it again once.
    STALE_ADDRESS = "staleAddress"
    #: The message itself is refused (too large, malformed).
    POISON = "poison"
    #: Our own identity or configuration is at fault.
    OURS = "ours"


class DeliveryError(OutsideError):
    """One message could not be delivered on one channel.

    Attributes:
        outcome: the class of failure, which decides what happens next.
        code: the channel's own error code, kept for the events table.
        retry_after: seconds to wait for *all* sends on the channel, None when not said.
    """

    def __init__(self, message: str, *, outcome: Outcome, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.code = code
        self.retry_after = retry_after


class OwnerChangeError(StewardError):
    """Graph refused, or policy forbids, a new owner; `reason` is a short code."""

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class VersionConflict(StewardError):
    """A row changed between reading and writing it: read again and decide again."""


class CalledOff(StewardError):
    """A message is not to be sent after all; said at the last moment, before its request is written."""


class NotFound(StewardError):
    """An id names nothing that the asker may see."""
