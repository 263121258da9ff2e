"""Opens the cases that other cases open, exactly once for each event, and wakes the parents that wait for them.

A parent waits at a stage of its own (`waiting` in its flow). The transaction that ends or parks the child makes the
parent ready; the sweep does so where that transaction missed it. The parent's stage then gathers the child's outcome.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from models.arrays import array, columns
from models.database import Connection
from workflows.casefile import CaseFile, NewCase, Parent
from workflows.engine import lanes
from workflows.engine.load import CaseRow
from workflows.engine.opening import RECEIPTS, Origin, case_numbers, hash_of, insert_cases, opening, record_openings
from workflows.engine.reached import when_reached
from workflows.engine.record import QueueState, copy
from workflows.events.registration import CaseReopened, CorrectionReceived, RegisterChanged, ScoreComputed
from workflows.events.update import HouseholdChanged
from workflows.evidence import CorrectionOutcome, OpenedCase, Submission
from workflows.flows import PARKED, places, stage_of
from workflows.flows.grammar import OTHER_CASE, TIMERS
from workflows.registers.ports import Notices

# The last case that each of these cases opened, if it has ended or is parked.
LAST_OPENED = """
    select c.parent_id, c.id, c.stage, not c.open from cases c
    where c.parent_id = any(%s::bigint[]) and (not c.open or c.stage = 'parked')
    and not exists (select from cases later where later.parent_id = c.parent_id and later.parent_seq > c.parent_seq)
"""
# Those contested decisions after which the case decided nothing anew, and after which no later version of the household
# came.
REPLACING = (ScoreComputed, CorrectionReceived, RegisterChanged, CaseReopened)
STANDING = """
    select d.case_id, d.seq from unnest(%s::bigint[], %s::int[]) as d (case_id, seq)
    join cases c on c.id = d.case_id
    where not exists (select from event e where e.case_id = d.case_id and e.seq > d.seq and e.kind = any(%s))
    and not exists (select from household_version later where later.household_id = c.household_id and later.version > (
        select max(version) from household_version mine where (mine.household_id, mine.case_id) = (c.household_id, c.id)
    ))
"""
# The last change that each of these appeals opened, if it is over or parked: the event by which it was registered, the
# version that stood in the contested one's place, and the index of when the contested decision was taken.
CORRECTIONS = """
    select wanted.appeal, c.id, c.stage, not c.open,
        (select facts::text from event e where e.case_id = c.id and e.kind = 'HouseholdChanged'),
        (with recursive stood (version) as (
            select max(version) from household_version v
            where (v.household_id, v.case_id) = (c.household_id, wanted.case_id) and not v.corrects
            union all
            select v.version from stood join household_version v on v.household_id = c.household_id
            where v.corrects and v.replaces = stood.version and v.case_id <> c.id
        ) select max(version) from stood),
        computed.value, computed.policy
    from unnest(%s::bigint[], %s::bigint[], %s::int[]) as wanted (appeal, case_id, seq)
    join cases c on c.parent_id = wanted.appeal and (not c.open or c.stage = 'parked')
        and not exists (select from cases later where later.parent_id = c.parent_id and later.parent_seq > c.parent_seq)
    left join lateral (select value, policy from score s where s.case_id = wanted.case_id and s.seq <= wanted.seq
        order by seq desc limit 1) as computed on true
"""
# Parents that still wait. If another transaction has one locked at this moment, the sweep wakes it.
WAITS = """open and not machine and not waiting and not ready and due_at is not null
    and (kind, stage) in (select * from unnest(%s::text[], %s::text[]))"""
MAKE_READY = f"""
    update cases p set ready = true, due_at = null, rank = %s + lanes.allowance
    from unnest(%s::smallint[], %s::interval[]) as lanes (lane, allowance)
    where p.lane = lanes.lane and p.id in (
        select id from cases where id = any(%s::bigint[]) and {WAITS} order by id for update skip locked
    )
    and exists (select from cases c where c.parent_id = p.id and (not c.open or c.stage = 'parked')
        and not exists (select from cases later where later.parent_id = p.id and later.parent_seq > c.parent_seq))
"""
MISSED = f"""
    select p.id from cases p where {WAITS}
    and exists (select from cases c where c.parent_id = p.id and (not c.open or c.stage = 'parked')
        and not exists (select from cases later where later.parent_id = p.id and later.parent_seq > c.parent_seq))
    order by p.id limit %s
"""


class LocalCases:
    """Answers the port `Cases` from our own table."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection, self.now = connection, now

    def opened_by(self, case_ids: Sequence[int]) -> Mapping[int, OpenedCase]:
        """The outcome of the last case that each of these opened; absent while that case is still open."""
        return {
            parent: OpenedCase(at=self.now, case=case_id, stage=stage, ended=ended)
            for parent, case_id, stage, ended in self.connection.execute(LAST_OPENED, [array(case_ids)])
        }

    def standing(self, decisions: Sequence[tuple[int, int]]) -> set[tuple[int, int]]:
        """Those of these decisions that no later decision about the household replaced."""
        kinds = [each.__name__ for each in REPLACING]
        return set(self.connection.execute(STANDING, [*columns(list(decisions)), kinds]).fetchall())

    def when_reached(self, decisions: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], datetime | None]:
        """Those of these decisions of which a message told, each with when its delivery was proved."""
        return when_reached(self.connection, decisions)

    def corrections(self, contested: Mapping[int, tuple[int, int]]) -> Mapping[int, CorrectionOutcome]:
        """The outcome of the last change that each of these appeals opened, once that is over or parked."""
        rows = [(appeal, *decision) for appeal, decision in contested.items()]
        return {
            appeal: self.correction(case_id, stage, ended, *made)
            for appeal, case_id, stage, ended, *made in self.connection.execute(CORRECTIONS, columns(rows))
        }

    def correction(  # noqa: PLR0913 - a row of CORRECTIONS
        self,
        case_id: int,
        stage: str,
        ended: bool,
        facts: str | None,
        contested: int | None,
        computed: Decimal | None,
        policy: str | None,
    ) -> CorrectionOutcome:
        """The outcome of a change: where it was registered, the index that the contested version should have had."""
        if facts is None:
            return CorrectionOutcome(at=self.now, case=case_id, stage=stage, ended=ended)
        changed = msgspec.json.decode(facts, type=HouseholdChanged)
        scores = {each.replaces: each.score for each in changed.earlier}
        scores |= {each.version: each.score for each in changed.unreached}
        return CorrectionOutcome(
            at=self.now,
            case=case_id,
            stage=stage,
            ended=ended,
            score_computed=computed,
            score_corrected=scores.get(contested or 0, changed.score),
            policy=policy or "",
            version=changed.version,
        )


def open_children(
    connection: Connection, wanted: Sequence[tuple[Parent, NewCase]], now: datetime, notices: Notices
) -> list[QueueState]:
    """Opens these cases in the transaction of the decisions that open them; returns their queue states."""
    if not wanted:
        return []
    numbers = case_numbers(connection, len(wanted))
    evidence = Submission(at=now)
    openings = [
        opening(number, new, Origin("case", f"case:{parent.case_id}:{parent.seq}", parent), evidence, notices)
        for number, (parent, new) in zip(numbers, wanted, strict=True)
    ]
    opened = insert_cases(connection, openings)
    if len(opened) < len(openings):
        raise LookupError("The same event opened a case before.")
    receipts = [(each.file.reference, each.file.id, each.origin.key, hash_of(each.body)) for each in openings]
    copy(connection, "receipt", RECEIPTS, receipts)
    record_openings(connection, openings, now)
    return list(opened.values())


def waiting_places() -> tuple[list[str], list[str]]:
    """The stages that wait for a case that their own opened: their kinds of cases, and their names."""
    found = [(kind, stage.name) for kind, stage in places() if stage.owner == OTHER_CASE]
    return [kind for kind, _ in found], [name for _, name in found]


def wake_parents(connection: Connection, cases: Sequence[CaseFile | CaseRow], now: datetime) -> set[str]:
    """Wakes the parents of those cases that have ended or are parked; returns the queues that have work by that."""
    parents = sorted({parent for each in cases if (parent := parent_of(each)) and is_ended_or_parked(each)})
    return {TIMERS} if parents and make_parents_ready(connection, parents, now) else set()


def make_parents_ready(connection: Connection, parents: Sequence[int], now: datetime) -> int:
    """Makes those of these parents ready whose child has ended or is parked; returns their number."""
    allowances = [list(lanes.ALLOWANCE), list(lanes.ALLOWANCE.values())]
    return connection.execute(MAKE_READY, [now, *allowances, array(parents), *waiting_places()]).rowcount


def wake_missed_parents(connection: Connection, now: datetime, limit: int = 1000) -> int:
    """Wakes the parents that a child's transaction missed; returns their number. The sweep calls it."""
    kinds, stages = waiting_places()
    if not kinds:
        return 0
    missed = [case_id for (case_id,) in connection.execute(MISSED, [kinds, stages, limit])]
    return make_parents_ready(connection, missed, now) if missed else 0


def is_ended_or_parked(case: CaseFile | CaseRow) -> bool:
    """Whether a parent need not wait for this case any longer."""
    return case.stage == PARKED or not stage_of(case.kind, case.stage).open


def parent_of(case: CaseFile | CaseRow) -> int | None:
    """The number of the case that opened this one, if one did."""
    if isinstance(case, CaseFile):
        return case.parent.case_id if case.parent else None
    return case.parent_id
