"""Replay runs beside the work: what is committed while it reads is neither missed nor taken for erased."""

from collections.abc import Callable

import pytest

from models.database import Connection, transaction
from tests.filing import a_household, changed, drain_all, events_of, file, register
from tests.people import citizen
from workflows.history import replay
from workflows.history.retelling import History, histories
from workflows.queue.drain import Drainer


def test_a_correction_that_is_committed_between_two_reads_does_not_count_as_erased(
    database: str, worker: Callable[..., Drainer], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = a_household(members=2)
    register([made])
    (taken,) = file(changed(made.body, 1, birth_date="1977-07-07", birth_precision="day"))
    drain_all(worker())

    def after_a_correction(connection: Connection, numbers: list[int]) -> dict[int, History]:
        citizen(taken, "correction", made.body)
        drain_all(worker())
        return histories(connection, numbers)

    monkeypatch.setattr(replay, "histories", after_a_correction)
    with transaction() as connection:
        found = replay.replay(connection)

    assert events_of(taken)[2] == "CorrectionReceived"
    assert (found.decisions, found.erased, found.mismatches) == (7, 0, [])
