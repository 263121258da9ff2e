"""For operators: cases that failed, and sending them on."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from models import clock
from models.database import Connection, transaction
from models.errors import Refused, SijilError
from notifications.notices import notices
from sijil.commands.arguments import Operator, Reference
from sijil.embedded import needed_servers
from sijil.say import Json, answer, progress
from tasks.wake import wake
from workflows.casework.answers import resume
from workflows.engine.work import BatchOutcome
from workflows.intake.receipts import find
from workflows.queue.monitor import parked_case, parked_groups, parked_with

SET = 500  # cases that are sent on in one transaction: 200,000 in one took minutes and gigabytes

app = typer.Typer()
parked_app = typer.Typer(no_args_is_help=True, help="Cases that failed: list them, look at one, send them on.")
app.add_typer(parked_app, name="parked")


@parked_app.command("list")
def list_parked(
    named: Annotated[int, typer.Option("--limit", min=0, help="How many references to show of each error.")] = 5,
    as_json: Json = False,
) -> None:
    """Parked cases by their error, with the references of those that wait longest."""
    with needed_servers(), transaction() as connection:
        groups = parked_groups(connection, named)
    answer(
        {"parked": groups}, as_json, *([line for each in groups for line in lines_of(each)] or ["nothing is parked"])
    )


def lines_of(group: dict[str, Any]) -> Iterator[str]:
    """An error, how many cases have it, and some of them."""
    yield f"{group['cases']:>6}  {group['stage']:<16}{group['error']}"
    yield from (f"{'':8}{reference}" for reference in group["references"])
    more = group["cases"] - len(group["references"])
    if group["references"] and more:
        yield f"{'':8}and {more} more (--limit)"


@parked_app.command("show")
def show_parked(reference: Reference, as_json: Json = False) -> None:
    """One parked case, with the place where it failed."""
    with needed_servers(), transaction() as connection:
        row = required(connection, reference)
    answer(row, as_json)


def required(connection: Connection, reference: str) -> dict[str, Any]:
    """One parked case. Raises NotFound, and Refused where it is not parked."""
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
    by: Operator = "operator",
    as_json: Json = False,
) -> None:
    """Sends one parked case on from where it failed, or all with the same error."""
    if (reference is None) == (error is None):
        raise Refused("one_or_all", "Name one case by its reference, or all with the same error by --error.")
    with needed_servers():
        if reference:
            with transaction() as connection:
                case_id = required(connection, reference)["case_id"]
            resumed, left = send_on([case_id], by).cases, 0
        else:
            resumed, left = send_all_on(error or "", by)
    lines = [
        f"resumed: {resumed}",
        *([f"not resumed, as they cannot be loaded or moved on meanwhile: {left}"] if left else []),
    ]
    answer({"resumed": resumed, "left": left}, as_json, *lines)


def send_all_on(error: str, by: str) -> tuple[int, int]:
    """All that are parked with this error, set by set; how many went on, and how many could not.

    Raises Refused where none is parked so.
    """
    resumed = left = after = 0
    while case_ids := next_parked(error, after):
        after = case_ids[-1]
        for done in sent_on(case_ids, by):
            resumed, left = (resumed + done.cases, left) if done else (resumed, left + 1)
        progress(f"{resumed} resumed")
    if not after:
        raise Refused(
            "nothing_parked",
            f"Nothing is parked with the error '{error}'. `sijil parked list` shows the errors there are.",
        )
    return resumed, left


def next_parked(error: str, after: int) -> list[int]:
    """The next set of cases with this error."""
    with transaction() as connection:
        return parked_with(connection, error, after, SET)


def sent_on(case_ids: list[int], by: str) -> Iterator[BatchOutcome | None]:
    """These together; where one of them cannot go on, each alone, and None for that one."""
    try:
        yield send_on(case_ids, by)
    except SijilError:
        if len(case_ids) == 1:
            yield None
            return
        for case_id in case_ids:
            yield from sent_on([case_id], by)


def send_on(case_ids: list[int], by: str) -> BatchOutcome:
    """These in one transaction, then a wake. Raises what `people.resume` raises, and then nothing was changed."""
    with transaction() as connection:
        done = resume(connection, case_ids, by, clock.now(), notices)
    for queue in done.next_queues:
        wake(queue)
    return done
