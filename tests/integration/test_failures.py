"""What fails is halved until it fails alone; what fails alone waits, is tried again, and is parked. Nothing is ever lost."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Timer
from typing import Any

import psycopg
import pytest

from models import clock
from models.database import dial, raw, transaction
from models.errors import Refused, Stale, Unavailable
from models.settings import settings
from notifications.notices import notices
from tasks.sweep import SIGN_ON_AGAIN, Coroner, sweep
from tests.filing import (
    MACHINE_PATH,
    OUTSIDE,
    a_drainer,
    clean,
    drain_all,
    events_of,
    everything,
    file,
    file_clean,
    register,
    rows,
    stage_of,
    stages,
    value,
)
from tests.integration.people import after, citizen, retry_parked
from workflows import doctor
from workflows.dead import settle_the_dead, silent_workers
from workflows.drain import HANGS_SECONDS, Drainer
from workflows.evidence import RegisteredPerson
from workflows.intake import Taken
from workflows.population import LocalRegister
from workflows.ports import Outside
from workflows.timers import queues_with_work
from workflows.trouble import WORKER_DIED, failed_alone

Worker = Callable[..., Drainer]


@dataclass
class Register:
    """The local register, with persons about whom it cannot be asked, and times when it is away."""

    broken_about: str = ""
    errors: list[BaseException] = field(default_factory=list)  # raised one after another, then no more
    away: bool = False
    asked: list[int] = field(default_factory=list)

    def outside(self) -> Outside:
        return Outside(lambda connection: Asked(self, LocalRegister(connection)), notices)


@dataclass
class Asked:
    """One batch's questions."""

    register: Register
    local: LocalRegister

    def persons(self, idcs: Sequence[str]) -> Mapping[str, RegisteredPerson]:
        self.register.asked.append(len(idcs))
        if self.register.away:
            raise Unavailable("The register is away.")
        if self.register.errors:
            raise self.register.errors.pop(0)
        if self.register.broken_about in idcs:
            raise KeyError(f"no idea about {self.register.broken_about}")
        return self.local.persons(idcs)


@dataclass(frozen=True)
class Poisoned:
    """Twenty applications, of which one cannot be decided."""

    bad: Taken
    good: list[Taken]
    register: Register


@pytest.fixture
def poisoned(database: str) -> Poisoned:
    made = clean(20)
    register(made)
    taken = file(*[each.body for each in made])
    return Poisoned(taken[13], taken[:13] + taken[14:], Register(made[13].persons[0].idcs))


def healthy() -> bool:
    """Whether `sijil doctor` finds nothing."""
    with transaction() as session:
        return not any(doctor.examine(raw(session)).values())


def apart() -> list[list[int]]:
    """The batches that are set apart."""
    return sorted(case_ids for (case_ids,) in rows("select case_ids from attempt where worker_id is null"))


# One bad case --------------------------------------------------------------------------------------


def test_one_bad_case_among_twenty_fails_alone_and_the_others_are_notified(poisoned: Poisoned, worker: Worker) -> None:
    drain_all(worker(outside=poisoned.register.outside()))

    assert stages() == {"notified": 19, "submitted": 1}
    assert all(events_of(each) == MACHINE_PATH for each in poisoned.good)
    assert stage_of(poisoned.bad) == "submitted"
    assert rows("select case_id, tries, parked from trouble") == [(poisoned.bad.case_id, 1, False)]
    assert healthy()


def test_halving_finds_it_in_few_steps(poisoned: Poisoned, worker: Worker) -> None:
    drain_all(worker(outside=poisoned.register.outside()))

    assert len(poisoned.register.asked) <= 12  # twenty, two halves, and so on: two questions a step, five steps


def test_it_waits_longer_after_every_try_and_no_try_comes_before_its_time(poisoned: Poisoned, worker: Worker) -> None:
    drainer = worker(outside=poisoned.register.outside())
    drain_all(drainer)
    drain_all(drainer)
    assert value("select tries from trouble") == 1
    assert value("select round(extract(epoch from a.at - t.at)) from attempt a, trouble t") == 2

    with after(seconds=3):
        drain_all(drainer)
        assert value("select tries from trouble") == 2
        assert value("select round(extract(epoch from a.at - t.at)) from attempt a, trouble t") == 4


def try_until_parked(drainer: Drainer, tries: int) -> None:
    """Every back-off is over, so many times."""
    for each in range(tries):
        with after(seconds=100 * each):
            drain_all(drainer)


def test_after_the_last_try_it_is_parked_for_an_operator(poisoned: Poisoned, worker: Worker) -> None:
    drainer = worker(outside=poisoned.register.outside())

    try_until_parked(drainer, settings().tries - 1)
    assert stage_of(poisoned.bad) == "submitted"
    try_until_parked(drainer, settings().tries)

    assert stage_of(poisoned.bad) == "parked"
    assert events_of(poisoned.bad) == ["ApplicationReceived", "CaseParked"]
    assert rows("select stage, tries, parked from trouble") == [("submitted", settings().tries, True)]
    assert value("select count(*) from attempt") == 0
    assert healthy()


def test_how_often_it_is_tried_is_a_setting(poisoned: Poisoned, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIJIL_TRIES", "1")
    settings.cache_clear()

    drain_all(worker(outside=poisoned.register.outside()))

    assert stage_of(poisoned.bad) == "parked"


def test_the_trouble_shows_the_place_and_nothing_of_the_person(poisoned: Poisoned, worker: Worker) -> None:
    try_until_parked(worker(outside=poisoned.register.outside()), settings().tries)

    ((error, traceback),) = rows("select error, traceback from trouble")
    assert error == "KeyError in persons"
    assert "workflows/engine.py" in traceback
    assert "workflows/stages/verify.py" in traceback
    stored = str(everything("trouble")) + str(rows("select facts::text from event where kind = 'CaseParked'"))
    assert poisoned.register.broken_about not in stored


def test_an_operator_sends_it_on_from_where_it_failed(poisoned: Poisoned, worker: Worker) -> None:
    try_until_parked(worker(outside=poisoned.register.outside()), settings().tries)
    poisoned.register.broken_about = "mended"

    retry_parked(poisoned.bad.case_id)
    assert stage_of(poisoned.bad) == "submitted"
    drain_all(worker(outside=poisoned.register.outside()))

    assert stage_of(poisoned.bad) == "notified"
    assert events_of(poisoned.bad) == ["ApplicationReceived", "CaseParked", "CaseResumed", *MACHINE_PATH[1:]]
    assert value("select count(*) from trouble") == 0


def test_a_case_that_is_still_bad_after_a_retry_has_all_its_tries_again(poisoned: Poisoned, worker: Worker) -> None:
    drainer = worker(outside=poisoned.register.outside())
    try_until_parked(drainer, settings().tries)
    retry_parked(poisoned.bad.case_id)

    drain_all(drainer)

    assert stage_of(poisoned.bad) == "submitted"
    assert rows("select tries, parked from trouble") == [(1, False)]


def test_sending_on_what_is_not_parked_is_stale_and_changes_nothing(poisoned: Poisoned) -> None:
    before = everything("cases", "event", "trouble")

    with pytest.raises(Stale):
        retry_parked(poisoned.good[0].case_id)

    assert everything("cases", "event", "trouble") == before


def test_a_parked_application_cannot_be_withdrawn_and_says_so(poisoned: Poisoned, worker: Worker) -> None:
    try_until_parked(worker(outside=poisoned.register.outside()), settings().tries)

    with pytest.raises(Refused) as refused:
        citizen(poisoned.bad, "withdrawal")

    assert refused.value.code == "not_possible_now"


def test_a_case_that_fails_at_a_later_stage_keeps_what_it_got_done(database: str, worker: Worker) -> None:
    """A gather that fails at approval: the stages before it are recorded, and only approval is tried again."""
    (taken,) = file_clean(1)
    rows("create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$")
    rows("create trigger refuse before insert on household for each row execute function refuse()")

    drain_all(worker())

    assert stage_of(taken) == "fraud_checked"
    assert rows("select stage, tries, error from trouble") == [("fraud_checked", 1, value("select error from trouble"))]

    rows("drop trigger refuse on household")
    with after(seconds=3):
        drain_all(worker())
    assert events_of(taken) == MACHINE_PATH


# The world is away ---------------------------------------------------------------------------------


def test_a_register_that_is_away_never_counts_as_a_try(poisoned: Poisoned, worker: Worker) -> None:
    poisoned.register.away = True
    drainer = worker(outside=poisoned.register.outside())
    before = everything("cases", "event", "message")

    for _ in range(10):
        with pytest.raises(Unavailable):
            drainer.drain("verification", 60)

    assert everything("cases", "event", "message") == before
    assert value("select count(*) from trouble") == 0
    assert value("select count(*) from attempt") == 0


def test_once_it_is_back_everything_goes_on(database: str, worker: Worker) -> None:
    file_clean(5)
    there = Register("nobody", away=True)
    drainer = worker(outside=there.outside())
    with pytest.raises(Unavailable):
        drainer.drain("verification", 60)

    there.away = False
    drain_all(drainer)

    assert stages() == {"notified": 5}


@pytest.mark.parametrize("size", [1, 2, 5])
def test_what_was_set_apart_is_not_lost_when_the_register_is_away(database: str, worker: Worker, size: int) -> None:
    """Half of a dead worker's batch is in no queue: whoever takes it must give it back."""
    # Given cases that are set apart
    taken = file_clean(size)
    rows("update cases set ready = false")
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [each.case_id for each in taken])

    # When a worker takes them while the register is away
    there = Register("nobody", away=True)
    drainer = worker(outside=there.outside())
    for _ in range(3):
        with pytest.raises(Unavailable):
            drainer.drain("verification", 60)

    # Then they can still be found, and go on once it is back
    assert healthy()
    assert apart() == [[each.case_id for each in taken]]
    there.away = False
    drain_all(drainer)
    assert stages() == {"notified": size}
    assert value("select count(*) from trouble") == 0


def test_halves_of_what_was_set_apart_are_not_lost_when_the_register_goes_away_in_between(database: str, worker: Worker) -> None:
    taken = file_clean(4)
    rows("update cases set ready = false")
    rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [each.case_id for each in taken])
    there = Register("nobody", errors=[ValueError("first time"), Unavailable("away")])
    drainer = worker(outside=there.outside())

    with pytest.raises(Unavailable):
        drainer.drain("verification", 60)

    assert healthy()
    drain_all(drainer)
    assert stages() == {"notified": 4}


def test_what_was_set_apart_and_is_held_by_somebody_for_a_moment_is_not_lost(database: str, worker: Worker) -> None:
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
    assert stage_of(taken) == "notified"


def test_a_deadlock_repeats_the_batch_and_counts_as_no_try(poisoned: Poisoned, worker: Worker) -> None:
    there = Register("nobody", errors=[psycopg.errors.DeadlockDetected("deadlock detected")] * 2)

    drain_all(worker(outside=there.outside()))

    assert stages() == {"notified": 20}
    assert there.asked[0] == there.asked[1] == there.asked[2]  # the whole batch, not halves
    assert value("select count(*) from trouble") == 0


def test_a_deadlock_of_a_case_alone_counts_as_no_try_either(database: str, worker: Worker) -> None:
    (taken,) = file_clean(1)
    there = Register("nobody", errors=[psycopg.errors.DeadlockDetected("deadlock detected")] * 3)

    drain_all(worker(outside=there.outside()))

    assert stage_of(taken) == "notified"
    assert value("select count(*) from trouble") == 0


def test_a_worker_told_to_stop_takes_no_further_batch(database: str, worker: Worker) -> None:
    file_clean(6)
    drainer = worker(batch=2)
    drainer.stopping = True

    assert drainer.drain("verification", 60) is True or stages() == {"submitted": 6}
    assert stages() == {"submitted": 6}


# The dead ------------------------------------------------------------------------------------------


def died_on(database: str, queue: str, *case_ids: int) -> int:
    """A worker process that dies with these cases in hand: its connection is gone, its page remains."""
    drainer = a_drainer()
    entry = drainer.logbook.enter(queue, list(case_ids), value("select now()"))
    hang_up(drainer)
    return entry.id


def hang_up(drainer: Drainer) -> None:
    """Its logbook's connection is gone, and the server has noticed."""
    assert drainer.logbook.connection is not None
    drainer.logbook.connection.close()
    while value("select exists (select from pg_locks where locktype = 'advisory' and objid = %s)", drainer.logbook.worker_id):
        time.sleep(0.01)


def bury() -> list[int]:
    """What the sweep does about the dead."""
    now = value("select now()")
    with transaction() as session:
        dead = [each.id for each in silent_workers(raw(session))]
        alone = settle_the_dead(raw(session), dead, now)
        for case_id in alone:
            failed_alone(raw(session), case_id, WORKER_DIED, now, OUTSIDE)
    return alone


def test_a_dead_workers_batch_is_given_back_in_halves(database: str, worker: Worker) -> None:
    # Given a worker that died on five cases
    ids = [each.case_id for each in file_clean(5)]
    died_on(database, "verification", *ids)

    # When the sweep comes
    assert bury() == []

    # Then they are set apart in two halves, in no queue, found by the doctor and by the sweep
    assert apart() == [ids[:3], ids[3:]]
    assert value("select count(*) from cases where ready") == 0
    assert healthy()
    with transaction() as session:
        assert queues_with_work(raw(session), value("select now()")) == ["verification"]

    # And work on them ends as ever, with nothing counted against anybody
    drain_all(worker())
    assert stages() == {"notified": 5}
    assert value("select count(*) from trouble") == 0


def test_a_living_workers_batch_is_left_to_it(database: str, worker: Worker) -> None:
    ids = [each.case_id for each in file_clean(3)]
    book = worker().logbook
    book.enter("verification", ids, value("select now()"))

    assert bury() == []

    assert rows("select worker_id, case_ids from attempt") == [(book.worker_id, ids)]
    assert value("select count(*) from cases where ready") == 3


def test_a_death_counts_only_against_a_case_that_worked_alone(database: str) -> None:
    # Given a poison case among four, which kills every worker that takes it
    ids = [each.case_id for each in file_clean(4)]
    died_on(database, "verification", *ids)
    assert bury() == []
    assert value("select count(*) from trouble") == 0

    # When the halves with it kill, too, until it is alone
    poison = ids[0]
    for half in (ids[:2], ids[:1]):
        rows("delete from attempt where case_ids = %s::bigint[]", half)
        died_on(database, "verification", *half)
        bury()

    # Then it has one try against it, and its neighbours none
    assert rows("select case_id, tries, error, parked from trouble") == [(poison, 1, "worker died", False)]
    assert healthy()


def test_no_death_counts_against_a_worker_that_had_two_batches_in_hand(database: str, worker: Worker) -> None:
    """Two threads, a case each: nobody can say which of the two it was."""
    ids = [each.case_id for each in file_clean(2)]
    drainer = a_drainer()
    for case_id in ids:
        drainer.logbook.enter("verification", [case_id], value("select now()"))
    hang_up(drainer)

    assert bury() == []

    assert apart() == [[each] for each in ids]
    drain_all(worker())
    assert stages() == {"notified": 2}
    assert value("select count(*) from trouble") == 0


def test_what_was_set_apart_is_worked_while_its_process_does_nothing_else(database: str, worker: Worker) -> None:
    # Given a worker of three threads, two cases that are set apart, and others that are due
    taken = file_clean(12)
    alone = {each.case_id for each in taken[:2]}
    for case_id in alone:
        rows("update cases set ready = false where id = %s", case_id)
        rows("insert into attempt (queue, case_ids, at) values ('verification', %s, now())", [case_id])
    drainer = worker(batch=1)
    seen: list[tuple[int, list[int]]] = []
    work = Drainer.work

    def watched(self: Drainer, connection: Any, batch: Any, serves: Any) -> Any:
        seen.append((batch[0].id, [ids[0] for (ids,) in rows("select case_ids from attempt where worker_id is not null")]))
        time.sleep(0.02)
        return work(self, connection, batch, serves)

    # When all of it is worked off side by side
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(3) as threads:
        patch.setattr(Drainer, "work", watched)
        list(threads.map(lambda _: drainer.drain("verification", 60), range(3)))

    # Then nothing else was in hand while one of the two was worked
    assert stages() == {"notified": 12}
    assert {case_id for case_id, _ in seen} >= alone
    assert all(in_hand == [case_id] for case_id, in_hand in seen if case_id in alone)


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


def test_whoever_stays_silent_is_dead_in_the_end(database: str, broker: str) -> None:
    (taken,) = file_clean(1)
    died_on(database, "verification", taken.case_id)
    coroner = Coroner()

    sweep(OUTSIDE, coroner)
    assert value("select count(*) from trouble") == 0
    coroner.silent_since = {worker_id: since - SIGN_ON_AGAIN for worker_id, since in coroner.silent_since.items()}
    sweep(OUTSIDE, coroner)

    assert rows("select case_id, tries from trouble") == [(taken.case_id, 1)]


def test_a_process_of_our_own_that_ended_is_dead_at_once(database: str, broker: str) -> None:
    (taken,) = file_clean(1)
    died_on(database, "verification", taken.case_id)
    ((host, pid),) = rows("select host, pid from worker")

    sweep(OUTSIDE, Coroner(host=host, ended={pid}))

    assert rows("select case_id, tries from trouble") == [(taken.case_id, 1)]


def test_a_case_that_kills_its_worker_every_time_is_parked_and_its_neighbours_go_on(database: str, worker: Worker) -> None:
    poison, *others = [each.case_id for each in file_clean(3)]
    for _ in range(settings().tries):
        rows("delete from attempt where %s = any(case_ids)", poison)
        died_on(database, "verification", poison)
        bury()

    drain_all(worker())

    assert dict(rows("select id, stage from cases")) == {poison: "parked"} | dict.fromkeys(others, "notified")
    assert rows("select tries, error from trouble") == [(settings().tries, "worker died")]


def test_what_a_dead_worker_had_done_already_is_not_done_again(database: str, worker: Worker) -> None:
    """It died after its commit: its page went with the work. Were it still there, nothing would be due."""
    taken = file_clean(2)
    drain_all(worker())
    before = everything("cases", "event", "message")
    died_on(database, "verification", *[each.case_id for each in taken])

    bury()
    drain_all(worker())

    assert everything("cases", "event", "message") == before
    assert value("select count(*) from attempt") == 0


def test_a_dead_workers_batch_is_not_lost_while_its_last_transaction_still_holds_a_row(database: str, worker: Worker) -> None:
    """The kernel closes its connections one by one: its logbook's lock is gone a moment before its work is rolled back."""
    ids = [each.case_id for each in file_clean(3)]
    rows("update cases set ready = false")
    died_on(database, "verification", *ids)

    with psycopg.connect(database) as last_words:
        last_words.execute("select from cases where id = %s for update", [ids[1]])
        bury()
        last_words.rollback()
    bury()

    assert healthy()
    drain_all(worker())
    assert stages() == {"notified": 3}


def test_a_worker_that_lost_its_connection_signs_on_anew(database: str, worker: Worker) -> None:
    book = worker().logbook
    first = book.number()
    assert book.connection is not None
    with dial() as other:
        other.execute("select pg_terminate_backend(%s)", [book.connection.info.backend_pid])

    with pytest.raises(Unavailable):
        book.seen(value("select now()"), {})

    assert book.number() != first


def test_a_worker_that_ends_in_good_order_leaves_no_page(database: str, worker: Worker) -> None:
    file_clean(1)
    drainer = worker()
    drain_all(drainer)

    drainer.logbook.sign_off()

    assert value("select count(*) from worker") == 0




def test_a_dead_workers_case_whose_file_is_gone_holds_up_no_sweep(database: str, broker: str) -> None:
    (gone, other) = file_clean(2)
    rows("delete from declaration where case_id = %s", gone.case_id)
    rows("insert into trouble values (%s, 'submitted', 1, %s, 'worker died', '', now(), false)", gone.case_id, settings().tries - 1)
    rows("update cases set ready = false, due_at = now() - interval '1 day' where id = %s", other.case_id)
    died_on(database, "verification", gone.case_id)
    ((host, pid),) = rows("select host, pid from worker")

    sweep(OUTSIDE, Coroner(host=host, ended={pid}))

    assert apart() == [[gone.case_id]]
    assert value("select ready from cases where id = %s", other.case_id)


def test_a_thread_that_is_at_one_batch_for_too_long_hangs(database: str, worker: Worker) -> None:
    drainer = worker()
    assert not drainer.hangs()

    drainer.began[1] = time.monotonic() - HANGS_SECONDS - 1
    assert drainer.hangs()

    drainer.began.clear()
    file_clean(1)
    drain_all(drainer)
    assert drainer.began == {}
