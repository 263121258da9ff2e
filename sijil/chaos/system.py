"""What is struck at: the servers, the supervisor with its workers, the gateway; and looking at them from outside."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any, NamedTuple

import dramatiq
import httpx
import psycopg
import redis

from models.database import dial
from models.errors import Broken
from models.settings import settings
from sijil.chaos.crowd import Crowd
from sijil.processes import set_settings, start, start_gateway, stop
from sijil.proof_servers import ProofServers
from tasks.broker import broker
from workflows.flow import ALL_QUEUES

WORKERS = 2
CALL_MILLISECONDS = 150  # of the gateway: half before a message is written down, half after
READY_SECONDS = 60.0
OPEN = "select a.id, w.pid from attempt a join worker w on w.id = a.worker_id order by a.at desc limit 1"
STILL_OPEN = "select count(*) from attempt where id = %s"
IN_TRANSACTION = """
    select pid from pg_stat_activity
    where backend_type = 'client backend' and datname = current_database() and xact_start is not null and pid <> pg_backend_pid() order by xact_start limit 1
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
    folder: Path
    gateway: "Popen[bytes] | None" = None
    supervisor: "Popen[bytes] | None" = None
    port: int = 0
    connection: "psycopg.Connection[Any] | None" = None

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

    def open_workers(self) -> None:
        """Starts `sijil work`."""
        with self.work_log.open("ab") as log:
            self.supervisor = start("sijil", "work", "--processes", str(WORKERS), stdout=log, stderr=log)
        self.wait("select count(*) >= %s from worker", WORKERS)

    def close(self) -> None:
        """Ends them in good order."""
        stop([child for child in (self.supervisor, self.gateway) if child is not None])
        if self.connection is not None:
            self.connection.close()

    # Looking

    def look(self, statement: str, *parameters: object) -> list[tuple[Any, ...]] | None:
        """Rows, through a connection of our own; None while the database is away."""
        try:
            if self.connection is None or self.connection.closed:
                self.connection = dial()
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
            ports = httpx.get(f"{settings().gateway_url}/calls", timeout=1.0).json()["ports"]
        except httpx.HTTPError:
            return []
        pids = [pid for (pid,) in self.look("select pid from worker") or []]
        return [Call(port, pid) for port in ports if (sockets := sockets_at(port)) for pid in pids if holds_one(pid, sockets)]

    def backend_in_transaction(self) -> int | None:
        """The server's process behind a worker's open transaction."""
        row = self.first(IN_TRANSACTION, 1.0)
        return int(row[0]) if row else None

    def first(self, statement: str, seconds: float) -> tuple[Any, ...] | None:
        """The first row, as soon as there is one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if rows := self.look(statement):
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
            for queue in ALL_QUEUES:
                message = dramatiq.Message[Any](queue_name=queue, actor_name=queue, args=(), kwargs={}, options={})
                for _ in range(2):
                    broker().enqueue(message)
        except (redis.RedisError, dramatiq.DramatiqError):
            pass


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
def running_system(servers: ProofServers, people: Crowd, register: str) -> Iterator[RunningSystem]:
    """Everything up and running on the database in use."""
    made = RunningSystem(servers, people, settings().home)
    set_settings(population_register=register)
    try:
        made.open_gateway()
        made.open_workers()
        yield made
    finally:
        made.close()
