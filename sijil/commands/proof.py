"""The proof that nothing is lost."""

from typing import Annotated

import typer

from sijil.chaos import run as chaos
from sijil.commands.arguments import AnySeed
from sijil.processes import interruptible
from sijil.say import Json, answer, progress

app = typer.Typer()


@app.command("chaos")
def run_chaos(
    cases: Annotated[int, typer.Option(min=50, help="How many applications.")] = 20_000,
    kills: Annotated[int, typer.Option(min=1, help="How many kills.")] = 40,
    seed: AnySeed = 1,
    as_json: Json = False,
) -> None:
    """Kills workers, servers and the gateway while applications keep coming, and counts what was lost or doubled; exit code 1 where anything was."""
    with interruptible():
        found = chaos.run(cases, kills, seed, progress)
    answer(found, as_json)
    raise typer.Exit(0 if chaos.holds(found) else 1)
