"""The log: one parsable line per record, whatever a directory name tries to put in it."""

import json
import logging
import sys
from datetime import UTC, datetime

#: Libraries whose INFO lines hold whole URLs or every request.
_QUIET = ("httpx", "httpcore", "azure", "msal", "urllib3", "aiohttp.access", "alembic", "kiota", "opentelemetry")


class JsonLines(logging.Formatter):
    """JSON escapes every control character, so that no name can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "room": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=True)


class Readable(logging.Formatter):
    """For a person at a terminal: time, level, room, message; control characters escaped."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        text = record.getMessage().encode("unicode_escape").decode("ascii")
        line = f"{at} {record.levelname.lower():7} {record.name}: {text}"
        if not record.exc_info:
            return line
        # What an error says may hold line breaks of somebody's name: no line of it looks like one of the log's own.
        told = self.formatException(record.exc_info).splitlines()
        return "\n".join([line, *(f"    {each.encode('unicode_escape').decode('ascii')}" for each in told)])


def set_up_logs(level: str, *, readable: bool) -> None:
    """Log to stderr; stdout belongs to what a command prints."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Readable() if readable else JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
