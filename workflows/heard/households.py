"""Whom a life event concerns here: the household that a person is a member of, and the cases that declare them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from models.database import Connection, scalar
from models.days import day_of
from models.errors import Refused
from workflows.bodies.change import UPDATE
from workflows.bodies.declaration import Declaration
from workflows.engine.turns import lock_households
from workflows.registers.households import days_decided, declarations
from workflows.registers.period_rows import known_periods

# Who is a member of a registered household is so by the claim, and stands in the household's last version.
HOME = """
    select m.household_id, m.version from person_claim p
    cross join lateral (select max(version) as version from household_version v
        where v.household_id = p.household_id) as last
    join household_member m on (m.household_id, m.version, m.idcs) = (p.household_id, last.version, p.idcs)
    where p.idcs = %s and not exists (select from household_end e where e.household_id = p.household_id)
"""
KNOWN = """
    select exists (select from person_claim where idcs = any(%(idcs)s::text[]))
    or exists (select from desk_search where keys && %(idcs)s::text[])
"""
OPEN = f"""
    select id from cases where open and kind in ('registration', '{UPDATE}') and id = any(array(
        select case_id from desk_search where keys && %s::text[]
    )) order by id
"""

# All entries of a person, by any of them.
ENTRIES = """
    with stayed as materialized (
        select coalesce((select kept_idcs from merge_heard where source = %(source)s and idcs = %(idcs)s), %(idcs)s)
            as idcs
    )
    select idcs from stayed
    union select m.idcs from merge_heard m, stayed where m.source = %(source)s and m.kept_idcs = stayed.idcs
    order by idcs
"""
MERGE = """
    insert into merge_heard (source, idcs, kept_idcs) values (%s, %s, %s)
    on conflict (source, idcs) do update set kept_idcs = excluded.kept_idcs
"""
UNMERGE = "delete from merge_heard where source = %s and idcs = %s"


class Home(NamedTuple):
    """A registered household, the number of its last version, and what was declared for it."""

    household_id: int
    version: int
    declaration: Declaration
    since: datetime  # from when that version is true
    first_day: date  # of the household in the register
    decided_on: date  # the version


def known_as(connection: Connection, source: str, idcs: str) -> list[str]:
    """The identifiers by which a household may have this person: this one, and those of the person's other entries."""
    found = connection.execute(ENTRIES, {"source": source, "idcs": idcs})
    return [idcs, *(other for (other,) in found if other != idcs)]


def note_merge(connection: Connection, source: str, idcs: str, kept: str) -> None:
    """Two identifiers are of one person from now on."""
    connection.execute(MERGE, [source, idcs, kept])


def note_unmerge(connection: Connection, source: str, idcs: str) -> None:
    """They are of two people after all."""
    connection.execute(UNMERGE, [source, idcs])


def is_known(connection: Connection, persons: Sequence[str]) -> bool:
    """Whether any case or household of ours has one of these persons."""
    return bool(scalar(connection, KNOWN, {"idcs": list(persons)}))


def household_of(connection: Connection, idcs: str) -> int | None:
    """The registered household of which a person is a member now."""
    row = connection.execute(HOME, [idcs]).fetchone()
    return row[0] if row else None


def home_of(connection: Connection, idcs: str) -> Home | None:
    """The same, with what it declared; nobody else changes its turns until the transaction ends.

    Raises Refused where what it declared was erased by law.
    """
    household = household_of(connection, idcs)
    if household is None:
        return None
    lock_households(connection, [household])
    row = connection.execute(HOME, [idcs]).fetchone()
    if row is None or row[0] != household:
        return None
    version = (row[0], row[1])
    said = declarations(connection, [version]).get(version)
    if said is None:
        raise Refused("erased", "What this household declared was erased by law.")
    periods = known_periods(connection, [household])[household]
    since = max(each.span.since for each in periods if each.span.version == version[1])
    first = day_of(min(each.span.since for each in periods))
    return Home(*version, said, since, first, days_decided(connection, [version])[version])


def homes_of(connection: Connection, persons: Sequence[str]) -> list[Home]:
    """The households of these persons, each once."""
    households = {household for each in persons if (household := household_of(connection, each))}
    lock_households(connection, sorted(households))
    found = (home_of(connection, each) for each in persons)
    return list({each.household_id: each for each in found if each}.values())


def open_cases(connection: Connection, persons: Sequence[str]) -> list[int]:
    """The open registrations and changes that declare one of these persons."""
    return [case_id for (case_id,) in connection.execute(OPEN, [list(persons)])]
