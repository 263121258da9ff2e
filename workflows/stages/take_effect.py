"""The change that an upheld appeal opened has ended: the correction stands in the register, or a caseworker looks."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events.appeal import CorrectionBlocked, CorrectionMade, NothingToCorrect
from workflows.evidence import CorrectionOutcome, Evidence, TimePassed
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, Evidence]:
    """What became of each change; where it is still under way, time passed."""
    waiting: dict[int, Evidence] = {
        case.id: TimePassed(at=ports.now, deadline=case.deadline) if case.deadline else TimePassed(at=ports.now)
        for case in batch
    }
    contested = {case.id: (case.body.case, case.body.seq) for case in batch}
    return {**waiting, **ports.cases.corrections(contested)}


def decide(case: CaseFile, change: CorrectionOutcome) -> CorrectionMade | CorrectionBlocked | NothingToCorrect:
    """Only a change that was registered corrects the entry. Of a household that has left the register there is none;
    every other end leads to a caseworker.
    """
    if change.ended and change.stage == "void":
        return NothingToCorrect(case=change.case)
    if not change.ended or change.score_corrected is None or change.score_computed is None:
        return CorrectionBlocked(case=change.case, why=change.stage)
    return CorrectionMade(
        case=change.case,
        score_computed=change.score_computed,
        score_corrected=change.score_corrected,
        policy=change.policy,
        version=change.version,
    )
