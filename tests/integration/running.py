"""The command line run in this process, and how it ended. The fixtures are known by conftest.py."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from sijil import cli
from tests.conftest import forget_settings


class Ran(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object of its last line; no other line is one."""
        *before, last = self.out.rstrip("\n").split("\n")
        assert not any(line.startswith("{") for line in before)
        found = json.loads(last)
        assert isinstance(found, dict)
        return found


Run = Callable[..., Ran]


@pytest.fixture
def sijil(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in this process, as `sijil` does."""
    monkeypatch.setattr(cli, "configure_logs", lambda: None)

    def run(*arguments: object) -> Ran:
        forget_settings()
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["sijil", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        code = ended.value.code
        assert "Traceback" not in said.out + said.err
        return Ran(code if isinstance(code, int) else int(bool(code)), said.out, said.err)

    return run


@pytest.fixture
def ready(database: str, broker: str, sijil: Run) -> Run:
    """The command line with both servers."""
    return sijil
