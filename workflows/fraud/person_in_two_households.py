"""Another household claims the same person."""

from collections.abc import Sequence

from workflows.events import Signal
from workflows.evidence import Holder

CODE = "person_in_two_households"
WHY = "another household claims the same person"
INNOCENT = "a separation, a child between two homes, a move that is not declared yet, a typing error"


def signal(held: Sequence[Holder]) -> Signal | None:
    """Which members, and which cases hold them; a caseworker sees both."""
    if not held:
        return None
    return Signal(code=CODE, members=tuple(sorted({each.member for each in held})), cases=tuple(sorted({each.case_id for each in held})))
