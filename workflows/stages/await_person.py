"""Another household is about to let a person go: the case waits for that, and not for ever."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events import PersonLetGo, PersonNotLetGo
from workflows.evidence import PersonsAwaited
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, PersonsAwaited]:
    """Which of these wait in a circle, for households that wait for them."""
    circles = ports.register.waiting_in_circles([case.id for case in batch])
    return {case.id: PersonsAwaited(at=ports.now, deadline=case.deadline, circle=case.id in circles) for case in batch}


def decide(case: CaseFile, answer: PersonsAwaited) -> PersonLetGo | PersonNotLetGo:
    """In a circle nobody would ever go first, and after the deadline nobody is awaited any more."""
    if answer.circle or (answer.deadline and answer.at >= answer.deadline):
        return PersonNotLetGo(circle=answer.circle)
    return PersonLetGo()
