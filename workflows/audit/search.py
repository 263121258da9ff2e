"""The search of the audit: who did or read what, of whom, when and why; the newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from models.database import Connection
from models.errors import NotFound, Refused
from workflows.audit.acts import Act
from workflows.audit.pseudonyms import IDCS, PHONE, person
from workflows.audit.sealing import FIELDS
from workflows.audit.seals import EntryRow
from workflows.bodies.fields import Phone
from workflows.identifiers.typed import require_identifier
from workflows.staff.signatures import OFFICER, OPERATOR, names_of, pseudonym

PAGE = 25
FILTERS = {
    "act": "e.act = %(act)s",
    "since": "e.at >= %(since)s",
    "until": "e.at < %(until)s",
    "before": "(e.at, e.id) < (%(before_at)s, %(before_id)s)",
}
# What is found by these is read whole, before it is put in order: else the planner may walk through all entries.
BY_LISTS = {
    "case_ids": "case_ids && %(case_ids)s::bigint[]",
    "persons": "(persons && %(persons)s::text[] or case_ids && %(of_persons)s::bigint[])",
}
LISTED = "(select * from audit_entry where {filters} offset 0)"
# In the order of the moments, which every other index has after its own column.
PAGE_OF = f"""
    select s.position, {FIELDS} from {{entries}} e join audit_seal s on s.entry_id = e.id
    where {{filters}} order by e.at desc, e.id desc limit %(rows)s
"""
EACH_ACTOR = """
    select found.* from unnest(%(actors)s::text[]) as acting (actor) cross join lateral ({page}) as found
    order by found.at desc, found.id desc limit %(rows)s
"""
PLACE = "select e.at, e.id from audit_seal s join audit_entry e on e.id = s.entry_id where s.position = %s"
# The cases that declare this person; those that made the versions of the household that has them; and its appeals.
CASES_OF_PERSON = """
    with held as (select household_id, case_id from person_claim where idcs = %(idcs)s)
    select case_id from desk_search where keys @> array[%(idcs)s]
    union select case_id from held
    union select v.case_id from held join household_version v using (household_id)
    union select c.id from held join cases c on c.household_id = held.household_id and c.kind = 'appeal'
"""
CASES_OF_PHONE = "select case_id from case_body where phone = %s"
REFERENCES = "select case_id, min(reference) from receipt where case_id = any(%s) group by case_id"
ACCOUNTS = "select id, name from staff_account where id = any(%s)"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for; what is None or empty narrows nothing.

    `persons`: pseudonyms by which somebody was searched for; `of_persons`: the cases of the same persons; `before`: the
    position at which the page before ended.
    """

    act: Act | None = None
    since: datetime | None = None
    until: datetime | None = None
    actors: Sequence[str] = ()
    case_ids: Sequence[int] = ()
    persons: Sequence[str] = ()
    of_persons: Sequence[int] = ()
    before: int | None = None
    rows: int = PAGE

    def statement(self) -> str:
        """The statement that finds a page."""
        lists = [text for name, text in BY_LISTS.items() if getattr(self, name)]
        entries = LISTED.format(filters=" and ".join(lists)) if lists else "audit_entry"
        filters = [text for name, text in FILTERS.items() if getattr(self, name)]
        if self.actors:
            filters.append("e.actor = acting.actor")
        page = PAGE_OF.format(entries=entries, filters=" and ".join(filters) or "true")
        return EACH_ACTOR.format(page=page) if self.actors else page


class Found(NamedTuple):
    """An entry at its position, with what people read in the place of its numbers."""

    position: int
    entry: EntryRow
    name: str  # of who acted, or their pseudonym where nobody knows it any more
    references: list[str]  # of the cases, as far as they are there


def search(connection: Connection, wanted: Wanted) -> list[Found]:
    """The entries that fit, the newest first. An entry is found once it is sealed, which takes some seconds."""
    parameters = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(wanted).items()}
    if wanted.before:
        parameters["before_at"], parameters["before_id"] = place_of(connection, wanted.before)
    rows = connection.execute(wanted.statement(), parameters).fetchall()
    return shown(connection, [(row[0], EntryRow._make(row[1:])) for row in rows])


def place_of(connection: Connection, position: int) -> tuple[datetime, int]:
    """The moment and the number of the entry at a position. Raises NotFound."""
    if row := connection.execute(PLACE, [position]).fetchone():
        return row[0], row[1]
    raise NotFound(f"There is no position {position} in the audit.")


def shown(connection: Connection, entries: Sequence[tuple[int, EntryRow]]) -> list[Found]:
    """The entries with names and references."""
    names = names_of(connection, {entry.actor for _, entry in entries})
    accounts = dict(connection.execute(ACCOUNTS, [[entry.account_id for _, entry in entries if entry.account_id]]))
    case_ids = {case_id for _, entry in entries for case_id in entry.case_ids}
    references = dict(connection.execute(REFERENCES, [list(case_ids)]).fetchall())
    return [
        Found(
            position,
            entry,
            names.get(entry.actor) or accounts.get(entry.account_id) or entry.actor,
            [references.get(case_id, f"case {case_id}") for case_id in entry.case_ids],
        )
        for position, entry in entries
    ]


def of_person(connection: Connection, idcs: str) -> tuple[str, list[int]]:
    """Under which pseudonym somebody with this identifier was searched for, and their cases. Raises Refused."""
    value = require_identifier(idcs)
    return person(IDCS, value), [case_id for (case_id,) in connection.execute(CASES_OF_PERSON, {"idcs": value})]


def of_phone(connection: Connection, phone: str) -> tuple[str, list[int]]:
    """Under which pseudonym a phone was searched for, and the cases that gave it. Raises Refused."""
    try:
        value = str(TypeAdapter(Phone).validate_python(phone.strip()))
    except ValidationError:
        raise Refused("bad_search", "This is no number of a phone.") from None
    return person(PHONE, value), [case_id for (case_id,) in connection.execute(CASES_OF_PHONE, [value])]


def actors_of(name: str) -> list[str]:
    """The pseudonyms of one of the staff, by name; or the pseudonym that was given."""
    return [name] if ":" in name else [pseudonym(kind, name) for kind in (OFFICER, OPERATOR)]
