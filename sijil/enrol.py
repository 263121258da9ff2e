"""Enrolling people in the local population register: for the demo, the proofs, and installations without a register of their own."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from models import clock
from models.database import Connection, raw, transaction
from models.errors import Refused
from models.population import BirthPrecision, PersonStatus, Sex
from sijil.textfiles import opened
from workflows import reading
from workflows.declaration import OTHER_SCRIPT, Declared
from workflows.fields import NO_CONTROLS, BirthDate, Idcs, Name
from workflows.matching.spelling import is_read
from workflows.problems import in_one

COLUMNS = ("idcs", "given_name_ar", "family_name_ar", "given_name_la", "family_name_la", "birth_date", "birth_precision", "sex", "cin", "status")
NAMES = ", ".join(COLUMNS)
BATCH = 5000


def read_script(name: str) -> str:
    """A name in a script that can be compared."""
    if not is_read(name):
        raise ValueError(OTHER_SCRIPT)
    return name


def already(born: date) -> date:
    """A birth date that has come."""
    if born > clock.now().date():
        raise ValueError("Must not lie in the future.")
    return born


ReadName = Annotated[Name, AfterValidator(read_script)]


class PersonLine(Declared):
    """A person as a file gives it."""

    idcs: Idcs
    given_name_ar: ReadName
    family_name_ar: ReadName
    given_name_la: ReadName
    family_name_la: ReadName
    birth_date: Annotated[BirthDate, AfterValidator(already)]
    birth_precision: BirthPrecision
    sex: Sex
    cin: Annotated[str, Field(max_length=20, pattern=NO_CONTROLS)] | None = None
    status: PersonStatus


def enrol(persons: Iterable[dict[str, Any]]) -> int:
    """Adds those that the register does not know yet, a transaction for every 5,000; how many were new."""
    waiting, new = iter(persons), 0
    while batch := list(islice(waiting, BATCH)):
        with transaction() as session:
            new += add(raw(session), batch)
    return new


def add(connection: Connection, persons: list[dict[str, Any]]) -> int:
    """One batch, by COPY into a table of its own and from there; known identifiers are left as they are."""
    connection.execute(f"create temporary table newcomer on commit drop as select {NAMES} from person with no data")
    with connection.cursor() as cursor:
        with cursor.copy(f"copy newcomer ({NAMES}) from stdin") as stream:
            for person in persons:
                stream.write_row([person.get(name) for name in COLUMNS])
        cursor.execute(f"insert into person ({NAMES}) select {NAMES} from newcomer order by idcs on conflict (idcs) do nothing")
        return cursor.rowcount


def persons_in(path: Path) -> Iterator[dict[str, Any]]:
    """The persons of a file as `sijil generate` writes it, one JSON object a line. Raises Refused for a line that is none, or a file that cannot be read."""
    with opened(path) as file:
        for number, text in enumerate(file, 1):
            yield person_of(path, number, text)


def person_of(path: Path, number: int, text: bytes) -> dict[str, Any]:
    """One line of a file. Raises Refused where it is no person."""
    try:
        return reading.from_json(PersonLine, reading.utf8(text)).model_dump()
    except Refused as refused:
        raise Refused("not_a_person", f"{path}, line {number}: {in_one(**refused.problems[0])}") from None
