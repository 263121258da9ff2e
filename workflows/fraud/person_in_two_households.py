"""Another household claims the same person."""

from workflows.casefile import CaseFile
from workflows.events.registration import Signal
from workflows.evidence import ScreeningAnswer

CODE = "person_in_two_households"
WHY = "another household claims the same person"
INNOCENT = "a separation, a child between two homes, a move that is not declared yet, a typing error"
NEEDS_A_PERSON = True


def signal(case: CaseFile, answer: ScreeningAnswer) -> Signal | None:
    """Names the members that other cases hold, and those cases; the caseworker sees both sides."""
    if not answer.held:
        return None
    return Signal(
        code=CODE,
        members=tuple(sorted({each.member for each in answer.held})),
        cases=tuple(sorted({each.case_id for each in answer.held})),
    )
