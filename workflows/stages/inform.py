"""The citizen gives the information that was asked for, and the examination goes on at once."""

from workflows.appeals.holding import term_goes_on
from workflows.casefile import CaseFile
from workflows.events.appeal import InformationGiven
from workflows.evidence import Statement


def decide(case: CaseFile, answer: Statement) -> InformationGiven:
    """The agency's term is longer by the time that the citizen took."""
    return InformationGiven(digest=answer.digest, begun=term_goes_on(case, answer.at))
