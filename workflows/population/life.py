"""Life events: each changes the person's row and is written beside it in one transaction, with what stood there before.

An event names what changed and no value; what stood before is kept apart, under a salt, so that it can be erased.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from models.database import Connection
from models.days import day_of
from models.errors import NotFound, Refused
from workflows.bodies.enrolment import is_of_age
from workflows.engine.hashes import commitment_to
from workflows.matching.births import YEAR
from workflows.registers.person_keys import renew_keys_of

SALT = 16  # bytes
CHANGEABLE = (
    "given_name_ar",
    "family_name_ar",
    "given_name_la",
    "family_name_la",
    "birth_date",
    "birth_precision",
    "sex",
)
NAMES = CHANGEABLE[:4]
DECEASED = "deceased"
STATUS = "status"  # a death is an event of its own, and may have been a mistake
CONTACT = ("cin", "phone", "commune", "address")  # of which an entry may have none yet
CORRECTABLE = (*CHANGEABLE, *CONTACT, STATUS)
SEARCHED = "keys"  # by which duplicates are searched: they follow from the other fields, and no partner is told
KEPT = (*CORRECTABLE, "guardian", SEARCHED)
HALVES = ("given_name_ar", "family_name_ar"), ("given_name_la", "family_name_la")
PERSON = f"select {', '.join(KEPT)} from person where idcs = %s for update"
COLUMNS = "at, kind, idcs, other_idcs, happened_on, fields, actor, commitment"
EVENT = f"insert into person_event ({COLUMNS}) values (%s, %s, %s, %s, %s, %s, %s, %s) returning id"
BEFORE = "insert into person_before (event_id, salt, values) values (%s, %s, %s)"
NEW_GUARDIAN = "update person set guardian = %s where idcs = %s"
DIED = "update person set status = 'deceased' where idcs = %s"
MERGE = "insert into person_merge (idcs, kept_idcs, event_id) values (%s, %s, %s)"
# Those that are of this person already, and of whom this one is: a merge is between two who stand for themselves.
MERGED = "select idcs, kept_idcs from person_merge where idcs = any(%s) or kept_idcs = %s for update"
# The entry by which each of these people is known, and whether they are dead by any of their entries.
STAND_FOR = """
    select kept, exists (
        select from person where status = 'deceased' and idcs in (
            select kept union all select o.idcs from person_merge o where o.kept_idcs = kept)
    ) from unnest(%s::text[]) as one (idcs) left join person_merge m using (idcs),
    lateral (select coalesce(m.kept_idcs, one.idcs) as kept)
"""
UNMERGE = "delete from person_merge where idcs = %s returning kept_idcs"


@dataclass(frozen=True, slots=True)
class Told:
    """When the register was told, by whom (a pseudonymous id), and the day on which it happened."""

    at: datetime
    actor: str
    on: date | None = None


def lock(connection: Connection, idcs: str) -> dict[str, Any]:
    """The row of a person, which nobody else changes until the transaction ends. Raises NotFound."""
    row = connection.execute(PERSON, [idcs]).fetchone()
    if row is None:
        raise NotFound("The register knows nobody by this identifier.")
    return dict(zip(KEPT, row, strict=True))


def write(
    connection: Connection, kind: str, about: tuple[str, str | None], told: Told, before: Mapping[str, Any]
) -> int:
    """Writes an event, and what stood before beside it; returns its number. `about`: the person, and another one.

    The caller commits.
    """
    salt, values = secrets.token_bytes(SALT), json.dumps(before, ensure_ascii=False, default=str)
    commitment = commitment_to(salt, b"", values.encode())
    fields = [each for each in before if each != SEARCHED]
    row = [told.at, kind, *about, told.on, fields, told.actor, commitment]
    (number,) = connection.execute(EVENT, row).fetchone() or (0,)
    connection.execute(BEFORE, [number, salt, values])
    return int(number)


def die(connection: Connection, idcs: str, told: Told) -> int:
    """A person died. Raises Refused where that is known already, or the day lies in the future."""
    person = lock(connection, idcs)
    if person[STATUS] == DECEASED:
        raise Refused("deceased_already", "The register knows of this death already.")
    require_possible(told, person)
    connection.execute(DIED, [idcs])
    return write(connection, "death", (idcs, None), told, {"status": person["status"]})


def require_past(told: Told) -> None:
    """Raises Refused for a day that has not come yet."""
    if told.on and told.on > day_of(told.at):
        raise Refused("event_in_future", "The day must not lie in the future.")


def require_possible(told: Told, *people: Mapping[str, Any]) -> None:
    """Raises Refused for a day that has not come yet, or on which one of these people was not born."""
    require_past(told)
    if told.on and any(told.on < each["birth_date"] for each in people):
        raise Refused("event_before_birth", "The day lies before the birth date that the register has.")


def require_alive(connection: Connection, told: Told, one: str, other: str) -> None:
    """Raises Refused where one of these people is dead, unless a day is said on which it happened."""
    if one_is_dead(connection, one, other) and told.on is None:
        raise Refused("deceased", "The register has one of the two as deceased: say the day on which it happened.")


def require_whole_names(after: Mapping[str, Any]) -> None:
    """Raises Refused where no script would have both parts of the name: such a name cannot be compared."""
    if not any(all(after[each] for each in half) for half in HALVES):
        raise Refused("half_a_name", "One script at least must keep both the given and the family name.")


def change(connection: Connection, idcs: str, told: Told, new: Mapping[str, Any], *, renamed: bool = False) -> int:
    """A person took another name, or an entry was wrong; `new` are valid values of fields.

    Raises Refused where nothing would change, a change of name changes more, or somebody would die by it.
    """
    if new.get(STATUS, "alive") != "alive":
        raise Refused("death_is_an_event", "A death is recorded as an event of its own.")
    person = lock(connection, idcs)
    new = {**new, **first_day(person, new)}
    before = {name: person[name] for name, value in new.items() if str(person[name]) != str(value)}
    if not before:
        raise Refused("nothing_changes", "The register has these values already.")
    if renamed and not set(before) <= set(NAMES):
        raise Refused("more_than_a_name", "A change of name changes names alone: correct the rest by itself.")
    if set(before) & set(NAMES):
        require_whole_names({**person, **new})
    require_possible(told, person)
    assigned = ", ".join(f"{name} = %({name})s" for name in before)
    connection.execute(f"update person set {assigned} where idcs = %(idcs)s", {**new, "idcs": idcs})
    renew_keys_of(connection, idcs)
    kind = "name_changed" if renamed else "corrected"
    return write(connection, kind, (idcs, None), told, {**before, SEARCHED: person[SEARCHED]})


def first_day(person: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The birth date where this says something of the birth, and the year alone is known after it: its first day."""
    if not {"birth_date", "birth_precision"} & set(new):
        return {}
    after = {**person, **new}
    born = date.fromisoformat(str(after["birth_date"]))
    first = born.replace(month=1, day=1)
    return {"birth_date": first} if after["birth_precision"] == YEAR and first != born else {}


def wed(connection: Connection, idcs: str, spouse: str, told: Told, *, divorced: bool = False) -> int:
    """Two people married, or divorced; one event tells of both.

    Raises Refused for one person, for a day to come, and for somebody dead where no day is said.
    """
    people = lock_both(connection, idcs, spouse).values()
    require_possible(told, *people)
    require_alive(connection, told, idcs, spouse)
    return write(connection, "divorce" if divorced else "marriage", (idcs, spouse), told, {})


def change_guardian(connection: Connection, idcs: str, guardian: str, told: Told) -> int:
    """Another person looks after somebody: a child, or a grown-up who cannot look after themselves (Family Code, art.
    209 to 216). Raises Refused where that is known already, the day is to come, a child is to do it, or one is dead.
    """
    people = lock_both(connection, idcs, guardian)
    person, other = people[idcs], people[guardian]
    require_possible(told, person, other)
    if one_is_dead(connection, idcs, guardian):
        raise Refused("deceased", "The register has one of the two as deceased: nobody can look after the other.")
    if not is_of_age(other["birth_date"], told.on or day_of(told.at)):
        raise Refused("guardian_not_of_age", "Whoever looks after somebody has to be of age.")
    if person["guardian"] == guardian:
        raise Refused("nothing_changes", "The register has this guardian already.")
    connection.execute(NEW_GUARDIAN, [guardian, idcs])
    return write(connection, "guardian_changed", (idcs, guardian), told, {"guardian": person["guardian"]})


def one_is_dead(connection: Connection, idcs: str, other: str) -> bool:
    """Whether one of two people is dead, by any of their entries. Raises Refused for two entries of one person."""
    (one, dead), (two, also_dead) = connection.execute(STAND_FOR, [[idcs, other]]).fetchall()
    if one == two:
        raise Refused("same_person", "These are two entries of one person: nobody can marry or guard themselves.")
    return bool(dead or also_dead)


def lock_both(connection: Connection, one: str, other: str) -> dict[str, dict[str, Any]]:
    """The rows of two people by identifier, locked in the order of their keys. Raises Refused and NotFound."""
    if one == other:
        raise Refused("same_person", "An entry cannot be merged with itself, nor anybody marry or guard themselves.")
    return {each: lock(connection, each) for each in sorted((one, other))}


def merge(connection: Connection, idcs: str, kept: str, told: Told) -> int:
    """Two entries are of one person, who is known by the second from now on; both rows stay as they are.

    Raises Refused where one of them is merged already.
    """
    lock_both(connection, idcs, kept)
    if connection.execute(MERGED, [[idcs, kept], idcs]).fetchall():
        raise Refused("merged_already", "One of the two is merged already: take that back first.")
    number = write(connection, "merged", (idcs, kept), told, {})
    connection.execute(MERGE, [idcs, kept, number])
    return number


def undo_merge(connection: Connection, idcs: str, told: Told) -> int:
    """Two entries are of two people after all. Raises Refused where this one is merged into none."""
    lock(connection, idcs)
    row = connection.execute(UNMERGE, [idcs]).fetchone()
    if row is None:
        raise Refused("not_merged", "This entry is merged into no other.")
    return write(connection, "merge_undone", (idcs, row[0]), told, {})


def born(connection: Connection, idcs: str, told: Told, parent: str | None = None) -> int:
    """A newborn has an entry since this transaction. Raises NotFound for a parent whom the register does not know."""
    for each in filter(None, (parent,)):
        lock(connection, each)
    return write(connection, "birth", (idcs, parent), told, {})


def history(connection: Connection, idcs: str) -> Sequence[tuple[Any, ...]]:
    """The events of a person, the oldest first, each with what stood before."""
    return connection.execute(HISTORY, [idcs, idcs]).fetchall()


HISTORY = f"""
    select e.id, {", ".join(f"e.{each}" for each in COLUMNS.split(", "))}, b.values
    from person_event e left join person_before b on b.event_id = e.id
    where e.idcs = %s or e.other_idcs = %s order by e.id
"""
