"""Where a case stands at the desk: its queue, for whom it waits, until when, why it goes first, who holds it.

The engine writes the rows of `desk_item` in the transaction that moves the cases, with one statement for all that wait
for people then and one for all that do so no more. A batch that moves cases among stages of the machine pays nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from models.arrays import array, columns
from models.database import Connection
from models.days import day_of
from workflows.appeals.holding import holder, may_not_decide, waiting_proposal
from workflows.casefile import CaseFile
from workflows.engine.progress import CaseInProgress
from workflows.engine.record import QueueState
from workflows.events.appeal import (
    AppealOverdue,
    AppealQueued,
    AppealReminded,
    CommissionOverdue,
    CorrectionOverdue,
    InformationGiven,
    TakenOver,
)
from workflows.events.enrolment import EnrolmentAttested, EnrolmentOverdue
from workflows.events.registration import (
    CorrectionAsked,
    IdentityNotConfirmed,
    MembersMismatched,
    RefusalProposed,
    ReviewOverdue,
)
from workflows.events.update import ChangeKeptOpen
from workflows.flows import PARKED, stage_of
from workflows.flows.appeal import FLOW as APPEALS_FLOW
from workflows.flows.enrolment import FLOW as ENROLMENTS_FLOW
from workflows.flows.grammar import CASEWORKER, CITIZEN, OF_PEOPLE
from workflows.flows.grammar import POPULATION_OFFICER as OWNED_BY_POPULATION
from workflows.policies import targets_in_force
from workflows.stages.review import proposal

# The queues: appeals; reviews, with what a caseworker sent back; exceptions, of which the population register did not
# confirm a member, so that a caseworker looks or the household is asked, and what waits because of another change;
# people who are to be enrolled; parked cases.
QUEUES = (APPEALS, REVIEWS, EXCEPTIONS, ENROLMENTS, PARKED_CASES) = (
    "appeals",
    "reviews",
    "exceptions",
    "enrolments",
    "parked",
)
WAITS = (STAFF, POPULATION_OFFICER, EITHER, SUPERVISOR, COMMISSION, FOR_CITIZEN, OPERATOR) = (
    "staff",
    "population_officer",
    "either",
    "supervisor",
    "commission",
    "citizen",
    "operator",
)
WITH_SUPERVISOR, WITH_COMMISSION = "with_supervisor", "with_commission"
IDENTITY = "identity_in_doubt"  # where a caseworker looks or an officer of the population register
OF_OTHERS = {WITH_SUPERVISOR: SUPERVISOR, WITH_COMMISSION: COMMISSION}  # the stages of others than all caseworkers
# The stages of an appeal at which its events say who holds it; at all others, the desk does.
HELD_BY_EVENTS = ("queued", "under_examination", "information_asked", WITH_SUPERVISOR, WITH_COMMISSION)
BEHIND_ATTESTATION = ("attested", "possible_duplicate")  # who attested an enrolment does not decide it there
# The events that send a case to its household: because of the population register, or of what a caseworker found.
BY_REGISTER = (MembersMismatched, IdentityNotConfirmed)
SENT_BACK = (*BY_REGISTER, CorrectionAsked, RefusalProposed)
FIRST, SOON, ORDINARY, LAST = PRIORITIES = (1, 2, 3, 4)
BY_SUPERVISOR = "supervisor"  # why an item has its priority: a supervisor said so, and no event changes that
BY_PEOPLE = ("officer:", "operator:")  # how the pseudonyms of the staff begin

COLUMNS = "case_id, kind, queue, stage, waits_for, due_at, since, priority, why, holder, language, version"
ENTER = f"""
    insert into desk_item ({COLUMNS}, barred, flags, region, province)
    select {", ".join(f"new.{each}" for each in COLUMNS.split(", "))}, string_to_array(new.barred, ' '),
        string_to_array(new.flags, ' '), c.region, c.province
    from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[],
        %s::smallint[], %s::text[], %s::text[], %s::text[], %s::int[], %s::text[], %s::text[]
    ) as new ({COLUMNS}, barred, flags)
    join cases c on c.id = new.case_id order by new.case_id
    on conflict (case_id) do update set queue = excluded.queue, stage = excluded.stage,
        waits_for = excluded.waits_for, due_at = excluded.due_at, since = excluded.since, version = excluded.version,
        language = excluded.language, region = excluded.region, province = excluded.province, flags = excluded.flags,
        barred = excluded.barred, done_at = null, done_by = null, done_as = null,
        priority = case when desk_item.why = '{BY_SUPERVISOR}' then desk_item.priority else excluded.priority end,
        why = case when desk_item.why = '{BY_SUPERVISOR}' then desk_item.why else excluded.why end,
        holder = case
            when excluded.kind = '{APPEALS_FLOW.kind}' and excluded.stage in {HELD_BY_EVENTS} then excluded.holder
            when desk_item.holder = any(excluded.barred) then null
            else desk_item.holder
        end
"""
# Of a parked case the file may be what cannot be loaded, so its row says all.
PARK = f"""
    insert into desk_item ({COLUMNS}, barred, flags, region, province)
    select id, kind, '{PARKED_CASES}', stage, '{OPERATOR}', stage_since + %s, stage_since, {FIRST}, '{PARKED}', null,
        null, version, '{{}}', '{{}}', region, province
    from cases where id = %s
    on conflict (case_id) do update set queue = excluded.queue, stage = excluded.stage,
        waits_for = excluded.waits_for, due_at = excluded.due_at, since = excluded.since, version = excluded.version,
        region = excluded.region, province = excluded.province,
        priority = case when desk_item.why = '{BY_SUPERVISOR}' then desk_item.priority else excluded.priority end,
        why = case when desk_item.why = '{BY_SUPERVISOR}' then desk_item.why else excluded.why end,
        done_at = null, done_by = null, done_as = null
"""
# A supervisor's priority ends with a decision: the case may come back for another reason.
LEAVE = f"""
    update desk_item set waits_for = null, stage = gone.stage, since = gone.since, version = gone.version,
        region = c.region, province = c.province, done_at = gone.done_at, done_by = gone.done_by,
        done_as = gone.done_as,
        why = case when gone.done_at is not null and why = '{BY_SUPERVISOR}' then 'ordinary' else why end
    from unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::int[], %s::timestamptz[], %s::text[], %s::text[])
        as gone (case_id, stage, since, version, done_at, done_by, done_as)
    join cases c on c.id = gone.case_id where desk_item.case_id = gone.case_id
"""
# Nobody of the staff had to do with it, so nobody will look for it.
FORGET = f"""
    delete from desk_item where case_id = any(%s::bigint[]) and done_at is null and holder is null
    and why <> '{BY_SUPERVISOR}'
"""
FOLLOW_DEADLINES = """
    update desk_item set due_at = c.deadline from cases c
    where c.id = desk_item.case_id and c.id = any(%s) and c.deadline is not null and desk_item.waits_for is not null
"""
FOLLOW_VERSIONS = """
    update desk_item set version = new.version
    from unnest(%s::bigint[], %s::int[]) as new (case_id, version) where desk_item.case_id = new.case_id
        and desk_item.waits_for is not null
"""


class Item(NamedTuple):
    """What an item says that waits for people, in the order of the statement that writes it."""

    case_id: int
    kind: str
    queue: str
    stage: str
    waits_for: str
    due_at: datetime
    since: datetime
    priority: int
    why: str
    holder: str | None  # by the events; where these do not say, the desk's own stays
    language: str
    version: int
    barred: str  # pseudonyms, with blanks between
    flags: str  # codes, with blanks between


@dataclass(frozen=True, slots=True)
class Urgency:
    """How soon an item goes, and why."""

    priority: int
    why: str


def of_people(kind: str, stage: str) -> bool:
    """Whether a case of this kind waits for people at this stage."""
    return stage == PARKED or stage_of(kind, stage).owner in OF_PEOPLE


def follow(connection: Connection, cases: Sequence[CaseInProgress], states: Sequence[QueueState]) -> None:
    """Writes what these cases, which just moved, are at the desk now. Their rows are written before."""
    entering, leaving = [], []
    for case, state in zip(cases, states, strict=True):
        if of_people(case.file.kind, state.stage):
            entering.append(item_of(case.file, state.stage_since, state.deadline))
        elif case.row is not None and of_people(case.row.kind, case.row.stage):
            leaving.append(gone(case, state))
    if entering:
        connection.execute(ENTER, columns(entering))
    if leaving:
        connection.execute(LEAVE, columns(leaving))
        connection.execute(FORGET, [array([case_id for case_id, *_ in leaving])])


def begin(connection: Connection, files: Sequence[CaseFile]) -> None:
    """Writes what these cases, which are just opened, are at the desk. Their rows are written before."""
    waiting = [file for file in files if of_people(file.kind, file.stage)]
    if waiting:
        deadlines = [stage_of(file.kind, file.stage).deadline(file.stage_since) for file in waiting]
        items = [item_of(file, file.stage_since, until) for file, until in zip(waiting, deadlines, strict=True)]
        connection.execute(ENTER, columns(items))


def follow_parked(connection: Connection, case_id: int, now: datetime) -> None:
    """Writes that a case waits for an operator, of which nothing but its row may be readable."""
    connection.execute(PARK, [targets_in_force(day_of(now))[PARKED], case_id])


def follow_deadlines(connection: Connection, case_ids: Sequence[int]) -> None:
    """Writes the deadlines of these cases, which the sweep set anew."""
    connection.execute(FOLLOW_DEADLINES, [list(case_ids)])


def follow_versions(connection: Connection, versions: Sequence[tuple[int, int]]) -> None:
    """Writes the new versions of these cases, which stand where they stood."""
    connection.execute(FOLLOW_VERSIONS, columns(versions))


def gone(case: CaseInProgress, state: QueueState) -> tuple[Any, ...]:
    """What a case that left the desk says: who of the staff decided it, and by which event, if somebody did."""
    by = case.transitions[0].sealed.recorded
    done = (by.at, by.actor, type(by.event).__name__) if by.actor.startswith(BY_PEOPLE) else (None, None, None)
    return (case.file.id, state.stage, by.at, case.file.version, *done)


def item_of(file: CaseFile, since: datetime, deadline: datetime | None) -> Item:
    """The item of a case that waits for people, as its file says, and its row: since when, and until when."""
    urgency = urgency_of(file)
    return Item(
        file.id,
        file.kind,
        queue_of(file),
        file.stage,
        waits_for(file.kind, file.stage),
        due_at(file.stage, since, deadline),
        since,
        urgency.priority,
        urgency.why,
        holder_by_events(file),
        file.body.contact.language,
        file.version,
        " ".join(barred(file)),
        " ".join(flags(file)),
    )


def queue_of(file: CaseFile) -> str:
    """The queue of an item: by its kind, and of what waits for the citizen by who sent it there."""
    if file.kind == APPEALS_FLOW.kind:
        return APPEALS
    if file.kind == ENROLMENTS_FLOW.kind:
        return ENROLMENTS
    if stage_of(file.kind, file.stage).owner == CASEWORKER:
        return EXCEPTIONS if file.stage == IDENTITY else REVIEWS
    sent = max((file.past[kind] for kind in SENT_BACK if kind in file.past), key=lambda each: each.seq, default=None)
    by_caseworker = sent is not None and not isinstance(sent.event, BY_REGISTER)
    return REVIEWS if by_caseworker and file.stage in ("needs_correction", "hearing") else EXCEPTIONS


def waits_for(kind: str, stage: str) -> str:
    """For whom a case waits at a stage of people."""
    if stage == PARKED:
        return OPERATOR
    owner = stage_of(kind, stage).owner
    if owner == OWNED_BY_POPULATION:
        return POPULATION_OFFICER
    return FOR_CITIZEN if owner == CITIZEN else (OF_OTHERS | {IDENTITY: EITHER}).get(stage, STAFF)


def due_at(stage: str, since: datetime, deadline: datetime | None) -> datetime:
    """When somebody has to have acted: the end of the stage's term, else what the target of service says."""
    return deadline or since + targets_in_force(day_of(since))[stage]


def holder_by_events(file: CaseFile) -> str | None:
    """Who has an appeal in hand, as its events say.

    Once the agency did not answer in its term, nobody has until a supervisor takes or gives it; the commission is
    nobody's.
    """
    if file.kind != APPEALS_FLOW.kind or file.stage not in HELD_BY_EVENTS or file.stage == WITH_COMMISSION:
        return None
    if file.stage == WITH_SUPERVISOR and file.last_here(TakenOver) is None:
        return None
    return holder(file)


def barred(file: CaseFile) -> tuple[str, ...]:
    """The pseudonyms of those who may not decide: they took the contested decision, or proposed this one."""
    if file.kind == APPEALS_FLOW.kind:
        return may_not_decide(file)
    if file.kind == ENROLMENTS_FLOW.kind:
        return (file.past[EnrolmentAttested].actor,) if file.stage in BEHIND_ATTESTATION else ()
    proposed = proposal(file) if file.stage == "under_review" else None
    return (proposed.actor,) if proposed else ()


def urgency_of(file: CaseFile) -> Urgency:
    """How soon an item goes, and why, as its events say. What is ordinary goes by its due date."""
    if file.stage in OF_OTHERS:
        return Urgency(FIRST, "escalated")
    if file.stage == "correction_blocked":
        return Urgency(FIRST, "correction_blocked")
    if is_overdue(file):
        return Urgency(FIRST, "overdue")
    if AppealReminded in file.past:
        return Urgency(SOON, "term_ends")
    if needs_second(file):
        return Urgency(SOON, "second_person")
    if file.stage == "under_examination" and InformationGiven in file.past:
        return Urgency(SOON, "answered")
    return Urgency(ORDINARY, "ordinary")


def is_overdue(file: CaseFile) -> bool:
    """Whether nobody acted in time at the present stage."""
    return any(file.last_here(kind) for kind in (ReviewOverdue, CorrectionOverdue, CommissionOverdue, EnrolmentOverdue))


def needs_second(file: CaseFile) -> bool:
    """Whether a decision is proposed, and waits for a second person."""
    if file.kind == APPEALS_FLOW.kind:
        return waiting_proposal(file) is not None
    if file.kind == ENROLMENTS_FLOW.kind:
        return file.stage == "attested"
    return file.stage == "under_review" and proposal(file) is not None


def flags(file: CaseFile) -> list[str]:
    """What a line of the list says beside the stage, as codes."""
    queued = file.last(AppealQueued) if AppealQueued in file.past else None
    said = {
        "lodged_late": bool(queued and queued.late),
        "decision_replaced": bool(queued and not queued.stands),
        "letter": file.body.contact.phone is None,
        "second_person": needs_second(file),
        "overdue": is_overdue(file) or (file.stage in OF_OTHERS and AppealOverdue in file.past),
        "kept_open": is_kept_open(file),
    }
    return [flag for flag, holds in said.items() if holds]


def is_kept_open(file: CaseFile) -> bool:
    """Whether the citizen did not answer, and the change cannot lapse by that: the stage's periods began anew."""
    kept = file.past.get(ChangeKeptOpen)
    return kept is not None and kept.seq >= file.stage_seq
