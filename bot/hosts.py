"""The allow-list of Bot Connector hosts: a token of ours never goes anywhere else."""

from collections.abc import Iterable
from urllib.parse import urlsplit

#: Characters of a service URL; anything else (blanks, backslashes, non-ASCII look-alikes) is refused unread.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/[]")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


class ServiceHosts:
    """Which service URLs are trusted.

    botbuilder's own `trust_service_url` does nothing and its check always says yes, so that a poisoned
    conversation reference would receive the bot's token.

    Args:
        hosts: exact names, `name` (port 443) or `name:port`.
        service_url: the default service URL, whose host is trusted as well; '' none.
        plain_loopback: also trust http on loopback; for the unauthenticated endpoint only.
    """

    def __init__(self, hosts: Iterable[str], *, service_url: str = "", plain_loopback: bool = False) -> None:
        self._hosts = frozenset(_without_default_port(host.strip().lower()) for host in hosts if host.strip())
        if service_url:
            self._hosts |= {_without_default_port(urlsplit(service_url).netloc.lower())}
        self._plain_loopback = plain_loopback

    def trusts(self, url: str) -> bool:
        """Whether activities may come from, and tokens go to, this service URL."""
        if not url or not _PLAIN.issuperset(url):
            return False
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            port = parts.port
        except ValueError:
            return False
        if ".." in parts.path:
            return False
        if parts.scheme == "http":
            return self.is_plain_loopback(url)
        shown = f"{host}:{port}" if port not in (None, 443) else host
        return parts.scheme == "https" and shown in self._hosts

    def is_plain_loopback(self, url: str) -> bool:
        """Whether this is http on loopback and allowed: such a service gets no token."""
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return self._plain_loopback and parts.scheme == "http" and host in _LOOPBACK


def _without_default_port(host: str) -> str:
    return host.removesuffix(":443")
