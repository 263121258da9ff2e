"""An attempt stands until its work is committed, and no longer: a case that is quarantined stands nowhere else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from models import clock
from models.database import autocommit_connection, transaction
from models.database import scalar as value_of
from tests.changing import change_of, declare
from tests.filing import (
    ADAPTERS,
    Worker,
    changed,
    clean,
    current_stage,
    drain_all,
    examined,
    file_clean,
    quarantined,
    rows,
    stages,
    value,
)
from tests.integration.registers import Register
from tests.people import after
from workflows.queue.attempts import TAKE_FAILED
from workflows.queue.bisection import LEFT_ALONE, Bisection
from workflows.queue.drain import Drainer

# What others see: what this worker has not committed yet is not among it.
STAND_NOWHERE = """
    select count(*) from cases c where open and stage <> 'parked' and not ready and due_at is null
    and not exists (select from attempt a where c.id = any(a.case_ids))
"""


@contextmanager
def before_each_commit(statement: str) -> Iterator[list[Any]]:
    """What a connection of its own sees right before each commit of a worker; should the worker die there, it is what
    remains.
    """
    seen: list[Any] = []
    commit = psycopg.Connection.commit
    with autocommit_connection() as other, pytest.MonkeyPatch.context() as patch:

        def look(connection: psycopg.Connection) -> None:
            seen.append(value_of(other, statement))
            commit(connection)

        patch.setattr(psycopg.Connection, "commit", look)
        yield seen


def set_apart(*batches: list[int]) -> None:
    """These cases stand in no queue any more, but in attempts without a worker."""
    for case_ids in batches:
        rows("update cases set ready = false where id = any(%s)", case_ids)
        rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", case_ids)


def one_fails(idcs: str) -> Register:
    return Register(broken_about=idcs)


def one_gets_no_answer(idcs: str) -> Register:
    return Register(silent_about=idcs)


def all_goes_well(idcs: str) -> Register:
    return Register()


@pytest.mark.parametrize("register", [all_goes_well, one_fails, one_gets_no_answer])
@pytest.mark.parametrize("together", [1, 2, 4])
def test_what_is_quarantined_stands_in_an_attempt_until_its_work_is_committed(
    database: str, worker: Worker, register: Callable[[str], Register], together: int
) -> None:
    # Given cases that are quarantined, so many in an attempt
    ids = [each.case_id for each in file_clean(4)]
    set_apart(*[ids[i : i + together] for i in range(0, 4, together)])
    first = value("select body->'members'->0->>'idcs' from case_body where case_id = %s", ids[0])
    drainer = worker(adapters=register(first).adapters())

    # When they are worked, whatever comes of it
    with before_each_commit(STAND_NOWHERE) as nowhere:
        for wait in range(4):
            with after(seconds=100 * wait):
                while drainer.one_quarantined():
                    pass

    # Then nobody who looked before a commit found one that stood nowhere
    assert nowhere
    assert not any(nowhere)
    assert stages()["notified"] >= 3


def test_the_attempt_of_a_batch_goes_with_the_commit_of_its_work(database: str, worker: Worker) -> None:
    file_clean(3)
    drainer = worker()

    with before_each_commit("select count(*) from attempt") as attempts:
        drainer.one_batch("verification")

    assert attempts == [1]
    assert stages() == {"notified": 3}
    assert value("select count(*) from attempt") == 0


def fail_once(monkeypatch: pytest.MonkeyPatch, drainer: Drainer) -> None:
    """A retry fails outside of the case's own work: no fault of the case, and no try of it."""
    with monkeypatch.context() as patch:
        patch.setattr(Bisection, "run_stage", lambda *_: (_ for _ in ()).throw(ValueError("once")))
        drainer.one_quarantined()


def test_a_retry_that_fails_gives_its_attempt_back_and_the_case_is_worked_again(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    (taken,) = file_clean(1)
    set_apart([taken.case_id])
    drainer = worker(adapters=ADAPTERS)

    fail_once(monkeypatch, drainer)

    assert quarantined() == [[taken.case_id]]
    with after(seconds=LEFT_ALONE.total_seconds() + 1):
        drainer.one_quarantined()
    assert current_stage(taken) == "notified"


def test_the_doctor_counts_an_attempt_that_a_living_worker_forgot(database: str, worker: Worker) -> None:
    (taken,) = file_clean(1)
    book = worker().runner.attempts
    book.begin("verification", [taken.case_id], value("select now()"))
    assert examined() == {}

    rows("update attempt set at = at - interval '20 minutes'")

    assert examined() == {"attempts_forgotten": 1}


def test_of_many_that_are_quarantined_the_next_is_found_without_a_look_at_the_others(database: str) -> None:
    rows(
        "insert into attempt (queue, case_ids, at) select 'verification', array[n], now() - interval '1 hour' from "
        "generate_series(1, 20000) as n"
    )
    rows("analyze attempt")

    with transaction() as connection:
        told = connection.execute("explain " + TAKE_FAILED, [1, clock.now(), ["verification"], clock.now()]).fetchall()

    plan = "\n".join(line for (line,) in told)
    assert "attempt_quarantined" in plan
    assert "Sort" not in plan


def test_a_case_that_waits_for_its_turn_is_worked_by_no_attempt_that_was_set_apart_before(
    database: str, worker: Worker
) -> None:
    """As where a worker was taken for dead, went on, and a person brought the case back to the same queue."""
    (taken,) = file_clean(1)
    drain_all(worker())
    bills = [change_of(changed(clean(1)[0].body, bills={"gas": gas}), "bills") for gas in ("10", "11")]
    first, second = (declare(taken, each) for each in bills)
    assert value("select waiting from cases where id = %s", second.case_id) is True
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [second.case_id])
    drainer = worker()

    drainer.one_quarantined()

    assert value("select version from cases where id = %s", second.case_id) == 1
    assert value("select count(*) from attempt") == 0
    drain_all(drainer)
    assert (current_stage(first), current_stage(second)) == ("notified", "conflicting")
