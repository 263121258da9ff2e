"""Looks at those on whose word an enrolment rests: a parent or guardian, or two witnesses."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from models.arrays import array
from models.database import Connection
from models.days import day_of
from workflows.bodies.enrolment import Enrolment, is_of_age
from workflows.evidence import Voucher
from workflows.matching.births import compare_births
from workflows.matching.score import score
from workflows.matching.twins import ONE_BIRTH, birth_of
from workflows.matching.verdict import SAME_FROM, NameVerdict, compare_names, names_of

# Of several entries of one person one is kept, which stands for all of them; who died by one of them is dead.
PEOPLE = """
    select p.idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date, birth_precision, cin,
        case when exists (
            select from person where status = 'deceased' and idcs in (
                select kept union all select o.idcs from person_merge o where o.kept_idcs = kept)
        ) then 'deceased' else status end, kept
    from person p left join person_merge m using (idcs), lateral (select coalesce(m.kept_idcs, p.idcs) as kept)
    where p.idcs = any(%s::text[])
"""


class Enrolled(NamedTuple):
    """A person of the register, as far as it matters for whom they vouch."""

    idcs: str
    given_name_ar: str
    family_name_ar: str
    given_name_la: str
    family_name_la: str
    birth_date: date
    birth_precision: str
    cin: str | None
    status: str
    kept: str  # the identifier by which the person is known, where there are several
    sex: str = ""


def vouchers(connection: Connection, said: Enrolment, officer: str, now: datetime) -> tuple[Voucher, ...]:
    """What stands in the way of each who vouches, as codes; `officer`: the name of who acts."""
    known = enrolled(connection, said.vouching)
    if said.guardian:
        person = known.get(said.guardian)
        return (Voucher("guardian", tuple(of_anybody(person, said, officer, day_of(now)))),)
    found, others = [], set[str]()
    for place, each in enumerate(said.witnesses):
        person = known.get(each.idcs)
        codes = [*of_anybody(person, said, officer, day_of(now)), *of_card(person, each.cin)]
        if person is not None:
            codes += ["one_person"] * (person.kept in others)
            others.add(person.kept)
        found.append(Voucher(f"witnesses[{place}].{'cin' if codes and 'card' in codes[0] else 'idcs'}", tuple(codes)))
    return tuple(found)


def of_anybody(person: Enrolled | None, said: Enrolment, officer: str, today: date) -> Iterator[str]:
    """Whoever vouches is in the register, alive and of age, and neither the applicant nor who acts."""
    if person is None:
        yield "unknown"
        return
    if person.status != "alive":
        yield "deceased"
    if not is_of_age(person.birth_date, today):
        yield "not_of_age"
    if is_applicant(person, said):
        yield "applicant"
    if is_named(person, officer):
        yield "officer"


def of_card(person: Enrolled | None, cin: str) -> Iterator[str]:
    """A witness has the national card that they show."""
    if person is not None and person.cin is None:
        yield "no_card"
    elif person is not None and (person.cin or "").upper() != cin:
        yield "another_card"


def vouches(connection: Connection, said: Enrolment, officer: str) -> bool:
    """Whether an officer of this name is one of those who vouch."""
    return any(is_named(each, officer) for each in enrolled(connection, said.vouching).values())


def enrolled(connection: Connection, idcs: Sequence[str]) -> Mapping[str, Enrolled]:
    """These persons, as far as the register knows them."""
    rows = connection.execute(PEOPLE, [array(idcs)]).fetchall() if idcs else []
    return {row[0]: Enrolled(*row) for row in rows}


def is_applicant(person: Enrolled, said: Enrolment) -> bool:
    """Whether whoever vouches looks like the person themselves: the same name and birth."""
    births = compare_births(birth_of(person), birth_of(said))
    return births in ONE_BIRTH and compare_names(person, said).verdict is NameVerdict.SAME


def is_named(person: Enrolled, officer: str) -> bool:
    """Whether a person has the name of an officer's account: it may be them, and a colleague can act as well."""
    return any(score(officer, name) >= SAME_FROM for name in names_of(person))
