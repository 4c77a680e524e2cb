"""The documented rates: so many calls in so many seconds, and after the wait it goes on."""

import pytest

from sandbox.connector_limits import CONVERSATION, OVERALL, RateLimits


class Seconds:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize(("allowed", "seconds"), CONVERSATION)
def test_each_window_of_a_conversation_holds(allowed, seconds):
    clock = Seconds()
    limits = RateLimits(clock=clock)
    # Evenly spread over the window, so that only this one can be full.
    passed = 0
    for _ in range(allowed):
        assert limits.take("a:1") == 0
        passed += 1
        clock.now += seconds / allowed * 0.999

    waits = limits.take("a:1")
    clock.now += waits

    assert allowed == passed
    assert 1 <= waits <= seconds
    assert limits.take("a:1") == 0


def test_conversations_do_not_slow_each_other():
    limits = RateLimits(clock=Seconds())

    assert [0] * 7 == [limits.take("a:1") for _ in range(7)]
    assert [0] * 7 == [limits.take("a:2") for _ in range(7)]


def test_all_calls_together_have_a_window_of_their_own():
    clock = Seconds()
    limits = RateLimits(clock=clock)
    ((allowed, seconds),) = OVERALL
    answers = [limits.take() for _ in range(allowed + 1)]
    clock.now += seconds

    assert [0] * allowed + [1] == answers
    assert 0 == limits.take()


def test_a_refused_call_is_not_counted():
    clock = Seconds()
    limits = RateLimits(clock=clock)
    for _ in range(100):
        limits.take("a:1")
    clock.now += 1.0

    assert 93 == limits.refused
    assert 0 == limits.take("a:1")
