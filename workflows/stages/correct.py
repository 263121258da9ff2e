"""The citizen corrects the declaration; the population register verifies the new one from the beginning."""

from workflows.casefile import CaseFile
from workflows.events.registration import CorrectionReceived
from workflows.evidence import Correction


def decide(case: CaseFile, answer: Correction) -> CorrectionReceived:
    """Every correction is received: the register judges its content, not this stage."""
    return CorrectionReceived(body=answer.number, digest=answer.digest)
