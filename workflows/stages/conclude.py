"""What follows from the decision on an appeal: a correction of the household's entry, or nothing in the register."""

from workflows.casefile import CaseFile
from workflows.events import AppealClosed, AppealRejected, AppealSetAside, AppealUpheld, CorrectionOpened
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> CorrectionOpened | AppealClosed:
    """An entry is corrected by a change of the household, which the appeal opens and waits for."""
    decision = case.latest(AppealUpheld, AppealSetAside, AppealRejected).event
    if isinstance(decision, AppealUpheld):
        return CorrectionOpened()
    return AppealClosed(outcome="rejected" if isinstance(decision, AppealRejected) else "set_aside")
