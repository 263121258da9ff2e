"""Commands for operators: parked cases, which failed, and how they are resumed."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from models.database import Connection, transaction
from models.errors import Refused
from sijil.acting import name_of, servers_for, staff_may
from sijil.commands.arguments import Name, Reference
from sijil.embedded import needed_servers
from sijil.output import Json, print_progress, print_result
from tasks.resuming import Resumed, resume_all, resume_set
from workflows.intake.receipts import find
from workflows.queue.failed import ParkedAlike, parked_case, parked_groups
from workflows.staff.territories import within

app = typer.Typer()
parked_app = typer.Typer(no_args_is_help=True, help="Lists the cases that failed, shows one, sends them on.")
app.add_typer(parked_app, name="parked")


@parked_app.command("list")
def list_parked(
    named: Annotated[int, typer.Option("--limit", min=0, help="How many references to show of each error.")] = 5,
    as_json: Json = False,
) -> None:
    """Lists parked cases by stage and error, with the references of those that wait longest."""
    with needed_servers(), transaction() as connection:
        who = staff_may(connection, "read_operations")
        groups = parked_groups(connection, named, within(who, "read_operations"))
    print_result(
        {"parked": groups}, as_json, *([line for each in groups for line in group_lines(each)] or ["nothing is parked"])
    )


def group_lines(group: dict[str, Any]) -> Iterator[str]:
    """An error with the number of its cases, then the references of some of them."""
    yield f"{group['cases']:>6}  {group['stage']:<20}{group['error']}"
    yield from (f"{'':8}{reference}" for reference in group["references"])
    more = group["cases"] - len(group["references"])
    if group["references"] and more:
        yield f"{'':8}and {more} more (--limit)"


@parked_app.command("show")
def show_parked(reference: Reference, as_json: Json = False) -> None:
    """Shows one parked case, with the place in the code where it failed."""
    with needed_servers(), transaction() as connection:
        staff_may(connection, "read_operations", reference=reference)
        row = parked_row(connection, reference)
    print_result(row, as_json)


def parked_row(connection: Connection, reference: str) -> dict[str, Any]:
    """One parked case. Raises NotFound for an unknown reference, Refused for a case that is not parked."""
    case = find(connection, reference)
    row = parked_case(connection, case.id)
    if row is None:
        raise Refused("not_parked", f"{reference} is not parked: it is '{case.stage}'.")
    return row


@parked_app.command("retry")
def retry_parked(
    reference: Annotated[
        str | None, typer.Argument(metavar="REFERENCE", help="One case: as on the receipt, RSU-XXXX-XXXX-XXXX.")
    ] = None,
    error: Annotated[str | None, typer.Option(help="All with this error, as `parked list` shows it.")] = None,
    name: Name = "",
    as_json: Json = False,
) -> None:
    """Sends one parked case on from where it failed, or all with the same error."""
    if (reference is None) == (error is None):
        raise Refused("one_or_all", "Name one case by its reference, or all with the same error by --error.")
    with servers_for("resume_parked", name, reference or "") as who:
        by = name_of(who, "operator")
        if reference:
            with transaction() as connection:
                case_id = parked_row(connection, reference)["case_id"]
            done = Resumed(resume_set([case_id], by).cases)
        else:
            done = resume_each(ParkedAlike(error or "", where=within(who, "resume_parked")), by)
    lines = [f"resumed: {done.resumed}"]
    if done.left:
        lines.append(f"not resumed: {done.left}, which cannot be loaded or moved on meanwhile; see `sijil parked list`")
    print_result(done._asdict(), as_json, *lines)


def resume_each(alike: ParkedAlike, by: str) -> Resumed:
    """Resumes all cases that are parked alike, and shows how far it is. Raises Refused where there is no such case."""
    done = None
    for done in resume_all(alike, by):
        print_progress(f"{done.resumed} resumed")
    if done is None:
        raise Refused(
            "nothing_parked",
            f"No case is parked with the error '{alike.error}'. List the errors: sijil parked list",
        )
    return done
