"""`sijil bench pressure`: the engine while a snapshot 60 seconds old is held open and 300,000 timers wait, against the
engine without.

An old snapshot keeps every dead row and index entry alive that claims then wade through.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from benchmarks import engine
from benchmarks.pairs import ratio
from benchmarks.prepared import PREPARED, Say, Workers, tidy
from models.database import autocommit_connection, database_url
from trials.servers import ProofServers, proof_servers

SNAPSHOT_SECONDS = 60.0
TIMERS = 300_000
# Cases that wait for a correction, as the first case of the table would; each with its own declarant and household.
ADD_TIMERS = """
    insert into cases (kind, stage, open, machine, queue, lane, ready, rank, due_at, deadline, version, head,
        household_id, applicant_idcs,
        region, body_number, submitted_at, stage_since)
    select kind, 'needs_correction', true, false, 'timers', lane, false, rank,
        now() + n * interval '5 seconds' + interval '1 day',
        now() + interval '30 days', 2, head, nextval('household_id_seq'), 'T' || n, region, body_number, submitted_at,
            stage_since
    from (select * from cases order by id limit 1) as one, generate_series(1, %s) as n
"""


def measure(pairs: int, seed: int, workers: Workers, say: Say) -> dict[str, Any]:
    """`ratio` of the rates, with over without."""
    with proof_servers("bench") as servers:
        count = engine.calibrated(servers, seed, workers, say)
        servers.copy(PREPARED, "pressed")
        with autocommit_connection() as connection:
            connection.execute(ADD_TIMERS, [TIMERS])
        tidy()
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


def under_pressure(servers: ProofServers, workers: Workers) -> tuple[float, float]:
    """One run beside the snapshot."""
    servers.copy("pressed", "engine_run")
    with snapshot():
        return engine.run(workers)


@contextmanager
def snapshot() -> Iterator[None]:
    """A transaction that has read once and stays open; entered when it is as old as it must be."""
    with psycopg.connect(database_url()) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.execute("select count(*) from paused_queue")
        time.sleep(SNAPSHOT_SECONDS)
        yield
        connection.rollback()
