"""Waking: many wakes make few messages, and a lost broker costs nothing."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
import redis
import structlog
from structlog.testing import LogCapture

from models.settings import settings
from tasks.actors import declare_actors, drain_by_queue
from tasks.broker import broker as the_broker
from tasks.delivery_thread import DeliveryThread
from tasks.sweep import FailureDetector, sweep
from tasks.wake import clear_wake, flag_key, wake, wake_after_answer, wake_after_intake
from tasks.worker import start_worker, stop_worker
from tests.conftest import forget_settings
from tests.filing import Worker, drain_all, file_clean, rows, stages, value
from tests.integration.gateways import BookGateway, a_deliverer
from tests.integration.waking import messages, waiting
from workflows.flows import case_queues
from workflows.queue.drain import Drainer
from workflows.queue.inhand import units

pytestmark = pytest.mark.usefixtures("database", "broker")


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


def test_a_flag_that_does_not_end_keeps_no_queue_asleep() -> None:
    """A broker keeps it for as long as its clock went back; and nobody clears it whom no message wakes."""
    file_clean(1)
    the_broker().client.set(flag_key("verification"), 1)

    sweep(FailureDetector())

    assert messages("verification") == 1
    assert 0 < int(the_broker().client.pttl(flag_key("verification"))) <= 1000


def test_queues_are_woken_apart_from_one_another() -> None:
    wake("scoring")
    wake("fraud")

    assert waiting() == {"scoring": 1, "fraud": 1}


@pytest.mark.parametrize(
    ("woken", "queue"), [(wake_after_intake, "verification"), (lambda: wake_after_answer({"fraud"}), "fraud")]
)
def test_what_people_send_wakes_the_queues_that_have_work_and_the_delivery_of_the_message_that_says_so(
    woken: Callable[[], None], queue: str
) -> None:
    woken()
    assert waiting() == {queue: 1, "delivery": 1}


def test_the_flag_of_a_wake_ends_by_itself() -> None:
    wake("scoring")

    assert 0 < int(the_broker().client.pttl(flag_key("scoring"))) <= 1000


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
    drainer.runner.wake = wake

    drain_all(drainer)
    sweep(FailureDetector())

    assert stages() == {"notified": 2}


def test_a_broker_that_does_not_answer_in_time_is_waited_for_once_and_not_at_every_wake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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


def test_an_outage_of_the_broker_is_one_line_of_log_and_its_end_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import wakes for each set that it files, a portal for each application."""
    logged = LogCapture()
    monkeypatch.setattr("tasks.wake.log", structlog.wrap_logger(structlog.PrintLogger(), processors=[logged]))

    def nobody(*arguments: object, **options: object) -> None:
        raise redis.ConnectionError

    for _ in range(2):
        with monkeypatch.context() as outage:
            outage.setattr(the_broker().client, "set", nobody)
            outage.setattr(the_broker().client, "delete", nobody)
            for queue in 50 * case_queues():
                wake(queue)
                clear_wake(queue)
        for queue in case_queues():
            clear_wake(queue)
            wake(queue)

    assert [each["event"] for each in logged.entries] == 2 * ["broker away, the sweep will wake again", "broker back"]


# The actors ----------------------------------------------------------------------------------------


def look(queue: str, drainer: Drainer, delivery: DeliveryThread | None = None) -> None:
    """What a worker's thread does with one message."""
    declare_actors(the_broker(), drain_by_queue(drainer, delivery or DeliveryThread(a_deliverer(BookGateway()))))
    the_broker().get_actor(queue).fn()


@pytest.mark.parametrize("fails", [False, True])
def test_a_wake_stays_in_the_broker_until_a_thread_is_free_and_is_fetched_at_once_then(
    monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    """An idle process would sleep beside a busy one that had taken it."""
    monkeypatch.setenv("SIJIL_THREADS", "1")
    forget_settings()
    began, may_end, looks = Event(), Event(), list[float]()

    def look_for_long() -> bool:
        looks.append(time.monotonic())
        began.set()
        may_end.wait(10)
        if fails and len(looks) == 1:
            raise KeyError("planted")
        return False

    declare_actors(the_broker(), {"verification": look_for_long})
    wake("verification")
    the_broker().doorbell.listen()
    worker = start_worker(frozenset({"verification"}))
    try:
        assert began.wait(10)
        clear_wake("verification")
        wake("verification")
        time.sleep(0.5)
        left = messages("verification")
        may_end.set()
        until = time.monotonic() + 3
        while len(looks) < 2 and time.monotonic() < until:
            time.sleep(0.01)
        looked = len(looks)
    finally:
        may_end.set()
        stop_worker(worker, [])

    assert (left, looked) == (1, 2)


def test_an_actor_clears_the_flag_before_it_looks(worker: Worker) -> None:
    file_clean(1)
    drainer = worker()
    seen: list[int] = []
    drainer.runner.wake = lambda queue: seen.append(int(the_broker().client.exists(flag_key("verification"))))
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


def test_the_actor_of_deliveries_wakes_the_thread_that_delivers_and_waits_for_nothing(worker: Worker) -> None:
    file_clean(1)
    gateway, answering = BookGateway(), Event()
    gateway.while_sending = answering.wait
    delivery = DeliveryThread(a_deliverer(gateway))
    thread = delivery.start()

    look("delivery", worker(), delivery)

    assert value("select status from message") != "sent"
    answering.set()
    while value("select status from message") != "sent":
        time.sleep(0.01)
    delivery.end(thread)
    assert not thread.is_alive()


def test_a_thread_that_delivers_outlives_a_gateway_that_is_away_and_any_error() -> None:
    file_clean(1)
    gateway = BookGateway(away_before=True)
    delivery, raised = DeliveryThread(a_deliverer(gateway)), list[int]()

    def unexpected() -> None:
        raised.append(1)
        raise ValueError

    thread = delivery.start()
    delivery.wake()
    while value("select status from message") != "sending" or units:
        time.sleep(0.01)
    rows("update message set status = 'owed', due_at = now()")
    gateway.away_before, gateway.while_sending = False, unexpected
    delivery.wake()
    while not raised:
        time.sleep(0.01)
    assert thread.is_alive()
    delivery.end(thread)
