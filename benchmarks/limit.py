"""Measures the engine's work without a queue: gather, decide and record over ranges of ids, without claims and wakes.

python -m benchmarks.limit PROCESS PROCESSES THREADS BATCH     waits for the start, then works its share
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from subprocess import PIPE
from threading import Lock

from benchmarks.engine import DONE
from benchmarks.prepared import Workers, first_decision, notified, query_value, wait_for
from models import clock
from models.database import transaction
from models.garbage import SELDOM, leave_what_exists
from models.settings import settings
from sijil.processes import start, stop
from tasks.bootstrap import adapters
from trials.servers import ProofServers
from workflows.engine.load import COLUMNS, CaseRow
from workflows.engine.work import work
from workflows.flows import places
from workflows.flows.grammar import MACHINE

ROWS = f"select {COLUMNS} from cases where id between %s and %s and ready order by id"


def measure(servers: ProofServers, prepared: str, workers: Workers) -> tuple[float, float]:
    """Cases a second that reached `notified`, over how many seconds."""
    servers.copy(prepared, "limit_run")
    children = [start("benchmarks.limit", str(i), *map(str, workers), stdout=PIPE) for i in range(workers.processes)]
    try:
        for child in children:
            assert child.stdout is not None
            child.stdout.readline()  # ready: imports and connections are not measured
        query_value("update paused_queue set actor = 'go' returning true")
        last = wait_for(DONE)
    finally:
        stop(children)
    seconds = last - first_decision()
    return notified() / seconds, seconds


def main(process: int, processes: int, threads: int, batch: int) -> None:
    """One process's share: every `processes`-th range, taken by its threads in turn."""
    leave_what_exists(SELDOM)
    loaded = adapters()
    stages = frozenset((kind, stage.name) for kind, stage in places() if stage.owner == MACHINE)
    ranges, lock = shares(process, processes, batch), Lock()

    def next_range() -> tuple[int, int] | None:
        with lock:
            return next(ranges, None)

    def thread() -> None:
        while (found := next_range()) is not None:
            with transaction() as connection:
                rows = [CaseRow(*row) for row in connection.execute(ROWS, found)]
                work(connection, rows, loaded, clock.now(), stages)

    query_value("select 1")
    print("ready", flush=True)
    wait_for("select exists (select from paused_queue where actor = 'go')")
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(thread) for _ in range(threads)]:
            done.result()


def shares(process: int, processes: int, batch: int) -> Iterator[tuple[int, int]]:
    """The ranges of ids of one process, each as wide as a batch."""
    first, last = query_value("select min(id) from cases"), query_value("select max(id) from cases")
    return ((low, low + batch - 1) for i, low in enumerate(range(first, last + 1, batch)) if i % processes == process)


if __name__ == "__main__":
    assert settings().database_url
    main(*map(int, sys.argv[1:]))
