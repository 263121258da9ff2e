"""Enrolling people in the local population register: for the demo, the proofs, and installations without a register of
their own.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from models import clock
from models.database import Connection, transaction
from models.errors import Problem, Refused
from models.population import BirthPrecision, PersonStatus, Sex
from models.settings import settings
from workflows.bodies import reading
from workflows.bodies.body import Declared
from workflows.bodies.declaration import OTHER_SCRIPT
from workflows.bodies.fields import NO_CONTROLS, BirthDate, Idcs, Name
from workflows.bodies.problems import WHOLE
from workflows.intake.files.jsonform import objects_in
from workflows.intake.files.sources import lines_of, text_in
from workflows.intake.files.staging import Group, StagedRow, groups
from workflows.intake.files.summary import Summary, refusal
from workflows.intake.files.tables import LONGEST_ROW, is_table, table
from workflows.intake.files.textfiles import all_different, discard, line, outcomes_in
from workflows.matching.spelling import is_read

COLUMNS = (
    "idcs",
    "given_name_ar",
    "family_name_ar",
    "given_name_la",
    "family_name_la",
    "birth_date",
    "birth_precision",
    "sex",
    "cin",
    "status",
)
NAMES = ", ".join(COLUMNS)
BATCH = 5000
TOLD = 200  # lines of a person that stands there more often are not all listed
NOT_VALID = "The person is not valid; problems names each field."


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
        with transaction() as connection:
            new += add(connection, batch)
    return new


def add(connection: Connection, persons: list[dict[str, Any]]) -> int:
    """One batch, by COPY into a table of its own and from there; known identifiers are left as they are."""
    connection.execute(f"create temporary table newcomer on commit drop as select {NAMES} from person with no data")
    with connection.cursor() as cursor:
        with cursor.copy(f"copy newcomer ({NAMES}) from stdin") as stream:
            for person in persons:
                stream.write_row([person.get(name) for name in COLUMNS])
        cursor.execute(
            f"insert into person ({NAMES}) select {NAMES} from newcomer order by idcs on conflict (idcs) do nothing"
        )
        return cursor.rowcount


def enrol_file(path: Path, rejects: Path, progress: Callable[[Summary], None] = lambda summary: None) -> Summary:
    """What became of the persons of a file.

    Raises Refused where the file itself cannot be read, before anybody of it was enrolled.
    """
    summary = Summary()
    all_different(path, rejects)
    waiting = groups(staged(path, summary.rows), TOLD, settings().max_body)
    batch = list(islice(waiting, BATCH))
    with outcomes_in(rejects) as reject:
        while batch:
            take(batch, summary, reject)
            progress(summary)
            batch = list(islice(waiting, BATCH))
    if not summary.counts["refused"]:
        discard(rejects)
    summary.prove()
    return summary


def staged(path: Path, counts: Counter[str]) -> Iterator[StagedRow]:
    """Each person of a file under the identifier; one that is not valid stands alone, with its problems."""
    for number, value in values_in(path):
        counts["read"] += 1
        try:
            person = person_of(value)
        except Refused as refused:
            yield StagedRow(None, number, "", json.dumps(refused.problems, ensure_ascii=False))
        else:
            yield StagedRow(person["idcs"], number, json.dumps([person[name] for name in COLUMNS], ensure_ascii=False))


def values_in(path: Path) -> Iterator[tuple[int, Any]]:
    """What a file says of each person, and in which line; a Refused in place of what cannot be read."""
    with text_in(path) as file:
        if is_table(path, file.peek(), COLUMNS):
            header, rows = table(lines_of(file, LONGEST_ROW), COLUMNS, [name for name in COLUMNS if name != "cin"])
            for row in rows:
                cells = {name: cell for name, cell in zip(header.names, row.cells, strict=False) if cell}
                yield row.line, reading.not_valid(Problem(WHOLE, row.flaw)) if row.flaw else cells
        else:
            for text in objects_in(file, settings().max_body):
                yield text.line, reading.not_valid(Problem(WHOLE, text.flaw)) if text.flaw else text.text


def person_of(value: Any) -> dict[str, Any]:
    """A person, as JSON has the values. Raises Refused with a problem for each bad field."""
    if isinstance(value, Refused):
        raise value
    person = reading.from_json(PersonLine, value) if isinstance(value, str) else reading.valid(PersonLine, value)
    return person.model_dump(mode="json")


def take(batch: list[Group], summary: Summary, reject: Callable[[str], object]) -> None:
    """One set: a transaction, then its outputs."""
    judged = [(each, objections(each)) for each in batch]
    good = [each for each, problems in judged if not problems]
    new = enrol(dict(zip(COLUMNS, json.loads(text), strict=True)) for each in good for text in (each.texts or [])[:1])
    for position, each in enumerate(good):
        summary.count("taken" if position < new else "repeated", each.rows)
    for each, problems in judged:
        if problems:
            summary.count("refused", each.rows)
            reject(
                line(
                    refusal(each.lines, each.rows)
                    | {"idcs": each.key, "code": "not_valid", "message": NOT_VALID, "problems": problems}
                )
            )


def objections(group: Group) -> list[Problem]:
    """Why a person is not enrolled: what is not valid, or two lines that say different things."""
    first = group.lines[0]
    if group.flaws:
        return [Problem(**each) for each in json.loads(group.flaws[0])]
    if group.texts is None or group.rows > len(group.texts):
        return [Problem(WHOLE, f"Stands there {group.rows:,} times, from line {first} on.")]
    other = next(
        (number for number, text in zip(group.lines, group.texts, strict=True) if text != group.texts[0]), None
    )
    return [Problem(WHOLE, f"Lines {first} and {other} say different things of one person.")] if other else []
