"""The command line.

A mistake is one sentence on standard error and exit code 2; our own fault is told with its place, exit code 70.
"""

import sys
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError
from typer.core import TyperGroup

from models.errors import Broken, Refused, SijilError, describe
from models.settings import PREFIX, Settings, unknown_settings
from tasks.logs import configure_logs

OUR_FAULT = 70  # EX_SOFTWARE of sysexits.h
REPORT_IT = "This is a fault of ours; please report it with the lines below."
# Where each command stands, in the order of the help. A module is loaded when its command is named: loading all of them
# takes seconds.
COMMANDS = {
    "demo": "trials.commands",
    **dict.fromkeys(("serve", "work"), "sijil.commands.running"),
    **dict.fromkeys(("migrate", "import", "enrol"), "sijil.commands.data"),
    "generate": "trials.commands",
    **dict.fromkeys(("score", "flow"), "sijil.commands.data"),
    **dict.fromkeys(("reviews", "decide"), "sijil.commands.review"),
    **dict.fromkeys(("show", "queues", "workers"), "sijil.commands.operation"),
    "parked": "sijil.commands.parked",
    "messages": "sijil.commands.messages",
    **dict.fromkeys(("doctor", "replay", "audit", "retention", "erase"), "sijil.commands.history"),
    "chaos": "trials.commands",
    "bench": "benchmarks.commands",
}
# What proves and shows is no part of what production installs.
INSTALLED = {name: module for name, module in COMMANDS.items() if find_spec(module.partition(".")[0])}


class Modules(dict[str, Any]):
    """Commands by name, each loaded when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        """The command itself."""
        group = typer.main.get_group(import_module(super().__getitem__(name)).app)
        command = group.commands.get(name, group)
        command.name = name
        return command

    def get(self, name: str, default: Any = None) -> Any:
        """The same; None where there is none of this name."""
        try:
            return self[name]
        except KeyError:
            return default

    def items(self) -> Any:
        """All of them, loaded."""
        return [(name, self[name]) for name in self]


class Commands(TyperGroup):
    """All commands, none of them loaded before it is named."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Modules(INSTALLED)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was named; what is wrong with an argument is said in our words, not in those of the
        library that read it.
        """
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            if isinstance(error.__cause__, ValidationError):
                error.message = in_our_words(error.__cause__)
            raise

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names."""
        return list(INSTALLED)


app = typer.Typer(
    name="sijil",
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def told_version(wanted: bool) -> None:
    """Prints the version and ends."""
    if wanted:
        typer.echo(f"sijil {metadata.version('sijil')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=told_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Sijil, the case service of a Unified Social Register."""


def main() -> None:
    """Runs a command."""
    for name, nearest in unknown_settings():
        typer.echo(
            f"sijil: {name} is not a setting and was ignored.{f' Did you mean {nearest}?' if nearest else ''}", err=True
        )
    try:
        configure_logs()
        app(standalone_mode=True)
    except Refused as error:
        fail(str(error), *(f"  {problem['field']}: {problem['message']}" for problem in error.problems))
    except Broken as error:
        our_fault(str(error), error)
    except SijilError as error:
        fail(str(error))
    except ValidationError as error:
        if error.title != Settings.__name__:
            our_fault(unexpected(error), error)
        from workflows.bodies.problems import (
            in_one,
            problems_of,
        )  # loads the declaration with it, which most commands need not wait for

        fail(*(in_one(PREFIX + each["field"].upper(), each["message"]) for each in problems_of(error)))
    except Exception as error:  # noqa: BLE001 - the command line's edge: its text and its traceback may quote a name
        our_fault(unexpected(error), error)


def in_our_words(error: ValidationError) -> str:
    """What is wrong with an argument."""
    from workflows.bodies.problems import (
        OTHERWISE,
        SENTENCES,
    )  # loads the declaration with it, which most commands need not wait for

    each = error.errors(include_url=False, include_input=False)[0]
    said = (
        str(each["ctx"]["error"])
        if each["type"] == "value_error"
        else SENTENCES.get(each["type"], OTHERWISE).format(**each.get("ctx", {}))
    )
    return said if said.endswith(".") else f"{said}."


def unexpected(error: Exception) -> str:
    """Class and place of what nobody thought of."""
    return f"failed unexpectedly: {describe(error).error}"


def our_fault(said: str, error: Exception) -> NoReturn:
    """Says what is wrong and by which lines of code it came, without any value, and ends."""
    fail(said, REPORT_IT, *(f"  {line}" for line in describe(error).traceback.splitlines()), code=OUR_FAULT)


def fail(*lines: str, code: int = 2) -> NoReturn:
    """Says what is wrong, and ends."""
    for line in lines:
        typer.echo(line if line.startswith(" ") else f"sijil: {line}", err=True)
    sys.exit(code)
