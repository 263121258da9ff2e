"""Does an appeal come in time, and does its decision still stand? Whatever the answer, a caseworker sees it."""

from collections.abc import Mapping, Sequence

from models.days import day_of
from workflows.casefile import CaseFile
from workflows.events.appeal import AppealQueued
from workflows.evidence import DecisionState
from workflows.policies import newest_terms, terms_of_version
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, DecisionState]:
    """Whether each contested decision still stands, and the terms in force."""
    standing = ports.cases.standing([(case.body.case, case.body.seq) for case in batch])
    terms = newest_terms().version
    return {
        case.id: DecisionState(at=ports.now, stands=(case.body.case, case.body.seq) in standing, terms=terms)
        for case in batch
    }


def decide(case: CaseFile, state: DecisionState) -> AppealQueued:
    """No machine refuses an appeal: a late one, or one against what is over, waits for a caseworker as any other."""
    allowed = terms_of_version(state.terms)["lodging"].within
    late = day_of(case.submitted_at) - day_of(case.body.decided_at) > allowed
    return AppealQueued(begun=case.submitted_at, late=late, stands=state.stands)
