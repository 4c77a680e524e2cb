"""Progress: a bar on a terminal, now and then a line in the log elsewhere."""

import io
import logging
import os
import select
import sys

import pytest

from scanner.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar_for_each_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)

    with ProgressBar() as bar:
        bar("applications", 999, 12000)
        bar("enterprise_applications", 999, 0)
        bar("applications", 12000, 12000)

    shown = screen.getvalue()
    assert "App registrations" in shown
    assert "999/12000" in shown
    assert "12000/12000" in shown
    assert "Enterprise apps" in shown


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_terminal_without_a_size_shows_the_bar_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as screen, os.fdopen(ours, "rb", buffering=0) as shown:
        monkeypatch.setattr(sys, "stderr", screen)
        with ProgressBar() as bar:
            bar("applications", 999, 12000)
        screen.flush()
        written = shown.read(1 << 16)
        while b"999/12000" not in written and select.select([shown], [], [], 0)[0]:
            written += shown.read(1 << 16)

    assert b"999/12000" in written


def test_without_a_terminal_the_log_has_one_line_a_phase_and_not_one_a_page(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    with ProgressBar() as bar:
        for page in range(1, 14):
            bar("applications", page * 999, 12000)
        bar("people", 0, 4000)

    assert [record.getMessage() for record in caplog.records] == [
        "scan: applications 999 of 12000",
        "scan: people 0 of 4000",
    ]
