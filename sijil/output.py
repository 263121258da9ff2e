"""What a command prints: plain lines for people, and with --json one JSON object as the last line."""

import json
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from shlex import quote
from shutil import which
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]


def print_result(result: Mapping[str, Any], as_json: bool, *lines: str) -> None:
    """Prints the lines, or one line for each key where there are none; then the JSON, if asked for."""
    for line in lines or [f"{key.replace('_', ' ')}: {value}" for key, value in result.items()]:
        typer.echo(line)
    if as_json:
        typer.echo(json.dumps(result, ensure_ascii=False, default=str))


def print_progress(text: str) -> None:
    """Prints on standard error how far a long command is."""
    typer.echo(text, err=True)


def index_shown(index: Decimal, threshold: Decimal | None = None) -> str:
    """An index with two decimals; with more where it would else seem to stand on the other side of the threshold."""
    for digits in range(2, 8):
        shown = round(index, digits)
        if threshold is None or (shown <= threshold) == (index <= threshold):
            return f"{shown:f}"
    return f"{index:f}"


def due_shown(due: datetime, now: datetime) -> str:
    """By which day something is due, or for how many days it is overdue."""
    return f"OVERDUE {(now - due).days or 1} d" if due < now else f"due {due:%F}"


def program() -> str:
    """The name by which a shell in the working directory finds this program.

    It is `sijil` where that is on the PATH, else the path by which this process was started.
    """
    if which("sijil"):
        return "sijil"
    started = Path(sys.argv[0]) if Path(sys.argv[0]).name == "sijil" else Path(sys.executable).with_name("sijil")
    path = started.absolute()
    return quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))
