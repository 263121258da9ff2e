"""What caseworkers confirmed of members whom the population register left in doubt: it is not asked of them again.

The events say it, with the number of the body that they were about. So it is forgotten with them, by law or in time.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from models.arrays import columns
from models.database import Connection
from workflows.bodies.declaration import Declaration, Member
from workflows.casefile import CaseFile
from workflows.events.event import KINDS
from workflows.events.registration import Doubt, IdentityConfirmed, IdentityNotConfirmed

# By case: the verdicts in all cases of its household, each with the declaration that it was about.
VERDICTS = """
    select wanted.id, e.kind, e.facts::text, coalesce(b.body -> 'declaration', b.body)::text
    from unnest(%s::bigint[], %s::bigint[]) as wanted (id, household_id)
    cross join lateral (
        select wanted.id as case_id
        union select c.id from cases c where c.household_id = wanted.household_id and c.kind <> 'registration'
        union select h.registered_by from household h where h.id = wanted.household_id
    ) as known
    join event e on e.case_id = known.case_id and e.kind = any(%s) and e.facts is not null
    join case_body b on (b.case_id, b.number) = (e.case_id, (e.facts ->> 'declared')::int) and b.body is not null
"""
KINDS_OF_VERDICTS = [IdentityConfirmed.__name__, IdentityNotConfirmed.__name__]
# By what a member is known: with any of it another, somebody looks again.
IDENTITY = (
    "idcs",
    "given_name_ar",
    "family_name_ar",
    "given_name_la",
    "family_name_la",
    "birth_date",
    "birth_precision",
)


def confirmed(
    connection: Connection, doubts: Mapping[int, Sequence[Doubt]], files: Sequence[CaseFile]
) -> Mapping[int, set[int]]:
    """For each of these doubted cases, the members of whom a caseworker confirmed just this doubt before."""
    doubted = {file.id: file for file in files if file.id in doubts}
    if not doubted:
        return {}
    households = columns([(file.id, file.household_id) for file in doubted.values()])
    found: dict[int, set[int]] = {case_id: set() for case_id in doubted}
    for case_id, kind, facts, body in connection.execute(VERDICTS, [*households, KINDS_OF_VERDICTS]):
        verdict = msgspec.json.decode(facts, type=KINDS[kind])
        assert isinstance(verdict, IdentityConfirmed | IdentityNotConfirmed)
        then = Declaration.restored(body).members
        known = [(then[each.doubt.member], each.doubt) for each in verdict.found if each.same]
        found[case_id].update(settled(doubted[case_id].declaration.members, doubts[case_id], known))
    return found


def settled(members: Sequence[Member], doubts: Sequence[Doubt], known: Sequence[tuple[Member, Doubt]]) -> Iterator[int]:
    """The doubted members who are declared as one was of whom the same doubt was settled."""
    for doubt in doubts:
        for member, before in known:
            if doubt_of(doubt) == doubt_of(before) and identity_of(member) == identity_of(members[doubt.member]):
                yield doubt.member


def doubt_of(doubt: Doubt) -> tuple[object, ...]:
    """What is in doubt, whoever's place in the declaration it is."""
    return (doubt.what, doubt.verdict, doubt.score, doubt.differs)


def identity_of(member: Member) -> tuple[object, ...]:
    """By what a member is known."""
    return tuple([getattr(member, name) for name in IDENTITY])
