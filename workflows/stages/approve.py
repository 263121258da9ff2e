"""The household enters the register with its score; each programme's threshold is compared unrounded
(S <= threshold).
"""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events import HouseholdApproved, ProgrammeEligibility, ScoreComputed
from workflows.evidence import RegisterState
from workflows.policies import threshold_of_version, thresholds_in_force
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, RegisterState]:
    """Where the register stands on each household, and the thresholds that count now."""
    versions = ports.register.last_versions([case.household_id for case in batch])
    thresholds = tuple(each.version for each in thresholds_in_force(ports.now.date()))
    return {
        case.id: RegisterState(at=ports.now, last_version=versions.get(case.household_id, 0), thresholds=thresholds)
        for case in batch
    }


def decide(case: CaseFile, state: RegisterState) -> HouseholdApproved:
    """Approved whatever the score: thresholds belong to programmes."""
    score = case.last(ScoreComputed).score
    return HouseholdApproved(
        version=state.last_version + 1,
        score=score,
        eligibilities=tuple(
            ProgrammeEligibility(each.programme, each.version, each.threshold, score <= each.threshold)
            for each in map(threshold_of_version, state.thresholds)
        ),
    )
