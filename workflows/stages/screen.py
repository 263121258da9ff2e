"""Is there a reason for a person to look? A signal is never a verdict: no machine refuses, suspends or merges."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import ModuleType

from workflows.casefile import CaseFile
from workflows.events import DuplicateSuspected, NothingSuspicious, ReviewCleared, ReviewReopened, ScoreComputed
from workflows.evidence import ScreeningAnswer
from workflows.fraud import SIGNALS, person_in_two_households, phone_shared
from workflows.policies.rules import in_force, version_of
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, ScreeningAnswer]:
    """Claims every person for its case, and counts the households of every phone."""
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
    """All signals of these rules are raised; one that needs a person sends the case to a caseworker, with whatever else
    is noted.
    """
    rules = version_of(answer, RULES)
    raised = tuple([signal for each in RULES[rules] if (signal := each.signal(case, answer))])
    if any(SIGNALS[signal.code].NEEDS_A_PERSON for signal in raised):
        since = reviewed_since(case)
        return (
            ReviewReopened(rules=rules, signals=raised, begun=since)
            if since
            else DuplicateSuspected(rules=rules, signals=raised)
        )
    return NothingSuspicious(rules=rules, noted=raised)


def reviewed_since(case: CaseFile) -> datetime | None:
    """When the review was raised that a caseworker cleared just now; None where the household was declared or computed
    anew since, and is looked at afresh.
    """
    cleared, scored = case.past.get(ReviewCleared), case.past.get(ScoreComputed)
    if cleared is None or (scored is not None and scored.seq > cleared.seq):
        return None
    review = case.latest(DuplicateSuspected, ReviewReopened)
    return review.event.begun if isinstance(review.event, ReviewReopened) else review.at


# The signals that are asked, by version, the newest last. None is ever changed, nor what a signal in it says
# (workflows/fraud/).
RULES: dict[str, tuple[ModuleType, ...]] = {"signals-2026-11": (person_in_two_households, phone_shared)}
