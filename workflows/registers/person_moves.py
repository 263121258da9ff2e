"""Persons who move from one household to another: who lets them go, who waits for them, and to whom they are given.

A household's claims of its members are its last approved case's. The approval of an update takes them over, lets those
go who left, and gives each at once to the case that waits longest for them. All of it is one transaction.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from models.arrays import array, columns
from models.database import Connection
from models.errors import Broken
from workflows.bodies.change import REMOVAL, UPDATE
from workflows.casefile import CaseFile
from workflows.engine.lanes import ALLOWANCE
from workflows.events.registration import NothingSuspicious
from workflows.evidence import Holder
from workflows.registers.circles import Wait, in_circles

ENDED = 2**31 - 1  # the version of a household that is registered no more: after every other


def lets_go(idcs: str) -> str:
    """The clause of SQL for an update `u` with its body `b` that lets this person (an expression) go.

    A removal lets everybody go; any other update those who were members in the version that it was made on and are not
    in its declaration. Who joined since is in no such declaration either, and stays when the update is rebased.
    """
    return f"""(b.body ->> 'change' = '{REMOVAL}' or (
        not b.body::jsonb #> '{{declaration,members}}' @> jsonb_build_array(jsonb_build_object('idcs', {idcs}))
        and exists (select from household_member o where (o.household_id, o.version, o.idcs)
            = (u.household_id, (b.body ->> 'based_on')::int, {idcs}))))"""


# Each update with the members whom the household has now and whom it lets go.
UPDATES = f"""
    select u.id, u.household_id, array(
        select m.idcs from household_member m where m.household_id = u.household_id
        and m.version = (select max(version) from household_version v where v.household_id = u.household_id)
        and {lets_go("m.idcs")}
    )
    from cases u join case_body b on (b.case_id, b.number) = (u.id, u.body_number)
    where u.kind = '{UPDATE}' and b.body is not null
"""
UNDER_WAY = f"{UPDATES} and u.household_id = any(%s::bigint[]) and u.open and u.stage <> 'parked' order by u.id"
OF_THESE = f"""{UPDATES} and u.id = any(%s::bigint[])
    and not exists (select from household_end e where e.household_id = u.household_id)
"""
WAITS = "select a.case_id, c.household_id, a.household_id from person_awaited a join cases c on c.id = a.case_id"
HOLDERS = "select idcs, household_id from person_claim where idcs = any(%s::text[])"
FORGET = "delete from person_awaited where case_id = any(%s::bigint[])"
# The case under which each household's members were claimed until now. A correction's case makes several versions.
HELD_UNTIL_NOW = """
    select m.household_id, (select case_id from household_version v
        where v.household_id = m.household_id and v.version < m.version and v.case_id <> m.case_id
        order by v.version desc limit 1)
    from unnest(%s::bigint[], %s::int[], %s::bigint[]) as m (household_id, version, case_id)
"""
LOCK = "select idcs, case_id from person_claim where case_id = any(%s::bigint[]) order by idcs for update"
LOCK_PERSONS = "select idcs, household_id from person_claim where idcs = any(%s::text[]) order by idcs for update"
# Whoever claimed them, even another case of the household that waits: else that one's end would free them.
CLAIM_FOR = """
    update person_claim p set case_id = new.case_id, household_id = new.household_id
    from unnest(%s::text[], %s::bigint[], %s::bigint[]) as new (idcs, case_id, household_id) where p.idcs = new.idcs
"""
# Whoever is locked at this moment claims the person later, when the sweep has woken it.
AWAITED_BY = """
    select a.idcs, c.id, c.household_id from person_awaited a join cases c on c.id = a.case_id
    where a.idcs = any(%s::text[]) and c.open and not c.machine and c.stage <> 'parked' order by c.submitted_at, c.id
    for update of c skip locked
"""
LET_GO = "delete from person_claim where idcs = any(%s::text[])"
WAKE = """
    update cases set ready = true, due_at = null, rank = %s + lanes.allowance
    from unnest(%s::smallint[], %s::interval[]) as lanes (lane, allowance)
    where cases.lane = lanes.lane and id in (
        select id from cases where id = any(%s::bigint[]) and due_at is not null order by id for update skip locked
    )
"""
WAITING_FOR = "select case_id from person_awaited where household_id = any(%s::bigint[])"
# Households that are awaited and have no update under way that lets the awaited person go.
MISSED = f"""
    select distinct a.household_id from person_awaited a join cases c on c.id = a.case_id
    where c.due_at is not null and not exists (
        select from cases u join case_body b on (b.case_id, b.number) = (u.id, u.body_number)
        where u.household_id = a.household_id and u.kind = '{UPDATE}' and u.open and {lets_go("a.idcs")}
    ) limit %s
"""


class Settled(NamedTuple):
    """A household that a case changed, registered or ended, and whom it holds from now on."""

    household_id: int
    case_id: int
    version: int  # that it has from now on
    persons: tuple[str, ...]


def about_to_leave(
    connection: Connection, files: Iterable[CaseFile], held: Mapping[int, Sequence[Holder]]
) -> dict[int, tuple[int, ...]]:
    """For each file, the members whom another household holds while an update of it is under way that lets them go."""
    leaving = let_go_by_updates(connection, {each.household_id for holders in held.values() for each in holders})
    return {
        file.id: tuple(
            each.member
            for each in held[file.id]
            if file.body.persons[each.member] in leaving.get(each.household_id, ())
        )
        for file in files
    }


def let_go_by_updates(connection: Connection, households: Collection[int], lock: bool = False) -> dict[int, set[str]]:
    """Whom the updates under way of each household let go; locked, none of them ends in this transaction."""
    found: dict[int, set[str]] = {}
    if households:
        statement = f"{UNDER_WAY} for share of u" if lock else UNDER_WAY
        for _, household_id, persons in connection.execute(statement, [array(sorted(households))]):
            found.setdefault(household_id, set()).update(persons)
    return found


def persons_lost(connection: Connection, files: Sequence[CaseFile]) -> set[int]:
    """The cases which do not hold all their persons any more, and may not take them over now.

    Only those are asked about to which that can happen: what changes a household, or takes persons over. Their persons
    are theirs until the transaction ends.
    """
    asked = [file for file in files if file.body.persons and (file.kind == UPDATE or taken_over(file))]
    if not asked:
        return set()
    persons = array(sorted({idcs for file in asked for idcs in file.body.persons}))
    holders: dict[str, int] = dict(connection.execute(LOCK_PERSONS, [persons]).fetchall())
    taken = {holders[idcs] for file in asked for idcs in taken_over(file) if idcs in holders}
    leaving = let_go_by_updates(connection, taken, lock=True)

    def lost(file: CaseFile, idcs: str) -> bool:
        holder = holders.get(idcs, 0)
        given = idcs in taken_over(file) and idcs in leaving.get(holder, ())
        return holder != file.household_id and not given

    return {file.id for file in asked if any(lost(file, idcs) for idcs in file.body.persons)}


def taken_over(file: CaseFile) -> set[str]:
    """The persons whom a caseworker gave to this case, though another household holds them."""
    return {file.body.persons[member] for member in file.last(NothingSuspicious).taken_over}


def given_away(connection: Connection, case_ids: Sequence[int]) -> dict[int, set[str]]:
    """Whom each of these updates lets go, and the household holds no more: another one was given them.

    That one may have let them go since. Of a household that ended, nobody is given away.
    """
    leaving = connection.execute(OF_THESE, [array(sorted(case_ids))]).fetchall()
    every = sorted({idcs for *_, persons in leaving for idcs in persons})
    holders: dict[str, int] = dict(connection.execute(HOLDERS, [array(every)]).fetchall()) if every else {}
    return {
        case_id: {idcs for idcs in persons if holders.get(idcs) != household_id}
        for case_id, household_id, persons in leaving
    }


def waiting_in_circles(connection: Connection) -> set[int]:
    """The cases that wait for a household which waits for theirs, directly or by others.

    All waits are read: few cases wait at a time, and a query that follows them one by one is slow in a long chain.
    """
    return in_circles(map(Wait._make, connection.execute(WAITS)))


def forget_waits(connection: Connection, case_ids: Sequence[int]) -> None:
    """Deletes what these cases waited for."""
    if case_ids:
        connection.execute(FORGET, [array(case_ids)])


def settle(connection: Connection, settled: Sequence[Settled]) -> None:
    """Claims each household's members for the case that changed it, and lets go of those who left.

    Raises Broken where somebody holds a member meanwhile who was to be theirs (`persons_lost` rules that out).
    """
    changed = [each for each in settled if each.version > 1]
    left: list[str] = []
    if changed:
        rows = [(each.household_id, each.version, each.case_id) for each in changed]
        before = {case_id: household for household, case_id in connection.execute(HELD_UNTIL_NOW, columns(rows))}
        claims = connection.execute(LOCK, [array(sorted(before))]).fetchall() if before else []
        now = {each.household_id: each.persons for each in changed}
        # Of a swap that is approved in one batch, each person whom one household lets go is the other's already.
        taken = {idcs for each in settled for idcs in each.persons}
        left = [idcs for idcs, case_id in claims if idcs not in now[before[case_id]] and idcs not in taken]
    kept = sorted((idcs, each.case_id, each.household_id) for each in settled for idcs in each.persons)
    if kept and connection.execute(CLAIM_FOR, columns(kept)).rowcount != len(kept):
        raise Broken("A member of a household that is to be registered is claimed for nobody.")
    if left:
        pass_on(connection, left)


def pass_on(connection: Connection, left: Sequence[str]) -> None:
    """Gives those who left to who waits longest for them; the others are free."""
    given: dict[str, tuple[str, int, int]] = {}
    for idcs, case_id, household_id in connection.execute(AWAITED_BY, [array(left)]):
        given.setdefault(idcs, (idcs, case_id, household_id))
    if given:
        connection.execute(CLAIM_FOR, columns(list(given.values())))
    connection.execute(LET_GO, [array([idcs for idcs in left if idcs not in given])])


def wake_who_awaits(connection: Connection, households: Sequence[int], now: datetime) -> int:
    """Wakes the cases that wait for these households to let persons go; returns their number."""
    found = connection.execute(WAITING_FOR, [array(households)]).fetchall() if households else []
    return wake(connection, {case_id for (case_id,) in found}, now)


def wake_missed_waits(connection: Connection, now: datetime, limit: int = 1000) -> int:
    """Wakes the cases that wait for nothing, and those that wait in a circle. The sweep calls it."""
    missed = [household for (household,) in connection.execute(MISSED, [limit])]
    return wake(connection, waiting_in_circles(connection), now) + wake_who_awaits(connection, missed, now)


def wake(connection: Connection, case_ids: Collection[int], now: datetime) -> int:
    """Makes those of these cases ready that nobody has locked; returns their number."""
    allowances = [list(ALLOWANCE), list(ALLOWANCE.values())]
    return connection.execute(WAKE, [now, *allowances, array(sorted(case_ids))]).rowcount if case_ids else 0
