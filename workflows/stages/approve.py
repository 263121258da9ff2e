"""The household enters the register with its score, whatever the score: thresholds belong to the programmes."""

from collections.abc import Mapping, Sequence

from msgspec import UNSET

from models.days import day_of
from workflows.casefile import CaseFile
from workflows.events.registration import HouseholdApproved, PersonsLost, ScoreComputed
from workflows.evidence import RegisterState
from workflows.policies import thresholds_in_force
from workflows.registers.ports import Ports
from workflows.scoring.eligibility import eligibilities


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, RegisterState]:
    """The last version of each household in the register, and the thresholds in force today."""
    versions = ports.register.last_versions([case.household_id for case in batch])
    thresholds = tuple(each.version for each in thresholds_in_force(day_of(ports.now)))
    lost = ports.register.persons_lost(batch)
    return {
        case.id: RegisterState(
            at=ports.now,
            last_version=versions.get(case.household_id, 0),
            thresholds=thresholds,
            lost=True if case.id in lost else UNSET,
        )
        for case in batch
    }


def decide(case: CaseFile, state: RegisterState) -> HouseholdApproved | PersonsLost:
    """Every household that was verified, scored and screened, and holds its persons, is registered."""
    if state.lost:
        return PersonsLost()
    score = case.last(ScoreComputed).score
    return HouseholdApproved(
        version=state.last_version + 1, score=score, eligibilities=eligibilities(score, state.thresholds)
    )
