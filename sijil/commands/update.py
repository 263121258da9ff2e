"""The command of officers for changes of registered households: files one, or an adult's own departure."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from models import clock
from models.database import Connection, transact, transaction
from notifications.notices import notices
from sijil.acting import signed
from sijil.commands.arguments import Name, Reference
from sijil.commands.handed_in import STANDARD_INPUT, body_in, print_receipt
from sijil.embedded import needed_servers
from sijil.output import Json
from tasks.wake import wake_after_intake
from workflows.bodies import reading
from workflows.bodies.change import ChangeRequest
from workflows.bodies.fields import Idcs
from workflows.casework.changes import (
    DeclaredChange,
    Departure,
    Sender,
    change_to_begin_with,
    declare_change,
    declare_departure,
)
from workflows.intake.submit import Accepted

app = typer.Typer()


def calendar_day(given: str) -> date:
    """Reads a day. Raises BadParameter for anything else."""
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter(f"{given!r} is no day: it looks like 2026-11-30.") from None


File = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        dir_okay=False,
        allow_dash=True,
        help="The change in JSON, as for the API without its secret; - reads it here.",
    ),
]
LeftBy = Annotated[
    str | None,
    typer.Option(metavar="IDCS", help="In place of FILE: the adult who says that they left, and is not the head."),
]
TrueFrom = Annotated[
    date | None, typer.Option(parser=calendar_day, metavar="DAY", help="With --left-by: the day on which they left.")
]

Begin = Annotated[
    bool,
    typer.Option("--begin", help="In place of FILE: prints the household as it is registered, as a change to fill in."),
]


@app.command("update")
def update(
    reference: Reference,
    file: File = None,
    left_by: LeftBy = None,
    true_from: TrueFrom = None,
    begin: Begin = False,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Files a change of a registered household at a desk: from a file, or an adult's own departure from it.

    REFERENCE is that of a receipt of the household. Prints the change's own receipt, which is the citizen's. With
    --begin it files nothing, and shows personal data.
    """
    if [bool(file), bool(left_by), begin].count(True) != 1 or bool(left_by) != bool(true_from):
        raise typer.BadParameter("Give either FILE, or --left-by with --true-from, or --begin.")
    if begin:
        print_change_to_begin_with(reference, name)
        return
    declared = declared_at_desk(reference, file or STANDARD_INPUT, left_by, true_from)
    with needed_servers():
        accepted = transact(lambda connection: take(connection, declared, name))
        if not accepted.repeated:
            wake_after_intake()
    print_receipt(accepted, "change", as_json)


def print_change_to_begin_with(reference: str, name: str) -> None:
    """Prints the household as it is registered, as the JSON of a change whose kind is still to be said."""
    with needed_servers(), transaction() as connection:
        signed(connection, "declare_change", name, reference)
        print(json.dumps(change_to_begin_with(connection, reference, clock.now()), ensure_ascii=False, indent=2))


def declared_at_desk(
    reference: str, file: Path, left_by: str | None, true_from: date | None
) -> DeclaredChange | Departure:
    """An adult's own departure, or the change that the file holds; who files it is still to be said.

    Raises Refused for a text that is no identifier, and for a file that holds no change.
    """
    if left_by and true_from:
        return Departure(reference, reading.text(Idcs, left_by, "--left-by"), true_from, "")
    return DeclaredChange(reference, body_in(file, ChangeRequest, "change"), Sender())


def take(connection: Connection, declared: DeclaredChange | Departure, name: str) -> Accepted:
    """Opens the update, for who acts. Raises NotFound and Refused."""
    officer = signed(connection, "declare_change", name, declared.reference)
    if isinstance(declared, Departure):
        return declare_departure(connection, replace(declared, officer=officer), clock.now(), notices)
    return declare_change(connection, replace(declared, sender=Sender(officer=officer)), clock.now(), notices)
