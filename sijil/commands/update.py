"""The command of officers for changes of registered households: files one, or an adult's own departure."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from models import clock
from models.database import Connection, transact
from notifications.notices import notices
from sijil.commands.arguments import Reference
from sijil.commands.handed_in import STANDARD_INPUT, body_in, print_receipt
from sijil.embedded import needed_servers
from sijil.output import Json
from tasks.wake import wake_after_intake
from workflows.bodies import reading
from workflows.bodies.change import ChangeRequest
from workflows.bodies.fields import Idcs
from workflows.casework.changes import DeclaredChange, Departure, Sender, declare_change, declare_departure
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
        dir_okay=False, allow_dash=True, help="The change in JSON, as for the API without its secret; - reads it here."
    ),
]
LeftBy = Annotated[
    str | None,
    typer.Option(metavar="IDCS", help="In place of FILE: the adult who says that they left, and is not the head."),
]
TrueFrom = Annotated[
    date | None, typer.Option(parser=calendar_day, metavar="DAY", help="With --left-by: the day on which they left.")
]


@app.command("update")
def update(
    reference: Reference,
    officer: Annotated[str, typer.Option("--as", help="The officer who files it; kept as a pseudonym.")],
    file: File = None,
    left_by: LeftBy = None,
    true_from: TrueFrom = None,
    as_json: Json = False,
) -> None:
    """Files a change of a registered household at a desk: from a file, or an adult's own departure from it.

    REFERENCE is that of a receipt of the household. Prints the change's own receipt, which is the citizen's.
    """
    if bool(file) == bool(left_by) or bool(left_by) != bool(true_from):
        raise typer.BadParameter("Give either FILE, or --left-by with --true-from.")
    declared: DeclaredChange | Departure
    if left_by and true_from:
        declared = Departure(reference, reading.text(Idcs, left_by, "--left-by"), true_from, officer)
    else:
        declared = DeclaredChange(
            reference, body_in(file or STANDARD_INPUT, ChangeRequest, "change"), Sender(officer=officer)
        )
    with needed_servers():
        accepted = transact(lambda connection: take(connection, declared))
        if not accepted.repeated:
            wake_after_intake()
    print_receipt(accepted, "change", as_json)


def take(connection: Connection, declared: DeclaredChange | Departure) -> Accepted:
    """Opens the update. Raises NotFound and Refused."""
    if isinstance(declared, Departure):
        return declare_departure(connection, declared, clock.now(), notices)
    return declare_change(connection, declared, clock.now(), notices)
