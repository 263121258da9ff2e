"""What is struck at: the servers, the hosts with their supervisors and workers, the gateway; and looking at them from
outside.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, NamedTuple

import dramatiq
import httpx
import psycopg
import redis

from models.database import autocommit_connection
from models.errors import Broken
from models.settings import settings
from sijil.processes import set_settings, stop
from tasks.broker import broker
from trials.chaos.crowd import Crowd
from trials.chaos.files import Files
from trials.chaos.hosts import PROCESSES, SHARED, Host
from trials.gateway_process import start_gateway
from trials.servers import ProofServers
from workflows.flows import all_queues

CALL_MILLISECONDS = 150  # of the gateway: half before a message is written down, half after
READY_SECONDS = 60.0
TRIES_SPREAD_SECONDS = 8  # instead of an hour: what fails is parked before the register is mended
OPEN = "select a.id, w.pid from attempt a join worker w on w.id = a.worker_id order by a.at desc limit 1"
STILL_OPEN = "select count(*) from attempt where id = %s"
# A connection that came since then and is taking applications in: the crowd's own are older.
IMPORTING = """
    select pid from pg_stat_activity where backend_start > %s and xact_start is not null
    and query ~ 'idempotency_key|cases_id_seq|insert into cases|copy case_body' limit 1
"""
IN_TRANSACTION = """
    select pid from pg_stat_activity
    where backend_type = 'client backend' and datname = current_database() and xact_start is not null
        and pid <> pg_backend_pid() order by xact_start limit 1
"""


class Batch(NamedTuple):
    """An open batch: its id in `attempt`, and the process that works on it."""

    attempt: int
    pid: int


class Call(NamedTuple):
    """A call to the gateway: the port that it comes from, and the process that waits for its answer."""

    port: int
    pid: int


@dataclass
class RunningSystem:
    """Everything that runs. The workers' words go into a file beside it."""

    servers: ProofServers
    people: Crowd
    files: Files
    folder: Path = field(default_factory=lambda: settings().home)
    gateway: "Popen[bytes] | None" = None
    hosts: list[Host] = field(default_factory=list)
    port: int = 0
    connection: "psycopg.Connection[Any] | None" = None
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(timeout=1.0)
    )  # one for all looks: a new one takes as long as half a call

    @property
    def gateway_log(self) -> Path:
        """What the gateway accepted."""
        return self.folder / "gateway.ndjson"

    @property
    def work_log(self) -> Path:
        """What the workers said."""
        return self.folder / "work.log"

    # The processes

    def open_gateway(self) -> None:
        """Starts it, on the port it had before."""
        self.gateway = start_gateway(self.gateway_log, port=self.port, delay_ms=CALL_MILLISECONDS)
        self.port = int(settings().gateway_url.rsplit(":", 1)[1])

    def open_hosts(self) -> None:
        """Starts `sijil work` on each."""
        self.hosts = [Host(name, queues, self.work_log) for name, queues in SHARED.items()]
        for host in self.hosts:
            host.begin()
        self.wait("select count(*) >= %s from worker", PROCESSES * len(self.hosts))

    def deploy(self, queues_of: Mapping[str, Sequence[str]], name: str) -> None:
        """One host after the other is started anew, each for other queues, and under this name."""
        for host, queues in zip(self.hosts, queues_of.values(), strict=True):
            host.deploy(name, queues)

    def host_of(self, pid: int) -> Host | None:
        """Whose worker a process is."""
        return next((host for host in self.hosts if host.process and host.process.pid == parent_of(pid)), None)

    def slow_gateway(self, how: str, seconds: float) -> None:
        """For so long its answers drip, or do not come."""
        try:
            self.http.post(f"{settings().gateway_url}/slow", json={"how": how, "seconds": seconds})
        except httpx.HTTPError:
            pass  # it was killed a moment ago: away, which is worse than slow

    def close(self) -> None:
        """Ends them in good order."""
        stop([child for child in (*(host.process for host in self.hosts), self.gateway) if child is not None])
        self.http.close()
        if self.connection is not None:
            self.connection.close()

    # Looking

    def look(self, statement: str, *parameters: object) -> list[tuple[Any, ...]] | None:
        """Rows, through a connection of our own; None while the database is away."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = autocommit_connection()
            return self.connection.execute(statement, parameters).fetchall()
        except psycopg.OperationalError:
            if self.connection is not None:
                self.connection.close()
            return None

    def wait(self, statement: str, *parameters: object, seconds: float = READY_SECONDS) -> None:
        """Until it is true. Raises Broken where it never is."""
        until = time.monotonic() + seconds
        while not ((rows := self.look(statement, *parameters)) and rows[0][0]):
            if time.monotonic() > until:
                raise Broken(f"Chaos waits in vain for: {statement}. The workers' words are in {self.work_log}.")
            time.sleep(0.05)

    def open_batch(self, seconds: float) -> Batch | None:
        """An open batch, as soon as there is one."""
        row = self.first(OPEN, seconds)
        return Batch(*row) if row else None

    def is_open(self, batch: Batch | None) -> bool:
        """Whether it is still in `attempt`: its transaction has not ended."""
        rows = self.look(STILL_OPEN, batch.attempt) if batch else None
        return bool(rows and rows[0][0])

    def call(self, seconds: float) -> Call | None:
        """A call to the gateway, as soon as there is one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if calls := self.calls():
                return calls[0]
            time.sleep(0.01)
        return None

    def is_in_hand(self, call: Call) -> bool:
        """Whether the gateway still has these messages in hand."""
        return call in self.calls()

    def calls(self) -> list[Call]:
        """What the gateway has in hand, by its own word and not by the ledger's."""
        try:
            ports = self.http.get(f"{settings().gateway_url}/calls").json()["ports"]
        except httpx.HTTPError:
            return []
        pids = [pid for (pid,) in self.look("select pid from worker") or []]
        return [
            Call(port, pid)
            for port in ports
            if (sockets := sockets_at(port))
            for pid in pids
            if holds_one(pid, sockets)
        ]

    def backend_in_transaction(self) -> int | None:
        """The server's process behind a worker's open transaction."""
        row = self.first(IN_TRANSACTION, 1.0)
        return int(row[0]) if row else None

    def first(self, statement: str, seconds: float, *parameters: object) -> tuple[Any, ...] | None:
        """The first row, as soon as there is one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if rows := self.look(statement, *parameters):
                return rows[0]
        return None

    def delivered(self) -> Counter[str]:
        """How often the gateway wrote each of our references down, by its own log."""
        lines = self.gateway_log.read_text(encoding="utf-8").splitlines() if self.gateway_log.exists() else []
        return Counter(json.loads(line)["reference"] for line in lines)

    # The broker's own unreliability

    def double_every_queue(self) -> None:
        """One message a queue, delivered twice. A broker that is away has nothing to double."""
        try:
            for queue in all_queues():
                message = dramatiq.Message[Any](queue_name=queue, actor_name=queue, args=(), kwargs={}, options={})
                for _ in range(2):
                    broker().enqueue(message)
        except (redis.RedisError, dramatiq.DramatiqError):
            pass


def parent_of(pid: int) -> int | None:
    """The process that started another one; None where that is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return None


def holds_one(pid: int, sockets: set[str]) -> bool:
    """Whether one of these sockets, by their inodes, is the process's own."""
    try:
        return any(os.readlink(descriptor) in sockets for descriptor in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it ended, or closed one, while we looked
        return False


def sockets_at(port: int) -> set[str]:
    """The local ends of connections at this port, as /proc names them."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]]
    return {f"socket:[{fields[9]}]" for fields in lines if fields[1].endswith(f":{port:04X}")}


@contextmanager
def running_system(system: RunningSystem, register: str) -> Iterator[None]:
    """Everything up and running on the database in use."""
    set_settings(population_register=register, tries_spread=TRIES_SPREAD_SECONDS)
    try:
        system.open_gateway()
        system.open_hosts()
        yield
    finally:
        system.close()
