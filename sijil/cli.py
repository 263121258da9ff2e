"""The command line.

A user's mistake is reported in one sentence on standard error, with exit code 2. A bug of Sijil is reported with its
place in the code, with exit code 70.
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

BUG = 70  # EX_SOFTWARE of sysexits.h
REPORT_IT = "This is a bug of Sijil. Please report it, with the lines below."
# The module of each command, in the order of the help. A module is loaded when its command is named: loading all of
# them takes seconds.
COMMANDS = {
    "demo": "trials.commands",
    **dict.fromkeys(("serve", "work"), "sijil.commands.running"),
    **dict.fromkeys(("migrate", "import", "enrol"), "sijil.commands.data"),
    "generate": "trials.commands",
    **dict.fromkeys(("score", "flow"), "sijil.commands.data"),
    "match": "sijil.commands.match",
    "persons": "sijil.commands.persons",
    "update": "sijil.commands.update",
    "answer": "sijil.commands.answer",
    **dict.fromkeys(("reviews", "decide"), "sijil.commands.review"),
    "identities": "sijil.commands.identities",
    "appeals": "sijil.commands.appeals",
    "enrolments": "sijil.commands.enrolments",
    **dict.fromkeys(("show", "queues", "workers"), "sijil.commands.operation"),
    "parked": "sijil.commands.parked",
    "life-events": "sijil.commands.heard",
    "staff": "sijil.commands.staff",
    "population": "sijil.commands.population",
    "messages": "sijil.commands.messages",
    "letters": "sijil.commands.letters",
    "documents": "sijil.commands.documents",
    **dict.fromkeys(("doctor", "replay"), "sijil.commands.history"),
    "audit": "sijil.commands.audit",
    **dict.fromkeys(("retention", "erase"), "sijil.commands.history"),
    "chaos": "trials.commands",
    "bench": "benchmarks.commands",
}
# Production installs neither trials nor benchmarks: their commands are left out there.
INSTALLED = {name: module for name, module in COMMANDS.items() if find_spec(module.partition(".")[0])}


class LazyCommands(dict[str, Any]):
    """Commands by name; each is loaded when it is looked up."""

    def __getitem__(self, name: str) -> Any:
        """Loads the module of this command and returns the command."""
        group = typer.main.get_group(import_module(super().__getitem__(name)).app)
        command = group.commands.get(name, group)
        command.name = name
        return command

    def get(self, name: str, default: Any = None) -> Any:
        """Loads a command; `default` where no command has this name."""
        try:
            return self[name]
        except KeyError:
            return default

    def items(self) -> Any:
        """Loads every command."""
        return [(name, self[name]) for name in self]


class CommandGroup(TyperGroup):
    """The group of all commands; loads none of them before it is named."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = LazyCommands(INSTALLED)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was named.

        A validation error of an argument is reported in our words, not in those of pydantic.
        """
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            if isinstance(error.__cause__, ValidationError):
                error.message = argument_problem(error.__cause__)
            raise

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the installed commands, in the order of the help."""
        return list(INSTALLED)


app = typer.Typer(
    name="sijil",
    cls=CommandGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def print_version(wanted: bool) -> None:
    """Prints the version of Sijil and exits."""
    if wanted:
        typer.echo(f"sijil {metadata.version('sijil')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Sijil, the case service of a Unified Social Register."""


def main() -> None:
    """Runs a command and turns each kind of error into its message and exit code."""
    for name, nearest in unknown_settings():
        suggestion = f" Did you mean {nearest}?" if nearest else ""
        typer.echo(f"sijil: {name} is not a setting and was ignored.{suggestion}", err=True)
    try:
        configure_logs()
        app(standalone_mode=True)
    except Refused as error:
        fail(str(error), *(f"  {problem['field']}: {problem['message']}" for problem in error.problems))
    except Broken as error:
        fail_with_bug(str(error), error)
    except SijilError as error:
        fail(str(error))
    except ValidationError as error:
        if error.title != Settings.__name__:
            fail_with_bug(unexpected(error), error)
        # This import loads the declaration, which most commands need not wait for.
        from workflows.bodies.problems import in_one, problems_of

        fail(*(in_one(PREFIX + each["field"].upper(), each["message"]) for each in problems_of(error)))
    except Exception as error:  # noqa: BLE001 - the command line's edge: its text and its traceback may quote a name
        fail_with_bug(unexpected(error), error)


def argument_problem(error: ValidationError) -> str:
    """A sentence that says why an argument is refused."""
    # This import loads the declaration, which most commands need not wait for.
    from workflows.bodies.problems import OTHERWISE, SENTENCES

    problem = error.errors(include_url=False, include_input=False)[0]
    if problem["type"] == "value_error":
        sentence = str(problem["ctx"]["error"])
    else:
        sentence = SENTENCES.get(problem["type"], OTHERWISE).format(**problem.get("ctx", {}))
    return sentence if sentence.endswith(".") else f"{sentence}."


def unexpected(error: Exception) -> str:
    """Names the class and the place of an unexpected error, never its text."""
    return f"failed unexpectedly: {describe(error).error}"


def fail_with_bug(message: str, error: Exception) -> NoReturn:
    """Prints the message and the lines of code that led to the error, without any value, and exits."""
    fail(message, REPORT_IT, *(f"  {line}" for line in describe(error).traceback.splitlines()), code=BUG)


def fail(*lines: str, code: int = 2) -> NoReturn:
    """Prints these lines on standard error and exits."""
    for line in lines:
        typer.echo(line if line.startswith(" ") else f"sijil: {line}", err=True)
    sys.exit(code)
