"""Who lives and who is dead: a worker that lost its connection signs on again, one that stays silent is dead in the end."""

import time
from collections.abc import Callable

import pytest

from models import clock
from models.database import dial
from models.errors import Unavailable
from tasks.sweep import SIGN_ON_AGAIN, Coroner, sweep
from tests.filing import OUTSIDE, apart, died_on, drain_all, file_clean, hang_up, rows, stages, value
from workflows.drain import HANGS_SECONDS, Drainer

Worker = Callable[..., Drainer]


def test_a_worker_that_lost_its_connection_is_not_dead(database: str, broker: str, worker: Worker) -> None:
    # Given a worker whose connection is gone, as all are when the database restarts
    (taken,) = file_clean(1)
    drainer = worker()
    book = drainer.logbook
    book.enter("verification", [taken.case_id], clock.now())
    hang_up(drainer)
    coroner = Coroner()

    # When the sweep comes before its next heartbeat, and after it
    sweep(OUTSIDE, coroner)
    assert value("select count(*) from attempt where worker_id is not null") == 1
    book.seen(clock.now(), {})
    sweep(OUTSIDE, coroner)

    # Then what it had in hand was given back by itself, and counts against nobody
    assert apart() == [[taken.case_id]]
    assert value("select count(*) from trouble") == 0
    drain_all(worker())
    assert stages() == {"notified": 1}


def test_a_worker_that_lost_its_connection_signs_on_anew(database: str, worker: Worker) -> None:
    book = worker().logbook
    first = book.number()
    assert book.connection is not None
    with dial() as other:
        other.execute("select pg_terminate_backend(%s)", [book.connection.info.backend_pid])

    with pytest.raises(Unavailable):
        book.seen(value("select now()"), {})

    assert book.number() != first


def test_whoever_stays_silent_is_dead_in_the_end(database: str, broker: str) -> None:
    (taken,) = file_clean(1)
    died_on("verification", taken.case_id)
    coroner = Coroner()

    sweep(OUTSIDE, coroner)
    assert value("select count(*) from trouble") == 0
    coroner.silent_since = {worker_id: since - SIGN_ON_AGAIN for worker_id, since in coroner.silent_since.items()}
    sweep(OUTSIDE, coroner)

    assert rows("select case_id, tries from trouble") == [(taken.case_id, 1)]


def test_a_process_of_our_own_that_ended_is_dead_at_once(database: str, broker: str) -> None:
    (taken,) = file_clean(1)
    died_on("verification", taken.case_id)
    ((host, pid),) = rows("select host, pid from worker")

    sweep(OUTSIDE, Coroner(host=host, ended={pid}))

    assert rows("select case_id, tries from trouble") == [(taken.case_id, 1)]


def test_a_worker_that_ends_in_good_order_leaves_no_page(database: str, worker: Worker) -> None:
    file_clean(1)
    drainer = worker()
    drain_all(drainer)

    drainer.logbook.sign_off()

    assert value("select count(*) from worker") == 0


def test_a_worker_told_to_stop_takes_no_further_batch(database: str, worker: Worker) -> None:
    file_clean(6)
    drainer = worker(batch=2)
    drainer.stopping = True

    assert drainer.drain("verification", 60) is True or stages() == {"submitted": 6}
    assert stages() == {"submitted": 6}


def test_a_thread_that_is_at_one_batch_for_too_long_hangs(database: str, worker: Worker) -> None:
    drainer = worker()
    assert not drainer.hangs()

    drainer.began[1] = time.monotonic() - HANGS_SECONDS - 1
    assert drainer.hangs()

    drainer.began.clear()
    file_clean(1)
    drain_all(drainer)
    assert drainer.began == {}
