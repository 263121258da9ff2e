"""Commands for operators: parked cases, which failed, and how they are resumed."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from models import clock
from models.database import Connection, transaction
from models.errors import Refused, SijilError
from notifications.notices import notices
from sijil.acting import name_of, servers_for, staff_may
from sijil.commands.arguments import Name, Reference
from sijil.embedded import needed_servers
from sijil.output import Json, print_progress, print_result
from tasks.wake import wake
from workflows.casework.answers import resume
from workflows.engine.work import BatchOutcome
from workflows.intake.receipts import find
from workflows.queue.monitor import parked_case, parked_groups, parked_with
from workflows.staff.territories import Parameters, within

SET = 500  # cases that are resumed in one transaction: 200,000 in one took minutes and gigabytes

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
            resumed, left = resume_set([case_id], by).cases, 0
        else:
            resumed, left = resume_all(error or "", by, within(who, "resume_parked"))
    lines = [f"resumed: {resumed}"]
    if left:
        lines.append(f"not resumed: {left}, which cannot be loaded or moved on meanwhile; see `sijil parked list`")
    print_result({"resumed": resumed, "left": left}, as_json, *lines)


def resume_all(error: str, by: str, where: Parameters) -> tuple[int, int]:
    """Resumes all cases of a territory that are parked with this error, set by set; how many it resumed, and how many
    it could not.

    Raises Refused where no case is parked with this error.
    """
    resumed = left = after = 0
    while case_ids := next_parked(error, after, where):
        after = case_ids[-1]
        for done in resume_or_split(case_ids, by):
            resumed, left = (resumed + done.cases, left) if done else (resumed, left + 1)
        print_progress(f"{resumed} resumed")
    if not after:
        raise Refused(
            "nothing_parked",
            f"No case is parked with the error '{error}'. List the errors: sijil parked list",
        )
    return resumed, left


def next_parked(error: str, after: int, where: Parameters) -> list[int]:
    """The next set of cases of a territory that are parked with this error."""
    with transaction() as connection:
        return parked_with(connection, error, after, SET, where)


def resume_or_split(case_ids: list[int], by: str) -> Iterator[BatchOutcome | None]:
    """Resumes these cases together; where one of them cannot be resumed, each alone, with None for that one."""
    try:
        yield resume_set(case_ids, by)
    except SijilError:
        if len(case_ids) == 1:
            yield None
            return
        for case_id in case_ids:
            yield from resume_or_split([case_id], by)


def resume_set(case_ids: list[int], by: str) -> BatchOutcome:
    """Resumes these cases in one transaction, then wakes workers. Raises what `resume` raises, and changes nothing."""
    with transaction() as connection:
        done = resume(connection, case_ids, by, clock.now(), notices)
    for queue in done.queues:
        wake(queue)
    return done
