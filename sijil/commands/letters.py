"""Commands for operators: letters in batches for a printer, and what the post says of them."""

import csv
import io
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from models import clock
from models.database import transact, transaction
from models.errors import Problem, Refused
from models.settings import settings
from notifications.batches import Written, begin, known, write
from notifications.channels.choice import by_printer
from notifications.channels.printer import PRINTER
from notifications.reports import DELIVERED, UNDELIVERED, Report, keep_reports
from sijil.acting import name_of, servers_for
from sijil.commands.arguments import Name
from sijil.commands.handed_in import bytes_of
from sijil.output import Json, print_result
from workflows.audit.acts import Act, Purpose
from workflows.bodies import reading
from workflows.intake.files.textfiles import require_folder
from workflows.staff.noting import Doing, sign_act
from workflows.staff.signatures import OPERATOR

STATES = {"delivered": DELIVERED, "returned": UNDELIVERED}
LONGEST = 10_000_000  # bytes of a file of proofs
HEADER = ["letter", "state"]
NO_STREET = "Where a household declared no street, let the commune's authority hand over what the post cannot bring."

app = typer.Typer()
letters_app = typer.Typer(
    no_args_is_help=True, help="Writes letters for a printer, and records what the post says of them."
)
app.add_typer(letters_app, name="letters")


@letters_app.command("batch")
def write_batch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the file goes; it is made if need be.")],
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Writes the letters that wait into one file for the printer, 1,000 at most: each letter is in one batch alone.

    The file holds names and addresses, and only you can read it. If the command is cut off, run it again: it writes the
    same batch.
    """
    with servers_for("print_letters", name) as who:
        by = name_of(who, "operator")
        require_folder(folder, "No letter was taken.")
        batch: Written | None = None
        while batch is None:
            number = transact(lambda connection: begin(connection, clock.now()))
            if number is None:
                require_printer()
                print_result({"letters": 0, "left": 0}, as_json, "no letter waits for the printer")
                return
            batch = write_and_note(number, folder, by)
    result = {"batch": batch.number, "file": str(batch.path), "letters": batch.letters, "left": batch.left}
    lines = [f"{batch.path}: {batch.letters} letters; {batch.left} wait for the next batch.", NO_STREET]
    print_result(result, as_json, *lines)


def require_printer() -> None:
    """Raises Refused where the settings give letters to the gateway: then none will ever wait for a printer."""
    if not by_printer(settings()):
        raise Refused(
            "no_printer",
            "No letter waits for a printer, and none will: the gateway at SIJIL_GATEWAY_URL prints letters. For a "
            "printer of your own set SIJIL_LETTERS=printer for every `sijil work`, and here.",
        )


def write_and_note(number: int, folder: Path, by: str) -> Written | None:
    """Writes a batch, and notes whose letters somebody was given; None if somebody else wrote it meanwhile."""
    with transaction() as connection:
        batch = write(connection, number, folder, clock.now())
        if batch:
            detail = {"batch": number, "letters": batch.letters}
            doing = Doing(Act.PRINT_LETTERS, clock.now(), batch.case_ids, purpose=Purpose.OPERATION, detail=detail)
            sign_act(connection, OPERATOR, by, doing)
    return batch


@letters_app.command("delivered")
def record_proofs(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV with the columns letter and state: delivered or returned.")
    ],
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Records what the post says of letters: delivered, by an acknowledgement of receipt, or returned.

    A term counts from the moment at which a delivery is recorded. Nothing is recorded of a file with a bad line.
    Letters that no printer was given, or that were erased since, are passed over and named (exit code 1).
    """
    with servers_for("print_letters", name) as who:
        proofs, by = proofs_in(file), name_of(who, "operator")
        with transaction() as connection:
            cases = known(connection, list(proofs))
            doing = Doing(Act.RECORD_PROOFS, clock.now(), sorted(set(cases.values())), purpose=Purpose.OPERATION)
            sign_act(connection, OPERATOR, by, doing)
        keep_reports(PRINTER, [Report(str(letter), proofs[letter]) for letter in cases])
    unknown = [str(letter) for letter in proofs if letter not in cases]
    counts = {said: sum(proofs[letter] == kept for letter in cases) for said, kept in STATES.items()}
    lines = [", ".join(f"{count} {said}" for said, count in counts.items())]
    lines += [f"{each}: no printer was given this letter, or it was erased" for each in unknown]
    print_result(counts | {"unknown": unknown}, as_json, *lines)
    raise typer.Exit(1 if unknown else 0)


def proofs_in(file: Path) -> dict[UUID, str]:
    """The letters of a file, each with what became of it; the last line of a letter counts.

    Raises Refused, with a problem for each bad line.
    """
    table = csv.reader(io.StringIO(reading.utf8(bytes_of(file, LONGEST)), newline=""))
    if [each.strip().lower() for each in next(table, [])] != HEADER:
        raise Refused("not_valid", f"{file} is no list of letters: its first line is {','.join(HEADER)}.")
    found: dict[UUID, str] = {}
    wrong: list[Problem] = []
    for cells in table:
        try:
            letter, said = cells
            found[UUID(letter.strip())] = STATES[said.strip().lower()]
        except (ValueError, KeyError):
            wrong.append(Problem(f"line {table.line_num}", "Must be a letter's number, and delivered or returned."))
    if wrong:
        raise Refused("not_valid", "Nothing is recorded; these lines are wrong:", problems=wrong)
    return found
