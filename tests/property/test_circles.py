"""Who waits in a circle, told of any waits."""

import time

from hypothesis import given
from hypothesis import strategies as st

from workflows.registers.circles import Wait, in_circles

PAIRS = st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7)), max_size=14)


def leads_to(waits: list[Wait], household: int, other: int) -> bool:
    """By following every wait, one after the other."""
    found, more = {household}, True
    while more:
        further = {each.held_by for each in waits if each.household in found}
        more, found = not further <= found, found | further
        if other in further:
            return True
    return False


@given(PAIRS)
def test_exactly_those_are_named_whose_household_is_waited_for_in_the_end(pairs: list[tuple[int, int]]) -> None:
    waits = [Wait(case_id, *pair) for case_id, pair in enumerate(pairs)]
    should = {each.case_id for each in waits if leads_to(waits, each.held_by, each.household) or each[1] == each[2]}
    assert in_circles(waits) == should


def test_a_long_chain_and_a_long_circle_take_no_longer_than_they_are() -> None:
    chain = [Wait(number, number, number + 1) for number in range(50_000)]
    began = time.process_time()
    assert in_circles(chain) == set()
    assert len(in_circles([*chain, Wait(50_000, 50_000, 0)])) == 50_001
    assert time.process_time() - began < 3  # a walk from each of them would take an hour
