"""Copies the rows that the engine wrote, by plain COPY into empty tables with the same indexes.

It shows what the disk and the indexes cost: two connections commit 500 cases at a time, and neither decide nor hash.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg

from benchmarks.prepared import LEAST_SECONDS
from models.database import Connection, autocommit_connection, database_url, scalar

SET = 500
# For each table, the rows that the engine wrote for a range of cases.
WRITTEN = {
    "event": "select * from event where seq > 1 and case_id between {low} and {high}",
    "score": "select * from score where case_id between {low} and {high}",
    "household": "select * from household where registered_by between {low} and {high}",
    "household_version": "select * from household_version where case_id between {low} and {high}",
    "household_period": "select p.* from household_period p "
    "join household_version v using (household_id, version) where v.case_id between {low} and {high}",
    "household_member": "select m.* from household_member m "
    "join household_version v using (household_id, version) where v.case_id between {low} and {high}",
    "eligibility": "select e.* from eligibility e "
    "join household_version v using (household_id, version) where v.case_id between {low} and {high}",
    "message": "select * from message where seq > 1 and case_id between {low} and {high}",
    "person_claim": "select * from person_claim where case_id between {low} and {high}",
    "cases": "select * from cases where id between {low} and {high}",
}
Chunk = tuple[int, dict[str, bytes]]  # how many cases reached `notified`, and the rows of each table


def measure(most_cases: int = 20_000) -> tuple[float, float]:
    """Cases a second over how many seconds, from the database in use, in which an engine has just run."""
    address = database_url()
    with autocommit_connection() as connection:
        chunks = read_chunks(connection, most_cases)
        for table in WRITTEN:
            connection.execute(f"create table copy_{table} (like {table} including all)")
        seconds, cases = 0.0, 0
        while seconds < LEAST_SECONDS:
            connection.execute("truncate " + ", ".join(f"copy_{table}" for table in WRITTEN))
            connection.execute("checkpoint")
            began = time.monotonic()
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(write_chunks, [(address, chunks[0::2]), (address, chunks[1::2])]))
            seconds += time.monotonic() - began
            cases += sum(count for count, _ in chunks)
        for table in WRITTEN:
            connection.execute(f"drop table copy_{table}")
    return cases / seconds, seconds


def read_chunks(connection: Connection, most_cases: int) -> list[Chunk]:
    """Reads the rows of all tables in COPY's binary format, 500 cases at a time."""
    low, high = (int(scalar(connection, f"select {end}(id) from cases")) for end in ("min", "max"))
    return [
        read_chunk(connection, start, min(start + SET - 1, high))
        for start in range(low, min(high, low + most_cases - 1) + 1, SET)
    ]


def read_chunk(connection: Connection, low: int, high: int) -> Chunk:
    """Reads the rows of one range of cases."""
    rows = {}
    for table, statement in WRITTEN.items():
        with (
            connection.cursor() as cursor,
            cursor.copy(f"copy ({statement.format(low=low, high=high)}) to stdout (format binary)") as stream,
        ):
            rows[table] = b"".join(bytes(each) for each in stream)
    notified = "select count(*) from cases where stage = 'notified' and id between %s and %s"
    return scalar(connection, notified, [low, high]), rows


def write_chunks(share: tuple[str, list[Chunk]]) -> None:
    """Writes one connection's share of the rows."""
    address, chunks = share
    with psycopg.connect(address) as connection:
        for _, rows in chunks:
            for table, data in rows.items():
                with (
                    connection.cursor() as cursor,
                    cursor.copy(f"copy copy_{table} from stdin (format binary)") as stream,
                ):
                    stream.write(data)
            connection.commit()
