"""Carries one case through a transaction: chains each event to it, and moves its file on."""

from dataclasses import dataclass, field

from workflows.casefile import CaseFile, NewCase, Parent
from workflows.engine.chain import seal
from workflows.engine.load import CaseRow
from workflows.engine.messages import ledger_entry
from workflows.engine.projections import Transition
from workflows.events.event import BodyTaken, Event, Recorded
from workflows.evidence import Evidence
from workflows.flows import Move
from workflows.registers.ports import Notices


@dataclass(slots=True)
class CaseInProgress:
    """A case file as it is now, the head of its chain, its row as it was, its transitions, and the cases it opens."""

    file: CaseFile
    head: bytes
    row: CaseRow | None = None  # None for a case that is just opened
    transitions: list[Transition] = field(default_factory=list)
    opens: list[tuple[Parent, NewCase]] = field(default_factory=list)
    unanswered: bool = False  # a register gave no answer about it

    @property
    def must_be_read_again(self) -> bool:
        """Whether its last event took a new body, which its file does not hold yet."""
        return bool(self.transitions) and isinstance(self.transitions[-1].sealed.recorded.event, BodyTaken)

    @property
    def was_in_machine(self) -> bool:
        """Whether it was in the machine before this transaction."""
        return self.row is not None and self.row.machine

    @property
    def place(self) -> tuple[str, str]:
        """Its kind and stage."""
        return self.file.kind, self.file.stage


def apply(case: CaseInProgress, event: Event, to: Move, evidence: Evidence, notices: Notices) -> None:
    """Chains the event to the case and moves its file to the next stage.

    A case that another one opened makes no messages owed.
    """
    file = case.file
    recorded = Recorded(file.version + 1, evidence.at, evidence.by, event)
    owed_notices = () if file.parent else notices(file, recorded, to.stage)
    messages = [ledger_entry(notice, recorded.at) for notice in owed_notices] if owed_notices else []
    owed = b"".join([each.digest for each in messages]) if messages else b""
    sealed = seal(case.head, file.id, recorded, evidence, owed)
    case.transitions.append(Transition(file, sealed, messages))
    case.file, case.head = file.after(recorded, to.stage, to.anew), sealed.hash
