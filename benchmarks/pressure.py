"""`sijil bench pressure`: measures the engine beside an old open snapshot and 300,000 timers, against the engine alone.

While a snapshot is open, vacuum removes no row that died since, and claims read through all dead rows.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from benchmarks import engine
from benchmarks.pairs import ratio
from benchmarks.prepared import PREPARED, Say, Workers, vacuum_analyze
from models.database import autocommit_connection, database_url
from trials.servers import ProofServers, proof_servers
from workflows.flows import grammar

SNAPSHOT_SECONDS = 60.0
TIMERS = 300_000
# Adds registrations that wait for a correction: copies of the first case, each with its own declarant and household.
ADD_TIMERS = """
    insert into cases (kind, stage, open, machine, ready, waiting, queue, lane, rank, due_at, deadline, version, head,
        household_id, applicant_idcs, region, province, body_number, submitted_at, stage_since)
    select kind, 'needs_correction', true, false, false, false, %(queue)s, lane, rank,
        now() + n * interval '5 seconds' + interval '1 day', now() + interval '30 days', 2, head,
        nextval('household_id_seq'), 'T' || n, region, province, body_number, submitted_at, stage_since
    from (select * from cases order by id limit 1) as one, generate_series(1, %(count)s) as n
"""


def measure(pairs: int, seed: int, workers: Workers, say: Say) -> dict[str, Any]:
    """The ratio of the rates: the engine under pressure to the engine alone."""
    with proof_servers("bench") as servers:
        count = engine.calibrated(servers, seed, workers, say)
        servers.copy(PREPARED, "pressed")
        add_timers(TIMERS)
        vacuum_analyze()
        say(f"{count} cases are due; {TIMERS} timers wait in the burdened copy")
        found = ratio(
            pairs, lambda: under_pressure(servers, workers), lambda: engine.measure(servers, PREPARED, workers), say
        )
    return {
        **found,
        "cases": count,
        "timers": TIMERS,
        "snapshot_seconds": SNAPSHOT_SECONDS,
        "settings": workers._asdict(),
    }


def add_timers(count: int) -> None:
    """Adds so many timers to the database in use."""
    with autocommit_connection() as connection:
        connection.execute(ADD_TIMERS, {"count": count, "queue": grammar.TIMERS})


def under_pressure(servers: ProofServers, workers: Workers) -> tuple[float, float]:
    """Measures the engine once, beside the snapshot."""
    servers.copy("pressed", "engine_run")
    with snapshot():
        return engine.run(workers)


@contextmanager
def snapshot() -> Iterator[None]:
    """Holds a snapshot open; the block begins when it is SNAPSHOT_SECONDS old."""
    with psycopg.connect(database_url()) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("select count(*) from paused_queue")
        time.sleep(SNAPSHOT_SECONDS)
        yield
        connection.rollback()
