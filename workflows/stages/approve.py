"""The household enters the register with its score, whatever the score: thresholds belong to the programmes."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events import HouseholdApproved, ProgrammeEligibility, ScoreComputed
from workflows.evidence import RegisterState
from workflows.policies import threshold_of_version, thresholds_in_force
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, RegisterState]:
    """The last version of each household in the register, and the thresholds in force today."""
    versions = ports.register.last_versions([case.household_id for case in batch])
    thresholds = tuple(each.version for each in thresholds_in_force(ports.now.date()))
    return {
        case.id: RegisterState(at=ports.now, last_version=versions.get(case.household_id, 0), thresholds=thresholds)
        for case in batch
    }


def decide(case: CaseFile, state: RegisterState) -> HouseholdApproved:
    """The household meets a programme's threshold where its unrounded score is at or below it (S <= threshold)."""
    score = case.last(ScoreComputed).score
    thresholds = [threshold_of_version(version) for version in state.thresholds]
    eligibilities = [
        ProgrammeEligibility(each.programme, each.version, each.threshold, score <= each.threshold)
        for each in thresholds
    ]
    return HouseholdApproved(version=state.last_version + 1, score=score, eligibilities=tuple(eligibilities))
