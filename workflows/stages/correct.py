"""The citizen declares again; the new declaration is verified from the beginning."""

from workflows.casefile import CaseFile
from workflows.events import CorrectionReceived
from workflows.evidence import Correction


def decide(case: CaseFile, answer: Correction) -> CorrectionReceived:
    """A correction is always taken; what it says is judged by the register."""
    return CorrectionReceived(body=answer.number, digest=answer.digest)
