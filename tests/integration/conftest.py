"""Workers for tests: every attempts that a test opens is signed off after it. Applications of which one is bad, or doubted. And the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import Unavailable
from sijil import cli
from tests.conftest import forget_settings
from tests.filing import Worker, a_drainer, a_household, borrowing, clean, drain_all, file, file_clean, register, stage_of
from tests.integration.registers import Poisoned, Register
from tests.integration.running import Ran, Run
from workflows.intake import Taken
from workflows.queue.drain import Drainer


@pytest.fixture
def worker(database: str) -> Iterator[Worker]:
    """Makes drainers, as `a_drainer` does."""
    made: list[Drainer] = []

    def make(*args: object, **options: object) -> Drainer:
        made.append(a_drainer(*args, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        book = each.batches.attempts
        if book.connection is not None and not book.connection.closed:
            try:
                book.sign_off()
            except Unavailable:
                pass
            book.connection.close()


@pytest.fixture
def poisoned(database: str) -> Poisoned:
    """Twenty applications, of which the register cannot be asked about one."""
    made = clean(20)
    register(made)
    taken = file(*[each.body for each in made])
    return Poisoned(taken[13], taken[:13] + taken[14:], Register(made[13].persons[0].idcs))


@pytest.fixture
def doubted(database: str, worker: Worker) -> tuple[Taken, Taken]:
    """A registered household, and a later application with one of its persons, which waits for a caseworker."""
    mine, theirs = a_household(0, members=3), a_household(1, members=3)
    register([mine, theirs])
    first, later = file(mine.body, borrowing(theirs.body, mine.body))
    drain_all(worker())
    assert stage_of(later) == "under_review"
    return first, later


@pytest.fixture
def notified(database: str, worker: Worker) -> list[Taken]:
    """Three applications that came to their end."""
    taken = file_clean(3)
    drain_all(worker())
    return taken


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    """Where anchors go."""
    return tmp_path / "anchors"


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
