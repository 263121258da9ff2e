"""For operators: queues, workers and parked cases."""

from typing import Annotated, Any

import typer

from models import clock
from models.database import Connection, raw, transaction
from models.errors import Refused
from notifications.notices import notices
from sijil.commands.arguments import Reference
from sijil.embedded import needed_servers
from sijil.say import Json, answer
from tasks.wake import wake
from workflows.flow import ALL_QUEUES
from workflows.keyed import pseudonym
from workflows.load import find
from workflows.people import resume as resume_cases
from workflows.queue.monitor import parked_cases, parked_groups, queues, workers
from workflows.queue.pauses import pause, resume

app = typer.Typer()
queues_app = typer.Typer(invoke_without_command=True, help="What waits where: depth, oldest, rate, expected wait.")
parked_app = typer.Typer(no_args_is_help=True, help="Cases that failed: list them, look at one, send them on.")
app.add_typer(queues_app, name="queues")
app.add_typer(parked_app, name="parked")
Queue = Annotated[str, typer.Argument(metavar="QUEUE", help=f"One of {', '.join(ALL_QUEUES)}.")]
Operator = Annotated[str, typer.Option("--as", help="Who does it; kept as a pseudonym.")]


@queues_app.callback()
def show_queues(context: typer.Context, as_json: Json = False) -> None:
    """What waits where."""
    if context.invoked_subcommand:
        return
    with needed_servers(), transaction() as session:
        rows = queues(raw(session), clock.now())
    lines = [f"{'queue':<14}{'depth':>9}{'oldest s':>10}{'per s':>9}{'wait s':>9}{'apart':>7}  state"]
    waits = ["-" if r["expected_wait"] is None else r["expected_wait"] for r in rows]
    lines += [
        f"{r['queue']:<14}{r['depth']:>9}{r['oldest_seconds']:>10}{r['rate']:>9}{wait:>9}{r['apart']:>7}  {r['state']}"
        for r, wait in zip(rows, waits, strict=True)
    ]
    answer({"queues": rows}, as_json, *lines)


@queues_app.command("pause")
def pause_queue(queue: Queue, by: Operator = "operator", as_json: Json = False) -> None:
    """Workers leave this queue alone until it is resumed."""
    with needed_servers(), transaction() as session:
        pause(raw(session), queue, pseudonym("operator", by), clock.now())
    answer({"paused": queue}, as_json)


@queues_app.command("resume")
def resume_queue(queue: Queue, as_json: Json = False) -> None:
    """Workers take this queue up again."""
    with needed_servers():
        with transaction() as session:
            resume(raw(session), queue)
        wake(queue)
    answer({"resumed": queue}, as_json)


@app.command("workers")
def show_workers(as_json: Json = False) -> None:
    """Who is alive, since when, and what they hold."""
    with needed_servers(), transaction() as session:
        rows = workers(raw(session))
    seen = [f"alive since {r['since']:%F %T}" if r["alive"] else f"dead, last seen {r['seen_at']:%F %T}" for r in rows]
    lines = [f"{r['id']:>6} {r['host']}:{r['pid']} {how}, holds {r['holds']}, {', '.join(r['queues'])}" for r, how in zip(rows, seen, strict=True)]
    answer({"workers": rows}, as_json, *(lines or ["no worker"]))


@parked_app.command("list")
def list_parked(as_json: Json = False) -> None:
    """Parked cases by their error."""
    with needed_servers(), transaction() as session:
        rows = parked_groups(raw(session))
    answer({"parked": rows}, as_json, *([f"{r['cases']:>6}  {r['stage']:<16}{r['error']}" for r in rows] or ["nothing is parked"]))


@parked_app.command("show")
def show_parked(reference: Reference, as_json: Json = False) -> None:
    """One parked case, with the place where it failed."""
    with needed_servers(), transaction() as session:
        row = parked_case(raw(session), reference)
    answer(row, as_json)


def parked_case(connection: Connection, reference: str) -> dict[str, Any]:
    """One parked case. Raises NotFound, and Refused where it is not parked."""
    case = find(connection, reference)
    rows = parked_cases(connection, case_id=case.id)
    if not rows:
        raise Refused("not_parked", f"{reference} is not parked: it is '{case.stage}'.")
    return rows[0]


@parked_app.command("retry")
def retry_parked(
    reference: Annotated[str | None, typer.Argument(metavar="REFERENCE", help="One case: as on the receipt, RSU-XXXX-XXXX-XXXX.")] = None,
    error: Annotated[str | None, typer.Option(help="All with this error, as `parked list` shows it.")] = None,
    by: Operator = "operator",
    as_json: Json = False,
) -> None:
    """Sends one parked case on from where it failed, or all with the same error."""
    if (reference is None) == (error is None):
        raise Refused("one_or_all", "Name one case by its reference, or all with the same error by --error.")
    with needed_servers():
        with transaction() as session:
            rows = [parked_case(raw(session), reference)] if reference else parked_cases(raw(session), error=error)
            if not rows:
                raise Refused("nothing_parked", f"Nothing is parked with the error '{error}'. `sijil parked list` shows the errors there are.")
            done = resume_cases(session, [row["case_id"] for row in rows], by, clock.now(), notices)
        for queue in done.next_queues:
            wake(queue)
    answer({"resumed": done.cases}, as_json)
