"""By which name a printed command works where it is pasted."""

import sys
from pathlib import Path

import pytest

from sijil.output import program


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with nothing on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "started", [".venv/bin/sijil", "{folder}/.venv/bin/sijil", "{folder}/.venv/lib/sijil/__main__.py"]
)
def test_within_the_working_directory_it_is_the_path_from_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, started: str
) -> None:
    monkeypatch.setattr(sys, "argv", [started.format(folder=folder)])
    monkeypatch.setattr(sys, "executable", str(folder / ".venv/bin/python"))
    assert program() == ".venv/bin/sijil"


def test_elsewhere_it_is_the_whole_path_quoted_for_a_shell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/the register/bin/sijil"])
    assert program() == "'/opt/the register/bin/sijil'"


def test_what_is_on_the_path_needs_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "bin").mkdir()
    (folder / "bin/sijil").touch(mode=0o755)
    monkeypatch.setattr(sys, "argv", [str(folder / ".venv/bin/sijil")])
    assert program() == "sijil"
