"""Is there a reason for a caseworker to look? A signal is no verdict: no machine refuses, suspends or merges."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import ModuleType

from workflows.casefile import CaseFile
from workflows.events import DuplicateSuspected, NothingSuspicious, ReviewCleared, ReviewReopened, ScoreComputed
from workflows.evidence import ScreeningAnswer
from workflows.fraud import SIGNALS, person_in_two_households, phone_shared, review_began
from workflows.policies.rules import in_force, version_of
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, ScreeningAnswer]:
    """Claims every member for the case, notes who else holds one, and counts the households of every phone."""
    held = ports.register.claim_persons(batch)
    phones = ports.register.households_by_phone([case.declaration.phone for case in batch if case.declaration.phone])
    rules = in_force(RULES)
    return {
        case.id: ScreeningAnswer(
            at=ports.now,
            rules=rules,
            held=held.get(case.id, ()),
            phone_households=phones.get(case.declaration.phone or "", 0),
        )
        for case in batch
    }


def decide(case: CaseFile, answer: ScreeningAnswer) -> NothingSuspicious | DuplicateSuspected | ReviewReopened:
    """A signal that needs a person sends the case to a caseworker, with all other signals; else they are only noted."""
    rules = version_of(answer, RULES)
    raised = tuple([signal for each in RULES[rules] if (signal := each.signal(case, answer))])
    if not any(SIGNALS[signal.code].NEEDS_A_PERSON for signal in raised):
        return NothingSuspicious(rules=rules, noted=raised)
    if begun := reviewed_since(case):
        return ReviewReopened(rules=rules, signals=raised, begun=begun)
    return DuplicateSuspected(rules=rules, signals=raised)


def reviewed_since(case: CaseFile) -> datetime | None:
    """When the review began that a caseworker just cleared.

    None where there was none, or where the household was scored anew since: then a new review begins.
    """
    cleared, scored = case.past.get(ReviewCleared), case.past.get(ScoreComputed)
    if cleared is None or (scored is not None and scored.seq > cleared.seq):
        return None
    return review_began(case)


# The signals of each version of the rules, the newest last. A version never changes, nor do its signals (fraud/).
RULES: dict[str, tuple[ModuleType, ...]] = {"signals-2026-11": (person_in_two_households, phone_shared)}
