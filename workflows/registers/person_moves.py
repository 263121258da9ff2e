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
from workflows.bodies.change import UPDATE, Change
from workflows.casefile import CaseFile
from workflows.engine.lanes import ALLOWANCE
from workflows.evidence import Holder

ENDED = 2**31 - 1  # the version of a household that is registered no more: after every other
UNDER_WAY = """
    select c.household_id, b.body::text from cases c
    join case_body b on (b.case_id, b.number) = (c.id, c.body_number)
    where c.household_id = any(%s::bigint[]) and c.kind = %s and c.open and c.stage <> 'parked' and b.body is not null
"""
# Each case that waits, the household that must let a person go, and so on from the cases of that household.
CIRCLES = """
    with recursive waits as (
        select a.case_id, c.household_id, a.household_id as held_by
        from person_awaited a join cases c on c.id = a.case_id
    ), reached as (
        select case_id, household_id as origin, held_by as at from waits where %s::bigint[] is null or case_id = any(%s)
        union select r.case_id, r.origin, w.held_by from reached r join waits w on w.household_id = r.at
    )
    select distinct case_id from reached where at = origin
"""
# Of the last version of each household.
GIVEN_AWAY = """
    select m.household_id, p.idcs from unnest(%s::bigint[]) as wanted (household_id)
    cross join lateral (select version from household_version v where v.household_id = wanted.household_id
        order by version desc limit 1) as last
    join household_member m on (m.household_id, m.version) = (wanted.household_id, last.version)
    join person_claim p on p.idcs = m.idcs and p.household_id <> m.household_id
"""
FORGET = "delete from person_awaited where case_id = any(%s::bigint[])"
# The case whose claims each household's members are under until now. A correction's case makes several versions.
HELD_UNTIL_NOW = """
    select m.household_id, (select case_id from household_version v
        where v.household_id = m.household_id and v.version < m.version and v.case_id <> m.case_id
        order by v.version desc limit 1)
    from unnest(%s::bigint[], %s::int[], %s::bigint[]) as m (household_id, version, case_id)
"""
LOCK = "select idcs, case_id from person_claim where case_id = any(%s::bigint[]) order by idcs for update"
KEEP = """
    update person_claim p set case_id = kept.case_id from unnest(%s::text[], %s::bigint[]) as kept (idcs, case_id)
    where p.idcs = kept.idcs
"""
# Whoever is locked at this moment claims the person later, when the sweep has woken it.
AWAITED_BY = """
    select a.idcs, c.id, c.household_id from person_awaited a join cases c on c.id = a.case_id
    where a.idcs = any(%s::text[]) and c.open and not c.machine and c.stage <> 'parked' order by c.submitted_at, c.id
    for update of c skip locked
"""
HAND_OVER = """
    update person_claim p set case_id = given.case_id, household_id = given.household_id
    from unnest(%s::text[], %s::bigint[], %s::bigint[]) as given (idcs, case_id, household_id) where p.idcs = given.idcs
"""
LET_GO = "delete from person_claim where idcs = any(%s::text[])"
HELD_BY = "select distinct household_id from cases where id = any(%s::bigint[]) and household_id is not null"
# The updates that let the persons go who are taken over; none ends meanwhile.
LETTING_GO = """
    select household_id from cases where household_id = any(%s::bigint[]) and kind = %s and open order by id for share
"""
TAKE_OVER = """
    insert into person_claim (idcs, household_id, case_id)
    select idcs, household_id, case_id from unnest(%s::text[], %s::bigint[], %s::bigint[])
        as taken (idcs, household_id, case_id) order by idcs
    on conflict (idcs) do update set household_id = excluded.household_id, case_id = excluded.case_id
    where person_claim.case_id = any(%s::bigint[])
"""
WAKE = """
    update cases set ready = true, due_at = null, rank = %s + lanes.allowance
    from unnest(%s::smallint[], %s::interval[]) as lanes (lane, allowance)
    where cases.lane = lanes.lane and id in (
        select id from cases where id = any(%s::bigint[]) and due_at is not null order by id for update skip locked
    )
"""
WAITING_FOR = "select case_id from person_awaited where household_id = any(%s::bigint[])"
# Cases that wait for a household which has no update under way.
MISSED = """
    select distinct a.household_id from person_awaited a join cases c on c.id = a.case_id
    where c.due_at is not null and not exists (
        select from cases u where u.household_id = a.household_id and u.kind = %s and u.open
    ) limit %s
"""


class Settled(NamedTuple):
    """A household that a case changed, registered or ended: whom it holds from now on, and whom it takes over."""

    household_id: int
    case_id: int
    version: int  # that it has from now on
    persons: tuple[str, ...]
    taken_over: tuple[str, ...] = ()
    from_cases: tuple[int, ...] = ()


def about_to_leave(
    connection: Connection, files: Iterable[CaseFile], held: Mapping[int, Sequence[Holder]]
) -> dict[int, tuple[int, ...]]:
    """For each file, the members whom another household holds while an update of it is under way that lets them go."""
    households = {each.household_id for holders in held.values() for each in holders}
    if not households:
        return {}
    kept: dict[int, list[Collection[str]]] = {}
    for household_id, body in connection.execute(UNDER_WAY, [array(sorted(households)), UPDATE]):
        kept.setdefault(household_id, []).append(Change.restored(body).persons)
    return {
        file.id: tuple(
            each.member
            for each in held[file.id]
            if any(file.body.persons[each.member] not in persons for persons in kept.get(each.household_id, ()))
        )
        for file in files
    }


def given_away(connection: Connection, household_ids: Sequence[int]) -> dict[int, set[str]]:
    """The members of each household whom another one holds already; absent where there are none."""
    found: dict[int, set[str]] = {}
    for household_id, idcs in connection.execute(GIVEN_AWAY, [array(sorted(set(household_ids)))]):
        found.setdefault(household_id, set()).add(idcs)
    return found


def waiting_in_circles(connection: Connection, case_ids: Sequence[int] | None) -> set[int]:
    """Those of these cases (None: of all) that wait for a household which waits for theirs, directly or by others."""
    wanted = None if case_ids is None else list(case_ids)
    return {case_id for (case_id,) in connection.execute(CIRCLES, [wanted, wanted])}


def forget_waits(connection: Connection, case_ids: Sequence[int]) -> None:
    """Deletes what these cases waited for."""
    if case_ids:
        connection.execute(FORGET, [array(case_ids)])


def settle(connection: Connection, settled: Sequence[Settled]) -> None:
    """Gives each household's claims to the case that changed it, and lets go of those who left.

    Raises Broken where somebody else took a person meanwhile; the transaction is to be rolled back then.
    """
    changed = [each for each in settled if each.version > 1]
    if changed:
        versions = [(each.household_id, each.version, each.case_id) for each in changed]
        before = {case_id: household for household, case_id in connection.execute(HELD_UNTIL_NOW, columns(versions))}
        claims = connection.execute(LOCK, [array(sorted(before))]).fetchall() if before else []
        by_household = {each.household_id: each for each in changed}
        pass_on(connection, [(idcs, by_household[before[case_id]]) for idcs, case_id in claims])
    taking = [each for each in settled if each.taken_over]
    if taking:
        take_over(connection, taking)


def take_over(connection: Connection, taking: Sequence[Settled]) -> None:
    """Takes persons over from the cases that hold them, whose households let them go. Raises Broken as `settle`."""
    holders = array(sorted({case_id for each in taking for case_id in each.from_cases}))
    held_by = {household for (household,) in connection.execute(HELD_BY, [holders])}
    going = {household for (household,) in connection.execute(LETTING_GO, [array(sorted(held_by)), UPDATE])}
    taken = [(idcs, each.household_id, each.case_id) for each in taking for idcs in each.taken_over]
    if going != held_by or connection.execute(TAKE_OVER, [*columns(taken), holders]).rowcount != len(taken):
        raise Broken("The household of a person that was to be handed over lets them go no more.")


def pass_on(connection: Connection, claims: Sequence[tuple[str, Settled]]) -> None:
    """Keeps the claims of those who stay, for the new case; those who left go to who waits for them, or are free."""
    kept = [(idcs, now.case_id) for idcs, now in claims if idcs in now.persons]
    if kept:
        connection.execute(KEEP, columns(kept))
    left = [idcs for idcs, now in claims if idcs not in now.persons]
    if not left:
        return
    given: dict[str, tuple[str, int, int]] = {}
    for idcs, case_id, household_id in connection.execute(AWAITED_BY, [array(left)]):
        given.setdefault(idcs, (idcs, case_id, household_id))
    if given:
        connection.execute(HAND_OVER, columns(list(given.values())))
    connection.execute(LET_GO, [array([idcs for idcs in left if idcs not in given])])


def wake_who_awaits(connection: Connection, households: Sequence[int], now: datetime) -> int:
    """Wakes the cases that wait for these households to let persons go; returns their number."""
    found = connection.execute(WAITING_FOR, [array(households)]).fetchall() if households else []
    return wake(connection, {case_id for (case_id,) in found}, now)


def wake_missed_waits(connection: Connection, now: datetime, limit: int = 1000) -> int:
    """Wakes the cases that wait for nothing, and those that wait in a circle. The sweep calls it."""
    missed = [household for (household,) in connection.execute(MISSED, [UPDATE, limit])]
    return wake(connection, waiting_in_circles(connection, None), now) + wake_who_awaits(connection, missed, now)


def wake(connection: Connection, case_ids: Collection[int], now: datetime) -> int:
    """Makes those of these cases ready that nobody has locked; returns their number."""
    allowances = [list(ALLOWANCE), list(ALLOWANCE.values())]
    return connection.execute(WAKE, [now, *allowances, array(sorted(case_ids))]).rowcount if case_ids else 0
