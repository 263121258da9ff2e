"""Finds whom the population register has under two identifiers, where another household holds the other one."""

from collections.abc import Mapping, Sequence

from models.arrays import array
from models.database import Connection
from models.life_feed import ELSEWHERE, HERE
from workflows.casefile import CaseFile
from workflows.evidence import Holder
from workflows.registers.person_claims import holders_of

# All entries of the persons to whom one of these belongs. Two transactions that claim two entries of one person lock
# the same row, so the second one sees what the first one claimed.
ENTRIES = f"""
    with kept as materialized (
        select kept_idcs from merge_heard
            where source in ('{HERE}', '{ELSEWHERE}') and idcs = any(%(idcs)s::text[])
        union select kept_idcs from merge_heard where kept_idcs = any(%(idcs)s::text[])
    )
    select idcs, kept_idcs from merge_heard where kept_idcs in (select kept_idcs from kept)
    order by source, idcs for no key update
"""


def declared_twice(connection: Connection, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
    """By case the members whose other entry another household holds, or the same one declares; it is asked once the
    members are claimed.
    """
    every = {idcs for file in files for idcs in file.body.persons}
    entries = others_by_entry(connection, every)
    if not entries:  # nearly always
        return {}
    holders = holders_of(connection, {other for others in entries.values() for other in others})
    return {file.id: found for file in files if (found := tuple(held_twice(file, entries, holders)))}


def others_by_entry(connection: Connection, idcs: set[str]) -> dict[str, set[str]]:
    """The other entries of each of these identifiers that has one."""
    groups: dict[str, set[str]] = {}
    for merged, kept in connection.execute(ENTRIES, {"idcs": array(sorted(idcs))}).fetchall():
        groups.setdefault(kept, {kept}).add(merged)
    return {each: group - {each} for group in groups.values() for each in group if each in idcs}


def held_twice(file: CaseFile, entries: Mapping[str, set[str]], holders: Mapping[str, tuple[int, int]]) -> list[Holder]:
    """The members of a file of whom somebody has another entry."""
    persons = file.body.persons
    found = []
    for place, idcs in enumerate(persons):
        for other in sorted(entries.get(idcs, ())):
            case_id, household_id = holders.get(other, (0, 0))
            if other in persons:
                found.append(Holder(place, file.id, file.household_id or 0))
            elif case_id and household_id != file.household_id:
                found.append(Holder(place, case_id, household_id))
    return found
