"""What a process remembers of questions that got no answer."""

import pytest

from workflows.engine.lanes import BULK, INTERACTIVE
from workflows.queue.answers import SLOW_SECONDS, Answers


@pytest.mark.parametrize(("seconds", "others"), [(0.0, False), (60.0, True)])
def test_of_two_who_got_no_answer_the_second_is_to_blame_where_somebody_was_answered_while_it_was_asked_about(
    seconds: float, others: bool
) -> None:
    answers = Answers()
    assert not answers.missed(seconds)  # nobody ever was

    answers.came()

    assert answers.missed(seconds)
    assert answers.missed(seconds) is others


def test_while_asking_is_slow_people_are_served_one_by_one_and_the_bulk_by_one_thread_alone() -> None:
    answers = Answers()
    assert set(answers.limits(250, may_take_long=False).values()) == {250}

    answers.missed(SLOW_SECONDS * 2)

    assert answers.limits(250, may_take_long=False) == {INTERACTIVE: 1}
    assert answers.limits(250, may_take_long=True)[INTERACTIVE] == 1
    assert answers.limits(250, may_take_long=True)[BULK] == 250
