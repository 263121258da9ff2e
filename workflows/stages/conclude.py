"""What follows from the decision on an appeal: a correction of the household's entry, or nothing in the register."""

from workflows.bodies.appeal import Appeal
from workflows.bodies.change import CORRECTION, UPDATE, Change
from workflows.casefile import CaseFile, NewCase
from workflows.engine.lanes import APPEAL
from workflows.events.appeal import (
    AppealClosed,
    AppealRejected,
    AppealSetAside,
    AppealUpheld,
    CorrectionOpened,
    NothingToCorrect,
)
from workflows.evidence import TimePassed


def decide(case: CaseFile, evidence: TimePassed) -> CorrectionOpened | NothingToCorrect | AppealClosed:
    """An entry is corrected by a change of the household, which the appeal opens and waits for.

    A household that had left the register before the decision has none.
    """
    decision = case.latest(AppealUpheld, AppealSetAside, AppealRejected).event
    if isinstance(decision, AppealUpheld):
        return CorrectionOpened() if case.body.corrected else NothingToCorrect()
    return AppealClosed(outcome="rejected" if isinstance(decision, AppealRejected) else "set_aside")


def correction(case: CaseFile, event: CorrectionOpened) -> NewCase:
    """The change by which the household's entry is corrected, from the day of the contested decision on.

    Raises ValueError where the appeal's body holds no correction.
    """
    appeal: Appeal = case.body
    change = Change.model_validate(
        {
            "change": CORRECTION,
            "cause": "appeal",
            "true_from": appeal.true_from,
            "based_on": appeal.based_on,
            "decided_on": appeal.decided_on,
            "declaration": appeal.corrected,
            "earlier": appeal.earlier,
        }
    )
    return NewCase(UPDATE, APPEAL, case.household_id, change)
