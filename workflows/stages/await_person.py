"""Another household is about to let a person go: the case waits for that, and not for ever."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events.registration import PersonAwaited, PersonLetGo, PersonNotLetGo
from workflows.evidence import PersonsAwaited
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, PersonsAwaited]:
    """Which of these wait in a circle, for households that wait for them."""
    circles = ports.register.waiting_in_circles()
    return {case.id: PersonsAwaited(at=ports.now, deadline=case.deadline, circle=case.id in circles) for case in batch}


def decide(case: CaseFile, answer: PersonsAwaited) -> PersonLetGo | PersonNotLetGo:
    """In a circle nobody would ever go first, and after the term nobody is awaited any more.

    The term counts from the beginning of the wait, however often the case was woken and began to wait again.
    """
    begun, deadline = case.last(PersonAwaited).begun, answer.deadline
    in_vain = deadline is not None and answer.at - begun >= deadline - case.stage_since
    if answer.circle or in_vain:
        return PersonNotLetGo(circle=answer.circle)
    return PersonLetGo()
