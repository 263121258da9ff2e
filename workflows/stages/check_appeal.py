"""Does an appeal come in time, and does its decision still stand? Whatever the answer, a caseworker sees it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from models.days import day_of
from workflows.casefile import CaseFile
from workflows.events.appeal import AppealQueued
from workflows.evidence import DecisionState
from workflows.policies import newest_terms, terms_of_version
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, DecisionState]:
    """Whether each contested decision still stands, when it reached the household, and the terms in force."""
    contested = [(case.body.case, case.body.seq) for case in batch]
    standing, reached = ports.cases.standing(contested), ports.cases.when_reached(contested)
    terms = newest_terms().version
    return {
        case.id: DecisionState(
            at=ports.now,
            stands=decision in standing,
            terms=terms,
            told=decision in reached,
            proved=reached.get(decision, msgspec.UNSET),
        )
        for case, decision in zip(batch, contested, strict=True)
    }


def decide(case: CaseFile, state: DecisionState) -> AppealQueued:
    """No machine refuses an appeal: a late one, or one against what is over, waits for a caseworker as any other."""
    allowed = terms_of_version(state.terms)["lodging"].within
    begun = term_begun(case, state)
    late = begun is not None and day_of(case.submitted_at) - day_of(begun) > allowed
    counted = None if state.told is msgspec.UNSET else begun
    return AppealQueued(begun=case.submitted_at, late=late, stands=state.stands, counted_from=counted)


def term_begun(case: CaseFile, state: DecisionState) -> datetime | None:
    """From when the term counts in which the decision may be contested: its proved delivery.

    None while nothing proves that: then the term has not begun. Of a decision of which no message of ours told, the
    decision itself counts.
    """
    if state.told is msgspec.UNSET or not state.told:
        decided: datetime = case.body.decided_at
        return decided
    return state.proved if isinstance(state.proved, datetime) else None
