"""`sijil bench profile`: where the CPU time of a case goes, in a worker and in its sessions of PostgreSQL.

One worker thread works off prepared cases in this process: a batch as it is and one under a stopwatch, in turn, and one
more while libpq traces what it sends and receives.
"""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple

import psycopg

from benchmarks.prepared import PREPARED, Say, prepare, query_value, resume_queues
from models.connection import APPLICATION
from models.database import transaction
from models.garbage import SELDOM, leave_what_exists
from sijil.processes import set_settings
from tasks.bootstrap import adapters
from tasks.wake import wake
from tasks.worker import new_attempts
from trials.servers import ProofServers, proof_servers
from workflows.engine import load, progress, projections, record, work
from workflows.flows import case_queues
from workflows.queue import attempts, batch, drain
from workflows.queue.batch import BatchRunner
from workflows.queue.drain import Drainer
from workflows.registers.population import LocalRegister
from workflows.registers.social import LocalSocialRegister

SESSIONS = "select array_agg(pid) from pg_stat_activity where application_name = %s"
OTHER = "queue states, and the rest"
BATCH = 500
EMPTY_CALLS = 20_000


class Phase(NamedTuple):
    """A function, and the phase that its time counts for, without the time of the phases inside it."""

    owner: Any
    name: str
    label: str
    of_batch: bool = True  # False: called for each case, and never asks the database


PHASES = (
    Phase(attempts.Attempts, "kinds_due", "claim"),
    Phase(drain, "claim", "claim"),
    Phase(batch, "open_places", "claim"),
    Phase(attempts.Attempts, "begin", "attempt"),
    Phase(work, "case_files", "load: read bodies"),
    Phase(load, "case_file", "load: validate bodies", False),
    Phase(load, "past_events", "load: past events"),
    Phase(work, "decide_all", "gather: build evidence"),
    Phase(LocalRegister, "compare", "gather: ask the population register"),
    Phase(LocalSocialRegister, "claim_persons", "gather: claim persons"),
    Phase(LocalSocialRegister, "households_by_phone", "gather: count phones"),
    Phase(LocalSocialRegister, "last_versions", "gather: last versions"),
    Phase(work, "decide_at", "decide", False),
    Phase(work, "apply", "apply: move the file, write messages", False),
    Phase(progress, "seal", "apply: encode and hash", False),
    Phase(projections.Projection, "rows_of", "record: make rows"),
    Phase(record, "copy", "record: COPY {1}"),
    Phase(record, "release", "record: release persons"),
    Phase(work, "record", "record: UPDATE cases"),
    Phase(work, "open_children", "record: turns, opened cases"),
    Phase(work, "let_next_in", "record: turns, opened cases"),
    Phase(work, "wake_parents", "record: turns, opened cases"),
    Phase(psycopg.Connection, "commit", "commit"),
)


@dataclass(slots=True)
class Spent:
    """What a phase spent: nanoseconds of CPU in the worker and in its sessions of PostgreSQL."""

    worker: float = 0
    postgres: int = 0

    def each_of(self, cases: int) -> dict[str, float]:
        """Microseconds of each of so many cases."""
        return {"worker": round(self.worker / 1000 / cases, 1), "postgres": round(self.postgres / 1000 / cases, 1)}


@dataclass(slots=True)
class Stopwatch:
    """Charges the time to the innermost phase that runs."""

    sessions: Callable[[], int]  # nanoseconds of CPU of our sessions so far
    spent: dict[str, Spent] = field(default_factory=lambda: defaultdict(Spent))
    labels: list[str] = field(default_factory=lambda: [OTHER])
    worker: int = field(default_factory=time.thread_time_ns)
    postgres: int = 0
    own: float = 0.0  # nanoseconds that a charge costs, which no phase is charged

    def charge(self, of_batch: bool) -> None:
        """Charges all time since the last charge to the phase that runs."""
        spent, now = self.spent[self.labels[-1]], time.thread_time_ns()
        spent.worker += now - self.worker - self.own
        self.worker = now
        if of_batch:  # inside a batch's phases alone do our sessions work
            now = self.sessions()
            spent.postgres += now - self.postgres
            self.postgres = now

    def timed(self, phase: Phase, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with its time charged to its phase."""

        by_argument = "{" in phase.label

        @wraps(function)
        def call(*arguments: Any) -> Any:
            self.charge(phase.of_batch)
            self.labels.append(phase.label.format(*arguments) if by_argument else phase.label)
            try:
                return function(*arguments)
            finally:
                self.charge(phase.of_batch)
                self.labels.pop()

        return call

    @contextmanager
    def running(self) -> Iterator[None]:
        """Times every phase within this block."""
        with ExitStack() as stack:
            for phase in PHASES:
                function = getattr(phase.owner, phase.name)
                setattr(phase.owner, phase.name, self.timed(phase, function))
                stack.callback(setattr, phase.owner, phase.name, function)
            self.own = cost_of_a_charge()
            self.worker, self.postgres = time.thread_time_ns(), self.sessions()
            yield
            self.charge(of_batch=True)


def cost_of_a_charge() -> float:
    """What a stopwatch adds to a function for each of its two charges, in nanoseconds of CPU."""
    function = Stopwatch(lambda: 0).timed(Phase(None, "", OTHER, of_batch=False), lambda: None)
    began = time.thread_time_ns()
    for _ in range(EMPTY_CALLS):
        function()
    return (time.thread_time_ns() - began) / EMPTY_CALLS / 2


# A worker ------------------------------------------------------------------------------------------


def measure(cases: int, seed: int, say: Say) -> dict[str, Any]:
    """Microseconds of CPU a case, by process and by phase; statements and bytes of one batch."""
    with proof_servers("bench") as servers:
        say(f"preparing {cases} cases ...")
        prepare(servers, PREPARED, cases, seed)
        set_settings(batch=BATCH)
        resume_queues()
        drainer = worker()
        drain_rounds(drainer, 1)  # opens the connections and fills the caches
        say("working them off ...")
        found = in_turn(servers, drainer, cases // BATCH // 2 - 1)
        found["batch"] = traced(drainer)
        drainer.runner.attempts.sign_off()
    return {"cases": cases, **found}


def in_turn(servers: ProofServers, drainer: Drainer, rounds: int) -> dict[str, Any]:
    """Works so many batches as they are, and as many under the stopwatch, in turn: the machine may slow down."""
    sessions = sessions_clock()
    server, stopwatch, plain, worked = server_clock(servers), Stopwatch(sessions), Spent(), 0
    server_before, sessions_before = server(), sessions()
    for _ in range(rounds):
        began = time.thread_time_ns(), sessions()
        worked += drain_rounds(drainer, 1)
        plain.worker += time.thread_time_ns() - began[0]
        plain.postgres += sessions() - began[1]
        with stopwatch.running():
            drain_rounds(drainer, 1)
    beside = Spent(postgres=server() - server_before - (sessions() - sessions_before))
    phases = {label: spent.each_of(worked) for label, spent in sorted(stopwatch.spent.items(), key=in_order)}
    return {"phases": phases, "plain": plain.each_of(worked), "beside": beside.each_of(2 * worked)["postgres"]}


def in_order(phase: tuple[str, Spent]) -> int:
    """Where a phase stands in PHASES; the rest comes last."""
    order = [each.label.partition("{")[0] for each in PHASES] + [OTHER]
    return next(place for place, each in enumerate(order) if phase[0].startswith(each))


def worker() -> Drainer:
    """A worker of one thread in this process, set up as `sijil work` does."""
    leave_what_exists(SELDOM)
    queues = frozenset(case_queues())
    return Drainer(BatchRunner(adapters(), new_attempts(queues), queues, wake), BATCH)


def drain_rounds(drainer: Drainer, rounds: int) -> int:
    """Works so many batches; returns how many cases they held."""
    return sum(drainer.one_round(case_queues()[0]) for _ in range(rounds))


def sessions_clock() -> Callable[[], int]:
    """A clock of the CPU that this process's sessions of PostgreSQL have used, in nanoseconds."""
    paths = [f"/proc/{pid}/schedstat" for pid in query_value(SESSIONS, APPLICATION)]
    files = [os.open(path, os.O_RDONLY) for path in paths]  # a session outlives the clock
    return lambda: sum(int(os.pread(file, 32, 0).split()[0]) for file in files)


def server_clock(servers: ProofServers) -> Callable[[], int]:
    """The same of all processes of the server: sessions, WAL writer, checkpointer, autovacuum."""
    assert servers.postgres.process is not None
    parent = str(servers.postgres.process.pid)
    seen: dict[str, int] = {}  # what a process had used that may have ended since

    def clock() -> int:
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1] == parent:
                    seen[folder.name] = int((folder / "schedstat").read_text(encoding="utf-8").split()[0])
        return sum(seen.values())

    return clock


def traced(drainer: Drainer) -> dict[str, int]:
    """Works one batch; the statements of its session and the bytes that it sent and received, as libpq traces them."""
    with TemporaryFile("w+", encoding="utf-8") as file:
        with transaction() as connection:  # the pool has one, which the batch will use, too
            session = connection.pgconn
        session.trace(file.fileno())
        cases = drain_rounds(drainer, 1)
        session.untrace()
        file.seek(0)
        lines = [parts for line in file if len(parts := line.rstrip("\n").split("\t")) >= 4]
    # A line of the trace: time, F or B (sent by the front end or the back end), length, kind, contents.
    size = {end: sum(int(length) for _, sender, length, *_ in lines if sender == end) for end in ("F", "B")}
    statements = sum(sender == "B" and kind == "CommandComplete" for _, sender, _, kind, *_ in lines)
    return {"cases": cases, "statements": statements, "bytes_sent": size["F"], "bytes_received": size["B"]}


def table(found: Mapping[str, Any]) -> list[str]:
    """The result as lines: each phase with its share of the time of all phases."""
    phases = found["phases"]
    total = {side: sum(each[side] for each in phases.values()) for side in ("worker", "postgres")}
    rows = [(label, each["worker"], each["postgres"]) for label, each in phases.items()]
    lines = [f"{'':<40}{'worker':>8}{'postgres':>10}{'share':>8}"]
    for label, in_worker, in_postgres in [*rows, ("all phases", total["worker"], total["postgres"])]:
        share = (in_worker + in_postgres) / sum(total.values())
        lines.append(f"{label:<40}{in_worker:>8.1f}{in_postgres:>10.1f}{share:>8.1%}")
    plain = f"worker {found['plain']['worker']}, its sessions {found['plain']['postgres']}"
    traffic = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in found["batch"].items())
    return [*lines, f"without the stopwatch: {plain}, PostgreSQL beside {found['beside']}", f"one batch: {traffic}"]
