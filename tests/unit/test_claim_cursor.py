"""Where a claim begins: a little before the last one, and from the very beginning every so often."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from tests.factories import NOW
from workflows.engine.lanes import ALLOWANCE, BULK, INTERACTIVE
from workflows.queue import claim
from workflows.queue.claim import BEGINNING, LOOK_BACK_AFTER, LOOK_BACK_SHARE, SLACK, Cursor


class Clock:
    """A monotonic clock that stands still until told otherwise."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(claim, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


def test_the_first_claim_begins_at_the_very_beginning_of_every_lane(clock: Clock) -> None:
    assert Cursor().first_ranks() == (dict.fromkeys(ALLOWANCE, BEGINNING), True)


def test_the_next_claim_begins_a_little_before_the_last_one_of_its_lane(clock: Clock) -> None:
    cursor = Cursor()
    cursor.first_ranks()
    cursor.claimed_from(BULK, NOW)
    first_ranks, from_beginning = cursor.first_ranks()
    assert not from_beginning
    assert first_ranks == dict.fromkeys(ALLOWANCE, BEGINNING) | {BULK: NOW - SLACK}


def test_after_a_while_it_looks_from_the_beginning_once(clock: Clock) -> None:
    cursor = Cursor()
    cursor.first_ranks()
    cursor.claimed_from(INTERACTIVE, NOW)
    clock.now += LOOK_BACK_AFTER
    assert cursor.first_ranks() == (dict.fromkeys(ALLOWANCE, BEGINNING), True)
    assert cursor.first_ranks()[1] is False


def test_a_look_that_took_long_is_repeated_the_more_seldom(clock: Clock) -> None:
    cursor = Cursor()
    cursor.first_ranks()
    cursor.looked_back(1.0)
    clock.now += 1.0 / LOOK_BACK_SHARE - 0.1
    assert cursor.first_ranks()[1] is False
    clock.now += 0.2
    assert cursor.first_ranks()[1] is True


def test_a_quick_look_is_not_repeated_sooner_than_every_half_second(clock: Clock) -> None:
    cursor = Cursor()
    cursor.first_ranks()
    cursor.looked_back(0.0001)
    clock.now += LOOK_BACK_AFTER - 0.01
    assert cursor.first_ranks()[1] is False


def test_what_a_look_is_given_does_not_move_the_cursor(clock: Clock) -> None:
    cursor = Cursor()
    first_ranks, _ = cursor.first_ranks()
    first_ranks[BULK] = NOW
    assert cursor.first_ranks()[0][BULK] == BEGINNING


def test_a_rank_that_became_visible_late_is_still_found(clock: Clock) -> None:
    cursor = Cursor()
    cursor.first_ranks()
    cursor.claimed_from(INTERACTIVE, NOW)
    late = NOW - timedelta(milliseconds=900)
    assert cursor.first_ranks()[0][INTERACTIVE] <= late
