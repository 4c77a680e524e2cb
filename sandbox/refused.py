"""One exception for everything a twin refuses; each twin writes it in its own service's error JSON."""

from collections.abc import Mapping


class Refused(Exception):
    """The request is refused the way the real service would refuse it.

    Attributes:
        status: HTTP status.
        code: the service's own error code.
        message: what the service says.
        headers: further response headers, such as Retry-After.
        inner: further members of the error object (Graph: of innerError).
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        inner: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.inner = dict(inner or {})
