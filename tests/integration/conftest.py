"""What most of these tests begin with: workers, which are signed off after the test, and applications of which one is bad, doubted, or which have ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import Unavailable
from tests.filing import Worker, a_drainer, a_household, borrowing, clean, drain_all, file, file_clean, register, stage_of
from tests.integration.importing import imported as imported
from tests.integration.registers import Poisoned, Register
from tests.integration.running import ready as ready
from tests.integration.running import sijil as sijil
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
