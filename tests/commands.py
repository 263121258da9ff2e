"""Lists the commands, read from the command line itself."""

from collections.abc import Iterator
from typing import Any

import typer

from sijil.cli import app


def commands(command: Any = None, path: str = "sijil") -> Iterator[str]:
    """The path of every command that can be run, groups without an action left out."""
    command = command or typer.main.get_command(app)
    below = getattr(command, "commands", {})
    if not below or command.invoke_without_command:
        yield path
    for name, each in below.items():
        yield from commands(each, f"{path} {name}")
