"""Counts for Prometheus: queues, workers, messages.

Read from the database, so that any portal process answers for all workers.

The broker alone is asked by the portal itself.
"""

from collections.abc import Iterable

from litestar import Response, get
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from models import clock
from models.database import Connection, transaction
from tasks.broker import broker_state
from workflows.queue.monitor import (
    daily_jobs,
    held_stages,
    messages,
    parked_groups,
    queues,
    uncounted,
    with_people,
    workers,
)

# Of each counter that a worker keeps: its metric, how many make one of the metric's unit, and what it counts.
COUNTED = {
    "batches": ("batches", 1, "Batches worked."),
    "cases": ("cases", 1, "Cases moved."),
    "failures": ("failures", 1, "Batches that failed and were halved."),
    "gateway_failures": ("gateway_failures", 1, "Calls to the message gateway that got no answer for their messages."),
    "busy_milliseconds": ("busy_seconds", 1000, "Time spent on batches, in seconds, over all threads."),
}


class Counts(Collector):
    """Everything counted, as it is now."""

    def __init__(self, connection: Connection, broker: str) -> None:
        self.connection, self.broker = connection, broker

    def collect(self) -> Iterable[Metric]:
        """All metrics."""
        yield from of_queues(self.connection)
        yield from of_people(self.connection)
        yield from of_workers(self.connection)
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
        yield from of_held(self.connection)
        yield gauge(
            "sijil_uncounted",
            "Cases that failed, and whose failure could not be counted.",
            [((), uncounted(self.connection))],
        )
        failed = [((each["name"],), each["error"] is not None) for each in daily_jobs(self.connection)]
        yield gauge(
            "sijil_daily_job_failed", "1 where the last try of a daily job (anchor, retention) failed.", failed, "job"
        )
        by_status = [((status,), count) for status, count in messages(self.connection).items()]
        yield gauge("sijil_messages", "Messages of the ledger that are not sent yet, by status.", by_status, "status")


def of_queues(connection: Connection) -> Iterable[Metric]:
    """Each queue's depth, age and rate."""
    rows = queues(connection, clock.now())
    yield gauge("sijil_queue_depth", "Cases due.", [((row["queue"],), row["depth"]) for row in rows], "queue")
    yield gauge(
        "sijil_queue_oldest_seconds",
        "Age of the oldest case due.",
        [((row["queue"],), row["oldest_seconds"]) for row in rows],
        "queue",
    )
    yield gauge(
        "sijil_queue_apart",
        "Cases quarantined, worked one by one.",
        [((row["queue"],), row["quarantined"]) for row in rows],
        "queue",
    )
    yield gauge(
        "sijil_queue_rate",
        "Decisions a second over the last minute, for people to read.",
        [((row["queue"],), row["rate"]) for row in rows],
        "queue",
    )
    yield gauge(
        "sijil_queue_paused",
        "1 where an operator holds the queue back.",
        [((row["queue"],), row["state"] == "paused") for row in rows],
        "queue",
    )


def of_people(connection: Connection) -> Iterable[Metric]:
    """What waits for citizens, caseworkers and operators."""
    rows = with_people(connection, clock.now())
    places = [(row["stage"], row["owner"]) for row in rows]
    waiting = [(place, row["waiting"]) for place, row in zip(places, rows, strict=True)]
    oldest = [(place, row["oldest_seconds"]) for place, row in zip(places, rows, strict=True)]
    yield gauge(
        "sijil_people_waiting",
        "Cases that wait for a person, by stage and whose turn it is.",
        waiting,
        "stage",
        "owner",
    )
    yield gauge("sijil_people_oldest_seconds", "Since when the oldest of them waits.", oldest, "stage", "owner")


def of_held(connection: Connection) -> Iterable[Metric]:
    """Stages at which all cases fail."""
    held = [((each["stage"],), 1) for each in held_stages(connection)]
    yield gauge(
        "sijil_stage_held", "1 for each stage at which all cases fail alike, so that it is held.", held, "stage"
    )


def of_workers(connection: Connection) -> Iterable[Metric]:
    """Who is alive, and what each has done since it began."""
    rows = workers(connection)
    yield gauge("sijil_workers_alive", "Worker processes alive.", [((), sum(row["alive"] for row in rows))])
    yield gauge(
        "sijil_worker_holds",
        "Cases that a worker holds now.",
        [((str(row["id"]),), row["holds"]) for row in rows],
        "worker",
    )
    left_alone = [((str(row["id"]),), row["counters"].get("gateway_open", 0)) for row in rows if row["alive"]]
    yield gauge(
        "sijil_worker_gateway_open",
        "1 where a worker leaves the gateway alone: its circuit breaker is open.",
        left_alone,
        "worker",
    )
    for counter, (name, unit, help_text) in COUNTED.items():
        metric = CounterMetricFamily(f"sijil_worker_{name}", help_text, labels=["worker"])
        for row in rows:
            metric.add_metric([str(row["id"])], row["counters"].get(counter, 0) / unit)
        yield metric


def gauge(name: str, help_text: str, values: Iterable[tuple[tuple[str, ...], float]], *labels: str) -> Metric:
    """One gauge with its values."""
    metric = GaugeMetricFamily(name, help_text, labels=labels)
    for each, value in values:
        metric.add_metric(each, value)
    return metric


@get("/metrics", sync_to_thread=True, include_in_schema=False)
def metrics() -> Response[bytes]:
    """In Prometheus' text format."""
    broker = broker_state()  # before the transaction, which must not wait for it
    with transaction() as connection:
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Counts(connection, broker))
        return Response(generate_latest(registry), media_type="text/plain; version=0.0.4")
