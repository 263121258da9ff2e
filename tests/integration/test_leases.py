"""A stage that asks elsewhere: nothing is locked while it asks, an answer is recorded once, and no case is lost."""

from datetime import timedelta

import pytest

from models import clock
from models.database import transaction
from models.errors import RegisterAway, Unavailable
from tasks.sweep import FailureDetector, return_forgotten
from tests.appealing import TELECOM, an_appeal
from tests.filing import (
    MACHINE_PATH,
    Body,
    Worker,
    a_household,
    clean,
    current_stage,
    drain_all,
    events_of,
    examined,
    file,
    file_clean,
    hang_up,
    healthy,
    quarantined,
    register,
    rows,
    stages,
    value,
)
from tests.integration.elsewhere import Elsewhere
from tests.integration.test_attempts import STAND_NOWHERE, before_each_commit
from tests.people import after, citizen
from workflows.intake.submit import Accepted
from workflows.queue.drain import Drainer
from workflows.queue.failures import UNANSWERED
from workflows.queue.leases import MARGIN, end_leases
from workflows.queue.stalled import recover_attempts, stalled_workers

HELD = "select worker_id is not null, ends_at is not null, cardinality(case_ids) from attempt"
IN_TRANSACTION = """
    select count(*) from pg_stat_activity where datname = current_database() and xact_start is not null
        and pid <> pg_backend_pid() and backend_type = 'client backend'
"""
READY = "select count(*) from cases where ready"


def drained(drainer: Drainer) -> int:
    """Drains verification once; how many questions the register was asked."""
    assert isinstance(drainer.runner.adapters.remote, Elsewhere)
    before = len(drainer.runner.adapters.remote.asked)
    try:
        drainer.drain("verification", 60)
    except Unavailable:
        pass
    return len(drainer.runner.adapters.remote.asked) - before


def end_every_lease() -> None:
    """What the sweep does once the leases have ended."""
    rows("update attempt set ends_at = now() - interval '1 second'")
    with transaction() as connection:
        assert end_leases(connection, clock.now()) == 1


def test_while_the_register_is_asked_no_transaction_is_open_and_the_cases_stand_in_a_lease(
    database: str, worker: Worker
) -> None:
    seen: list[object] = []
    there = Elsewhere(lambda: seen.append((value(IN_TRANSACTION), value(READY), rows(HELD), examined())))
    taken = file_clean(5)

    drain_all(worker(adapters=there.adapters()))

    assert seen == [(0, 0, [(True, True, 5)], {})]
    assert [events_of(each) for each in taken] == [MACHINE_PATH] * 5
    assert (value("select count(*) from attempt"), healthy()) == (0, True)


@pytest.mark.parametrize("break_it", ["nothing", "silent", "dumb", "broken"])
def test_whenever_a_worker_dies_each_case_stands_somewhere(database: str, worker: Worker, break_it: str) -> None:
    made = clean(4)
    register(made)
    file(*[each.body for each in made])
    there = Elsewhere()
    if break_it != "nothing":
        setattr(there, break_it, [made[1].persons[0].idcs])

    with before_each_commit(STAND_NOWHERE) as seen:
        for days in (0, 1):
            with after(days=days):
                drain_all(worker(adapters=there.adapters()))

    assert set(seen) == {0}
    assert stages()["notified"] == (4 if break_it == "nothing" else 3)


def test_an_answer_for_half_of_the_batch_moves_that_half_and_the_rest_is_asked_about_again(
    database: str, worker: Worker
) -> None:
    made = clean(6)
    register(made)
    taken = file(*[each.body for each in made])
    there = Elsewhere(silent=[each.persons[0].idcs for each in made[:3]])

    drain_all(worker(adapters=there.adapters()))

    assert stages() == {"notified": 3, "submitted": 3}
    assert rows("select tries, unanswered_since is not null from case_failure") == [(0, True)] * 3
    assert (len(there.asked), healthy()) == (1, True)

    there.silent = ()
    with after(seconds=UNANSWERED.total_seconds() + 1):
        drain_all(worker(adapters=there.adapters()))
    assert [events_of(each) for each in taken] == [MACHINE_PATH] * 6


def test_a_late_answer_finds_its_fence_gone_and_another_worker_has_decided(database: str, worker: Worker) -> None:
    taken, other, between = file_clean(3), worker(), list[object]()

    def somebody_else() -> None:
        there.meanwhile = lambda: None
        end_every_lease()
        drain_all(other)
        between.append(stages())

    there = Elsewhere(somebody_else)
    drain_all(worker(adapters=there.adapters()))

    assert between == [{"notified": 3}]
    assert [events_of(each) for each in taken] == [MACHINE_PATH] * 3
    assert (value("select count(*) from attempt"), healthy()) == (0, True)


def test_a_late_answer_is_void_even_before_anybody_else_asked_again(database: str, worker: Worker) -> None:
    file_clean(3)
    there = Elsewhere(end_every_lease)

    worker(adapters=there.adapters()).one_batch("verification")

    assert (stages(), len(quarantined()), healthy()) == ({"submitted": 3}, 1, True)


def test_a_lease_ends_some_time_after_the_longest_question_and_the_sweep_makes_its_cases_due(
    database: str, worker: Worker
) -> None:
    file_clean(2)
    found: list[object] = []

    def look() -> None:
        for seconds in (there.longest, there.longest + MARGIN.total_seconds() + 1):
            with after(seconds=seconds), transaction() as connection:
                return_forgotten(connection, FailureDetector(), clock.now())
            found.append(rows("select worker_id is null from attempt"))

    there = Elsewhere(look, longest=7.0)
    drained(worker(adapters=there.adapters()))

    assert found == [[(False,)], [(True,)]]


def test_who_withdraws_while_the_register_is_asked_stays_withdrawn(database: str, worker: Worker) -> None:
    taken = file_clean(2)
    there = Elsewhere(lambda: citizen(taken[0], "withdrawal"))

    drain_all(worker(adapters=there.adapters()))

    assert events_of(taken[0]) == ["ApplicationReceived", "CaseWithdrawn"]
    assert (current_stage(taken[1]), len(there.asked), healthy()) == ("notified", 1, True)


def test_a_case_that_changed_in_its_place_meanwhile_is_asked_about_again(database: str, worker: Worker) -> None:
    (taken,) = file_clean(1)

    def change() -> None:
        there.meanwhile = lambda: None
        rows("update cases set version = version + 1")  # as an event beside the flow does

    there = Elsewhere(change)
    drainer = worker(adapters=there.adapters())
    try:
        assert drainer.one_round("verification") == 1
        assert (value(READY), value("select count(*) from attempt")) == (1, 0)
    finally:
        rows("update cases set version = version - 1")
    drain_all(drainer)
    assert (events_of(taken), len(there.asked)) == (MACHINE_PATH, 2)


def test_a_queue_that_is_paused_while_the_register_is_asked_decides_nothing(database: str, worker: Worker) -> None:
    file_clean(2)

    def pause() -> None:
        rows("insert into paused_queue (queue, since, actor) values ('verification', now(), 'amina')")

    there = Elsewhere(pause)
    drained(worker(adapters=there.adapters()))
    assert (stages(), value(READY), value("select count(*) from attempt")) == ({"submitted": 2}, 2, 0)

    rows("delete from paused_queue")
    there.meanwhile = lambda: None
    drain_all(worker(adapters=there.adapters()))
    assert stages() == {"notified": 2}


def test_a_register_that_is_away_costs_no_try_and_all_keep_their_place(database: str, worker: Worker) -> None:
    file_clean(3)
    ranks = rows("select id, rank, ready from cases order by id")
    there = Elsewhere(errors=[RegisterAway("away", timedelta(seconds=5), asked=True)])

    assert drained(worker(adapters=there.adapters())) == 1

    assert rows("select id, rank, ready from cases order by id") == ranks
    assert (value("select count(*) from case_failure"), value("select count(*) from attempt")) == (0, 0)
    drain_all(worker(adapters=there.adapters()))
    assert stages() == {"notified": 3}


def test_a_register_that_is_left_alone_is_not_asked_and_what_needs_it_not_goes_on(
    home: tuple[Body, Accepted], worker: Worker
) -> None:
    made = a_household(5)
    register([made])
    (waits,) = file(made.body)
    rows("update cases set rank = rank - interval '1 hour' where id = %s", waits.case_id)
    appeal = an_appeal(home[1], "index", **TELECOM)
    there = Elsewhere(away_for=timedelta(seconds=5))

    drain_all(worker(adapters=there.adapters(), batch=1))

    assert (there.asked, current_stage(waits), value(READY)) == ([], "submitted", 1)
    assert current_stage(appeal) == "queued"
    there.away_for = None
    drain_all(worker(adapters=there.adapters()))
    assert current_stage(waits) == "notified"


def test_a_case_about_which_the_register_is_tried_in_vain_waits_and_another_one_is_next(
    database: str, worker: Worker
) -> None:
    made = clean(2)
    register(made)
    first, second = file(*[each.body for each in made])
    rows("update cases set rank = rank - interval '1 hour' where id = %s", first.case_id)
    there = Elsewhere(at_once=1, errors=[RegisterAway("away", timedelta(0), asked=True)])
    drainer = worker(adapters=there.adapters())

    assert drained(drainer) == 1
    assert quarantined() == [[first.case_id]]
    drained(drainer)

    assert current_stage(second) == "notified"
    assert current_stage(first) == "notified", "with the first answer, all who wait for it are asked about"


def test_of_a_quarantined_batch_the_register_is_asked_about_no_more_persons_than_it_may_be(
    database: str, worker: Worker
) -> None:
    ids = [each.case_id for each in file_clean(3)]
    rows("update cases set ready = false")
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", ids)
    there = Elsewhere(at_once=1)

    drain_all(worker(adapters=there.adapters()))

    assert (stages(), healthy()) == ({"notified": 3}, True)
    assert len(there.asked) == 3


def test_what_a_worker_leased_when_it_died_is_given_back(database: str, worker: Worker) -> None:
    taken = file_clean(4)
    there = Elsewhere(errors=[SystemExit(1)])
    dying = worker(adapters=there.adapters())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(dying.runner.attempts), "end_lease", lambda *_: (_ for _ in ()).throw(SystemExit(1)))
        with pytest.raises(SystemExit):
            dying.one_batch("verification")
    assert rows(HELD) == [(True, True, 4)]
    hang_up(dying)

    with transaction() as connection:
        assert recover_attempts(connection, [each.id for each in stalled_workers(connection)], clock.now()) == []
    assert (len(quarantined()), healthy()) == (2, True)
    drain_all(worker(adapters=Elsewhere().adapters()))
    assert [events_of(each) for each in taken] == [MACHINE_PATH] * 4


@pytest.mark.parametrize("fails", [[], [Unavailable("no answer")], [RegisterAway("away", timedelta(0))], [KeyError()]])
def test_a_worker_that_loses_its_connection_while_it_asks_leaves_no_case_behind(
    database: str, worker: Worker, fails: list[BaseException]
) -> None:
    taken = file_clean(3)
    there = Elsewhere(errors=list(fails))
    drainer = worker(adapters=there.adapters())

    def hang() -> None:
        there.meanwhile = lambda: None
        assert drainer.runner.attempts.connection is not None
        drainer.runner.attempts.connection.close()
        drainer.runner.attempts.heartbeat(clock.now(), {})  # it signs on anew

    there.meanwhile = hang
    try:
        drainer.one_batch("verification")
    except Unavailable:
        pass
    assert value(STAND_NOWHERE) == 0
    drain_all(drainer)

    assert [events_of(each) for each in taken] == [MACHINE_PATH] * 3
    assert (value("select count(*) from attempt"), healthy()) == (0, True)


def test_a_fault_of_our_own_client_is_found_by_halving_and_counted_against_its_case_alone(
    database: str, worker: Worker
) -> None:
    made = clean(8)
    register(made)
    taken = file(*[each.body for each in made])
    there = Elsewhere(broken=[made[5].persons[0].idcs])

    drain_all(worker(adapters=there.adapters()))

    assert stages() == {"notified": 7, "submitted": 1}
    assert rows("select case_id, tries, parked from case_failure") == [(taken[5].case_id, 1, False)]
    assert (quarantined(), healthy()) == ([[taken[5].case_id]], True)


def test_one_silent_person_holds_up_nobody_else(database: str, worker: Worker) -> None:
    made = clean(9)
    register(made)
    taken = file(*[each.body for each in made])
    there = Elsewhere(dumb=[made[4].persons[0].idcs])

    drain_all(worker(adapters=there.adapters()))

    assert stages() == {"notified": 8, "submitted": 1}
    assert rows("select case_id, tries from case_failure") == [(taken[4].case_id, 0)]
    assert (quarantined(), healthy()) == ([[taken[4].case_id]], True)


def test_the_database_that_fails_while_an_answer_is_recorded_loses_no_case(
    database: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = file_clean(3)
    there = Elsewhere()
    drainer = worker(adapters=there.adapters())

    def cut() -> None:
        there.meanwhile = lambda: None
        rows(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
            "and pid <> pg_backend_pid()"
        )

    there.meanwhile = cut
    drained(drainer)
    drain_all(drainer)

    assert [events_of(each) for each in taken] == [MACHINE_PATH] * 3
    assert (value("select count(*) from attempt"), healthy()) == (0, True)
