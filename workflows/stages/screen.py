"""Is there a reason for a person to look? A signal is never a verdict: no machine refuses, suspends or merges."""

from collections.abc import Callable, Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events import DuplicateSuspected, NothingSuspicious, Signal
from workflows.evidence import ScreeningAnswer
from workflows.fraud import person_in_two_households, phone_shared
from workflows.ports import Ports
from workflows.rules import in_force, version_of

ON = ScreeningAnswer
Signals = tuple[Signal, ...]


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, ScreeningAnswer]:
    """Claims every person for its case, and counts the households of every phone."""
    held = ports.register.claim_persons(batch)
    phones = ports.register.households_by_phone([case.declaration.phone for case in batch if case.declaration.phone])
    rules = in_force(RULES)
    return {
        case.id: ScreeningAnswer(at=ports.now, rules=rules, held=held.get(case.id, ()), phone_households=phones.get(case.declaration.phone or "", 0))
        for case in batch
    }  # fmt: skip


def decide(case: CaseFile, answer: ScreeningAnswer) -> NothingSuspicious | DuplicateSuspected:
    """What somebody must look at goes to a caseworker, with what is only noted."""
    rules = version_of(answer, RULES)
    doubts, noted = RULES[rules](answer)
    return DuplicateSuspected(rules=rules, signals=(*doubts, *noted)) if doubts else NothingSuspicious(rules=rules, noted=noted)


def signals_2026_11(answer: ScreeningAnswer) -> tuple[Signals, Signals]:
    """The doubts: a person claimed by another household. And what is only noted: a shared phone."""
    doubt, shared = person_in_two_households.signal(answer.held), phone_shared.signal(answer.phone_households)
    return (doubt,) if doubt else (), (shared,) if shared else ()


# Doubts and notes, by version, the newest last. None is ever changed, nor what it calls (workflows/fraud/).
RULES: dict[str, Callable[[ScreeningAnswer], tuple[Signals, Signals]]] = {"signals-2026-11": signals_2026_11}
