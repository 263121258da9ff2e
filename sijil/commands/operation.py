"""For operators: queues, workers, and the life of one case."""

import re
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any

import structlog
import typer
from rich.console import Console

from models import clock
from models.database import transaction
from sijil.commands.arguments import Operator, Reference
from sijil.embedded import needed_servers
from sijil.say import Json, answer
from tasks.wake import wake
from workflows.flows import all_queues
from workflows.history.timeline import timeline
from workflows.queue.monitor import queues, with_people, workers
from workflows.queue.pauses import pause, resume

WATCH_SECONDS = 2.0

log = structlog.get_logger()
app = typer.Typer()
queues_app = typer.Typer(
    invoke_without_command=True,
    help="What waits where, for workers and for people: how many, the oldest, rate, expected wait.",
)
app.add_typer(queues_app, name="queues")
Queue = Annotated[str, typer.Argument(metavar="QUEUE", help=f"One of {', '.join(all_queues())}.")]
Watch = Annotated[bool, typer.Option("--watch", help=f"Show it anew every {WATCH_SECONDS:.0f} seconds, until Ctrl-C.")]


@queues_app.callback()
def show_queues(context: typer.Context, watch: Watch = False, as_json: Json = False) -> None:
    """What waits where."""
    if context.invoked_subcommand:
        return
    with needed_servers():
        shown_once_or_on(watch, lambda: show_backlogs(as_json))


def shown_once_or_on(watch: bool, show: Callable[[], None]) -> None:
    """Shows it; with `watch` again and again, on a terminal in place, until Ctrl-C."""
    try:
        while True:
            if watch:
                Console().clear()  # which does nothing where the output is no terminal
                typer.echo(f"{clock.now():%F %T} UTC  (Ctrl-C ends it)")
            show()
            if not watch:
                return
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        pass


def show_backlogs(as_json: bool) -> None:
    """The queues, and what waits for people."""
    with transaction() as connection:
        rows, people = queues(connection, clock.now()), with_people(connection, clock.now())
    head = f"{'queue':<14}{'depth':>9}{'oldest s':>10}{'per s':>9}{'wait s':>9}{'quarantined':>13}  state"
    lines = [
        head,
        *(line_of(row) for row in rows),
        "",
        f"{'with people':<18}{'waiting':>9}{'oldest':>12}  whose turn it is",
    ]
    lines += [
        f"{row['stage']:<18}{row['waiting']:>9}{age(row['oldest_seconds']):>12}  {row['owner']}" for row in people
    ]
    answer({"queues": rows, "people": people}, as_json, *lines)


def line_of(row: Mapping[str, Any]) -> str:
    """A queue in one line."""
    wait = "-" if row["expected_wait"] is None else row["expected_wait"]
    counts = f"{row['depth']:>9}{row['oldest_seconds']:>10}{row['rate']:>9.1f}{wait:>9}{row['quarantined']:>13}"
    return f"{row['queue']:<14}{counts}  {state_of(row)}"


def state_of(row: Mapping[str, Any]) -> str:
    """Whether workers take it up, and if not, why."""
    if row["state"] == "paused":
        return f"paused since {row['paused_since']:%F %R} by {row['paused_by']}"
    if row["state"] == "held":
        return f"stage '{row['held_stage']}' held since {row['held_since']:%F %R}, all fail: {row['error']}"
    if row["state"] == "left_alone":
        return f"gateway left alone by {row['left_alone_by']} of {row['of_workers']} workers"
    return str(row["state"])


def age(seconds: int) -> str:
    """A span in its largest unit: people's work is counted in days."""
    span = timedelta(seconds=seconds)
    if span.days:
        return f"{span.days} d"
    return f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds // 60} min"


@queues_app.command("pause")
def pause_queue(queue: Queue, by: Operator = "operator", as_json: Json = False) -> None:
    """Workers leave this queue alone until it is resumed."""
    with needed_servers(), transaction() as connection:
        actor = pause(connection, queue, by, clock.now())
    log.info("queue paused", queue=queue, by=actor)
    answer({"paused": queue}, as_json)


@queues_app.command("resume")
def resume_queue(queue: Queue, by: Operator = "operator", as_json: Json = False) -> None:
    """Workers take this queue up again."""
    with needed_servers():
        with transaction() as connection:
            ended = resume(connection, queue, by)
        wake(queue)
    log.info(
        "queue resumed", queue=queue, by=ended.resumed_by, paused_by=ended.paused_by, since=f"{ended.since:%FT%TZ}"
    )
    answer({"resumed": queue}, as_json)


@app.command("workers")
def show_workers(watch: Watch = False, as_json: Json = False) -> None:
    """Who is alive, since when, and what they hold."""
    with needed_servers():
        shown_once_or_on(watch, lambda: show_alive(as_json))


def show_alive(as_json: bool) -> None:
    """Every worker process in a line."""
    with transaction() as connection:
        rows = workers(connection)
    seen = [f"alive since {r['since']:%F %T}" if r["alive"] else f"dead, last seen {r['seen_at']:%F %T}" for r in rows]
    lines = [
        f"{r['id']:>6} {r['host']}:{r['pid']} {how}, holds {r['holds']}, serves {', '.join(r['queues'])}"
        for r, how in zip(rows, seen, strict=True)
    ]
    answer({"workers": rows}, as_json, *(lines or ["no worker"]))


@app.command("show")
def show_case(reference: Reference, as_json: Json = False) -> None:
    """Where a case stands and how it came there: every event, who acted, what was sent, what failed.

    Names nobody of the household.
    """
    with needed_servers(), transaction() as connection:
        found = timeline(connection, reference)
    lines = [standing(found), *(f"  {each['seq']:>3}  {each['at']:%F %T}  {told(each)}" for each in found["events"])]
    lines += [f"  {sent(each)}" for each in found["messages"]]
    lines += [failure(found["failure"])] if found["failure"] else []
    answer(found, as_json, *lines)


def standing(found: Mapping[str, Any]) -> str:
    """Where it stands now, and what comes next by itself."""
    moments = {"it is looked at again": found["due_at"], "the stage ends": found["deadline"]}
    after = [f"{what} {moment:%F %T}" for what, moment in moments.items() if moment]
    where = (
        f"{found['reference']} ({found['kind']}) is '{found['stage']}' since {found['stage_since']:%F %T}, version "
        f"{found['version']}"
    )
    return "; ".join([where, *([f"due in queue {found['queue']}"] if found["ready"] else []), *after]) + "."


def told(event: Mapping[str, Any]) -> str:
    """An event, where it led, who acted and what it says in codes."""
    said = (
        "erased"
        if event["facts"] is None
        else ", ".join(f"{name} {plain(value)}" for name, value in event["facts"].items())
    )
    return f"{event['kind']:<20} {event['stage'] or '':<17}{event['by']}{f'  ({said})' if said else ''}"


def plain(value: object) -> object:
    """A number that is written with a point, without the zeros at its end; anything else as it is."""
    return value.rstrip("0").rstrip(".") if isinstance(value, str) and re.fullmatch(r"-?\d+\.\d+", value) else value


def sent(message: Mapping[str, Any]) -> str:
    """A message of the ledger, without its text."""
    moment = f" {message['sent_at']:%F %T}" if message["sent_at"] else ""
    error = f", {message['error']}" if message["error"] else ""
    what = f"message of event {message['seq']}: {message['template']} by {message['channel']}"
    return (
        f"{what}, {message['status']}{moment} after {message['tries']} "
        f"{'try' if message['tries'] == 1 else 'tries'}{error}"
    )


def failure(failed: Mapping[str, Any]) -> str:
    """What went wrong last."""
    return f"  failed {failed['tries']} times, last {failed['at']:%F %T}: {failed['error']}"
