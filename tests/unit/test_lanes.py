"""Who goes first: what a person waits for before the bulk, and the bulk before long."""

from datetime import timedelta

from tests.factories import NOW
from workflows.engine.lanes import ALLOWANCE, APPEAL, BULK, INTERACTIVE, UPDATE, rank

SECOND = timedelta(seconds=1)


def test_of_what_became_ready_together_a_persons_goes_first_and_the_bulk_last() -> None:
    assert sorted((BULK, UPDATE, INTERACTIVE, APPEAL), key=lambda lane: rank(lane, NOW)) == [
        INTERACTIVE,
        APPEAL,
        UPDATE,
        BULK,
    ]


def test_within_a_lane_the_older_goes_first() -> None:
    assert all(rank(lane, NOW) < rank(lane, NOW + SECOND) for lane in ALLOWANCE)


def test_bulk_work_ages_and_is_not_overtaken_for_ever() -> None:
    waiting = rank(BULK, NOW)
    assert rank(INTERACTIVE, NOW + timedelta(minutes=14)) < waiting < rank(INTERACTIVE, NOW + timedelta(minutes=16))


def test_every_lane_has_an_allowance() -> None:
    assert set(ALLOWANCE) == {INTERACTIVE, APPEAL, UPDATE, BULK}
