"""Metrics for Prometheus: queues, workers, messages.

The portal reads them from the database, so that any portal process answers for all workers. It asks the broker itself.
"""

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from litestar import Response, get
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from models import clock
from models.database import Connection, transaction
from models.life_feed import ELSEWHERE, HERE
from models.settings import settings
from tasks.broker import broker_state
from workflows.heard.watching import feeds, set_aside, silent_seconds
from workflows.queue.failed import held_stages, parked_groups
from workflows.queue.monitor import (
    daily_jobs,
    letters_waiting,
    messages,
    queues,
    reported,
    uncounted,
    with_people,
    workers,
)

# For each counter of a worker: its metric, how many of it make one of the metric's unit, and the metric's help text.
WORKER_COUNTERS = {
    "batches": ("batches", 1, "Batches worked."),
    "cases": ("cases", 1, "Cases moved."),
    "failures": ("failures", 1, "Batches that failed and were halved."),
    "gateway_failures": ("gateway_failures", 1, "Calls to the message gateway that got no answer for their messages."),
    "register_calls": ("register_calls", 1, "Questions that the population register elsewhere answered."),
    "register_persons": ("register_persons", 1, "Persons of these questions."),
    "register_failures": ("register_failures", 1, "Questions to it that got no answer."),
    "busy_milliseconds": ("busy_seconds", 1000, "Time spent on batches, in seconds, over all threads."),
}


class SijilCollector(Collector):
    """Collects all metrics at the moment of a request."""

    def __init__(self, connection: Connection, broker: str) -> None:
        self.connection, self.broker = connection, broker

    def collect(self) -> Iterable[Metric]:
        """Yields every metric."""
        yield from queue_metrics(self.connection)
        yield from people_metrics(self.connection)
        yield from worker_metrics(self.connection)
        yield gauge(
            "sijil_broker_ready",
            "1 where the broker answers this portal and takes writes.",
            [((), self.broker == "ready")],
        )
        yield gauge(
            "sijil_parked",
            "Cases that wait for an operator.",
            [((), sum(each["cases"] for each in parked_groups(self.connection)))],
        )
        yield from held_stage_metrics(self.connection)
        yield gauge(
            "sijil_uncounted",
            "Cases whose failure could not be counted.",
            [((), uncounted(self.connection))],
        )
        failed = [((each["name"],), each["error"] is not None) for each in daily_jobs(self.connection)]
        help_text = "1 where the last try of a daily job (anchor, retention) failed."
        yield gauge("sijil_daily_job_failed", help_text, failed, "job")
        yield from message_metrics(self.connection)
        yield from life_event_metrics(self.connection)


def queue_metrics(connection: Connection) -> Iterable[Metric]:
    """The depth, age, quarantined cases, rate and pause of each queue."""
    rows = queues(connection, clock.now())

    def by_queue(name: str, help_text: str, value: Callable[[dict[str, Any]], float]) -> Metric:
        return gauge(f"sijil_queue_{name}", help_text, [((row["queue"],), value(row)) for row in rows], "queue")

    yield by_queue("depth", "Cases that are ready.", itemgetter("depth"))
    yield by_queue("oldest_seconds", "Age of the oldest case that is ready.", itemgetter("oldest_seconds"))
    yield by_queue("quarantined", "Quarantined cases, worked one by one.", itemgetter("quarantined"))
    yield by_queue("rate", "Decisions a second over the last minute, for people to read.", itemgetter("rate"))
    yield by_queue("paused", "1 where an operator paused the queue.", lambda row: row["state"] == "paused")


def people_metrics(connection: Connection) -> Iterable[Metric]:
    """The cases that wait for citizens, caseworkers and operators."""
    rows = with_people(connection, clock.now())
    waiting = [((row["kind"], row["stage"], row["owner"]), row["waiting"]) for row in rows]
    oldest = [((row["kind"], row["stage"], row["owner"]), row["oldest_seconds"]) for row in rows]
    help_text = "Cases that wait for a person, by kind of case, stage and owner."
    yield gauge("sijil_people_waiting", help_text, waiting, "kind", "stage", "owner")
    yield gauge("sijil_people_oldest_seconds", "Age of the oldest of them.", oldest, "kind", "stage", "owner")


def message_metrics(connection: Connection) -> Iterable[Metric]:
    """The messages that are not sent, those that were reported on, and the letters that wait for the printer."""
    by_status = [((status,), count) for status, count in messages(connection).items()]
    yield gauge("sijil_messages", "Messages of the ledger that are not sent yet, by status.", by_status, "status")
    told = [((state,), count) for state, count in reported(connection, clock.now()).items()]
    help_text = "Messages on which a gateway reported in the last hour, by what it said."
    yield gauge("sijil_messages_reported", help_text, told, "delivery")
    help_text = "Letters that are set aside and in no batch for the printer yet."
    yield gauge("sijil_letters_waiting", help_text, [((), letters_waiting(connection))])


def life_event_metrics(connection: Connection) -> Iterable[Metric]:
    """How far the population register's life events are applied, what came of them, and what is set aside."""
    found, aside = feeds(connection), set_aside(connection)
    positions = [((each["source"],), each["cursor"]) for each in found]
    yield gauge("sijil_life_events_position", "The position to which a feed is applied.", positions, "feed")
    halted = [((each["source"],), each["halted"] is not None) for each in found]
    yield gauge("sijil_life_events_halted", "1 where a feed does not go on where it ended.", halted, "feed")
    read = ELSEWHERE if settings().population_url else HERE
    silent = [((each["source"],), silent_seconds(each, clock.now())) for each in found if each["source"] == read]
    yield gauge("sijil_life_events_silent_seconds", "Since when a feed gave no answer to go on with.", silent, "feed")
    help_text = "Life events that a person has to look at, or that wait for cases to end."
    yield gauge("sijil_life_events_aside", help_text, [((why,), count) for why, count in aside.items()], "why")
    came = CounterMetricFamily("sijil_life_events", "Life events by what came of them.", labels=["feed", "outcome"])
    for each in found:
        for outcome, count in each["counts"].items():
            came.add_metric([each["source"], outcome], count)
    yield came


def held_stage_metrics(connection: Connection) -> Iterable[Metric]:
    """The stages at which all cases fail alike."""
    held = [((each["kind"], each["stage"]), 1) for each in held_stages(connection)]
    help_text = "1 for each stage at which all cases fail alike, so that it is held."
    yield gauge("sijil_stage_held", help_text, held, "kind", "stage")


def worker_metrics(connection: Connection) -> Iterable[Metric]:
    """The workers that live, and each worker's counters since it began."""
    rows = workers(connection)
    yield gauge("sijil_workers_alive", "Worker processes alive.", [((), sum(row["alive"] for row in rows))])
    holds = [((str(row["id"]),), row["holds"]) for row in rows]
    yield gauge("sijil_worker_holds", "Cases that a worker holds now.", holds, "worker")
    left_alone = [((str(row["id"]),), row["counters"].get("gateway_open", 0)) for row in rows if row["alive"]]
    help_text = "1 where a worker leaves the gateway alone: its circuit breaker is open."
    yield gauge("sijil_worker_gateway_open", help_text, left_alone, "worker")
    left_alone = [((str(row["id"]),), row["counters"].get("register_open", 0)) for row in rows if row["alive"]]
    help_text = "1 where a worker leaves the population register elsewhere alone: its circuit breaker is open."
    yield gauge("sijil_worker_register_open", help_text, left_alone, "worker")
    for counter, (name, unit, help_text) in WORKER_COUNTERS.items():
        metric = CounterMetricFamily(f"sijil_worker_{name}", help_text, labels=["worker"])
        for row in rows:
            metric.add_metric([str(row["id"])], row["counters"].get(counter, 0) / unit)
        yield metric


def gauge(name: str, help_text: str, values: Iterable[tuple[tuple[str, ...], float]], *labels: str) -> Metric:
    """A gauge with these values by label."""
    metric = GaugeMetricFamily(name, help_text, labels=labels)
    for each, value in values:
        metric.add_metric(each, value)
    return metric


@get("/metrics", sync_to_thread=True, include_in_schema=False)
def metrics() -> Response[bytes]:
    """All metrics in Prometheus' text format."""
    broker = broker_state()  # before the transaction, which must not wait for the broker
    with transaction() as connection:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(SijilCollector(connection, broker))
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")
