"""The social register: answers a batch from our own register and cases in one question each."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from models.arrays import array
from models.database import Connection
from workflows.bodies.declaration import Declaration
from workflows.casefile import CaseFile
from workflows.events.registration import Doubt
from workflows.evidence import Comparison, Holder
from workflows.flows import places
from workflows.registers import households, identities, other_entries, person_claims, person_moves

# It counts a phone that an office gives for thousands of households no further than a hundred declarations.
PHONES = """
    select phone, (
        select count(distinct household_id)
        from (select household_id from case_body where case_body.phone = wanted.phone limit 100) as seen
    )
    from unnest(%s::text[]) as wanted (phone)
"""
# Those of these persons that a registered household holds, each with the household's declarant (null once retention has
# erased it), its members, and whether anybody proved a phone when it registered.
IN_REGISTER = """
    select p.idcs, c.applicant_idcs, array(select m.idcs from person_claim m where m.case_id = c.id),
        first.proved_at is not null
    from person_claim p join cases c on c.id = p.case_id
    left join household h on h.id = p.household_id left join cases first on first.id = h.registered_by
    where p.idcs = any(%s) and (c.kind, c.stage) in (select * from unnest(%s::text[], %s::text[]))
"""
REGISTERED_ALREADY = (
    "This household is registered already, and is not registered twice. Its status page shows it "
    "under the reference of its own receipt."
)
LAST_VERSIONS = """
    select household_id, max(version) from household_version where household_id = any(%s::bigint[])
    group by household_id
"""


class LocalSocialRegister:
    """Answers the port `SocialRegister` from our own tables, through the batch's connection."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self.connection, self.now = connection, now

    def claim_persons(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        """Claims every member of these files; returns by case which other households hold some."""
        return person_claims.claim_persons(self.connection, files)

    def declared_twice(self, files: Sequence[CaseFile]) -> Mapping[int, tuple[Holder, ...]]:
        """By case the members of whom another household holds another entry, or the same one declares it."""
        return other_entries.declared_twice(self.connection, files)

    def households_by_phone(self, phones: Sequence[str]) -> Mapping[str, int]:
        """How many households gave each phone, counted up to a hundred declarations."""
        return dict(self.connection.execute(PHONES, [array(sorted(set(phones)))])) if phones else {}

    def last_versions(self, household_ids: Sequence[int | None]) -> Mapping[int | None, int]:
        """The number of each household's last version; absent where it has none."""
        return dict(self.connection.execute(LAST_VERSIONS, [array(household_ids)]))

    def about_to_leave(
        self, files: Mapping[int, CaseFile], held: Mapping[int, Sequence[Holder]]
    ) -> Mapping[int, tuple[int, ...]]:
        """For each file, the members whom another household holds and has said to let go."""
        return person_moves.about_to_leave(self.connection, files.values(), held)

    def compare(self, files: Sequence[CaseFile]) -> Mapping[int, Comparison]:
        """Each change beside its household's last version; a declaration with both changes is stored at once."""
        return households.compare(self.connection, files, self.now)

    def households(self, household_ids: Sequence[int]) -> Mapping[int, households.KnownHousehold]:
        """What is known of each household."""
        return households.known_households(self.connection, household_ids)

    def persons_lost(self, files: Sequence[CaseFile]) -> Collection[int]:
        """The cases which do not hold all their persons any more, and may not take them over now."""
        return person_moves.persons_lost(self.connection, files)

    def confirmed(
        self, doubts: Mapping[int, Sequence[Doubt]], files: Sequence[CaseFile]
    ) -> Mapping[int, Collection[int]]:
        """For each of these doubted cases, the members of whom a caseworker confirmed just this doubt before."""
        return identities.confirmed(self.connection, doubts, files)

    def given_away(self, case_ids: Sequence[int]) -> Mapping[int, Collection[str]]:
        """Whom each of these updates lets go, and its household holds no more: another one was given them."""
        return person_moves.given_away(self.connection, case_ids)

    def waiting_in_circles(self) -> Collection[int]:
        """The cases that wait for persons whose households wait for theirs."""
        return person_moves.waiting_in_circles(self.connection)


def registered_again(connection: Connection, declarations: Sequence[Declaration], proved: Sequence[bool]) -> list[bool]:
    """For each declaration, whether a registered household declares itself again; `proved`: who declares has its phone
    at hand.

    It does if each names the other's declarant, or both have the same members. A person who left a household to found
    another one does not name its old declarant: that case goes to a review. So does a proved declaration of a household
    that somebody registered who proved nothing.
    """
    declarants = [each.declarant.idcs for each in declarations]
    registered = {
        idcs: (declarant, set(members), holds)
        for idcs, declarant, members, holds in connection.execute(IN_REGISTER, [declarants, *registered_places()])
    }
    return [
        (holds or not owned) and same_household(each, declarant, members)
        for each, owned in zip(declarations, proved, strict=True)
        for declarant, members, holds in [registered.get(each.declarant.idcs, (None, set(), True))]
    ]


def same_household(declaration: Declaration, declarant: str | None, members: set[str]) -> bool:
    """Whether the registered household with this declarant and these members is the declared one."""
    declared = {member.idcs for member in declaration.members}
    return declarant in declared or declared == members


def registered_places() -> tuple[list[str], list[str]]:
    """The final stages that hold persons: their kinds of cases, and their names."""
    found = [(kind, stage.name) for kind, stage in places() if stage.holds_persons and not stage.open]
    return [kind for kind, _ in found], [name for _, name in found]
