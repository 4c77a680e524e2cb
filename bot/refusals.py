"""How the edge says no: an HTTP status for the caller, a reason for the log only."""

from alerts.errors import StewardError


class Refusal(StewardError):
    """An inbound request is refused before anything of it is processed.

    Attributes:
        status: HTTP status of the answer, whose body is empty.
        reason: for log and metrics; never sent.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason
