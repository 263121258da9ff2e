"""The engine: gathers the evidence of a batch, lets the stages decide, and records the events.

Only the engine changes a case's stage. It carries a batch through every stage that this worker serves, in one
transaction. The worker halves a batch that fails until one case fails alone, tries that case again later, and in the
end parks it. See docs/engine.md.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from models.arrays import columns
from models.database import Connection
from models.errors import Refused, Stale
from workflows.bodies.change import UPDATE
from workflows.casefile import CaseFile, Parent
from workflows.desk.items import follow, follow_parked, follow_versions, of_people
from workflows.engine.chain import seal
from workflows.engine.children import open_children, wake_parents
from workflows.engine.load import COLUMNS, CaseRow, case_files, with_bodies_in_force
from workflows.engine.progress import CaseInProgress, apply
from workflows.engine.projections import EVENTS, Transitions, event_row
from workflows.engine.record import CaseUpdate, QueueState, copy, queue_state, record, record_transitions
from workflows.engine.turns import let_next_in, take_turns
from workflows.events.event import Event, Recorded
from workflows.evidence import Evidence
from workflows.flows import PARKED, Move, stage_of
from workflows.flows.grammar import MACHINE, TIMERS, Stage
from workflows.registers.person_moves import wake_who_awaits
from workflows.registers.ports import Adapters, Notices, Ports


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """The outcome of a batch."""

    cases: int = 0  # how many moved
    next_queues: frozenset[str] = frozenset()  # in which they are ready now
    messages: int = 0  # how many they made owed
    others: frozenset[str] = frozenset()  # queues in which other cases are ready by that: opened, let in, or woken
    unanswered: Sequence[int] = ()  # cases about which a register gave no answer, while it answered about others

    @property
    def queues(self) -> frozenset[str]:
        """All queues that have work now."""
        return self.next_queues | self.others


def work(
    connection: Connection,
    rows: Sequence[CaseRow],
    adapters: Adapters,
    now: datetime,
    places: Collection[tuple[str, str]],
) -> BatchOutcome:
    """Carries these locked cases through every one of these places, and records the events. The caller commits.

    A place is a stage after its kind of case. Each case decides once, even if its own place is not among them.
    """
    return carry(connection, in_progress(rows, case_files(connection, rows)), adapters, now, places)


def in_progress(rows: Sequence[CaseRow], files: Sequence[CaseFile]) -> list[CaseInProgress]:
    """These cases, with their files, before they decide anything."""
    return [CaseInProgress(file, row.head, row) for file, row in zip(files, rows, strict=True)]


def carry(
    connection: Connection,
    cases: Sequence[CaseInProgress],
    adapters: Adapters,
    now: datetime,
    places: Collection[tuple[str, str]],
) -> BatchOutcome:
    """The same, of cases whose files are loaded already."""
    ports, under_way = adapters.ports(connection, now), list(cases)
    while under_way:
        for place, group in by_place(under_way):
            decide_all(place, group, ports, adapters.notices)
        under_way = [each for each in under_way if each.place in places and not is_held_up(each)]
    outcome = write(connection, [case for case in cases if case.transitions], now, adapters.notices)
    unanswered = [case.file.id for case in cases if case.unanswered]
    return replace(outcome, unanswered=unanswered) if unanswered else outcome


def is_held_up(case: CaseInProgress) -> bool:
    """Whether the case goes no further in this transaction: a register gave no answer, or it is left behind."""
    return case.unanswered or is_left_behind(case)


def is_left_behind(case: CaseInProgress) -> bool:
    """Whether another batch goes on with the case: its body is a new one, or it has just entered the machine.

    Who enters takes its turn first, as this transaction ends: another case of its household may be in the machine, or
    enter with it.
    """
    return case.must_be_read_again or (not case.was_in_machine and is_machines(case.place))


def by_place(cases: Sequence[CaseInProgress]) -> list[tuple[tuple[str, str], list[CaseInProgress]]]:
    """The cases grouped by place, in the order of the places' names."""
    groups: dict[tuple[str, str], list[CaseInProgress]] = defaultdict(list)
    for case in cases:
        groups[case.place].append(case)
    return [(place, groups[place]) for place in sorted(groups)]


def decide_all(place: tuple[str, str], cases: Sequence[CaseInProgress], ports: Ports, notices: Notices) -> None:
    """Asks once for all cases, then decides each; a case about which no register answered stays at its stage."""
    stage = stage_of(*place)
    evidence = stage.gather([case.file for case in cases], ports)
    for case in cases:
        found = evidence.get(case.file.id)
        if found is None:
            case.unanswered = True
        else:
            decide_at(stage, case, found, notices)


def decide(case: CaseInProgress, evidence: Evidence, notices: Notices) -> Event:
    """Lets the stage decide on this evidence, and makes the transition that the flow gives to its event.

    Raises Refused where the stage takes no such evidence.
    """
    return decide_at(stage_of(*case.place), case, evidence, notices)


def decide_at(stage: Stage, case: CaseInProgress, evidence: Evidence, notices: Notices) -> Event:
    """The same for a case that stands at this stage."""
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
    """Records the transitions of these cases and their queue states.

    It also tells the desk, opens the cases that they open, lets the next case of each household in, and wakes the
    parents that wait.
    """
    if not cases:
        return BatchOutcome()
    transitions = [each for case in cases for each in case.transitions]
    updates = updates_of(connection, cases, now)
    record(connection, transitions, updates)
    states = [each.state for each in updates]
    read_new_bodies(connection, cases)
    follow(connection, cases, states)
    children = open_children(connection, [each for case in cases for each in case.opens], now, notices)
    left = [case.file.household_id for case, state in zip(cases, states, strict=True) if has_left(case, state)]
    # Who is left behind may be in a queue that this batch's own worker drained before.
    others = queues_of([state for case, state in zip(cases, states, strict=True) if is_left_behind(case)])
    others |= queues_of(children)
    others |= let_next_in(connection, [household for household in left if household])
    others |= wake_parents(connection, [case.file for case in cases], now)
    others |= wake_next(connection, [case.file for case in cases], now)
    messages = sum(len(each.messages) for each in transitions)
    return BatchOutcome(len(cases), queues_of(states), messages, frozenset(others))


def read_new_bodies(connection: Connection, cases: Sequence[CaseInProgress]) -> None:
    """Gives those of these cases that wait for people now the body that they took: the desk shows what it says."""
    taken = [each for each in cases if each.must_be_read_again and of_people(*each.place)]
    files = with_bodies_in_force(connection, [each.file for each in taken]) if taken else {}
    for each in taken:
        each.file = files[each.file.id]


def queues_of(states: Sequence[QueueState]) -> frozenset[str]:
    """The queues in which cases with these states are ready."""
    return frozenset(each.queue for each in states if each.ready and each.queue)


def updates_of(connection: Connection, cases: Sequence[CaseInProgress], now: datetime) -> list[CaseUpdate]:
    """The new row of each case; one that enters the machine waits if another case of its household is there."""
    states = {case.file.id: queue_state(case.file, now) for case in cases}
    entering = {case.file.id: case.file.household_id for case in cases if not case.was_in_machine}
    if any(states[case_id].machine for case_id in entering):
        states |= take_turns(connection, entering, {case_id: states[case_id] for case_id in entering})
    return [
        CaseUpdate(
            case.file.id, case.file.version, case.head, case.file.body_number, case.file.kind, states[case.file.id]
        )
        for case in cases
    ]


def wake_next(connection: Connection, files: Sequence[CaseFile], now: datetime) -> set[str]:
    """Wakes who waits for persons of households whose updates have ended; returns the queues with work by that."""
    ended = [file.household_id for file in files if file.kind == UPDATE and not is_open(file)]
    return {TIMERS} if wake_who_awaits(connection, [each for each in ended if each], now) else set()


def is_open(file: CaseFile) -> bool:
    """Whether something is still to come for the case."""
    return file.stage == PARKED or stage_of(file.kind, file.stage).open


def is_machines(place: tuple[str, str]) -> bool:
    """Whether the machine decides at this place."""
    return place[1] != PARKED and stage_of(*place).owner == MACHINE


def has_left(case: CaseInProgress, state: QueueState) -> bool:
    """Whether the case was in the machine before, and is there no more."""
    return case.was_in_machine and not state.machine


# One case ------------------------------------------------------------------------------------------

LOCK = f"select {COLUMNS} from cases where id = any(%s) order by id for update"
HEAD = "update cases set version = %s, head = %s where id = %s"
HEADS = """
    update cases set version = new.version, head = new.head
    from unnest(%s::bigint[], %s::int[], %s::bytea[]) as new (id, version, head) where cases.id = new.id
"""


def advance(
    connection: Connection, case_id: int, version: int, evidence: Evidence, notices: Notices
) -> tuple[Event, CaseFile, BatchOutcome]:
    """Decides one case on evidence that a person gives.

    Raises Stale if the case has another version, as after a double click, a repeated message or a faster colleague;
    nothing has changed then. Raises Refused if a rule forbids the act.
    """
    return advance_locked(connection, lock(connection, case_id, version), evidence, notices)


def advance_locked(
    connection: Connection, row: CaseRow, evidence: Evidence, notices: Notices
) -> tuple[Event, CaseFile, BatchOutcome]:
    """The same for a case that is locked. Raises Refused."""
    if row.stage == PARKED:
        raise Refused(
            "not_possible_now",
            "The application waits for our operators; it goes on as soon as they have mended what held it up.",
        )
    (file,) = case_files(connection, [row])
    case = CaseInProgress(file, row.head, row)
    event = decide(case, evidence, notices)
    return event, case.file, write(connection, [case], evidence.at, notices)


def append_event(
    connection: Connection, row: CaseRow, event: Event, evidence: Evidence, state: QueueState | None = None
) -> frozenset[str]:
    """Chains an event that no stage decides to a locked case; returns the queues that have work by that.

    It needs the case's row alone, so it works even if the file cannot be loaded or no flow has the stage. The case
    stays at its stage unless a `state` is given: that of a parked case.
    """
    seq = row.version + 1
    sealed = seal(row.head, row.id, Recorded(seq, evidence.at, evidence.by, event), evidence)
    copy(connection, EVENTS.name, EVENTS.columns, [event_row(sealed)])
    if state is None:
        connection.execute(HEAD, [seq, sealed.hash, row.id])
        follow_versions(connection, [(row.id, seq)])
        return frozenset()
    record(connection, [], [CaseUpdate(row.id, seq, sealed.hash, row.body_number, row.kind, state)])
    follow_parked(connection, row.id, evidence.at)
    queues = let_next_in(connection, [row.household_id] if row.machine and row.household_id else [])
    return frozenset(queues | wake_parents(connection, [row._replace(stage=state.stage)], evidence.at))


def write_in_place(connection: Connection, cases: Sequence[CaseInProgress]) -> None:
    """Records events after which each of these locked cases stands in its queue as it did, whatever that is."""
    if not cases:
        return
    record_transitions(connection, Transitions([each for case in cases for each in case.transitions]))
    connection.execute(HEADS, columns([(case.file.id, case.file.version, case.head) for case in cases]))
    follow_versions(connection, [(case.file.id, case.file.version) for case in cases])


def lock(connection: Connection, case_id: int, version: int | None = None) -> CaseRow:
    """Locks the case's row until the transaction ends. Raises Stale if it is gone or has another version."""
    row = next(iter(lock_all(connection, [case_id])), None)
    if row is None or (version is not None and row.version != version):
        now = f" It is at version {row.version} now." if row else ""
        raise Stale(f"The case has moved on meanwhile; nothing was changed.{now}")
    return row


def lock_all(connection: Connection, case_ids: Sequence[int]) -> list[CaseRow]:
    """Locks the rows of these cases in key order until the transaction ends."""
    return [CaseRow(*row) for row in connection.execute(LOCK, [list(case_ids)])]
