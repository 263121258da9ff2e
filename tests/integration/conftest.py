"""Workers for tests: every logbook that a test opens is signed off after it."""

from collections.abc import Callable, Iterator

import pytest

from models.errors import Unavailable
from tests.filing import a_drainer
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
