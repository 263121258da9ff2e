"""The running system that is struck: servers, hosts with supervisors and workers, the gateway; seen from outside."""

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
from trials.chaos.register import FaultyRegister
from trials.gateway_process import start_gateway
from trials.servers import ProofServers
from workflows.flows import all_queues

CALL_MILLISECONDS = 150  # of a call to the gateway: half before a message is written down, half after
READY_SECONDS = 60.0
TRIES_SPREAD_SECONDS = 8  # instead of an hour: a case that fails is parked before the register is mended
OPEN = "select a.id, w.pid from attempt a join worker w on w.id = a.worker_id order by a.at desc limit 1"
STILL_OPEN = "select count(*) from attempt where id = %s"
# A connection that began since then and is taking applications in; the connections of the crowd are older.
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
    """The running system, and a connection to look at it from outside."""

    servers: ProofServers
    people: Crowd
    files: Files
    register: FaultyRegister | None = None  # where the population register is elsewhere
    folder: Path = field(default_factory=lambda: settings().home)
    gateway: "Popen[bytes] | None" = None
    hosts: list[Host] = field(default_factory=list)
    port: int = 0
    connection: "psycopg.Connection[Any] | None" = None
    # One client for all looks: to make a new one takes as long as half a call.
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=1.0))

    @property
    def gateway_log(self) -> Path:
        """The gateway's log of accepted messages."""
        return self.folder / "gateway.ndjson"

    @property
    def work_log(self) -> Path:
        """The log of supervisors and workers."""
        return self.folder / "work.log"

    # The processes

    def open_gateway(self) -> None:
        """Starts the gateway, on the port that it had before."""
        self.gateway = start_gateway(self.gateway_log, port=self.port, delay_ms=CALL_MILLISECONDS)
        self.port = int(settings().gateway_url.rsplit(":", 1)[1])

    def open_hosts(self) -> None:
        """Starts the hosts, and waits until their workers are signed on."""
        self.hosts = [Host(name, queues, self.work_log) for name, queues in SHARED.items()]
        for host in self.hosts:
            host.begin()
        self.wait_until("select count(*) >= %s from worker", PROCESSES * len(self.hosts))

    def deploy(self, queues_of: Mapping[str, Sequence[str]], name: str) -> None:
        """Restarts one host after the other, each for other queues, all under this name."""
        for host, queues in zip(self.hosts, queues_of.values(), strict=True):
            host.deploy(name, queues)

    def host_of(self, pid: int) -> Host | None:
        """The host whose worker a process is."""
        return next((host for host in self.hosts if host.process and host.process.pid == parent_of(pid)), None)

    def slow_gateway(self, how: str, seconds: float) -> None:
        """Makes the gateway slow for so long: `drip` or `freeze`."""
        try:
            self.http.post(f"{settings().gateway_url}/slow", json={"how": how, "seconds": seconds})
        except httpx.HTTPError:
            pass  # the gateway was killed a moment ago: it is away, which is worse than slow

    def close(self) -> None:
        """Stops the hosts, the gateway and the register, and closes our own connections."""
        stop([child for child in (*(host.process for host in self.hosts), self.gateway) if child is not None])
        if self.register is not None:
            self.register.close()
        self.http.close()
        if self.connection is not None:
            self.connection.close()

    # Looking

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]] | None:
        """The rows of a statement; None while the database is away."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = autocommit_connection()
            return self.connection.execute(statement, parameters).fetchall()
        except psycopg.OperationalError:
            if self.connection is not None:
                self.connection.close()
            return None

    def wait_until(self, statement: str, *parameters: object, seconds: float = READY_SECONDS) -> None:
        """Waits until a statement is true. Raises Broken where it is not after `seconds`."""
        until = time.monotonic() + seconds
        while not ((rows := self.query(statement, *parameters)) and rows[0][0]):
            if time.monotonic() > until:
                raise Broken(
                    f"Chaos waited {seconds:.0f} s in vain for: {statement}. Read the workers' log: {self.work_log}"
                )
            time.sleep(0.05)

    def open_batch(self, seconds: float) -> Batch | None:
        """Waits for an open batch; None after `seconds`."""
        row = self.first_row(OPEN, seconds)
        return Batch(*row) if row else None

    def is_open(self, batch: Batch | None) -> bool:
        """Whether a batch is still in `attempt`: its transaction has not ended."""
        rows = self.query(STILL_OPEN, batch.attempt) if batch else None
        return bool(rows and rows[0][0])

    def call(self, seconds: float) -> Call | None:
        """Waits for a call to the gateway; None after `seconds`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if calls := self.calls():
                return calls[0]
            time.sleep(0.01)
        return None

    def is_in_hand(self, call: Call) -> bool:
        """Whether the gateway still has this call in hand."""
        return call in self.calls()

    def calls(self) -> list[Call]:
        """The calls that the gateway has in hand, by its own account and not by the ledger's."""
        try:
            ports = self.http.get(f"{settings().gateway_url}/calls").json()["ports"]
        except httpx.HTTPError:
            return []
        pids = [pid for (pid,) in self.query("select pid from worker") or []]
        return [
            Call(port, pid)
            for port in ports
            if (sockets := sockets_at(port))
            for pid in pids
            if holds_one(pid, sockets)
        ]

    def backend_in_transaction(self) -> int | None:
        """The server process of the oldest open transaction."""
        row = self.first_row(IN_TRANSACTION, 1.0)
        return int(row[0]) if row else None

    def first_row(self, statement: str, seconds: float, *parameters: object) -> tuple[Any, ...] | None:
        """Waits for a row of a statement; None after `seconds`."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if rows := self.query(statement, *parameters):
                return rows[0]
        return None

    def delivered(self) -> Counter[str]:
        """How often the gateway's log holds each of our references."""
        lines = self.gateway_log.read_text(encoding="utf-8").splitlines() if self.gateway_log.exists() else []
        return Counter(json.loads(line)["reference"] for line in lines)

    # The broker's own unreliability

    def double_every_queue(self) -> None:
        """Sends two messages to each queue, as a broker that delivers one twice. A broker that is away gets none."""
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
    """Runs the gateway, the register where it is elsewhere, and the hosts on the database in use."""
    set_settings(population_register=register, tries_spread=TRIES_SPREAD_SECONDS)
    try:
        if system.register is not None:
            system.register.begin()
        system.open_gateway()
        system.open_hosts()
        yield
    finally:
        system.close()
