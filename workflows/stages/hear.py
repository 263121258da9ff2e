"""The citizen answers what is held against them, in their own words, and the review goes on at once."""

from workflows.casefile import CaseFile
from workflows.events.registration import StatementReceived
from workflows.evidence import Statement
from workflows.fraud import review_began


def decide(case: CaseFile, answer: Statement) -> StatementReceived:
    """Every statement is received: a caseworker judges its content, not this stage."""
    return StatementReceived(digest=answer.digest, begun=review_began(case))
