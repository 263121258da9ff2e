"""Commands by which life events come into the population register: each changes an entry and tells the partners."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from models import clock
from models.database import Connection, transact
from models.errors import NotFound, Problem, Refused
from models.settings import settings
from sijil.acting import in_role, name_of
from sijil.commands.arguments import Name
from sijil.embedded import needed_servers, population_database
from sijil.embedded.postgres import Postgres
from sijil.output import Json, print_result
from workflows.audit.acts import Act
from workflows.audit.pseudonyms import IDCS, pseudonyms
from workflows.bodies import reading
from workflows.bodies.enrolment import Cin
from workflows.bodies.problems import problems_of
from workflows.bodies.text import canonical
from workflows.identifiers.issuing import issue
from workflows.identifiers.typed import require_identifier
from workflows.intake.files.textfiles import open_to_read
from workflows.matching.duplicates.record import record_of
from workflows.population import life
from workflows.population.life import Told
from workflows.registers.duplicates import likely_duplicates
from workflows.registers.enrol import PersonLine, insert_new
from workflows.registers.issuing import hold
from workflows.staff.noting import Doing, note_reading
from workflows.staff.signatures import OFFICER, OPERATOR, sign

event_app = typer.Typer(no_args_is_help=True, help="Records life events, which partners are told in one order.")
Idcs = Annotated[str, typer.Argument(metavar="IDCS", help="The person's identifier.")]
To = Annotated[str, typer.Option(metavar="IDCS", help="The identifier of the other person.")]
Values = Annotated[list[str], typer.Argument(metavar="FIELD=VALUE", help=f"One of {', '.join(life.CORRECTABLE)}.")]


def read_day(given: str) -> date:
    """Reads a day. Raises BadParameter for anything else."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter(f"{given!r} is no day: it looks like 2026-11-30.") from None


On = Annotated[date | None, typer.Option(metavar="DAY", parser=read_day, help="The day on which it happened.")]


@event_app.command("death")
def death(idcs: Idcs, on: On = None, name: Name = "", as_json: Json = False) -> None:
    """Records that somebody died."""
    recorded(name, [idcs], on, as_json, lambda connection, found, told: life.die(connection, found[0], told))


@event_app.command("rename")
def rename(idcs: Idcs, values: Values, on: On = None, name: Name = "", as_json: Json = False) -> None:
    """Records that somebody took another name: by marriage, by a court."""
    new = values_of(values)
    recorded(
        name,
        [idcs],
        on,
        as_json,
        lambda connection, found, told: life.change(connection, found[0], told, new, renamed=True),
    )


@event_app.command("correct")
def correct(idcs: Idcs, values: Values, name: Name = "", as_json: Json = False) -> None:
    """Corrects what was wrong in an entry, or adds what it did not have yet, such as a first card."""
    new = values_of(values)
    recorded(name, [idcs], None, as_json, lambda connection, found, told: life.change(connection, found[0], told, new))


@event_app.command("marriage")
def marriage(idcs: Idcs, to: To, on: On = None, name: Name = "", as_json: Json = False) -> None:
    """Records that two people married."""
    recorded(name, [idcs, to], on, as_json, lambda connection, found, told: life.wed(connection, *two(found), told))


@event_app.command("divorce")
def divorce(idcs: Idcs, to: To, on: On = None, name: Name = "", as_json: Json = False) -> None:
    """Records that two people divorced."""

    def part(connection: Connection, found: list[str], told: Told) -> int:
        return life.wed(connection, *two(found), told, divorced=True)

    recorded(name, [idcs, to], on, as_json, part)


@event_app.command("guardian")
def guardian(idcs: Idcs, to: To, on: On = None, name: Name = "", as_json: Json = False) -> None:
    """Records that another person looks after a child, or a grown-up who cannot look after themselves."""
    recorded(
        name,
        [idcs, to],
        on,
        as_json,
        lambda connection, found, told: life.change_guardian(connection, *two(found), told),
    )


@event_app.command("merge")
def merge(
    idcs: Idcs,
    into: Annotated[str, typer.Option(help="The identifier by which the person is known from now on.")],
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Records that two entries are of one person. Both stay, and `undo-merge` takes it back."""
    recorded(
        name,
        [idcs, into],
        None,
        as_json,
        lambda connection, found, told: life.merge(connection, *two(found), told),
    )


@event_app.command("undo-merge")
def undo_merge(idcs: Idcs, name: Name = "", as_json: Json = False) -> None:
    """Records that two entries that were merged are of two people after all."""
    recorded(name, [idcs], None, as_json, lambda connection, found, told: life.undo_merge(connection, found[0], told))


@event_app.command("birth")
def birth(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", dir_okay=False, help="The newborn as JSON, without an identifier.")
    ],
    parent: Annotated[str, typer.Option(help="The identifier of a parent.")] = "",
    another: Annotated[
        list[str] | None, typer.Option(metavar="IDCS", help="Who looks alike and is another person; once for each.")
    ] = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Enters a newborn, who gets an identifier, and records the birth, where nobody in the register looks alike."""
    others = [require_identifier(each) for each in another or ()]
    given = newborn_in(file)

    def enter(connection: Connection, found: list[str], told: Told) -> int:
        hold(connection)
        (idcs,) = issue(connection, 1).identifiers
        person = reading.valid(PersonLine, {**given, "idcs": idcs, "status": "alive"}).model_dump(mode="json")
        if alike := likely_duplicates(connection, record_of(person), others).candidates:
            raise LooksAlike([each.idcs for each in alike])
        insert_new(connection, [person])
        return life.born(connection, idcs, replace(told, on=date.fromisoformat(person["birth_date"])), *found)

    try:
        recorded(name, [parent] if parent else [], None, as_json, enter)
    except LooksAlike as found:
        note_seen(name, found.idcs)
        raise


def newborn_in(file: Path) -> dict[str, Any]:
    """What a file says of a newborn. Raises Refused, also where it says what a birth settles."""
    with open_to_read(file) as text:
        given = reading.parsed(reading.utf8(text.read()))
    if not isinstance(given, dict):
        raise Refused("not_valid", f"{file} holds no object of JSON.")
    if settled := [each for each in ("idcs", "status") if each in given]:
        raise reading.not_valid(*[Problem(each, "Must be left out: a birth settles it.") for each in settled])
    return given


class LooksAlike(Refused):
    """Nobody is entered before an officer has looked at those of these identifiers."""

    def __init__(self, idcs: list[str]) -> None:
        said = " ".join(f"--another {each}" for each in idcs)
        text = f"Entered already? {', '.join(idcs)} may be this newborn. If it is another child, say so: {said}"
        super().__init__("looks_alike", text)
        self.idcs = idcs


def note_seen(name: str, idcs: list[str]) -> None:
    """Notes in the audit who was shown these identifiers."""

    def note(connection: Connection) -> None:
        who, role = in_role(connection, "record_event", name)
        doing = Doing(Act.SEARCH_PERSONS, clock.now(), role=role)
        note_reading(connection, replace(who, name=name_of(who, "operator")), doing, pseudonyms(IDCS, idcs))

    with register_database():
        transact(note)


Work = Callable[[Connection, list[str], Told], int]


def recorded(name: str, typed: list[str], on: date | None, as_json: bool, work: Work) -> None:
    """Does what an event does, where who acts may, notes it in the audit, and prints the number of the event."""
    found = [require_identifier(each) for each in typed]

    def run(connection: Connection) -> int:
        who, role = in_role(connection, "record_event", name)
        signed = name_of(who, "operator")
        actor = sign(connection, OFFICER if who.account else OPERATOR, signed)
        now: datetime = clock.now()
        number = work(connection, found, Told(now, actor, on))
        doing = Doing(Act.RECORD_EVENT, now, role=role, detail={"event": number})
        note_reading(connection, replace(who, name=signed), doing, pseudonyms(IDCS, found))
        return number

    with register_database():
        number = transact(run)
    where = "the population register's own database" if has_own() else "the population register of this database"
    print_result({"event": number}, as_json, f"event {number} is recorded in {where}; partners are told within seconds")


def register_database() -> AbstractContextManager[None]:
    """The register's own database where it has one here, else that of the social register, whose table it is then.

    Raises Refused where the register is on another machine.
    """
    if has_own():
        return population_database()
    if settings().population_url:
        raise Refused("register_elsewhere", "The population register is on another machine: do this there.")
    return needed_servers()


def has_own() -> bool:
    """Whether the population register has a database of its own here: one that the settings name, or an embedded one
    that is in use. One that an earlier demo left is in use neither by a server nor by our settings.
    """
    home = settings().home
    own = Postgres(home / "population" / "postgres")
    if settings().population_database_url or not own.data.exists():
        return bool(settings().population_database_url)
    alone = not settings().database_url and not Postgres(home / "postgres").data.exists()
    return alone or bool(settings().population_url) or own.answers()


def two(found: list[str]) -> tuple[str, str]:
    """The two people of an event."""
    one, other = found
    return one, other


def values_of(given: list[str]) -> dict[str, Any]:
    """New values by field, each as an entry may have it. Raises NotFound, Refused and BadParameter."""
    pairs = dict(each.partition("=")[::2] for each in given)
    if unread := [each for each in given if "=" not in each]:
        raise typer.BadParameter(f"{unread[0]!r} is no FIELD=VALUE.")
    if len(pairs) < len(given):
        raise typer.BadParameter("A field is given twice.")
    for field in pairs:
        if field not in life.CORRECTABLE:
            raise NotFound(f"There is no field '{field}'. There are {', '.join(life.CORRECTABLE)}.")
    return {field: value_of(field, typed) for field, typed in pairs.items()}


def value_of(field: str, typed: str) -> Any:
    """A value as an entry may have it in this field. Raises Refused."""
    try:
        kind = Cin if field == "cin" else PersonLine.model_fields[field].rebuild_annotation()
        return TypeAdapter(kind).validate_python(canonical(typed))
    except ValidationError as error:
        raise reading.not_valid(*[Problem(field, each["message"]) for each in problems_of(error)]) from None
