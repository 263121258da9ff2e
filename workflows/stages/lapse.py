"""The citizen sends no correction: reminders follow, then the application lapses; silence never refuses it."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events.registration import CorrectionReminded, Lapsed
from workflows.events.update import ChangeKeptOpen
from workflows.evidence import ChangeSilence, TimePassed
from workflows.registers.ports import Ports


def decide(case: CaseFile, evidence: TimePassed) -> CorrectionReminded | Lapsed:
    """The application lapses at its deadline; before that, the citizen is reminded.

    The first evidence was recorded without a deadline: then the flow's own counts.
    """
    deadline = evidence.deadline
    if deadline and evidence.at >= deadline:
        return Lapsed()
    return reminded(case)


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, ChangeSilence]:
    """Whether persons whom these changes let go are in other households already."""
    given = ports.register.given_away([case.id for case in batch])
    return {
        case.id: ChangeSilence(
            at=ports.now,
            deadline=case.deadline or ports.now,
            bound=bool(given.get(case.id)),
        )
        for case in batch
    }


def decide_change(case: CaseFile, evidence: ChangeSilence) -> CorrectionReminded | Lapsed | ChangeKeptOpen:
    """A change lapses as an application does. But if it lapsed once it gave a person away, two households had them."""
    if evidence.at < evidence.deadline:
        return reminded(case)
    return ChangeKeptOpen() if evidence.bound else Lapsed()


def reminded(case: CaseFile) -> CorrectionReminded:
    """The next reminder of this term."""
    already_sent = case.last(CorrectionReminded).reminder if case.last_here(CorrectionReminded) else 0
    return CorrectionReminded(reminder=already_sent + 1)
