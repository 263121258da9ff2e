"""The engine: gathers what the stages of a batch need, lets them decide, records it.

Nobody else changes a case's stage. A batch is one transaction and is carried through every stage that this worker
serves. What fails is halved until it fails alone; what fails alone is tried again later and in the end parked. See
docs/engine.md.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from models.database import Connection
from models.errors import Refused, Stale
from workflows.casefile import CaseFile, Parent
from workflows.engine.chain import seal
from workflows.engine.children import open_children, wake_parents
from workflows.engine.load import COLUMNS, CaseRow, case_files
from workflows.engine.progress import CaseInProgress, apply
from workflows.engine.projections import EVENTS, event_row
from workflows.engine.record import CaseUpdate, QueueState, copy, queue_state, record
from workflows.engine.turns import let_next_in, take_turns
from workflows.events import Event, Recorded
from workflows.evidence import Evidence
from workflows.flows import PARKED, Move, stage_of
from workflows.registers.ports import Adapters, Notices, Ports


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What a batch came to.

    How many cases moved, the queues in which they are due now, how many messages are owed, the queues in which other
    cases are due by that (opened, let in, or no longer waiting), and the cases about which a register gave no answer,
    while it answered for others.
    """

    cases: int = 0
    next_queues: frozenset[str] = frozenset()
    messages: int = 0
    others: frozenset[str] = frozenset()
    unanswered: Sequence[int] = ()

    @property
    def queues(self) -> frozenset[str]:
        """All that have work now."""
        return self.next_queues | self.others


def work(
    connection: Connection,
    rows: Sequence[CaseRow],
    adapters: Adapters,
    now: datetime,
    places: Collection[tuple[str, str]],
) -> BatchOutcome:
    """Decides on these locked cases, carries them on through every one of these places (a kind and its stage), and
    records it all. The caller commits.
    """
    ports = adapters.ports(connection, now)
    files = case_files(connection, rows)
    cases = [CaseInProgress(file, row.head, row) for file, row in zip(files, rows, strict=True)]
    under_way = cases
    while under_way:
        for place, group in by_place(under_way):
            decide_all(place, group, ports, adapters.notices)
        under_way = [each for each in under_way if each.place in places and not each.unanswered]
    outcome = write(connection, [case for case in cases if case.transitions], now, adapters.notices)
    silent = [case.file.id for case in cases if case.unanswered]
    return replace(outcome, unanswered=silent) if silent else outcome


def by_place(cases: Sequence[CaseInProgress]) -> list[tuple[tuple[str, str], list[CaseInProgress]]]:
    """The cases that stand at the same stage of the same flow, together, in the order of these names."""
    together: dict[tuple[str, str], list[CaseInProgress]] = defaultdict(list)
    for case in cases:
        together[case.place].append(case)
    return [(place, together[place]) for place in sorted(together)]


def decide_all(place: tuple[str, str], cases: Sequence[CaseInProgress], ports: Ports, notices: Notices) -> None:
    """One question for all, then one decision each; a case for which nobody answered stays where it is."""
    evidence = stage_of(*place).gather([case.file for case in cases], ports)
    for case in cases:
        found = evidence.get(case.file.id)
        if found is None:
            case.unanswered = True
        else:
            decide(case, found, notices)


def decide(case: CaseInProgress, evidence: Evidence, notices: Notices) -> Event:
    """Asks the stage, and makes the transition that the flow shows.

    Raises Refused where the flow knows no such answer here.
    """
    stage = stage_of(*case.place)
    decision = stage.handlers.get(type(evidence))
    if decision is None:
        raise Refused("not_possible_now", f"This is not possible while the case is '{case.file.stage}'.")
    event = decision(case.file, evidence)
    kind = type(event)
    apply(case, event, Move(stage.transitions[kind], kind in stage.renewed_by), evidence, notices)
    if opens := stage.opens.get(kind):
        case.opens.append((Parent(case.file.id, case.file.version), opens(case.file, event)))
    return event


def write(connection: Connection, cases: Sequence[CaseInProgress], now: datetime, notices: Notices) -> BatchOutcome:
    """Records the transitions of these cases and where each stands now; opens the cases that they open, lets the next
    of each household into the machine, and wakes the cases that waited for one of these.
    """
    if not cases:
        return BatchOutcome()
    transitions = [each for case in cases for each in case.transitions]
    updates = updates_of(connection, cases, now)
    record(connection, transitions, updates)
    children = open_children(connection, [each for case in cases for each in case.opens], now, notices)
    left = [case.file.household_id for case, each in zip(cases, updates, strict=True) if has_left(case, each.state)]
    others = queues_of(children)
    others |= let_next_in(connection, [household for household in left if household])
    others |= wake_parents(connection, [case.file for case in cases], now)
    messages = sum(len(each.messages) for each in transitions)
    return BatchOutcome(len(cases), queues_of([each.state for each in updates]), messages, frozenset(others))


def queues_of(states: Sequence[QueueState]) -> frozenset[str]:
    """The queues in which cases that stand there are due."""
    return frozenset(each.queue for each in states if each.ready and each.queue)


def updates_of(connection: Connection, cases: Sequence[CaseInProgress], now: datetime) -> list[CaseUpdate]:
    """Where each case stands now. One that enters the machine waits where another of its household is there."""
    states = {case.file.id: queue_state(case.file, now) for case in cases}
    entering = {case.file.id: case.file.household_id for case in cases if case.row is None or not case.row.machine}
    if any(states[case_id].machine for case_id in entering):
        states |= take_turns(connection, entering, {case_id: states[case_id] for case_id in entering})
    return [
        CaseUpdate(
            case.file.id, case.file.version, case.head, case.file.body_number, case.file.kind, states[case.file.id]
        )
        for case in cases
    ]


def has_left(case: CaseInProgress, state: QueueState) -> bool:
    """Whether it was in the machine before, and is not any more."""
    return case.row is not None and case.row.machine and not state.machine


# One case ------------------------------------------------------------------------------------------

LOCK = f"select {COLUMNS} from cases where id = any(%s) order by id for update"
HEAD = "update cases set version = %s, head = %s where id = %s"


def advance(
    connection: Connection, case_id: int, version: int, evidence: Evidence, notices: Notices
) -> tuple[Event, CaseFile, BatchOutcome]:
    """One case, on a person's word.

    Raises Stale where `version` is no longer the case's, Refused where a rule forbids it. A double click, a repeated
    message and a colleague who was faster are the same thing: Stale, nothing changed.
    """
    row = lock(connection, case_id, version)
    if row.stage == PARKED:
        raise Refused(
            "not_possible_now",
            "The application waits for our operators; it goes on as soon as they have mended what held it up.",
        )
    (file,) = case_files(connection, [row])
    case = CaseInProgress(file, row.head, row)
    event = decide(case, evidence, notices)
    return event, case.file, write(connection, [case], evidence.at, notices)


def append(
    connection: Connection, row: CaseRow, event: Event, evidence: Evidence, state: QueueState | None = None
) -> frozenset[str]:
    """Chains an event beside the flow to a locked case, by its row alone: also where its file cannot be loaded, or no
    flow knows its stage.

    The case stays where it stands, unless a `state` is given; returns the queues that have work by that.
    """
    seq = row.version + 1
    sealed = seal(row.head, row.id, Recorded(seq, evidence.at, evidence.by, event), evidence)
    copy(connection, EVENTS.name, EVENTS.columns, [event_row(sealed)])
    if state is None:
        connection.execute(HEAD, [seq, sealed.hash, row.id])
        return frozenset()
    record(connection, [], [CaseUpdate(row.id, seq, sealed.hash, row.body_number, row.kind, state)])
    queues = let_next_in(connection, [row.household_id] if row.machine and row.household_id else [])
    return frozenset(queues | wake_parents(connection, [row._replace(stage=state.stage)], evidence.at))


def lock(connection: Connection, case_id: int, version: int | None = None) -> CaseRow:
    """The case's row, held until the transaction ends. Raises Stale where it is gone or has another version."""
    row = next(iter(lock_all(connection, [case_id])), None)
    if row is None or (version is not None and row.version != version):
        now = f" It is at version {row.version} now." if row else ""
        raise Stale(f"The case has moved on meanwhile; nothing was changed.{now}")
    return row


def lock_all(connection: Connection, case_ids: Sequence[int]) -> list[CaseRow]:
    """The rows of these cases in key order, held until the transaction ends."""
    return [CaseRow(*row) for row in connection.execute(LOCK, [list(case_ids)])]
