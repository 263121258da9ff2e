"""The help of every command says what each argument and option is."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from sijil.cli import app


def parameters(command: Any, path: str = "sijil") -> Iterator[tuple[str, Any]]:
    """Every argument and option of every command."""
    yield from ((path, each) for each in command.params)
    for name, each in getattr(command, "commands", {}).items():
        yield from parameters(each, f"{path} {name}")


ALL = list(parameters(typer.main.get_command(app)))


def test_every_argument_and_option_has_its_help() -> None:
    assert len(ALL) > 80
    assert [f"{path} {each.name}" for path, each in ALL if not each.help] == []


def test_every_reference_is_described_as_it_stands_on_the_receipt() -> None:
    said = [each.help for _, each in ALL if each.name == "reference"]
    assert len(said) == 31
    assert all("RSU-XXXX-XXXX-XXXX" in each for each in said)


def test_every_argument_has_one_name_in_capitals() -> None:
    named = {
        f"{path} {each.name}": each.metavar or each.name for path, each in ALL if each.param_type_name == "argument"
    }
    assert len(named) > 40
    assert {at: name for at, name in named.items() if not re.fullmatch("[A-Z]+(=[A-Z]+)?", name)} == {}
