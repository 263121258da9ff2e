"""What dead workers leave: it is worked again in halves, and a death counts only against a case that
was alone in hand.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from models.database import transaction
from models.settings import settings
from tasks.sweep import FailureDetector, sweep
from tests.filing import (
    Worker,
    a_drainer,
    current_stage,
    died_on,
    drain_all,
    everything,
    file_clean,
    hang_up,
    healthy,
    quarantined,
    rows,
    stages,
    value,
)
from tests.people import after
from workflows.queue.batch import BatchRunner
from workflows.queue.stalled import recover_attempts, stalled_workers
from workflows.queue.timers import queues_with_work


def rescue() -> list[int]:
    """What the sweep does about the dead."""
    now = value("select now()")
    with transaction() as connection:
        dead = [each.id for each in stalled_workers(connection)]
        return recover_attempts(connection, dead, now)


def test_a_dead_workers_batch_is_given_back_in_halves(database: str, worker: Worker) -> None:
    # Given a worker that died on five cases
    ids = [each.case_id for each in file_clean(5)]
    died_on("verification", *ids)

    # When the sweep comes
    assert rescue() == []

    # Then they are quarantined in two halves, in no queue, found by the doctor and by the sweep
    assert quarantined() == [ids[:3], ids[3:]]
    assert value("select count(*) from cases where ready") == 0
    assert healthy()
    with transaction() as connection:
        assert queues_with_work(connection, value("select now()")) == ["verification"]

    # And work on them ends as ever, with nothing counted against anybody
    drain_all(worker())
    assert stages() == {"notified": 5}
    assert value("select count(*) from case_failure") == 0


def test_a_living_workers_batch_is_left_to_it(database: str, worker: Worker) -> None:
    ids = [each.case_id for each in file_clean(3)]
    book = worker().runner.attempts
    book.begin("verification", ids, value("select now()"))

    assert rescue() == []

    assert rows("select worker_id, case_ids from attempt") == [(book.worker_id, ids)]
    assert value("select count(*) from cases where ready") == 3


def test_a_death_counts_only_against_a_case_that_worked_alone(database: str) -> None:
    # Given a poison case among four, which kills every worker that takes it
    ids = [each.case_id for each in file_clean(4)]
    died_on("verification", *ids)
    assert rescue() == []
    assert value("select count(*) from case_failure") == 0

    # When the halves with it kill, too, until it is alone
    poison = ids[0]
    for half in (ids[:2], ids[:1]):
        rows("delete from attempt where case_ids = %s::bigint[]", half)
        died_on("verification", *half)
        rescue()

    # Then it has one try against it, and its neighbours none
    assert rows("select case_id, tries, error, parked from case_failure") == [(poison, 1, "worker died", False)]
    assert healthy()


def test_no_death_counts_against_a_worker_that_had_two_batches_in_hand(database: str, worker: Worker) -> None:
    """Two threads, a case each: nobody can say which of the two it was."""
    ids = [each.case_id for each in file_clean(2)]
    drainer = a_drainer()
    for case_id in ids:
        drainer.runner.attempts.begin("verification", [case_id], value("select now()"))
    hang_up(drainer)

    assert rescue() == []

    assert quarantined() == [[each] for each in ids]
    drain_all(worker())
    assert stages() == {"notified": 2}
    assert value("select count(*) from case_failure") == 0


@pytest.mark.parametrize("number", [2**31, 2**62, -1])
def test_a_number_that_no_worker_can_have_holds_up_no_rescue_and_is_forgotten(
    database: str, broker: str, number: int
) -> None:
    forged, taken = file_clean(2)
    signed = "insert into worker (id, host, pid, queues, since, seen_at, counters) overriding system value"
    rows(f"{signed} values (%s, 'x', 1, '{{}}', now(), now() - interval '1 hour', '{{}}')", number)
    rows(
        "insert into attempt (worker_id, queue, case_ids, at) values (%s, 'verification', %s, now())",
        number,
        [forged.case_id],
    )
    died_on("verification", taken.case_id)
    detector = FailureDetector()

    for seconds in (0, 6, 8):
        with after(seconds=seconds):
            sweep(detector)

    assert quarantined() == [[forged.case_id], [taken.case_id]]
    assert value("select count(*) from worker where id = %s", number) == 0


def test_what_was_quarantined_is_worked_while_its_process_does_nothing_else(database: str, worker: Worker) -> None:
    # Given a worker of three threads, two cases that are quarantined, and others that are due
    taken = file_clean(12)
    alone = {each.case_id for each in taken[:2]}
    for case_id in alone:
        rows("update cases set ready = false where id = %s", case_id)
        rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [case_id])
    drainer = worker(batch=1)
    seen: list[tuple[int, list[int]]] = []
    work = BatchRunner.work

    def watched(self: BatchRunner, connection: Any, batch: Any, serves: Any) -> Any:
        seen.append(
            (batch[0].id, [ids[0] for (ids,) in rows("select case_ids from attempt where worker_id is not null")])
        )
        time.sleep(0.02)
        return work(self, connection, batch, serves)

    # When all of it is worked off side by side
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(3) as threads:
        patch.setattr(BatchRunner, "work", watched)
        list(threads.map(lambda _: drainer.drain("verification", 60), range(3)))

    # Then nothing else was in hand while one of the two was worked
    assert stages() == {"notified": 12}
    assert {case_id for case_id, _ in seen} >= alone
    assert all(in_hand == [case_id] for case_id, in_hand in seen if case_id in alone)


def test_a_case_that_kills_its_worker_every_time_is_parked_and_its_neighbours_go_on(
    database: str, worker: Worker
) -> None:
    poison, *others = [each.case_id for each in file_clean(3)]
    for _ in range(settings().tries):
        rows("delete from attempt where %s = any(case_ids)", poison)
        died_on("verification", poison)
        rescue()

    drain_all(worker())

    assert dict(rows("select id, stage from cases")) == {poison: "parked"} | dict.fromkeys(others, "notified")
    assert rows("select tries, error from case_failure") == [(settings().tries, "worker died")]


def test_what_a_dead_worker_had_done_already_is_not_done_again(database: str, worker: Worker) -> None:
    """It died after its commit: its page went with the work. Were it still there, nothing would be due."""
    taken = file_clean(2)
    drain_all(worker())
    before = everything("cases", "event", "message")
    died_on("verification", *[each.case_id for each in taken])

    rescue()
    drain_all(worker())

    assert everything("cases", "event", "message") == before
    assert value("select count(*) from attempt") == 0


def test_a_dead_workers_batch_is_not_lost_while_its_last_transaction_still_holds_a_row(
    database: str, worker: Worker
) -> None:
    """The kernel closes its connections one by one: its attempts's lock is gone a moment before its work is rolled
    back.
    """
    ids = [each.case_id for each in file_clean(3)]
    rows("update cases set ready = false")
    died_on("verification", *ids)

    with psycopg.connect(database) as last_words:
        last_words.execute("select from cases where id = %s for update", [ids[1]])
        rescue()
        last_words.rollback()
    rescue()

    assert healthy()
    drain_all(worker())
    assert stages() == {"notified": 3}


def test_a_dead_workers_case_whose_file_is_gone_is_parked_and_holds_up_no_sweep(database: str, broker: str) -> None:
    (gone, other) = file_clean(2)
    rows("delete from case_body where case_id = %s", gone.case_id)
    rows(
        "insert into case_failure values (%s, 'registration', 'submitted', 1, %s, 'worker died', '', now(), false)",
        gone.case_id,
        settings().tries - 1,
    )
    rows("update cases set ready = false, due_at = now() - interval '1 day' where id = %s", other.case_id)
    died_on("verification", gone.case_id)
    ((process,),) = rows("select process from worker")

    sweep(FailureDetector(ended={process}))

    assert current_stage(gone) == "parked"
    assert value("select ready from cases where id = %s", other.case_id)
