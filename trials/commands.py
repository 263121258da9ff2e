"""The commands of trials: demo, generate and chaos."""

from pathlib import Path
from typing import Annotated

import typer

from sijil.commands.running import Port
from sijil.output import Json, print_progress, print_result
from sijil.processes import interruptible, set_settings
from trials.arguments import AnySeed, Seed
from trials.generator import files
from trials.generator.identifiers import HOUSEHOLDS
from workflows.intake.files.textfiles import refuse_unwritable

app = typer.Typer()


@app.command("demo")
def demo(
    applications: Annotated[int, typer.Option(min=1, max=500_000, help="How many applications arrive.")] = 1000,
    serve: Annotated[
        bool,
        typer.Option(
            "--serve/--no-serve",
            help="Serve the portal, and file the applications through its API over 20 seconds; "
            "or file them at full speed, and exit.",
        ),
    ] = True,
    remote_register: Annotated[
        bool,
        typer.Option("--remote-register", help="The population register is a service of its own, on its own database."),
    ] = False,
    seed: Seed = 1,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Starts everything, lets applications arrive, shows them on their way, and serves the portal until Ctrl-C."""
    # This import loads the library of the picture, which other commands need not wait for.
    from trials.demo.run import Demo, run

    set_settings(port=port)
    with interruptible():
        run(
            Demo(applications, seed, serve, remote_register),
            lambda result, lines: print_result(result, as_json, *lines),
        )


@app.command("generate")
def generate(
    households: Annotated[int, typer.Option(min=1, max=HOUSEHOLDS, help="How many households.")] = 1000,
    seed: Seed = 1,
    directory: Annotated[
        Path, typer.Option("--to", file_okay=False, help="The folder into which the files are written.")
    ] = Path("generated"),
    csv: Annotated[bool, typer.Option("--csv", help="Also write the applications as a table.")] = False,
    as_json: Json = False,
) -> None:
    """Writes a believable population, its applications, and the truth about planted errors, duplicates and frauds.

    Run `sijil enrol` on the population before you import the applications: else all of them wait for a correction.
    """
    with refuse_unwritable(directory):
        counts = files.write_files(directory, households, seed, csv=csv)
    names = [files.POPULATION, files.APPLICATIONS, files.TRUTH, *([files.TABLE] if csv else [])]
    written = [str(directory / name) for name in names]
    print_result(
        {**counts, "files": written},
        as_json,
        f"{counts['households']} households, {counts['persons']} persons",
        *written,
    )


@app.command("chaos")
def run_chaos(
    cases: Annotated[int, typer.Option(min=50, help="How many applications.")] = 20_000,
    kills: Annotated[int, typer.Option(min=1, help="How many kills.")] = 40,
    remote_population: Annotated[
        bool,
        typer.Option(
            "--remote-population",
            help="The population register is a service of its own: it fails 30 % of its calls, and is killed, too.",
        ),
    ] = False,
    seed: AnySeed = 1,
    as_json: Json = False,
) -> None:
    """Kills workers, servers and the gateway while applications keep coming, and counts what was lost or doubled.

    Exit code 1 where anything was lost or doubled.
    """
    # This import loads the broker and its clients, which other commands need not wait for.
    from trials.chaos import run as chaos

    with interruptible():
        found = chaos.run(cases, kills, seed, print_progress, remote=remote_population)
    print_result(found, as_json)
    raise typer.Exit(0 if chaos.passed(found) else 1)
