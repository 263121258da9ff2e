"""What a process remembers of questions that got no answer."""

import pytest

from workflows.engine.lanes import BULK, INTERACTIVE
from workflows.queue.availability import SLOW_SECONDS, RegisterAvailability


@pytest.mark.parametrize(("seconds", "others"), [(0.0, False), (60.0, True)])
def test_of_two_who_got_no_answer_the_second_is_to_blame_where_somebody_was_answered_while_it_was_asked_about(
    seconds: float, others: bool
) -> None:
    availability = RegisterAvailability()
    assert not availability.note_no_answer(seconds)  # nobody ever was

    availability.note_answer()

    assert availability.note_no_answer(seconds)
    assert availability.note_no_answer(seconds) is others


def test_while_asking_is_slow_people_are_served_one_by_one_and_the_bulk_by_one_thread_alone() -> None:
    availability = RegisterAvailability()
    assert set(availability.lane_limits(250, may_take_long=False).values()) == {250}

    availability.note_no_answer(SLOW_SECONDS * 2)

    assert availability.lane_limits(250, may_take_long=False) == {INTERACTIVE: 1}
    assert availability.lane_limits(250, may_take_long=True)[INTERACTIVE] == 1
    assert availability.lane_limits(250, may_take_long=True)[BULK] == 250
