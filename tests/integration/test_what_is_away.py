"""What is away, held or locked against us never counts as a try, and nothing that was in hand is lost."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Timer

import psycopg
import pytest

from models.database import Connection, transact
from models.errors import DatabaseAway, Unavailable
from tasks.sweep import FailureDetector, sweep
from tests.filing import (
    Worker,
    clean,
    current_stage,
    drain_all,
    everything,
    examined,
    file,
    file_clean,
    healthy,
    quarantined,
    register,
    rows,
    stages,
    value,
)
from tests.integration.registers import Poisoned, Register
from tests.people import after


def test_a_register_that_is_away_never_counts_as_a_try(poisoned: Poisoned, worker: Worker) -> None:
    poisoned.register.away = True
    drainer = worker(adapters=poisoned.register.adapters())
    before = everything("cases", "event", "message")

    for _ in range(10):
        with pytest.raises(Unavailable):
            drainer.drain("verification", 60)

    assert everything("cases", "event", "message") == before
    assert value("select count(*) from case_failure") == 0
    assert value("select count(*) from attempt") == 0


def test_once_it_is_back_everything_goes_on(database: str, worker: Worker) -> None:
    file_clean(5)
    there = Register("nobody", away=True)
    drainer = worker(adapters=there.adapters())
    with pytest.raises(Unavailable):
        drainer.drain("verification", 60)

    there.away = False
    drain_all(drainer)

    assert stages() == {"notified": 5}


@pytest.mark.parametrize("size", [1, 2, 5])
def test_what_was_quarantined_is_not_lost_when_the_register_is_away(database: str, worker: Worker, size: int) -> None:
    """Half of a dead worker's batch is in no queue: whoever takes it must give it back."""
    # Given cases that are quarantined
    taken = file_clean(size)
    rows("update cases set ready = false")
    rows(
        "insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [each.case_id for each in taken]
    )

    # When a worker takes them while the register is away
    there = Register("nobody", away=True)
    drainer = worker(adapters=there.adapters())
    for minutes in range(3):
        with after(seconds=61 * minutes):
            drainer.drain("verification", 60)

    # Then they can still be found, and go on once it is back
    assert healthy()
    assert sorted(case_id for each in quarantined() for case_id in each) == [each.case_id for each in taken]
    there.away = False
    with after(seconds=300):
        drain_all(drainer)
    assert stages() == {"notified": size}
    assert value("select count(*) from case_failure where tries > 0") == 0


def test_halves_of_what_was_quarantined_are_not_lost_when_the_register_goes_away_in_between(
    database: str, worker: Worker
) -> None:
    taken = file_clean(4)
    rows("update cases set ready = false")
    rows(
        "insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [each.case_id for each in taken]
    )
    there = Register("nobody", errors=[ValueError("first time"), Unavailable("away")])
    drainer = worker(adapters=there.adapters())

    drainer.drain("verification", 60)

    assert healthy()
    with after(seconds=61):
        drain_all(drainer)
    assert stages() == {"notified": 4}


def test_what_is_put_off_holds_up_nobody_who_waits_in_the_queue(database: str, worker: Worker) -> None:
    put_off, *others = clean(6)
    register([put_off, *others])
    (first,) = file(put_off.body)
    rows("update cases set ready = false")
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [first.case_id])
    file(*[each.body for each in others])
    there = Register("nobody", silent_about=put_off.persons[0].idcs)

    drain_all(worker(adapters=there.adapters()))

    assert stages() == {"submitted": 1, "notified": 5}
    assert quarantined() == [[first.case_id]]


@pytest.mark.parametrize("place", [0, 7, 19])
def test_a_register_that_gives_no_answer_about_one_person_holds_up_no_neighbour(
    database: str, worker: Worker, place: int
) -> None:
    made = clean(20)
    register(made)
    taken = file(*[each.body for each in made])
    there = Register("nobody", silent_about=made[place].persons[0].idcs)
    drainer = worker(adapters=there.adapters())

    for minutes in range(3):
        with after(seconds=61 * minutes):
            drain_all(drainer)

    # Its neighbours are notified; it waits, no try is counted however often there is no answer, and it goes on with the
    # first one
    assert stages() == {"notified": 19, "submitted": 1}
    assert quarantined() == [[taken[place].case_id]]
    assert rows("select case_id, tries, parked from case_failure") == [(taken[place].case_id, 0, False)]
    there.silent_about = "nobody"
    with after(seconds=600):
        drain_all(drainer)
    assert stages() == {"notified": 20}
    assert healthy()


def test_a_case_that_a_register_never_answers_for_is_an_operators_after_three_days(
    database: str, worker: Worker
) -> None:
    made = clean(4)
    register(made)
    taken = file(*[each.body for each in made])
    there = Register("nobody", silent_about=made[2].persons[0].idcs)
    drainer = worker(adapters=there.adapters())

    for hours in (0, 1, 71, 73):
        drained = stages()
        with after(seconds=3600 * hours):
            drain_all(drainer)

    assert drained == {"notified": 3, "submitted": 1}
    assert stages() == {"notified": 3, "parked": 1}
    ((case_id, tries, error),) = rows("select case_id, tries, error from case_failure where parked")
    assert (case_id, tries) == (taken[2].case_id, 0)
    assert error.startswith("Unavailable")
    assert examined().keys() <= {"events_ahead"}  # by the days that this test has let pass


def test_what_another_thread_quarantined_meanwhile_is_left_to_the_book(database: str, worker: Worker) -> None:
    """Two threads claimed the same cases, one after the other, and both part them: each is worked and
    quarantined once.
    """
    taken = file_clean(3)
    drainer = worker(adapters=Register("nobody").adapters())
    rows("update cases set ready = false where id = %s", taken[1].case_id)
    rows(
        "insert into attempt (queue, case_ids, at) values ('verification', %s, now() + interval '1 hour')",
        [taken[1].case_id],
    )

    drainer.silent_cases.quarantine_in_pieces("verification", [each.case_id for each in taken], slow=False)
    drain_all(drainer)

    assert quarantined() == [[taken[1].case_id]]
    assert stages() == {"notified": 2, "submitted": 1}
    assert healthy()


class Panic(BaseException):
    """What a library in another language raises: no Exception."""


def test_a_panic_of_a_library_is_a_failure_like_any_other(database: str, worker: Worker) -> None:
    file_clean(4)
    there = Register("nobody", errors=[Panic(), Panic(), SystemExit(1)])

    drain_all(worker(adapters=there.adapters()))

    assert value("select count(*) from attempt where worker_id is not null") == 0
    with after(seconds=10):
        drain_all(worker(adapters=there.adapters()))
    assert stages() == {"notified": 4}


def test_what_was_quarantined_and_is_held_by_somebody_for_a_moment_is_not_lost(database: str, worker: Worker) -> None:
    """A citizen's answer that is refused in the end holds the case's row for a moment."""
    (taken,) = file_clean(1)
    rows("update cases set ready = false")
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [taken.case_id])

    with psycopg.connect(database) as citizens:
        citizens.execute("select from cases where id = %s for update", [taken.case_id])
        letting_go = Timer(0.2, citizens.rollback)
        letting_go.start()
        drain_all(worker())
        letting_go.join()

    drain_all(worker())
    assert current_stage(taken) == "notified"


def test_a_deadlock_repeats_the_batch_and_counts_as_no_try(poisoned: Poisoned, worker: Worker) -> None:
    there = Register("nobody", errors=[psycopg.errors.DeadlockDetected("deadlock detected")] * 2)

    drain_all(worker(adapters=there.adapters()))

    assert stages() == {"notified": 20}
    assert there.asked[0] == there.asked[1] == there.asked[2]  # the whole batch, not halves
    assert value("select count(*) from case_failure") == 0


def test_a_deadlock_of_a_case_alone_counts_as_no_try_either(database: str, worker: Worker) -> None:
    (taken,) = file_clean(1)
    there = Register("nobody", errors=[psycopg.errors.DeadlockDetected("deadlock detected")] * 3)

    drain_all(worker(adapters=there.adapters()))

    assert current_stage(taken) == "notified"
    assert value("select count(*) from case_failure") == 0


def test_of_two_people_who_meet_the_same_cases_in_opposite_order_both_are_served(database: str) -> None:
    """Such as two corrections that swap their declarants: the database refuses one for a moment, and it simply goes
    again.
    """
    ids = [each.case_id for each in file_clean(2)]
    both_hold_one = Barrier(2)
    tries: list[int] = []

    def served(order: list[int]) -> int:
        def work(connection: Connection) -> int:
            tries.append(order[0])
            for case_id in order:
                connection.execute("update cases set region = region where id = %s", [case_id])
                if len(tries) <= 2 and case_id == order[0]:
                    both_hold_one.wait(10)
            return order[0]

        return transact(work)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(served, [ids, ids[::-1]])) == ids

    assert len(tries) >= 3


FAILS = """
    create function read_it() returns trigger language plpgsql as $$ begin raise exception 'no'
        using errcode = '{state}'; end $$;
    create trigger read_it before insert on event for each row
        when (new.case_id = any(array{cases}::bigint[])) execute function read_it()
"""


@pytest.mark.parametrize("state", ["58030", "58P01", "53200"])
def test_a_sector_of_the_databases_disk_that_fails_under_one_case_holds_up_no_other(
    database: str, broker: str, worker: Worker, state: str
) -> None:
    bad, *good = file_clean(30)
    rows(FAILS.format(state=state, cases=[bad.case_id]))
    drainer = worker()

    drain_all(drainer)
    sweep(FailureDetector())
    with after(seconds=5):
        drain_all(drainer)

    assert {current_stage(each) for each in good} == {"notified"}
    assert (current_stage(bad), quarantined()) == ("submitted", [[bad.case_id]])
    assert value("select count(*) from case_failure where tries > 0 or parked") == 0


def test_a_disk_of_the_databases_that_fails_for_everybody_counts_against_nobody(database: str, worker: Worker) -> None:
    taken = file_clean(12)
    rows(FAILS.format(state="58030", cases=[each.case_id for each in taken]))
    drainer = worker()

    for _ in range(5):
        with pytest.raises(Unavailable):
            drainer.drain("verification", 60)

    rows("drop trigger read_it on event")
    with after(seconds=120):
        drain_all(drainer)
    assert stages() == {"notified": 12}


def test_a_row_that_somebody_holds_is_told_from_a_table_in_every_language(database: str) -> None:
    """The server's own settings choose the language in which it says what it waits for, and no session
    may change them.
    """
    rows("""
        create function "verrouillage de la ligne (0,1) dans la relation cases"() returns void language plpgsql
        as $$ begin raise exception 'annulation' using errcode = '55P03'; end $$
    """)

    with pytest.raises(Unavailable) as told:
        rows('select "verrouillage de la ligne (0,1) dans la relation cases"()')

    assert not isinstance(told.value, DatabaseAway)
