"""Is there a reason for a person to look? A signal is never a verdict: no machine refuses, suspends or merges."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events import DuplicateSuspected, NothingSuspicious
from workflows.evidence import ScreeningAnswer
from workflows.fraud import person_in_two_households, phone_shared
from workflows.ports import Ports

ON = ScreeningAnswer
RULES = "signals-2026-11"


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, ScreeningAnswer]:
    """Claims every person for its case, and counts the households of every phone."""
    held = ports.register.claim_persons(batch)
    phones = ports.register.households_by_phone([case.declaration.phone for case in batch if case.declaration.phone])
    return {
        case.id: ScreeningAnswer(at=ports.now, held=held.get(case.id, ()), phone_households=phones.get(case.declaration.phone or "", 0))
        for case in batch
    }  # fmt: skip


def decide(case: CaseFile, answer: ScreeningAnswer) -> NothingSuspicious | DuplicateSuspected:
    """A person claimed by another household goes to a caseworker; a shared phone is only noted."""
    shared = phone_shared.signal(answer.phone_households)
    noted = (shared,) if shared else ()
    if doubt := person_in_two_households.signal(answer.held):
        return DuplicateSuspected(rules=RULES, signals=(doubt, *noted))
    return NothingSuspicious(rules=RULES, noted=noted)
