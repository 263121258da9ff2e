"""Another phone becomes the household's after some days in which whoever has the known one may object.

A number opens the household's file, by a code. Whoever got hold of a receipt must not take the file over unseen.
"""

from workflows.casefile import CaseFile
from workflows.events.update import NewPhoneDue
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> NewPhoneDue:
    """The term is over, and nobody withdrew the change."""
    return NewPhoneDue()
