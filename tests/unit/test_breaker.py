"""The circuit breaker before the gateway: when it opens, for how long, what it lets through, and what it says of it."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from models import clock
from notifications import breaker
from notifications.breaker import OPENS_AFTER, PAUSE, Breaker


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What it logs."""
    lines: list[str] = []
    monkeypatch.setattr(
        breaker,
        "log",
        SimpleNamespace(warning=lambda event, **_: lines.append(event), info=lambda event: lines.append(event)),
    )
    return lines


def opened(wait: timedelta | None = None) -> Breaker:
    """One that has just opened."""
    made = Breaker(100)
    for _ in range(OPENS_AFTER):
        made.record_failure("no answer", wait)
    return made


def test_it_opens_after_some_failures_in_a_row_and_not_before(said: list[str]) -> None:
    made = Breaker(100)
    for _ in range(OPENS_AFTER - 1):
        made.record_failure("no answer")
    made.record_success()
    for _ in range(OPENS_AFTER - 1):
        made.record_failure("no answer")
    assert (made.allows_call(), made.is_open, said) == (True, False, [])

    made.record_failure("no answer")

    assert (made.allows_call(), made.is_open, len(said)) == (False, True, 1)


def test_after_its_pause_one_message_is_tried_and_a_failure_opens_it_again_at_once(said: list[str]) -> None:
    made, later = opened(), clock.now() + PAUSE
    with clock.at(later):
        assert (made.allows_call(), made.call_size) == (True, 1)
        made.record_failure("no answer")
        assert not made.allows_call()


def test_once_the_gateway_answers_it_closes_and_calls_grow_to_full_batches(said: list[str]) -> None:
    made = opened()
    sizes = []
    for _ in range(9):
        made.record_success()
        sizes.append(made.call_size)

    assert (made.allows_call(), made.is_open) == (True, False)
    assert sizes == [2, 4, 8, 16, 32, 64, 100, 100, 100]


def test_what_the_gateway_asks_for_opens_it_at_once_and_for_as_long(said: list[str]) -> None:
    made = Breaker(100)
    now = clock.now()
    made.record_failure("too many", timedelta(hours=12))

    for seconds, through in ((1, False), (12 * 3600 - 5, False), (12 * 3600 + 1, True)):
        with clock.at(now + timedelta(seconds=seconds)):
            assert made.allows_call() is through


def test_opening_and_closing_are_said_once_each(said: list[str]) -> None:
    made = opened()
    for _ in range(10):
        made.record_failure("no answer")
    made.record_success()
    made.record_success()

    assert [line.split(";")[0] for line in said] == [
        "the gateway is left alone for a while",
        "the gateway answers again",
    ]


def test_another_reason_or_a_longer_pause_is_said_while_it_is_open(said: list[str]) -> None:
    """As where a gateway that was away comes back and asks to be left alone for an hour."""
    made = opened()
    for _ in range(3):
        made.record_failure("HTTP 429", timedelta(hours=1))
    made.record_failure("HTTP 429", timedelta(hours=2))
    made.record_failure("HTTP 429", timedelta(minutes=50))

    assert len(said) == 3
