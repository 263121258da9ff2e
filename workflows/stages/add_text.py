"""The citizen adds something to an appeal, in their own words."""

from workflows.casefile import CaseFile
from workflows.events.appeal import AppealTextAdded
from workflows.evidence import Statement


def decide(case: CaseFile, answer: Statement) -> AppealTextAdded:
    """Every text is taken: a caseworker judges it, not this stage."""
    return AppealTextAdded(digest=answer.digest)
