"""Moments by id: a mapping like any other, the newest for each id, in few bytes."""

import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID

from graph.moments import Moments

NOON = datetime(2031, 4, 30, 12, 0, 0, 123456, tzinfo=UTC)
KEY = "aaaaaaaa-0000-4000-8000-000000000001"


def test_holds_what_a_dict_of_the_newest_would() -> None:
    names = [str(UUID(int=number * 0x1000_0000_0001_0000_0000_0000_0001)) for number in range(500)]
    # GUIDs of zeros, whose bytes are found at wrong places too.
    names += [str(UUID(int=1 << bit)) for bit in range(128)]
    names += ["", "not-a-guid", KEY.replace("-", ""), " " * 36, "aaaaaaaa-0000-4000-8000-0000000000 1"]
    moments, expected = Moments(), dict[str, datetime]()
    for number, name in enumerate(names):
        for days in (number % 7, number % 3):
            moment = NOON + timedelta(days=days - 40_000)
            moments.note(name, moment)
            expected[name] = max(moment, expected.get(name, moment))
    assert dict(moments) == expected
    assert len(moments) == len(expected)
    assert all(moments[name] == moment for name, moment in expected.items())
    assert all(str(UUID(int=3 << bit)) not in moments for bit in range(0, 120, 7))


def test_an_unknown_id_has_none_and_upper_case_is_another_text() -> None:
    moments = Moments()
    assert moments.get(KEY) is None
    moments.note(KEY, NOON)
    assert moments.get(KEY) == NOON
    assert moments.get(KEY.upper()) is None
    assert moments.get("aaaaaaaa-0000-4000-8000-000000000002") is None


def test_an_entry_takes_less_than_half_of_the_text_of_its_id() -> None:
    moments = Moments()
    for number in range(20_000):
        moments.note(str(UUID(int=(number * 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835) % (1 << 128))), NOON)
    taken = sum(sys.getsizeof(bucket) for bucket in moments._buckets.values())
    assert taken < 20_000 * 60
