"""Commands that check the history and erase from it: doctor, replay, retention and erase."""

import os
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer

from models import clock
from models.database import snapshot, transaction
from models.errors import Refused, Unavailable
from sijil.acting import servers_for, signed
from sijil.commands.arguments import Name, Reference, day
from sijil.embedded import needed_servers
from sijil.output import Json, print_result
from workflows import doctor
from workflows.doctor.findings import Findings
from workflows.history import audit, erasure, replay, retention
from workflows.history.keyranges import FIRST_KEY

SHOWN = 20  # of the differences that a check found

app = typer.Typer()
After = Annotated[
    int | None,
    typer.Option(metavar="CASE", help="Go on after the case of this number, which a stopped run prints."),
]


@app.command("doctor")
def examine(after: After = None, as_json: Json = False) -> None:
    """Checks the database for impossible states: orphans, missing messages, rows changed by hand.

    All counts are zero in a healthy system; exit code 1 where one is not.
    """
    found = Findings(upto=FIRST_KEY if after is None else after)
    with servers_for("check_history"):
        stopped = interrupted(found, lambda: doctor.examine_by_ranges(snapshot, found))
    wrong = {name: count for name, count in found.counts.items() if count}
    lines = [
        line
        for name, count in wrong.items()
        for line in (f"{name}: {count}", *(f"  {place}" for place in found.places[name]))
    ]
    if stopped:
        lines.append(f"Stopped after case {found.upto}. Go on: sijil doctor --after {found.upto}")
    where = "" if after is None else f" after case {after}"
    print_result(dict(found.counts), as_json, *(lines or [f"healthy{where}: {len(found.counts)} checks, all zero"]))
    raise typer.Exit(1 if wrong or stopped else 0)


@app.command("replay")
def replay_all(
    since: Annotated[
        datetime | None,
        typer.Option(
            metavar="DAY",
            parser=day,
            help="Only cases to which something happened since this day, such as the day of an anchor.",
        ),
    ] = None,
    after: After = None,
    as_json: Json = False,
) -> None:
    """Computes every decision again from its stored evidence; exit code 1 where one differs."""
    result = replay.Replay(upto=FIRST_KEY if after is None else after)
    with servers_for("check_history"):
        stopped = interrupted(result, lambda: replay.replay_by_ranges(snapshot, result, since))
    found = {"decisions": result.decisions, "mismatches": result.differing, "erased": result.erased}
    lines = [f"{each.reference}, event {each.seq}, {each.kind}: differs" for each in result.mismatches[:SHOWN]]
    if result.differing > len(lines):
        lines.append(f"… and {result.differing - len(lines)} more")
    if stopped:
        lines.append(f"Stopped after case {result.upto}. Go on: sijil replay --after {result.upto}")
    print_result(found, as_json, *lines, *[f"{k}: {v}" for k, v in found.items()])
    raise typer.Exit(1 if result.differing or stopped else 0)


def interrupted(found: Findings | replay.Replay | audit.AuditReport, check: Callable[[], object]) -> bool:
    """Runs a check; whether Ctrl-C or the database stopped it after its first range. What it found by then counts."""
    began = found.upto
    try:
        check()
    except (Unavailable, KeyboardInterrupt):
        if found.upto == began:
            raise
        return True
    return False


@app.command("retention")
def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would be erased.")] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Confirm that the database's clock is right, though nothing has happened for a month."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Erases the data whose period of retention is over, table by table. The supervisor does it daily."""
    with servers_for("erase"):
        if dry_run:
            with transaction() as connection:
                counts = retention.count_due(connection, clock.now())
        else:
            confirm_clock(yes)
            counts = retention.retain()
    what = "to be erased" if dry_run else "erased"
    print_result(
        {"dry_run": dry_run, **counts}, as_json, *[f"{table}: {count} {what}" for table, count in counts.items()]
    )


def confirm_clock(yes: bool) -> None:
    """Where the clock is doubtful, lets an operator confirm it. Raises Refused where nobody does."""
    with transaction() as connection:
        doubt = retention.clock_doubt(connection, clock.now())
        if not doubt:
            return
        question = f"{doubt} Is that right? What is over by then is erased for ever."
        if not (yes or (os.isatty(0) and typer.confirm(question, err=True))):
            raise Refused(
                "clock_doubtful", f"{doubt} Nothing was erased. If the clock is right, say so: sijil retention --yes"
            )
        retention.confirm_clock(connection, clock.now())


@app.command("erase")
def erase(
    reference: Reference,
    name: Name = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation at a terminal.")] = False,
    as_json: Json = False,
) -> None:
    """Erases the personal facts of an ended application. Hashes stay, and the chain still verifies."""
    if os.isatty(0) and not yes and not typer.confirm(f"Erase the personal facts of {reference} for ever?", err=True):
        raise Refused("not_meant", "Nothing was erased.")
    with needed_servers(), transaction() as connection:
        by = signed(connection, "erase", name, reference, otherwise="operator")
        count = erasure.erase(connection, reference, by, clock.now())
    explained = "`sijil replay` counts the decisions among them as erased"
    print_result({"erased_events": count}, as_json, f"erased events: {count} ({explained})")
