"""Cases of one household take turns: at most one is in the machine, the others wait.

Who finds the machine occupied locks the row of the case that occupies it and looks again: the transaction that ends
that case cannot see one that begins to wait meanwhile. The transaction that ends a case lets the next one in; the sweep
lets in whom that missed.
"""

from collections.abc import Iterable, Mapping, Sequence

from models.arrays import array
from models.database import Connection
from workflows.engine.record import QueueState

TURN_LOCK = (
    7223  # first key of the advisory locks on households; two that would enter at once enter one after the other
)
LOCK = f"""
    select pg_advisory_xact_lock({TURN_LOCK}, (household_id %% 2147483647)::int)
    from (select household_id from unnest(%s::bigint[]) as h (household_id) order by 1) as sorted
"""
OCCUPIED = """
    select household_id from cases where household_id = any(%s::bigint[]) and machine and id <> all(%s::bigint[])
    order by id for update
"""
# Of each of these households, if no case of it is in the machine, the one that has waited longest by its rank.
NEXT = """
    update cases set machine = true, ready = true, waiting = false where id in (
        select next.id from (select distinct unnest(%s::bigint[])) as h (household_id) cross join lateral (
            select id from cases where waiting and household_id = h.household_id order by rank, id limit 1
                for update skip locked
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


def occupied(connection: Connection, households: Iterable[int], entering: Sequence[int]) -> set[int]:
    """Those of these households of which another case than the ones that enter is in the machine.

    It stays there until this transaction ends.
    """
    wanted = array(sorted(set(households)))
    connection.execute(LOCK, [wanted])
    before: set[int] | None = None
    while (found := {household for (household,) in connection.execute(OCCUPIED, [wanted, array(entering)])}) != before:
        before = found
    return found


def take_turns(
    connection: Connection, households: Mapping[int, int | None], states: Mapping[int, QueueState]
) -> dict[int, QueueState]:
    """Where these cases stand that would enter the machine, given each one's household: one a household enters."""
    entering = {
        case_id: household for case_id, household in households.items() if household and states[case_id].machine
    }
    taken = occupied(connection, entering.values(), list(entering)) if entering else set()
    settled = dict(states)
    for case_id, household in entering.items():
        if household in taken:
            settled[case_id] = states[case_id]._replace(machine=False, ready=False, waiting=True)
        taken.add(household)
    return settled


def let_next_in(connection: Connection, households: Sequence[int]) -> set[str]:
    """The next case of each of these households enters the machine; the queues in which they are due."""
    if not households or not connection.execute(ANY_WAIT).fetchone()[0]:  # type: ignore[index]  # always one row
        return set()
    return {queue for (queue,) in connection.execute(NEXT, [array(households)])}


def let_missed_in(connection: Connection, limit: int = 1000) -> int:
    """Those enter who wait for nothing: a lost wake-up, a household whose case was parked by hand; how many."""
    households = [household for (household,) in connection.execute(MISSED, [limit])]
    if households:
        connection.execute(LOCK, [array(households)])
        return connection.execute(NEXT, [array(households)]).rowcount
    return 0
