"""Lets the cases of one household take turns: at most one is in the machine, the others wait.

The transaction that ends a case lets the next one in, but it cannot see a case that begins to wait meanwhile. So a
transaction that finds the machine occupied locks the row of the case that occupies it, and looks again. The sweep lets
in the cases that both transactions missed.
"""

from collections.abc import Iterable, Mapping, Sequence

import psycopg

from models.arrays import array
from models.database import Connection
from models.errors import Unavailable
from workflows.engine.record import QueueState

# First key of the advisory locks on households: of two cases that would enter at once, one waits for the other.
TURN_LOCK = 7223
LOCK_HOUSEHOLDS = f"""
    select pg_advisory_xact_lock({TURN_LOCK}, (household_id %% 2147483647)::int)
    from (select household_id from unnest(%s::bigint[]) as h (household_id) order by 1) as sorted
"""
OCCUPIED = """
    select household_id from cases where household_id = any(%s::bigint[]) and machine and id <> all(%s::bigint[])
    order by id for update
"""
# In each of these households with no case in the machine, the waiting case with the lowest rank enters.
LET_NEXT_IN = """
    update cases set machine = true, ready = true, waiting = false where id in (
        select next.id from (select distinct unnest(%s::bigint[])) as h (household_id) cross join lateral (
            select id from cases where waiting and household_id = h.household_id
            order by rank, id limit 1 for update skip locked
        ) as next
        where not exists (select from cases where household_id = h.household_id and machine)
    )
    returning queue
"""
ANY_WAIT = "select exists (select from cases where waiting)"
MISSED = """
    select distinct household_id from cases c where waiting
    and not exists (select from cases o where o.household_id = c.household_id and o.machine) order by 1 limit %s
"""


def lock_households(connection: Connection, households: Sequence[int]) -> None:
    """Lets no other case of these households take its turn until this transaction ends.

    Raises Unavailable where another transaction does so for longer than anybody waits: that stops the cases of that
    household alone.
    """
    try:
        connection.execute(LOCK_HOUSEHOLDS, [array(households)])
    except psycopg.errors.LockNotAvailable as error:
        raise Unavailable(
            "Another transaction gives the cases of a household their turns, and has not ended."
        ) from error


def occupied_households(connection: Connection, households: Iterable[int], entering: Sequence[int]) -> set[int]:
    """The households of which another case than the entering ones is in the machine.

    That case stays there until this transaction ends, because its row is locked.
    """
    wanted = sorted(set(households))
    lock_households(connection, wanted)
    before: set[int] | None = None
    while (
        found := {household for (household,) in connection.execute(OCCUPIED, [array(wanted), array(entering)])}
    ) != before:
        before = found
    return found


def take_turns(
    connection: Connection, households: Mapping[int, int | None], states: Mapping[int, QueueState]
) -> dict[int, QueueState]:
    """The queue states of cases that would enter the machine: one case of each household enters, the others wait."""
    entering = {
        case_id: household for case_id, household in households.items() if household and states[case_id].machine
    }
    taken = occupied_households(connection, entering.values(), list(entering)) if entering else set()
    settled = dict(states)
    for case_id, household in entering.items():
        if household in taken:
            settled[case_id] = states[case_id]._replace(machine=False, ready=False, waiting=True)
        taken.add(household)
    return settled


def let_next_in(connection: Connection, households: Sequence[int]) -> set[str]:
    """Lets the next case of each of these households into the machine; returns the queues with work by that."""
    if not households or not connection.execute(ANY_WAIT).fetchone()[0]:  # type: ignore[index]  # always one row
        return set()
    return {queue for (queue,) in connection.execute(LET_NEXT_IN, [array(households)])}


def let_missed_in(connection: Connection, limit: int = 1000) -> int:
    """Lets in cases that wait for none, as after somebody changed a row by hand; returns their number."""
    households = [household for (household,) in connection.execute(MISSED, [limit])]
    if households:
        lock_households(connection, households)
        return connection.execute(LET_NEXT_IN, [array(households)]).rowcount
    return 0
