"""A register that gives no answer about somebody: nobody waits for that, in whichever lane, and asking about the silent
is bounded.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from models import clock
from models.database import transaction
from models.errors import Unavailable
from tests.filing import (
    Worker,
    an_application,
    clean,
    drain_all,
    file_clean,
    outcomes_of,
    quarantined,
    register,
    rows,
    stages,
    value,
)
from tests.integration.registers import Register
from tests.people import after
from trials.generator.household import GeneratedHousehold
from workflows.engine.lanes import BULK, INTERACTIVE
from workflows.intake.submit import Accepted
from workflows.queue.attempts import quarantine, quarantine_unanswered
from workflows.queue.availability import RegisterAvailability
from workflows.queue.drain import BESIDE_SECONDS, LASTING_SECONDS, Drainer
from workflows.queue.inhand import in_hand
from workflows.queue.leases import QUESTION


def filed(made: Sequence[GeneratedHousehold], lane: int = INTERACTIVE) -> list[Accepted]:
    """Registered and sent in, in a lane."""
    register(made)
    return [
        each
        for each in outcomes_of([an_application(each.body, lane=lane) for each in made])
        if isinstance(each, Accepted)
    ]


def drained(drainer: Drainer, times: int = 1) -> int:
    """Drains so often; how often nobody got an answer."""
    away = 0
    for _ in range(times):
        try:
            drainer.drain("verification", 60)
        except Unavailable:
            away += 1
    return away


@pytest.mark.parametrize(("alone", "others"), [(INTERACTIVE, BULK), (BULK, INTERACTIVE)])
def test_one_silent_case_that_is_all_its_lane_holds_up_no_other_lane(
    database: str, worker: Worker, alone: int, others: int
) -> None:
    made = clean(21)
    (silent,) = filed(made[:1], alone)
    rows("update cases set rank = rank - interval '20 minutes'")  # its turn comes first
    filed(made[1:], others)
    there = Register("nobody", silent_about=made[0].persons[0].idcs)

    assert drained(worker(adapters=there.adapters())) == 0

    assert stages() == {"notified": 20, "submitted": 1}
    assert quarantined() == [[silent.case_id]]
    assert rows("select case_id, tries, unanswered_since is not null, parked from case_failure") == [
        (silent.case_id, 0, True, False)
    ]


def test_while_all_threads_wait_for_an_answer_a_person_is_decided_beside_them(database: str, worker: Worker) -> None:
    """Before anybody knows that asking takes long."""
    made = clean(2)
    filed(made[:1], BULK)
    there = Register("nobody", silent_about=made[0].persons[0].idcs, silence=2.0)
    drainer = worker(adapters=there.adapters())

    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(drained, drainer)
        until = time.monotonic() + 10
        while not there.asked and time.monotonic() < until:
            time.sleep(0.01)
        filed(made[1:])
        early = drainer.short_of_threads()
        time.sleep(LASTING_SECONDS)
        late, worked, then = drainer.short_of_threads(), drainer.stand_in(), stages()
        stood_in_before_the_answer = not working.done()

    assert (early, late, worked, stood_in_before_the_answer) == (False, True, 1, True)
    assert then == {"notified": 1, "submitted": 1}


def test_what_failed_is_worked_beside_a_thread_that_waits_long_for_an_answer_and_keeps_nobody_waiting(
    database: str, worker: Worker
) -> None:
    made = clean(3)
    failed, _ = filed(made[:2], BULK)
    there = Register("nobody", silent_about=made[1].persons[0].idcs, silence=3.0)
    drainer = worker(adapters=there.adapters())
    with transaction() as connection:
        quarantine(connection, "verification", [failed.case_id], clock.now())
    drainer.note_no_answer("verification", 1.0)  # asking takes long

    with ThreadPoolExecutor(2) as threads:
        asking = threads.submit(drainer.one_batch, "verification")
        until = time.monotonic() + 10
        while not there.asked and time.monotonic() < until:
            time.sleep(0.01)
        filed(made[2:])
        trying = threads.submit(drainer.one_quarantined)
        time.sleep(0.05)
        worked = drainer.stand_in(), trying.result()
        before_the_answer = not asking.done()

    assert (worked, before_the_answer) == ((1, 1), True)


def test_who_comes_while_the_only_thread_asks_once_more_about_a_silent_case_is_decided_beside_it(
    database: str, worker: Worker
) -> None:
    made = clean(2)
    (silent,) = filed(made[:1])
    there = Register("nobody", silent_about=made[0].persons[0].idcs, silence=2.0)
    drainer = worker(adapters=there.adapters())
    drainer.availability["verification"] = RegisterAvailability()
    with transaction() as connection:
        quarantine_unanswered(connection, "verification", [[silent.case_id]], clock.now())

    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(drainer.one_unanswered)
        filed(made[1:])
        time.sleep(LASTING_SECONDS + 0.2)
        short, worked, before_the_answer = drainer.short_of_threads(), drainer.stand_in(), not asking.done()

    assert (short, worked, before_the_answer) == (True, 1, True)


def test_a_stand_in_leaves_the_bulk_alone_and_is_not_needed_while_answers_come(database: str, worker: Worker) -> None:
    made = clean(2)
    filed(made, BULK)
    drainer = worker()
    drainer.one_batch("scoring")  # it has looked once, and knows of its queues
    assert not drainer.short_of_threads()

    drainer.note_no_answer("verification", 1.0)

    assert drainer.slow.is_set()
    assert (
        not drainer.short_of_threads()
    )  # twenty looks a second for a minute, after each silent answer, would be a quarter of a core
    with in_hand(QUESTION):
        time.sleep(BESIDE_SECONDS + 0.01)
        assert drainer.short_of_threads()
    assert drainer.stand_in() == 0
    assert stages() == {"submitted": 2}


def test_several_silent_cases_that_are_all_their_lane_hold_up_no_other_lane_either(
    database: str, worker: Worker
) -> None:
    made = clean(16)
    silent = filed(made[:4])
    filed(made[4:], BULK)
    there = Register("nobody", silent=frozenset(each.persons[0].idcs for each in made[:4]))

    assert drained(worker(adapters=there.adapters())) == 0

    assert stages() == {"notified": 12, "submitted": 4}
    assert quarantined() == [[each.case_id] for each in silent]


def test_a_silent_case_that_is_alone_everywhere_waits_in_quarantine_after_some_rounds(
    database: str, worker: Worker
) -> None:
    """Nobody can say then whether the register is away; who comes later must not find it in front."""
    made = clean(2)
    (silent,) = filed(made[:1])
    there = Register("nobody", silent_about=made[0].persons[0].idcs)
    drainer = worker(adapters=there.adapters())

    assert drained(drainer, 2) == 2
    assert quarantined() == []
    assert drained(drainer, 2) == 1

    assert quarantined() == [[silent.case_id]]
    filed(made[1:])
    assert drained(drainer) == 0
    assert stages() == {"notified": 1, "submitted": 1}


def test_who_waits_only_because_the_register_was_away_goes_on_as_soon_as_it_is_back(
    database: str, worker: Worker
) -> None:
    first, second = clean(2)
    filed([first])
    there = Register("nobody", away=True)
    drainer = worker(adapters=there.adapters())
    drained(drainer, 4)
    assert len(quarantined()) == 1

    there.away = False
    drainer.availability["verification"].rounds = 1  # it was away until now
    filed([second])
    drain_all(drainer)

    assert stages() == {"notified": 2}
    assert value("select count(*) from case_failure where tries > 0") == 0


def test_each_silent_case_is_asked_about_three_times_at_most_and_then_at_growing_distances(
    database: str, worker: Worker
) -> None:
    made = clean(60)
    filed(made)
    there = Register("nobody", silent=frozenset(each.persons[0].idcs for each in made[::20]))
    drainer = worker(adapters=there.adapters())

    drain_all(drainer)

    assert stages() == {"notified": 57, "submitted": 3}
    assert len(there.in_vain) <= 3 * 3
    begun = value("select min(unanswered_since) from case_failure")
    waits = []
    for minutes in (1.1, 3, 6, 12, 24, 48):
        with after(seconds=60 * minutes, since=begun):
            drain_all(drainer)
            waits.append(value("select round(extract(epoch from min(at) - %s) / 60)::int from attempt", clock.now()))
    assert waits == [1, 3, 6, 10, 10, 10]
    assert value("select count(*) from case_failure where tries > 0 or parked") == 0


def test_who_was_never_asked_about_is_asked_about_before_whoever_gave_no_answer(database: str, worker: Worker) -> None:
    """Of the same file: else those who are asked about again each minute keep all others waiting."""
    first, second = (each.case_id for each in filed(clean(2), BULK))
    drainer = worker()
    drainer.bisection.set_waiting("verification", [first], Unavailable("no answer"))

    with after(seconds=70):
        drainer.silent_cases.quarantine_in_pieces("verification", [second], slow=True)
        taken = drainer.runner.attempts.take_quarantined(["verification"], clock.now(), unanswered=True)

    assert taken is not None
    assert taken.case_ids == [second]
    assert quarantined() == [[first]]


def test_who_comes_while_a_slow_register_is_silent_about_some_of_the_bulk_is_decided_at_once(
    database: str, worker: Worker
) -> None:
    """Two processes of two threads; each silent question takes a second.

    Before, every thread could be kept by it, and each case by eight questions.
    """
    made = clean(90)
    filed(made[:60], BULK)
    coming = made[60:]
    register(coming)
    there = Register("nobody", silent=frozenset(each.persons[0].idcs for each in made[:60:12]), silence=1.0)
    drainers = [worker(adapters=there.adapters(), batch=20) for _ in range(2)]
    stop = Event()

    def work(drainer: Drainer) -> None:
        while not stop.is_set():
            try:
                drainer.drain("verification", 2)
            except Unavailable:
                pass
            stop.wait(0.02)

    with ThreadPoolExecutor(4) as threads:
        for drainer in drainers * 2:
            threads.submit(work, drainer)
        try:
            waited = sorted(seconds_until_decided(each) for each in coming)
            until = time.monotonic() + 60
            while stages() != {"notified": 85, "submitted": 5} and time.monotonic() < until:
                time.sleep(0.1)
        finally:
            stop.set()

    assert stages() == {"notified": 85, "submitted": 5}
    assert waited[int(len(waited) * 0.8)] < 1.0  # all but those who came while nobody knew yet
    assert len(there.in_vain) <= 3 * 5
    assert value("select count(*) from case_failure where tries > 0 or parked") == 0


def seconds_until_decided(made: GeneratedHousehold) -> float:
    """Files it, and waits until its first decision is seen."""
    (taken,) = filed([made])
    began = time.monotonic()
    while value("select version from cases where id = %s", taken.case_id) == 1:
        assert time.monotonic() - began < 30
        time.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.parametrize(("slow", "sizes"), [(True, [1] * 9), (False, [3] * 3)])
def test_what_was_not_answered_is_asked_about_in_pieces_or_one_by_one_where_asking_takes_long(
    worker: Worker, slow: bool, sizes: list[int]
) -> None:
    case_ids = [each.case_id for each in file_clean(9)]

    worker().silent_cases.quarantine_in_pieces("verification", case_ids, slow)

    assert [len(piece) for piece in quarantined()] == sizes
