"""Finds a case for whoever lost its receipt: by reference, identifier, phone or name, within the reader's territory.

Each search is noted in the audit: by what, which cases it showed, and a keyed pseudonym of whoever was searched for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pydantic
from psycopg.rows import dict_row

from models.database import Connection
from models.errors import Refused
from workflows.audit import pseudonyms
from workflows.audit.acts import Act, Purpose
from workflows.bodies.body import Body
from workflows.bodies.declaration import Declaration, Member
from workflows.bodies.enrolment import Enrolment
from workflows.bodies.fields import Phone
from workflows.bodies.text import canonical
from workflows.desk.areas import areas_of, condition
from workflows.desk.search_keys import keys_of_name
from workflows.flows import FLOWS
from workflows.identifiers.typed import DIGITS, require_identifier
from workflows.intake.receipts import is_whole, normal
from workflows.matching.score import score
from workflows.matching.verdict import names_of
from workflows.staff.guard import Acting, permit
from workflows.staff.noting import Doing, note_reading

MOST = 25  # cases that are shown
ALIKE = 0.6  # the least score at which a name is shown: a person looks at what is found
LOOKED_AT = 500  # of the latest cases that a name's key finds, as many are compared by the whole name
REFERENCE, IDCS, PHONE, NAME = "reference", pseudonyms.IDCS, pseudonyms.PHONE, pseudonyms.NAME
PHONES = pydantic.TypeAdapter[str](Phone)
LONGEST = 200  # characters of a search
BY: Mapping[str, str] = {
    REFERENCE: "c.id = (select case_id from receipt where reference = %(value)s)",
    IDCS: "c.id in (select case_id from desk_search where keys @> array[%(value)s])",
    PHONE: "c.id in (select case_id from case_body where phone = %(value)s)",
    NAME: "c.id in (select case_id from desk_search where keys && %(keys)s::text[])",
}
# The database knows no shares of keys and would start helpers, which takes longer than such a search.
ALONE = "set local max_parallel_workers_per_gather = 0"
# With each case the appeals of its household, which declare nobody themselves.
FIND = f"""
    with found as materialized (
        select c.id, c.household_id from cases c where {{by}} and ({{where}}) order by c.id desc limit {LOOKED_AT}
    ), all_of_them as (
        select id, id as through from found
        union all
        select a.id, f.id from found f join cases a on a.household_id = f.household_id and a.kind = 'appeal'
        where ({{where_of_appeal}}) and a.id <> f.id and %(with_appeals)s
    )
    select distinct on (c.id) c.id as case_id, r.reference, c.kind, c.stage, c.open, c.region, c.province,
        c.submitted_at, t.kind as told_by, b.body::text as body
    from all_of_them join cases c using (id) join cases t on t.id = all_of_them.through
    join receipt r on r.case_id = c.id
    left join case_body b on (b.case_id, b.number) = (t.id, t.body_number)
    order by c.id desc, t.id desc
"""


@dataclass(frozen=True, slots=True)
class Hit:
    """A case that a search found, with as little of its people as tells it apart: where they live as they declare it,
    and the year of birth of the person who was searched for, else of who asks. None where that is erased.
    """

    case_id: int
    reference: str
    kind: str
    stage: str
    open: bool
    region: int
    province: str | None
    submitted_at: datetime
    commune: str | None = None
    birth_year: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: by what it was (`reference`, `idcs`, `phone` or `name`), the latest cases, and whether
    there are more, so that the reader has to say more.
    """

    by: str
    hits: Sequence[Hit]
    more: bool


def search(connection: Connection, who: Acting, text: str, now: datetime, purpose: Purpose = Purpose.CASE) -> Found:
    """Finds the cases of a reference, an identifier, a phone, or a given and a family name in either script and order.

    Raises Refused for who may not search, and for a text by which nobody can be found.
    """
    role = permit(who, "search")
    by, value = meant(text)
    rows = candidates(connection, who, by, value, keys_of_name(value) if by == NAME else [])
    hits = [found for row in rows if (found := hit(row, by, value))]
    shown = hits[:MOST]
    persons = [pseudonyms.person(by, value)] if by != REFERENCE else []
    doing = Doing(Act.SEARCH, now, [each.case_id for each in shown], role or "", purpose, {"by": by})
    note_reading(connection, who, doing, persons)
    return Found(by, shown, len(hits) > MOST or len(rows) >= LOOKED_AT)


def meant(text: str) -> tuple[str, str]:
    """What somebody searches by, and for what. Raises Refused."""
    typed = " ".join(canonical(text.replace("\0", "")).split())
    digits = "".join(each for each in typed if each.isdigit())
    if is_whole(typed) and "RSU" in typed.upper():
        return REFERENCE, normal(typed)
    if digits and not any(each.isalpha() for each in typed):
        is_ten = len(digits) == DIGITS
        if number := phone(typed) if not is_ten or digits.startswith("0") else None:
            return PHONE, number
        if typed[0] in "+0" and not is_ten:
            raise Refused("nothing_to_search", "This is no identifier of ten digits, and no phone number.")
        return IDCS, require_identifier(typed)
    if len(typed.split()) < 2 or len(typed) > LONGEST:
        raise Refused("nothing_to_search", "Search by a reference, an identifier, a phone, or a given and family name.")
    return NAME, typed


def phone(typed: str) -> str | None:
    """A phone number as it is kept; None for what is none."""
    try:
        return PHONES.validate_python(typed)
    except pydantic.ValidationError:
        return None


def candidates(connection: Connection, who: Acting, by: str, value: str, keys: Sequence[str]) -> list[dict[str, Any]]:
    """The cases that an index finds, latest first."""
    where, of_appeal = [], []
    given: dict[str, Any] = {"value": value, "keys": list(keys), "with_appeals": by != REFERENCE}
    for number, area in enumerate(areas_of(who, "search")):
        said, of_area = condition(area, f"area{number}")
        where.append(said if said == "true" else f"c.{said}")
        of_appeal.append(said if said == "true" else f"a.{said}")
        given |= of_area
    statement = FIND.format(by=BY[by], where=" or ".join(where), where_of_appeal=" or ".join(of_appeal))
    connection.execute(ALONE)
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, given).fetchall()


def hit(row: dict[str, Any], by: str, value: str) -> Hit | None:
    """What is shown of a case; None where its names only look like the one that was searched for."""
    body = restored(row.pop("told_by"), row.pop("body"))
    people = matching(people_in(body), by, value)
    if by == NAME and not people:
        return None
    person, declared = next(iter(people), None), getattr(body, "declaration", None)
    if not isinstance(declared, Declaration):
        return Hit(**row, birth_year=birth_year(person or next(iter(people_in(body)), None)))
    # All of a place by the declaration: the case may be with the office of where they lived before.
    row |= {"region": declared.region, "province": declared.province, "commune": declared.commune}
    return Hit(**row, birth_year=birth_year(person or declared.declarant))


def people_in(body: Body | None) -> Sequence[Member | Enrolment]:
    """Everybody whom a body declares: the members of a household, or the person of an enrolment."""
    if isinstance(body, Enrolment):
        return (body,)
    declared = getattr(body, "declaration", None)
    return declared.members if isinstance(declared, Declaration) else ()


def matching(people: Iterable[Member | Enrolment], by: str, value: str) -> list[Member | Enrolment]:
    """Those of these people who were searched for."""
    if by == NAME:
        return [each for each in people if any(score(value, name) >= ALIKE for name in names_of(each))]
    return [each for each in people if by == IDCS and isinstance(each, Member) and each.idcs == value]


def restored(kind: str, body: str | None) -> Body | None:
    """What a case declares; None where that was erased, or is nothing that today's model reads."""
    try:
        return FLOWS[kind].body.restored(body) if body else None
    except pydantic.ValidationError:
        return None


def birth_year(person: Member | Enrolment | None) -> int | None:
    """The year in which somebody was born."""
    return person.birth_date.year if person else None
