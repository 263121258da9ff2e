"""Measures the rivals, Dramatiq as it is usually used and DBOS, each over prepared cases for about ten seconds."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.prepared import first_decision, notified, query_value
from benchmarks.stock import stock_broker
from models.errors import Broken
from sijil.processes import start, stop
from trials.servers import ProofServers

LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 600.0
UNDONE = "select count(*) from cases where id <= %s and machine"
Measured = tuple[float, float]  # cases a second, and over how many seconds


def naive(servers: ProofServers, prepared: str, cases: int, processes: int, threads: int) -> Measured:
    """Measures one message for each decision, from the first decision to the last commit."""
    servers.copy(prepared, "naive_run")
    last_id = int(query_value("select id from cases order by id limit 1 offset %s", cases - 1))
    enqueue("verify", range(int(query_value("select min(id) from cases")), last_id + 1))
    with dramatiq_workers("benchmarks.naive_actors", processes, threads):
        ended = wait_until(lambda: query_value(UNDONE, last_id) == 0)
    seconds = ended - first_decision()
    return notified() / seconds, seconds


def noop(servers: ProofServers, cases: int, processes: int, threads: int) -> Measured:
    """Measures five messages a case that do nothing, from the first one taken to the last one done."""
    broker = enqueue("first", range(cases))
    with dramatiq_workers("benchmarks.noop_actors", processes, threads):
        began = wait_until(lambda: int(broker.client.llen(f"{broker.namespace}:default")) < cases)  # the first is taken
        ended = wait_until(lambda: broker.do_qsize("default") == 0)
    return cases / (ended - began), ended - began


def enqueue(actor: str, case_ids: range) -> RedisBroker:
    """Sends the first message of every case, before any worker starts."""
    broker = stock_broker()
    broker.declare_queue("default")
    for case_id in case_ids:
        broker.enqueue(dramatiq.Message(queue_name="default", actor_name=actor, args=(case_id,), kwargs={}, options={}))
    return broker


@contextmanager
def dramatiq_workers(module: str, processes: int, threads: int) -> Iterator[None]:
    """Runs actors with Dramatiq's own command line."""
    child = start(
        "dramatiq",
        module,
        "--processes",
        str(processes),
        "--threads",
        str(threads),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        stop([child])


def wait_until(done: Callable[[], bool]) -> float:
    """Waits until a rival is done; the moment, in seconds since 1970. Raises Broken where it never is."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > until:
            raise Broken(f"A rival did not finish its cases within {PATIENCE_SECONDS:.0f} s.")
        time.sleep(LOOK_SECONDS)
    return time.time()


def has_dbos() -> bool:
    """Whether the optional extra `dbos` is installed."""
    return find_spec("dbos") is not None


def dbos(servers: ProofServers, prepared: str, cases: int, processes: int, threads: int) -> Measured:
    """Measures a durable workflow for each case, whose five steps take the decisions of the naive way."""
    servers.copy(prepared, "dbos_run")
    servers.execute("drop database if exists dbos_system with (force)")
    servers.execute("create database dbos_system")
    system = servers.postgres.url_of("dbos_system")
    migrate = subprocess.run(
        [sys.executable, "-m", "benchmarks.dbos_worker", "migrate", system], capture_output=True, check=False
    )
    if migrate.returncode:
        raise Broken(f"DBOS could not create its tables: {migrate.stderr.decode(errors='replace').strip()[-300:]}")
    last_id = int(query_value("select id from cases order by id limit 1 offset %s", cases - 1))
    command = [str(last_id), str(processes), str(threads), system]
    children = [
        start("benchmarks.dbos_worker", str(i), *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for i in range(processes)
    ]
    try:
        ended = wait_until(lambda: query_value(UNDONE, last_id) == 0)
    finally:
        stop(children)
    seconds = ended - first_decision()
    return notified() / seconds, seconds
