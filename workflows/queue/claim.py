"""Claims ready cases: lowest rank first, one lane at a time, skipping rows that another worker has locked.

An old snapshot elsewhere keeps the index entries of finished cases alive, and a claim would read all of them before its
first live row. So each claim starts where this process's last claim of the lane began. Now and then it looks from the
very beginning: the more such a look costs, the less often.
"""

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock

from models.database import Connection
from workflows.engine.lanes import ALLOWANCE
from workflows.engine.load import COLUMNS, CaseRow
from workflows.flows import places
from workflows.flows.grammar import MACHINE

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
LOOK_BACK_AFTER = 0.5  # seconds, at the least, between two looks from the very beginning
LOOK_BACK_SHARE = 0.02  # of the time, at the most, that such looks may take
SLACK = timedelta(seconds=1)  # ranks become visible out of order, by as much as a submission takes to commit

# Each statement looks up the held stages (queue/holds.py) once. For `coalesce` the planner guesses that half of the
# rows are left. Without it, where all ready cases stand at one stage, as those of one file do, the planner expects no
# rows, and reads and sorts the whole table for each batch.
READY_NOT_HELD = "not coalesce(kind || stage = any (array(select kind || stage from held_stage)), false)"
# Nor at one of these stages, which ask a register that is left alone.
READY_NOT_LEFT = """
    not coalesce(
        kind || stage = any (array(select kind || stage from held_stage union all select unnest(%s::text[]))), false
    )
"""
# The lanes of a queue that have work, lowest rank first; none where an operator paused the queue.
LANES = f"""
    select l.lane from unnest(%s::smallint[], %s::timestamptz[]) as l (lane, after)
    cross join lateral (
        select rank from cases
        where ready and queue = %s and lane = l.lane and rank >= l.after and {READY_NOT_LEFT}
        order by rank limit 1
    ) as first
    where not exists (select from paused_queue where queue = %s)
    order by first.rank
"""
CLAIM = f"""
    select {COLUMNS}, rank from cases
    where ready and queue = %s and lane = %s and rank >= %s and id <> all(%s) and {READY_NOT_LEFT}
    order by rank limit %s for update skip locked
"""
# Of these cases, those that stand in this queue or are quarantined for it. The workers of another queue find those that
# moved on to it; cases that ended, were parked, or wait for a timer or for their turn need no work.
STILL_DUE = "id = any(%s) and queue = %s and open and stage <> 'parked' and (ready or due_at is null) and not waiting"
STILL_QUARANTINED = f"select {COLUMNS} from cases where {STILL_DUE} order by id for update"
STILL_READY = f"select {COLUMNS} from cases where id = any(%s) and queue = %s and ready order by id for update"
STOPPED = "select queue, null, null from paused_queue union all select null, kind, stage from held_stage"


class Cursor:
    """Where this process's claims of a queue begin, lane by lane, and which cases they leave alone.

    It leaves each of these cases alone until a monotonic time. The threads of the process share the cursor.
    """

    def __init__(self, left_alone: Mapping[int, float] | None = None) -> None:
        self.left_alone = {} if left_alone is None else left_alone
        self.ranks = dict.fromkeys(ALLOWANCE, BEGINNING)
        self.look_back_at = 0.0
        self.lock = Lock()

    def cases_left_alone(self) -> list[int]:
        """The cases that claims pass over now."""
        return [case_id for case_id, until in list(self.left_alone.items()) if time.monotonic() < until]

    def first_ranks(self) -> tuple[dict[int, datetime], bool]:
        """The rank from which a claim of each lane looks now, and whether that is the very beginning."""
        with self.lock:
            if time.monotonic() < self.look_back_at:
                return dict(self.ranks), False
            self.look_back_at = time.monotonic() + LOOK_BACK_AFTER
            return dict.fromkeys(self.ranks, BEGINNING), True

    def looked_back(self, seconds: float) -> None:
        """Sets when the next look from the beginning may be, given the seconds that this one took."""
        with self.lock:
            self.look_back_at = time.monotonic() + max(LOOK_BACK_AFTER, seconds / LOOK_BACK_SHARE)

    def claimed_from(self, lane: int, rank: datetime) -> None:
        """Lets the next claim of the lane begin a little before this rank, the first that a claim found."""
        with self.lock:
            self.ranks[lane] = rank - SLACK


def claim(
    connection: Connection,
    queue: str,
    limits: Mapping[int, int],
    cursor: Cursor,
    left_alone: Collection[tuple[str, str]] = (),
) -> list[CaseRow]:
    """Locks ready cases of one lane for this transaction: the lane with the lowest rank, at most as many as its limit.

    A batch never mixes lanes, so bulk work does not hold up a case for which a person waits. `limits` is by lane.
    `left_alone`: stages, each after its kind of case, of which it takes none.
    """
    first_ranks, from_beginning = cursor.first_ranks()
    began = time.monotonic()
    left = [kind + stage for kind, stage in left_alone]
    lanes = connection.execute(
        LANES, [list(limits), [first_ranks[lane] for lane in limits], queue, left, queue]
    ).fetchall()
    rows: list[CaseRow] = []
    for (lane,) in lanes:
        found = connection.execute(
            CLAIM, [queue, lane, first_ranks[lane], cursor.cases_left_alone(), left, limits[lane]]
        ).fetchall()
        if found:
            cursor.claimed_from(lane, found[0][-1])
            rows = [CaseRow(*row[:-1]) for row in found]
            break
    if from_beginning:
        cursor.looked_back(time.monotonic() - began)
    return rows


def claim_these(
    connection: Connection, queue: str, case_ids: Sequence[int], quarantined: bool = False
) -> list[CaseRow]:
    """Locks those of these cases that are still ready in the queue; of a `quarantined` attempt, those still due.

    It waits for a lock on a case, because nobody else would find a case that it skips. It leaves out cases that another
    thread quarantined meanwhile: they belong to another attempt now.
    """
    return [
        CaseRow(*row)
        for row in connection.execute(STILL_QUARANTINED if quarantined else STILL_READY, [list(case_ids), queue])
    ]


def open_places(connection: Connection, serves: Collection[str]) -> set[tuple[str, str]]:
    """The stages, each after its kind of case, that a worker which serves these queues may work now.

    It leaves out the stages of paused queues, and held stages.
    """
    stopped = connection.execute(STOPPED).fetchall()
    queues, held = {queue for queue, *_ in stopped}, {(kind, stage) for _, kind, stage in stopped}
    return {
        (kind, stage.name)
        for kind, stage in places()
        if stage.owner == MACHINE
        and stage.queue in serves
        and stage.queue not in queues
        and (kind, stage.name) not in held
    }
