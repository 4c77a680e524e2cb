"""A progress bar on a terminal, one line per phase; elsewhere events in the log."""

import logging
import shutil
import sys
import time
from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

log = logging.getLogger(__name__)

TITLES = {
    "applications": "App registrations",
    "enterprise_applications": "Enterprise apps",
    "people": "Owners and managers",
}
#: Seconds between two log lines of one phase.
LOG_EVERY = 10.0


class ProgressBar:
    """Called as the scanner's Progress; a context manager that leaves the terminal clean."""

    def __init__(self) -> None:
        self._bars: dict[str, tqdm[Any]] = {}
        self._on_terminal = sys.stderr.isatty()
        self._logged: dict[str, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bar in self._bars.values():
            bar.close()

    def __call__(self, phase: str, done: int, total: int) -> None:
        if not self._on_terminal:
            self._log(phase, done, total)
            return
        if phase not in self._bars:
            # On a terminal that tells no size, as those without a window do, tqdm would show nothing.
            columns, rows = shutil.get_terminal_size()
            title = f"{TITLES.get(phase, phase):<20}"
            self._bars[phase] = tqdm(total=None, desc=title, file=sys.stderr, unit="", ncols=columns, nrows=rows)
        bar = self._bars[phase]
        bar.total = total or None
        bar.n = done
        bar.refresh()

    def _log(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._logged.get(phase, -LOG_EVERY) >= LOG_EVERY:
            self._logged[phase] = now
            log.info("scan: %s %d of %d", phase, done, total)
