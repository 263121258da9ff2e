"""`sijil bench growth`: the engine with 300,000 finished cases in the tables against the engine with 10,000.

The 10,000 are worked off by the engine itself; the many are their rows, thirty times, with numbers and identifiers of
their own.
"""

from typing import Any

import psycopg

from benchmarks import engine
from benchmarks.engine import DONE
from benchmarks.pairs import ratio
from benchmarks.prepared import Say, Workers, fill, hold, let_go, tidy, wait_for, working
from models.database import database_url
from trials.servers import ProofServers, proof_servers

FEW, TIMES = 10_000, 30
# Longer than the other runs: after every checkpoint the first touch of a page is written whole (full_page_writes), and
# the more pages there are, the longer that weighs. A checkpoint is 15 minutes of work; ten seconds after one would show
# little else.
SECONDS = 15.0
FIRST_OF_MANY = 500_000  # households of the seed from here on are the finished ones
SHIFT = 10_000_000  # between the numbers of one copy and the next
# Every table that grows with cases, in the terms of copy `k`. An identifier with a 0 in front belongs to no generated
# person.
MULTIPLY = (
    "create temporary table alias as select idcs, row_number() over (order by idcs) as place from person",
    "create unique index on alias (idcs)",
    """
    insert into person (idcs, given_name_ar, family_name_ar, given_name_la, family_name_la, birth_date,
        birth_precision, sex, cin, status)
    select '0' || lpad(((select count(*)
        from alias) * (k - 1) + a.place)::text, 9, '0'), p.given_name_ar, p.family_name_ar, p.given_name_la,
        p.family_name_la, p.birth_date, p.birth_precision, p.sex, p.cin, p.status
    from person p join alias a using (idcs), generate_series(1, {copies}) as k
    """,
)
NAMES = "select column_name from information_schema.columns where table_name = %s order by ordinal_position"
COPIED = {
    "cases": {
        "id": "id + {shift}",
        "household_id": "household_id + {shift}",
        "applicant_idcs": "applicant_idcs || '-' || k",
    },
    "receipt": {
        "reference": "reference || '-' || k",
        "case_id": "case_id + {shift}",
        "idempotency_key": "idempotency_key || '-' || k",
    },
    "case_body": {"case_id": "case_id + {shift}", "household_id": "household_id + {shift}"},
    "event": {"case_id": "case_id + {shift}"},
    "person_claim": {
        "idcs": "idcs || '-' || k",
        "household_id": "household_id + {shift}",
        "case_id": "case_id + {shift}",
    },
    "household": {"id": "id + {shift}", "registered_by": "registered_by + {shift}"},
    "household_version": {"household_id": "household_id + {shift}", "case_id": "case_id + {shift}"},
    "household_member": {"household_id": "household_id + {shift}", "idcs": "idcs || '-' || k"},
    "score": {"case_id": "case_id + {shift}", "household_id": "household_id + {shift}"},
    "eligibility": {"household_id": "household_id + {shift}"},
    "message": {"case_id": "case_id + {shift}", "id": "uuidv7()"},
}


def measure(pairs: int, seed: int, workers: Workers, say: Say) -> dict[str, Any]:
    """`ratio` of the rates, with many finished cases over few."""
    with proof_servers("bench") as servers:
        count = engine.calibrated(servers, seed, workers, say, SECONDS)
        say(f"working {FEW} cases off ...")
        finish(servers, seed, workers)
        servers.copy("few", "many")
        say(f"multiplying them to {FEW * TIMES} ...")
        multiply(TIMES - 1)
        for database in ("few", "many"):
            servers.use(database)
            hold()
            fill(count, seed)
            tidy()
        found = ratio(
            pairs,
            lambda: engine.measure(servers, "many", workers),
            lambda: engine.measure(servers, "few", workers),
            say,
        )
    return {**found, "cases": count, "finished": [FEW * TIMES, FEW], "settings": workers._asdict()}


def finish(servers: ProofServers, seed: int, workers: Workers) -> None:
    """A database in which the engine has done its work on the few."""
    servers.create("few")
    hold()
    fill(FEW, seed, FIRST_OF_MANY)
    with working(workers):
        let_go()
        wait_for(DONE)
    tidy()


def multiply(copies: int) -> None:
    """Adds so many copies of all there is to the database in use."""
    with psycopg.connect(database_url()) as connection:
        for statement in MULTIPLY:
            connection.execute(statement.format(copies=copies))
        for table, changed in COPIED.items():
            names = [row[0] for row in connection.execute(NAMES, [table])]
            values = ", ".join(changed.get(name, name).format(shift=f"k * {SHIFT}") for name in names)
            added = f"select {values} from {table}, generate_series(1, {copies}) as k"
            connection.execute(f"insert into {table} ({', '.join(names)}) overriding system value {added}")
        connection.commit()
    tidy()
