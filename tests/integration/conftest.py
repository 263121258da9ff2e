"""Workers for tests: every logbook that a test opens is signed off after it. And applications of which one is bad."""

from collections.abc import Callable, Iterator

import pytest

from models.errors import Unavailable
from tests.filing import a_drainer, clean, file, register
from tests.integration.registers import Poisoned, Register
from workflows.drain import Drainer


@pytest.fixture
def worker(database: str) -> Iterator[Callable[..., Drainer]]:
    """Makes drainers, as `a_drainer` does."""
    made: list[Drainer] = []

    def make(*args: object, **options: object) -> Drainer:
        made.append(a_drainer(*args, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        book = each.logbook
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
