"""Commands for operators: queues, workers, and the history of one case."""

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
from sijil.acting import note_look, reader_of, signed, staff_may
from sijil.commands.arguments import Name, Reference
from sijil.embedded import needed_servers
from sijil.output import Json, print_result
from tasks.wake import wake
from workflows.flows import all_queues
from workflows.history.timeline import timeline
from workflows.queue.monitor import queues, with_people, workers
from workflows.queue.pauses import pause, resume

WATCH_SECONDS = 2.0
# What workers leave alone, by the state of the queue that needs it.
SERVICES = {"left_alone": "gateway", "register_left_alone": "population register"}

log = structlog.get_logger()
app = typer.Typer()
queues_app = typer.Typer(
    invoke_without_command=True,
    help="Shows what waits in each queue and for people: how many, the oldest, rate, expected wait.",
)
app.add_typer(queues_app, name="queues")
Queue = Annotated[str, typer.Argument(metavar="QUEUE", help=f"One of {', '.join(all_queues())}.")]
Reason = Annotated[str, typer.Option(help="Why, for whoever looks at the queues; it names no citizen.")]
Watch = Annotated[bool, typer.Option("--watch", help=f"Show it again every {WATCH_SECONDS:.0f} seconds, until Ctrl-C.")]


@queues_app.callback()
def show_queues(context: typer.Context, watch: Watch = False, as_json: Json = False) -> None:
    """Shows what waits in each queue and for people."""
    if context.invoked_subcommand:
        return
    with needed_servers():
        show_or_watch(watch, lambda: print_queues(as_json))


def show_or_watch(watch: bool, show: Callable[[], None]) -> None:
    """Shows once, or with `watch` every two seconds until Ctrl-C, on a terminal in place."""
    try:
        while True:
            if watch:
                Console().clear()  # does nothing where the output is no terminal
                typer.echo(f"{clock.now():%F %T} UTC  (press Ctrl-C to stop)")
            show()
            if not watch:
                return
            time.sleep(WATCH_SECONDS)
    except KeyboardInterrupt:
        pass


def print_queues(as_json: bool) -> None:
    """Prints the table of queues and the table of what waits for people."""
    with transaction() as connection:
        staff_may(connection, "read_operations")
        rows, people = queues(connection, clock.now()), with_people(connection, clock.now())
    head = f"{'queue':<14}{'depth':>9}{'oldest s':>10}{'per s':>9}{'wait s':>9}{'quarantined':>13}  state"
    people_head = f"{'with people':<31}{'waiting':>9}{'oldest':>12}  whose turn it is"
    lines = [head, *(queue_line(row) for row in rows), "", people_head]
    lines += [
        f"{place_of(row):<31}{row['waiting']:>9}{age(row['oldest_seconds']):>12}  {row['owner']}" for row in people
    ]
    print_result({"queues": rows, "people": people}, as_json, *lines)


def place_of(row: Mapping[str, Any]) -> str:
    """A kind of case and its stage; of all kinds together, the stage alone."""
    return f"{row['kind']} {row['stage']}".strip()


def queue_line(row: Mapping[str, Any]) -> str:
    """A row of the table of queues."""
    wait = "-" if row["expected_wait"] is None else row["expected_wait"]
    counts = f"{row['depth']:>9}{row['oldest_seconds']:>10}{row['rate']:>9.1f}{wait:>9}{row['quarantined']:>13}"
    return f"{row['queue']:<14}{counts}  {queue_state(row)}"


def queue_state(row: Mapping[str, Any]) -> str:
    """Whether workers serve the queue, and the reason where they do not."""
    if row["state"] == "paused":
        because = f": {row['paused_because']}" if row["paused_because"] else ""
        return f"paused since {row['paused_since']:%F %R} by {row['paused_by']}{because}"
    if row["state"] == "held":
        return f"stage '{row['held_stage']}' held since {row['held_since']:%F %R}, all fail: {row['error']}"
    if service := SERVICES.get(row["state"]):
        return f"{service} left alone by {row['left_alone_by']} of {row['of_workers']} workers"
    return str(row["state"])


def age(seconds: int) -> str:
    """A span of time in its largest unit: days, hours or minutes."""
    span = timedelta(seconds=seconds)
    if span.days:
        return f"{span.days} d"
    return f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds // 60} min"


@queues_app.command("pause")
def pause_queue(queue: Queue, name: Name = "", reason: Reason = "", as_json: Json = False) -> None:
    """Pauses a queue: workers leave it alone until it is resumed."""
    with needed_servers(), transaction() as connection:
        by = signed(connection, "pause_queue", name, otherwise="operator")
        actor = pause(connection, queue, by, clock.now(), reason)
    log.info("queue paused", queue=queue, by=actor)
    print_result({"paused": queue}, as_json)


@queues_app.command("resume")
def resume_queue(queue: Queue, name: Name = "", as_json: Json = False) -> None:
    """Resumes a paused queue: workers serve it again."""
    with needed_servers():
        with transaction() as connection:
            by = signed(connection, "resume_queue", name, otherwise="operator")
            ended = resume(connection, queue, by, clock.now())
        wake(queue)
    log.info(
        "queue resumed", queue=queue, by=ended.resumed_by, paused_by=ended.paused_by, since=f"{ended.since:%FT%TZ}"
    )
    print_result({"resumed": queue}, as_json)


@app.command("workers")
def show_workers(watch: Watch = False, as_json: Json = False) -> None:
    """Shows the worker processes: which are alive, what they hold, which queues they serve."""
    with needed_servers():
        show_or_watch(watch, lambda: print_workers(as_json))


def print_workers(as_json: bool) -> None:
    """Prints a line for each worker process."""
    with transaction() as connection:
        staff_may(connection, "read_operations")
        rows = workers(connection)
    seen = [f"alive since {r['since']:%F %T}" if r["alive"] else f"dead, last seen {r['seen_at']:%F %T}" for r in rows]
    lines = [
        f"{r['id']:>6} {r['host']}:{r['pid']} {how}, holds {r['holds']}, serves {', '.join(r['queues'])}"
        for r, how in zip(rows, seen, strict=True)
    ]
    print_result({"workers": rows}, as_json, *(lines or ["no worker process; start one with `sijil work`"]))


@app.command("show")
def show_case(reference: Reference, as_json: Json = False) -> None:
    """Shows the stage of a case and its history: every event, who acted, messages, the last failure.

    It names nobody of the household.
    """
    with needed_servers(), transaction() as connection:
        note_look(connection, reader_of(connection, "read_case", "", reference))
        found = timeline(connection, reference)
    lines = [case_line(found), *(event_line(each) for each in found["events"])]
    lines += [message_line(each) for each in found["messages"]]
    lines += [failure_line(found["failure"])] if found["failure"] else []
    print_result(found, as_json, *lines)


def case_line(found: Mapping[str, Any]) -> str:
    """The stage of the case, its queue, and its timers."""
    stage = f"is '{found['stage']}' since {found['stage_since']:%F %T}"
    parts = [f"{found['reference']} ({found['kind']}) {stage}, version {found['version']}"]
    if found["ready"]:
        parts.append(f"due in queue {found['queue']}")
    timers = {"its next timer is due": found["due_at"], "the stage ends": found["deadline"]}
    parts += [f"{what} {moment:%F %T}" for what, moment in timers.items() if moment]
    return "; ".join(parts) + "."


def event_line(event: Mapping[str, Any]) -> str:
    """An event: its moment, the stage that it led to, who acted, and its facts."""
    if event["facts"] is None:
        facts = "erased"
    else:
        facts = ", ".join(f"{name} {without_zeros(value)}" for name, value in event["facts"].items())
    moment = f"  {event['seq']:>3}  {event['at']:%F %T}"
    what = f"{event['kind']:<20} {event['stage'] or '':<20}{event['by']}"
    return f"{moment}  {what}{f'  ({facts})' if facts else ''}"


def without_zeros(value: object) -> object:
    """A decimal number without the zeros at its end; anything else as it is."""
    return value.rstrip("0").rstrip(".") if isinstance(value, str) and re.fullmatch(r"-?\d+\.\d+", value) else value


def message_line(message: Mapping[str, Any]) -> str:
    """A message of the ledger: template, channel, status, tries and the last error, never its text."""
    moment = f" {message['sent_at']:%F %T}" if message["sent_at"] else ""
    error = f", {message['error']}" if message["error"] else ""
    what = f"message of event {message['seq']}: {message['template']} by {message['channel']}"
    tries = f"{message['tries']} {'try' if message['tries'] == 1 else 'tries'}"
    reported = f", {message['delivery']} {message['delivery_at']:%F %T}" if message["delivery"] else ""
    printed = f", given to the printer {message['printed_at']:%F %T}" if message["printed_at"] else ""
    return f"  {what}, {message['status']}{moment} after {tries}{error}{printed}{reported}"


def failure_line(failed: Mapping[str, Any]) -> str:
    """The last failure of the case."""
    return f"  failed {failed['tries']} times, last {failed['at']:%F %T}: {failed['error']}"
