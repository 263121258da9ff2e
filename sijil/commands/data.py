"""Data in and out: migrate, import, enrol, score, and the map of a case."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from models import clock
from models.database import bound_transactions
from models.errors import Refused
from models.migrate import current_version, upgrade
from sijil import embedded
from sijil.embedded import needed_servers
from sijil.say import Json, answer
from tasks.bootstrap import intake
from workflows.bodies import reading
from workflows.bodies.problems import in_one
from workflows.flows import FLOWS
from workflows.flows.chart import chart
from workflows.intake.files.summary import Summary
from workflows.intake.files.textfiles import open_to_read
from workflows.intake.importing import ImportOutputs, import_file
from workflows.registers.enrol import enrol_file
from workflows.scoring.calculator import score_document

SET_SECONDS = (
    60  # that a set of applications may take: an import that is frozen in one must not hold its declarants for ever
)

app = typer.Typer()
File = Annotated[Path, typer.Argument(dir_okay=False, help="The file to read.")]
Rejects = Annotated[
    Path | None,
    typer.Option(help="Where the refused are listed, with lines and reasons. Default: FILE.rejects.ndjson."),
]


@app.command("migrate")
def migrate(as_json: Json = False) -> None:
    """Brings the database's tables up to date."""
    running = embedded.ensure(migrate=False)
    try:
        changed = upgrade()
        answer(
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
        typer.Option(help="Write references and secrets of the applications taken here (readable by you alone)."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Takes a file of applications in:

    NDJSON (one a line), or CSV (a row a member). Sent again, it doubles nothing. Exit code 1 where any was refused.

    Whom the population register does not know waits for a correction: of a generated file, `sijil enrol` its population
    first.
    """
    outputs = ImportOutputs(rejects or beside(file), receipts)
    with needed_servers():
        bound_transactions(SET_SECONDS)
        with stoppable():
            found = import_file(file, outputs, intake(), show_progress)
    tell(found, ("taken", "taken before"), outputs.rejects, as_json)


@app.command("enrol")
def enrol_persons(file: File, rejects: Rejects = None, as_json: Json = False) -> None:
    """Adds the persons of a file, NDJSON or CSV, to the local population register; known ones are left as they are.

    Exit code 1 where any was refused.
    """
    with open_to_read(file):
        pass  # said before a server is started for it
    with needed_servers(), stoppable():
        found = enrol_file(file, rejects or beside(file), show_progress)
    tell(found, ("enrolled", "known"), rejects or beside(file), as_json)


def beside(file: Path) -> Path:
    """Where the refused are listed when nobody says where: beside the file, or here where it is a stream that has only
    a number or a name.
    """
    place = file.absolute().parent
    streams = place in (Path("/dev"), Path("/dev/fd")) or place.is_relative_to("/proc")
    return Path(f"{file.name}.rejects.ndjson") if streams else file.with_name(f"{file.name}.rejects.ndjson")


@contextmanager
def stoppable() -> Iterator[None]:
    """At Ctrl-C it is said what became of the file so far."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("\nStopped in the middle. Start the same again to go on: nothing is taken twice.", err=True)
        raise


def show_progress(summary: Summary) -> None:
    """How many are done, on a line that is written over, be it by what went wrong."""
    typer.echo(f"{summary.counts.total():>9} read\r", nl=False, err=True)


def tell(found: Summary, words: tuple[str, str], rejects: Path, as_json: bool) -> None:
    """What became of a file, with words for those taken now and those taken before.

    Ends with exit code 1 where any was refused.
    """
    typer.echo("", err=True)
    taken, repeated, refused = (found.counts[outcome] for outcome in ("taken", "repeated", "refused"))
    keys = ("taken", "repeated") if words[0] == "taken" else words
    told = (
        dict(zip(keys, (taken, repeated), strict=True))
        | {"refused": refused}
        | {f"rows_{name}": count for name, count in found.rows.items()}
    )
    what = "applications" if words[0] == "taken" else "persons"
    lines = [f"{what}: {taken} {words[0]}, {repeated} {words[1]}, {refused} refused", found.sentence()]
    lines += [f"the refused ones are listed in {rejects}"] if refused else []
    answer(told | {"rejects": str(rejects) if refused else None}, as_json, *lines)
    if refused:
        raise typer.Exit(1)


@app.command("score")
def score(file: File, as_json: Json = False) -> None:
    """The score of a declaration, or of `{"milieu", "region", "variables": {name: value}}`, under the
    policy of today.
    """
    with open_to_read(file) as text:
        raw = text.read()
    try:
        document = reading.parsed(reading.utf8(raw))
    except Refused as refused:
        raise Refused("not_json", f"{file}: {in_one(**refused.problems[0])}") from None
    found = score_document(document, clock.now().date())
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
    answer(found, as_json, *lines)


@app.command("flow")
def flow(as_json: Json = False) -> None:
    """The life of a case as a Mermaid flow chart, drawn from `workflows/flows/registration.py`; the README holds it."""
    charts = {kind: chart(each) for kind, each in FLOWS.items()}
    answer(charts, as_json, *charts.values())
