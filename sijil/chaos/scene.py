"""What is struck at: the servers, the supervisor with its workers, the gateway; and looking at them from outside."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any, NamedTuple

import dramatiq
import psycopg
import redis

from models.database import dial
from models.errors import Broken
from models.settings import settings
from sijil.ground import Ground
from sijil.processes import configure, start, start_gateway, stop
from tasks.broker import broker
from tasks.queues import ALL

WORKERS = 2
CALL_MILLISECONDS = 150  # of the gateway: half before a message is written down, half after
READY_SECONDS = 60.0
OPEN = "select a.id, w.pid from attempt a join worker w on w.id = a.worker_id order by a.at desc limit 1"
IN_CALL = "select w.pid from message m join worker w on w.id = m.lease_owner where m.status = 'sending' and m.due_at > now() limit 1"
STILL_IN_CALL = "select exists (select from message m join worker w on w.id = m.lease_owner where w.pid = %s and m.status = 'sending')"
STILL_OPEN = "select count(*) from attempt where id = %s"
IN_TRANSACTION = """
    select pid from pg_stat_activity
    where backend_type = 'client backend' and datname = current_database() and xact_start is not null and pid <> pg_backend_pid() order by xact_start limit 1
"""


class Batch(NamedTuple):
    """An open batch: its page in the logbook, and the process that works on it."""

    attempt: int
    pid: int


@dataclass
class Scene:
    """Everything that runs. The workers' words go into a file beside it."""

    on: Ground
    folder: Path
    gateway: "Popen[bytes] | None" = None
    supervisor: "Popen[bytes] | None" = None
    port: int = 0
    connection: "psycopg.Connection[Any] | None" = field(default=None)

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
        """Whether it still stands in the book: its transaction never ended."""
        rows = self.look(STILL_OPEN, batch.attempt) if batch else None
        return bool(rows and rows[0][0])

    def caller(self, seconds: float) -> int | None:
        """The process that is in a call to the gateway."""
        row = self.first(IN_CALL, seconds)
        return int(row[0]) if row else None

    def is_in_call(self, pid: int) -> bool:
        """Whether its messages are still under a lease that was not answered."""
        rows = self.look(STILL_IN_CALL, pid)
        return bool(rows and rows[0][0])

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
        lines = self.gateway_log.read_text().splitlines() if self.gateway_log.exists() else []
        return Counter(json.loads(line)["reference"] for line in lines)

    # The broker's own unreliability

    def double_every_queue(self) -> None:
        """One message a queue, delivered twice. A broker that is away has nothing to double."""
        try:
            for queue in ALL:
                message = dramatiq.Message[Any](queue_name=queue, actor_name=queue, args=(), kwargs={}, options={})
                for _ in range(2):
                    broker().enqueue(message)
        except (redis.RedisError, dramatiq.DramatiqError):
            pass


def end(pid: int) -> bool:
    """SIGKILL; whether there was such a process."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def scene(on: Ground, register: str) -> Iterator[Scene]:
    """Everything up and running on the database in use."""
    made = Scene(on, settings().home)
    configure(population_register=register)
    try:
        made.open_gateway()
        made.open_workers()
        yield made
    finally:
        made.close()
