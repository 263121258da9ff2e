"""For auditors: is everything in its place, can every decision be computed again, was history changed; erasure,
retention.
"""

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from models import clock
from models.database import snapshot, transaction
from models.errors import Refused, Unavailable
from models.settings import settings
from sijil.commands.arguments import Reference, day
from sijil.embedded import needed_servers
from sijil.say import Json, answer
from workflows import doctor
from workflows.casework.staff import pseudonym
from workflows.doctor.findings import Findings
from workflows.history import audit, erasure, replay, retention
from workflows.history.keyranges import FIRST_KEY

SHOWN = 20  # of what differs

app = typer.Typer()
audit_app = typer.Typer(
    no_args_is_help=True, help="The seal of the history: anchors outside the database, and their check."
)
app.add_typer(audit_app, name="audit")
After = Annotated[
    int | None,
    typer.Option(metavar="CASE", help="Go on after the case of that number, as a run that was stopped says."),
]
Anchors = Annotated[
    Path | None, typer.Option(help="Where the anchors are. Default: SIJIL_ANCHORS, or `anchors` in SIJIL_HOME.")
]


@app.command("doctor")
def examine(after: After = None, as_json: Json = False) -> None:
    """Looks for whatever cannot be: orphans, missing messages, rows changed by hand.

    All counts should be zero; else exit code 1.
    """
    found = Findings(upto=FIRST_KEY if after is None else after)
    with needed_servers():
        stopped = in_part(found, lambda: doctor.examine_by_ranges(snapshot, found))
    wrong = {name: count for name, count in found.counts.items() if count}
    lines = [
        line
        for name, count in wrong.items()
        for line in (f"{name}: {count}", *(f"  {place}" for place in found.places[name]))
    ]
    if stopped:
        lines.append(f"Stopped after case {found.upto}. Go on: sijil doctor --after {found.upto}")
    where = "" if after is None else f" after case {after}"
    answer(dict(found.counts), as_json, *(lines or [f"healthy{where}: {len(found.counts)} checks, all zero"]))
    raise typer.Exit(1 if wrong or stopped else 0)


@app.command("replay")
def replay_all(
    since: Annotated[
        datetime | None,
        typer.Option(
            metavar="DAY",
            parser=day,
            help="Only cases to which something happened since then, as an anchor's name says.",
        ),
    ] = None,
    after: After = None,
    as_json: Json = False,
) -> None:
    """Computes every decision again from what was stored; exit code 1 where one differs."""
    result = replay.Replay(upto=FIRST_KEY if after is None else after)
    with needed_servers():
        stopped = in_part(result, lambda: replay.replay_by_ranges(snapshot, result, since))
    found = {"decisions": result.decisions, "mismatches": result.differing, "erased": result.erased}
    lines = [f"{each.reference}, event {each.seq}, {each.kind}: differs" for each in result.mismatches[:SHOWN]]
    if result.differing > len(lines):
        lines.append(f"… and {result.differing - len(lines)} more")
    if stopped:
        lines.append(f"Stopped after case {result.upto}. Go on: sijil replay --after {result.upto}")
    answer(found, as_json, *lines, *[f"{k}: {v}" for k, v in found.items()])
    raise typer.Exit(1 if result.differing or stopped else 0)


def in_part(found: Findings | replay.Replay | audit.AuditReport, look: Callable[[], object]) -> bool:
    """Looks; whether the database or whoever waits stopped it in the middle. What was found by then counts."""
    began = found.upto
    try:
        look()
    except (Unavailable, KeyboardInterrupt):
        if found.upto == began:
            raise
        return True
    return False


@audit_app.command("anchor")
def anchor(
    anchors: Anchors = None,
    accept_loss: Annotated[
        str,
        typer.Option(
            metavar="REASON", help="Why events that were anchored are gone. `verify` tells it for ever. No names."
        ),
    ] = "",
    by: Annotated[str, typer.Option("--as", help="Who accepts it; kept as a pseudonym.")] = "operator",
    as_json: Json = False,
) -> None:
    """Writes the heads that moved since the last anchor; run daily by the supervisor, at any time by hand."""
    acceptance = audit.Acceptance(accept_loss, pseudonym("operator", by)) if accept_loss else None
    with needed_servers():
        path = audit.anchor_by_ranges(transaction, anchors or settings().anchors_folder(), clock.now(), acceptance)
    answer(
        {"anchor": str(path) if path else None}, as_json, str(path) if path else "nothing moved since the last anchor"
    )


@audit_app.command("verify")
def verify(
    anchors: Anchors = None,
    since: Annotated[
        int | None,
        typer.Option(metavar="ANCHOR", help="Only cases that moved since the anchor of that number, from there on."),
    ] = None,
    after: After = None,
    as_json: Json = False,
) -> None:
    """Checks every event, every chain and every anchor; exit code 1 where history was changed."""
    folder = anchors or settings().anchors_folder()
    if anchors and not anchors.is_dir():
        raise Refused("no_folder", f"There is no folder {anchors} with anchors.")
    found = audit.AuditReport(upto=after or 0)
    with needed_servers():
        stopped = in_part(found, lambda: audit.verify_by_ranges(snapshot, folder, found, since))
    counts = {
        "cases": found.cases,
        "events": found.events,
        "erased": found.erased,
        "anchors": found.anchors,
        "breaks": found.broken,
    }
    lines = [*found.losses, *found.breaks[:SHOWN], *[f"{k}: {v}" for k, v in counts.items()]]
    if not found.anchors:
        lines.append(f"No anchor stands in {folder}: only the database vouches for itself.")
    if stopped:
        lines.append(f"Stopped after case {found.upto}. Go on: sijil audit verify --after {found.upto}")
    answer(
        {**counts, "findings": found.breaks, "accepted_losses": found.losses, "upto": found.upto, "stopped": stopped},
        as_json,
        *lines,
    )
    raise typer.Exit(1 if found.broken or stopped else 0)


@app.command("retention")
def retain(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count what would go.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="The database's clock is right, though nothing has happened for a month.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Erases what its period has ended for, table by table; run daily by the supervisor, at any time by hand."""
    with needed_servers():
        if dry_run:
            with transaction() as connection:
                counts = retention.due(connection, clock.now())
        else:
            confirm_clock(yes)
            counts = retention.retain()
    what = "to be erased" if dry_run else "erased"
    answer({"dry_run": dry_run, **counts}, as_json, *[f"{table}: {count} {what}" for table, count in counts.items()])


def confirm_clock(yes: bool) -> None:
    """Where the clock is in doubt, an operator says that it is right. Raises Refused where nobody does."""
    with transaction() as connection:
        doubt = retention.clock_doubt(connection, clock.now())
        if (
            doubt
            and not yes
            and not (
                os.isatty(0)
                and typer.confirm(f"{doubt} Is that right? What is over by then is erased for ever.", err=True)
            )
        ):
            raise Refused(
                "clock_doubtful", f"{doubt} Nothing was erased. If the clock is right, say so: sijil retention --yes"
            )
        if doubt:
            retention.confirm_clock(connection, clock.now())


@app.command("erase")
def erase(
    reference: Reference,
    by: Annotated[str, typer.Option("--as", help="Who does it; kept as a pseudonym.")] = "operator",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, at a terminal, whether it is meant.")] = False,
    as_json: Json = False,
) -> None:
    """Erases an ended application's personal facts; hashes stay, and the chain still verifies."""
    if os.isatty(0) and not yes and not typer.confirm(f"Erase the personal facts of {reference} for ever?", err=True):
        raise Refused("not_meant", "Nothing was erased.")
    with needed_servers(), transaction() as connection:
        count = erasure.erase(connection, reference, by, clock.now())
    explained = "`sijil replay` counts as erased the decisions among them, not arrivals and operations"
    answer({"erased_events": count}, as_json, f"erased events: {count} ({explained})")
