"""Enrols people in the local population register: for the demo, the proofs, and installations without a register."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from models import clock
from models.database import Connection, transact
from models.days import day_of
from models.errors import Problem, Refused
from models.population import BirthPrecision, PersonStatus, Sex
from models.settings import settings
from workflows.bodies import reading
from workflows.bodies.body import Declared
from workflows.bodies.fields import NO_CONTROLS, BirthDate, Idcs, Name, Phone
from workflows.bodies.named import OTHER_SCRIPT, require_name
from workflows.bodies.problems import WHOLE
from workflows.intake.files.jsonform import objects_in
from workflows.intake.files.sources import lines_of, open_text
from workflows.intake.files.staging import Group, StagedRow, group_rows
from workflows.intake.files.summary import Summary, place_in_file
from workflows.intake.files.tables import LONGEST_ROW, is_table, read_table
from workflows.intake.files.textfiles import discard, json_line, outcome_writer, require_different_files
from workflows.matching.duplicates.keys import keys_of
from workflows.matching.duplicates.record import record_of
from workflows.matching.script import is_read
from workflows.registers.issuing import hold

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
    "phone",
    "commune",
    "address",
)
OPTIONAL = ("given_name_ar", "family_name_ar", "given_name_la", "family_name_la", "cin", "phone", "commune", "address")
NAMES = ", ".join((*COLUMNS, "keys"))
BATCH = 5000
# Identifiers that another register issued are issued for ours as well.
ISSUED = "insert into issued_identifier select distinct idcs from newcomer order by idcs on conflict (idcs) do nothing"
MOST_LINES = 200  # listed of one person, however often the file has that person
NOT_VALID = "The person is not valid; problems names each field."


def require_known_script(name: str) -> str:
    """A name must be in a script that can be compared."""
    if not is_read(name):
        raise ValueError(OTHER_SCRIPT)
    return name


def require_past(born: date) -> date:
    """A birth date must not lie in the future."""
    if born > day_of(clock.now()):
        raise ValueError("Must not lie in the future.")
    return born


ComparableName = Annotated[Name, AfterValidator(require_known_script)]


class PersonLine(Declared):
    """A person as a file has it."""

    idcs: Idcs
    given_name_ar: ComparableName | None = None
    family_name_ar: ComparableName | None = None
    given_name_la: ComparableName | None = None
    family_name_la: ComparableName | None = None
    birth_date: Annotated[BirthDate, AfterValidator(require_past)]
    birth_precision: BirthPrecision
    sex: Sex
    cin: Annotated[str, Field(max_length=20, pattern=NO_CONTROLS)] | None = None
    status: PersonStatus
    phone: Phone | None = None
    commune: Annotated[str, Field(min_length=1, max_length=80, pattern=NO_CONTROLS)] | None = None
    address: Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROLS)] | None = None

    has_a_name = model_validator(mode="after")(require_name)


Told = Callable[[Connection, Sequence[str]], object]  # of those who are new in the register, in its transaction


def enrol(persons: Iterable[dict[str, Any]], told: Told | None = None) -> int:
    """Adds the persons that the register does not know yet, 5,000 in a transaction; returns how many were new.

    `told` is called with them, for the cases that wait for them.
    """
    waiting, count = iter(persons), 0
    while batch := list(islice(waiting, BATCH)):
        count += transact(partial(enter, batch, told))
    return count


def enter(persons: list[dict[str, Any]], told: Told | None, connection: Connection) -> int:
    """Adds a batch in the caller's transaction; returns how many were new."""
    new = insert_new(connection, persons)
    if told and new:
        told(connection, new)
    return len(new)


def insert_new(connection: Connection, persons: list[dict[str, Any]]) -> list[str]:
    """Inserts a batch by COPY and a temporary table; a known identifier keeps its row. Returns who was new.

    Each with the keys by which likely duplicates are searched. It takes its turn among those who enrol people, so that
    no search runs beside it. Raises Unavailable.
    """
    hold(connection)
    connection.execute(f"create temporary table newcomer on commit drop as select {NAMES} from person with no data")
    with connection.cursor() as cursor:
        with cursor.copy(f"copy newcomer ({NAMES}) from stdin") as stream:
            for person in persons:
                stream.write_row([*(person.get(name) for name in COLUMNS), keys_of(record_of(person))])
        cursor.execute(ISSUED)
        cursor.execute(
            f"insert into person ({NAMES}) select {NAMES} from newcomer order by idcs on conflict (idcs) do nothing "
            "returning idcs"
        )
        return [idcs for (idcs,) in cursor]


def enrol_file(
    path: Path, rejects: Path, progress: Callable[[Summary], None] = lambda summary: None, told: Told | None = None
) -> Summary:
    """Enrols the persons of a file and returns the counts; `told` as in `enrol`.

    Raises Refused, before it enrols anybody, where the file itself cannot be read.
    """
    summary = Summary()
    require_different_files(path, rejects)
    waiting = group_rows(stage_persons(path, summary.rows), MOST_LINES, settings().max_body)
    batch = list(islice(waiting, BATCH))
    with outcome_writer(rejects) as reject:
        while batch:
            enrol_batch(batch, summary, reject, told)
            progress(summary)
            batch = list(islice(waiting, BATCH))
    if not summary.counts["refused"]:
        discard(rejects)
    summary.prove()
    return summary


def stage_persons(path: Path, counts: Counter[str]) -> Iterator[StagedRow]:
    """Each person of a file under its identifier; an invalid one stands alone, with its problems."""
    for number, value in values_in(path):
        counts["read"] += 1
        try:
            person = person_of(value)
        except Refused as refused:
            yield StagedRow(None, number, "", json.dumps(refused.problems, ensure_ascii=False))
        else:
            yield StagedRow(person["idcs"], number, json.dumps([person[name] for name in COLUMNS], ensure_ascii=False))


def values_in(path: Path) -> Iterator[tuple[int, Any]]:
    """The line and the values of each person of a file; a Refused in place of values that cannot be read."""
    with open_text(path) as file:
        if is_table(path, file.peek(), COLUMNS):
            needed = [name for name in COLUMNS if name not in OPTIONAL]
            header, rows = read_table(lines_of(file, LONGEST_ROW), COLUMNS, needed)
            for row in rows:
                cells = {name: cell for name, cell in zip(header.names, row.cells, strict=False) if cell}
                yield row.line, reading.not_valid(Problem(WHOLE, row.flaw)) if row.flaw else cells
        else:
            for text in objects_in(file, settings().max_body):
                yield text.line, reading.not_valid(Problem(WHOLE, text.flaw)) if text.flaw else text.text


def person_of(value: Any) -> dict[str, Any]:
    """A valid person, as JSON holds the values. Raises Refused with a problem for each bad field."""
    if isinstance(value, Refused):
        raise value
    person = reading.from_json(PersonLine, value) if isinstance(value, str) else reading.valid(PersonLine, value)
    return person.model_dump(mode="json")


def enrol_batch(batch: list[Group], summary: Summary, reject: Callable[[str], object], told: Told | None) -> None:
    """Enrols the valid persons of a batch in one transaction, then writes the others to the rejects."""
    judged = [(each, objections(each)) for each in batch]
    good = [each for each, problems in judged if not problems]
    persons = (dict(zip(COLUMNS, json.loads(text), strict=True)) for each in good for text in (each.texts or [])[:1])
    new = enrol(persons, told)
    for position, each in enumerate(good):
        summary.count("taken" if position < new else "repeated", each.rows)
    for each, problems in judged:
        if problems:
            summary.count("refused", each.rows)
            why = {"idcs": each.key, "code": "not_valid", "message": NOT_VALID, "problems": problems}
            reject(json_line(place_in_file(each.lines, each.rows) | why))


def objections(group: Group) -> list[Problem]:
    """Why a person is not enrolled: the problems of an invalid one, or two lines that contradict each other."""
    first = group.lines[0]
    if group.flaws:
        return [Problem(**each) for each in json.loads(group.flaws[0])]
    if group.texts is None or group.rows > len(group.texts):
        return [Problem(WHOLE, f"Stands there {group.rows:,} times, from line {first} on.")]
    other = next(
        (number for number, text in zip(group.lines, group.texts, strict=True) if text != group.texts[0]), None
    )
    return [Problem(WHOLE, f"Lines {first} and {other} say different things of one person.")] if other else []
