"""Commands for data: migrate, import, enrol, score and flow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from models import clock
from models.database import bound_transactions
from models.days import day_of
from models.errors import Refused
from models.migrate import current_version, upgrade
from models.settings import settings
from sijil import embedded
from sijil.acting import servers_for
from sijil.output import Json, print_result
from tasks.bootstrap import intake, look_again
from workflows.bodies import reading
from workflows.bodies.problems import in_one
from workflows.casework.enrolling import ELSEWHERE
from workflows.flows import FLOWS
from workflows.flows.chart import chart
from workflows.intake.files.summary import Summary
from workflows.intake.files.textfiles import open_to_read
from workflows.intake.importing import ImportOutputs, import_file
from workflows.registers.enrol import enrol_file
from workflows.scoring.calculator import score_document

# The longest transaction of an import, which takes a set of applications: one that is frozen must not lock its
# declarants out for ever.
SET_SECONDS = 60

app = typer.Typer()
File = Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="The file to read.")]
Rejects = Annotated[
    Path | None,
    typer.Option(help="Where to list what is refused, with line and reason. Default: FILE.rejects.ndjson."),
]


@app.command("migrate")
def migrate(as_json: Json = False) -> None:
    """Brings the database's tables up to date."""
    running = embedded.ensure_servers(migrate=False)
    try:
        changed = upgrade()
        print_result(
            {"migrated": changed, "version": current_version()},
            as_json,
            "the tables are up to date" if not changed else f"migrated to version {current_version()}",
        )
    finally:
        running.stop()


@app.command("import")
def import_applications(
    file: File,
    rejects: Rejects = None,
    receipts: Annotated[
        Path | None,
        typer.Option(help="Where to write the reference and secret of each application taken, readable by you alone."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Imports a file of applications: NDJSON (one a line) or CSV (a row for each member).

    A file that is imported again doubles nothing. Exit code 1 where any application was refused.

    Enrol the population of a generated file first, with `sijil enrol`: else each application waits for a correction.
    """
    outputs = ImportOutputs(rejects or default_rejects(file), receipts)
    with servers_for("give_receipt"):
        bound_transactions(SET_SECONDS)
        with explain_interrupt():
            found = import_file(file, outputs, intake(), show_progress)
    print_summary(found, ("taken", "taken before"), outputs.rejects, as_json)


@app.command("enrol")
def enrol_persons(file: File, rejects: Rejects = None, as_json: Json = False) -> None:
    """Adds the persons of a file, NDJSON or CSV, to the local population register.

    Persons that the register already knows stay as they are. Exit code 1 where any person was refused.
    """
    if settings().population_url:
        raise Refused("register_elsewhere", f"{ELSEWHERE} Use `sijil population import` on that machine.")
    with open_to_read(file):
        pass  # a file that cannot be read is reported before a server is started for it
    with servers_for("enrol"), explain_interrupt():
        found = enrol_file(file, rejects or default_rejects(file), show_progress, look_again)
    print_summary(found, ("enrolled", "known"), rejects or default_rejects(file), as_json)


def default_rejects(file: Path) -> Path:
    """The file that lists what is refused, unless an option names one.

    It is beside the file that is read; for a stream, such as /dev/stdin, it is in the working directory.
    """
    place = file.absolute().parent
    streams = place in (Path("/dev"), Path("/dev/fd")) or place.is_relative_to("/proc")
    return Path(f"{file.name}.rejects.ndjson") if streams else file.with_name(f"{file.name}.rejects.ndjson")


@contextmanager
def explain_interrupt() -> Iterator[None]:
    """At Ctrl-C, prints how to go on with the file."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(
            "\nStopped before the end of the file. Run the same command again to go on: nothing is taken twice.",
            err=True,
        )
        raise


def show_progress(summary: Summary) -> None:
    """Prints how many are read, on a line that the next message overwrites."""
    typer.echo(f"{summary.counts.total():>9} read\r", nl=False, err=True)


def print_summary(found: Summary, words: tuple[str, str], rejects: Path, as_json: bool) -> None:
    """Prints what became of a file; `words` stand for those taken now and those taken before.

    Exits with code 1 where any was refused.
    """
    typer.echo("", err=True)
    taken, repeated, refused = (found.counts[outcome] for outcome in ("taken", "repeated", "refused"))
    keys = ("taken", "repeated") if words[0] == "taken" else words
    result = (
        dict(zip(keys, (taken, repeated), strict=True))
        | {"refused": refused}
        | {f"rows_{name}": count for name, count in found.rows.items()}
    )
    what = "applications" if words[0] == "taken" else "persons"
    lines = [f"{what}: {taken} {words[0]}, {repeated} {words[1]}, {refused} refused", found.sentence()]
    lines += [f"the refused ones are listed in {rejects}"] if refused else []
    print_result(result | {"rejects": str(rejects) if refused else None}, as_json, *lines)
    if refused:
        raise typer.Exit(1)


@app.command("score")
def score(file: File, as_json: Json = False) -> None:
    """Computes the score of a file under the policy of today, with every contribution.

    The file holds a declaration, or `{"milieu", "region", "variables": {name: value}}`.
    """
    with open_to_read(file) as text:
        raw = text.read()
    try:
        document = reading.parsed(reading.utf8(raw))
    except Refused as refused:
        raise Refused("not_json", f"{file}: {in_one(**refused.problems[0])}") from None
    found = score_document(document, day_of(clock.now()))
    lines = [f"score {found['score']} (exact {found['exact']}), policy {found['policy']}"]
    terms = {
        "constant": found["constant"],
        "constant of the region": found["region_constant"],
        **found["contributions"],
    }
    lines += [f"  {name:<34}{product:>28}" for name, product in terms.items()]
    lines += [
        f"{name}: {'meets' if met else 'does not meet'} the threshold of {found['thresholds'][name]}"
        for name, met in found["programmes"].items()
    ]
    lines += [f"assumed to be 0: {', '.join(found['assumed_zero'])}"] if found["assumed_zero"] else []
    print_result(found, as_json, *lines)


@app.command("flow")
def flow(as_json: Json = False) -> None:
    """Prints the life of each kind of case as a Mermaid flow chart, drawn from `workflows/flows/`."""
    charts = {kind: chart(each) for kind, each in FLOWS.items()}
    print_result(charts, as_json, *charts.values())
