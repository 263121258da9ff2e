"""Who lives and who is dead: a worker that lost its connection signs on again, one that stays silent is dead in the
end.
"""

from threading import Event, Thread
from types import SimpleNamespace

import psycopg
import pytest

from models import clock
from models.connection import timeouts
from models.database import autocommit_connection
from models.errors import Unavailable
from tasks import worker as process
from tasks.sweep import SIGN_ON_AGAIN, FailureDetector, sweep
from tests.filing import Worker, a_drainer, died_on, drain_all, file_clean, hang_up, quarantined, rows, stages, value
from workflows.queue import attempts
from workflows.queue.attempts import Attempts


def test_a_worker_that_lost_its_connection_is_not_dead(database: str, broker: str, worker: Worker) -> None:
    # Given a worker whose connection is gone, as all are when the database restarts
    (taken,) = file_clean(1)
    drainer = worker()
    book = drainer.runner.attempts
    book.begin("verification", [taken.case_id], clock.now())
    hang_up(drainer)
    detector = FailureDetector()

    # When the sweep comes before its next heartbeat, and after it
    sweep(detector)
    assert value("select count(*) from attempt where worker_id is not null") == 1
    book.heartbeat(clock.now(), {})
    sweep(detector)

    # Then what it had in hand was given back by itself, and counts against nobody
    assert quarantined() == [[taken.case_id]]
    assert value("select count(*) from case_failure") == 0
    drain_all(worker())
    assert stages() == {"notified": 1}


def test_a_worker_that_lost_its_connection_signs_on_anew(database: str, worker: Worker) -> None:
    book = worker().runner.attempts
    first = book.sign_on_once()
    assert book.connection is not None
    with autocommit_connection() as other:
        other.execute("select pg_terminate_backend(%s)", [book.connection.info.backend_pid])

    with pytest.raises(Unavailable):
        book.heartbeat(value("select now()"), {})

    assert book.sign_on_once() != first


def test_a_worker_whose_sign_on_breaks_off_still_gives_back_what_it_held(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a worker that lost its connection, and loses the next one before it has handed over
    (taken,) = file_clean(1)
    drainer = worker()
    drainer.runner.attempts.begin("verification", [taken.case_id], clock.now())
    hang_up(drainer)
    monkeypatch.setattr(
        attempts, "QUARANTINE_ALL_OF_WORKER", "select pg_terminate_backend(pg_backend_pid()) where %s::bigint > 0"
    )
    with pytest.raises(Unavailable):
        drainer.runner.attempts.sign_on_once()

    # When the third one holds
    monkeypatch.undo()
    drainer.runner.attempts.sign_on_once()

    # Then nothing stands under a number of which nobody would know that its worker lives
    assert quarantined() == [[taken.case_id]]


def test_what_could_not_be_given_back_is_given_back_with_the_next_heartbeat_and_only_once(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an attempt that could not end, because somebody held the table
    monkeypatch.setitem(timeouts, "lock_timeout", "200ms")
    (taken,) = file_clean(1)
    book = worker().runner.attempts
    begun = book.begin("verification", [taken.case_id], clock.now())
    with psycopg.connect(database) as holder:
        holder.execute("lock table attempt in share mode")
        with pytest.raises(Unavailable):
            book.give_back(begun)
    assert value("select count(*) from attempt") == 1

    # When the table is free again
    book.heartbeat(clock.now(), {})

    # Then it has ended, and there is nothing left to do
    assert value("select count(*) from attempt") == 0
    assert book.postponed == []


def test_nothing_is_entered_under_a_number_that_another_thread_has_just_lost(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, sign_on_once, threads = worker().runner.attempts, Attempts.sign_on_once, list[Thread]()

    def lose() -> None:
        with book.lock:
            assert book.connection is not None
            book.connection.close()

    def and_then_lost(self: Attempts) -> int:
        given = sign_on_once(self)
        if not threads:
            threads.append(Thread(target=lose))
            threads[0].start()
            threads[0].join(0.5)
        return given

    monkeypatch.setattr(Attempts, "sign_on_once", and_then_lost)
    book.begin("verification", [1], clock.now())
    threads[0].join()

    assert rows("select worker_id from attempt") == rows("select id from worker")


def test_an_error_that_is_not_about_the_connection_is_told_as_what_it_is_and_keeps_the_number(
    database: str, worker: Worker
) -> None:
    book = worker().runner.attempts
    before = book.sign_on_once()

    with pytest.raises(psycopg.errors.DivisionByZero):
        book.execute("do $$ begin raise exception using errcode = '22012'; end $$", [])

    assert book.sign_on_once() == before


def test_a_heartbeat_survives_any_error_of_its_own_and_tells_its_class_and_place(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    drainer, stop, said = worker(), Event(), list[str]()

    def heartbeat(self: Attempts, *_: object) -> None:
        if len(said) > 1:
            stop.set()
        raise [ValueError("Fatima"), Unavailable("away"), KeyError("Fatima")][len(said)]

    monkeypatch.setattr(Attempts, "heartbeat", heartbeat)
    monkeypatch.setattr(process, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(
        process,
        "log",
        SimpleNamespace(
            warning=lambda event: said.append(event), error=lambda event, error: said.append(f"{event}: {error}")
        ),
    )

    process.heartbeat(drainer, stop)

    assert said == [
        "the heartbeat failed: ValueError in heartbeat",
        "database away",
        "the heartbeat failed: KeyError in heartbeat",
    ]


def test_whoever_stays_silent_is_dead_in_the_end(database: str, broker: str) -> None:
    (taken,) = file_clean(1)
    died_on("verification", taken.case_id)
    detector = FailureDetector()

    sweep(detector)
    assert value("select count(*) from case_failure") == 0
    detector.silent_since = {worker_id: since - SIGN_ON_AGAIN for worker_id, since in detector.silent_since.items()}
    sweep(detector)

    assert rows("select case_id, tries from case_failure") == [(taken.case_id, 1)]


def test_a_process_of_our_own_that_ended_is_dead_at_once(database: str, broker: str) -> None:
    (taken,) = file_clean(1)
    died_on("verification", taken.case_id)
    ((process,),) = rows("select process from worker")

    sweep(FailureDetector(ended={process}))

    assert rows("select case_id, tries from case_failure") == [(taken.case_id, 1)]


def test_a_process_that_ended_under_the_host_name_and_number_of_another_takes_nobody_along(
    database: str, broker: str
) -> None:
    """Two containers of one host name: in each, the first process is number 1.

    The other one has lost its connection and will sign on again.
    """
    (taken,) = file_clean(1)
    drainer = a_drainer()
    there = drainer.runner.attempts
    there.process = "of another container"
    there.begin("verification", [taken.case_id], clock.now())
    hang_up(drainer)
    here = Attempts(there.host, there.pid, {"verification"}, clock.now())
    here.sign_on_once()

    sweep(FailureDetector(ended={here.process}))

    assert value("select count(*) from case_failure") == 0
    assert value("select worker_id from attempt") is not None
    here.sign_off()


def test_a_worker_that_ends_in_good_order_leaves_no_page(database: str, worker: Worker) -> None:
    file_clean(1)
    drainer = worker()
    drain_all(drainer)

    drainer.runner.attempts.sign_off()

    assert value("select count(*) from worker") == 0


def test_a_worker_told_to_stop_takes_no_further_batch(database: str, worker: Worker) -> None:
    file_clean(6)
    drainer = worker(batch=2)
    drainer.stopping = True

    assert drainer.drain("verification", 60) is True or stages() == {"submitted": 6}
    assert stages() == {"submitted": 6}
