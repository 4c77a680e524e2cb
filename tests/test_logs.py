"""No name that is logged, in a message or in an error, makes a line of its own."""

import json
import logging
import os
import re
import sys

from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.logs import JsonLines, Readable

#: As tests/bot/test_hostile_inputs.py.
MANY = int(os.environ.get("STEWARD_HOSTILE_INPUTS", "100"))
FORGED = '12:00:00 error   bot: forged\r\n{"level": "ERROR", "message": "forged"}\u2028\x85\x1b[31m\ud800'


def record_of(text: str) -> logging.LogRecord:
    """A line about this name, with an error that repeats it."""
    try:
        raise ValueError(text)
    except ValueError:
        return logging.LogRecord("bot", logging.ERROR, "f.py", 1, "%s is refused", (text,), sys.exc_info())


@settings(max_examples=MANY, deadline=None)
@given(st.text(max_size=200))
@example(FORGED)
@example("\n" + FORGED)
def test_json_is_one_line_with_the_name_in_it(text: str) -> None:
    line = JsonLines().format(record_of(text))

    assert len(line.splitlines()) == 1
    assert line.isascii()
    told = json.loads(line)
    assert set(told) == {"at", "level", "room", "message", "error"}
    assert told["message"] == f"{text} is refused"


@settings(max_examples=MANY, deadline=None)
@given(st.text(max_size=200))
@example(FORGED)
@example("\n" + FORGED)
def test_at_a_terminal_only_the_first_line_looks_like_a_line_of_the_log(text: str) -> None:
    first, *rest = Readable().format(record_of(text)).splitlines()

    assert re.match(r"\d\d:\d\d:\d\d error   bot: ", first)
    assert all(line.startswith("    ") for line in rest)
    assert "".join([first, *rest]).isascii()
    assert "\x1b" not in first + "".join(rest)
