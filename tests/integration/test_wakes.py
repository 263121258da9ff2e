"""Waking: many wakes make few messages, a lost broker costs nothing, and the sweep finds what nobody was woken for."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis

from models import clock
from models.database import close_pool, raw, transaction
from models.settings import settings
from tasks.actors import declare
from tasks.broker import broker as the_broker
from tasks.deliver import Deliverer
from tasks.sweep import SIGN_ON_AGAIN, SWEEP_LOCK, DeathDetector, sweep
from tasks.wake import clear_wake, flag, wake, wake_after_answer, wake_after_intake
from tests.conftest import forget_settings
from tests.filing import drain_all, file_clean, rows, stages, value
from tests.integration.people import after
from tests.integration.test_delivery import BookGateway, a_deliverer
from workflows.flow import ALL_QUEUES
from workflows.queue.attempts import WORKER_LOCK
from workflows.queue.drain import Drainer

pytestmark = pytest.mark.usefixtures("database", "broker")
Worker = Callable[..., Drainer]


def messages(queue: str) -> int:
    """How many messages wait in the broker."""
    return int(the_broker().client.llen(f"{the_broker().namespace}:{queue}"))


def waiting() -> dict[str, int]:
    """The queues in which a message waits."""
    return {queue: found for queue in ALL_QUEUES if (found := messages(queue))}


@pytest.fixture
def no_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A broker's address at which nobody listens."""
    monkeypatch.setenv("SIJIL_BROKER_URL", f"unix://{tmp_path}/nobody.sock")
    forget_settings()
    yield
    forget_settings()


def test_ten_thousand_wakes_make_few_messages() -> None:
    began = time.monotonic()
    for _ in range(10_000):
        wake("verification")

    assert 1 <= messages("verification") <= 2 + time.monotonic() - began  # one a second


def test_a_wake_after_the_worker_looked_counts_again() -> None:
    wake("scoring")
    wake("scoring")
    assert messages("scoring") == 1

    clear_wake("scoring")
    wake("scoring")

    assert messages("scoring") == 2


def test_queues_are_woken_apart_from_one_another() -> None:
    wake("scoring")
    wake("fraud")

    assert waiting() == {"scoring": 1, "fraud": 1}


@pytest.mark.parametrize(("woken", "queue"), [(wake_after_intake, "verification"), (lambda: wake_after_answer({"fraud"}), "fraud")])
def test_what_people_send_wakes_the_queues_that_have_work_and_the_delivery_of_the_message_that_says_so(woken: Callable[[], None], queue: str) -> None:
    woken()
    assert waiting() == {queue: 1, "delivery": 1}


def test_the_flag_of_a_wake_ends_by_itself() -> None:
    wake("scoring")

    assert 0 < int(the_broker().client.pttl(flag("scoring"))) <= 1000


def test_installations_that_share_a_broker_do_not_wake_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    wake("scoring")
    monkeypatch.setenv("SIJIL_BROKER_NAMESPACE", settings().broker_namespace + "_other")
    forget_settings()

    assert waiting() == {}


def test_a_wake_is_heard_by_whoever_listens() -> None:
    with the_broker().client.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe(the_broker().doorbell.channel)
        listener.get_message(timeout=5)

        wake("fraud")

        heard = next(filter(None, (listener.get_message(timeout=5) for _ in range(5))))
        assert heard["data"] == b"fraud"


@pytest.mark.usefixtures("no_broker")
def test_a_broker_that_is_away_is_no_error() -> None:
    wake("verification")
    clear_wake("verification")


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_applications_are_taken_and_worked_all_the_same(worker: Worker) -> None:
    file_clean(2)
    drainer = worker()
    drainer.batches.wake = wake

    drain_all(drainer)
    sweep(DeathDetector())

    assert stages() == {"notified": 2}


# The actors ----------------------------------------------------------------------------------------


def look(queue: str, drainer: Drainer, gateway: BookGateway | None = None) -> None:
    """What a worker's thread does with one message."""
    deliverer: Deliverer = a_deliverer(gateway or BookGateway())
    declare(the_broker(), drainer, deliverer)
    the_broker().get_actor(queue).fn()


def test_an_actor_clears_the_flag_before_it_looks(worker: Worker) -> None:
    file_clean(1)
    drainer = worker()
    seen: list[int] = []
    drainer.batches.wake = lambda queue: seen.append(int(the_broker().client.exists(flag("verification"))))
    wake("verification")

    look("verification", drainer)

    assert seen == [0]
    assert stages() == {"notified": 1}


def test_an_actor_whose_time_is_up_wakes_its_own_queue(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    drainer = worker()
    monkeypatch.setattr(Drainer, "drain", lambda self, queue: True)

    look("verification", drainer)

    assert waiting() == {"verification": 1}


def test_an_actor_with_nothing_left_wakes_nobody(worker: Worker) -> None:
    look("verification", worker())

    assert waiting() == {}


def test_a_gateway_that_is_away_is_no_error_of_the_actor(worker: Worker) -> None:
    file_clean(1)

    look("delivery", worker(), BookGateway(away_before=True))

    assert value("select status from message") == "sending"


# The sweep -----------------------------------------------------------------------------------------


def test_the_sweep_wakes_every_queue_with_work_and_no_other(worker: Worker) -> None:
    file_clean(1)
    worker({"verification"}).drain("verification", 60)
    rows("update message set status = 'sent'")

    sweep(DeathDetector())

    assert waiting() == {"scoring": 1}


def test_the_sweep_wakes_the_delivery_where_a_message_is_owed(worker: Worker) -> None:
    file_clean(1)
    drain_all(worker())

    sweep(DeathDetector())

    assert waiting() == {"delivery": 1}


def test_the_sweep_wakes_nobody_where_nothing_is_to_do() -> None:
    sweep(DeathDetector())

    assert waiting() == {}


def test_the_sweep_does_not_wake_a_paused_queue() -> None:
    file_clean(1)
    rows("update message set status = 'sent'")
    rows("insert into paused_queue values ('verification', now(), 'operator:x')")

    sweep(DeathDetector())

    assert waiting() == {}


def test_the_sweep_rings_timers_and_back_offs_once_they_are_over(worker: Worker) -> None:
    # Given a case that waits for its citizen
    file_clean(1)
    rows("delete from person")
    drain_all(worker())
    rows("update message set status = 'sent'")
    assert stages() == {"needs_correction": 1}

    sweep(DeathDetector())
    assert waiting() == {}

    with after(days=7.1):
        sweep(DeathDetector())
    assert waiting() == {"notification": 1}


def long_silent(worker_id: int) -> DeathDetector:
    """A detector who has not heard of this worker for as long as it takes."""
    return DeathDetector(silent_since={worker_id: clock.now() - SIGN_ON_AGAIN})


def test_the_sweep_gives_back_what_a_dead_worker_held_and_wakes_its_queue() -> None:
    (taken,) = file_clean(1)
    rows("update message set status = 'sent'")
    second = file_clean(1, 5)[0]
    rows("update message set status = 'sent'")
    rows("insert into attempt (worker_id, queue, case_ids, at) values (4711, 'verification', %s, now())", [taken.case_id, second.case_id])

    sweep(long_silent(4711))

    assert waiting() == {"verification": 1}
    assert rows("select worker_id, case_ids from attempt order by id") == [(None, [taken.case_id]), (None, [second.case_id])]


def test_the_sweep_counts_a_death_alone_and_forgets_troubles_that_are_over(worker: Worker) -> None:
    (taken,) = file_clean(1)
    rows("insert into attempt (worker_id, queue, case_ids, at) values (4711, 'verification', %s, now())", [taken.case_id])
    sweep(long_silent(4711))
    assert rows("select tries, error, parked from trouble") == [(1, "worker died", False)]

    with after(seconds=5):
        drain_all(worker())
        sweep(DeathDetector())

    assert stages() == {"notified": 1}
    assert value("select count(*) from trouble") == 0


def test_only_one_sweep_runs_at_a_time() -> None:
    file_clean(1)
    with transaction() as session:
        raw(session).execute("select pg_advisory_xact_lock(%s)", [SWEEP_LOCK])
        sweep(DeathDetector())
        assert waiting() == {}

    sweep(DeathDetector())
    assert "verification" in waiting()


def test_a_broker_that_does_not_answer_in_time_is_waited_for_once_and_not_at_every_wake(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def frozen(*arguments: object, **options: object) -> None:
        asked.append(arguments)
        raise redis.TimeoutError

    monkeypatch.setattr(the_broker().client, "set", frozen)
    for _ in range(5):
        wake("verification")
    assert len(asked) == 1

    the_broker().silent_until = 0.0
    monkeypatch.undo()
    wake("verification")
    assert messages("verification") == 1


def connect_anew() -> None:
    """Opens a connection to the database."""
    close_pool()
    rows("select 1")


def test_whoever_connects_beats_or_sweeps_goes_by_the_databases_clock(database: str, broker: str, worker: Worker) -> None:
    """A timer that one host rings must have come for the one that decides on it."""
    drainer = worker()
    drainer.batches.attempts.heartbeat(clock.now(), {})

    def heard(word: Callable[[], object]) -> timedelta:
        clock.follow(clock.true() + timedelta(minutes=5))
        word()
        told = clock.now()
        true: datetime = value("select clock_timestamp()")
        return abs(told - true)

    assert heard(lambda: drainer.batches.attempts.heartbeat(clock.now(), {})) < clock.MOMENT
    assert heard(lambda: sweep(DeathDetector())) < clock.MOMENT
    assert heard(connect_anew) < clock.MOMENT


def test_a_worker_that_holds_its_lock_is_alive_for_every_sweep(worker: Worker) -> None:
    (taken,) = file_clean(1)
    book = worker().batches.attempts
    book.begin("verification", [taken.case_id], value("select now()"))

    sweep(DeathDetector())

    assert rows("select worker_id from attempt") == [(book.worker_id,)]
    assert value("select count(*) from pg_locks where locktype = 'advisory' and classid = %s", WORKER_LOCK) == 1


def test_wiping_the_broker_loses_no_work(worker: Worker) -> None:
    file_clean(3)
    wake("verification")
    client: redis.Redis = the_broker().client
    for key in client.scan_iter(f"{the_broker().namespace}:*"):
        client.delete(key)
    assert waiting() == {}

    sweep(DeathDetector())

    assert "verification" in waiting()
