"""Claiming due cases: lowest rank first, one lane at a time, past everybody else's locks.

An old snapshot elsewhere keeps finished cases' index entries alive, and a claim would wade through all of them to its
first live row. So each claim starts where this process's last one of the lane began; how often it looks from the very
beginning is bounded by what that look costs.
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

# Of the stages that are held (queue/holds.py), looked up once a statement. Within `coalesce` the planner guesses a
# half: where all cases due stand at one stage, as in a file's, it would else expect nothing to be left, and read and
# sort the whole table for each batch.
NOT_HELD = "not coalesce(kind || stage = any (array(select kind || stage from held_stage)), false)"
# Which lanes of a queue have work, the one whose turn it is first; and none where an operator paused the queue.
LANES = f"""
    select l.lane from unnest(%s::smallint[], %s::timestamptz[]) as l (lane, after)
    cross join lateral (
        select rank from cases where ready and queue = %s and lane = l.lane and rank >= l.after and {NOT_HELD}
            order by rank limit 1
    ) as first
    where not exists (select from paused_queue where queue = %s)
    order by first.rank
"""
CLAIM = f"""
    select {COLUMNS}, rank from cases
    where ready and queue = %s and lane = %s and rank >= %s and id <> all(%s) and {NOT_HELD} order by rank limit %s
        for update skip locked
"""
# Of these cases, those that stand in this queue or are quarantined for it: what moved on to another queue since is
# found there, by whoever serves it and unless it is paused; what ended, was parked or waits for its time since is no
# work any more.
STILL_DUE = "id = any(%s) and queue = %s and open and stage <> 'parked' and (ready or due_at is null)"
STILL_QUARANTINED = f"select {COLUMNS} from cases where {STILL_DUE} order by id for update"
STILL_READY = f"select {COLUMNS} from cases where id = any(%s) and queue = %s and ready order by id for update"
STOPPED = "select queue, null, null from paused_queue union all select null, kind, stage from held_stage"


class Cursor:
    """Where this process's claims of a queue begin, lane by lane, and which cases they leave alone, each until a
    monotonic time. Shared by its threads.
    """

    def __init__(self, left_alone: Mapping[int, float] | None = None) -> None:
        self.left_alone = {} if left_alone is None else left_alone
        self.ranks = dict.fromkeys(ALLOWANCE, BEGINNING)
        self.look_back_at = 0.0
        self.lock = Lock()

    def but(self) -> list[int]:
        """The cases to leave alone now."""
        return [case_id for case_id, until in list(self.left_alone.items()) if time.monotonic() < until]

    def starts(self) -> tuple[dict[int, datetime], bool]:
        """Where to begin now, and whether this is a look from the very beginning."""
        with self.lock:
            if time.monotonic() < self.look_back_at:
                return dict(self.ranks), False
            self.look_back_at = time.monotonic() + LOOK_BACK_AFTER
            return dict.fromkeys(self.ranks, BEGINNING), True

    def looked_back(self, seconds: float) -> None:
        """A look from the beginning took this long: the next one waits accordingly."""
        with self.lock:
            self.look_back_at = time.monotonic() + max(LOOK_BACK_AFTER, seconds / LOOK_BACK_SHARE)

    def found(self, lane: int, rank: datetime) -> None:
        """The claim began here; the next one begins a little before."""
        with self.lock:
            self.ranks[lane] = rank - SLACK


def claim(connection: Connection, queue: str, limits: Mapping[int, int], cursor: Cursor) -> list[CaseRow]:
    """Due cases of one lane of the queue, locked for this transaction: of these lanes the one whose turn it is, and no
    more than its limit.

    Lanes are never mixed in a batch: what a person waits for is not held up by the bulk beside it.

    """
    starts, from_beginning = cursor.starts()
    began = time.monotonic()
    lanes = connection.execute(LANES, [list(limits), [starts[lane] for lane in limits], queue, queue]).fetchall()
    rows: list[CaseRow] = []
    for (lane,) in lanes:
        found = connection.execute(CLAIM, [queue, lane, starts[lane], cursor.but(), limits[lane]]).fetchall()
        if found:
            cursor.found(lane, found[0][-1])
            rows = [CaseRow(*row[:-1]) for row in found]
            break
    if from_beginning:
        cursor.looked_back(time.monotonic() - began)
    return rows


def claim_these(
    connection: Connection, queue: str, case_ids: Sequence[int], quarantined: bool = False
) -> list[CaseRow]:
    """Of these cases, those that are still ready in the queue; or, of an attempt that was `quarantined`, due at all.

    Waits for whoever holds one: passed over, it could be lost. What another thread quarantined meanwhile is that
    entry's.
    """
    return [
        CaseRow(*row)
        for row in connection.execute(STILL_QUARANTINED if quarantined else STILL_READY, [list(case_ids), queue])
    ]


def open_places(connection: Connection, serves: Collection[str]) -> set[tuple[str, str]]:
    """The machine's stages, with their kinds of cases, that somebody who serves these queues may work now.

    An operator pauses queues, and stages are held at which all cases fail.
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
